"""The table of docs/lifecycle.md row by row, where no other test of this room is one row's alone, and its invariants.

The tests of a row begin with its number, wherever they stand; docs/lifecycle.md lists them all.
"""

from collections.abc import Callable
from itertools import product

import pytest

from dartian_queue.clock import ManualClock
from dartian_queue.errors import IllegalTransition
from dartian_queue.options import Limits
from dartian_queue.outcome import Cancelled, Crashed, Done, Failed, Held, Outcome, Released, Retry
from dartian_queue.states import CRASH_CAP, FINAL, TRANSITIONS, State, sources
from dartian_queue.stores.lifecycle import claims_of
from dartian_queue.stores.marks import Marks
from dartian_queue.stores.store import LEASE, Claim, ProgressReport, Renewal, Seat, Settlement, Store, StoredJob
from tests.conformance.making import ending, error, ids, job, only

Sit = Callable[..., Seat]
OUTCOMES: list[Outcome] = [
    Done(),
    Retry(error(), 5.0),
    Failed(error()),
    Released(),
    Cancelled(),
    Crashed(error()),
    Held("?"),
]


def _run(store: Store, seat: Seat, *, tries: int = 2) -> Claim:
    one = job(limits=Limits(tries=tries))
    store.add([one])
    (claim,) = store.claim(seat, 1)
    assert claim.id == one.id
    return claim


def _settle(store: Store, seat: Seat, claim: Claim, outcome: Outcome) -> dict[str, tuple[object, object]]:
    """Settle, and return what that has changed of the job: each field with its value before and after."""
    before = only(store, claim.id)
    assert store.settle(seat, [ending(claim, outcome)]) == [True]
    return _changes(before, only(store, claim.id))


def _changes(before: StoredJob, after: StoredJob) -> dict[str, tuple[object, object]]:
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in StoredJob.__struct_fields__}
    pairs.pop("envelope")  # its available_at is the job's
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def test_t2_a_claim_needs_a_due_job_of_an_open_queue_whose_name_is_known(
    store: Store, seat: Seat, clock: ManualClock
) -> None:
    one = job("Known", delay=5.0)
    store.add([one])
    waiting = only(store, one.id)
    clock.advance(4.5)
    assert store.claim(seat, 1) == []
    clock.advance(0.5)
    store.pause(["default"])
    assert store.claim(seat, 1) == []
    store.resume(["default"])
    assert store.claim(seat, 1, names=["Other"]) == []
    assert only(store, one.id) == waiting
    assert ids(store.claim(seat, 1, names=["Other", "Known"])) == [one.id]
    assert _changes(waiting, only(store, one.id)) == {
        "state": (State.WAITING, State.RUNNING),
        "claims": (0, 1),
        "holder": ("", seat.holder),
        "claimed_at": (None, clock.wall()),
    }


def test_t4_done_settles(store: Store, seat: Seat, clock: ManualClock) -> None:
    claim = _run(store, seat)
    clock.advance(3)
    assert _settle(store, seat, claim, Done()) == {
        "state": (State.RUNNING, State.DONE),
        "holder": (seat.holder, ""),
        "settled_at": (None, clock.wall()),
    }


def test_t5_a_retry_costs_a_try_and_waits_for_its_delay(store: Store, seat: Seat, clock: ManualClock) -> None:
    claim = _run(store, seat)
    clock.advance(3)
    assert _settle(store, seat, claim, Retry(error(), 9.0)) == {
        "state": (State.RUNNING, State.WAITING),
        "holder": (seat.holder, ""),
        "available_at": (clock.wall() - 3, clock.wall() + 9),
        "tries": (0, 1),
        "errors": ((), (error(),)),
    }


def test_t6_a_failure_costs_a_try_and_settles(store: Store, seat: Seat, clock: ManualClock) -> None:
    claim = _run(store, seat)
    clock.advance(3)
    assert _settle(store, seat, claim, Failed(error(), "timeout")) == {
        "state": (State.RUNNING, State.FAILED),
        "holder": (seat.holder, ""),
        "tries": (0, 1),
        "errors": ((), (error(),)),
        "failed_reason": ("", "timeout"),
        "settled_at": (None, clock.wall()),
    }


@pytest.mark.parametrize("delay", [0.0, 30.0])
def test_t7_a_released_job_waits_again_at_no_cost(store: Store, seat: Seat, clock: ManualClock, delay: float) -> None:
    claim = _run(store, seat)
    clock.advance(3)
    assert _settle(store, seat, claim, Released(delay)) == {
        "state": (State.RUNNING, State.WAITING),
        "holder": (seat.holder, ""),
        "available_at": (clock.wall() - 3, clock.wall() + delay),
    }


def test_t7_what_a_stopping_worker_gives_back_keeps_its_place_in_the_order(store: Store, seat: Seat) -> None:
    claim = _run(store, seat)
    store.add([job()])
    assert _settle(store, seat, claim, Released()) == {
        "state": (State.RUNNING, State.WAITING),
        "holder": (seat.holder, ""),
    }
    assert store.claim(seat, 1)[0].id == claim.id


def test_t2_a_claim_forgets_the_progress_of_the_attempt_before(store: Store, seat: Seat) -> None:
    claim = _run(store, seat)
    store.report(seat, [ProgressReport(claim.id, claim.token, 3, 10, "half")])
    assert store.find(claim.id)[0].progress is not None
    store.settle(seat, [ending(claim, Released())])
    store.claim(seat, 1)
    assert store.find(claim.id)[0].progress is None


def test_t8c_a_crash_costs_no_try_and_keeps_the_place_in_the_order(
    store: Store, seat: Seat, clock: ManualClock
) -> None:
    claim = _run(store, seat)
    clock.advance(3)
    assert _settle(store, seat, claim, Crashed(error("signal 11"))) == {
        "state": (State.RUNNING, State.WAITING),
        "holder": (seat.holder, ""),
        "crashes": (0, 1),
        "errors": ((), (error("signal 11"),)),
    }


def test_t11_a_running_job_is_cancelled_by_its_holder(store: Store, seat: Seat, clock: ManualClock) -> None:
    claim = _run(store, seat)
    before = only(store, claim.id)
    store.cancel([claim.id])
    assert _changes(before, only(store, claim.id)) == {"cancel_asked": (False, True)}
    clock.advance(3)
    assert _settle(store, seat, claim, Cancelled()) == {
        "state": (State.RUNNING, State.CANCELLED),
        "holder": (seat.holder, ""),
        "settled_at": (None, clock.wall()),
    }


def test_t14_a_held_job_waits_a_minute_with_its_reason_at_no_cost(store: Store, seat: Seat, clock: ManualClock) -> None:
    claim = _run(store, seat)
    clock.advance(3)
    assert _settle(store, seat, claim, Held("field podcast_id is missing")) == {
        "state": (State.RUNNING, State.WAITING),
        "holder": (seat.holder, ""),
        "available_at": (clock.wall() - 3, clock.wall() + 60),
        "held_reason": ("", "field podcast_id is missing"),
    }


def _bring_to(store: Store, seat: Seat, state: State) -> Claim:
    """Return the claim, by now perhaps an old one, of a job that is in this state."""
    claim = _run(store, seat)
    outcome = {
        State.WAITING: Released(),
        State.DONE: Done(),
        State.FAILED: Failed(error()),
        State.CANCELLED: Cancelled(),
    }.get(state)
    if outcome:
        store.settle(seat, [ending(claim, outcome)])
    assert only(store, claim.id).state is state
    return claim


REFUSED = [
    (one.by, state)
    for one, state in product({row.by: row for row in TRANSITIONS}.values(), State)
    if state not in sources(one.by)
]


@pytest.mark.parametrize(("by", "state"), REFUSED, ids=[f"{by} of {state}" for by, state in REFUSED])
def test_what_the_table_does_not_name_is_refused_and_changes_nothing(
    store: Store, sit: Sit, clock: ManualClock, by: str, state: State
) -> None:
    seat, other = sit(), sit()
    claim = _bring_to(store, seat, state)
    before, counted = only(store, claim.id), store.counts()
    _try(store, seat, claim, by, state)
    assert only(store, claim.id) == before
    assert store.counts() == counted
    if state is not State.RUNNING:
        assert store.expire(other) == []
        clock.advance(2 * LEASE)
        assert store.expire(other) == []
    assert only(store, claim.id) == before


def _try(store: Store, seat: Seat, claim: Claim, by: str, state: State) -> None:
    operation, _, kind = by.partition(" ")
    tried: dict[str, Callable[[], object]] = {
        "dispatch": lambda: [added.duplicate for added in store.add([claim.envelope])] == [True],
        "claim": lambda: store.claim(seat, 9) == [],
        "renew": lambda: store.renew(seat, [Renewal(claim.id, claim.token)]).lost == (Renewal(claim.id, claim.token),),
        "settle": lambda: (
            [
                store.settle(seat, [Settlement(claim.id, token, outcome, (job("Next"),))])
                for token in (claim.token - 1, claim.token, claim.token + 1)
                for outcome in OUTCOMES
                if type(outcome).__name__ == kind
            ]
            == [[False]] * 3
        ),
        "expire": lambda: store.expire(seat) == [],
        "cancel": lambda: (store.cancel([claim.id]), store.clear()) == ({claim.id: state}, 0),
        "retry": lambda: store.retry([claim.id]) == [],
        "forget": lambda: (store.forget([claim.id]), store.prune(done=-1, failed=-1), store.flush()) == ([], 0, 0),
    }
    if (by, state) == ("cancel", State.RUNNING):
        store.clear()  # cancel itself notes the wish (T11)
    else:
        assert tried[operation]()


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_only_the_holder_settles_what_runs_and_only_with_its_newest_token(
    store: Store, sit: Sit, outcome: Outcome
) -> None:
    seat, other = sit(), sit()
    stale = _run(store, seat)
    store.settle(seat, [ending(stale, Released())])
    (claim,) = store.claim(seat, 1)
    before = only(store, claim.id)
    for holder, token in ((other, claim.token), (other, stale.token), (seat, stale.token), (seat, claim.token + 1)):
        assert store.settle(holder, [Settlement(claim.id, token, outcome, (job("Next"),))]) == [False]
        assert store.renew(holder, [Renewal(claim.id, token)]).lost == (Renewal(claim.id, token),)
    assert (only(store, claim.id), store.jobs(name="Next")) == (before, [])
    assert store.settle(seat, [Settlement("unknown", 1, outcome, (job("Next"),))]) == [False]
    assert store.jobs(name="Next") == []


def test_i1_claims_only_grow_whatever_becomes_of_a_job(store: Store, seat: Seat, clock: ManualClock) -> None:
    claim = _run(store, seat, tries=0)
    for number, outcome in enumerate(OUTCOMES * 2, start=1):
        assert (claims_of(claim.token), only(store, claim.id).claims) == (number, number)
        if isinstance(outcome, Done):  # nothing leads back from there
            clock.advance(LEASE + 1)
            store.expire(seat)
        else:
            store.settle(seat, [ending(claim, outcome)])
        store.cancel([claim.id])
        assert store.retry([claim.id]) == [claim.id]
        assert only(store, claim.id).claims == number
        (claim,) = store.claim(seat, 1)


def test_i3_a_job_has_one_lease_at_most(store: Store, sit: Sit, clock: ManualClock) -> None:
    first, second = sit(), sit()
    claim = _run(store, first)
    assert store.claim(second, 9) == store.claim(first, 9) == []
    clock.advance(LEASE)
    assert store.claim(second, 9) == []  # lapsed, and not yet taken back
    assert len(store.expire(second)) == 1
    (again,) = store.claim(second, 9)
    old, newest = Renewal(claim.id, claim.token), Renewal(again.id, again.token)
    assert store.renew(first, [old]).lost == (old,)
    assert store.renew(second, [newest]).lost == ()
    assert only(store, claim.id).holder == second.holder


def test_i4_done_is_left_by_deleting_only(store: Store, sit: Sit, clock: ManualClock) -> None:
    seat, other = sit(), sit()
    claim = _bring_to(store, seat, State.DONE)
    before = only(store, claim.id)
    assert {row.by for row in TRANSITIONS if row.source is State.DONE} == {"forget"}
    for by in {row.by for row in TRANSITIONS} - {"forget"}:
        _try(store, seat, claim, by, State.DONE)
        assert store.expire(other) == []
    assert store.flush() == 0
    clock.advance(10)
    assert store.prune(done=10, failed=0) == 0
    assert only(store, claim.id) == before
    assert store.forget([claim.id]) == [claim.id]
    assert store.find(claim.id) == []


def test_i6_no_way_leads_over_the_bounds_of_tries_and_crashes(store: Store, sit: Sit, clock: ManualClock) -> None:
    seat = sit()
    claim, most = _run(store, seat, tries=2), (0, 0)
    for number in range(40):
        outcome = OUTCOMES[number % 7] if number % 3 else Crashed(error())
        try:
            store.settle(seat, [ending(claim, outcome)])
        except IllegalTransition:
            store.settle(seat, [ending(claim, Failed(error()))])
        found = only(store, claim.id)
        most = max(most[0], found.tries), max(most[1], found.crashes)
        if found.state is State.DONE:
            claim = _run(store, seat, tries=2)
            continue
        store.retry([claim.id])
        clock.advance(60)
        (claim,) = store.claim(seat, 1)
    assert most == (2, CRASH_CAP)
    assert [finding for check in store.check() for finding in check.findings] == []


def test_i7_exactly_what_runs_has_a_holder(store: Store, sit: Sit, clock: ManualClock) -> None:
    seat, other = sit(), sit()
    lost = _run(store, seat)
    claims = [_bring_to(store, seat, state) for state in sorted(State, key=lambda state: state is State.WAITING)]
    if seat.marks_path:
        Marks(seat.marks_path).begin(0, lost.id, lost.token)
    for _ in range(2):
        for one in (only(store, claim.id) for claim in [*claims, lost]):
            assert one.holder == (seat.holder if one.state is State.RUNNING else "")
            assert (one.settled_at is not None) is (one.state in FINAL)
        clock.advance(LEASE)
        store.expire(other)
    assert store.counts().total.running == 0


def test_i8_the_states_sum_to_what_was_dispatched_and_not_deleted(store: Store, seat: Seat, clock: ManualClock) -> None:
    def stored() -> int:
        total = store.counts().total
        by_state = [total.waiting, total.running, total.done, total.failed, total.cancelled]
        assert by_state == [store.how_many(state) for state in State]
        return sum(by_state)

    store.add([job() for _ in range(9)])
    claims = store.claim(seat, 8)
    assert stored() == 9
    store.settle(seat, [ending(claim, outcome) for claim, outcome in zip(claims, OUTCOMES, strict=False)])
    assert stored() == 9
    store.settle(seat, [ending(claims[7], Done(), job(), job())])
    assert stored() == 11
    done, failed, cancelled = (claims[number].id for number in (0, 2, 4))
    store.retry([cancelled])
    store.cancel([cancelled])
    assert stored() == 11
    assert store.forget([done, "unknown"]) == [done]
    assert stored() == 10
    clock.advance(1)
    assert store.flush() == 1
    assert store.find(failed) == []
    assert stored() == 9
    assert store.prune(done=0, failed=0) == 2
    assert stored() == 7
