"""Make the packages that a new module needs, where the project's layout says that there should be some.

It never adds an ``__init__`` to a folder of modules that has none: that is somebody's namespace package. And the other
way round, take out those that it has made, and in which nothing is left.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from dartian_cli.edits.scope import absolute_module
from dartian_cli.edits.source import parse
from dartian_cli.edits.words import has_word
from dartian_cli.errors import CliError, Conflict, shown_path
from dartian_cli.modules import Modules
from dartian_cli.names import JobName
from dartian_cli.project import JobsPackage
from dartian_cli.style import find_style
from dartian_cli.workspace import Workspace

__all__ = [
    "JOBS_TITLE",
    "TESTS",
    "make_job_packages",
    "make_test_packages",
    "test_files",
    "test_paths",
    "unmake_packages",
]

JOBS_TITLE = "The jobs of this application."
TESTS = "tests"


def make_job_packages(workspace: Workspace, package: JobsPackage, name: JobName) -> PurePosixPath:
    """Want every package around the job but the innermost, which its registration makes; return that one's folder."""
    folder = PurePosixPath(package.folder)
    above = [parent for parent in reversed(folder.parents) if parent.is_relative_to(package.import_root)]
    for parent in above:
        if str(parent) == package.import_root:
            continue
        if not _may_become_package(workspace, parent):
            break
        _make(workspace, parent, "The application." if parent.name == "app" else f"The package {parent.name}.")
    title = JOBS_TITLE
    for part in name.packages:
        _make(workspace, folder, title)
        folder = folder / part
        _refuse_module(workspace, folder)
        title = _title_of_jobs(folder)
    if workspace.is_file(folder / name.module / "__init__.py"):
        raise Conflict(
            f"{shown_path(folder / name.module)} is a package, and would hide the module {name.module}.py beside it\n"
            f"Choose another name, or put it inside: dartian make:job {'/'.join((*name.packages, name.module))}/NAME"
        )
    return folder


def make_test_packages(workspace: Workspace, package: JobsPackage, name: JobName) -> PurePosixPath:
    """Want the packages around the job's test, and return the test's path.

    Where the project's tests are packages (or there are none yet), they mirror the jobs. Where they are plain
    folders, pytest knows a file by its name alone, so that the name says the packages too.
    """
    mirrored, plain = test_paths(workspace, package, name)
    if workspace.is_folder(TESTS) and not workspace.is_file(f"{TESTS}/__init__.py"):
        return plain
    for parent in reversed(mirrored.parents):
        if parent.parts:
            _make(workspace, parent, _title_of_tests(parent))
    return mirrored


def test_paths(workspace: Workspace, package: JobsPackage, name: JobName) -> tuple[PurePosixPath, PurePosixPath]:
    """Return where a job's test is in a project whose tests are packages, and in one where they are plain folders."""
    first = package == workspace.project.jobs[0]
    folder = PurePosixPath(TESTS, *(["jobs"] if first else package.dotted.split(".")), *name.packages)
    return folder / f"test_{name.module}.py", folder / f"test_{'_'.join((*name.packages, name.module))}.py"


def test_files(workspace: Workspace, folder: PurePosixPath) -> tuple[str, ...]:
    """Return the tests directly in a folder."""
    return tuple(path for path in workspace.python_files(folder) if PurePosixPath(path).name.startswith("test_"))


def unmake_packages(workspace: Workspace, package: JobsPackage, name: JobName) -> None:
    """Want the packages gone that were made around a job and its test and hold nothing any more.

    The jobs folder stays, and that of the tests, and a package that says something of its own or that is imported.
    """
    jobs, (test, _) = PurePosixPath(package.folder), test_paths(workspace, package, name)
    _unmake(workspace, jobs.joinpath(*name.packages), jobs, _title_of_jobs)
    _unmake(workspace, test.parent, PurePosixPath(TESTS), _title_of_tests)


def _unmake(
    workspace: Workspace, folder: PurePosixPath, top: PurePosixPath, title: Callable[[PurePosixPath], str]
) -> None:
    """Take packages out from the innermost up to ``top``, which stays."""
    gone = "__pycache__"
    while folder != top and workspace.is_folder(folder):
        left, path = set(workspace.entries(folder)) - {"__pycache__", gone}, folder / "__init__.py"
        if left - {"__init__.py"}:
            return
        if left and (not _says_only(workspace.read(path) or b"", title(folder)) or _is_imported(workspace, path)):
            return
        if left:
            workspace.remove(path)
        gone, folder = folder.name, folder.parent


def _says_only(content: bytes, title: str) -> bool:
    """Return whether a package is as it was made: its title, in whatever quotes, and nothing else."""
    text = content.decode("utf-8", "replace").strip()
    return any(text == f"{quotes}{title}{quotes}" for quotes in ('"""', "'''", '"', "'"))


def _is_imported(workspace: Workspace, init: PurePosixPath) -> bool:
    """Return whether a file outside of a package imports it, or something in it."""
    modules = Modules(workspace)
    package = modules.name_of(str(init))
    for path in workspace.all_python_files():
        content = workspace.read(path) or b""
        if init.parent in PurePosixPath(path).parents or not has_word(content, [init.parent.name]):
            continue
        try:
            tree = parse(path, content)
        except CliError as error:
            workspace.note_unread(error)
            continue
        if any(f"{name}.".startswith(f"{package}.") for name in _imported(tree, modules.package_of(path))):
            return True
    return False


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Yield the dotted path of all that is imported anywhere in a module of the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{absolute_module(node, package)}.{alias.name}" for alias in node.names)


def _title_of_jobs(folder: PurePosixPath) -> str:
    return f"The {folder.name.replace('_', ' ')} jobs."


def _title_of_tests(folder: PurePosixPath) -> str:
    return "Tests." if str(folder) == TESTS else f"Tests of {'.'.join(folder.parts[1:])}."


def _make(workspace: Workspace, folder: PurePosixPath, title: str) -> None:
    path = folder / "__init__.py"
    if not workspace.is_file(path):
        workspace.create(path, find_style(workspace, folder).ended(f'"""{title}"""\n'))


def _may_become_package(workspace: Workspace, folder: PurePosixPath) -> bool:
    return workspace.is_file(folder / "__init__.py") or not workspace.python_files(folder)


def _refuse_module(workspace: Workspace, folder: PurePosixPath) -> None:
    if workspace.is_file(module := folder.with_suffix(".py")):
        raise Conflict(
            f"{shown_path(module)} is a module, and a package of that name is needed for the job\n"
            f"Choose another name, or move the module into the package first."
        )
