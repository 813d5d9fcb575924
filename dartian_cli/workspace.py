"""The project's files as they would be: what is on disk, and over it what a generator wants.

A generator reads and changes files here only, so that nothing is touched before the plan is shown. It never writes.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

import msgspec

from dartian_cli.changes import Change, CreateFile, Decision, EditFile, MoveFile, Plan, RemoveFile
from dartian_cli.errors import CliError, Conflict, shown_path
from dartian_cli.files import DiskFiles, Files, refuse_leaving, walk
from dartian_cli.project import Project

__all__ = ["Answer", "Workspace"]

Answer: TypeAlias = Literal["keep", "overwrite"]


class _File(msgspec.Struct):
    """What is there before the plan, and what is wanted instead."""

    before: bytes | None
    now: bytes | None
    origin: str | None
    """The path under which the wanted file lay before; None for one that is made."""
    whole: bool = False
    """Whether the wanted content takes the place of what is there, and is not an edit of it."""
    decision: Decision = "ask"
    offered: bytes | None = None
    """A content that was wanted, and that the person does not want."""
    hint: str = ""

    @property
    def undecided(self) -> bool:
        """Whether nobody has said yet what becomes of what is there."""
        return self.whole and self.decision == "ask" and self.before not in (None, self.now)


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

    def folders(self, folder: str | PurePosixPath) -> tuple[str, ...]:
        """Return the folders directly in a folder, sorted; those below and those that are wanted."""
        place = PurePosixPath(folder)
        wanted = {path for name, file in self._files.items() if file.now is not None for path in _above(name)}
        found = {str(path) for path in wanted if path.parent == place}
        found |= {str(place / entry.name) for entry in self._below.listing(str(folder)) if entry.kind == "folder"}
        return tuple(sorted(found))

    def entries(self, folder: str | PurePosixPath) -> tuple[str, ...]:
        """Return the names of all that is, or would be, directly in a folder, sorted; an emptied folder is."""
        place = PurePosixPath(folder)
        gone = {name for name, file in self._files.items() if file.now is None}
        wanted = (PurePosixPath(name) for name, file in self._files.items() if file.now is not None)
        found = {path.relative_to(place).parts[0] for path in wanted if place in path.parents}
        below = (entry.name for entry in self._below.listing(str(folder)))
        return tuple(sorted(found | {name for name in below if str(place / name) not in gone}))

    def all_python_files(self, suffixes: tuple[str, ...] = (".py",)) -> tuple[str, ...]:
        """Return every Python file of the project that a person may have written, sorted; :func:`walk` says which.

        ``suffixes`` may ask for ``.pyi`` too. What is left out though it may matter is told in a note.
        """
        found = walk(self._below, suffixes)
        for text in found.skipped:
            self.note(text)
        made = {name for name, file in self._files.items() if file.before is None and name.endswith(suffixes)}
        return tuple(name for name in sorted({*found.paths, *made}) if self.is_file(name))

    def create(self, path: str | PurePosixPath, content: str | bytes, *, force: bool = False, hint: str = "") -> None:
        """Want a file with exactly this content; one that exists and differs is a conflict unless forced.

        What the refusal and the question say of that conflict then is ``hint``: one line, what to type instead.

        Where the person has answered that theirs is kept, it is what the next read gives. Conflict is raised where
        another content was wanted there before, by a generator that this one is composed with.
        """
        file, wanted = self._want(path), content.encode("utf-8") if isinstance(content, str) else content
        if file.now is None:
            self._put(path, file, wanted, None)
        elif file.now == wanted:
            pass
        elif not force and (file.now != file.before or file.origin != str(PurePosixPath(path))):
            raise Conflict(
                f"{shown_path(path)} is wanted with two contents by what is planned together\n"
                f"Let one of the two edit what the other one makes, or apply them one after the other."
            )
        elif not force and self._answers.get(str(PurePosixPath(path))) == "keep":
            file.offered = wanted
        else:
            file.now, file.whole, file.hint = wanted, True, hint
            file.decision = self._answers.get(str(PurePosixPath(path)), "ask")
        if force:
            file.decision = "overwrite"

    def edit(self, path: str | PurePosixPath, content: bytes) -> None:
        """Want an edited file; one that does not exist yet is made."""
        file = self._want(path)
        if file.now is None:
            self._put(path, file, content, None)
        file.now = content

    def move(self, path: str | PurePosixPath, to: str | PurePosixPath) -> None:
        """Want a file under another path, with what is wanted in it; Conflict if something is there."""
        source = self._file(path)
        if source.now is None:
            raise Conflict(f"{shown_path(path)} does not exist, so it cannot be moved")
        self._refuse_undecided(path, source)
        if self._file(to).now is not None:
            raise Conflict(f"{shown_path(to)} exists already\nMove it away, or choose another name.")
        content, origin = source.now, source.origin
        self._empty(source)
        self._put(to, self._want(to), content, origin)
        self._want(path)

    def remove(self, path: str | PurePosixPath) -> None:
        """Want a file to go away."""
        file = self._want(path)
        self._refuse_undecided(path, file)
        self._empty(file)

    def note(self, text: str) -> None:
        """Have the output say something besides the changes."""
        if text and text not in self._notes:
            self._notes.append(text)

    def note_unread(self, error: CliError) -> None:
        """Have the output say that a file which was only searched could not be understood, and so was left out."""
        self.note(f"not looked into: {str(error).splitlines()[0]}")

    def plan(self) -> Plan:
        """Return everything that was wanted, in the order in which it was first said.

        Each file is in it once, however many generators had their part in it.
        """
        moved = {file.origin for path, file in self._files.items() if self._is_moved(path, file)}
        each = (self._change(path, self._files[path]) for path in self._wanted if path not in moved)
        changes = tuple(change for change in each if change is not None)
        return Plan(changes, tuple(self._notes), _left_by(changes))

    def _change(self, path: str, file: _File) -> Change | None:
        if file.now is None:
            return None if file.before is None else RemoveFile(path, file.before)
        if file.origin is not None and self._is_moved(path, file):
            return MoveFile(file.origin, path, self._files[file.origin].before or b"", file.now)
        if file.offered is not None and file.now == file.before:
            return CreateFile(path, file.before, file.offered, "keep")
        if file.whole or file.before is None:
            return CreateFile(path, file.before, file.now, file.decision, hint=file.hint)
        return EditFile(path, file.before, file.now)

    def _is_moved(self, path: str, file: _File) -> bool:
        """Return whether a file comes from another path, and neither place has a second use.

        One that takes the place of another file is an overwrite, and what it leaves behind another change.
        """
        if file.now is None or file.origin in (None, path):
            return False
        return file.before is None and self._files[str(file.origin)].now is None

    def _put(self, path: str | PurePosixPath, file: _File, content: bytes, origin: str | None) -> None:
        """Let a file be where none is; Conflict where a file that is wanted is in the way."""
        name = str(PurePosixPath(path))
        for parent in PurePosixPath(path).parents:
            if (above := self._files.get(str(parent))) is not None and above.now is not None:
                raise Conflict(f"{shown_path(parent)} is a file, and a folder is needed there\nMove or rename it.")
        if any(other.startswith(f"{name}/") and below.now is not None for other, below in self._files.items()):
            raise Conflict(f"{shown_path(path)} exists and is no file\nMove or rename it.")
        file.now, file.origin, file.whole = content, origin, origin != name
        file.decision = "ask" if file.before is None else "overwrite"

    def _empty(self, file: _File) -> None:
        file.now, file.origin, file.whole, file.offered, file.decision = None, None, False, None, "ask"

    def _refuse_undecided(self, path: str | PurePosixPath, file: _File) -> None:
        if file.undecided:
            raise Conflict(
                f"{shown_path(path)} exists already and differs from what would be generated, so it stays where it is\n"
                f"Move it away, or have it overwritten with --force."
            )

    def _want(self, path: str | PurePosixPath) -> _File:
        file, name = self._file(path), str(PurePosixPath(path))
        if name not in self._wanted:
            self._wanted.append(name)
        return file

    def _file(self, path: str | PurePosixPath) -> _File:
        name = str(PurePosixPath(path))
        if name not in self._files:
            content = self._below.read(name)
            refuse_leaving(name)
            self._files[name] = _File(content, content, None if content is None else name)
        return self._files[name]


def _left_by(changes: tuple[Change, ...]) -> tuple[str, ...]:
    """Return the folders that files are taken out of, and so may be empty then; outermost first."""
    left = {folder for change in changes if isinstance(change, MoveFile | RemoveFile) for folder in _above(change.path)}
    return tuple(sorted(map(str, left)))


def _above(path: str) -> tuple[PurePosixPath, ...]:
    """Return the folders around a file, the project's root left out."""
    return tuple(PurePosixPath(path).parents)[:-1]
