"""F: clocks that step, and a machine that was started anew; on both stores, where they have such a thing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dartian_queue.clock import ManualClock
from dartian_queue.envelope import Envelope, new_id
from dartian_queue.options import Limits
from dartian_queue.outcome import ErrorReport, Retry, after_error
from dartian_queue.states import State
from dartian_queue.stores import open_store
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.store import Renewal, Settlement, Store, WorkerInfo

pytestmark = [pytest.mark.faults, pytest.mark.repeated]

HOUR = 3_600.0


@pytest.fixture(params=["sqlite", "memory"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[ManualClock], Store]:
    urls = {"sqlite": str(tmp_path / "queue.sqlite3"), "memory": f"memory://{new_id()}"}
    return lambda clock: open_store(urls[request.param], clock=clock)


def put(store: Store, delay: float = 0.0) -> str:
    job_id = new_id()
    store.add([Envelope(job_id, "Note", "{}", delay=delay)])
    return job_id


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_f1_a_step_of_the_wall_clock_lapses_no_lease(opened: Callable[[ManualClock], Store], step: float) -> None:
    clock = ManualClock()
    store = opened(clock)
    seat = store.join(WorkerInfo("one", 1, "here"))
    other = store.join(WorkerInfo("two", 2, "here"))
    put(store)
    (claim,) = store.claim(seat, 1)
    clock.step_wall(step)
    clock.advance(10)
    assert store.expire(other) == []
    assert store.renew(seat, [Renewal(claim.id, claim.token)]).lost == ()
    clock.advance(29)
    assert store.expire(other) == []
    error = ErrorReport("ValueError", at=clock.wall())
    assert store.settle(seat, [Settlement(claim.id, claim.token, Retry(error, 5.0))]) == [True]
    (job,) = store.find(claim.id)
    assert job.available_at == pytest.approx(clock.wall() + 5.0)
    assert store.claim(seat, 1) == []
    clock.advance(5)
    assert len(store.claim(seat, 1)) == 1


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_f1_a_delayed_job_is_early_or_late_by_the_step_and_no_more(
    opened: Callable[[ManualClock], Store], step: float
) -> None:
    clock = ManualClock()
    store = opened(clock)
    seat = store.join(WorkerInfo("one", 1, "here"))
    put(store, delay=2 * HOUR)
    clock.step_wall(step)
    clock.advance(2 * HOUR - step - 1)
    assert store.claim(seat, 1) == []
    clock.advance(1)
    assert len(store.claim(seat, 1)) == 1


def test_f1_a_backoff_is_never_negative() -> None:
    for now in (-1e9, 0.0, 1e12):
        outcome = after_error(ErrorReport("E", at=now), Limits(tries=9, backoff=3.0), tries=0, exceptions=0, now=now)
        assert isinstance(outcome, Retry)
        assert outcome.delay >= 0


def test_f3_after_another_boot_every_lease_has_lapsed_at_once(tmp_path: Path) -> None:
    path, clock = str(tmp_path / "queue.sqlite3"), ManualClock()
    before = SqliteStore(path, clock=clock, boot="one")
    seat = before.join(WorkerInfo("one", 1, "here"))
    put(before)
    (claim,) = before.claim(seat, 1, lease=1e6)
    after = SqliteStore(path, clock=ManualClock(monotonic=1.0), boot="two")
    (expired,) = after.expire(after.join(WorkerInfo("two", 2, "here")))
    assert (expired.envelope.id, expired.state) == (claim.id, State.WAITING)
