"""Whether plans were applied whole, and can be taken back. It reads the journal and the history, and mends neither."""

from dartian_cli.checks.findings import failed, warning
from dartian_cli.errors import BrokenSource, CliError
from dartian_cli.history import Damaged, History
from dartian_cli.plan import pending, refuse_damaged
from dartian_cli.project import Project
from dartian_queue.stores.store import Check, Finding

__all__ = ["of_history", "of_plans"]

_WHOLE, _KEPT = "no plan is half applied", "every plan in the history can be read"


def of_plans(project: Project) -> Check:
    """Check for a journal that was left, and whether it can be followed."""
    try:
        if not pending(project):
            return Check(_WHOLE)
        refuse_damaged(project)
    except BrokenSource as error:
        return failed(_WHOLE, error)
    except CliError as error:
        return failed(_WHOLE, error, "remove the folder .dartian")
    what = "A command that writes source was ended half way"
    why = "Some of its files may be written and others not; the next such command completes it or takes it back."
    return Check(_WHOLE, (Finding("error", what, why, "dartian doctor --fix"),))


def of_history(project: Project) -> Check:
    """Check for entries that no undo can use."""
    try:
        return Check(_KEPT, tuple(map(_unusable, History.read(project).damaged)))
    except CliError as error:
        return failed(_KEPT, error)


def _unusable(entry: Damaged) -> Finding:
    remedy = f"rm {entry.path}"
    return warning(
        f"{entry.path} {entry.reason}",
        f"Plan {entry.number} cannot be taken back. Where it is the last, dartian undo wants the number of another.",
        f"update Dartian, or: {remedy}" if entry.is_newer else remedy,
    )
