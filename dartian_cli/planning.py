"""Show a plan, ask about what it would overwrite, and have it applied: what all commands that write source share."""

from collections.abc import Callable
from typing import Annotated, TypeAlias

import msgspec
import typer

from dartian_cli import ui
from dartian_cli.changes import CreateFile, MoveFile, Plan, diff_of
from dartian_cli.errors import Usage
from dartian_cli.flags import Yes
from dartian_cli.plan import preview, recover, run
from dartian_cli.project import Project
from dartian_cli.typed import command_line
from dartian_cli.workspace import Answer, Workspace

__all__ = ["AsPlan", "Check", "DryRun", "Force", "Mode", "Yes", "carry_out", "show_changes"]

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
    """How a plan is carried out: for real unless ``dry_run`` or ``check``, without a question before it if ``yes``."""

    dry_run: bool = False
    check: bool = False
    json: bool = False
    yes: bool = False


def carry_out(
    project: Project,
    build: Callable[[Workspace], Plan],
    mode: Mode,
    *,
    question: str = "",
    destroys: bool = False,
) -> int:
    """Show the plan, and apply it unless the mode says otherwise; return the exit code.

    On a terminal the person is asked about each file that exists and differs; else that is a Conflict. No ``--yes``
    answers that. Where there is a ``question`` the plan and its diff are shown before it is applied, and the person is
    asked that; where nobody can be asked it is applied, unless it ``destroys`` what no undo brings back: that is Usage
    then, unless ``--yes``. Who answers no gets exit 1.
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
    has_person = ui.interactive() and not mode.json
    if has_person:
        recover(project)
        seen = preview(project, build)
        answers = {change.path: _ask(change) for change in seen.conflicts}
        seen = preview(project, build, answers) if answers else seen
    is_asked = bool(question) and not mode.yes and (seen is None or seen.writes)
    if is_asked and seen is None and destroys and preview(project, build).writes:
        raise Usage(f"{question} There is no terminal to answer on\nTo go on without the question, add --yes.")
    if is_asked and seen is not None and not _agrees(seen, mode, question, destroys=destroys):
        return 1
    done = run(project, build, answers, seen=seen, command=command_line())
    if not (is_asked and done == seen):
        _show(done, mode)
    return 0


def _agrees(plan: Plan, mode: Mode, question: str, *, destroys: bool) -> bool:
    """Show what would be done, and return whether the person wants it; Enter is no where that cannot be undone."""
    _show(plan, mode)
    ui.diff(plan.diff())
    if ui.ask(question, ("no", "yes") if destroys else ("yes", "no")) == "yes":
        return True
    ui.note("Nothing was changed.")
    return False


def _show(plan: Plan, mode: Mode) -> None:
    if mode.json:
        ui.emit(plan.as_data())
        return
    show_changes(plan)
    for note in plan.remarks:
        ui.say(f"  {ui.escaped(note)}", "dim")


def show_changes(plan: Plan) -> None:
    """Print each change as its verb and its path."""
    for change in plan.changes:
        to = f" -> {ui.escaped(change.to)}" if isinstance(change, MoveFile) else ""
        ui.say(f"  {ui.styled(f'{change.verb:<10}', _STYLES.get(change.verb, 'dim'))} {ui.escaped(change.path)}{to}")


def _ask(change: CreateFile) -> Answer:
    """Return what the person wants to happen to one file."""
    if change.hint:
        ui.note(ui.escaped(change.hint))
    while True:
        answer = ui.ask(f"{ui.escaped(change.path)} exists and differs:", ("keep", "overwrite", "diff"))
        if answer == "diff":
            ui.diff(diff_of(change))
        else:
            return "overwrite" if answer == "overwrite" else "keep"
