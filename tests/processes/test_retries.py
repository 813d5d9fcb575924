"""What a job that fails may count on: when it is tried again, how often, and what is kept of each attempt.

One worker runs all the jobs side by side, another one those of the queue ``flagged``; each test looks at its own.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from dartian_queue.options import Limits
from dartian_queue.states import State
from dartian_queue.stores.store import StoredJob
from tests.cli.typing_at import dartian
from tests.scene import JobEvent, Scene, WorkerProcess

CONFIG = """
from dartian_queue import Config
config = Config(tries=3, backoff=[0.1, 0.4])
"""

JOBS = """
class Break(Job):
    until: int = 1_000
    def handle(self, context: JobContext) -> None:
        if context.attempt < self.until:
            raise ValueError(f"row {context.attempt}, {context.tries} allowed, {context.tries_left} left")

class Number(Break, tries=4, backoff=0.2): ...
class Steps(Break, tries=4, backoff=[0.1, 0.3]): ...
class Growing(Break, tries=6, backoff=exponential(0.1, cap=0.5)): ...
class Patient(Break, tries=2, backoff=60): ...
class Endless(Break, tries=0, backoff=0): ...
class Dated(Break, tries=1, retry_until=3600, backoff=0): ...
class Hurried(Break, tries=9, retry_until=60, backoff=59.999): ...

class JobTimeout(Exception):
    "The application's own, which is none of Dartian's."

class Misnamed(Job, tries=9, max_exceptions=2, backoff=0):
    def handle(self) -> None:
        raise JobTimeout("the bank's")

class Moody(Job, tries=9, max_exceptions=2, timeout=0.3, backoff=0):
    "Runs out of time in its odd attempts, and raises in the others."
    def handle(self, context: JobContext) -> None:
        if context.attempt % 2:
            time.sleep(60)
        raise ValueError("bad mood")

class Strict(Job, tries=9, timeout=0.3, fail_on_timeout=True):
    def handle(self) -> None:
        time.sleep(60)
    def failed(self, error: BaseException) -> None:
        note(f"Strict {type(error).__name__}")

class Thick(Job, tries=25, backoff=0):
    def handle(self, context: JobContext) -> None:
        error = ValueError(f"attempt {context.attempt} " + "x" * 5_000)
        for _ in range(10):
            error.add_note("y" * 500)
        raise error

class Give(Job, tries=1):
    "Releases itself a number of times, and is done then."
    times: int
    delay: float = 0.0
    def handle(self, context: JobContext) -> None:
        note(f"{context.id} attempt {context.attempt}")
        with open(LEDGER) as file:
            if sum(line.startswith(context.id) for line in file) <= self.times:
                context.release(self.delay)

class Give_up(Job, tries=0):
    def handle(self, context: JobContext) -> None:
        try:
            context.fail("the account is closed")
        except Exception:
            note("swallowed")
    def failed(self, error: BaseException) -> None:
        note(f"Give_up {error}")
"""

PROGRAM = """
import json
from app.jobs.made import *
from dartian_queue import dispatch

ids = {cls.__name__: dispatch(cls()).id for cls in (Number, Steps, Patient, Dated, Hurried, Misnamed, Moody, Strict)}
ids |= {cls.__name__: dispatch(cls()).id for cls in (Thick, Give_up)}
ids |= {f"Growing {number}": dispatch(Growing()).id for number in range(8)}
ids["Endless"] = dispatch(Endless(until=31)).id
ids["Dated"] = dispatch(Dated(until=5)).id
ids["given"] = dispatch(Number(), backoff=[0.3, 0.1]).id
ids["configured"] = dispatch(Break()).id
ids["flagged"] = dispatch(Break(), queue="flagged").id
ids["flagged class"] = dispatch(Number(), queue="flagged").id
ids["flagged dispatch"] = dispatch(Break(), backoff=0.25, queue="flagged").id
ids["Give"] = dispatch(Give(30)).id
ids["Give later"] = dispatch(Give(2, 0.5)).id
print(json.dumps(ids))
"""

STAYS = ("Patient",)
"""The jobs that wait for another try when all others have ended."""


class Run:
    """What became of the jobs: what is stored of them, and what their workers have told."""

    def __init__(self, scene: Scene, ids: dict[str, str], workers: list[WorkerProcess]) -> None:
        self.scene = scene
        self.ids = ids
        self._workers = workers

    def row(self, name: str) -> StoredJob:
        return self.scene.job(self.ids[name])

    def events(self, name: str, type: str) -> list[JobEvent]:
        told = [event for worker in self._workers for event in worker.seen]
        return [event for event in told if event["type"] == type and event["id"] == self.ids[name]]

    def delays(self, name: str) -> list[object]:
        """Return the delays between attempts, having seen that none began before its time."""
        starts = [float(str(event["at"])) for event in self.events(name, "attempt_started")]
        ends = self.events(name, "attempt_ended")
        delays = [float(str(event["delay"])) for event in ends if event["outcome"] in ("retry", "released")]
        for delay, before, after in zip(delays, starts, starts[1:], strict=False):
            assert after - before >= delay, "it began before its time"
        if starts[1:]:
            assert starts[-1] >= self.row(name).available_at
        return list(delays)

    def outcomes(self, name: str) -> list[object]:
        return [event["outcome"] for event in self.events(name, "attempt_ended")]


def dispatched(scene: Scene) -> dict[str, str]:
    """Dispatch everything from a program, as an application does."""
    scene.write("program.py", PROGRAM)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("QUEUE_", "DARTIAN_"))}
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=scene.root,
        env={**clean, "QUEUE_COMPANION": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    ids: dict[str, str] = json.loads(done.stdout)
    return ids


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    scene = Scene(tmp_path_factory.mktemp("retries") / "application")
    try:
        yield worked_through(scene)
    finally:
        scene.close()


def worked_through(scene: Scene) -> Run:
    """Dispatch all jobs, and let the workers run until each has ended but those that stay."""
    scene.write("config/queue.py", CONFIG)
    scene.jobs(f"from dartian_queue import exponential\nLEDGER = {str(scene.ledger)!r}\n" + JOBS)
    ids = dispatched(scene)
    workers = [
        scene.worker("--isolates", "4", "--queue", "default", "--tries", "4"),
        scene.worker("--isolates", "1", "--queue", "flagged", "--backoff", "0.15,0.35"),
    ]
    for name, job_id in ids.items():
        worker = workers[name.startswith("flagged")]
        while name not in STAYS and scene.job(job_id).state in (State.WAITING, State.RUNNING):
            worker.wait("attempt_ended")
    for worker in workers:
        worker.process.terminate()
        assert worker.end() == 0, worker.errors
    return Run(scene, ids, workers)


def test_a_number_is_the_delay_before_every_try(run: Run) -> None:
    assert run.delays("Number") == [0.2, 0.2, 0.2]
    row = run.row("Number")
    assert (row.state, row.failed_reason, row.tries, row.crashes) == (State.FAILED, "exception", 4, 0)
    assert [error.message for error in row.errors] == [f"row {n}, 4 allowed, {4 - n} left" for n in (1, 2, 3, 4)]


def test_of_a_sequence_the_last_delay_repeats(run: Run) -> None:
    assert run.delays("Steps") == [0.1, 0.3, 0.3]


def test_an_exponential_backoff_doubles_up_to_its_cap_each_delay_up_to_a_fifth_shorter(run: Run) -> None:
    delays = [run.delays(f"Growing {number}") for number in range(8)]
    for column, exact in enumerate((0.1, 0.2, 0.4, 0.5, 0.5)):
        found = [float(str(row[column])) for row in delays]
        assert all(0.8 * exact <= delay <= exact for delay in found)
        assert len(set(found)) > 1, "all jobs would come back at the same moment"


def test_what_waits_for_its_next_try_is_stored_with_the_moment_and_the_error(run: Run) -> None:
    row = run.row("Patient")
    (ended,) = run.events("Patient", "attempt_ended")
    assert (ended["outcome"], ended["delay"]) == ("retry", 60.0)
    assert (row.state, row.tries, len(row.errors), row.failed_reason) == (State.WAITING, 1, 1, "")
    at = float(str(ended["at"]))
    assert at + 50 < row.available_at <= at + 60
    shown = dartian(run.scene.root, "queue:show", row.envelope.id).out
    assert "waiting, scheduled" in shown
    assert "ValueError: row 1, 2 allowed, 1 left" in shown


def test_the_backoff_is_that_of_dispatch_then_class_then_flag_then_configuration(run: Run) -> None:
    assert run.delays("given") == [0.3, 0.1, 0.1]
    assert run.delays("flagged dispatch") == [0.25, 0.25]
    assert run.delays("flagged class") == [0.2, 0.2, 0.2]
    assert run.delays("flagged") == [0.15, 0.35]
    assert run.delays("configured") == [0.1, 0.4, 0.4]  # and its tries are those of the worker's flag


def test_a_deadline_replaces_the_number_of_tries(run: Run) -> None:
    row = run.row("Dated")
    assert (row.state, row.tries, len(row.errors)) == (State.DONE, 4, 4)
    assert row.envelope.limits.retry_until is not None
    assert 3_599 < row.envelope.limits.retry_until - row.dispatched_at < 3_601
    assert row.errors[-1].message == "row 4, 0 allowed, None left", "the job must not take its attempt for the last"
    told = [*run.events("Dated", "attempt_started"), *run.events("Dated", "attempt_ended")]
    assert {event["tries"] for event in told} == {0}, "no display may say: try 4 of 1"


def test_a_job_fails_at_once_where_its_next_try_would_lie_behind_the_deadline(run: Run) -> None:
    row = run.row("Hurried")
    assert run.outcomes("Hurried") == ["failed"]
    assert (row.tries, row.failed_reason) == (1, "exception")
    assert row.settled_at is not None
    assert row.settled_at < (row.envelope.limits.retry_until or 0.0)


def test_until_the_deadline_it_is_tried_again_and_again(scene: Scene) -> None:
    scene.jobs(JOBS.partition("class Number")[0])
    worker = scene.worker("--isolates", "1").ready()
    deadline = time.time() + 1.5
    job_id = scene.put("Break", limits=Limits(tries=1, backoff=0.2, retry_until=deadline))
    ended = worker.wait("attempt_ended", id=job_id, outcome="failed")
    starts = [float(str(event["at"])) for event in worker.seen if event["type"] == "attempt_started"]
    row = scene.job(job_id)
    assert row.tries == len(starts) == ended["attempt"]
    assert row.tries > 2
    assert row.available_at <= deadline
    assert float(str(ended["at"])) + 0.2 > deadline


def test_exceptions_have_a_bound_of_their_own_in_which_timeouts_do_not_count(run: Run) -> None:
    row = run.row("Moody")
    assert run.outcomes("Moody") == ["retry", "retry", "retry", "failed"]
    assert (row.tries, row.failed_reason, row.crashes) == (4, "exception", 0)
    assert [error.type for error in row.errors] == ["JobTimeout", "ValueError"] * 2


def test_an_exception_of_the_applications_own_that_is_called_as_a_timeout_is_an_exception(run: Run) -> None:
    row = run.row("Misnamed")
    assert (row.tries, row.failed_reason) == (2, "exception")
    assert row.errors[0].type == "app.jobs.made.JobTimeout"


def test_a_job_that_shall_fail_on_a_timeout_does_so_with_tries_left(run: Run) -> None:
    row = run.row("Strict")
    assert run.outcomes("Strict") == ["failed"]
    assert (row.tries, row.failed_reason) == (1, "timeout")
    assert run.scene.notes().count("Strict JobTimeout") == 1


def test_without_a_bound_it_is_tried_until_it_is_done_and_the_last_twenty_errors_are_kept(run: Run) -> None:
    row = run.row("Endless")
    assert (row.state, row.tries) == (State.DONE, 30)
    assert row.claims >= 31  # and once more for each that went back before it began
    assert [error.attempt for error in row.errors] == [*range(11, 31)]
    shown = dartian(run.scene.root, "queue:show", row.envelope.id).out
    assert [line for line in shown.splitlines() if line.startswith("  ValueError:")] == [
        f"  ValueError: row {attempt}, 0 allowed, None left" for attempt in range(11, 31)
    ]


def test_long_errors_are_kept_as_far_as_64_kib_go_and_shown_by_both_commands(run: Run) -> None:
    row = run.row("Thick")
    assert (row.state, row.tries) == (State.FAILED, 25)
    kept = [error.attempt for error in row.errors]
    assert kept == [*range(26 - len(kept), 26)]
    sizes = [len(error.type) + len(error.message) + len(error.where) + len(error.traceback) for error in row.errors]
    assert 64 * 1024 - max(sizes) < sum(sizes) <= 64 * 1024
    (facts,) = json.loads(dartian(run.scene.root, "queue:failed", "--name", "Thick", "--json").out)
    assert [error["attempt"] for error in facts["errors"]] == kept
    assert [error["message"].split()[1] for error in facts["errors"]] == [str(attempt) for attempt in kept]
    shown = dartian(run.scene.root, "queue:show", row.envelope.id).out
    assert [line.partition(",")[0] for line in shown.splitlines() if line.startswith("attempt ")] == [
        f"attempt {attempt}" for attempt in kept
    ]


def test_any_number_of_releases_costs_no_try(run: Run) -> None:
    row = run.row("Give")
    assert run.outcomes("Give") == ["released"] * 30 + ["done"]
    assert (row.state, row.tries, row.crashes, row.errors) == (State.DONE, 0, 0, ())
    assert row.claims >= 31  # and once more for each that went back before it began
    assert {line for line in run.scene.notes() if line.startswith(row.envelope.id)} == {f"{row.envelope.id} attempt 1"}


def test_a_release_with_a_delay_is_not_run_before_its_time(run: Run) -> None:
    assert run.delays("Give later") == [0.5, 0.5]
    assert run.row("Give later").state is State.DONE


def test_a_job_that_fails_itself_has_failed_for_good_and_its_hook_is_called(run: Run) -> None:
    row = run.row("Give_up")
    assert run.outcomes("Give_up") == ["failed"]
    assert (row.state, row.failed_reason, row.tries) == (State.FAILED, "failed", 1)
    assert [(error.type, error.message) for error in row.errors] == [("Failed", "the account is closed")]
    assert [line for line in run.scene.notes() if "Give_up" in line or "swallowed" in line] == [
        "Give_up the account is closed"
    ]
