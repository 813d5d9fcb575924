"""Store.add: durable, all or nothing, safe to repeat."""

import select

import pytest

from dartian_queue.clock import ManualClock
from dartian_queue.delays import Exponential
from dartian_queue.errors import DuplicateId
from dartian_queue.options import Limits
from dartian_queue.states import State
from dartian_queue.stores.store import Added, Seat, Store
from tests.conformance.making import job, only


def test_t1_what_was_dispatched_waits_as_it_was_given(store: Store, clock: ManualClock) -> None:
    limits = Limits(tries=5, backoff=Exponential(2.0, 60.0), timeout=9.5, isolate="fresh", retry_until=2e9)
    given = job(
        "podcasts.Publish",
        payload='{"title":"Ünï \\u0000 \U0001f399"}',
        queue="media",
        priority=7,
        tags=("podcast:12", "näh"),
        limits=limits,
        origin="shop-1",
        delay=60.0,
    )
    assert store.add([given]) == [Added(given.id, duplicate=False)]
    found = only(store, given.id)
    assert found.state is State.WAITING
    assert found.dispatched_at == clock.wall()
    assert found.available_at == clock.wall() + 60
    assert (found.claims, found.tries, found.crashes, found.errors, found.settled_at) == (0, 0, 0, (), None)
    stored = found.envelope
    assert stored.delay == 0.0
    assert stored.available_at == clock.wall() + 60
    same = ("id", "name", "payload", "queue", "priority", "tags", "limits", "origin")
    assert {key: getattr(stored, key) for key in same} == {key: getattr(given, key) for key in same}


def test_a_moment_goes_before_a_delay(store: Store, clock: ManualClock) -> None:
    given = job(available_at=clock.wall() + 5, delay=60.0)
    store.add([given])
    assert only(store, given.id).available_at == clock.wall() + 5


def test_nothing_can_be_added(store: Store) -> None:
    assert store.add([]) == []


@pytest.mark.parametrize("number", [1, 3])
def test_the_same_again_is_a_duplicate(store: Store, number: int) -> None:
    batch = [job(payload=f'{{"row":{index}}}') for index in range(number)]
    store.add(batch)
    assert store.add(batch) == [Added(one.id, duplicate=True) for one in batch]
    assert store.counts().total.waiting == number


def test_a_batch_may_hold_old_and_new(store: Store) -> None:
    old, new = job(), job()
    store.add([old])
    assert [added.duplicate for added in store.add([new, old, new])] == [False, True, True]
    assert store.counts().total.waiting == 2


@pytest.mark.parametrize("change", [{"payload": '{"x":2}'}, {"name": "Other"}])
def test_the_same_id_with_other_content_is_refused_and_nothing_is_stored(store: Store, change: dict[str, str]) -> None:
    store.add([job("Job", id="taken", payload='{"x":1}')])
    other = job(**{"name": "Job", "id": "taken", "payload": '{"x":1}'} | change)
    with pytest.raises(DuplicateId, match=r"The id taken belongs to a job with another name .*\nGive this one an id"):
        store.add([job(), other, job()])
    assert store.counts().total.waiting == 1


def test_a_duplicate_is_known_after_the_job_has_ended(store: Store) -> None:
    one = job()
    store.add([one])
    store.cancel([one.id])
    assert store.add([one]) == [Added(one.id, duplicate=True)]
    assert only(store, one.id).state is State.CANCELLED


def test_adding_wakes_a_waiting_worker(store: Store, seat: Seat) -> None:
    if seat.fileno() < 0:
        pytest.skip("workers of this store poll")
    assert not _readable(seat)
    store.add([job()])
    assert _readable(seat)
    seat.drain()
    assert not _readable(seat)
    for _ in range(3):
        store.add([job()])
    seat.drain()
    assert not _readable(seat)


def _readable(seat: Seat) -> bool:
    return bool(select.select([seat], [], [], 0)[0])
