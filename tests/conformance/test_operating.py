"""What operators do: cancel, retry, forget, prune, clear."""

from collections.abc import Callable

from dartian_queue.clock import ManualClock
from dartian_queue.options import Limits
from dartian_queue.outcome import Cancelled, Crashed, Done, Failed, Held, Retry
from dartian_queue.states import FINAL, State
from dartian_queue.stores.lifecycle import claims_of
from dartian_queue.stores.store import MOST_PRUNED, ProgressReport, Renewal, Seat, Store
from tests.conformance.making import ending, error, ids, job, only


def _one_of_each(store: Store, seat: Seat) -> dict[State, str]:
    """Bring a job into every state."""
    store.add([job(limits=Limits(tries=0)) for _ in range(4)])
    running, done, failed, cancelled = store.claim(seat, 4)
    store.settle(seat, [ending(done, Done()), ending(failed, Failed(error())), ending(cancelled, Cancelled())])
    waiting = job()
    store.add([waiting])
    return {
        State.WAITING: waiting.id,
        State.RUNNING: running.id,
        State.DONE: done.id,
        State.FAILED: failed.id,
        State.CANCELLED: cancelled.id,
    }


def test_t10_cancel_takes_what_waits_asks_what_runs_and_leaves_the_rest(store: Store, seat: Seat) -> None:
    by_state = _one_of_each(store, seat)
    before = {state: only(store, by_state[state]) for state in FINAL}
    asked = [*by_state.values(), "unknown"]
    assert store.cancel(asked) == {**{id_: state for state, id_ in by_state.items()}, "unknown": None}
    assert only(store, by_state[State.WAITING]).state is State.CANCELLED
    running = only(store, by_state[State.RUNNING])
    assert (running.state, running.cancel_asked) == (State.RUNNING, True)
    assert {state: only(store, by_state[state]) for state in FINAL} == before
    assert store.cancel([by_state[State.WAITING]]) == {by_state[State.WAITING]: State.CANCELLED}


def test_t12_retry_puts_failed_and_cancelled_jobs_back_and_nothing_else(
    store: Store, seat: Seat, clock: ManualClock
) -> None:
    by_state = _one_of_each(store, seat)
    others = {state: only(store, by_state[state]) for state in (State.WAITING, State.RUNNING, State.DONE)}
    clock.advance(50)
    changed = store.retry([*by_state.values(), "unknown", by_state[State.FAILED]])
    assert sorted(changed) == sorted([by_state[State.FAILED], by_state[State.CANCELLED]])
    for state in (State.FAILED, State.CANCELLED):
        found = only(store, by_state[state])
        assert (found.state, found.available_at, found.settled_at) == (State.WAITING, clock.wall(), None)
        assert (found.tries, found.crashes, found.claims, found.failed_reason) == (0, 0, 1, "")
    assert {state: only(store, by_state[state]) for state in others} == others


def test_t12_retry_gives_every_counter_but_the_token_back_and_keeps_the_errors(
    store: Store, seat: Seat, clock: ManualClock
) -> None:
    store.add([job(limits=Limits(tries=2), queue="media", priority=3)])
    (claim,) = store.claim(seat, 1)
    store.settle(seat, [ending(claim, Crashed(error("one")))])
    (claim,) = store.claim(seat, 1)
    store.settle(seat, [ending(claim, Held("?"))])
    clock.advance(60)
    (claim,) = store.claim(seat, 1)
    store.settle(seat, [ending(claim, Retry(error("two"), 0.0))])
    (claim,) = store.claim(seat, 1)
    store.report(seat, [ProgressReport(claim.id, claim.token, 1, 2, "")])
    store.cancel([claim.id])
    store.settle(seat, [ending(claim, Failed(error("three")))])
    store.prune(done=0, failed=1e9)
    assert store.retry([claim.id]) == [claim.id]
    found = only(store, claim.id)
    assert [one.message for one in found.errors] == ["one", "two", "three"]
    assert (found.progress, found.cancel_asked, found.held_reason) == (None, False, "")
    (again,) = store.claim(seat, 1)
    assert (claims_of(again.token), again.tries, again.crashes, again.exceptions, again.held_for) == (5, 0, 0, 0, 0.0)
    assert store.settle(seat, [ending(again, Retry(error(), 0.0))]) == [True]


def test_t13_forget_deletes_what_has_ended_and_nothing_else(store: Store, seat: Seat) -> None:
    by_state = _one_of_each(store, seat)
    ended = sorted(by_state[state] for state in FINAL)
    assert sorted(store.forget([*by_state.values(), "unknown", ended[0]])) == ended
    assert [store.find(id_) for id_ in ended] == [[], [], []]
    assert only(store, by_state[State.WAITING]).state is State.WAITING
    assert only(store, by_state[State.RUNNING]).state is State.RUNNING
    assert store.forget(ended) == []


def test_a_forgotten_id_may_be_used_again_and_old_tokens_do_not_fit(store: Store, sit: Callable[..., Seat]) -> None:
    frozen, other = sit(), sit()
    one = job()
    store.add([one])
    (stale,) = store.claim(frozen, 1)
    store.cancel([one.id])
    assert store.settle(frozen, [ending(stale, Cancelled())]) == [True]
    store.forget([one.id])
    assert [added.duplicate for added in store.add([one])] == [False]
    assert ids(store.claim(other, 1)) == [one.id]
    assert store.settle(frozen, [ending(stale, Done())]) == [False]
    assert store.renew(frozen, [Renewal(one.id, stale.token)]).lost == (Renewal(one.id, stale.token),)
    assert only(store, one.id).state is State.RUNNING


def test_t13_prune_keeps_each_state_for_its_retention(store: Store, seat: Seat, clock: ManualClock) -> None:
    old = _one_of_each(store, seat)
    (waiting,) = store.claim(seat, 1)
    clock.advance(100)
    young = _one_of_each(store, seat)
    assert store.prune(done=101, failed=101) == 0
    assert store.prune(done=99, failed=101) == 1
    assert store.find(old[State.DONE]) == []
    assert store.prune(done=99, failed=99) == 2
    left = {one.envelope.id for one in store.jobs()}
    assert left == {*young.values(), old[State.RUNNING], waiting.id}
    assert store.prune(done=99, failed=99) == 0


def test_prune_is_bounded_and_goes_on(store: Store, clock: ManualClock) -> None:
    store.add([job() for _ in range(2 * MOST_PRUNED + 500)])
    store.clear()
    clock.advance(10)
    assert [store.prune(done=5, failed=5) for _ in range(4)] == [MOST_PRUNED, MOST_PRUNED, 500, 0]


def test_work_goes_on_after_a_prune(store: Store, seat: Seat, clock: ManualClock) -> None:
    kept = [job("Kept", queue="other", delay=50.0), job("Running")]
    store.add([*kept, job("Done")])
    claims = {claim.envelope.name: claim for claim in store.claim(seat, 2)}
    store.settle(seat, [ending(claims["Done"], Failed(error()))])
    store.prune(done=0, failed=1e6)
    store.retry([claims["Done"].id])
    store.settle(seat, [ending(claims["Running"], Crashed(error()))])
    clock.advance(50)
    assert {claim.envelope.name for claim in store.claim(seat, 9)} == {"Kept", "Running", "Done"}


def test_t13_flush_deletes_what_failed_and_nothing_else(store: Store, seat: Seat, clock: ManualClock) -> None:
    old = _one_of_each(store, seat)
    clock.advance(100)
    young = _one_of_each(store, seat)
    assert store.flush(older=101) == 0
    assert store.flush(older=100, queue="other") == store.flush(older=100, name="Other") == 0
    assert store.flush(older=100, queue="default", name="Job") == 1
    assert store.find(old[State.FAILED]) == []
    others = [one.envelope.id for one in store.jobs() if one.state is not State.FAILED]
    assert store.flush() == 1
    assert [one.envelope.id for one in store.jobs()] == others
    assert store.find(young[State.FAILED]) == []
    assert store.flush() == 0


def test_flush_is_bounded_and_goes_on(store: Store, seat: Seat) -> None:
    store.add([job() for _ in range(2500)])
    store.settle(seat, [ending(claim, Failed(error())) for claim in store.claim(seat, 2500)])
    flushed = [store.flush(), store.flush(), store.flush(), store.flush()]
    assert sum(flushed) == 2500
    assert max(flushed) < 2500


def test_resume_undoes_one_switch_at_a_time(store: Store, seat: Seat) -> None:
    store.add([job(id="a", queue="a"), job(id="b", queue="b"), job(id="c", queue="c")])
    store.pause(["a", "b"])
    store.pause()
    store.resume(["a"])
    assert (store.counts().total.paused, store.counts().paused) == (True, ("b",))
    assert store.claim(seat, 9) == []
    store.resume()
    assert (store.counts().total.paused, store.counts().paused) == (False, ("b",))
    assert sorted(ids(store.claim(seat, 9))) == ["a", "c"]
    store.resume(["b"])
    assert ids(store.claim(seat, 9)) == ["b"]


def test_a_restart_is_asked_of_who_lives_now(store: Store, sit: Callable[..., Seat]) -> None:
    assert store.ask_restart() == []
    gone, companion, worker = sit("gone"), sit("companion", companion_of=77), sit("worker", queues=("media",))
    gone.leave()
    assert not worker.restart_asked()
    assert [info.name for info in store.ask_restart()] == ["worker"]
    assert [info.name for info in store.ask_restart()] == ["worker"]
    assert worker.restart_asked()
    assert not companion.restart_asked()
    assert not sit("later").restart_asked()
    worker.leave()
    assert [info.name for info in store.ask_restart()] == ["later"]


def test_a_seat_tells_an_operators_wake_up_from_others(store: Store, seat: Seat) -> None:
    if seat.fileno() < 0:
        return
    seat.drain()
    for command, expected in (
        (lambda: store.add([job(id="one")]), False),
        (lambda: store.cancel(["one"]), True),
        (lambda: store.add([job()]), False),
        (store.ask_restart, True),
        (store.pause, True),
    ):
        command()
        store.add([job()])
        assert seat.drain() is expected, command
        assert seat.drain() is False


def test_t10_clear_cancels_all_that_waits_in_its_queues(store: Store, seat: Seat, clock: ManualClock) -> None:
    store.add([job(queue="a"), job(queue="a", delay=9.0), job(queue="b"), job(queue="c")])
    (running,) = store.claim(seat, 1, queues=["b"])
    assert store.clear(["a", "b"]) == 2
    assert store.counts().total.cancelled == 2
    assert store.clear() == 1
    assert store.clear() == 0
    assert {one.settled_at for one in store.jobs(state=State.CANCELLED)} == {clock.wall()}
    assert only(store, running.id).state is State.RUNNING


def test_operators_wake_the_workers(store: Store, seat: Seat) -> None:
    import select

    if seat.fileno() < 0:
        return
    by_state = _one_of_each(store, seat)
    commands: list[Callable[[], object]] = [
        lambda: store.retry([by_state[State.FAILED]]),
        lambda: store.cancel([by_state[State.RUNNING]]),
        store.pause,
        store.resume,
    ]
    for command in commands:
        seat.drain()
        command()
        assert select.select([seat], [], [], 0)[0], command
