"""Store.settle and expire: every transition out of running, and the tokens that guard it."""

from collections.abc import Callable

import pytest

from dartian_queue.clock import ManualClock
from dartian_queue.errors import DuplicateId, IllegalTransition
from dartian_queue.options import Limits
from dartian_queue.outcome import Cancelled, Crashed, Done, Failed, Held, Outcome, Released, Retry
from dartian_queue.states import CRASH_CAP, State
from dartian_queue.stores.lifecycle import claims_of
from dartian_queue.stores.marks import Marks
from dartian_queue.stores.store import LEASE, Claim, ProgressReport, Renewal, Seat, Store
from tests.conformance.making import ending, error, ids, job, only

Sit = Callable[..., Seat]
UNBOUND = Limits(tries=0)


def _claim(store: Store, seat: Seat, **options: object) -> Claim:
    store.add([job(**{"limits": UNBOUND} | options)])  # type: ignore[arg-type]
    (claim,) = store.claim(seat, 1)
    return claim


@pytest.mark.parametrize(
    ("outcome", "state", "after", "tries", "crashes", "exceptions"),
    [
        (Done(), State.DONE, None, 0, 0, 0),
        (Cancelled(), State.CANCELLED, None, 0, 0, 0),
        (Retry(error(), 9.0), State.WAITING, 9.0, 1, 0, 1),
        (Retry(error(type="JobTimeout"), 9.0), State.WAITING, 9.0, 1, 0, 0),
        (Retry(error(type="shop.errors.JobTimeout"), 9.0), State.WAITING, 9.0, 1, 0, 1),
        (Failed(error()), State.FAILED, None, 1, 0, 1),
        (Failed(error(), "timeout"), State.FAILED, None, 1, 0, 0),
        (Failed(error(), "unloadable"), State.FAILED, None, 1, 0, 0),
        (Released(), State.WAITING, -5.0, 0, 0, 0),
        (Released(0.0), State.WAITING, 0.0, 0, 0, 0),
        (Released(30.0), State.WAITING, 30.0, 0, 0, 0),
        (Crashed(error()), State.WAITING, -5.0, 0, 1, 0),
        (Held("not known here"), State.WAITING, 60.0, 0, 0, 0),
    ],
)
def test_each_outcome_makes_its_transition(
    store: Store,
    seat: Seat,
    clock: ManualClock,
    outcome: Outcome,
    state: State,
    after: float | None,
    tries: int,
    crashes: int,
    exceptions: int,
) -> None:
    claim = _claim(store, seat)
    clock.advance(5)
    assert store.settle(seat, [ending(claim, outcome)]) == [True]
    found = only(store, claim.id)
    assert found.state is state
    assert (found.tries, found.crashes, found.claims, found.holder) == (tries, crashes, 1, "")
    assert found.settled_at == (None if state is State.WAITING else clock.wall())
    assert found.errors == ((outcome.error,) if isinstance(outcome, Retry | Failed | Crashed) else ())
    assert found.failed_reason == (outcome.reason if isinstance(outcome, Failed) else "")
    assert found.held_reason == (outcome.reason if isinstance(outcome, Held) else "")
    if after is not None:
        assert found.available_at == clock.wall() + after
        clock.advance(max(after, 0.0))
        (again,) = store.claim(seat, 1)
        assert (claims_of(again.token), again.tries, again.crashes, again.exceptions) == (2, tries, crashes, exceptions)
    else:
        clock.advance(1e6)
        assert store.claim(seat, 1) == []


@pytest.mark.parametrize(
    "outcome", [Done(), Cancelled(), Retry(error(), 1.0), Failed(error()), Released(), Crashed(error()), Held("?")]
)
def test_i2_a_stale_token_changes_nothing(store: Store, sit: Sit, clock: ManualClock, outcome: Outcome) -> None:
    frozen, other = sit(), sit()
    claim = _claim(store, frozen)
    store.settle(frozen, [ending(claim, Released())])
    (again,) = store.claim(other, 1)
    before = only(store, claim.id)
    assert store.settle(frozen, [ending(claim, outcome, job("Next"))]) == [False]
    assert only(store, claim.id) == before
    assert store.settle(other, [ending(again, Done())]) == [True]
    ended = only(store, claim.id)
    assert store.settle(other, [ending(again, outcome, job("Next"))]) == [False]
    assert store.settle(other, [ending(claim, outcome)]) == [False]
    assert only(store, claim.id) == ended
    assert store.jobs(name="Next") == []


def test_a_batch_settles_what_stands_and_says_what_did_not(store: Store, seat: Seat) -> None:
    store.add([job(limits=UNBOUND) for _ in range(4)])
    first, second, third, fourth = store.claim(seat, 4)
    store.settle(seat, [ending(second, Done())])
    batch = [ending(first, Done()), ending(second, Done()), ending(third, Retry(error(), 1.0)), ending(fourth, Done())]
    assert store.settle(seat, batch) == [True, False, True, True]
    assert store.settle(seat, []) == []
    total = store.counts().total
    assert (total.done, total.scheduled) == (3, 1)


def test_i5_a_follow_up_exists_exactly_if_its_settlement_took_effect(store: Store, seat: Seat) -> None:
    claim = _claim(store, seat)
    first, second = job("First", delay=5.0), job("Second", queue="later")
    assert store.settle(seat, [ending(claim, Done(), first, second)]) == [True]
    assert {only(store, first.id).state, only(store, second.id).state} == {State.WAITING}
    assert store.settle(seat, [ending(claim, Done(), job("Third"))]) == [False]
    assert store.jobs(name="Third") == []
    failing = _claim(store, seat)
    rescue = job("Rescue")
    assert store.settle(seat, [ending(failing, Failed(error()), rescue)]) == [True]
    assert only(store, rescue.id).state is State.WAITING


def test_i5_a_follow_up_that_cannot_be_stored_leaves_its_settlement_undone(store: Store, seat: Seat) -> None:
    store.add([job("Taken", id="taken", delay=99.0), job(), job()])
    first, second = store.claim(seat, 2)
    with pytest.raises(DuplicateId):
        store.settle(seat, [ending(first, Done(), job("New", id="new")), ending(second, Done(), job(id="taken"))])
    assert {only(store, first.id).state, only(store, second.id).state} == {State.RUNNING}
    assert store.find("new") == []
    assert store.settle(seat, [ending(first, Done()), ending(second, Done())]) == [True, True]


@pytest.mark.parametrize("tries", [1, 3])
def test_t5_a_retry_without_a_try_left_is_refused_and_nothing_of_the_batch_changes(
    store: Store, seat: Seat, tries: int
) -> None:
    other = _claim(store, seat)
    claim = _claim(store, seat, limits=Limits(tries=tries))
    for _ in range(tries - 1):
        store.settle(seat, [ending(claim, Retry(error(), 0.0))])
        (claim,) = store.claim(seat, 1)
    with pytest.raises(IllegalTransition, match=f"no try is left of {tries}; settle it as Failed"):
        store.settle(seat, [ending(other, Done(), job("Next")), ending(claim, Retry(error(), 0.0))])
    assert {only(store, other.id).state, only(store, claim.id).state} == {State.RUNNING}
    assert store.jobs(name="Next") == []
    store.settle(seat, [ending(claim, Failed(error())), ending(other, Done())])
    assert only(store, claim.id).tries == tries


def test_t5_a_deadline_bounds_in_place_of_tries(store: Store, seat: Seat, clock: ManualClock) -> None:
    deadline = clock.wall() + 100
    claim = _claim(store, seat, limits=Limits(tries=1, retry_until=deadline))
    assert store.settle(seat, [ending(claim, Retry(error(at=deadline - 1), 0.0))]) == [True]
    (claim,) = store.claim(seat, 1)
    with pytest.raises(IllegalTransition, match="after the job's deadline"):
        store.settle(seat, [ending(claim, Retry(error(at=deadline + 1), 0.0))])
    assert only(store, claim.id).state is State.RUNNING


def test_t5_a_retry_that_was_decided_before_the_deadline_stands_however_late_it_is_settled(
    store: Store, seat: Seat, clock: ManualClock
) -> None:
    """As after a time in which the store was out of reach."""
    deadline = clock.wall() + 10
    claim = _claim(store, seat, limits=Limits(tries=1, retry_until=deadline))
    clock.advance(20)
    assert store.settle(seat, [ending(claim, Retry(error(at=deadline - 1), 0.5))]) == [True]
    job = only(store, claim.id)
    assert (job.state, job.tries, job.available_at) == (State.WAITING, 1, clock.wall() + 0.5)


def test_t8c_and_t9c_crashes_are_capped(store: Store, seat: Seat) -> None:
    claim = _claim(store, seat)
    for crashes in range(1, CRASH_CAP):
        store.settle(seat, [ending(claim, Crashed(error("signal 11")))])
        assert only(store, claim.id).crashes == crashes
        (claim,) = store.claim(seat, 1)
    store.settle(seat, [ending(claim, Crashed(error("signal 11")))])
    found = only(store, claim.id)
    assert (found.state, found.failed_reason, found.crashes) == (State.FAILED, "crashed", CRASH_CAP)
    assert (found.tries, len(found.errors)) == (0, CRASH_CAP)


def test_errors_are_bounded_and_storable(store: Store, seat: Seat) -> None:
    claim = _claim(store, seat)
    for number in range(30):
        told = error(f"number {number} \ud800 \0")
        store.settle(seat, [ending(claim, Retry(told, 0.0))])
        (claim,) = store.claim(seat, 1)
    found = only(store, claim.id)
    assert len(found.errors) == 20
    assert found.errors[-1].message == "number 29 ? \0"
    assert found.tries == 30
    huge = error("m" * 100_000)
    huge = type(huge)(huge.type, huge.message, huge.where, "t" * 1_000_000)
    for _ in range(9):
        store.settle(seat, [ending(claim, Retry(huge, 0.0))])
        (claim,) = store.claim(seat, 1)
    errors = only(store, claim.id).errors
    assert sum(len(one.message) + len(one.traceback) for one in errors) <= 64 * 1024
    assert 16_000 < len(errors[-1].traceback) <= 16 * 1024


def test_t8_a_lapsed_lease_is_taken_back_and_charged(store: Store, sit: Sit, clock: ManualClock) -> None:
    frozen, other = sit(), sit()
    claim = _claim(store, frozen)
    store.settle(frozen, [ending(claim, Released())])
    (claim,) = store.claim(frozen, 1)  # the second claim of the first attempt
    if frozen.marks_path:
        Marks(frozen.marks_path).begin(0, claim.id, claim.token)
    available_at = claim.envelope.available_at
    clock.advance(LEASE - 0.01)
    assert store.expire(other) == []
    clock.advance(0.02)
    (expired,) = store.expire(other)
    assert (expired.envelope.id, expired.state, expired.begun) == (claim.id, State.WAITING, True)
    assert (expired.crashes, expired.holder) == (1, frozen.holder)
    assert store.expire(other) == []
    found = only(store, claim.id)
    assert (found.state, found.crashes, found.tries, found.available_at) == (State.WAITING, 1, 0, available_at)
    lost = f"its worker ({frozen.holder}) died or froze while the job ran"
    assert [(one.type, one.message, one.attempt) for one in found.errors] == [("JobCrashed", lost, 1)]
    assert store.renew(frozen, [Renewal(claim.id, claim.token)]).lost == (Renewal(claim.id, claim.token),)


def test_a_stale_claim_settles_no_later_job_with_the_same_id_of_the_same_holder(
    store: Store, sit: Sit, clock: ManualClock
) -> None:
    seat, other = sit(), sit()
    store.add([job(id="again")])
    (stale,) = store.claim(seat, 1)
    clock.advance(LEASE + 1)
    store.expire(other)
    store.cancel(["again"])
    assert store.forget(["again"]) == ["again"]
    store.add([job(id="again", payload='{"other": 1}')])
    (claim,) = store.claim(seat, 1)
    held = Renewal(claim.id, claim.token)
    assert store.renew(seat, [Renewal(stale.id, stale.token), held]).lost == (Renewal(stale.id, stale.token),)
    store.report(seat, [ProgressReport(stale.id, stale.token, 1.0, 2.0, "stale")])
    assert only(store, "again").progress is None
    for outcome in (Done(), Failed(error())):
        assert store.settle(seat, [ending(stale, outcome)]) == [False]
    assert only(store, "again").claims == 1
    assert store.settle(seat, [ending(claim, Done())]) == [True]


def test_t8b_what_had_not_begun_is_not_charged(store: Store, sit: Sit) -> None:
    dead, other = sit(), sit()
    if not dead.marks_path:
        pytest.skip("this store keeps no marks")
    store.add([job(limits=UNBOUND) for _ in range(3)])
    begun, ended, ahead = store.claim(dead, 3)
    marks = Marks(dead.marks_path)
    marks.begin(0, begun.id, begun.token)
    marks.begin(1, ended.id, ended.token)
    marks.clear(1)
    marks.begin(2, ahead.id, ahead.token + 1)
    dead.leave()
    assert {expired.envelope.id: expired.begun for expired in store.expire(other)} == {
        begun.id: True,
        ended.id: False,
        ahead.id: False,
    }
    assert [only(store, one.id).crashes for one in (begun, ended, ahead)] == [1, 0, 0]
    assert ids(store.claim(other, 3)) == [begun.id, ended.id, ahead.id]


def test_t9_the_third_crash_by_expiry_fails(store: Store, sit: Sit, clock: ManualClock) -> None:
    seat = sit()
    claim = _claim(store, seat)
    states: list[State] = []
    for _ in range(CRASH_CAP):
        if seat.marks_path:
            Marks(seat.marks_path).begin(0, claim.id, claim.token)
        clock.advance(LEASE + 1)
        (expired,) = store.expire(seat)
        states.append(expired.state)
        (claim,) = store.claim(seat, 1) or [claim]
    assert states == [State.WAITING, State.WAITING, State.FAILED]
    found = only(store, claim.id)
    assert (found.failed_reason, found.crashes, found.settled_at) == ("crashed", 3, clock.wall())


def test_a_seat_that_was_left_is_taken_over_at_once(store: Store, sit: Sit) -> None:
    gone, other = sit(), sit()
    claim = _claim(store, gone)
    assert store.expire(other) == []
    gone.leave()
    gone.leave()
    (expired,) = store.expire(other)
    assert expired.envelope.id == claim.id
    assert store.settle(gone, [ending(claim, Done())]) == [False]


def test_expiring_is_bounded_and_goes_on(store: Store, sit: Sit) -> None:
    gone, other = sit(), sit()
    store.add([job() for _ in range(1200)])
    store.claim(gone, 1200)
    gone.leave()
    taken: list[int] = []
    while expired := store.expire(other):
        taken.append(len(expired))
    assert sum(taken) == 1200
    assert max(taken) < 1200


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_step_of_the_wall_clock_lapses_nothing(store: Store, seat: Seat, clock: ManualClock, step: float) -> None:
    claim = _claim(store, seat)
    clock.step_wall(step)
    assert store.expire(seat) == []
    clock.advance(LEASE - 1)
    assert store.expire(seat) == []
    store.settle(seat, [ending(claim, Retry(error(), 5.0))])
    assert only(store, claim.id).available_at == clock.wall() + 5


@pytest.mark.parametrize("outcome", [Retry(error(), 1.0), Released(), Crashed(error()), Held("?")])
def test_a_cancel_that_was_asked_is_not_forgotten(
    store: Store, seat: Seat, outcome: Outcome, clock: ManualClock
) -> None:
    claim = _claim(store, seat)
    assert store.cancel([claim.id]) == {claim.id: State.RUNNING}
    assert only(store, claim.id).cancel_asked
    assert store.settle(seat, [ending(claim, outcome)]) == [True]
    found = only(store, claim.id)
    assert (found.state, found.settled_at) == (State.CANCELLED, clock.wall())


def test_a_job_that_ends_before_its_cancel_is_seen_has_ended(store: Store, seat: Seat) -> None:
    done, failed = _claim(store, seat), _claim(store, seat)
    store.cancel([done.id, failed.id])
    store.settle(seat, [ending(done, Done()), ending(failed, Failed(error()))])
    assert [only(store, one.id).state for one in (done, failed)] == [State.DONE, State.FAILED]
