"""Whether pytest finds the packages that generated tests import, and the line that it needs where it does not.

It looks at pytest's settings where pytest does, and edits none of them: those files are the project's own.
"""

import shlex
from collections.abc import Iterable
from configparser import Error, RawConfigParser
from pathlib import PurePosixPath

import msgspec

from dartian_cli.errors import BrokenSource
from dartian_cli.generators.packages import TESTS
from dartian_cli.toml import parse_toml, table, texts
from dartian_cli.workspace import Workspace

__all__ = ["note_pytest_path"]

_TOML = (("pytest.toml", "pytest"), (".pytest.toml", "pytest"))
_OWN_INI = ("pytest.ini", ".pytest.ini")
_PYPROJECT = (("pyproject.toml", "tool.pytest.ini_options"), ("pyproject.toml", "tool.pytest"))
_SHARED_INI = (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"))


class _Settings(msgspec.Struct, frozen=True):
    """What pytest is told, and where."""

    path: str
    section: str
    pythonpath: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def line(self, folders: Iterable[str]) -> str:
        """Return the line that names these folders, as it is written in this file."""
        several = [*self.pythonpath, *folders]
        if PurePosixPath(self.path).suffix == ".toml":
            quoted = ", ".join(f'"{folder}"' for folder in several)
            return f"pythonpath = [{quoted}]"
        return f"pythonpath = {shlex.join(several)}"


def note_pytest_path(workspace: Workspace, roots: Iterable[str]) -> None:
    """Have the output say what tests need that import from the folders ``roots``, where pytest does not look.

    Whether the project is installed, so that it needs nothing, only its user knows.
    """
    try:
        settings = _settings(workspace)
    except BrokenSource as error:
        workspace.note_unread(error)
        return
    missing = [root for root in dict.fromkeys(roots) if not _is_searched(workspace, settings, root)]
    if not missing:
        return
    places = " and ".join("the project's root" if root == "." else f"{root}/" for root in missing)
    place = settings.path if settings.pythonpath else f"{settings.path} below [{settings.section}]"
    workspace.note(
        f"tests import from {places}, where pytest does not look: "
        f"install the project, or write in {place}: {settings.line(missing)}"
    )


def _is_searched(workspace: Workspace, settings: _Settings, root: str) -> bool:
    """Return whether pytest puts a folder on sys.path: as it is told, or for the tests that lie in it as packages."""
    if any(PurePosixPath(folder) == PurePosixPath(root) for folder in settings.pythonpath):
        return True
    conftests = [workspace.read(path) or b"" for path in ("conftest.py", f"{TESTS}/conftest.py")]
    if any(b"sys.path" in content for content in conftests):
        return True
    if root != "." or any("importlib" in option for option in settings.options):
        return False
    are_packages = workspace.is_file(f"{TESTS}/__init__.py") or not workspace.is_folder(TESTS)
    return are_packages or workspace.is_file("conftest.py")


def _settings(workspace: Workspace) -> _Settings:
    """Return the settings that pytest would take: those of the first file that has any."""
    for path, section in _TOML:
        if (content := workspace.read(path)) is not None:
            return _of_toml(path, section, content)
    for path in _OWN_INI:
        if (content := workspace.read(path)) is not None:
            return _of_ini(path, "pytest", content) or _Settings(path, "pytest")
    content = workspace.read("pyproject.toml") or b""
    tool = table(parse_toml("pyproject.toml", content), "tool")
    for path, section in _PYPROJECT:
        if table({"tool": tool}, *section.split(".")):
            return _of_toml(path, section, content)
    for path, section in _SHARED_INI:
        if found := _of_ini(path, section, workspace.read(path) or b""):
            return found
    return _Settings(*_PYPROJECT[0])


def _of_toml(path: str, section: str, content: bytes) -> _Settings:
    said = table(parse_toml(path, content), *section.split("."))
    return _Settings(path, section, *(tuple(_words(texts(said.get(key)))) for key in ("pythonpath", "addopts")))


def _of_ini(path: str, section: str, content: bytes) -> _Settings | None:
    """Return what a section says, None where there is no such section, or no such file."""
    parser = RawConfigParser(strict=False)
    try:
        parser.read_string(content.decode("utf-8"))
        said = parser[section]
    except (Error, KeyError, UnicodeDecodeError):
        return None
    return _Settings(path, section, *(tuple(_words([said.get(key, "")])) for key in ("pythonpath", "addopts")))


def _words(lines: Iterable[str]) -> Iterable[str]:
    """Yield the words of settings, which are separated as a shell separates them."""
    for line in lines:
        try:
            yield from shlex.split(line)
        except ValueError:
            yield line
