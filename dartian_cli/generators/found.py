"""Find a job's class in the project's own source, by any spelling of its name, without importing any of it."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

import msgspec

from dartian_cli.edits.source import parse
from dartian_cli.errors import BrokenSource, Usage, shown_path
from dartian_cli.modules import Modules
from dartian_cli.names import JobName, class_words, folder_before
from dartian_cli.workspace import Workspace
from dartian_queue.errors import did_you_mean, shown

__all__ = ["FoundJob", "all_jobs", "find_job"]


class FoundJob(msgspec.Struct, frozen=True):
    """A job class in its file, and where that is."""

    path: str
    """Its file, from the project's root on: ``app/jobs/podcasts/publish.py``."""
    module: str
    """The file's name as a module: ``app.jobs.podcasts.publish``."""
    class_name: str
    line: int
    folder: int
    """Which of the project's jobs folders it is in."""
    packages: tuple[str, ...]
    """The packages between the jobs package and the module: ``("podcasts",)``."""

    @property
    def package(self) -> str:
        """The package that the module is in: ``app.jobs.podcasts``."""
        return self.module.rpartition(".")[0]

    @property
    def stem(self) -> str:
        """The module's own name, without its package's."""
        return self.module.rpartition(".")[2]

    @property
    def target(self) -> str:
        """The class as a dotted path."""
        return f"{self.module}.{self.class_name}"

    @property
    def name(self) -> str:
        """The path below the jobs package, by which it is stored unless the class says otherwise."""
        return ".".join((*self.packages, self.class_name))


def find_job(workspace: Workspace, text: str) -> FoundJob:
    """Return the job that is meant; Usage where there is none, or several, BrokenSource where its file is no Python.

    ``text`` is a name in any spelling that ``make:job`` takes. Packages may be left out where that is clear; a jobs
    folder that stands before the name is the one that is meant.
    """
    spellings = workspace.project.spellings()
    name, folder = JobName.parse(text, folders=spellings), folder_before(text, spellings)
    jobs = [job for job in all_jobs(workspace) if folder in (None, job.folder)]
    words = _folded(name.class_name)
    meant = [job for job in jobs if _folded(job.class_name) == words and _ends_with(job.packages, name.packages)]
    exact = [job for job in meant if job.packages == name.packages and job.folder == name.folder] or meant
    exact = [job for job in exact if job.class_name == name.class_name] or exact
    if len(exact) == 1:
        return exact[0]
    if exact:
        places = ", ".join(f"{shown_path(job.path)}:{job.line}" for job in exact[:5])
        raise Usage(f"Several jobs are called {shown(text)!r}: {places}\nWrite the package too: {exact[0].name}")
    _read_again(workspace, name.class_name)
    near = did_you_mean(name.stored, [job.name for job in jobs])
    near = near or did_you_mean(name.class_name, [job.class_name for job in jobs])
    packages = workspace.project.jobs if folder is None else [workspace.project.jobs[folder]]
    folders = ", ".join(package.folder for package in packages)
    raise Usage(f"There is no job {shown(text)!r} in {folders}{near}\nTo see them all: dartian job:list")


def _read_again(workspace: Workspace, class_name: str) -> None:
    """Raise BrokenSource where a file that has such a class, to judge by its text, was left out: it cannot be read."""
    statement = f"class {class_name}(".encode()
    for _, path, content in _files_with_classes(workspace):
        if statement in content:
            parse(path, content)


def _ends_with(packages: tuple[str, ...], end: tuple[str, ...]) -> bool:
    return packages[len(packages) - len(end) :] == end


def _folded(class_name: str) -> str:
    return "".join(class_words(class_name)).lower()


def all_jobs(workspace: Workspace) -> Iterator[FoundJob]:
    """Yield every class with bases at the top level of the files in the jobs folders."""
    modules = Modules(workspace)
    for folder, path, content in _files_with_classes(workspace):
        packages = PurePosixPath(path).parent.relative_to(workspace.project.jobs[folder].folder).parts
        place = FoundJob(path, modules.name_of(path), "", 0, folder, packages)
        yield from _classes(workspace, path, content, place)


def _files_with_classes(workspace: Workspace) -> Iterator[tuple[int, str, bytes]]:
    """Yield which jobs folder, path and content of each file in the jobs folders that may define a class."""
    for folder, package in enumerate(workspace.project.jobs):
        for path in workspace.all_python_files():
            content = workspace.read(path) or b"" if PurePosixPath(path).is_relative_to(package.folder) else b""
            if b"class " in content:
                yield folder, path, content


def _classes(workspace: Workspace, path: str, content: bytes, place: FoundJob) -> Iterator[FoundJob]:
    try:
        tree = parse(path, content)
    except BrokenSource as error:
        workspace.note_unread(error)
        return
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef) and statement.bases:
            yield msgspec.structs.replace(place, class_name=statement.name, line=statement.lineno)
