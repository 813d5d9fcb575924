"""A: workers, zygotes and isolates die at any point; nothing is lost, and only what had begun is charged."""

import os
import signal
import time
from pathlib import Path

import pytest

from dartian_queue.options import Limits
from dartian_queue.states import State
from tests.faults.instruments import FULL, Books, Ledger, all_gone, audit
from tests.scene import Scene, WorkerProcess, is_alive, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.repeated]

DYING = str(Path(__file__).parent / "dying_worker.py")

LEAVE = '''
class Leave(Job):
    """Run with children: one as usual, one daemon with a session and an environment of its own."""
    def handle(self) -> None:
        note(f"left {os.getpid()} -")
        note(f"left {subprocess.Popen(['sleep', '3071']).pid} -")
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                note(f"left {os.getpid()} -")
                os.execve("/bin/sleep", ["sleep", "3071"], {})
            os._exit(0)
        os.wait()
        time.sleep(3071)
'''


@pytest.fixture
def books(scene: Scene) -> Books:
    return Books(scene)


def begun(scene: Scene, job_id: str) -> int:
    """Wait until a job has begun, and return the pid of its isolate."""
    wait_for(lambda: Ledger(scene.ledger).starts(job_id) > 0, what="the job to begin")
    return Ledger(scene.ledger).open_pids(job_id)[-1]


def test_a1_a_worker_that_is_killed_during_a_job(scene: Scene, books: Books) -> None:
    job_id = books.put(duration=0.5)
    first = scene.worker("--isolates", "1")
    begun(scene, job_id)
    first.kill()
    scene.work()
    job = scene.job(job_id)
    assert (job.state, job.crashes, job.tries) == (State.DONE, 1, 0)
    assert Ledger(scene.ledger).starts(job_id) == 2
    assert audit(scene, books) == []


def test_a2_an_isolate_that_is_killed(scene: Scene, books: Books) -> None:
    job_id = books.put(duration=0.5)
    worker = scene.worker("--isolates", "1")
    os.kill(begun(scene, job_id), signal.SIGKILL)
    killed_at = time.monotonic()
    worker.wait("attempt_ended", id=job_id, outcome="crashed")
    assert time.monotonic() - killed_at < 10
    job = scene.wait_until(job_id, State.DONE)
    assert (job.crashes, job.tries) == (1, 0)
    assert worker.process.poll() is None
    assert audit(scene, books) == []


@pytest.mark.parametrize(
    ("name", "when", "number"),
    [
        ("claim", "before", 2),
        ("claim", "after", 1),
        ("attempt_started", "event", 1),
        ("attempt_started", "event", 3),
        ("settle", "before", 1),
        ("settle", "after", 1),
        ("renew", "before", 1),
        ("expire", "before", 1),
        ("leave", "before", 1),
    ],
)
def test_a3_a_worker_that_dies_at_a_point_of_its_work(
    scene: Scene, books: Books, name: str, when: str, number: int
) -> None:
    for _ in range(5):
        books.put()
    worker = scene.start(DYING, name, when, str(number))
    worker.end()
    assert worker.process.returncode in (-signal.SIGKILL, 0)
    scene.work()
    assert {scene.job(id).state for id in books.ids} == {State.DONE}
    assert sum(scene.job(id).crashes for id in books.ids) <= 1
    assert {scene.job(id).tries for id in books.ids} == {0}
    assert audit(scene, books) == []


def test_a7_with_the_worker_all_that_came_from_it_is_gone(scene: Scene) -> None:
    worker, left = with_children(scene)
    worker.process.kill()
    wait_for(lambda: all_gone(left), what="everything to be gone")


def test_a7_without_its_zygote_the_worker_ends_the_rest_and_starts_another(scene: Scene) -> None:
    worker, left = with_children(scene)
    zygote = worker.zygote()
    os.kill(zygote, signal.SIGKILL)
    wait_for(lambda: all_gone(left), what="everything to be gone")
    after = scene.put("Work")
    scene.store.cancel([job.envelope.id for job in scene.store.jobs(name="Leave")])
    scene.wait_until(after, State.DONE)
    assert worker.zygote() != zygote


def with_children(scene: Scene) -> tuple[WorkerProcess, list[int]]:
    Books(scene)
    scene.jobs(LEAVE, module="leave")
    scene.put("Leave", limits=Limits(tries=1))
    worker = scene.worker("--isolates", "2").ready()
    wait_for(lambda: sum(line.startswith("left") for line in scene.notes()) == 3)
    left = [pid for pid in worker.descendants() if pid != worker.zygote()]
    assert set(left) >= {int(line.split()[1]) for line in scene.notes()}
    return worker, left


def test_a7_a_zygote_that_imports_dies_with_its_worker(scene: Scene) -> None:
    scene.jobs("note('importing')\ntime.sleep(60)\n")
    worker = scene.worker()
    wait_for(lambda: scene.notes() == ["importing"])
    left = worker.descendants()
    assert left
    worker.process.kill()
    wait_for(lambda: all_gone(left), what="the zygote to be gone")


@pytest.mark.long
@pytest.mark.skipif(not FULL, reason="takes a quarter of a minute: make faults")
def test_a7_a_zygote_that_is_frozen_is_replaced(scene: Scene, books: Books) -> None:
    """It can end nobody, so that no timeout would be kept: the worker ends it, and charges nobody for that."""
    job_id = books.put(duration=30.0, limits=Limits(timeout=0.7))
    worker = scene.worker("--isolates", "1", "--tries", "1").ready()
    begun(scene, job_id)
    zygote = worker.zygote()
    os.kill(zygote, signal.SIGSTOP)
    assert "did not answer" in str(worker.wait("notice", patience=60)["text"])
    wait_for(lambda: not is_alive(zygote))
    assert scene.job(job_id).crashes == 0
    scene.wait_until(books.put(), State.DONE)


def test_a8_only_what_had_begun_is_charged_and_a_job_that_kills_its_worker_fails_alone(
    scene: Scene, books: Books
) -> None:
    for _ in range(100):
        books.put()
    killer = books.put("KillWorker")
    ahead = [books.put() for _ in range(30)]
    for _ in range(3):
        worker = scene.worker("--isolates", "1", "--stop-when-empty")
        worker.end()
        assert worker.process.returncode == -signal.SIGKILL
    assert any(job.claims > 0 for job in map(scene.job, ahead)), "nothing was claimed ahead"
    scene.work()
    job = scene.job(killer)
    assert (job.state, job.failed_reason, job.crashes) == (State.FAILED, "crashed", 3)
    others = [scene.job(id) for id in books.ids if id != killer]
    assert {(job.state, job.crashes, job.tries) for job in others} == {(State.DONE, 0, 0)}
    assert audit(scene, books) == []
