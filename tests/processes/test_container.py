"""A worker as the only process of a container: process 1 of its own namespace, as docs/deploying.md has it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dartian_queue.isolates.processes import children
from dartian_queue.states import State
from tests.scene import Scene, WorkerProcess, is_alive, wait_for

CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
CONTAINED = f"import os, sys; os.execvp('unshare', [*{CONTAINER}, sys.executable, *sys.argv[1:]])"
JOBS = """
class Orphan(Job):
    def handle(self) -> None:
        subprocess.run(["sh", "-c", "sleep 0.05 & (setsid sleep 3071 &) ; exit"], check=True)
        note(str(os.getppid()))

class Sleep(Job):
    def handle(self, context: JobContext) -> None:
        note("begin")
        while not context.stopping:
            time.sleep(0.01)
        note("end")
"""


@pytest.fixture
def contained(scene: Scene) -> WorkerProcess:
    """A worker that is process 1; its pid outside is that of ``unshare``'s only child."""
    tried = subprocess.run([*CONTAINER, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"this system does not let a process have a namespace of its own: {tried.stderr.strip()}")
    scene.jobs(JOBS)
    return scene.start("-c", CONTAINED, "-m", "dartian_cli", "queue:work", "--json", "--isolates", "1")


pytestmark = [
    pytest.mark.skipif(sys.platform != "linux" or shutil.which("unshare") is None, reason="unshare is not installed"),
    pytest.mark.skipif(shutil.which("nsenter") is None, reason="nsenter is not installed"),
]


def process_1_of(worker: WorkerProcess) -> int:
    (pid,) = children(worker.pid)
    return pid


def zombies(pid: int) -> list[str]:
    """Return the processes of the namespace that have ended and that nobody has collected."""
    listed = enter(pid, "ps", "-eo", "stat=,args=")
    return [line for line in listed.stdout.splitlines() if line.startswith("Z")]


def enter(pid: int, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the container, as ``docker exec`` does."""
    entered = ["nsenter", "--target", str(pid), "--pid", "--mount", *command]
    return subprocess.run(entered, capture_output=True, text=True, timeout=20, check=True)


def test_a_worker_that_is_process_1_ends_at_sigterm_and_its_jobs_are_told(
    scene: Scene, contained: WorkerProcess
) -> None:
    contained.ready()
    first = process_1_of(contained)
    assert Path(f"/proc/{first}/status").read_text().split("NSpid:")[1].split()[1] == "1"
    job = scene.put("Sleep")
    wait_for(lambda: scene.notes() == ["begin"])
    os.kill(first, signal.SIGTERM)
    assert contained.end() == 0
    assert scene.notes() == ["begin", "end"]
    assert scene.job(job).state is State.DONE


def test_no_process_that_has_ended_stays_neither_of_a_job_nor_of_somebody_who_looked_in(
    scene: Scene, contained: WorkerProcess
) -> None:
    contained.ready()
    first = process_1_of(contained)
    scene.wait_until(scene.put("Orphan"), State.DONE)
    enter(first, "sh", "-c", "(sleep 0.1 &)")
    wait_for(lambda: not zombies(first) and "sleep" not in enter(first, "ps", "-eo", "args=").stdout)
    scene.wait_until(scene.put("Orphan"), State.DONE)
    assert is_alive(first)
    (zygote,) = children(first)
    os.kill(zygote, signal.SIGKILL)
    scene.wait_until(scene.put("Orphan"), State.DONE)
    os.kill(first, signal.SIGTERM)
    assert contained.end() == 0
    assert len(scene.notes()) == 3


def test_who_shares_its_store_from_outside_sees_it_live_and_takes_over_when_it_is_killed(
    scene: Scene, contained: WorkerProcess
) -> None:
    contained.ready()
    (info,) = scene.store.workers()
    assert info.pid == 1
    assert scene.store.served("default")
    job = scene.put("Sleep")
    wait_for(lambda: scene.notes() == ["begin"])
    contained.process.kill()
    wait_for(lambda: not scene.store.workers())
    other = scene.worker("--isolates", "1").ready()
    other.wait("attempt_started", id=job)
    other.send(signal.SIGTERM)
    assert other.end() == 0
    assert (scene.job(job).state, scene.job(job).crashes) == (State.DONE, 1)
