"""What people and workers ask: find, jobs, counts, names, due times, workers."""

from collections.abc import Callable

from dartian_queue.clock import ManualClock
from dartian_queue.options import Limits
from dartian_queue.outcome import Cancelled, Done, Failed, Held, Released
from dartian_queue.states import State
from dartian_queue.stores.store import NameCounts, ProgressReport, QueueCounts, Seat, Store
from tests.conformance.making import ending, error, job, only

Sit = Callable[..., Seat]


def _ids(jobs: "list[object]") -> list[str]:
    return [one.envelope.id for one in jobs]  # type: ignore[attr-defined]


def test_find_goes_by_the_start_of_the_id(store: Store) -> None:
    store.add([job(id=id_) for id_ in ("7f3a", "7f3b", "7f", "8a_%", "8a*")])
    assert _ids(store.find("7f3")) == ["7f3a", "7f3b"]
    assert _ids(store.find("7f")) == ["7f"]
    assert _ids(store.find("8a_")) == ["8a_%"]
    assert store.find("%") == store.find("_") == store.find("7f3c") == store.find("7F3") == []
    assert len(store.find("", limit=3)) == 3


def test_text_that_looks_like_a_statement_is_text(store: Store, seat: Seat) -> None:
    hostile = "x'; DROP TABLE jobs; -- \" ? :1 %s {0}"
    store.add([job(hostile, id="j1", tags=(hostile,)), job(id="j2")])
    assert _ids(store.jobs(name=hostile)) == ["j1"]
    assert store.jobs(name=hostile[:-1]) == store.jobs(queue=hostile) == store.find("' OR '1'='1") == []
    assert hostile in store.waiting_names()
    store.pause([hostile])
    assert store.counts().paused == (hostile,)
    assert store.claim(seat, 9, names={"' OR '1'='1"}, queues=(hostile,)) == []
    (claim,) = store.claim(seat, 9, names={hostile})
    assert claim.envelope.tags == (hostile,)
    assert store.settle(seat, [ending(claim, Failed(error(hostile), hostile))]) == [True]
    (failed,) = store.jobs(state=State.FAILED)
    assert (failed.errors[0].message, failed.failed_reason) == (hostile, hostile)
    assert _ids(store.jobs()) == ["j1", "j2"]


def test_jobs_are_listed_as_they_were_dispatched_or_as_they_settled(
    store: Store, seat: Seat, clock: ManualClock
) -> None:
    store.add([job(id=f"j{number}", queue="ab"[number % 2], delay=9.0 - number) for number in range(6)])
    assert _ids(store.jobs()) == ["j0", "j1", "j2", "j3", "j4", "j5"]
    assert _ids(store.jobs(newest_first=True, limit=2)) == ["j5", "j4"]
    assert _ids(store.jobs(queue="b", state=State.WAITING)) == ["j1", "j3", "j5"]
    clock.advance(10)
    for claim in store.claim(seat, 4):  # j5, j4, j3, j2
        clock.advance(1)
        store.settle(seat, [ending(claim, Done())])
    assert _ids(store.jobs(state=State.DONE)) == ["j5", "j4", "j3", "j2"]
    assert _ids(store.jobs(state=State.DONE, newest_first=True, limit=1)) == ["j2"]
    assert _ids(store.jobs(state=State.DONE, queue="a")) == ["j4", "j2"]
    assert _ids(store.jobs(name="Job", state=State.WAITING)) == ["j0", "j1"]
    assert store.jobs(name="Other") == store.jobs(state=State.FAILED) == store.jobs(queue="c") == []


def test_counts_are_by_queue_and_in_sum(store: Store, seat: Seat, clock: ManualClock) -> None:
    assert store.counts().queues == ()
    assert store.counts().total == QueueCounts("*")
    store.add([job(queue="b"), *(job(queue="a", priority=-number) for number in range(6)), job(queue="a", delay=99.0)])
    claims = store.claim(seat, 5, queues=["a"])
    clock.advance(7)
    store.settle(
        seat,
        [ending(claims[0], Done()), ending(claims[1], Failed(error())), ending(claims[2], Held("?"))],
    )
    store.cancel([claims[3].id])
    store.pause(["b", "empty"])
    counts = store.counts()
    assert counts.queues == (
        QueueCounts("a", ready=1, scheduled=1, held=1, running=2, done=1, failed=1, oldest=7.0),
        QueueCounts("b", ready=1, oldest=7.0, paused=True),
        QueueCounts("empty", paused=True),
    )
    assert counts.paused == ("b", "empty")
    assert counts.total == QueueCounts("*", ready=2, scheduled=1, held=1, running=2, done=1, failed=1, oldest=7.0)
    assert counts.total.waiting == 4
    clock.advance(60)
    assert (store.counts().total.held, store.counts().total.ready) == (1, 2)
    assert store.counts().total.oldest == 67.0


def test_held_jobs_are_listed_alone(store: Store, seat: Seat) -> None:
    store.add([job(id=id_, queue="ab"[id_ == "j2"]) for id_ in ("j0", "j1", "j2")])
    claims = store.claim(seat, 3)
    store.settle(seat, [ending(claim, Held("no such field")) for claim in claims[1:]])
    assert [(one.envelope.id, one.held_reason) for one in store.jobs(held=True)] == [
        ("j1", "no such field"),
        ("j2", "no such field"),
    ]
    assert _ids(store.jobs(held=True, queue="b")) == ["j2"]
    assert store.jobs(held=True, state=State.RUNNING) == []
    store.cancel(["j1"])
    assert _ids(store.jobs(held=True)) == ["j2"]


def test_how_many(store: Store, seat: Seat, clock: ManualClock) -> None:
    store.add([job("A", queue="x"), job("A", queue="y"), job("B", queue="x"), job("B", queue="y", delay=99.0)])
    assert store.how_many(State.WAITING) == 4
    assert store.how_many(State.WAITING, queue="x") == 2
    assert store.how_many(State.WAITING, queue="x", name="A", older=1e9) == 1
    for claim in store.claim(seat, 3):
        store.settle(seat, [ending(claim, Failed(error()))])
        clock.advance(10)
    assert (store.how_many(State.WAITING), store.how_many(State.FAILED), store.how_many(State.RUNNING)) == (1, 3, 0)
    assert [store.how_many(State.FAILED, older=older) for older in (0.0, 10.0, 20.0, 30.0, 31.0)] == [3, 3, 2, 1, 0]
    assert store.how_many(State.FAILED, name="A", older=20.0) == 2
    assert store.how_many(State.FAILED, queue="nowhere") == 0


def test_finished_counts_what_was_done_or_failed_of_late(store: Store, seat: Seat, clock: ManualClock) -> None:
    store.add([job() for _ in range(5)])
    for outcome in (Done(), Failed(error()), Cancelled(), Released()):
        (claim,) = store.claim(seat, 1)
        store.settle(seat, [ending(claim, outcome)])
        clock.advance(10)
    assert [store.finished(within) for within in (30.0, 30.1, 40.0, 40.1)] == [0, 1, 1, 2]


def test_what_runs_says_since_when_and_how_far_it_is(store: Store, seat: Seat, clock: ManualClock) -> None:
    store.add([job(id="ran"), job(id="waits")])
    clock.advance(5)
    (claim,) = store.claim(seat, 1)
    store.report(seat, [ProgressReport("ran", claim.token, 3.0, 10.0, "mixing")])
    (ran,) = store.jobs(state=State.RUNNING)
    assert (ran.envelope.id, ran.claimed_at) == ("ran", clock.wall())
    assert ran.progress == ProgressReport("ran", claim.token, 3.0, 10.0, "mixing")
    assert only(store, "waits").claimed_at is None
    clock.advance(5)
    store.settle(seat, [ending(claim, Released())])
    assert store.jobs(state=State.RUNNING) == []
    store.claim(seat, 1)
    assert only(store, "ran").claimed_at == clock.wall()


def test_a_sound_store_has_every_check_hold(store: Store, seat: Seat) -> None:
    store.add([job(limits=Limits(tries=1)), job(), job(), job(delay=9.0)])
    claims = store.claim(seat, 3)
    store.settle(seat, [ending(claims[0], Failed(error())), ending(claims[1], Done())])
    checks = store.check()
    assert [check for check in checks if check.findings] == []
    assert {"(I6)", "(I7)", "(I8)"} <= {check.title[-4:] for check in checks}


def test_waiting_names(store: Store, seat: Seat) -> None:
    assert store.waiting_names() == []
    store.add([job("B", queue="x"), job("A", delay=9.0), job("B"), job("Run")])
    store.claim(seat, 1, names=["Run"])
    assert store.waiting_names() == ["A", "B"]


def test_what_has_not_ended_is_counted_by_name(store: Store, seat: Seat) -> None:
    assert store.unfinished() == []
    store.add([job("Run"), job("Run"), job("Done")])
    run, again = store.claim(seat, 2, names=["Run"])
    (done,) = store.claim(seat, 1, names=["Done"])
    store.settle(seat, [ending(done, Done()), ending(again, Held("no such class", 60.0))])
    store.add([job("B", queue="x"), job("A", delay=9.0), job("B"), job("Run", priority=-3)])
    assert store.unfinished() == [
        NameCounts("A", waiting=1),
        NameCounts("B", waiting=2),
        NameCounts("Run", waiting=2, running=1),
    ]
    store.settle(seat, [ending(run, Done())])
    store.clear()
    assert store.unfinished() == []


def test_due_of_an_origin(store: Store, seat: Seat) -> None:
    store.add([job(origin="me"), job("B", origin="me"), job(origin="me", delay=9.0), job(origin="you"), job()])
    assert store.due_of("me") == 2
    (claim,) = store.claim(seat, 1)
    assert store.due_of("me") == 2
    store.settle(seat, [ending(claim, Done())])
    assert store.due_of("me") == 1
    assert store.due_of("nobody") == 0


def test_next_due(store: Store, clock: ManualClock) -> None:
    assert store.next_due() is None
    store.add([job(queue="a", delay=30.0), job(queue="b", delay=10.0)])
    assert store.next_due() == 10.0
    assert store.next_due(queues=["a"]) == 30.0
    assert store.next_due(queues=["c"]) is None
    store.pause(["b"])
    assert store.next_due() == 30.0
    store.pause()
    assert store.next_due() is None
    store.resume()
    clock.advance(15)
    assert store.next_due() == 15.0
    store.resume(["b"])
    assert store.next_due() == 0.0


def test_workers_are_listed_while_they_live(store: Store, sit: Sit, clock: ManualClock) -> None:
    assert store.workers() == []
    first = sit("first")
    clock.advance(1)
    second = sit("second", queues=("media",), companion_of=77)
    infos = store.workers()
    assert [info.name for info in infos] == ["first", "second"]
    assert [info.holder for info in infos] == [first.holder, second.holder]
    assert first.holder != second.holder
    assert (infos[1].queues, infos[1].companion_of, infos[1].host) == (("media",), 77, "here")
    assert infos[1].started_at == clock.wall()
    first.leave()
    assert [info.name for info in store.workers()] == ["second"]


def test_a_queue_is_served_by_a_live_worker_that_is_nobodys_companion(store: Store, sit: Sit) -> None:
    assert not store.served("default")
    sit(companion_of=77)
    assert not store.served("default")
    media = sit(queues=("media", "mail"))
    assert store.served("media")
    assert store.served("mail")
    assert not store.served("default")
    every = sit()
    assert store.served("default")
    every.leave()
    media.leave()
    assert not store.served("default")
    assert not store.served("media")


def test_a_seat_that_was_left_has_no_descriptor(store: Store, sit: Sit) -> None:
    seat = sit()
    seat.leave()
    assert seat.fileno() == -1
    seat.drain()


def test_it_opens_again_after_close(store: Store) -> None:
    store.add([job()])
    store.close()
    store.close()
    assert store.counts().total.ready == 1
    store.add([job()])
    assert store.counts().total.ready == 2
