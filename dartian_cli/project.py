"""Where the user's project is, where its jobs live, and what lies inside it.

It reads pyproject.toml and never writes, imports or runs anything of the project.
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import cast

import msgspec

from dartian_cli.errors import BrokenSource, OutsideProject, Usage, shown_path
from dartian_cli.toml import Table, parse_toml, table
from dartian_queue.errors import did_you_mean, shown

__all__ = ["JobsPackage", "Project", "folder_named", "jobs_package"]

DEFAULT_JOBS = "app/jobs"
_SETTINGS = ("jobs",)
_SEGMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class JobsPackage(msgspec.Struct, frozen=True):
    """A folder in which jobs live, and the name under which it is imported."""

    folder: str
    """Below the root, with slashes: ``src/shop/jobs``."""
    import_root: str
    """The folder below the root that has to be on sys.path: ``src``; the root itself is ``.``."""
    owner: str = ""
    """The folder around it, where its name alone says which jobs folder is meant: ``billing``."""

    @property
    def dotted(self) -> str:
        """The package's name: ``shop.jobs``."""
        return ".".join(PurePosixPath(self.folder).relative_to(self.import_root).parts)


class Project(msgspec.Struct, frozen=True):
    """A folder of source code that Dartian may read and write, and nothing outside of it."""

    root: Path
    """Absolute, with symbolic links followed."""
    jobs: tuple[JobsPackage, ...]
    """Never empty; a new job goes to the first unless its name says otherwise."""

    @classmethod
    def find(cls, start: Path | None = None, *, environ: Mapping[str, str] | None = None) -> "Project":
        """Return the project around ``start`` (the current folder).

        DARTIAN_ROOT decides where it is set. Else the nearest folder upwards with ``[tool.dartian]`` in its
        pyproject.toml, with app/jobs or with config/queue.py; else the nearest with any pyproject.toml.
        """
        environ = os.environ if environ is None else environ
        if given := environ.get("DARTIAN_ROOT"):
            if not Path(given).is_dir():
                raise Usage(
                    f"DARTIAN_ROOT is {shown(given)!r}, which is no folder\nSet it to your application's, or unset it."
                )
            return cls.at(Path(given))
        here = (start or Path.cwd()).resolve()
        chain = (here, *here.parents)
        nearest = next((folder for folder in chain if _is_marked(folder)), None)
        nearest = nearest or next((folder for folder in chain if (folder / "pyproject.toml").is_file()), None)
        if nearest is None:
            raise Usage(
                f"{shown_path(here)} is in no application: neither pyproject.toml nor app/jobs, here or above\n"
                f"To start one: dartian new PATH; in a project that you have: dartian init"
            )
        return cls.at(nearest)

    @classmethod
    def at(cls, root: Path) -> "Project":
        """Return the project whose root is ``root``, which need not exist yet."""
        root = root.resolve()
        return cls.of(root, _content(root / "pyproject.toml"), lambda path: (root / path).is_file())

    @classmethod
    def of(cls, root: Path, pyproject: bytes, is_file: Callable[[str], bool]) -> "Project":
        """Return the project with this content of pyproject.toml; the disk is not looked at.

        ``is_file`` answers whether there is such a file below the root.
        """
        path = root / "pyproject.toml"
        folders = _jobs_folders(table(parse_toml(path, pyproject), "tool"), path, pyproject)
        return cls(root, _owned([jobs_package(folder, is_file) for folder in folders], is_file))

    def inside(self, path: str | PurePosixPath) -> Path:
        """Return the absolute path, symbolic links followed; OutsideProject if that is not inside the root."""
        resolved = Path(os.path.realpath(self.root / path))
        if resolved != self.root and self.root not in resolved.parents:
            raise OutsideProject(
                f"{shown_path(path)} leads out of the project, to {shown_path(resolved)}\n"
                f"Dartian writes inside {shown_path(self.root)} only: replace the symbolic link, or correct the path."
            )
        return resolved

    def spellings(self) -> tuple[tuple[str, ...], ...]:
        """Return, for each jobs folder, the paths that may stand before a job's name."""
        paths = [(one.folder, one.dotted, (self.root / one.folder).as_posix(), one.owner) for one in self.jobs]
        return tuple(tuple(filter(None, spellings)) for spellings in paths)


def _is_marked(folder: Path) -> bool:
    if (folder / DEFAULT_JOBS).is_dir() or (folder / "config" / "queue.py").is_file():
        return True
    path = folder / "pyproject.toml"
    return path.is_file() and "dartian" in table(parse_toml(path, _content(path)), "tool")


def _owned(packages: list[JobsPackage], is_file: Callable[[str], bool]) -> tuple[JobsPackage, ...]:
    """Return the packages with their owners: where there are several, and nothing else is called as an owner is."""
    names = [PurePosixPath(package.folder).parent.name for package in packages]
    clear = {
        name
        for name in names
        if names.count(name) == 1 < len(names)
        and not any(is_file(f"{package.folder}/{name}/__init__.py") for package in packages)
    }
    return tuple(
        msgspec.structs.replace(package, owner=name if name in clear else "")
        for package, name in zip(packages, names, strict=True)
    )


def _content(path: Path) -> bytes:
    """Return what is in pyproject.toml, empty where there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise BrokenSource(f"{shown_path(path)} cannot be read: {error.strerror}") from None


def _jobs_folders(tool: Table, path: Path, content: bytes) -> list[str]:
    """Return the jobs folders that [tool.dartian] names, checked."""
    settings = tool.get("dartian", {})
    if not isinstance(settings, dict):
        raise BrokenSource(f"{shown_path(path)}: [tool.dartian] is a table, not {shown(settings)}")
    settings = table(cast("object", settings))
    for key in settings:
        if key not in _SETTINGS:
            place = f"{shown_path(path)}{_line_of(key, content)}"
            raise BrokenSource(f"{place}: [tool.dartian] has no setting {shown(key)!r}{did_you_mean(key, _SETTINGS)}")
    given = settings.get("jobs", DEFAULT_JOBS)
    folders = cast("list[object]", given) if isinstance(given, list) else [given]
    place = f"{shown_path(path)}{_line_of('jobs', content)}"
    if not folders:
        raise BrokenSource(f"{place}: jobs is empty\nWrite: jobs = {DEFAULT_JOBS!r}")
    checked = [_jobs_folder(folder, path, content) for folder in folders]
    if len(set(checked)) < len(checked):
        raise BrokenSource(f"{place}: jobs names a folder twice\nKeep one of them.")
    return checked


def folder_named(text: str) -> str | None:
    """Return a jobs folder as it is written in pyproject.toml, None where it could not be imported."""
    parts = text.removeprefix("./").rstrip("/").split("/")
    return "/".join(parts) if all(map(_SEGMENT.fullmatch, parts)) else None


def _jobs_folder(folder: object, path: Path, content: bytes) -> str:
    if isinstance(folder, str) and (named := folder_named(folder)):
        return named
    raise BrokenSource(
        f"{shown_path(path)}{_line_of('jobs', content)}: jobs takes folders below this file, not {shown(folder)!r}\n"
        f"Each part must be a Python name, since it is imported: jobs = {DEFAULT_JOBS!r}"
    )


def _line_of(key: str, content: bytes) -> str:
    """Return ``:line`` of a setting of [tool.dartian], or nothing where it is written in another way."""
    inside = False
    for number, line in enumerate(content.decode("utf-8").splitlines(), 1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            inside = header[1].replace(" ", "") == "tool.dartian"
        elif inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return f":{number}"
    return ""


def jobs_package(folder: str, is_file: Callable[[str], bool]) -> JobsPackage:
    """Return where a jobs folder is imported from, by the rule of the runtime.

    Folders above it belong to its name while they are packages (have an __init__.py). Where its parent is
    none, nobody can tell a namespace package from a folder of packages: then ``src`` is left out, and the
    name begins at the root.
    """
    parent = PurePosixPath(folder).parent
    if not is_file(f"{parent}/__init__.py") or parent == PurePosixPath("."):
        return JobsPackage(folder, "src" if folder.startswith("src/") else ".")
    while parent != PurePosixPath(".") and is_file(f"{parent}/__init__.py"):
        parent = parent.parent
    return JobsPackage(folder, str(parent))
