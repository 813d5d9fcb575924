"""``failed()`` comes after the verdict: whatever becomes of it, the job has failed, once, with its own error."""

import signal

import pytest

from dartian_queue.options import Limits
from dartian_queue.states import State
from tests.scene import Scene, wait_for

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

class Deadly(Job):
    def handle(self, context: JobContext) -> None:
        note("handle")
        context.fail("no such account")

    def failed(self, error: BaseException) -> None:
        note("failed")
        os._exit(1)
"""


@pytest.fixture
def stage(scene: Scene) -> Scene:
    scene.jobs(JOBS)
    return scene


def test_a_failed_hook_has_time_of_its_own_beside_the_jobs_timeout(stage: Scene) -> None:
    job_id = stage.put("Slow", lasts=1.5, limits=Limits(tries=3, timeout=0.5, backoff=0.0))
    stage.work()
    job = stage.job(job_id)
    assert (job.state, job.tries, job.failed_reason, job.errors[0].type) == (State.FAILED, 1, "fail_on", "ValueError")
    assert stage.notes() == ["handle", "failed", "told"]


def test_a_failed_hook_that_takes_its_process_down_does_not_let_the_job_run_again(stage: Scene) -> None:
    job_id = stage.put("Deadly", limits=Limits(tries=3, backoff=0.0))
    stage.work()
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
    job = stage.job(job_id)
    assert (job.state, job.tries, job.failed_reason, job.errors[0].type) == (State.FAILED, 1, "fail_on", "ValueError")
