"""Operators steer workers that live: pause, resume, restart and cancel reach them by a wake-up, and never by a look.

The connection's ``poll`` is a minute, so that whatever happens in a few seconds was told to the worker.
"""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from dartian_queue.options import Limits
from dartian_queue.states import State
from tests.cli.typing_at import dartian
from tests.scene import PATIENCE, Scene, is_alive, wait_for

CONFIG = """
from dartian_queue import Config, Connection
config = Config(connections={"isolate": Connection(driver="isolate", poll=60)})
"""

JOBS = """
class Note(Job):
    text: str = ""
    def handle(self) -> None:
        note(self.text)

class Until(Job):
    "Runs until its file is there."
    file: str
    def handle(self) -> None:
        note("begun")
        while not os.path.exists(self.file):
            time.sleep(0.01)
        note("ended")

class Listen(Job):
    def handle(self, context: JobContext) -> None:
        while not context.stopping:
            time.sleep(0.01)
        note(f"cancelled {context.cancelled}")
        raise RuntimeError("broken off")
    def failed(self, error: BaseException) -> None:
        note("failed")

class Break(Job):
    "Raises when its file is there."
    file: str
    def handle(self) -> None:
        while not os.path.exists(self.file):
            time.sleep(0.01)
        raise ValueError("again")
"""

PATIENT = """
import sys
from dartian_queue.isolates import slot
slot.AHEAD_TIME = 600.0
from dartian_cli.app import main
sys.argv[0] = "dartian"
main()
"""
"""``dartian`` with a worker that leaves what it claimed ahead where it is, however long the job before it takes."""

PAUSING = (
    """
import os, sys
from dartian_queue import worker

def opened(self):
    open_it(self)
    self.call_every(0.02, lambda: self.pause() if os.path.exists("pause") else self.resume())

open_it, worker.Worker._open = worker.Worker._open, opened
"""
    + PATIENT
)
"""The same, with a worker that is paused for as long as there is a file of that name."""


@pytest.fixture
def working(scene: Scene) -> Scene:
    scene.write("config/queue.py", CONFIG)
    scene.jobs(JOBS)
    return scene


def states(scene: Scene, *ids: str) -> list[State]:
    return [scene.job(job_id).state for job_id in ids]


# One worker alone, at its keys


def test_a_worker_that_is_paused_begins_nothing_and_gives_back_what_has_not_begun(working: Scene) -> None:
    for _ in range(600):  # so quick that the worker claims ahead
        working.put("Note")
    file, pause = working.root / "go", working.root / "pause"
    until = working.put("Until", file=str(file))
    behind = [working.put("Note", text=f"behind {number}") for number in range(3)]
    worker = working.start("-c", PAUSING, "queue:work", "--json", "--isolates", "1", "--stop-when-empty")
    worker.wait("attempt_started", id=until)
    wait_for(lambda: working.job(behind[2]).state is State.RUNNING, what="the jobs to be claimed ahead")
    pause.touch()
    assert worker.wait("worker_paused")["paused"] is True
    for job_id in behind:
        working.wait_until(job_id, State.WAITING)
    file.touch()
    worker.wait("attempt_ended", id=until, outcome="done")
    other = working.work()
    assert [event["id"] for event in other if event["type"] == "attempt_ended"] == behind, "they are another worker's"
    last = working.put("Note", text="last")
    dartian(working.root, "queue:status")  # which takes its time, in which the worker could err
    assert working.job(last).state is State.WAITING
    assert worker.process.poll() is None, "nothing has ended it, though nothing is due"
    pause.unlink()
    assert worker.wait("worker_paused")["paused"] is False
    worker.wait("attempt_ended", id=last, outcome="done")
    assert worker.end() == 0


# queue:pause and queue:resume


def test_a_live_worker_begins_nothing_of_a_paused_queue_and_at_once_what_is_resumed(working: Scene) -> None:
    worker = working.worker("--isolates", "1").ready()
    dartian(working.root, "queue:pause", "media")
    paused = [working.put("Note", text=f"paused {number}", queue="media", priority=9) for number in range(3)]
    other = working.put("Note", text="other", queue="other")
    worker.wait("attempt_ended", id=other, outcome="done")
    assert states(working, *paused) == [State.WAITING] * 3
    dartian(working.root, "queue:resume", "media")
    for job_id in paused:
        worker.wait("attempt_ended", id=job_id, outcome="done")
    assert working.notes() == ["other", "paused 0", "paused 1", "paused 2"]
    assert [working.job(job_id).claims for job_id in paused] == [1, 1, 1]


def test_the_switch_for_all_holds_every_live_worker_and_lets_them_go_at_once(working: Scene) -> None:
    workers = [working.worker("--isolates", "1", "--queue", queue).ready() for queue in ("mail", "media")]
    dartian(working.root, "queue:pause", "--all")
    ids = [working.put("Note", queue=queue) for queue in ("mail", "media")]
    marker = working.put("Note", text="due later", queue="mail", delay=0.5)
    wait_for(lambda: working.job(marker).available_at < time.time(), what="the time of the last one")
    dartian(working.root, "queue:status")  # which takes its time, in which the workers could err
    assert states(working, *ids, marker) == [State.WAITING] * 3
    dartian(working.root, "queue:resume", "--all")
    for worker, job_id in zip(workers, ids, strict=True):
        worker.wait("attempt_ended", id=job_id, outcome="done")
    working.wait_until(marker, State.DONE)


def test_a_retry_that_falls_into_a_pause_waits_for_its_end(working: Scene) -> None:
    worker = working.worker("--isolates", "1", "--tries", "2", "--backoff", "0.2").ready()
    file = working.root / "go"
    job_id = working.put("Break", queue="media", file=str(file))
    worker.wait("attempt_started", id=job_id)
    dartian(working.root, "queue:pause", "media")
    file.touch()
    worker.wait("attempt_ended", id=job_id, outcome="retry")
    worker.wait("attempt_ended", id=working.put("Note", queue="other", delay=0.4))
    assert working.job(job_id).available_at < time.time()
    assert (working.job(job_id).state, working.job(job_id).tries) == (State.WAITING, 1)
    dartian(working.root, "queue:resume", "media")
    worker.wait("attempt_ended", id=job_id, outcome="failed")


def test_what_was_claimed_ahead_of_a_pause_does_not_begin_under_it(working: Scene) -> None:
    for _ in range(600):  # so quick that the worker claims ahead
        working.put("Note")
    file = working.root / "go"
    long = working.put("Until", file=str(file))
    behind = [working.put("Note", text=f"{number}", queue="media") for number in range(20)]
    stays = [working.put("Note", text="stays", queue="other") for _ in range(5)]
    worker = working.start("-c", PATIENT, "queue:work", "--json", "--isolates", "1")
    worker.wait("attempt_started", id=long)
    wait_for(lambda: State.RUNNING in states(working, *behind), what="a claim ahead")
    dartian(working.root, "queue:pause", "media")
    wait_for(lambda: set(states(working, *behind)) == {State.WAITING}, what="them to be put back")
    file.touch()
    for job_id in stays:
        worker.wait("attempt_ended", id=job_id, outcome="done")
    assert working.notes()[-7:] == ["begun", "ended", *["stays"] * 5]
    dartian(working.root, "queue:resume", "media")
    for job_id in behind:
        worker.wait("attempt_ended", id=job_id, outcome="done")
    assert working.notes()[-20:] == [str(number) for number in range(20)]
    assert {(working.job(job_id).tries, working.job(job_id).crashes) for job_id in behind} == {(0, 0)}


def test_a_delayed_job_whose_queue_is_resumed_before_its_time_begins_in_time(working: Scene) -> None:
    worker = working.worker("--isolates", "1").ready()
    dartian(working.root, "queue:pause", "media")
    job_id = working.put("Note", queue="media", delay=2.0)
    dartian(working.root, "queue:resume", "media")
    started = worker.wait("attempt_started", id=job_id)
    assert float(str(started["at"])) >= working.job(job_id).available_at


# queue:restart


def test_a_restart_reaches_a_busy_worker_at_once_and_it_finishes_what_runs_alone(working: Scene) -> None:
    worker = working.worker("--isolates", "2").ready()
    file = working.root / "go"
    running = [working.put("Until", file=str(file)) for _ in range(2)]
    for _ in running:
        worker.wait("attempt_started")
    dartian(working.root, "queue:restart")
    stopping = worker.wait("worker_stopping", reason="restart")
    assert stopping["running"] == 2
    waiting = working.put("Note", text="for the next worker")
    file.touch()
    assert worker.end() == 0
    assert worker.seen[-1]["type"] == "worker_stopped"
    assert (worker.seen[-1]["reason"], worker.seen[-1]["done"], worker.seen[-1]["released"]) == ("restart", 2, 0)
    assert states(working, *running, waiting) == [State.DONE, State.DONE, State.WAITING]
    assert working.job(waiting).claims == 0
    assert working.notes().count("ended") == 2


def test_a_restart_reaches_a_worker_whose_queues_are_all_paused(working: Scene) -> None:
    worker = working.worker("--isolates", "1").ready()
    dartian(working.root, "queue:pause", "--all")
    waiting = working.put("Note")
    dartian(working.root, "queue:restart")
    worker.wait("worker_stopping", reason="restart")
    assert worker.end() == 0
    assert working.job(waiting).state is State.WAITING


def test_a_companion_is_not_asked_to_restart(working: Scene) -> None:
    file = working.root / "go"
    working.write(
        "program.py",
        f"""
        from app.jobs.made import Until
        from dartian_queue import dispatch
        dispatch(Until({str(file)!r}))
        """,
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("QUEUE_", "DARTIAN_"))}
    owner = subprocess.Popen([sys.executable, "program.py"], cwd=working.root, env=clean, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: working.notes() == ["begun"], what="the companion to begin the job")
        (companion,) = working.store.workers()
        assert companion.companion_of == owner.pid
        assert dartian(working.root, "queue:restart").out == "No live worker: there is nothing to restart.\n"
        worker = working.worker("--isolates", "1").ready()
        dartian(working.root, "queue:restart")
        assert worker.end() == 0
        assert is_alive(companion.pid)
        assert [info.holder for info in working.store.workers()] == [companion.holder]
        file.touch()
        assert owner.wait(PATIENCE) == 0
    finally:
        owner.kill()
        owner.wait()
    (job,) = working.store.jobs()
    assert (job.state, job.claims) == (State.DONE, 1)


def test_a_pause_and_a_cancel_that_come_while_the_store_is_locked_are_heeded_once_it_is_not(working: Scene) -> None:
    for _ in range(600):  # so quick that the worker claims ahead
        working.put("Note")
    long = working.put("Until", file="/nowhere")
    behind = [working.put("Note", queue="media") for _ in range(20)]
    worker = working.start("-c", PATIENT, "queue:work", "--json", "--isolates", "1")
    worker.wait("attempt_started", id=long)
    wait_for(lambda: State.RUNNING in states(working, *behind), what="a claim ahead")
    worker.send(signal.SIGSTOP)
    working.store.pause(["media"])
    working.store.cancel([long])
    with contextlib.closing(sqlite3.connect(working.store_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        worker.send(signal.SIGCONT)
        worker.wait("notice", level="warning")
        other.execute("ROLLBACK")
    wait_for(lambda: set(states(working, *behind)) == {State.WAITING}, what="them to be put back")
    worker.wait("attempt_ended", id=long, outcome="cancelled", patience=10.0)
    assert set(states(working, *behind)) == {State.WAITING}


def test_what_a_pause_gives_back_is_none_of_the_jobs_that_a_worker_runs_at_most(working: Scene) -> None:
    for _ in range(600):  # so quick that the worker claims ahead
        working.put("Note", text="quick")
    go = working.root / "go"
    long = working.put("Until", file=str(go))
    behind = [working.put("Note", queue="media") for _ in range(20)]
    other = [working.put("Note", text="other", priority=-1) for _ in range(30)]
    worker = working.start("-c", PATIENT, "queue:work", "--json", "--isolates", "1", "--max-jobs", "611")
    worker.wait("attempt_started", id=long)
    wait_for(lambda: State.RUNNING in states(working, *behind), what="a claim ahead")
    dartian(working.root, "queue:pause", "media")
    wait_for(lambda: set(states(working, *behind)) == {State.WAITING}, what="them to be put back")
    go.touch()
    assert worker.end() == 0
    assert worker.seen[-1]["done"] == 611
    assert states(working, *other).count(State.DONE) == 10


# queue:cancel


def test_of_two_running_jobs_the_one_that_is_cancelled_ends_and_the_next_begins_at_once(working: Scene) -> None:
    worker = working.worker("--isolates", "2").ready()
    file = working.root / "go"
    stays = working.put("Until", file=str(file))
    cancelled = working.put("Listen", limits=Limits(tries=5))
    for _ in range(2):
        worker.wait("attempt_started")
    following = working.put("Note", text="next")
    dartian(working.root, "queue:cancel", cancelled)
    ended = worker.wait("attempt_ended", id=cancelled)
    assert (ended["outcome"], ended["error"]) == ("cancelled", None)
    worker.wait("attempt_ended", id=following, outcome="done")
    assert working.job(stays).state is State.RUNNING
    file.touch()
    worker.wait("attempt_ended", id=stays, outcome="done")
    job = working.job(cancelled)
    assert (job.state, job.tries, job.crashes, job.errors) == (State.CANCELLED, 0, 0, ())
    assert working.notes() == ["begun", "cancelled True", "next", "ended"], "failed() is not called"


def test_a_job_that_is_cancelled_between_two_tries_is_not_tried_again(working: Scene) -> None:
    worker = working.worker("--isolates", "1").ready()
    job_id = working.put("Break", limits=Limits(tries=2, backoff=0.5), file="/")
    worker.wait("attempt_ended", id=job_id, outcome="retry")
    assert working.store.cancel([job_id]) == {job_id: State.WAITING}
    worker.wait("attempt_ended", id=working.put("Note", delay=0.7), outcome="done")
    job = working.job(job_id)
    assert job.available_at < time.time()
    assert (job.state, job.tries, job.claims, len(job.errors)) == (State.CANCELLED, 1, 1, 1)


def test_a_job_that_was_cancelled_and_is_put_back_begins_at_once(working: Scene) -> None:
    worker = working.worker("--isolates", "1").ready()
    job_id = working.put("Note", text="after all", delay=600)
    dartian(working.root, "queue:cancel", job_id)
    dartian(working.root, "queue:retry", job_id)
    worker.wait("attempt_ended", id=job_id, outcome="done")
    assert working.notes() == ["after all"]
