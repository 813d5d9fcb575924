"""Jobs that run out of time, or are cancelled: asked where they are, and ended if they go on all the same."""

import time

import pytest

from dartian_queue.options import Limits
from dartian_queue.states import State
from tests.scene import Scene, is_alive

JOBS = """
import asyncio

class Note(Job):
    text: str = ""
    def handle(self) -> None:
        note(self.text)

class Tidy(Job):
    def handle(self, context: JobContext) -> None:
        try:
            time.sleep(600)  # here it is
        finally:
            note(f"tidied up, stopping {context.stopping}, cancelled {context.cancelled}")

    def failed(self, error: BaseException) -> None:
        note(f"failed {type(error).__name__}: {error}")

class Waiting(Job):
    async def handle(self) -> None:
        try:
            await self.deep()
        finally:
            note("tidied up")

    async def deep(self) -> None:
        await asyncio.sleep(600)  # here it is

class Blocking(Job):
    async def handle(self) -> None:
        time.sleep(600)  # here it is

class Looping(Job):
    def handle(self) -> None:
        for _ in iter(int, 1): pass  # here it is

class Deaf(Job):
    def handle(self) -> None:
        child = subprocess.Popen(["sleep", "600"])
        note(str(child.pid))
        while True:
            try:
                time.sleep(600)  # here it is
            except Exception:
                note("swallowed")

class DeafAsync(Job):
    async def handle(self) -> None:
        while True:
            try:
                await asyncio.sleep(600)  # here it is
            except asyncio.CancelledError:
                note("swallowed")

class Wrapping(Job):
    def handle(self) -> None:
        try:
            time.sleep(600)
        except Exception as error:
            raise ValueError("could not finish") from error

class Enough(Job):
    def handle(self) -> None:
        try:
            time.sleep(600)
        except TimeoutError:
            note("enough")

class Inner(Job):
    def handle(self) -> None:
        raise TimeoutError("the bank did not answer")
"""
HERE = "# here it is"


@pytest.fixture
def working(scene: Scene) -> Scene:
    scene.jobs(JOBS)
    return scene


def place(working: Scene, name: str) -> str:
    """Return where the class has its mark."""
    lines = (working.root / "app" / "jobs" / "made.py").read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(f"class {name}("))
    return f"app/jobs/made.py:{next(n for n, line in enumerate(lines[first:], first + 1) if HERE in line)}"


@pytest.mark.parametrize("name", ["Tidy", "Waiting", "Blocking", "Looping"])
def test_a_job_that_runs_out_of_time_is_asked_and_its_error_shows_where_it_was(working: Scene, name: str) -> None:
    job_id = working.put(name, limits=Limits(timeout=0.5, tries=2, backoff=0.0))
    after = working.put("Note")
    working.work()
    job = working.job(job_id)
    assert (job.state, job.tries, job.crashes, job.failed_reason) == (State.FAILED, 2, 0, "timeout")
    for error in job.errors:
        assert (error.type, error.message) == ("JobTimeout", "it ran longer than its timeout of 0.5 s")
        assert error.where == place(working, name)
        assert HERE in error.traceback
    assert working.job(after).state is State.DONE


def test_a_job_that_runs_out_of_time_can_tidy_up_and_its_hook_is_called_once(working: Scene) -> None:
    working.put("Tidy", limits=Limits(timeout=0.5))
    working.work()
    assert working.notes() == [
        "tidied up, stopping True, cancelled False",
        "failed JobTimeout: it ran longer than its timeout of 0.5 s",
    ]


@pytest.mark.parametrize("name", ["Deaf", "DeafAsync"])
def test_a_job_that_swallows_its_timeout_is_ended_with_all_below_it(working: Scene, name: str) -> None:
    job_id = working.put(name, limits=Limits(timeout=0.5))
    started = time.monotonic()
    working.work()
    assert time.monotonic() - started < 10
    (error,) = working.job(job_id).errors
    assert error.message == "it ran longer than its timeout of 0.5 s and was ended"
    assert error.where == place(working, name)
    assert working.notes().count("swallowed") == 1
    assert name == "DeafAsync" or not is_alive(int(working.notes()[0]))


def test_an_error_that_a_timeout_leads_to_is_a_timeout_and_shows_both(working: Scene) -> None:
    job_id = working.put("Wrapping", limits=Limits(timeout=0.5, max_exceptions=1, tries=2, backoff=0.0))
    working.work()
    job = working.job(job_id)
    assert (job.tries, job.failed_reason) == (2, "timeout")
    assert "time.sleep(600)" in job.errors[0].traceback
    assert "ValueError: could not finish" in job.errors[0].traceback


def test_a_job_that_takes_its_timeout_as_its_end_is_done(working: Scene) -> None:
    job_id = working.put("Enough", limits=Limits(timeout=0.5))
    working.work()
    assert (working.job(job_id).state, working.notes()) == (State.DONE, ["enough"])


def test_a_timeout_of_the_jobs_own_is_an_exception(working: Scene) -> None:
    job_id = working.put("Inner", limits=Limits(timeout=5.0, fail_on_timeout=True, tries=2, backoff=0.0))
    working.work()
    assert (working.job(job_id).tries, working.job(job_id).failed_reason) == (2, "exception")


@pytest.mark.parametrize("name", ["Tidy", "Waiting", "Blocking"])
def test_a_job_that_is_cancelled_is_interrupted_and_can_tidy_up(working: Scene, name: str) -> None:
    job_id = working.put(name)
    worker = working.worker("--isolates", "1")
    worker.wait("attempt_started", id=job_id)
    time.sleep(0.3)
    working.store.cancel([job_id])
    event = worker.wait("attempt_ended", id=job_id)
    assert event["outcome"] == "cancelled"
    job = working.job(job_id)
    assert (job.state, job.tries, job.crashes, job.errors) == (State.CANCELLED, 0, 0, ())
    assert len(working.notes()) == (name != "Blocking")


@pytest.mark.parametrize("name", ["Tidy", "Deaf"])
def test_a_job_that_is_cancelled_just_before_its_time_is_over_is_cancelled_all_the_same(
    working: Scene, name: str
) -> None:
    """Its timeout comes first, within the second in which a cancelled job may end where it likes."""
    job_id = working.put(name, limits=Limits(timeout=1.0))
    worker = working.worker("--isolates", "1")
    worker.wait("attempt_started", id=job_id)
    working.store.cancel([job_id])
    assert worker.wait("attempt_ended", id=job_id)["outcome"] == "cancelled"
    job = working.job(job_id)
    assert (job.state, job.tries, job.crashes, job.errors) == (State.CANCELLED, 0, 0, ())
    assert not [line for line in working.notes() if line.startswith("failed")]
