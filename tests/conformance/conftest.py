"""Each test of this folder runs over every store."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dartian_queue.clock import ManualClock
from dartian_queue.stores.store import Seat, Store
from tests.conformance.making import STORES, worker


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    made = STORES[request.param](tmp_path, clock)
    yield made
    made.close()


@pytest.fixture
def sit(store: Store) -> Iterator[Callable[..., Seat]]:
    """Take seats that are given up at the end."""
    seats: list[Seat] = []

    def join(*args: object, **options: object) -> Seat:
        seats.append(store.join(worker(*args, **options)))  # type: ignore[arg-type]
        return seats[-1]

    yield join
    for seat in seats:
        seat.leave()


@pytest.fixture
def seat(sit: Callable[..., Seat]) -> Seat:
    return sit()
