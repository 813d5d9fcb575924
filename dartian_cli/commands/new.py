"""``dartian new``: an application that runs, in a folder of its own."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from dartian_cli import ui
from dartian_cli.completion import sources
from dartian_cli.errors import Conflict, Usage
from dartian_cli.generators.application import plan_application
from dartian_cli.plan import preview
from dartian_cli.planning import AsPlan, Check, DryRun, Force, Mode, carry_out
from dartian_cli.project import Project
from dartian_queue.errors import shown

__all__ = ["EXAMPLES", "new"]

EXAMPLES = ("dartian new shop", "dartian new shop --dry-run")

_NOT_CONTENT = frozenset({".git", ".dartian", ".venv", ".idea", ".vscode", ".DS_Store"})


def new(
    path: Annotated[
        str,
        typer.Argument(metavar="PATH", help="A folder that does not exist, or is empty.", autocompletion=sources.files),
    ],
    dry_run: DryRun = False,
    check: Check = False,
    force: Force = False,
    json: AsPlan = False,
) -> int:
    """Scaffold an application.

    The folder gets a pyproject.toml, config/queue.py, and packages for the jobs and their tests.
    """
    if not path:
        raise Usage("PATH is empty\nFor the folder that you are in: dartian new .")
    folder = Path(path).expanduser()
    _refuse_other_content(folder, force=force)
    project = Project.at(folder)
    code = carry_out(project, lambda workspace: plan_application(workspace, force=force), Mode(dry_run, check, json))
    if not (json or dry_run or check):
        ui.say()
        ui.say("Next:")
        if folder.resolve() != Path.cwd():
            ui.say(f"  cd {shlex.quote(ui.escaped(path))}", "cyan")
        ui.say("  dartian make:job ProcessPodcast podcast_id:int", "cyan")
    return code


def _refuse_other_content(folder: Path, *, force: bool) -> None:
    """Refuse a file, and a folder with content of its own: an application that was made here before is none."""
    if folder.exists() and not folder.is_dir():
        raise Conflict(f"{shown(str(folder), 200)} is a file\nChoose a folder that does not exist yet.")
    if force or not folder.is_dir():
        return
    found = sorted(entry.name for entry in folder.iterdir() if entry.name not in _NOT_CONTENT)
    if not found or not preview(Project.at(folder), plan_application).writes:
        return
    raise Conflict(
        f"{shown(str(folder), 200)} is not empty: it holds {shown(found[0])}\n"
        f"Choose a folder that does not exist yet, or add --force, which overwrites what has the same name."
    )
