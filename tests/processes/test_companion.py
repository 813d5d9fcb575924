"""The companion and its owner: how it starts, drains, and lets go, whatever ends the owner."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from textwrap import dedent

import pytest

from dartian_queue.states import State
from tests import canary
from tests.scene import PATIENCE, Scene, is_alive, wait_for

JOBS = """
class Note(Job):
    text: str
    duration: float = 0.0
    def handle(self) -> None:
        note(f"begin {self.text}")
        time.sleep(self.duration)
        note(f"end {self.text}")
"""


class Owner:
    """A program that dispatches, as a process; ``say`` lines on its standard output are waited for."""

    def __init__(self, scene: Scene, source: str, **env: str) -> None:
        head = "import os, sys, time\nfrom app.jobs.made import Note\nfrom dartian_queue import dispatch, configure\n"
        file = scene.write("program.py", head + dedent(source))
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("QUEUE_", "DARTIAN_"))}
        self.process = subprocess.Popen(
            [sys.executable, str(file)],
            cwd=scene.root,
            env={**clean, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=open(scene.root / "errors", "wb"),  # noqa: SIM115 - the companion writes there too, and may live on
            text=True,
        )
        self._scene = scene

    @property
    def errors(self) -> str:
        told = (self._scene.root / "errors").read_text()
        canary.refuse(told, "a script or its companion")
        return told

    def end(self) -> int:
        return self.process.wait(PATIENCE * 2)

    def companion(self) -> int:
        wait_for(lambda: "(pid " in self.errors, what="the announcement")
        found = re.search(r"\(pid (\d+)\)", self.errors)
        assert found is not None
        return int(found[1])

    def wait_for_output(self, text: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return
        raise AssertionError(f"no {text!r}; {self.errors}")


Start = Callable[..., Owner]


@pytest.fixture
def made(scene: Scene) -> Scene:
    scene.jobs(JOBS)
    return scene


@pytest.fixture
def owners(made: Scene) -> Iterator[Start]:
    started: list[Owner] = []

    def start(source: str, **env: str) -> Owner:
        started.append(Owner(made, source, **env))
        return started[-1]

    yield start
    for owner in started:
        with contextlib.suppress(ProcessLookupError):
            owner.process.kill()
        owner.process.wait()


def states(scene: Scene) -> list[State]:
    return [job.state for job in scene.store.jobs(limit=1000)]


def wait_until_gone(pid: int) -> None:
    wait_for(lambda: not is_alive(pid), what=f"{pid} to end")


def test_kill_9_of_the_owner_leaves_everything_stored_and_nobody_behind(made: Scene, owners: Start) -> None:
    owner = owners('[dispatch(Note(str(n), 30)) for n in range(5)]\nprint("said", flush=True)\ntime.sleep(60)\n')
    owner.wait_for_output("said")
    companion = owner.companion()
    wait_for(lambda: len(made.notes()) >= 1, what="a job to begin")
    owner.process.kill()
    wait_until_gone(companion)
    assert states(made) == [State.WAITING] * 5
    assert [(job.tries, job.crashes) for job in made.store.jobs()] == [(0, 0)] * 5, "put back untouched"
    assert "finishing" not in owner.errors
    assert made.store.workers() == []


def test_a_companion_says_which_variable_was_misspelt(made: Scene, owners: Start) -> None:
    owner = owners("dispatch(Note('said', 0))\n", QUEUE_DIRVER="sync")
    companion = owner.companion()
    assert owner.end() == 0
    wait_until_gone(companion)
    assert owner.errors.count("dartian: QUEUE_DIRVER is set, and not read; did you mean 'QUEUE_DRIVER'?") == 1


def test_ctrl_c_in_the_script_leaves_the_rest_stored(made: Scene, owners: Start) -> None:
    owner = owners('[dispatch(Note(str(n), 30)) for n in range(5)]\nprint("said", flush=True)\ntime.sleep(60)\n')
    owner.wait_for_output("said")
    companion = owner.companion()
    wait_for(lambda: len(made.notes()) >= 1, what="a job to begin")
    owner.process.send_signal(signal.SIGINT)
    assert owner.end() == -signal.SIGINT
    wait_until_gone(companion)
    assert states(made) == [State.WAITING] * 5
    assert "finishing" not in owner.errors


def test_ctrl_c_while_it_finishes_leaves_the_rest_at_once(made: Scene, owners: Start) -> None:
    owner = owners("[dispatch(Note(str(n), 30)) for n in range(5)]\n")
    wait_for(lambda: "finishing 5 jobs" in owner.errors, what="the drain")
    companion = owner.companion()
    wait_for(lambda: len(made.notes()) >= 1, what="a job to begin")
    owner.process.send_signal(signal.SIGINT)
    assert owner.end() == 0
    wait_until_gone(companion)
    assert states(made) == [State.WAITING] * 5
    assert "dartian: the rest is left for `dartian queue:work`" in owner.errors


def test_the_drain_has_an_end(made: Scene, owners: Start) -> None:
    owner = owners(
        "configure(drain_timeout=5, isolates=1)\n[dispatch(Note(str(n), 0 if n == 0 else 30)) for n in range(3)]\n"
    )
    assert owner.end() == 0
    wait_until_gone(owner.companion())
    assert sorted(map(str, states(made))) == ["done", "waiting", "waiting"]
    assert "dartian: 2 jobs not finished within 5 s and stored: `dartian queue:work` runs them" in owner.errors


def test_an_exception_in_the_script_still_finishes_its_jobs(made: Scene, owners: Start) -> None:
    owner = owners('dispatch(Note("a"))\n1 / 0\n')
    assert owner.end() == 1
    assert states(made) == [State.DONE]


def test_when_nothing_is_due_the_script_ends_at_once(made: Scene, owners: Start) -> None:
    owner = owners('dispatch(Note("a"), delay=600)\n')
    assert owner.end() == 0
    assert "finishing" not in owner.errors
    wait_until_gone(owner.companion())
    assert states(made) == [State.WAITING]


@pytest.mark.parametrize("how", ["environment", "configure", "dotenv"])
def test_it_can_be_turned_off(made: Scene, owners: Start, how: str) -> None:
    if how == "dotenv":
        made.write(".env", "QUEUE_COMPANION=0\n")
    head = "configure(companion=False)\n" if how == "configure" else ""
    env = {"QUEUE_COMPANION": "0"} if how == "environment" else {}
    owner = owners(head + 'dispatch(Note("a"))\n', **env)
    assert owner.end() == 0
    assert owner.errors == ""
    assert states(made) == [State.WAITING]


def test_a_forked_child_does_not_hold_the_companion(made: Scene, owners: Start) -> None:
    owner = owners(
        """
        dispatch(Note("a", 60))
        if not os.fork():
            os.close(1)
            time.sleep(30)
            os._exit(0)
        print("said", flush=True)
        time.sleep(60)
        """
    )
    owner.wait_for_output("said")
    companion = owner.companion()
    wait_for(lambda: made.notes() == ["begin a"], what="the job to begin")
    owner.process.kill()
    wait_until_gone(companion)
    assert states(made) == [State.WAITING]


def test_one_that_died_is_started_again_at_the_next_dispatch_but_not_in_a_loop(made: Scene, owners: Start) -> None:
    owner = owners(
        """
        dispatch(Note("a"))
        while not os.path.exists("killed"):
            time.sleep(0.01)
        for number in range(20):
            dispatch(Note(f"in the back off {number}"))
        print("said", flush=True)
        while "end a again" not in open("ledger").read():
            dispatch(Note("a again"))
            time.sleep(0.2)
        """
    )
    companion = owner.companion()
    wait_for(lambda: made.notes() == ["begin a", "end a"], what="the first job")
    os.kill(companion, signal.SIGKILL)
    wait_until_gone(companion)
    (made.root / "killed").touch()
    owner.wait_for_output("said")
    assert owner.end() == 0
    assert set(states(made)) == {State.DONE}
    assert owner.errors.count("no worker is live") == 1, "announced once"


def test_jobs_that_cannot_be_imported_are_told_and_stay_stored(made: Scene, owners: Start) -> None:
    made.write("app/jobs/broken.py", "import nothing_of_that_name\n")
    owner = owners('dispatch(Note("a"))\ntime.sleep(2)\n')
    assert owner.end() == 0
    assert "nothing_of_that_name" in owner.errors
    assert "Traceback" not in owner.errors
    assert "dartian: its worker has ended; 1 job not run and stored: `dartian queue:work` runs them" in owner.errors
    assert states(made) == [State.WAITING]


def test_it_is_of_no_use_by_hand() -> None:
    leader, follower = os.openpty()
    ended = subprocess.run(
        [sys.executable, "-m", "dartian_queue"], stdin=follower, capture_output=True, text=True, timeout=30
    )
    os.close(leader)
    os.close(follower)
    assert ended.returncode == 2
    assert ended.stderr == "python -m dartian_queue is what a process starts for itself; run: dartian queue:work\n"


def test_an_owner_that_dies_before_its_first_word() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "dartian_queue"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_without_standard_error(made: Scene) -> None:
    made.write(
        "program.py", 'from app.jobs.made import Note\nfrom dartian_queue import dispatch\ndispatch(Note("a"))\n'
    )
    ended = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} program.py 2>&- >&- <&-"], cwd=made.root, timeout=60, check=False
    )
    assert ended.returncode == 0
    assert states(made) == [State.DONE]


def test_one_that_cannot_be_started_costs_no_job(made: Scene, owners: Start) -> None:
    owner = owners('sys.executable = "/nowhere/python"\ndispatch(Note("a"))\ndispatch(Note("b"))\n')
    assert owner.end() == 0
    assert owner.errors.count("dartian: no worker could be started ([Errno 2] No such file or directory:") == 1
    assert states(made) == [State.WAITING] * 2
