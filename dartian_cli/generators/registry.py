"""Register a job in its package, whose ``__init__`` is written as the project's formatter would where it is new.

A file that is there is edited and never written anew.
"""

from pathlib import PurePosixPath

from dartian_cli.annotations import Import
from dartian_cli.edits.listed import list_of_one
from dartian_cli.edits.register_job import Registration, register_job
from dartian_cli.edits.scope import may_bind
from dartian_cli.edits.source import parse
from dartian_cli.errors import Conflict, shown_path
from dartian_cli.generators.imports import import_block, own_modules
from dartian_cli.layout import laid_out
from dartian_cli.style import find_style
from dartian_cli.workspace import Workspace

__all__ = ["register", "registration_of"]


def registration_of(
    workspace: Workspace, folder: PurePosixPath, package: str, module: str, class_name: str
) -> Registration:
    """Return how a job of the module is registered in the package in ``folder``, by the project's own settings."""
    style = find_style(workspace, folder)
    return Registration(str(folder / "__init__.py"), package, module, class_name, style, own_modules(workspace))


def register(workspace: Workspace, job: Registration) -> None:
    """Want the job's class imported and exported by its package; Conflict where its module is kept, and has it not."""
    _refuse_missing(workspace, job)
    content = workspace.read(job.path)
    if content is None:
        content = _new_file(workspace, job).encode("utf-8")
    workspace.edit(job.path, register_job(content, job))


def _refuse_missing(workspace: Workspace, job: Registration) -> None:
    path = str(PurePosixPath(job.path).with_name(f"{job.module}.py"))
    tree = parse(path, workspace.read(path) or b"")
    if not may_bind(tree, job.class_name, job.package):
        raise Conflict(
            f"{shown_path(path)} has no {job.class_name}, so the package cannot import it from there\n"
            f"Nothing was changed. Choose another name, or have the file overwritten."
        )


def _new_file(workspace: Workspace, job: Registration) -> str:
    """Return a package that has this one job: its title, the import and the export."""
    style = job.style
    title = register_job(None, job).decode("utf-8").partition("\n")[0]
    block = import_block(
        workspace, [Import(job.target, job.class_name)], style=style, folder=PurePosixPath(job.path).parent
    )
    apart = "\n" * (1 + (2 if style.sorting.lines_after_imports >= 2 else 1))
    return style.ended(laid_out(f"{title}\n\n{block}{apart}__all__ = {list_of_one(job.class_name, style)}\n", style))
