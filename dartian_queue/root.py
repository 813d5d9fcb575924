"""Where an application's root lies, and which packages below it hold the jobs. Reads pyproject.toml, never imports."""

import os

from dartian_queue.errors import ConfigError, shown
from dartian_queue.settings import CONFIG_FILE, listed_twice

__all__ = ["find_root", "jobs_packages"]


def find_root(configured: str | None, near: str | None) -> tuple[str, str]:
    """Return the root and, in words, the rule that found it.

    The rules in their order: ``configured``, DARTIAN_ROOT, upwards from ``near`` (a module of jobs), upwards from the
    current folder.
    """
    if configured is not None:
        return os.path.abspath(configured), "configure()"
    if given := os.environ.get("DARTIAN_ROOT"):
        if not os.path.isdir(given):
            raise ConfigError(
                f"DARTIAN_ROOT is {shown(given, 200)!r}, which is no folder\nSet it to your application's."
            )
        return os.path.abspath(given), "DARTIAN_ROOT"
    if near:
        folder = os.path.dirname(os.path.abspath(near))
        return _marked(folder) or _import_root(folder), "the jobs package"
    folder = os.getcwd()
    return (found, "the current folder, upwards") if (found := _marked(folder)) else (folder, "the current folder")


def _marked(folder: str) -> str | None:
    """Return the nearest folder upwards that looks like an application's root."""
    while True:
        if os.path.isfile(os.path.join(folder, CONFIG_FILE)) or "tool.dartian" in _pyproject_text(folder):
            return folder
        if os.path.isdir(os.path.join(folder, "app", "jobs")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def jobs_packages(root: str, configured: list[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the jobs packages as dotted names, and the folders from which they are imported.

    ``configured`` are names that win over those of pyproject.toml, whose folders are imported from all the same.
    """
    text = _pyproject_text(root)
    folders = _jobs_folders(text, os.path.join(root, "pyproject.toml")) if "tool.dartian" in text else ["app/jobs"]
    names: list[str] = []
    paths = [root]
    for folder in folders:
        absolute = os.path.join(root, folder)
        start = os.path.dirname(absolute)
        import_root = (
            _import_root(start) if os.path.isfile(os.path.join(start, "__init__.py")) else _above(root, folder)
        )
        if import_root not in paths:
            paths.append(import_root)
        names.append(os.path.relpath(absolute, import_root).replace(os.sep, "."))
    if clash := listed_twice(names):
        raise ConfigError(f"{os.path.join(root, 'pyproject.toml')}: [tool.dartian] jobs {clash}")
    return tuple(names if configured is None else configured), tuple(paths)


def _import_root(folder: str) -> str:
    """Return the folder from which a module in ``folder`` is imported: above its outermost package."""
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder = os.path.dirname(folder)
    return folder


def _pyproject_text(folder: str) -> str:
    try:
        with open(os.path.join(folder, "pyproject.toml"), encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _above(root: str, folder: str) -> str:
    """Return the import root of a jobs folder whose parents are namespace packages: below ``src``, or the root."""
    first = folder.replace(os.sep, "/").split("/")[0]
    return os.path.join(root, first) if first == "src" else root


def _jobs_folders(text: str, path: str) -> list[str]:
    import tomllib

    try:
        table = tomllib.loads(text).get("tool", {}).get("dartian", {})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}\nCorrect that line, then try again.") from None
    given: list[object] | str = table.get("jobs", ["app/jobs"])
    folders: list[object] = given if isinstance(given, list) else [given]
    if not folders or not all(isinstance(folder, str) and folder for folder in folders):
        raise ConfigError(
            f'{path}: [tool.dartian] jobs takes folders, such as "app/jobs", not {shown(given)}\n'
            f'Write: jobs = ["app/jobs"]'
        )
    return [str(folder).strip("/").removeprefix("./") for folder in folders]
