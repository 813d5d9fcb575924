"""Store.claim, renew and report: who gets what in which order, and for how long."""

from collections.abc import Callable

import pytest

from dartian_queue.clock import ManualClock
from dartian_queue.outcome import Done, Held, Released
from dartian_queue.states import State
from dartian_queue.stores.lifecycle import claims_of
from dartian_queue.stores.store import LEASE, ProgressReport, Renewal, Renewed, Seat, Store
from tests.conformance.making import ending, ids, job, only

Sit = Callable[..., Seat]


def test_t2_a_claim_is_the_envelope_with_a_token(store: Store, seat: Seat, clock: ManualClock) -> None:
    given = job(payload='{"a":[1]}', tags=("t",), priority=3)
    store.add([given])
    clock.advance(5)
    (claim,) = store.claim(seat, 10)
    assert (claims_of(claim.token), claim.tries, claim.crashes, claim.exceptions, claim.held_for) == (1, 0, 0, 0, 0.0)
    assert claim.envelope == only(store, given.id).envelope
    assert claim.envelope.payload == given.payload
    assert claim.dispatched_at == clock.wall() - 5
    found = only(store, given.id)
    assert (found.state, found.claims, found.holder) == (State.RUNNING, 1, seat.holder)


def test_nothing_is_claimed_twice(store: Store, sit: Sit) -> None:
    store.add([job() for _ in range(5)])
    first, second = sit(), sit()
    got = [*store.claim(first, 3), *store.claim(second, 10), *store.claim(first, 10)]
    assert len({claim.id for claim in got}) == len(got) == 5


def test_the_order_is_priority_then_time_then_dispatch(store: Store, seat: Seat, clock: ManualClock) -> None:
    later = job(available_at=clock.wall() - 1)
    first = [job("A"), job("B"), job("A")]
    urgent, lazy, earliest = job(priority=5), job(priority=-5), job("C", available_at=clock.wall() - 9)
    store.add([later, *first, lazy, urgent, earliest])
    expected = [urgent.id, earliest.id, later.id, *(one.id for one in first), lazy.id]
    assert ids(store.claim(seat, 4)) + ids(store.claim(seat, 10)) == expected


def test_no_more_than_the_limit(store: Store, seat: Seat) -> None:
    store.add([job(str("AB"[index % 2])) for index in range(6)])
    assert len(store.claim(seat, 4)) == 4
    assert store.claim(seat, 0) == []
    assert len(store.claim(seat, 4)) == 2
    assert store.claim(seat, 4) == []


def test_what_is_not_due_waits(store: Store, seat: Seat, clock: ManualClock) -> None:
    store.add([job(delay=10.0)])
    clock.advance(9.99)
    assert store.claim(seat, 1) == []
    clock.advance(0.01)
    assert len(store.claim(seat, 1)) == 1


def test_only_names_that_the_worker_knows(store: Store, seat: Seat) -> None:
    known, unknown = job("Known"), job("os.system", priority=9)
    store.add([unknown, known])
    assert ids(store.claim(seat, 10, names={"Known", "Other"})) == [known.id]
    assert store.claim(seat, 10, names=()) == []
    assert only(store, unknown.id).claims == 0


def test_queues_are_served_strictly_in_their_order(store: Store, seat: Seat) -> None:
    low, high, other = job(queue="low", priority=99), job(queue="high"), job(queue="other", priority=100)
    store.add([low, other, high])
    assert ids(store.claim(seat, 10, queues=["high", "low"])) == [high.id, low.id]
    assert ids(store.claim(seat, 10)) == [other.id]


def test_without_queues_all_are_one(store: Store, seat: Seat) -> None:
    batch = [job(queue="b"), job(queue="a"), job(queue="b"), job(queue="a", priority=1)]
    store.add(batch)
    assert ids(store.claim(seat, 10)) == [batch[3].id, batch[0].id, batch[1].id, batch[2].id]


def test_only_jobs_of_one_origin(store: Store, seat: Seat) -> None:
    mine = [job(origin="me"), job("Other", origin="me", priority=3), job(origin="me", delay=1.0)]
    theirs = [job(origin="you", priority=9), job(priority=9)]
    store.add([*mine, *theirs])
    assert ids(store.claim(seat, 10, origin="me")) == [mine[1].id, mine[0].id]
    assert store.claim(seat, 10, origin="nobody") == []
    assert ids(store.claim(seat, 10)) == [theirs[0].id, theirs[1].id]


def test_paused_queues_are_passed_over(store: Store, seat: Seat) -> None:
    paused, open_ = job(queue="paused", priority=9), job(queue="open")
    store.add([paused, open_])
    store.pause(["paused"])
    assert ids(store.claim(seat, 10)) == [open_.id]
    assert store.claim(seat, 10, queues=["paused"]) == []
    assert store.paused(["paused", "open"]) == {"paused"}
    store.pause()
    assert store.paused(["paused", "open", "none"]) == {"paused", "open", "none"}
    store.resume()
    store.resume(["paused"])
    assert store.paused(["paused", "open"]) == frozenset()
    assert ids(store.claim(seat, 10)) == [paused.id]


def test_the_switch_for_all_is_one_of_its_own(store: Store, seat: Seat) -> None:
    store.add([job(queue="a"), job(queue="b")])
    store.pause(["b"])
    store.pause()
    store.pause()
    assert store.claim(seat, 10) == []
    assert store.counts().total.paused
    store.resume(["a"])
    assert store.claim(seat, 10) == []
    store.resume()
    assert [claim.envelope.queue for claim in store.claim(seat, 10)] == ["a"]
    store.resume(["b"])
    assert [claim.envelope.queue for claim in store.claim(seat, 10)] == ["b"]
    assert not any(queue.paused for queue in store.counts().queues)


def test_the_token_grows_with_each_claim(store: Store, seat: Seat) -> None:
    store.add([job()])
    tokens: list[int] = []
    for _ in range(3):
        (claim,) = store.claim(seat, 1)
        tokens.append(claims_of(claim.token))
        store.settle(seat, [ending(claim, Released())])
    assert tokens == [1, 2, 3]


def test_t3_a_renewed_lease_does_not_lapse(store: Store, seat: Seat, clock: ManualClock) -> None:
    store.add([job(), job()])
    kept, dropped = store.claim(seat, 2)
    clock.advance(LEASE - 1)
    assert store.renew(seat, [Renewal(kept.id, kept.token)]) == store.renew(seat, [Renewal(kept.id, kept.token)])
    clock.advance(LEASE - 1)
    assert [expired.envelope.id for expired in store.expire(seat)] == [dropped.id]
    assert only(store, kept.id).state is State.RUNNING
    clock.advance(1.01)
    assert [expired.envelope.id for expired in store.expire(seat)] == [kept.id]


def test_the_lease_is_as_long_as_was_asked(store: Store, seat: Seat, clock: ManualClock) -> None:
    store.add([job()])
    (claim,) = store.claim(seat, 1, lease=3.0)
    clock.advance(2.9)
    assert store.expire(seat) == []
    store.renew(seat, [Renewal(claim.id, claim.token)], lease=1.0)
    clock.advance(0.9)
    assert store.expire(seat) == []
    clock.advance(0.2)
    assert len(store.expire(seat)) == 1


def test_renewing_says_what_was_lost_and_what_is_to_be_cancelled(store: Store, sit: Sit, clock: ManualClock) -> None:
    frozen, other = sit(), sit()
    store.add([job(), job(), job()])
    lost, wanted, plain = store.claim(frozen, 3)
    clock.advance(LEASE / 2)
    store.renew(frozen, [Renewal(wanted.id, wanted.token), Renewal(plain.id, plain.token)])
    clock.advance(LEASE / 2)
    store.expire(other)
    (again,) = store.claim(other, 1)
    store.cancel([wanted.id])
    held = [Renewal(one.id, one.token) for one in (lost, wanted, plain)]
    renewed = store.renew(frozen, held)
    assert again.id == lost.id
    assert renewed.lost == (held[0],)
    assert renewed.cancel_asked == (held[1],)
    assert store.renew(frozen, [Renewal("nobody", 1)]).lost == (Renewal("nobody", 1),)
    assert store.renew(frozen, []) == store.renew(frozen, ())
    store.settle(other, [ending(again, Done())])


def test_t3_a_holder_that_claims_again_what_it_lost_is_told_which_claim_of_the_two_stands(
    store: Store, sit: Sit, clock: ManualClock
) -> None:
    slow, other = sit(), sit()
    one = job()
    store.add([one])
    (first,) = store.claim(slow, 1)
    clock.advance(LEASE)
    store.expire(other)
    (second,) = store.claim(slow, 1)
    old, newest = Renewal(one.id, first.token), Renewal(one.id, second.token)
    assert store.renew(slow, [old, newest]) == store.renew(slow, [old, newest]) == Renewed((old,), ())
    store.cancel([one.id])
    assert store.renew(slow, [newest, old]) == Renewed((old,), (newest,))


def test_progress_is_kept_and_stale_reports_are_dropped(store: Store, seat: Seat) -> None:
    store.add([job()])
    (claim,) = store.claim(seat, 1)
    told = ProgressReport(claim.id, claim.token, 3.0, 10.0, "mixing down \ud800 \x1b[31m")
    store.report(seat, [told])
    store.report(seat, [ProgressReport(claim.id, claim.token + 1, 9.0, None, "stale"), told, told][:1])
    store.report(seat, [])
    kept = only(store, claim.id).progress
    assert kept is not None
    assert (kept.done, kept.total, kept.note) == (3.0, 10.0, "mixing down ? \x1b[31m")


def test_how_long_it_was_held_counts_from_the_first_time(store: Store, seat: Seat, clock: ManualClock) -> None:
    store.add([job()])
    for held_for in (0.0, 60.0, 120.0):
        (claim,) = store.claim(seat, 1)
        assert claim.held_for == pytest.approx(held_for)
        store.settle(seat, [ending(claim, Held("field podcast_id is missing"))])
        clock.advance(60)
    (claim,) = store.claim(seat, 1)
    store.settle(seat, [ending(claim, Released())])
    (claim,) = store.claim(seat, 1)
    assert claim.held_for == 0.0
