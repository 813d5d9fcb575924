"""Build a plan and apply it: what is on disk decides, under the lock, and what was applied is kept in the history.

The journal writes; this says what. It never asks and never prints.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from dartian_cli import history, journal
from dartian_cli.changes import Change, CreateFile, EditFile, MoveFile, Plan, RemoveFile
from dartian_cli.errors import Conflict, shown_path
from dartian_cli.journal import Recovery, pending, refuse_damaged
from dartian_cli.project import Project
from dartian_cli.workspace import Answer, Workspace

__all__ = [
    "Build",
    "Change",
    "CreateFile",
    "EditFile",
    "MoveFile",
    "Plan",
    "RemoveFile",
    "pending",
    "preview",
    "recover",
    "refuse_damaged",
    "run",
]

Build: TypeAlias = Callable[[Workspace], Plan]


def preview(project: Project, build: Build, answers: Mapping[str, Answer] | None = None) -> Plan:
    """Return the plan as it would be applied now; nothing is touched."""
    return build(Workspace(project, answers))


def run(
    project: Project,
    build: Build,
    answers: Mapping[str, Answer] | None = None,
    *,
    seen: Plan | None = None,
    command: Sequence[str] = (),
) -> Plan:
    """Build the plan and apply it, and return what was done.

    It is built under the lock from what is on disk then, so that commands which run at once do not undo each
    other. Where ``seen`` is what the user was shown, a file to be overwritten or removed has to be as it was there.
    Conflict: a file exists and differs, or was changed meanwhile; nothing is changed then. Where nothing would change
    nothing is touched. What was done is kept in the history, with the ``command`` that was typed, in the same
    application: after a crash there is both or neither.
    """
    if not pending(project):
        plan = preview(project, build, answers)
        _refuse_conflicts(plan)
        if not _is_kept(plan):
            return plan
    with journal.locked(project):
        journal.settle(project)
        plan = preview(project, build, answers)
        _refuse_conflicts(plan)
        if seen is not None:
            _refuse_unseen(plan, seen)
        if _is_kept(plan):
            _apply(project, plan, command)
        return plan


def recover(project: Project) -> Recovery:
    """Complete the plan of a command that died, or take it back where a file was changed since."""
    if not pending(project):
        return "nothing"
    with journal.locked(project):
        return journal.settle(project)


def _is_kept(plan: Plan) -> bool:
    """Return whether there is something to write: that an earlier plan is taken back, be it by hand, is kept too."""
    return plan.writes or plan.undoes is not None


def _apply(project: Project, plan: Plan, command: Sequence[str]) -> None:
    steps = [step for change in plan.changes for step in change.steps()]
    entry = history.step_for(project, plan, journal.missing_folders(project, steps), command)
    journal.apply(project, [*steps, entry], plan.emptied)
    journal.forget(project, history.outdated(project))


def _refuse_conflicts(plan: Plan) -> None:
    if not plan.conflicts:
        return
    first, more = shown_path(plan.conflicts[0].path), len(plan.conflicts) - 1
    what = f"{first} and {more} more exist already and differ" if more else f"{first} exists already and differs"
    lines = [
        f"{what} from what would be generated",
        "What is there is yours: edit it by hand. To see the difference add --dry-run, to replace it add --force.",
        *[change.hint for change in plan.conflicts if change.hint][:1],
    ]
    raise Conflict("\n".join(lines))


def _refuse_unseen(plan: Plan, seen: Plan) -> None:
    """Refuse to lose what nobody has looked at: an edit keeps what it finds, but these two do not."""
    were = {change.path: change.before for change in seen.changes}
    for change in plan.changes:
        if change.verb in ("overwrite", "remove") and change.before != were.get(change.path):
            raise Conflict(f"{shown_path(change.path)} was changed after it was shown\nRun the command again.")
