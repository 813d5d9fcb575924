"""Whether what waits in the stores can be run by this code. It loads no payload and claims nothing."""

import shlex
from collections.abc import Sequence

from dartian_cli.checks.findings import warning
from dartian_cli.wording import count, of, short_id
from dartian_queue.errors import did_you_mean, shown
from dartian_queue.registry import Registry
from dartian_queue.stores.store import Check, Finding, Store

__all__ = ["of_held", "of_names", "of_pauses"]

_FEW = 3


def of_names(stores: Sequence[Store], registry: Registry) -> Check:
    """Check for jobs that wait under a name that no class has."""
    known = registry.known_names()
    names = sorted({name for store in stores for name in store.waiting_names()} - known)
    found = [
        warning(
            f"Jobs wait under the name {shown(name)}, which no class has{did_you_mean(name, known)}",
            "No worker of this code claims them; a class that was renamed keeps its old name as an alias.",
            f"class ...(Job, aliases=[{shown(name)!r}]), or start a worker with the code that has it",
        )
        for name in names
    ]
    return Check("every name that waits is known", tuple(found))


def of_pauses(stores: Sequence[Store]) -> Check:
    """Check for jobs that wait on queues that are paused."""
    found: list[Finding] = []
    why = "No worker begins them until somebody lets them go on."
    for store in stores:
        counts = store.counts()
        if counts.total.paused and counts.total.waiting:
            what = f"All queues are paused, and {_waiting(counts.total.waiting)}"
            found.append(warning(what, why, "dartian queue:resume --all"))
        for queue in (one for one in counts.queues if one.queue in counts.paused and one.waiting):
            what = f"The queue {shown(queue.queue)} is paused, and {_waiting(queue.waiting)} on it"
            found.append(warning(what, why, f"dartian queue:resume {shown(queue.queue)}"))
    return Check("nothing waits on a queue that is paused", tuple(found))


def _waiting(number: int) -> str:
    return f"{of(number, 'job')} {'waits' if number == 1 else 'wait'}"


def of_held(stores: Sequence[Store]) -> Check:
    """Check for jobs that are held, since their payload does not fit their class."""
    found: list[Finding] = []
    for store in stores:
        number = store.counts().total.held
        for job in store.jobs(held=True, limit=_FEW):
            short = shown(short_id(job.envelope.id))
            what = f"{shown(job.envelope.name)} {short} is held: {shown(job.held_reason, 200)}"
            why = "It is tried again every minute, and has failed as unloadable after an hour."
            found.append(warning(what, why, f"dartian queue:show {shlex.quote(short)}"))
        if number > _FEW:
            found.append(warning(f"{count(number - _FEW)} more are held", "As above.", "dartian queue:status"))
    return Check("no job is held", tuple(found))
