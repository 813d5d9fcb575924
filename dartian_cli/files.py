"""The files that a workspace lies over: a project's on disk, or a mapping in memory, which is what tests use.

Both answer alike, refuse the same paths in the same words, and are walked by the same rules. Nothing here writes.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

import msgspec

from dartian_cli.errors import BrokenSource, Conflict, OutsideProject, shown_path
from dartian_cli.project import Project

__all__ = ["LARGEST", "DiskFiles", "Entry", "Files", "MemoryFiles", "Walk", "refuse_leaving", "walk"]

LARGEST = 2_000_000
"""Bytes that a Python file may have to be searched; what is larger was made by a program, and would take minutes."""

_NOT_SOURCE = frozenset({"__pycache__", "node_modules", "site-packages"})
_BUILT = frozenset({"build", "dist"})
"""Folders of the root that hold copies of the source, unless they are packages."""

Kind: TypeAlias = Literal["file", "folder", "link", "leads out", "unreadable", "other"]


class Entry(msgspec.Struct, frozen=True):
    """One name in a folder. A symbolic link is a ``link`` if it leads to a file inside of the project."""

    name: str
    kind: Kind
    size: int = 0


class Walk(msgspec.Struct, frozen=True):
    """What was found below the root, and a sentence for each file that was left out though it may matter."""

    paths: tuple[str, ...]
    skipped: tuple[str, ...] = ()


class Files(Protocol):
    """Where a workspace reads. Paths are relative to the root, with slashes; one that leaves it is OutsideProject."""

    def read(self, path: str) -> bytes | None:
        """Return the file's bytes, or None where there is none.

        Conflict where it is no file, or where a file stands in the place of one of its folders; BrokenSource where
        it cannot be read.
        """
        ...

    def is_folder(self, path: str) -> bool:
        """Return whether there is such a folder."""
        ...

    def listing(self, folder: str) -> tuple[Entry, ...]:
        """Return what lies directly in a folder, sorted by name; nothing where there is no such folder.

        BrokenSource where the folder cannot be read.
        """
        ...


class DiskFiles:
    """The files of a project on disk, through symbolic links as long as they stay inside."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def read(self, path: str) -> bytes | None:
        """Return the file's bytes, or None where there is none."""
        absolute = self._project.inside(path)
        try:
            if not stat.S_ISREG(absolute.stat().st_mode):
                raise _no_file(path)
            return absolute.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            self._refuse_in_file(path)
            return None
        except OSError as error:
            raise BrokenSource(f"{shown_path(path)} cannot be read: {error.strerror}\nCheck its permissions.") from None

    def _refuse_in_file(self, path: str) -> None:
        """Refuse a path of which one of the folders is a file."""
        for parent in PurePosixPath(path).parents:
            if (place := self._project.inside(parent)).exists() and not place.is_dir():
                raise _needs_folder(parent)

    def is_folder(self, path: str) -> bool:
        """Return whether there is such a folder."""
        return self._project.inside(path).is_dir()

    def listing(self, folder: str) -> tuple[Entry, ...]:
        """Return what lies directly in a folder, sorted by name."""
        absolute = self._project.inside(folder)
        try:
            with os.scandir(absolute) as found:
                return tuple(sorted((self._entry(folder, item) for item in found), key=lambda entry: entry.name))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise BrokenSource(
                f"{shown_path(folder)} cannot be read: {error.strerror}\nCheck its permissions."
            ) from None

    def _entry(self, folder: str, item: "os.DirEntry[str]") -> Entry:
        if item.is_symlink():
            return Entry(item.name, self._link(f"{folder}/{item.name}"))
        if item.is_dir(follow_symlinks=False):
            return Entry(item.name, "folder")
        if not item.is_file(follow_symlinks=False):
            return Entry(item.name, "other")
        readable = os.access(item.path, os.R_OK, effective_ids=os.access in os.supports_effective_ids)
        return Entry(item.name, "file" if readable else "unreadable", item.stat(follow_symlinks=False).st_size)

    def _link(self, path: str) -> Kind:
        try:
            return "link" if self._project.inside(path).is_file() else "other"
        except OutsideProject:
            return "leads out"


class MemoryFiles:
    """The files of a mapping. It has a folder where a file lies in it, and no symbolic links."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        for path in files:
            refuse_leaving(path)
        self._files = MappingProxyType({str(PurePosixPath(path)): content for path, content in files.items()})

    def read(self, path: str) -> bytes | None:
        """Return the file's bytes, or None where there is none."""
        refuse_leaving(path)
        for parent in PurePosixPath(path).parents:
            if str(parent) in self._files:
                raise _needs_folder(parent)
        if self.is_folder(path):
            raise _no_file(path)
        return self._files.get(str(PurePosixPath(path)))

    def is_folder(self, path: str) -> bool:
        """Return whether there is such a folder."""
        refuse_leaving(path)
        folder = PurePosixPath(path)
        return any(folder in PurePosixPath(name).parents for name in self._files)

    def listing(self, folder: str) -> tuple[Entry, ...]:
        """Return what lies directly in a folder, sorted by name."""
        refuse_leaving(folder)
        place, found = PurePosixPath(folder), dict[str, Entry]()
        for name, content in self._files.items():
            if place in (path := PurePosixPath(name)).parents:
                first, *below = path.relative_to(place).parts
                found[first] = Entry(first, "folder") if below else Entry(first, "file", len(content))
        return tuple(found[name] for name in sorted(found))


def walk(files: Files, suffixes: tuple[str, ...] = (".py",)) -> Walk:
    """Find every Python file below the root that a person may have written, sorted; those whose names end so.

    Left out are hidden folders, virtual environments, ``__pycache__``, ``node_modules``, ``site-packages``, and
    ``build`` and ``dist`` of the root. Symbolic links are not followed: what they lead to inside of the project is
    found where it lies. What git ignores is searched like the rest, since a reference there breaks all the same.
    """
    paths: list[str] = []
    skipped: list[str] = []
    folders = ["."]
    while folders:
        folder = folders.pop()
        try:
            entries = files.listing(folder)
        except BrokenSource as error:
            skipped.append(_not_looked_into(str(error).splitlines()[0]))
            continue
        names = {entry.name for entry in entries}
        if folder != "." and "pyvenv.cfg" in names:
            continue
        for entry in entries:
            path = entry.name if folder == "." else f"{folder}/{entry.name}"
            if entry.kind == "folder":
                if not _is_left_out(files, path):
                    folders.append(path)
            elif entry.name.endswith(suffixes):
                why = _reason(entry)
                if why:
                    skipped.append(_not_looked_into(f"{shown_path(path)} {why}"))
                elif entry.kind == "file":
                    paths.append(path)
    return Walk(tuple(sorted(paths)), tuple(sorted(skipped)))


def _is_left_out(files: Files, path: str) -> bool:
    name = PurePosixPath(path).name
    if name.startswith(".") or name in _NOT_SOURCE:
        return True
    return path in _BUILT and all(entry.name != "__init__.py" for entry in files.listing(path))


def _reason(entry: Entry) -> str:
    """Say why a Python file is not searched; nothing where it is, or is found under another name."""
    if entry.kind == "leads out":
        return "leads out of the project"
    if entry.kind == "unreadable":
        return "cannot be read: Permission denied"
    return f"has {entry.size:,} bytes" if entry.size > LARGEST else ""


def _not_looked_into(what: str) -> str:
    return f"not looked into: {what}"


def _needs_folder(path: PurePosixPath) -> Conflict:
    return Conflict(f"{shown_path(path)} is a file, and a folder is needed there\nMove or rename it.")


def _no_file(path: str) -> Conflict:
    return Conflict(f"{shown_path(path)} exists and is no file\nMove or rename it.")


def refuse_leaving(path: str) -> None:
    """Refuse a path that does not begin at the root, or climbs: what it means depends on links, so it is no name."""
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise OutsideProject(
            f"{shown_path(path)} leads out of the project\nPaths begin at its root, and have no '..' in them."
        )
