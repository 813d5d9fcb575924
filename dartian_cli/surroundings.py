"""What kind of project a folder holds, and where its jobs would go. It reads, and neither runs nor writes anything."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from dartian_cli.toml import Table, parse_toml, table, tables, texts
from dartian_cli.workspace import Workspace

__all__ = ["Clash", "Surroundings", "clash_of", "look_around", "project_folder"]

_MARKS = ("pyproject.toml", "manage.py", "setup.py", "setup.cfg", ".git")
_NO_PACKAGE = frozenset({
    "bench", "benchmarks", "bin", "build", "config", "demo", "dist", "doc", "docs", "example", "examples", "migrations",
    "node_modules", "requirements", "scripts", "site", "src", "static", "storage", "stubs", "templates", "test",
    "testing", "tests", "tools", "env", "venv",
})  # fmt: skip
"""Folders beside an application's package which are none themselves."""
_SETTINGS = re.compile(r"""DJANGO_SETTINGS_MODULE["']\s*,\s*["']([A-Za-z_][\w.]*)["']""")
_SEGMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Surroundings(msgspec.Struct, frozen=True):
    """What was found in a project."""

    kind: str
    """In words: ``a Django project``."""
    folders: tuple[str, ...]
    """Where its jobs go; empty where that cannot be decided."""
    candidates: tuple[str, ...] = ()
    """Where they could go, if somebody chose."""
    django_settings: str = ""
    """The module with Django's settings, empty in another project."""
    left_out: tuple[str, ...] = ()
    """Why each folder that would have been taken is not."""


class Clash(msgspec.Struct, frozen=True):
    """A file that has the name which a folder of packages needs."""

    file: str
    needed: str


def project_folder(start: Path) -> Path:
    """Return the nearest folder upwards that looks like a project's, ``start`` where none does."""
    here = start.resolve()
    return next((folder for folder in (here, *here.parents) if any((folder / mark).exists() for mark in _MARKS)), here)


def look_around(workspace: Workspace) -> Surroundings:
    """Find out what the project is, by its files alone."""
    django = _django(workspace)
    if django is not None:
        return django
    hinted = [folder for folder in _named_packages(workspace) if _holds_python(workspace, folder)]
    src = _packages(workspace, "src")
    flat = _packages(workspace, ".")
    for kind, packages in (("a project with a package", hinted), ("a src layout", src), ("a project", flat)):
        if packages:
            return _chosen(workspace, kind, packages)
    if _modules(workspace, "src"):
        return _judged(workspace, "a src layout without a package", ["src/jobs"])
    if _modules(workspace, "."):
        return _judged(workspace, "modules without a package", ["jobs"])
    return _judged(workspace, "an empty project", ["app/jobs"])


def clash_of(workspace: Workspace, folder: str) -> Clash | None:
    """Return the file that hides a jobs folder, or would be hidden by it: ``app.py`` beside ``app/``."""
    path = PurePosixPath(folder)
    for part in (*reversed(path.parents), path):
        module = f"{part}.py"
        if part.parts and workspace.is_file(module) and not workspace.is_file(part / "__init__.py"):
            return Clash(module, str(part))
    return None


def _chosen(workspace: Workspace, kind: str, packages: list[str]) -> Surroundings:
    """Return the package that is the project's own: the only one, the one called as the project is, or ``app``."""
    if len(packages) > 1:
        name = _distribution(workspace)
        own = [folder for folder in packages if PurePosixPath(folder).name == name]
        own = own or [folder for folder in packages if PurePosixPath(folder).name == "app"]
        if len(own) != 1:
            return Surroundings(f"{kind} of several packages", (), tuple(f"{folder}/jobs" for folder in packages))
        packages = own
    return _judged(workspace, kind, [f"{packages[0]}/jobs"])


def _judged(workspace: Workspace, kind: str, folders: list[str], django_settings: str = "") -> Surroundings:
    """Leave out the folders whose names are taken."""
    good: list[str] = []
    left_out: list[str] = []
    for folder in folders:
        clash = clash_of(workspace, folder)
        if clash is None:
            good.append(folder)
        else:
            left_out.append(f"{clash.file} has the name that the package {clash.needed} needs")
    return Surroundings(kind, tuple(good), tuple(good), django_settings, tuple(left_out))


def _django(workspace: Workspace) -> Surroundings | None:
    for start in (".", *_folders(workspace, ".")):
        manage = workspace.read(f"{start}/manage.py")
        found = _SETTINGS.search(manage.decode("utf-8", "replace")) if manage is not None else None
        if found is None:
            continue
        apps = [folder for folder in _packages(workspace, start) if _is_django_app(workspace, folder)]
        apps = apps or [_below(start, found[1].split(".")[0])]
        return _judged(workspace, "a Django project", [f"{app}/jobs" for app in apps], found[1])
    return None


def _is_django_app(workspace: Workspace, folder: str) -> bool:
    return any(workspace.is_file(f"{folder}/{name}") for name in ("apps.py", "models.py", "models/__init__.py"))


def _named_packages(workspace: Workspace) -> Iterator[str]:
    """Yield the packages that the project's build settings name: hatch's, poetry's and setuptools'."""
    tool = table(_pyproject(workspace), "tool")
    yield from texts(table(tool, "hatch", "build", "targets", "wheel").get("packages"))
    for said in tables(table(tool, "poetry").get("packages")):
        if isinstance(name := said.get("include"), str):
            yield _below(str(said.get("from", ".")), name)
    setuptools = table(tool, "setuptools")
    start = table(setuptools, "package-dir").get("", ".")
    for name in texts(setuptools.get("packages")):
        if "." not in name:
            yield _below(str(start), name)


def _pyproject(workspace: Workspace) -> Table:
    content = workspace.read("pyproject.toml")
    return {} if content is None else parse_toml("pyproject.toml", content)


def _distribution(workspace: Workspace) -> str:
    """Return the project's name as its package would be called."""
    content = _pyproject(workspace)
    name = table(content, "project").get("name") or table(content, "tool", "poetry").get("name")
    return re.sub(r"[-. ]+", "_", str(name or workspace.project.root.name)).lower()


def _packages(workspace: Workspace, start: str) -> list[str]:
    """Return the folders of a folder that hold Python and could be an application's; else those one below."""
    folders = [folder for folder in _folders(workspace, start) if PurePosixPath(folder).name not in _NO_PACKAGE]
    direct = [folder for folder in folders if _holds_python(workspace, folder)]
    if direct:
        return direct
    below = [inner for folder in folders for inner in _folders(workspace, folder)]
    return [folder for folder in below if workspace.is_file(f"{folder}/__init__.py")]


def _folders(workspace: Workspace, start: str) -> list[str]:
    return [folder for folder in workspace.folders(start) if _SEGMENT.fullmatch(PurePosixPath(folder).name)]


def _modules(workspace: Workspace, folder: str) -> bool:
    return any(PurePosixPath(path).name != "setup.py" for path in workspace.python_files(folder))


def _holds_python(workspace: Workspace, folder: str) -> bool:
    parts = PurePosixPath(folder).parts
    usable = all(map(_SEGMENT.fullmatch, parts))
    return usable and (bool(workspace.python_files(folder)) or workspace.is_folder(f"{folder}/jobs"))


def _below(start: str, name: str) -> str:
    return str(PurePosixPath(start, name))
