"""What a person at a terminal is told where a program dispatches, and where a job would wait for a debugger."""

import re
import subprocess
import sys

import pytest

from dartian_queue.states import State
from tests.cli.typing_at import Terminal, clean, dartian
from tests.scene import Scene

JOBS = """
class Stop(Job, name="Stopper"):
    note_: str = ""

    def handle(self) -> None:
        breakpoint()
        note("went on")
"""
DISPATCHES = """
from app.jobs.made import Stop
from dartian_queue import dispatch, dispatch_many

dispatch_many([Stop("a"), Stop("b"), Stop("c")], queue="media")
dispatch(Stop("d"))
print("end of", "program")
"""


@pytest.fixture
def made(scene: Scene) -> Scene:
    scene.jobs(JOBS)
    scene.write("program.py", DISPATCHES)
    return scene


def seen_by_a_person(scene: Scene, **env: str) -> list[str]:
    """Run the program on a terminal to its end, and return the lines that were seen."""
    terminal = Terminal(
        scene.root, "program.py", columns=250, program=(sys.executable,), **{"QUEUE_COMPANION": "0", **env}
    )
    try:
        assert terminal.end() == 0, terminal.text
        return [line for line in terminal.lines if line]
    finally:
        terminal.close()


def test_a_person_is_told_once_where_jobs_wait_that_no_worker_runs(made: Scene) -> None:
    told, end = seen_by_a_person(made)
    first = made.store.jobs()[0]
    assert told == (
        f"dartian: no worker is live, so Stopper {first.envelope.id} and 2 more wait on the queue media "
        "in storage/queue.sqlite3; `dartian queue:work` runs them"
    )
    assert end == "end of program"


def test_where_a_worker_serves_the_queue_nothing_is_said(made: Scene) -> None:
    made.worker("--queue", "media,default").ready()
    assert seen_by_a_person(made) == ["end of program"]


def test_a_worker_of_other_queues_runs_none_of_them(made: Scene) -> None:
    made.worker("--queue", "media").ready()
    told, _ = seen_by_a_person(made)
    assert re.search(r"so Stopper \w+ waits on the queue default in .*; `dartian queue:work` runs it$", told)


def test_a_dispatch_that_is_stored_raises_nothing_where_nothing_can_be_said(made: Scene) -> None:
    elsewhere = made.root / "elsewhere"
    elsewhere.mkdir()
    gone = f"import os, sys\nsys.path.insert(0, {str(made.root)!r})\nos.chdir({str(elsewhere)!r})\n"
    gone += DISPATCHES.replace("\ndispatch_many", f"\nos.rmdir({str(elsewhere)!r})\ndispatch_many")
    made.write("program.py", gone)
    assert seen_by_a_person(made, DARTIAN_ROOT=str(made.root)) == ["end of program"]
    assert len(made.store.jobs()) == 4


def test_off_a_terminal_nothing_is_said(made: Scene) -> None:
    program = [sys.executable, "program.py"]
    env = clean({"QUEUE_COMPANION": "0"})
    ended = subprocess.run(program, cwd=made.root, env=env, capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("end of program\n", "")


def test_a_command_that_says_it_itself_does_not_say_it_twice(made: Scene) -> None:
    terminal = Terminal(made.root, "job:dispatch", "Stopper", columns=120)
    try:
        assert terminal.end() == 0
        assert terminal.text.count("worker") == 1
    finally:
        terminal.close()


def test_a_breakpoint_in_an_isolate_fails_at_once_and_says_where_it_works(made: Scene) -> None:
    job_id = made.put("Stopper")
    made.work()
    job = made.job(job_id)
    assert job.state is State.FAILED
    (error,) = job.errors
    assert (error.type, error.where) == ("RuntimeError", "app/jobs/made.py:14")
    assert error.message == (
        "breakpoint() has no terminal in an isolate; run the job in yours: dartian job:run Stopper field=value"
    )
    assert "dartian job:run Stopper field=value" in dartian(made.root, "queue:show", job_id).out
    assert made.notes() == []


def test_a_debugger_that_needs_no_terminal_is_used_and_0_passes_breakpoints_over(made: Scene) -> None:
    made.write("debugger.py", "import app.jobs.made\n\ndef wait():\n    app.jobs.made.note('waited')\n")
    for hook in ("0", "debugger.wait"):
        job_id = made.put("Stopper")
        made.work(env={"PYTHONBREAKPOINT": hook})
        assert made.job(job_id).state is State.DONE
    assert made.notes() == ["went on", "waited", "went on"]
