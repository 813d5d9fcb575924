"""Whether a command that writes source died half way. It reads the journal and leaves it as it is."""

from dartian_cli.checks.findings import failed
from dartian_cli.errors import CliError
from dartian_cli.plan import pending
from dartian_cli.project import Project
from dartian_queue.stores.store import Check, Finding

__all__ = ["of_plans"]

_TITLE = "no plan is half applied"


def of_plans(project: Project) -> Check:
    """Check for a journal that was left."""
    try:
        if not pending(project):
            return Check(_TITLE)
    except CliError as error:
        return failed(_TITLE, error, "remove the folder .dartian")
    what = "A command that writes source was ended half way"
    why = "Some of its files may be written and others not; the next such command completes it or takes it back."
    return Check(_TITLE, (Finding("error", what, why, "dartian doctor --fix"),))
