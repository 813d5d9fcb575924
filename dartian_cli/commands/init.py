"""``dartian init``: a project that exists learns where its jobs live. What else is in it stays as it is."""

import os
from pathlib import Path
from typing import Annotated

import typer

from dartian_cli import ui
from dartian_cli.completion import sources
from dartian_cli.errors import Usage, shown_path
from dartian_cli.generators.initial import plan_init, said_folders
from dartian_cli.planning import AsPlan, Check, DryRun, Force, Mode, carry_out
from dartian_cli.project import Project, folder_named
from dartian_cli.surroundings import look_around, project_folder
from dartian_cli.workspace import Workspace
from dartian_queue.errors import shown

__all__ = ["EXAMPLES", "init"]

EXAMPLES = ("dartian init", "dartian init --jobs src/shop/jobs --dry-run")


def init(
    jobs: Annotated[
        list[str] | None,
        typer.Option(
            "--jobs", metavar="FOLDER", help="Where jobs go; repeat it for several.", autocompletion=sources.files
        ),
    ] = None,
    dry_run: DryRun = False,
    check: Check = False,
    force: Force = False,
    json: AsPlan = False,
) -> int:
    """Add Dartian to a project that exists.

    It says in pyproject.toml where the jobs go, as far as the project's files tell. A Django project gets a
    config/queue.py besides, which sets Django up for the jobs. No other file is touched.
    """
    root = Path(os.environ.get("DARTIAN_ROOT") or project_folder(Path.cwd()))
    project = Project.at(root)
    workspace = Workspace(project)
    folders = [_checked(folder) for folder in jobs or []]
    if not folders and not said_folders(workspace):
        around = look_around(workspace)
        if not around.folders and ui.interactive() and not json:
            folders = [_asked(around.candidates)]
        elif not json:
            ui.say(f"{shown_path(project.root)} is {around.kind}.", "dim")
    code = carry_out(project, lambda workspace: plan_init(workspace, folders, force=force), Mode(dry_run, check, json))
    if not (json or dry_run or check):
        ui.say()
        ui.say("Next:")
        ui.say("  dartian make:job ProcessPodcast podcast_id:int", "cyan")
    return code


def _checked(folder: str) -> str:
    if named := folder_named(folder):
        return named
    raise Usage(
        f"--jobs takes a folder below the project, not '{shown(folder)}'\n"
        f"Each part must be a Python name, since it is imported: --jobs src/shop/jobs"
    )


def _asked(candidates: tuple[str, ...]) -> str:
    """Return where the jobs go, asked on a terminal where the files do not tell."""
    offered = f" ({', '.join(candidates[:6])})" if candidates else ""
    return _checked(ui.ask(f"Which folder do the jobs go to, as src/shop/jobs?{ui.escaped(offered)}"))
