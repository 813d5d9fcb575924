"""``dartian undo``: take a plan back that was applied, and keep what was edited by hand since."""

from typing import Annotated

import typer

from dartian_cli import ui
from dartian_cli.changes import Plan
from dartian_cli.errors import Conflict
from dartian_cli.history import History
from dartian_cli.inverse import Clash, HandEdited, plan_inverse
from dartian_cli.plan import pending, recover
from dartian_cli.planning import AsPlan, Check, DryRun, Mode, Yes, carry_out
from dartian_cli.project import Project

__all__ = ["EXAMPLES", "undo"]

EXAMPLES = ("dartian undo", "dartian undo 7 --dry-run", "dartian undo --yes")

_NOTHING = "There is nothing to undo."


def undo(
    number: Annotated[
        int | None, typer.Argument(metavar="N", min=1, help="As history numbers it; else the last that stands.")
    ] = None,
    dry_run: DryRun = False,
    check: Check = False,
    force: Annotated[
        bool, typer.Option("--force", help="Take it back also where that loses what was edited by hand since.")
    ] = False,
    yes: Yes = False,
    json: AsPlan = False,
) -> int:
    """Take a plan back, and keep what was edited by hand since.

    Where it was edited in the same lines, nothing is taken back. An undo is a plan too: undo N with its number is redo.
    """
    project = Project.find()
    mode = Mode(dry_run, check, json, yes)
    _settle(project, mode)
    if number is None:
        last = History.read(project).last()
        if last is None:
            _tell_nothing(mode)
            return 0
        number = last.number
    try:
        return carry_out(
            project,
            lambda workspace: plan_inverse(project, number, workspace, force=force),
            mode,
            question=f"Take plan {number} back?",
        )
    except HandEdited as refusal:
        _show_clashes(refusal.clashes, mode)
        raise


def _settle(project: Project, mode: Mode) -> None:
    """Finish what a command that died has left: it may be the plan that is meant."""
    if not (mode.dry_run or mode.check):
        recover(project)
    elif pending(project):
        raise Conflict(
            "a command that writes source was ended half way, and what it did may yet be the last plan\n"
            "To complete it or take it back: dartian doctor --fix"
        )


def _tell_nothing(mode: Mode) -> None:
    if mode.json:
        ui.emit(Plan((), (_NOTHING,)).as_data())
    else:
        ui.say(_NOTHING)


def _show_clashes(clashes: tuple[Clash, ...], mode: Mode) -> None:
    """Show what was done since the plan to the files that stand in the way."""
    if mode.json:
        ui.emit({"conflicts": [_as_data(clash) for clash in clashes]})
        return
    for clash in clashes:
        ui.say(f"  {ui.styled('conflict'.ljust(10), 'red')} {ui.escaped(clash.path)} {ui.escaped(clash.reason)}")
    for clash in clashes:
        ui.diff(clash.diff)


def _as_data(clash: Clash) -> dict[str, object]:
    lines = [[overlap.first, overlap.last] for overlap in clash.lines]
    return {"path": clash.path, "reason": clash.reason, "lines": lines, "diff": clash.diff}
