"""A worker as users have it: a real process, a real store, real isolates."""

import signal
import sqlite3
import time
from typing import cast

import msgspec
import pytest

from dartian_queue.options import Limits
from dartian_queue.states import State
from tests.scene import Scene, is_alive, wait_for

JOBS = """
class Note(Job):
    text: str
    def handle(self) -> None:
        note(self.text)

class Where(Job):
    def handle(self, context: JobContext) -> None:
        note(f"{os.getpid()} {os.getsid(0)} {context.queue} {context.connection} {context.attempt}")

class Shout(Job):
    text: str
    async def handle(self) -> None:
        print(self.text)
        print("half a line", end="")
        os.system("echo from below")
        print("to stderr", file=sys.stderr)

class Fail(Job):
    row: int
    def handle(self) -> None:
        raise ValueError(f"bad row {self.row}")
    def failed(self, error: BaseException) -> None:
        note(f"failed {type(error).__name__}: {error}")

class Spin(Job):
    def handle(self) -> None:
        note(f"spinning {subprocess.Popen(['sleep', '3071']).pid}")
        while True:
            pass
    def failed(self, error: BaseException) -> None:
        note(f"failed {type(error).__name__}")

class Sleep(Job):
    duration: float
    def handle(self, context: JobContext) -> None:
        note(f"begin {os.getpid()}")
        until = time.monotonic() + self.duration
        while time.monotonic() < until:
            time.sleep(0.01)
            if context.stopping:
                note("saw stopping")
                context.release(5)
        note("end")

class Count(Job):
    def handle(self) -> None:
        for _ in track(range(4), note="counting"):
            time.sleep(0.06)

class Give(Job):
    def handle(self, context: JobContext) -> None:
        note(f"attempt {context.attempt}")
        if len(open(LEDGER).readlines()) < 3:
            context.release(0)
        context.fail("enough")
"""


@pytest.fixture
def working(scene: Scene) -> Scene:
    scene.jobs(JOBS + f"\nLEDGER = {str(scene.ledger)!r}\n")
    return scene


def ended(events: list[dict[str, object]], job_id: str) -> list[object]:
    return [event["outcome"] for event in events if event["type"] == "attempt_ended" and event["id"] == job_id]


def test_a_job_is_done_once_and_kept_as_done(working: Scene) -> None:
    job_id = working.put("Note", text="once")
    assert ended(working.work(), job_id) == ["done"]
    assert working.notes() == ["once"]
    assert working.job(job_id).state is State.DONE


def test_jobs_come_in_the_order_of_priority_then_time_then_dispatch(working: Scene) -> None:
    for text, priority in (("a", 0), ("b", 0), ("high", 5), ("low", -5), ("c", 0)):
        working.put("Note", text=text, priority=priority)
    working.work()
    assert working.notes() == ["high", "a", "b", "c", "low"]


def test_queues_are_served_strictly_in_the_order_that_was_asked_for(working: Scene) -> None:
    for number in range(3):
        working.put("Note", text=f"second {number}", queue="second", priority=9)
        working.put("Note", text=f"first {number}", queue="first")
        working.put("Note", text="never", queue="other")
    working.work("--queue", "first,second")
    assert working.notes() == [f"first {n}" for n in range(3)] + [f"second {n}" for n in range(3)]
    assert working.store.counts().total.ready == 3


def test_an_exception_is_stored_with_its_place_and_traceback_and_tried_again(working: Scene) -> None:
    job_id = working.put("Fail", row=17, limits=Limits(tries=2, backoff=0.0))
    assert ended(working.work(), job_id) == ["retry", "failed"]
    job = working.job(job_id)
    assert job.state is State.FAILED
    assert job.tries == 2
    assert [error.attempt for error in job.errors] == [1, 2]
    assert job.errors[0].type == "ValueError"
    assert job.errors[0].message == "bad row 17"
    assert job.errors[0].where.startswith("app/jobs/made.py:")
    assert 'raise ValueError(f"bad row {self.row}")' in job.errors[0].traceback
    assert working.notes() == ["failed ValueError: bad row 17"]


def test_the_flags_of_the_worker_hold_where_job_and_dispatch_are_silent(working: Scene) -> None:
    silent = working.put("Fail", row=1)
    outspoken = working.put("Fail", row=2, limits=Limits(tries=1))
    working.work("--tries", "3", "--backoff", "0")
    assert (working.job(silent).tries, working.job(outspoken).tries) == (3, 1)


def test_a_timeout_kills_the_isolate_with_all_below_it_and_counts_as_a_try(working: Scene) -> None:
    job_id = working.put("Spin", limits=Limits(timeout=0.5))
    after = working.put("Note", text="after")
    worker = working.worker("--isolates", "1").ready()
    event = worker.wait("attempt_ended", id=job_id)
    assert (event["outcome"], event["reason"]) == ("failed", "timeout")
    working.wait_until(after, State.DONE)
    assert working.notes()[1:] == ["failed JobTimeout", "after"]
    assert working.job(job_id).tries == 1
    assert not is_alive(int(working.notes()[0].split()[1]))
    assert is_alive(worker.pid)


def test_an_isolate_is_kept_warm_and_lives_in_a_session_of_its_own(working: Scene) -> None:
    for _ in range(3):
        working.put("Where")
    working.work()
    pids = {line.split()[0] for line in working.notes()}
    sessions = {line.split()[1] for line in working.notes()}
    assert len(pids) == 1
    assert sessions == pids
    assert all(line.endswith("default isolate 1") for line in working.notes())


def test_a_fresh_job_shares_its_isolate_with_no_other(working: Scene) -> None:
    for _ in range(2):
        working.put("Where")
        working.put("Where", limits=Limits(isolate="fresh"))
    working.work()
    pids = [line.split()[0] for line in working.notes()]
    assert pids[1] not in (pids[0], pids[2], pids[3])
    assert pids[3] not in (pids[0], pids[1], pids[2])


def test_what_a_job_prints_is_told_with_its_name(working: Scene) -> None:
    job_id = working.put("Shout", text="héllo ☃")
    events = [event for event in working.work() if event["type"] == "job_output"]
    assert all((event["id"], event["name"]) == (job_id, "Shout") for event in events)
    printed = {(event["stream"], line) for event in events for line in str(event["text"]).splitlines()}
    assert printed == {
        ("stdout", "héllo ☃"),
        ("stdout", "half a line"),
        ("stdout", "from below"),
        ("stderr", "to stderr"),
    }


def test_progress_is_told_and_its_last_report_always_arrives(working: Scene) -> None:
    working.put("Count")
    reports = [event for event in working.work() if event["type"] == "job_progress"]
    assert reports[-1]["done"] == 4
    assert reports[-1]["total"] == 4
    assert reports[-1]["note"] == "counting"
    assert len(reports) >= 3


def test_release_costs_no_try_and_fail_fails_at_once(working: Scene) -> None:
    job_id = working.put("Give", limits=Limits(tries=9))
    assert ended(working.work(), job_id) == ["released", "released", "failed"]
    job = working.job(job_id)
    assert working.notes() == ["attempt 1", "attempt 1", "attempt 1"]
    assert (job.tries, job.failed_reason, job.errors[-1].message) == (1, "failed", "enough")


def test_once_runs_one_job_and_max_jobs_that_many(working: Scene) -> None:
    for number in range(5):
        working.put("Note", text=str(number))
    assert working.worker("--once", "--isolates", "1").end() == 0
    assert working.notes() == ["0"]
    assert working.worker("--max-jobs", "2", "--isolates", "1").end() == 0
    assert working.notes() == ["0", "1", "2"]


def test_once_ends_where_nothing_is_due(working: Scene) -> None:
    working.put("Note", text="later", delay=60)
    assert working.worker("--once", "--isolates", "1").end() == 0
    assert working.notes() == []


def test_max_time_ends_a_worker_that_nothing_else_would(working: Scene) -> None:
    worker = working.worker("--max-time", "0.5")
    assert worker.wait("worker_stopping")["reason"] == "max_time"
    assert worker.end() == 0


def test_a_waiting_worker_is_woken_by_a_dispatch(working: Scene) -> None:
    worker = working.worker("--isolates", "1").ready()
    time.sleep(0.3)
    started = time.monotonic()
    job_id = working.put("Note", text="now")
    worker.wait("attempt_ended", id=job_id)
    assert time.monotonic() - started < 5


def test_a_delayed_job_runs_when_its_time_has_come_and_not_before(working: Scene) -> None:
    worker = working.worker("--isolates", "1").ready()
    job_id = working.put("Note", text="later", delay=1.0)
    stored_at = time.time()
    worker.wait("attempt_ended", id=job_id)
    assert time.time() - stored_at >= 0.9


def test_sigterm_lets_a_running_job_finish_and_puts_the_rest_back(working: Scene) -> None:
    running = working.put("Sleep", duration=1.0)
    waiting = working.put("Note", text="not now")
    worker = working.worker("--isolates", "1", "--grace", "20")
    worker.wait("attempt_started", id=running)
    wait_for(lambda: bool(working.notes()))
    worker.send(signal.SIGTERM)
    assert worker.end() == 0
    assert working.notes()[-1] == "saw stopping"
    job = working.job(running)
    assert (job.state, job.tries, job.crashes) == (State.WAITING, 0, 0)
    assert working.job(waiting).state is State.WAITING
    assert working.job(waiting).crashes == 0


def test_a_second_signal_ends_a_worker_whose_zygote_is_frozen_without_waiting_for_that(working: Scene) -> None:
    job_id = working.put("Spin")
    worker = working.worker("--isolates", "1", "--grace", "600").ready()
    worker.wait("attempt_started", id=job_id)
    below = worker.descendants()
    worker.send_to(worker.zygote(), signal.SIGSTOP)
    worker.send(signal.SIGTERM)
    worker.wait("worker_stopping")
    worker.send(signal.SIGTERM)
    assert worker.end() == 0
    notices = [event["text"] for event in worker.seen if event["type"] == "notice"]
    assert notices == ["the zygote did not answer, so it and its isolates were ended"]
    assert not [pid for pid in below if is_alive(pid)]
    job = working.job(job_id)
    assert (job.state, job.tries, job.crashes) == (State.WAITING, 0, 0)


@pytest.mark.parametrize(
    "source", ["def broken(:\n", "import not_there_at_all\n", "raise RuntimeError('no database')\n"]
)
def test_a_jobs_file_that_cannot_be_imported_ends_the_worker_with_its_place(scene: Scene, source: str) -> None:
    scene.write("app/jobs/broken.py", source)
    scene.put("Note", text="kept")
    worker = scene.worker()
    assert worker.end() == 3
    notices = [str(event["text"]) for event in worker.seen if event["type"] == "notice"]
    assert "broken.py:1" in "\n".join([*notices, worker.errors])
    assert scene.store.counts().total.ready == 1


def test_a_job_of_an_unknown_name_is_left_alone_and_said(working: Scene) -> None:
    unknown = working.put("NotHere")
    known = working.put("Note", text="here")
    events = working.work()
    assert working.job(unknown).state is State.WAITING
    assert working.job(unknown).claims == 0
    assert working.job(known).state is State.DONE
    assert any("NotHere" in str(event["text"]) for event in events if event["type"] == "notice")


def test_a_row_that_no_job_can_be_made_of_is_told_like_any_failure(working: Scene) -> None:
    bad, good = working.put("Note", text="bad", queue="media"), working.put("Note", text="good")
    with sqlite3.connect(working.store_path) as connection:
        connection.execute("UPDATE jobs SET payload = x'00ff' WHERE id = ?", (bad,))
    connection.close()
    events = working.work()
    assert working.notes() == ["good"]
    assert ended(events, good) == ["done"]
    (told,) = [event for event in events if event["type"] == "attempt_ended" and event["id"] == bad]
    assert (told["outcome"], told["name"], told["queue"], told["attempt"]) == ("failed", "Note", "media", 0)
    assert told["reason"] == "unloadable"
    assert msgspec.to_builtins(working.job(bad).errors[-1]).items() <= cast("dict[str, object]", told["error"]).items()
    assert (events[-1]["done"], events[-1]["failed"]) == (1, 1)


def test_a_payload_that_does_not_fit_is_held_and_one_that_is_no_json_has_failed(working: Scene) -> None:
    misfit = working.put("Note", payload='{"text": 17}')
    broken = working.put("Note", payload='{"text": ')
    after = working.put("Note", text="after")
    events = working.work()
    held = working.job(misfit)
    assert (held.state, held.tries, held.crashes) == (State.WAITING, 0, 0)
    assert "text" in held.held_reason
    assert ended(events, misfit) == ["held"]
    assert (working.job(broken).state, working.job(broken).failed_reason) == (State.FAILED, "unloadable")
    assert working.job(after).state is State.DONE


def test_the_application_is_booted_before_its_jobs_and_each_isolate_when_it_starts(working: Scene) -> None:
    working.write(
        "config/queue.py",
        f"""
        import os, sys
        from dartian_queue import Config
        config = Config()
        def boot() -> None:
            os.environ["BOOTED"] = "yes"
        def isolate_started() -> None:
            with open({str(working.ledger)!r}, "a") as file:
                print("isolate", os.environ["BOOTED"], "app.jobs.made" in sys.modules, file=file)
        """,
    )
    working.put("Note", text="job")
    working.work()
    assert working.notes() == ["isolate yes True", "job"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(3000,), daemon=True).start()\n", "threads"),
        ("import socket\nkept = socket.socket()\n", "sockets"),
    ],
)
def test_where_the_application_cannot_be_forked_isolates_are_started_plainly(
    working: Scene, source: str, reason: str
) -> None:
    working.write("app/jobs/opened.py", source)
    working.put("Where")
    working.put("Note", text="ok")
    events = working.work()
    (ready,) = [event for event in events if event["type"] == "worker_ready"]
    assert reason in str(ready["plain_isolates"])
    assert working.notes()[-1] == "ok"


def test_an_isolate_started_hook_that_raises_ends_the_worker_with_the_reason(working: Scene) -> None:
    working.write(
        "config/queue.py",
        """
        from dartian_queue import Config
        config = Config()
        def isolate_started() -> None:
            raise RuntimeError("no connection")
        """,
    )
    job_id = working.put("Note", text="kept")
    worker = working.worker()
    assert worker.end() == 3
    assert "no connection" in str(worker.seen)
    job = working.job(job_id)
    assert (job.state, job.crashes, job.tries) == (State.WAITING, 0, 0)


def _put_behind_a_long_one(working: Scene, quick: int, duration: float) -> str:
    """Put jobs so quick that the worker claims ahead, a long one, whose id is returned, and thirty short ones."""
    for number in range(quick):
        working.put("Note", text=str(number))
    long = working.put("Sleep", duration=duration)
    for number in range(30):
        working.put("Note", text=f"behind {number}")
    return long


def test_short_jobs_behind_a_long_one_go_to_an_idle_worker(working: Scene) -> None:
    long = _put_behind_a_long_one(working, 60, 60.0)
    busy = working.worker("--isolates", "1")
    busy.wait("attempt_started", id=long)
    working.worker("--isolates", "1").ready()
    wait_for(lambda: sum(line.startswith("behind") for line in working.notes()) == 30, 20, "the short jobs")
    assert working.job(long).state is State.RUNNING


def test_short_jobs_behind_a_long_one_move_to_an_idle_isolate(working: Scene) -> None:
    long = _put_behind_a_long_one(working, 600, 3.0)
    worker = working.worker("--isolates", "2")
    worker.wait("attempt_started", id=long)
    wait_for(lambda: sum(line.startswith("behind") for line in working.notes()) == 30, 2.5, "the short jobs")
    worker.wait("attempt_ended", id=long)
