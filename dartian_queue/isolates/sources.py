"""The files that an application was loaded from: which they are, and as what they were when they were read.

It imports nothing of the application, and never watches: it looks once.
"""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from types import ModuleType

import msgspec

__all__ = ["Sources", "Stamp", "drop_bytecode", "loaded_sources", "modules_in", "stamp_of"]

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_COARSE = 20_000_000
"""Nanoseconds by which the clock that stamps files may lag behind."""


class Stamp(msgspec.Struct, frozen=True):
    """What tells one state of a file from another, whether it was written anew or replaced."""

    modified: int
    size: int
    inode: int


class Sources(msgspec.Struct, frozen=True):
    """The files of an application, and the folders in which further jobs would appear."""

    files: dict[str, Stamp | None] = {}
    """None for a file that was written while it was read: nobody knows which of both states was loaded."""
    folders: dict[str, tuple[str, ...]] = {}
    """The folders of the jobs packages, each with what ``modules_in`` has found there."""


def stamp_of(path: str) -> Stamp | None:
    """Return the file's state now; None where there is no such file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)


def modules_in(folder: str) -> tuple[str, ...]:
    """Return the modules right in a folder, and the subfolders that hold some, as they are called there, sorted."""
    try:
        with os.scandir(folder) as entries:
            return tuple(sorted(entry.name for entry in entries if _is_module(entry.name) or _is_package(entry)))
    except OSError:
        return ()


def _is_module(name: str) -> bool:
    """Return whether a file can be imported, which what editors leave beside it, such as ``.#a.py``, cannot."""
    return name.endswith(".py") and name[:-3].isidentifier()


def _is_package(entry: os.DirEntry[str]) -> bool:
    if entry.name == "__pycache__" or not entry.name.isidentifier():
        return False
    with contextlib.suppress(OSError):
        return entry.is_dir() and any(map(_is_module, os.listdir(entry.path)))
    return False


def loaded_sources(
    root: str, packages: Iterable[str], also: Iterable[str], since: int, error: BaseException | None = None
) -> Sources:
    """Return what this process has imported below the root or of the packages, as it was when it was read.

    ``since`` is when the import began, in nanoseconds since 1970; ``also`` are further files that were read. Where
    ``error`` broke the import off, the files in which that happened are among them.
    """
    packages = tuple(packages)
    roots = tuple(os.path.join(place, "") for place in (os.path.abspath(root), os.path.realpath(root)))
    files: dict[str, Stamp | None] = {}
    folders: dict[str, tuple[str, ...]] = {}
    for name, module in tuple(sys.modules.items()):
        is_of_jobs = any(f"{name}.".startswith(f"{package}.") for package in packages)
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and (is_of_jobs or _is_below(path, roots)):
            files[path] = None
        if is_of_jobs:
            folders |= {folder: modules_in(folder) for folder in _folders(module)}
    files |= dict.fromkeys(also)
    files |= {path: None for path in _places(error) if _is_below(path, roots)}
    for path in files:
        with contextlib.suppress(OSError):
            if os.stat(path).st_ctime_ns < since - _COARSE:
                files[path] = stamp_of(path)
    return Sources(files, folders)


def _folders(module: ModuleType) -> list[str]:
    return [str(folder) for folder in getattr(module, "__path__", ())]


def _is_below(path: str, roots: tuple[str, ...]) -> bool:
    """Return whether the file is the application's own, and of no library that is installed below its root."""
    path = os.path.abspath(path)
    if not path.startswith(roots) or path.startswith(_OURS):
        return False
    return "/site-packages/" not in path and "/dist-packages/" not in path


def _places(error: BaseException | None) -> Iterator[str]:
    """Yield the files in which the error, or one behind it, happened."""
    left = 20
    while error is not None and left:
        if isinstance(error, SyntaxError) and error.filename:
            yield error.filename
        trace = error.__traceback__
        while trace is not None:
            yield trace.tb_frame.f_code.co_filename
            trace = trace.tb_next
        error, left = error.__cause__ or error.__context__, left - 1


def drop_bytecode(paths: Iterable[str]) -> None:
    """Delete what Python has cached of these files: it compares whole seconds and sizes, and would take old code."""
    for path in paths:
        folder, name = os.path.split(path)
        spec = PathFinder.find_spec(name.removesuffix(".py"), [folder])
        if spec is not None and spec.cached:
            with contextlib.suppress(OSError):
                os.unlink(spec.cached)
