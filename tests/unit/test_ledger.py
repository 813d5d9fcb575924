"""What a worker owes its store, also while that is out of reach, and when it refuses one outcome of many."""

import time
from collections.abc import Callable
from typing import cast

import pytest

from dartian_queue import ledger as ledger_module
from dartian_queue.envelope import Envelope, new_id
from dartian_queue.errors import StoreBusy
from dartian_queue.isolates.slot import InFlight
from dartian_queue.ledger import Ledger
from dartian_queue.options import Limits
from dartian_queue.outcome import Crashed, Done, ErrorReport, Failed, Released, Retry
from dartian_queue.states import State
from dartian_queue.stores import open_store
from dartian_queue.stores.lifecycle import claims_of
from dartian_queue.stores.store import ProgressReport, Seat, Store, StoredJob, WorkerInfo

ERROR = ErrorReport("ValueError", "bad row", at=1.0)


class Blocked:
    """A real store that is out of reach for as long as ``until`` says, and counts what was asked of it meanwhile."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.is_blocked = False
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        if self.is_blocked and name in ("settle", "renew", "report"):
            self.asked += 1
            raise StoreBusy("The store is locked")
        return cast("object", getattr(self._store, name))


class Desk:
    """A ledger over a memory store."""

    def __init__(self) -> None:
        self.store = open_store(f"memory://{new_id()}")
        self.blocked = Blocked(self.store)
        self.seat: Seat = self.store.join(WorkerInfo("one", 1, "here"))
        self.complaints: list[str] = []
        self.ledger = Ledger(cast("Store", self.blocked), self.seat, 30.0, self.complaints.append)

    def claim(self, **options: object) -> InFlight:
        envelope = Envelope(new_id(), "Note", "{}", limits=Limits(**options))  # type: ignore[arg-type]
        self.store.add([envelope])
        (claim,) = self.store.claim(self.seat, 1)
        return InFlight(claim, claim.envelope.limits)

    def job(self, in_flight: InFlight) -> StoredJob:
        (job,) = self.store.find(in_flight.claim.id)
        return job


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(ledger_module, "RETRY_AFTER", 0.05)
    return Desk()


def settle_until(desk: Desk, condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        desk.ledger.settle()
        time.sleep(0.01)


def test_what_is_owed_is_settled_together_and_counted(desk: Desk) -> None:
    done, failed = desk.claim(), desk.claim()
    desk.ledger.owe(done, Done(), 0.5)
    desk.ledger.owe(failed, Failed(ERROR))
    assert not desk.ledger.is_square
    assert [(one.kind, one.duration) for one in desk.ledger.settle()] == [("done", 0.5), ("failed", 0.0)]
    assert desk.ledger.is_square
    assert (desk.job(done).state, desk.job(failed).state) == (State.DONE, State.FAILED)
    assert (desk.ledger.tally["done"], desk.ledger.tally["failed"]) == (1, 1)
    assert desk.ledger.settle() == []


def test_an_outcome_is_kept_until_the_store_is_back_and_the_store_is_left_in_peace_meanwhile(desk: Desk) -> None:
    in_flight = desk.claim()
    desk.blocked.is_blocked = True
    desk.ledger.owe(in_flight, Done())
    assert desk.ledger.settle() == []
    assert desk.ledger.is_blocked
    assert [desk.ledger.settle() for _ in range(100)] == [[]] * 100
    assert desk.blocked.asked == 1
    assert desk.complaints == ["The store is locked"]
    desk.blocked.is_blocked = False
    settle_until(desk, lambda: desk.ledger.is_square)
    assert desk.job(in_flight).state is State.DONE


def test_an_outcome_without_effect_is_lost_and_nothing_else_happens(desk: Desk) -> None:
    in_flight = desk.claim()
    desk.store.settle(desk.seat, [])
    desk.seat.leave()
    other = desk.store.join(WorkerInfo("two", 2, "here"))
    desk.store.expire(other)
    (again,) = desk.store.claim(other, 1)
    desk.ledger.owe(in_flight, Failed(ERROR))
    assert [one.kind for one in desk.ledger.settle()] == ["lost"]
    job = desk.job(in_flight)
    assert (job.state, job.claims, job.tries) == (State.RUNNING, claims_of(again.token), 0)


def test_one_refused_retry_fails_alone(desk: Desk) -> None:
    """The stored limits leave it no try, which somebody must have edited: the others must not pay for that."""
    fine, refused, retried = desk.claim(), desk.claim(tries=1), desk.claim(tries=3)
    desk.ledger.owe(fine, Done())
    desk.ledger.owe(refused, Retry(ERROR, 0.0))
    desk.ledger.owe(retried, Retry(ERROR, 9.0))
    settle_until(desk, lambda: desk.ledger.is_square)
    assert (desk.job(fine).state, desk.job(refused).state) == (State.DONE, State.FAILED)
    assert (desk.job(retried).state, desk.job(retried).tries) == (State.WAITING, 1)
    assert len(desk.complaints) == 1
    assert refused.claim.id in desk.complaints[0]


def test_the_last_crash_counts_as_a_failure(desk: Desk) -> None:
    in_flight = desk.claim()
    kinds: list[str] = []
    for _ in range(3):
        desk.ledger.owe(in_flight, Crashed(ERROR))
        kinds.extend(one.kind for one in desk.ledger.settle())
        for claim in desk.store.claim(desk.seat, 1):
            in_flight = InFlight(claim, Limits())
    assert kinds == ["crashed", "crashed", "failed"]


def test_all_that_is_held_is_renewed_what_is_owed_too_and_nothing_that_was_lost(desk: Desk) -> None:
    running, owed, lost = desk.claim(), desk.claim(), desk.claim()
    desk.ledger.owe(owed, Done())
    lost.lost = True
    renewed = desk.ledger.renew([running, lost])
    assert renewed is not None
    assert renewed.lost == ()
    desk.store.cancel([running.claim.id])
    renewed = desk.ledger.renew([running])
    assert renewed is not None
    assert [one.id for one in renewed.cancel_asked] == [running.claim.id]
    desk.blocked.is_blocked = True
    assert desk.ledger.renew([running]) is None


def test_of_progress_the_latest_is_stored_that_of_an_ended_job_with_its_outcome(desk: Desk) -> None:
    running, ended = desk.claim(), desk.claim()
    for in_flight in (running, ended):
        for done in (1.0, 2.0):
            report = ProgressReport(in_flight.claim.id, in_flight.claim.token, done, 4.0, "")
            desk.ledger.note_progress(report)
    desk.ledger.owe(ended, Released(60.0))
    desk.blocked.is_blocked = True
    assert desk.ledger.settle() == []
    desk.blocked.is_blocked = False
    settle_until(desk, lambda: desk.job(ended).state is State.WAITING)
    assert desk.job(running).progress is None
    desk.ledger.report()
    for in_flight in (running, ended):
        progress = desk.job(in_flight).progress
        assert progress is not None
        assert progress.done == 2.0


def test_a_worker_that_ends_gives_up_in_words(desk: Desk) -> None:
    for _ in range(2):
        desk.ledger.owe(desk.claim(), Done())
    assert desk.ledger.give_up() == "the outcomes of 2 jobs could not be stored"
    assert desk.ledger.is_square
