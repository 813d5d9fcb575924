"""Show a plan, ask about what it would overwrite, and have it applied: what all commands that write source share."""

from collections.abc import Callable
from typing import Annotated, TypeAlias

import msgspec
import typer

from dartian_cli import ui
from dartian_cli.changes import Change, MoveFile, Plan, diff_of
from dartian_cli.plan import preview, run
from dartian_cli.project import Project
from dartian_cli.workspace import Answer, Workspace

__all__ = ["AsPlan", "Check", "DryRun", "Force", "Mode", "carry_out"]

DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Show the diff and touch nothing.")]
Check: TypeAlias = Annotated[bool, typer.Option("--check", help="Touch nothing; exit 1 if something would change.")]
Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Overwrite files that exist and differ.")]
AsPlan: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the plan as JSON (see docs/cli.md).")]

_STYLES: dict[str, ui.Style] = {
    "create": "green",
    "edit": "yellow",
    "move": "yellow",
    "overwrite": "yellow",
    "remove": "red",
    "conflict": "red",
}


class Mode(msgspec.Struct, frozen=True):
    """How a plan is carried out: for real unless ``dry_run`` or ``check``."""

    dry_run: bool = False
    check: bool = False
    json: bool = False


def carry_out(project: Project, build: Callable[[Workspace], Plan], mode: Mode) -> int:
    """Show the plan, and apply it unless the mode says otherwise; return the exit code.

    On a terminal the person is asked about each file that exists and differs; else that is a Conflict.
    """
    if mode.dry_run or mode.check:
        plan = preview(project, build)
        _show(plan, mode)
        if mode.dry_run and not mode.json:
            ui.diff(plan.diff())
        changes = plan.writes or bool(plan.conflicts)
        return 1 if mode.check and changes else 0
    answers: dict[str, Answer] = {}
    seen: Plan | None = None
    if ui.interactive() and not mode.json:
        seen = preview(project, build)
        answers = {change.path: _ask(change) for change in seen.conflicts}
        seen = preview(project, build, answers) if answers else seen
    _show(run(project, build, answers, seen=seen), mode)
    return 0


def _show(plan: Plan, mode: Mode) -> None:
    if mode.json:
        ui.emit(plan.as_data())
        return
    for change in plan.changes:
        to = f" -> {ui.escaped(change.to)}" if isinstance(change, MoveFile) else ""
        ui.say(f"  {ui.styled(f'{change.verb:<10}', _STYLES.get(change.verb, 'dim'))} {ui.escaped(change.path)}{to}")
    for note in plan.notes:
        ui.say(f"  {ui.escaped(note)}", "dim")


def _ask(change: Change) -> Answer:
    """Return what the person wants to happen to one file."""
    while True:
        answer = ui.ask(f"{ui.escaped(change.path)} exists and differs:", ("keep", "overwrite", "diff"))
        if answer == "diff":
            ui.diff(diff_of(change))
        else:
            return "overwrite" if answer == "overwrite" else "keep"
