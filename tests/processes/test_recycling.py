"""Isolates that have served their time are replaced: after so many jobs or seconds, or with too much memory."""

import signal
from itertools import groupby

import pytest

from dartian_queue.options import Limits
from dartian_queue.states import State
from tests.scene import Scene

JOBS = """
KEPT = []

class Note(Job):
    number: int = 0
    duration: float = 0.0
    def handle(self) -> None:
        time.sleep(self.duration)
        note(str(os.getpid()))

class Keep(Job):
    megabytes: int
    def handle(self) -> None:
        KEPT.append(b"x" * (self.megabytes * 1024 * 1024))
        note(str(os.getpid()))

class Allocate(Job):
    megabytes: int
    def handle(self) -> None:
        b"x" * (self.megabytes * 1024 * 1024)

class UseUp(Job):
    for_good: bool
    def handle(self) -> None:
        chain = [None]
        if self.for_good:
            KEPT.append(chain)
        while True:
            chain[0] = (chain[0],)
    def failed(self, error: BaseException) -> None:
        b"x" * (10 if self.for_good else 100 * 1024 * 1024)
        note(f"failed {type(error).__name__}")

class UseUpAwaiting(Job):
    async def handle(self) -> None:
        chain = [None]
        await asyncio.sleep(0)
        while True:
            chain[0] = (chain[0],)

class Late(Job, timeout=0.2):
    how: str
    def handle(self) -> None:
        time.sleep(60)
    def failed(self, error: BaseException) -> None:
        note(str(os.getpid()))
        if self.how == "keep":
            KEPT.append(b"x" * (150 * 1024 * 1024))
        if self.how == "last":
            time.sleep(1.1)
        if self.how == "leave":
            subprocess.Popen(["sleep", "600"])

class AllocateBelow(Job):
    def handle(self) -> None:
        done = subprocess.run([sys.executable, "-c", "b'x' * 2_000_000_000"], stderr=subprocess.PIPE, text=True)
        note("below " + done.stderr.split()[-1])
"""


@pytest.fixture
def stage(scene: Scene) -> Scene:
    scene.jobs(JOBS)
    return scene


def lives(scene: Scene) -> list[int]:
    """Return how many jobs each isolate has run, in their order."""
    pids = [line for line in scene.notes() if line.isdigit()]
    counts = [len(list(group)) for _, group in groupby(pids)]
    assert len(counts) == len(set(pids))
    return counts


def assert_uncharged(scene: Scene, ids: list[str]) -> None:
    jobs = [scene.job(job_id) for job_id in ids]
    assert {(job.state, job.tries, job.crashes, job.claims) for job in jobs} == {(State.DONE, 0, 0, 1)}


def test_an_isolate_is_replaced_after_so_many_jobs(stage: Scene) -> None:
    """Also where others were sent ahead to it: those go to the next one."""
    ids = [stage.put("Note", number=number) for number in range(40)]
    stage.work("--isolate-jobs", "7")
    assert lives(stage) == [7, 7, 7, 7, 7, 5]
    assert_uncharged(stage, ids)


def test_an_isolate_is_replaced_after_a_time(stage: Scene) -> None:
    ids = [stage.put("Note", duration=0.2) for _ in range(6)]
    stage.work("--isolate-age", "0.3")
    assert max(lives(stage)) <= 3
    assert len(lives(stage)) >= 2
    assert_uncharged(stage, ids)


def test_an_isolate_that_keeps_too_much_memory_is_replaced_before_a_job_has_to_do_without(stage: Scene) -> None:
    ids = [stage.put("Keep", megabytes=60) for _ in range(8)]
    stage.work("--memory", "300")
    assert 2 <= max(lives(stage)) <= 3
    assert_uncharged(stage, ids)


def test_the_configuration_says_it_and_a_flag_wins(stage: Scene) -> None:
    stage.write(
        "config/queue.py",
        """
        from dartian_queue import Config, Connection
        config = Config(connections={"isolate": Connection(driver="isolate", isolate_jobs=2)})
        """,
    )
    for number in range(4):
        stage.put("Note", number=number)
    stage.work()
    assert lives(stage) == [2, 2]
    stage.ledger.unlink()
    for number in range(4):
        stage.put("Note", number=number)
    stage.work("--isolate-jobs", "0")
    assert lives(stage) == [4]


def test_memory_beyond_the_bound_is_an_error_of_the_job_and_of_what_it_starts(stage: Scene) -> None:
    """10 GB are asked for; the worker lives on, and so does the next job."""
    greedy = stage.put("Allocate", megabytes=10_000, limits=Limits(tries=2, backoff=0.0))
    below, after = stage.put("AllocateBelow"), stage.put("Note")
    worker = stage.worker("--isolates", "1", "--memory", "300").ready()
    job = stage.wait_until(greedy, State.FAILED)
    assert (job.tries, job.crashes, job.failed_reason) == (2, 0, "exception")
    assert (job.errors[0].type, job.errors[0].message) == ("MemoryError", "it needs more than the 300 MB of an isolate")
    assert job.errors[0].where.startswith("app/jobs/made.py:")
    stage.wait_until(below, State.DONE)
    stage.wait_until(after, State.DONE)
    assert "below MemoryError" in stage.notes()
    worker.send(signal.SIGTERM)
    assert worker.end() == 0


def test_a_job_that_uses_up_the_last_byte_has_a_memory_error_and_room_for_its_hook(stage: Scene) -> None:
    ids = [stage.put("UseUp", for_good=True), stage.put("UseUp", for_good=False), stage.put("UseUpAwaiting")]
    stage.work("--memory", "200")
    for job in map(stage.job, ids):
        assert (job.state, job.tries, job.crashes, job.failed_reason) == (State.FAILED, 1, 0, "exception")
        assert job.errors[0].message == "it needs more than the 200 MB of an isolate"
        assert job.errors[0].where.startswith("app/jobs/made.py:")
    assert stage.notes() == ["failed MemoryError"] * 2


def test_a_bound_that_leaves_no_room_is_refused_at_the_start(stage: Scene) -> None:
    job_id = stage.put("Note")
    worker = stage.worker("--memory", "10")
    assert worker.end() == 3
    text = worker.errors
    assert "memory=10 leaves no room for a job: the application alone takes" in text
    assert "dartian queue:work --memory " in text
    assert stage.job(job_id).claims == 0


LIMITED = """
import resource, sys
from dartian_cli.app import main
most = int(sys.argv.pop(1)) * 1024 * 1024
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
main()
"""
"""``dartian`` in a system that allows a process so many megabytes."""


def test_a_lower_limit_of_the_system_is_told_and_holds(stage: Scene) -> None:
    ids = [stage.put("Keep", megabytes=60) for _ in range(8)]
    greedy = stage.put("Allocate", megabytes=10_000, priority=-1)
    options = ("--json", "--stop-when-empty", "--isolates", "1", "--memory", "700")
    worker = stage.start("-c", LIMITED, "300", "queue:work", *options)
    assert worker.end() == 0, worker.errors
    assert [event["text"] for event in worker.seen if event["type"] == "notice"] == [
        "isolates get 300 MB, not the 700 MB of memory=700: the system allows this process no more\n"
        "Its hard limit can be raised by root alone; to see it: ulimit -Hd"
    ]
    assert 2 <= max(lives(stage)) <= 3
    assert_uncharged(stage, ids)
    assert stage.job(greedy).errors[0].message == "it needs more than the 300 MB of an isolate"


def test_a_limit_of_the_system_that_leaves_no_room_is_refused_with_what_to_raise(stage: Scene) -> None:
    stage.put("Note")
    worker = stage.start("-c", LIMITED, "200", "queue:work", "--json", "--memory", "10")
    assert worker.end() == 3
    assert "First let the system allow it: ulimit -Hd " in worker.errors
    assert "Then allow more, for example: dartian queue:work --memory " in worker.errors


@pytest.mark.parametrize(
    ("how", "options"),
    [("keep", ("--memory", "300")), ("last", ("--isolate-age", "1")), ("leave", ())],
)
def test_what_a_hook_leaves_behind_counts_too(stage: Scene, how: str, options: tuple[str, ...]) -> None:
    """That is called in an isolate of its own after a timeout, where the next job would be run."""
    late, after = stage.put("Late", how=how, limits=Limits(timeout=0.2)), stage.put("Note", priority=-1)
    stage.work(*options)
    assert stage.job(late).state is State.FAILED
    assert_uncharged(stage, [after])
    assert lives(stage) == [1, 1]


def test_a_hook_counts_as_no_job(stage: Scene) -> None:
    stage.put("Late", how="", limits=Limits(timeout=0.2))
    for number in range(2):
        stage.put("Note", number=number, priority=-1)
    stage.work("--isolate-jobs", "2")
    assert lives(stage) == [3]
