"""The project's files as they would be: what is on disk, and over it what a generator wants.

A generator reads and changes files here only, so that nothing is touched before the plan is shown. It never writes.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

import msgspec

from dartian_cli.changes import Change, CreateFile, Decision, EditFile, MoveFile, Plan, RemoveFile
from dartian_cli.errors import Conflict, shown_path
from dartian_cli.files import DiskFiles, Files, walk
from dartian_cli.project import Project

__all__ = ["Answer", "Workspace"]

Answer: TypeAlias = Literal["keep", "overwrite"]


class _File(msgspec.Struct):
    """What was found on disk, and what is wanted instead."""

    before: bytes | None
    now: bytes | None
    whole: bool = False
    """Whether the wanted content is a whole new file, and not an edit of what is there."""
    force: bool = False
    moved_from: str | None = None


class Workspace:
    """A virtual set of files over a project, from which a plan is made.

    ``answers`` says for single files what happens where they exist and differ. Paths are relative to the root.
    ``files`` is what lies below: the disk, unless something else is given.
    """

    def __init__(
        self, project: Project, answers: Mapping[str, Answer] | None = None, files: Files | None = None
    ) -> None:
        self.project = project
        self._below: Files = DiskFiles(project) if files is None else files
        self._answers: dict[str, Answer] = dict(answers or {})
        self._files: dict[str, _File] = {}
        self._wanted: list[str] = []
        self._notes: list[str] = []

    def read(self, path: str | PurePosixPath) -> bytes | None:
        """Return the file's bytes, or None where there is none."""
        return self._file(path).now

    def is_file(self, path: str | PurePosixPath) -> bool:
        """Return whether there is, or would be, such a file."""
        return self.read(path) is not None

    def is_folder(self, path: str | PurePosixPath) -> bool:
        """Return whether there is, or would be, such a folder."""
        start = f"{PurePosixPath(path)}/"
        wanted = any(name.startswith(start) and file.now is not None for name, file in self._files.items())
        return wanted or self._below.is_folder(str(path))

    def python_files(self, folder: str | PurePosixPath) -> tuple[str, ...]:
        """Return the Python files directly in a folder, sorted; those on disk and those that are wanted."""
        found = {name for name in self._files if PurePosixPath(name).parent == PurePosixPath(folder)}
        below = (entry for entry in self._below.listing(str(folder)) if entry.kind not in ("folder", "other"))
        found |= {str(PurePosixPath(folder) / entry.name) for entry in below}
        return tuple(name for name in sorted(found) if name.endswith(".py") and self.is_file(name))

    def all_python_files(self) -> tuple[str, ...]:
        """Return every Python file of the project that a person may have written, sorted; :func:`walk` says which.

        What is left out though it may matter is told in a note.
        """
        found = walk(self._below)
        for text in found.skipped:
            self.note(text)
        made = {name for name, file in self._files.items() if file.before is None and name.endswith(".py")}
        return tuple(name for name in sorted({*found.paths, *made}) if self.is_file(name))

    def create(self, path: str | PurePosixPath, content: str | bytes, *, force: bool = False) -> None:
        """Want a file with exactly this content; one that exists and differs is a conflict unless forced."""
        file = self._want(path)
        file.now = content.encode("utf-8") if isinstance(content, str) else content
        file.whole = True
        file.force = force

    def edit(self, path: str | PurePosixPath, content: bytes) -> None:
        """Want an edited file; one that does not exist yet is made."""
        file = self._want(path)
        file.whole = file.whole or file.before is None
        file.now = content

    def move(self, path: str | PurePosixPath, to: str | PurePosixPath) -> None:
        """Want a file under another path; Conflict if something is there."""
        source, target = self._file(path), self._file(to)
        if source.now is None or source.before is None:
            raise Conflict(f"{shown_path(path)} does not exist, so it cannot be moved")
        if target.now is not None:
            raise Conflict(f"{shown_path(to)} exists already\nMove it away, or choose another name.")
        target.now, target.moved_from = source.now, str(PurePosixPath(path))
        source.now = None
        self._want(to)

    def remove(self, path: str | PurePosixPath) -> None:
        """Want a file to go away."""
        self._want(path).now = None

    def note(self, text: str) -> None:
        """Have the output say something besides the changes."""
        if text and text not in self._notes:
            self._notes.append(text)

    def plan(self) -> Plan:
        """Return everything that was wanted, in the order in which it was first said."""
        changes = [change for path in self._wanted if (change := self._change(path, self._files[path]))]
        return Plan(tuple(changes), tuple(self._notes))

    def _change(self, path: str, file: _File) -> Change | None:
        if file.now is None:
            return None if file.before is None else RemoveFile(path, file.before)
        if file.moved_from is not None:
            before = self._files[file.moved_from].before
            return MoveFile(file.moved_from, path, before if before is not None else b"", file.now)
        if file.whole or file.before is None:
            answer: Decision = "overwrite" if file.force else self._answers.get(path, "ask")
            return CreateFile(path, file.before, file.now, answer)
        return EditFile(path, file.before, file.now)

    def _want(self, path: str | PurePosixPath) -> _File:
        file, name = self._file(path), str(PurePosixPath(path))
        if name not in self._wanted:
            self._wanted.append(name)
        return file

    def _file(self, path: str | PurePosixPath) -> _File:
        name = str(PurePosixPath(path))
        if name not in self._files:
            content = self._below.read(name)
            self._files[name] = _File(content, content)
        return self._files[name]
