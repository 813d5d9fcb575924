"""dispatch from the programs that people have: scripts, loops, threads, forks, prompts; each a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from dartian_queue.states import State
from tests.scene import Scene, wait_for

JOBS = """
class Note(Job):
    text: str
    duration: float = 0.0
    def handle(self) -> None:
        time.sleep(self.duration)
        note(self.text)
"""


class Program:
    """A script, run to its end."""

    def __init__(
        self, scene: Scene, source: str, *, companion: bool, cwd: Path | None = None, prompt: bool = False
    ) -> None:
        head = "from app.jobs.made import Note\nfrom dartian_queue import dispatch, dispatch_many, run_now, configure\n"
        file = scene.write("program.py", head + dedent(source))
        env = {name: value for name, value in os.environ.items() if not name.startswith(("QUEUE_", "DARTIAN_"))}
        env |= {"QUEUE_COMPANION": "1" if companion else "0", "PYTHONPATH": str(scene.root)}
        command = [sys.executable, "-i", "-q"] if prompt else [sys.executable, str(file)]
        ended = subprocess.run(
            command,
            cwd=cwd or scene.root,
            env=env,
            input=file.read_text() if prompt else "",
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.code, self.output, self.errors = ended.returncode, ended.stdout, ended.stderr


@pytest.fixture
def made(scene: Scene) -> Scene:
    scene.jobs(JOBS)
    return scene


def stored(scene: Scene) -> list[str]:
    return sorted(job.envelope.payload.split('"')[3] for job in scene.store.jobs(limit=10_000))


def run(
    scene: Scene, source: str, *, companion: bool = False, cwd: Path | None = None, prompt: bool = False
) -> Program:
    program = Program(scene, source, companion=companion, cwd=cwd, prompt=prompt)
    assert program.code == 0, program.errors
    return program


def test_a_script_ends_when_its_jobs_are_done(made: Scene) -> None:
    program = run(
        made, 'dispatch(Note("a"))\ndispatch(Note("b", 0.2))\ndispatch(Note("later"), delay=60)', companion=True
    )
    assert sorted(made.notes()) == ["a", "b"]
    assert program.output == "", "standard output is the script's own"
    announcement, finishing = program.errors.splitlines()
    assert announcement.startswith("dartian: no worker is live, so this process has started one of its own (pid ")
    assert finishing in (
        "dartian: finishing 2 jobs; Ctrl-C leaves them for `dartian queue:work`",
        "dartian: finishing 1 job; Ctrl-C leaves it for `dartian queue:work`",
    )
    assert made.store.counts().total.scheduled == 1


def test_what_a_job_prints_and_why_it_failed_is_on_standard_error(scene: Scene) -> None:
    scene.jobs(
        """
        class Note(Job):
            text: str
            def handle(self) -> None:
                print("printed", self.text)
                raise ValueError("bad row 17")
        """
    )
    program = run(scene, 'r = dispatch(Note("a"))\nprint(r.id)', companion=True)
    job_id = program.output.strip()
    assert "Note: printed a" in program.errors
    assert (
        f"dartian: Note has failed; `dartian queue:retry {job_id[:8]}` runs it again: ValueError: bad row 17 "
        "(app/jobs/made.py:" in program.errors
    )


def test_a_live_worker_is_used_and_no_companion_started(made: Scene) -> None:
    worker = made.worker().ready()
    program = run(made, 'dispatch(Note("a"))', companion=True)
    assert program.errors == ""
    wait_for(lambda: made.notes() == ["a"])
    worker.kill()


def test_a_worker_of_other_queues_does_not_count(made: Scene) -> None:
    made.worker("--queue", "media").ready()
    program = run(made, 'dispatch(Note("a"))', companion=True)
    assert "no worker is live" in program.errors
    assert made.notes() == ["a"]


def test_a_forgotten_await_is_stored_at_the_end_of_the_loop(made: Scene) -> None:
    run(
        made,
        """
        import asyncio
        async def main():
            for number in range(50):
                dispatch(Note(f"{number:02}"))
        asyncio.run(main())
        """,
    )
    assert stored(made) == [f"{number:02}" for number in range(50)]


def test_a_forgotten_await_s_error_is_logged(made: Scene) -> None:
    program = run(
        made,
        """
        import asyncio
        dispatch(Note("a"), id="one")
        async def main():
            kept.append(dispatch(Note("b"), id="one"))
        kept = []
        asyncio.run(main())
        """,
    )
    assert "dispatch of Note one failed, and nothing awaited it: The id one belongs to a job" in program.errors
    assert stored(made) == ["a"]


def test_a_loop_that_is_closed_meanwhile(made: Scene) -> None:
    run(
        made,
        """
        import asyncio, sqlite3
        dispatch(Note("first"))
        other = sqlite3.connect("storage/queue.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        async def main():
            task = asyncio.ensure_future(wait())
            await asyncio.sleep(0.05)
        async def wait():
            await dispatch(Note("second"))
        asyncio.run(main())
        other.execute("COMMIT")
        """,
    )
    assert stored(made) == ["first", "second"]


def test_the_loop_ticks_while_the_store_is_locked_for_a_second(made: Scene) -> None:
    program = run(
        made,
        """
        import asyncio, sqlite3, threading, time
        dispatch(Note("first"))
        other = sqlite3.connect("storage/queue.sqlite3", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        async def main():
            threading.Timer(1.0, lambda: other.execute("COMMIT")).start()
            started = last = time.perf_counter()
            longest, receipt = 0.0, asyncio.ensure_future(wait())
            while not receipt.done():
                await asyncio.sleep(0.001)
                now = time.perf_counter()
                longest, last = max(longest, now - last), now
            assert now - started > 0.9, now - started
            print(longest)
        async def wait():
            await dispatch(Note("second"))
        asyncio.run(main())
        """,
    )
    assert float(program.output) < 0.5, "ten times and more what a busy machine needs"
    assert stored(made) == ["first", "second"]


def test_threads_that_outlive_the_main_thread(made: Scene) -> None:
    run(
        made,
        """
        import asyncio, threading, time
        def plain(name):
            time.sleep(0.2)
            dispatch(Note(name))
        def looped(name):
            async def main():
                await asyncio.sleep(0.2)
                dispatch(Note(name))
            asyncio.run(main())
        for number in range(4):
            threading.Thread(target=plain, args=(f"plain {number}",)).start()
            threading.Thread(target=looped, args=(f"looped {number}",)).start()
        """,
    )
    assert stored(made) == sorted([f"{kind} {number}" for kind in ("plain", "looped") for number in range(4)])


def test_a_dispatch_at_exit(made: Scene) -> None:
    run(
        made,
        """
        import atexit
        atexit.register(lambda: dispatch(Note("first")))
        dispatch(Note("second"))
        atexit.register(lambda: dispatch(Note("third")))
        """,
    )
    assert stored(made) == ["first", "second", "third"]


def test_a_fork(made: Scene) -> None:
    run(
        made,
        """
        import asyncio, os, sys
        dispatch(Note("parent"))
        async def main():
            await dispatch(Note("parent in a loop"))
        asyncio.run(main())
        child = os.fork()
        if not child:
            dispatch(Note("child"))
            async def forgetful():
                dispatch(Note("child in a loop"))
            asyncio.run(forgetful())
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
        dispatch(Note("parent again"))
        """,
    )
    assert stored(made) == ["child", "child in a loop", "parent", "parent again", "parent in a loop"]


def test_a_fork_while_threads_dispatch(made: Scene) -> None:
    run(
        made,
        """
        import os, threading, time
        stop = False
        count = 0
        def go():
            global count
            while not stop:
                dispatch(Note("thread"))
                count += 1
                time.sleep(0.002)
        thread = threading.Thread(target=go)
        thread.start()
        for number in range(10):
            time.sleep(0.02)
            child = os.fork()
            if not child:
                dispatch(Note("child"))
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        stop = True
        thread.join()
        open("count", "w").write(str(count))
        """,
    )
    notes = stored(made)
    assert notes.count("child") == 10
    assert notes.count("thread") == int((made.root / "count").read_text())


def test_a_fork_while_another_thread_loads_the_configuration(made: Scene) -> None:
    made.write("config/queue.py", "import time\nfrom dartian_queue import Config\ntime.sleep(0.5)\nconfig = Config()\n")
    run(
        made,
        """
        import os, threading, time
        thread = threading.Thread(target=lambda: dispatch(Note("thread")))
        thread.start()
        time.sleep(0.2)
        child = os.fork()
        if not child:
            dispatch(Note("child"))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        thread.join()
        """,
    )
    assert stored(made) == ["child", "thread"]


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("companion", [False, True])
def test_multiprocessing(made: Scene, method: str, companion: bool) -> None:
    made.write(
        "work_in_child.py",
        """
        import asyncio
        from dartian_queue import dispatch
        from app.jobs.made import Note
        def work(number):
            dispatch(Note(f"child {number}"))
            async def forgetful():
                dispatch(Note(f"loop {number}"))
            asyncio.run(forgetful())
        """,
    )
    program = run(
        made,
        f"""
        import multiprocessing, work_in_child
        if __name__ == "__main__":
            made = multiprocessing.get_context({method!r})
            children = [made.Process(target=work_in_child.work, args=(number,)) for number in range(2)]
            [child.start() for child in children]
            [child.join() for child in children]
            assert [child.exitcode for child in children] == [0, 0]
        """,
        companion=companion,
    )
    expected = ["child 0", "child 1", "loop 0", "loop 1"]
    assert stored(made) == expected
    if companion:
        assert sorted(made.notes()) == expected, program.errors


def test_several_processes_with_loops_each_have_a_companion(made: Scene) -> None:
    program = run(
        made,
        """
        import asyncio, os
        async def serve(number):
            for each in range(5):
                await dispatch(Note(f"{number} {each}"))
        children = []
        for number in range(2):
            child = os.fork()
            if not child:
                asyncio.run(serve(number))
                raise SystemExit
            children.append(child)
        for child in children:
            assert os.waitpid(child, 0)[1] == 0
        """,
        companion=True,
    )
    assert sorted(made.notes()) == [f"{number} {each}" for number in range(2) for each in range(5)]
    assert program.errors.count("no worker is live") == 2


def test_from_another_folder(made: Scene, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run(made, 'dispatch(Note("a"))', companion=True, cwd=elsewhere)
    assert made.notes() == ["a"]
    assert stored(made) == ["a"], "in the store of the application, and not in one of the current folder"
    assert list(elsewhere.iterdir()) == []


def test_from_a_folder_whose_files_shadow_the_standard_library(made: Scene, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("queue", "signal", "json", "random"):
        (elsewhere / f"{name}.py").write_text("raise RuntimeError('shadowed')\n")
    run(made, 'dispatch(Note("a"))', companion=True, cwd=elsewhere)
    assert made.notes() == ["a"]


def test_from_a_prompt(made: Scene) -> None:
    run(made, 'dispatch(Note("a"))\nx = 1 / 0\ndispatch(Note("b"))\n', companion=True, prompt=True)
    assert sorted(made.notes()) == ["a", "b"]


def test_a_job_of_the_program_itself_is_refused_with_the_remedy(made: Scene) -> None:
    program = Program(
        made,
        """
        from dartian_queue import Job
        class Own(Job):
            def handle(self) -> None: ...
        run_now(Own())
        dispatch(Own())
        """,
        companion=True,
    )
    assert program.code == 1
    assert "NotRegistered: Own is defined in the program that runs, where no worker can find it" in program.errors
    assert "Move it to a module below app/jobs" in program.errors


def test_no_main_guard_is_needed(made: Scene) -> None:
    program = run(made, 'print("imported once")\ndispatch(Note("a"))', companion=True)
    assert program.output == "imported once\n"
    assert made.notes() == ["a"]


def test_configure_reaches_the_companion(made: Scene) -> None:
    made.write("shop/__init__.py", "")
    made.write("shop/work.py", made.root.joinpath("app/jobs/made.py").read_text().replace("Note", "Shout"))
    run(
        made,
        """
        configure(store="elsewhere/jobs.sqlite3", jobs=["shop.work"], isolates=1)
        from shop.work import Shout
        dispatch(Shout("from the shop"))
        """,
        companion=True,
    )
    assert made.notes() == ["from the shop"]
    assert (made.root / "elsewhere" / "jobs.sqlite3").exists()


def test_a_job_that_dispatches_is_finished_with_its_own(scene: Scene) -> None:
    scene.jobs(
        """
        from dartian_queue import dispatch
        class Note(Job):
            left: int
            def handle(self) -> None:
                note(f"{self.left}")
                if self.left:
                    dispatch(Note(self.left - 1))
        """
    )
    program = run(scene, "dispatch(Note(3))", companion=True)
    assert scene.notes() == ["3", "2", "1", "0"]
    assert program.errors.count("no worker is live") == 1, "no companion of a companion"


def test_under_pytest_a_script_s_own_process_is_left_alone(made: Scene) -> None:
    made.write(
        "test_made.py",
        """
        from dartian_queue import dispatch
        from app.jobs.made import Note
        def test_real(tmp_path):
            dispatch(Note("a"))
        """,
    )
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-o",
            "dartian_queue=real",
            "-p",
            "no:cacheprovider",
            "-o",
            "pythonpath=.",
        ],
        cwd=made.root,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stdout
    assert made.notes() == ["a"], ended.stdout + ended.stderr


def test_state_after_the_end(made: Scene) -> None:
    run(made, 'dispatch(Note("a"))', companion=True)
    (job,) = made.store.jobs()
    assert job.state is State.DONE
    assert job.envelope.origin
    assert made.store.workers() == []
