"""Code that is edited while a worker has it: told, loaded anew for what begins then, and never at the cost of a job."""

import os
import signal
import time
from pathlib import Path

import pytest

from dartian_queue.isolates.processes import children
from dartian_queue.states import State
from tests.scene import PATIENCE, JobEvent, Scene, WorkerProcess, is_alive, wait_for

JOBS = """
from app.version import VERSION

class Tell(Job):
    number: int = 0
    def handle(self) -> None:
        note(f"{self.number} {VERSION}")

class Until(Job):
    "Runs until its file is there."
    file: str
    def handle(self) -> None:
        note(f"begun {VERSION}")
        while not os.path.exists(self.file):
            time.sleep(0.01)
        note(f"ended {VERSION}")
"""


@pytest.fixture
def edited(scene: Scene) -> Scene:
    """An application whose jobs know their version, which stands in a module of its own."""
    version(scene, "old")
    scene.jobs(JOBS)
    return scene


def version(scene: Scene, text: str) -> Path:
    return scene.write("app/version.py", f'VERSION = "{text}"\n')


def loaded(worker: WorkerProcess, *files: str) -> JobEvent:
    event = worker.wait("code", state="loaded")
    assert event["files"] == list(files)
    return event


def code(worker: WorkerProcess) -> list[object]:
    return [event["state"] for event in worker.seen if event["type"] == "code"]


def zygotes(worker: WorkerProcess) -> list[int]:
    return children(worker.pid)


def run(scene: Scene, worker: WorkerProcess) -> str:
    """Run one job, and return the version of the code that it had."""
    job_id = scene.put("Tell", number=7)
    worker.wait("attempt_ended", id=job_id, outcome="done")
    return scene.notes()[-1].split()[1]


def test_jobs_of_a_busy_worker_run_once_each_before_and_after_an_edit(edited: Scene) -> None:
    file = edited.root / "go"
    long = edited.put("Until", file=str(file))
    worker = edited.worker("--isolates", "3", "--watch").ready()
    worker.wait("attempt_started", id=long)
    ids: list[str] = []
    for number in range(200):
        ids.append(edited.put("Tell", number=number))
        if number == 60:
            version(edited, "new")
        if number == 130:
            version(edited, "newer")
        time.sleep(0.01)
    loaded(worker, "app/version.py")
    wait_for(lambda: all(edited.job(job_id).state is State.DONE for job_id in ids), what="all jobs to be done")
    assert run(edited, worker) == "newer"
    file.touch()
    worker.wait("attempt_ended", id=long, outcome="done")
    told = [line.split() for line in edited.notes()]
    assert sorted(int(number) for number, _ in told if number.isdigit()) == sorted([*range(200), 7])
    assert told.count(["begun", "old"]) == told.count(["ended", "old"]) == 1, "it kept the code that it began with"
    assert {"old", "newer"} <= {which for _, which in told}
    jobs = [edited.job(job_id) for job_id in (long, *ids)]
    assert {(job.claims, job.tries, job.crashes) for job in jobs} == {(1, 0, 0)}
    wait_for(lambda: len(zygotes(worker)) == 1, what="the old zygote to be gone")


def test_what_begins_after_the_load_has_the_new_code(edited: Scene) -> None:
    worker = edited.worker("--isolates", "2", "--watch").ready()
    assert run(edited, worker) == "old"
    old = worker.zygote()
    version(edited, "new")
    event = loaded(worker, "app/version.py")
    assert (event["jobs"], event["appeared"], event["gone"], event["error"]) == (2, [], [], "")
    assert 0 < float(str(event["duration"])) < PATIENCE
    assert [run(edited, worker) for _ in range(3)] == ["new"] * 3
    wait_for(lambda: not is_alive(old), what="the old zygote to be gone")
    assert code(worker) == ["loading", "loaded"]


def test_without_watch_an_edit_is_told_once_and_changes_nothing(edited: Scene) -> None:
    worker = edited.worker("--isolates", "1").ready()
    version(edited, "new")
    assert worker.wait("code")["files"] == ["app/version.py"]
    version(edited, "newer")
    edited.write("app/jobs/more.py", "")
    assert worker.wait("code")["files"] == ["app/jobs/more.py", "app/version.py"]
    assert run(edited, worker) == "old"
    assert code(worker) == ["edited", "edited"]


@pytest.mark.parametrize(
    ("text", "error", "place"),
    [
        ("VERSION = (\n", "SyntaxError: '(' was never closed", "app/version.py:1"),
        ('VERSION = "new"\nimport nowhere\n', "ModuleNotFoundError: No module named 'nowhere'", "app/version.py:2"),
        ("pass\n", "ImportError: cannot import name 'VERSION'", "app/jobs/made.py:"),
        ("raise SystemExit(0)\n", "SystemExit: 0", "app/version.py:1"),
    ],
)
def test_code_that_cannot_be_loaded_is_told_and_the_old_goes_on_until_it_is_mended(
    text: str, error: str, place: str, edited: Scene
) -> None:
    worker = edited.worker("--isolates", "1", "--watch").ready()
    edited.write("app/version.py", text)
    broken = worker.wait("code", state="broken")
    assert broken["files"] == ["app/version.py"]
    first, second = str(broken["error"]).splitlines()
    assert first.startswith(f"the jobs module 'app.jobs.made' cannot be imported: {error}")
    assert place in second
    assert run(edited, worker) == "old"
    version(edited, "mended")
    loaded(worker, "app/version.py")
    assert run(edited, worker) == "mended"
    assert code(worker) == ["loading", "broken", "loading", "loaded"]


def test_a_new_module_that_broke_the_load_is_looked_at_too(edited: Scene) -> None:
    worker = edited.worker("--isolates", "1", "--watch").ready()
    edited.write("app/helper.py", "1 +\n")
    edited.write("app/version.py", "from app.helper import VERSION\n")
    assert "app/helper.py:1" in str(worker.wait("code", state="broken")["error"])
    edited.write("app/helper.py", 'VERSION = "helped"\n')
    loaded(worker, "app/helper.py", "app/version.py")
    assert run(edited, worker) == "helped"


def test_jobs_appear_and_go_with_their_files(edited: Scene) -> None:
    worker = edited.worker("--isolates", "1", "--watch").ready()
    early = edited.put("mail.Fresh")
    edited.write("app/jobs/mail/fresh.py", "from app.jobs.made import Tell\n\nclass Fresh(Tell): pass\n")
    assert loaded(worker, "app/jobs/mail")["appeared"] == ["mail.Fresh"]
    worker.wait("attempt_ended", id=early, outcome="done")
    edited.jobs(JOBS.replace("class Until", "class Wait"))
    event = loaded(worker, "app/jobs/made.py")
    assert (event["appeared"], event["gone"]) == (["Wait"], ["Until"])
    late = edited.put("Until", file="/")
    (edited.root / "app/jobs/mail/fresh.py").unlink()
    assert loaded(worker, "app/jobs/mail/fresh.py")["gone"] == ["mail.Fresh"]
    assert run(edited, worker) == "old"
    assert edited.job(late).state is State.WAITING


def test_a_file_that_is_replaced_by_one_of_the_same_second_and_size_is_loaded(edited: Scene) -> None:
    """Python itself would take what it has cached of the one before."""
    path = version(edited, "one")
    worker = edited.worker("--isolates", "1", "--watch", env={"PYTHONDONTWRITEBYTECODE": ""}).ready()
    second = path.stat().st_mtime_ns // 10**9 * 10**9
    os.utime(path, ns=(second, second + 1))
    loaded(worker, "app/version.py")
    for number, text in enumerate(("two", "six", "ten")):
        other = path.with_name(".version.tmp")
        other.write_text(f'VERSION = "{text}"\n')
        os.utime(other, ns=(second, second + number))
        os.replace(other, path)
        loaded(worker, "app/version.py")
        assert run(edited, worker) == text


def test_what_was_claimed_ahead_runs_on_the_new_code_and_is_not_lost(edited: Scene) -> None:
    file = edited.root / "go"
    for number in range(300):  # so quick that the worker claims ahead
        edited.put("Tell", number=number)
    long = edited.put("Until", file=str(file))
    behind = [edited.put("Tell", number=1000 + number) for number in range(20)]
    worker = edited.worker("--isolates", "2", "--watch").ready()
    worker.wait("attempt_started", id=long)
    version(edited, "new")
    loaded(worker, "app/version.py")
    for job_id in behind:
        edited.wait_until(job_id, State.DONE)
    assert run(edited, worker) == "new", "by the isolate that is not taken by the long job"
    file.touch()
    edited.wait_until(long, State.DONE)
    assert len(edited.notes()) == 300 + 2 + 20 + 1


def test_a_zygote_that_is_killed_while_it_loads_costs_nothing(edited: Scene) -> None:
    worker = edited.worker("--isolates", "1", "--watch").ready()
    old = worker.zygote()
    edited.write("app/version.py", 'import time\ntime.sleep(60)\nVERSION = "slow"\n')
    worker.wait("code", state="loading")
    (loading,) = [pid for pid in zygotes(worker) if pid != old]
    assert run(edited, worker) == "old", "in the meantime everything goes on"
    worker.send_to(loading)
    error = str(worker.wait("code", state="broken")["error"])
    assert error.startswith("the process that was to load the edited code has ended before it had")
    assert run(edited, worker) == "old"
    assert zygotes(worker) == [old]
    version(edited, "new")
    loaded(worker, "app/version.py")
    assert run(edited, worker) == "new"


def test_an_edit_while_code_is_loaded_has_that_given_up(edited: Scene) -> None:
    worker = edited.worker("--isolates", "1", "--watch").ready()
    edited.write("app/version.py", 'import time\ntime.sleep(60)\nVERSION = "slow"\n')
    worker.wait("code", state="loading")
    version(edited, "new")
    loaded(worker, "app/version.py")
    assert code(worker) == ["loading", "loading", "loaded"]
    assert run(edited, worker) == "new"
    wait_for(lambda: len(zygotes(worker)) == 1, what="one zygote to be left")


def test_the_zygote_that_forks_dies_while_edited_code_is_loaded(edited: Scene) -> None:
    worker = edited.worker("--isolates", "1", "--watch").ready()
    old = worker.zygote()
    edited.write("app/version.py", 'import time\ntime.sleep(1)\nVERSION = "slow"\n')
    worker.wait("code", state="loading")
    worker.send_to(old)
    worker.wait("worker_ready")
    assert run(edited, worker) == "slow"
    assert len(zygotes(worker)) == 1


def test_the_last_job_of_an_old_zygote_dies_with_it_and_runs_again_on_the_new_code(edited: Scene) -> None:
    file = edited.root / "go"
    worker = edited.worker("--isolates", "2", "--watch").ready()
    old = worker.zygote()
    long = edited.put("Until", file=str(file))
    worker.wait("attempt_started", id=long)
    version(edited, "new")
    loaded(worker, "app/version.py")
    assert run(edited, worker) == "new"
    left = [old, *children(old)]
    assert all(map(is_alive, left))
    worker.send_to(old)
    wait_for(lambda: not any(map(is_alive, left)), what="the old zygote and its isolates to be gone")
    file.touch()
    worker.wait("attempt_ended", id=long, outcome="done")
    assert edited.notes() == ["begun old", "7 new", "begun new", "ended new"]
    job = edited.job(long)
    assert (job.crashes, job.tries, job.claims) == (1, 0, 2)
    assert old not in zygotes(worker)
    assert worker.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_worker_with_two_zygotes_ends_with_nothing_left(number: signal.Signals, edited: Scene) -> None:
    worker = edited.worker("--isolates", "2", "--watch", "--grace", "0.2").ready()
    long = edited.put("Until", file="/nowhere")
    worker.wait("attempt_started", id=long)
    version(edited, "new")
    loaded(worker, "app/version.py")
    assert run(edited, worker) == "new"
    edited.write("app/version.py", "import time\ntime.sleep(60)\n")
    worker.wait("code", state="loading")
    below = worker.descendants()
    assert len(zygotes(worker)) == 3
    worker.send(number)
    assert worker.end() == (0 if number == signal.SIGTERM else -9)
    wait_for(lambda: not any(map(is_alive, below)), what="all to be gone")
    job = edited.job(long)
    if number == signal.SIGTERM:
        assert (job.state, job.tries, job.crashes) == (State.WAITING, 0, 0)
    else:
        version(edited, "last")
        edited.worker("--isolates", "1").ready().wait("attempt_started", id=long)
        assert (edited.job(long).tries, edited.job(long).crashes) == (0, 1)


def test_isolates_that_are_started_plainly_are_replaced_too(edited: Scene) -> None:
    edited.jobs("import threading\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()", "threads")
    worker = edited.worker("--isolates", "1", "--watch").ready()
    assert worker.seen[-1]["plain_isolates"]
    assert run(edited, worker) == "old"
    version(edited, "new")
    loaded(worker, "app/version.py")
    assert run(edited, worker) == "new"


def test_a_file_that_is_written_whenever_it_is_loaded_is_not_loaded_for_ever(edited: Scene) -> None:
    edited.write(
        "app/version.py",
        """
        import pathlib, time
        pathlib.Path(__file__).with_name("built.py").write_text(f"BUILT = {time.time()}")
        from app.built import BUILT
        VERSION = "built"
        """,
    )
    worker = edited.worker("--isolates", "1", "--watch").ready()
    told = worker.wait("notice", level="info")
    assert told["text"] == "app/built.py is written whenever it is loaded, so its edits are not noticed"
    assert run(edited, worker) == "built"
    version(edited, "new")
    loaded(worker, "app/version.py")
    assert code(worker).count("loaded") == 3


def test_of_the_configuration_what_is_loaded_anew_is_told(edited: Scene) -> None:
    config = """
    from dartian_queue import Config
    config = Config(tries=2)
    def boot():
        print("booted {}", flush=True)
    """
    edited.write("config/queue.py", config.format(1))
    worker = edited.worker("--isolates", "1", "--watch").ready()
    edited.write("config/queue.py", config.format(2))
    worker.wait("job_output", text="booted 2")
    loaded(worker, "config/queue.py")
    notice = worker.wait("notice", level="info")
    assert notice["text"] == (
        "of config/queue.py, jobs, boot() and isolate_started() were loaded anew\n"
        "For the rest of it start the worker anew: dartian queue:restart"
    )
