"""``dartian job:remove``: the project without a job, as it was before make:job made it."""

from typing import Annotated

import typer

from dartian_cli import application, ui
from dartian_cli.flags import CalledJob
from dartian_cli.generators.removal import plan_removal
from dartian_cli.planning import AsPlan, Check, DryRun, Mode, Yes, carry_out
from dartian_cli.project import Project
from dartian_queue import config
from dartian_queue.errors import DartianError

__all__ = ["EXAMPLES", "job_remove"]

EXAMPLES = (
    "dartian job:remove ProcessPodcast",
    "dartian job:remove podcasts/Publish --dry-run",
    "dartian job:remove ProcessPodcast --force",
)


def job_remove(
    name: CalledJob,
    force: Annotated[
        bool, typer.Option("--force", help="Also what was edited by hand, is named elsewhere, or has jobs that wait.")
    ] = False,
    dry_run: DryRun = False,
    check: Check = False,
    yes: Yes = False,
    json: AsPlan = False,
) -> int:
    """Remove a job: its class, its test, its registration.

    Nothing is removed where a person has written in these files, something else names the job, or jobs of its name wait
    or run. What was removed dartian undo brings back.
    """
    project, live = Project.find(), _live(force=force)
    code = carry_out(
        project,
        lambda workspace: plan_removal(workspace, name, live=live, force=force),
        Mode(dry_run, check, json, yes),
        question=f"Remove {ui.escaped(name)}?",
    )
    if not (code or json or dry_run or check):
        ui.say()
        ui.say("To have it back: dartian undo")
        ui.say("Restart the workers, so that they forget it: dartian queue:restart")
    return code


def _live(*, force: bool) -> dict[str, int]:
    """Return how many jobs of each name wait or run; by force also where no store or configuration can be asked."""
    try:
        found = application.unfinished(config.current())
    except DartianError as error:
        if not force:
            raise
        ui.note(f"The stored jobs were not counted: {ui.escaped(str(error).splitlines()[0])}")
        return {}
    return {name: counts.waiting + counts.running for name, counts in found.items()}
