"""``dartian doctor``: all that can be checked, each finding with its remedy. It changes nothing without --fix."""

from pathlib import Path
from typing import Annotated

import typer

from dartian_cli import ui
from dartian_cli.checks import report, rounds
from dartian_cli.flags import AsJson
from dartian_cli.plan import recover
from dartian_cli.project import Project
from dartian_queue import config
from dartian_queue.errors import DartianError
from dartian_queue.settings import Settings

__all__ = ["EXAMPLES", "doctor"]

EXAMPLES = ("dartian doctor", "dartian doctor --json", "dartian doctor --fix")

_FIXED = {"completed": "The plan was completed.", "undone": "The plan was taken back.", "nothing": ""}


def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="Complete what a command that writes source left half done, or take it back.")
    ] = False,
    json: AsJson = False,
) -> int:
    """Check configuration, stores, jobs and environment.

    The jobs are imported, and none is run. Warnings alone are exit 0, an error is exit 1.
    """
    try:
        settings = config.current()
    except DartianError as error:
        sections = rounds.examine_without_settings(error)
    else:
        if fix:
            _fix(settings)
        sections = rounds.examine(settings)
    if json:
        ui.emit(report.as_data(sections))
    else:
        report.show(sections)
    return 1 if report.count(sections, "error") else 0


def _fix(settings: Settings) -> None:
    done = recover(Project.at(Path(settings.root)))
    ui.note(_FIXED[done] or "There was nothing to fix.")
