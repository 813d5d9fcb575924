"""What the checks have in common: how an error of Dartian's becomes a finding. It checks nothing."""

from dartian_queue.errors import DartianError
from dartian_queue.stores.store import Check, Finding

__all__ = ["failed", "warning"]


def failed(title: str, error: DartianError, remedy: str = "", why: str = "") -> Check:
    """Return the check that an error has ended: its first line says what, the others what to do.

    Where a ``remedy`` is given the others say why.
    """
    first, _, rest = str(error).partition("\n")
    more = " ".join(rest.split())
    return Check(title, (Finding("error", first, more if remedy else why, remedy or more or "dartian about"),))


def warning(what: str, why: str, remedy: str) -> Finding:
    """Return a finding that does no harm yet."""
    return Finding("warning", what, why, remedy)
