"""``dartian job:rename``: a job under another name, wherever the project means it."""

from typing import Annotated

import typer

from dartian_cli import ui
from dartian_cli.completion import sources
from dartian_cli.generators.renaming import plan_rename
from dartian_cli.planning import AsPlan, Check, DryRun, Mode, carry_out
from dartian_cli.project import Project

__all__ = ["EXAMPLES", "job_rename"]

EXAMPLES = (
    "dartian job:rename ProcessPodcast PublishPodcast",
    "dartian job:rename ProcessPodcast PublishPodcast --dry-run",
    "dartian job:rename podcasts/Process Publish --strings",
)


def job_rename(
    old: Annotated[
        str,
        typer.Argument(metavar="OLD", help="The job as it is called, as in make:job.", autocompletion=sources.jobs),
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it is to be called.")],
    strings: Annotated[
        bool, typer.Option("--strings", help="Change the name in strings too, such as the paths of mocks.")
    ] = False,
    dry_run: DryRun = False,
    check: Check = False,
    json: AsPlan = False,
) -> int:
    """Rename a job wherever the project means it.

    Class, module, test, registration, imports and references are renamed, by scope.

    Jobs that wait under the old name still run: the class keeps it in aliases=.
    """
    code = carry_out(
        Project.find(),
        lambda workspace: plan_rename(workspace, old, new, strings=strings),
        Mode(dry_run, check, json),
    )
    if not (json or dry_run or check):
        ui.say()
        ui.say("Restart the workers, so that they know the new name: dartian queue:restart")
    return code
