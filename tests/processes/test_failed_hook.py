"""``failed()`` comes after the verdict: whatever becomes of it, the job has failed, once, with its own error."""

import signal
import subprocess
import sys

import pytest

from dartian_queue.options import Limits
from dartian_queue.states import State
from tests.scene import JobEvent, Scene, wait_for

JOBS = """
class Slow(Job, fail_on=ValueError):
    def handle(self) -> None:
        note("handle")
        raise ValueError("bad row")

    def failed(self, error: BaseException) -> None:
        note("failed")
        time.sleep(self.lasts)
        note("told")

    lasts: float = 0.0

class Hung(Job):
    def handle(self) -> None:
        time.sleep(60)

    def failed(self, error: BaseException) -> None:
        note("failed")
        while True:
            time.sleep(60)

class Deadly(Job):
    def handle(self, context: JobContext) -> None:
        note("handle")
        context.fail("no such account")

    def failed(self, error: BaseException) -> None:
        note("failed")
        os._exit(1)
"""

HASTY = """
import sys
from dartian_queue.isolates import slot
slot.HOOK_TIMEOUT = 0.5
from dartian_cli.app import main
sys.argv[0] = "dartian"
main()
"""
"""``dartian`` with less patience for ``failed()``."""
WHAT_NOW = """The job has failed all the same, and failed() is not called again: see to what it should have done.
How the job failed, and what it printed: dartian queue:show """


def troubles(events: list[JobEvent]) -> list[object]:
    return [event["text"] for event in events if event["type"] == "notice" and event["level"] == "warning"]


@pytest.fixture
def stage(scene: Scene) -> Scene:
    scene.jobs(JOBS)
    return scene


def test_a_failed_hook_has_time_of_its_own_beside_the_jobs_timeout(stage: Scene) -> None:
    job_id = stage.put("Slow", lasts=1.5, limits=Limits(tries=3, timeout=0.5, backoff=0.0))
    events = stage.work()
    assert troubles(events) == []
    job = stage.job(job_id)
    assert (job.state, job.tries, job.failed_reason, job.errors[0].type) == (State.FAILED, 1, "fail_on", "ValueError")
    assert stage.notes() == ["handle", "failed", "told"]


def test_a_failed_hook_that_takes_its_process_down_does_not_let_the_job_run_again(stage: Scene) -> None:
    job_id = stage.put("Deadly", limits=Limits(tries=3, backoff=0.0))
    events = stage.work()
    assert troubles(events) == [
        f"failed() of Deadly {job_id} was cut off, since its isolate has ended\n{WHAT_NOW}{job_id}"
    ]
    job = stage.job(job_id)
    assert (job.state, job.tries, job.crashes, job.failed_reason) == (State.FAILED, 1, 0, "failed")
    assert [error.message for error in job.errors] == ["no such account"]
    assert stage.notes() == ["handle", "failed"]


def test_a_worker_that_stops_during_a_failed_hook_keeps_the_verdict(stage: Scene) -> None:
    job_id = stage.put("Slow", lasts=60.0, limits=Limits(tries=3))
    worker = stage.worker("--isolates", "1", "--grace", "0").ready()
    wait_for(lambda: "failed" in stage.notes(), what="the hook to begin")
    worker.send(signal.SIGTERM)
    assert worker.end() == 0
    (told,) = troubles(worker.seen)
    assert told == f"failed() of Slow {job_id} was ended, since the worker stops\n{WHAT_NOW}{job_id}"
    job = stage.job(job_id)
    assert (job.state, job.tries, job.failed_reason, job.errors[0].type) == (State.FAILED, 1, "fail_on", "ValueError")


def test_a_failed_hook_that_goes_on_and_on_is_ended_and_told(stage: Scene) -> None:
    """Both in the isolate of the attempt, and in another one after a timeout."""
    slow = stage.put("Slow", lasts=60.0, limits=Limits(tries=3))
    hung = stage.put("Hung", limits=Limits(timeout=0.2))
    worker = stage.start("-c", HASTY, "queue:work", "--json", "--stop-when-empty", "--isolates", "2")
    assert worker.end() == 0, worker.errors
    assert sorted(map(str, troubles(worker.seen))) == [
        f"failed() of {name} {job_id} took longer than 0.5 s and was ended\n{WHAT_NOW}{job_id}"
        for name, job_id in (("Hung", hung), ("Slow", slow))
    ]
    assert [stage.job(job_id).failed_reason for job_id in (slow, hung)] == ["fail_on", "timeout"]


def test_it_is_told_in_plain_lines_too(stage: Scene) -> None:
    job_id = stage.put("Slow", lasts=60.0)
    told = subprocess.run(
        [sys.executable, "-c", HASTY, "queue:work", "--plain", "--stop-when-empty", "--isolates", "1"],
        cwd=stage.root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"  warning   failed() of Slow {job_id} took longer than 0.5 s and was ended\n" in told
    assert f"dartian queue:show {job_id}\n" in told
