"""B: signals and freezing. Stopping costs no try; who was frozen can harm nothing when it wakes."""

import os
import signal
import time

import pytest

from dartian_queue.states import State
from tests.faults.instruments import Books, Ledger, audit, lease
from tests.scene import Scene, WorkerProcess, is_alive, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.repeated]


@pytest.fixture
def books(scene: Scene) -> Books:
    return Books(scene)


def begun(scene: Scene, job_id: str, times: int = 1) -> None:
    wait_for(lambda: Ledger(scene.ledger).starts(job_id) >= times, what=f"{job_id} to begin")


def freeze(worker: WorkerProcess, *, with_isolates: bool) -> list[int]:
    pids = [worker.pid, *(worker.descendants() if with_isolates else ())]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    return pids


def thaw(pids: list[int]) -> None:
    for pid in pids:
        if is_alive(pid):
            os.kill(pid, signal.SIGCONT)


def test_b1_a_running_job_finishes_within_the_grace(scene: Scene, books: Books) -> None:
    job_id, later = books.put(duration=1.5), books.put()
    worker = scene.worker("--isolates", "1", "--grace", "25")
    begun(scene, job_id)
    worker.send(signal.SIGTERM)
    assert worker.end() == 0
    assert scene.job(job_id).state is State.DONE
    assert (scene.job(later).state, Ledger(scene.ledger).starts(later)) == (State.WAITING, 0)
    assert audit(scene, books) == []


def test_b2_a_job_that_outlives_the_grace_goes_back_untouched(scene: Scene, books: Books) -> None:
    job_id = books.put(duration=60)
    worker = scene.worker("--isolates", "1", "--grace", "1")
    begun(scene, job_id)
    worker.send(signal.SIGTERM)
    asked_at = time.monotonic()
    assert worker.end() == 0
    assert time.monotonic() - asked_at < 30
    job = scene.job(job_id)
    assert (job.state, job.tries, job.crashes, job.errors) == (State.WAITING, 0, 0, ())
    scene.worker("--isolates", "1")
    begun(scene, job_id, times=2)
    assert audit(scene, books) == []


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_b3_a_second_signal_ends_it_at_once_with_the_same_guarantee(
    scene: Scene, books: Books, second: signal.Signals
) -> None:
    ids = [books.put(duration=60), books.put(duration=60), books.put()]
    worker = scene.worker("--isolates", "2", "--grace", "600")
    begun(scene, ids[0])
    begun(scene, ids[1])
    worker.send(signal.SIGTERM)
    worker.wait("worker_stopping")
    worker.send(second)
    assert worker.end() == (130 if second is signal.SIGINT else 0)
    assert {(job.state, job.tries, job.crashes) for job in map(scene.job, ids)} == {(State.WAITING, 0, 0)}
    assert audit(scene, books) == []


def test_b4_a_worker_that_was_frozen_with_its_isolates_can_settle_nothing(scene: Scene, books: Books) -> None:
    lease(scene)
    job_id = books.put(duration=2.0)
    old = scene.worker("--isolates", "1").ready()
    begun(scene, job_id)
    frozen = freeze(old, with_isolates=True)
    new = scene.worker("--isolates", "1")
    new.wait("attempt_ended", id=job_id, outcome="done", patience=60)
    new.kill()
    thaw(frozen)
    old.wait("attempt_ended", id=job_id, outcome="lost")
    after = books.put()
    old.wait("attempt_ended", id=after, outcome="done")
    notices = [event for event in old.seen if event["type"] == "notice" and "taken over" in str(event["text"])]
    assert len(notices) == 1
    assert [line for line in audit(scene, books) if "twice" not in line] == []  # it was frozen in the middle


def test_b5_the_zygote_ends_the_isolates_of_a_frozen_worker_before_its_leases_lapse(scene: Scene, books: Books) -> None:
    lease(scene)
    job_id = books.put(duration=4.0)
    old = scene.worker("--isolates", "1").ready()
    begun(scene, job_id)
    frozen = freeze(old, with_isolates=False)
    new = scene.worker("--isolates", "1")
    begun(scene, job_id, times=2)
    assert "overlap" not in {line[2] for line in Ledger(scene.ledger).lines}
    thaw(frozen)
    old.wait("attempt_ended", id=job_id, outcome="lost")
    new.wait("attempt_ended", id=job_id, outcome="done", patience=60)
    assert audit(scene, books) == []


def test_b6_no_other_signal_ends_anybody(scene: Scene, books: Books) -> None:
    worker = scene.worker("--isolates", "1").ready()
    job_id = books.put(duration=1.0)
    begun(scene, job_id)
    pids = [worker.pid, *worker.descendants()]
    assert len(pids) == 3
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2):
        for pid in pids:
            os.kill(pid, number)
    worker.wait("attempt_ended", id=job_id, outcome="done")
    assert [worker.pid, *worker.descendants()] == pids
    for pid in pids[1:]:
        os.kill(pid, signal.SIGTERM)  # as an init system does that signals a whole group
        os.kill(pid, signal.SIGINT)
    worker.wait("attempt_ended", id=books.put(), outcome="done")
    assert [worker.pid, *worker.descendants()] == pids
    assert audit(scene, books) == []
