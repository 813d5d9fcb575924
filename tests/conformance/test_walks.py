"""Every store goes where the searched graph of the lifecycle goes: each row compared after each step.

One job: every operation of both holders in every world, so that everything the table does not name is seen to be
refused. Two jobs: every world. `make faults` walks all of it on every store, `make test` a part of it on files.
"""

from collections.abc import Callable, Iterator
from random import Random

import pytest

from dartian_queue.clock import ManualClock
from dartian_queue.stores.memory import MemoryStore
from dartian_queue.stores.store import Store
from tests.conformance.making import worker
from tests.faults.instruments import FULL
from tests.lifecycle_model import Graph, graph
from tests.lifecycle_walk import Walker, walk_every_operation, walk_every_world

SEED = 20_260_101
Set = Callable[[int], tuple[Walker, Graph]]


@pytest.fixture
def clock() -> ManualClock:
    """Wall and monotonic clock read the same, and whole: no sum of seconds is rounded."""
    return ManualClock(1e9, 1e9)


@pytest.fixture
def set_out(store: Store, clock: ManualClock) -> Iterator[Set]:
    """Begin a walk over the graph of so many jobs."""
    walkers: list[Walker] = []

    def begin(jobs: int) -> tuple[Walker, Graph]:
        seat = store.join(worker())
        searched = graph(jobs, marks=bool(seat.marks_path))
        seat.leave()
        walkers.append(Walker(searched, store, clock))
        return walkers[-1], searched

    yield begin
    for walker in walkers:
        walker.close()


def _part(store: Store, whole: int, part: int) -> int:
    """Return how much of the graph is walked: in make test a part of it, most of it on the quicker store."""
    return whole if FULL else min(whole, 4 * part) if isinstance(store, MemoryStore) else part


def test_every_operation_of_every_holder_on_one_job_does_what_the_table_says_or_nothing(
    store: Store, set_out: Set
) -> None:
    walker, searched = set_out(1)
    whole = len(searched.worlds) * len(searched.ops)
    limit = _part(store, whole, 2_000)
    assert walk_every_operation(walker, searched, Random(SEED), limit) == limit


@pytest.mark.timeout(1200)
def test_every_world_of_two_jobs_is_come_to(store: Store, set_out: Set) -> None:
    walker, searched = set_out(2)
    limit = _part(store, len(searched.worlds), 1_000)
    assert walk_every_world(walker, searched, Random(SEED), limit) >= limit
