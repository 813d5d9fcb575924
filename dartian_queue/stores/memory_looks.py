"""What people ask a memory store, as pure functions over its jobs. It changes none of them."""

from collections import Counter
from collections.abc import Collection

from dartian_queue.states import CRASH_CAP, FINAL, State
from dartian_queue.stores.invariants import invariants
from dartian_queue.stores.memory_lanes import Record
from dartian_queue.stores.store import Check, Counts, NameCounts
from dartian_queue.stores.tally import Tally

__all__ = ["check", "count", "finished", "selected", "unfinished"]


def selected(
    records: Collection[Record], state: State | None, queue: str | None, name: str | None, *, held: bool = False
) -> list[Record]:
    """Return the jobs that fit, settled ones in the order in which they settled, others as they were dispatched."""
    ended = state is not None and state in FINAL
    found = [
        record
        for record in records
        if (state is None or record.standing.state is state)
        and (queue is None or record.envelope.queue == queue)
        and (name is None or record.envelope.name == name)
        and (not held or (record.standing.state is State.WAITING and record.standing.held_reason != ""))
    ]
    return sorted(found, key=lambda record: ((record.standing.settled_at or 0.0) if ended else 0.0, record.seq))


def count(records: Collection[Record], paused: Collection[str], now: float) -> Counts:
    """Count all jobs by queue and state."""
    tally = Tally()
    for record in records:
        standing, queue = record.standing, record.envelope.queue
        if standing.state is not State.WAITING:
            tally.add(queue, standing.state.value, 1)
        elif standing.held_reason:
            tally.add(queue, "held", 1)
        elif standing.available_at > now:
            tally.add(queue, "scheduled", 1)
        else:
            tally.add(queue, "ready", 1)
            tally.age(queue, now - standing.available_at)
    return tally.counts(paused)


def unfinished(records: Collection[Record]) -> list[NameCounts]:
    """Count the jobs that wait or run, by name."""
    numbers = Counter((record.envelope.name, record.standing.state) for record in records)
    names = {name for name, state in numbers if state not in FINAL}
    return [NameCounts(name, numbers[name, State.WAITING], numbers[name, State.RUNNING]) for name in sorted(names)]


def finished(records: Collection[Record], since: float) -> int:
    """Count the jobs that were done or failed after this moment."""
    return sum(
        record.standing.state in (State.DONE, State.FAILED) and (record.standing.settled_at or 0.0) > since
        for record in records
    )


def check(records: Collection[Record]) -> list[Check]:
    """Look whether the invariants hold; there is nothing else that could be wrong."""
    return invariants(
        tries=[one.envelope.id for one in records if one.is_tried_too_often],
        crashes=[one.envelope.id for one in records if one.standing.crashes > CRASH_CAP],
        unleased=[one.envelope.id for one in records if one.standing.state is State.RUNNING and not one.holder],
        stateless=[
            one.envelope.id for one in records if one.standing.state in FINAL and one.standing.settled_at is None
        ],
    )
