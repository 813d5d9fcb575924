"""The worker where things are not as usual: a locked store, odd applications, many isolates, nothing to do."""

import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from dartian_queue.envelope import Envelope, new_id
from dartian_queue.isolates.processes import children
from dartian_queue.options import Limits
from dartian_queue.states import State
from dartian_queue.stores.rows import CODES
from dartian_queue.stores.store import MOST_PRUNED
from tests.scene import Scene, is_alive, wait_for

JOBS = """
class Note(Job):
    text: str = ""
    def handle(self) -> None:
        note(self.text)

class Sleep(Job):
    duration: float
    def handle(self, context: JobContext) -> None:
        note(f"begin {os.getpid()}")
        until = time.monotonic() + self.duration
        while time.monotonic() < until and not context.cancelled:
            time.sleep(0.005)
        note(f"end {context.cancelled}")
        if context.cancelled:
            raise RuntimeError("interrupted")

class Deaf(Job):
    def handle(self) -> None:
        note("begin")
        time.sleep(600)
"""


@pytest.fixture
def working(scene: Scene) -> Scene:
    scene.jobs(JOBS)
    return scene


def processor_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def lease(scene: Scene, rest: str = "") -> None:
    scene.write("config/queue.py", f"from dartian_queue import Config\nconfig = Config(lease=3)\n{rest}")


def test_a_payload_of_the_size_that_is_configured_is_run_and_a_larger_one_has_failed(working: Scene) -> None:
    working.write("config/queue.py", "from dartian_queue import Config\nconfig = Config(max_payload=3_000_000)\n")
    accepted = working.put("Note", text="x" * 2_000_000)
    refused = working.put("Note", text="x" * 4_000_000)
    working.work()
    assert working.job(accepted).state is State.DONE
    assert working.job(refused).state is State.FAILED
    assert "larger than the 3,000,000 characters" in working.job(refused).errors[0].message


def test_a_worker_deletes_what_has_ended_longer_ago_than_it_is_kept(working: Scene) -> None:
    often = "import dartian_queue.worker as w; w.TIDY_INTERVAL = 0.1; from dartian_cli.app import main; main()"
    working.start("-c", often, "queue:work", "--json").ready()
    ages = (0.9, 1.1, 6.9, 7.1)
    ids = {(state, days): working.put("Note", text=state, delay=3600) for state in ("done", "failed") for days in ages}
    with sqlite3.connect(working.store_path) as connection:
        for (state, days), job_id in ids.items():
            row = (CODES[State(state)], time.time() - days * 86_400, job_id)
            connection.execute("UPDATE jobs SET state = ?, settled_at = ? WHERE id = ?", row)
    connection.close()
    kept = {ids["done", 0.9], ids["failed", 0.9], ids["failed", 1.1], ids["failed", 6.9]}
    wait_for(lambda: {job.envelope.id for job in working.store.jobs()} == kept, what="the pruning")


def test_a_worker_goes_on_deleting_until_nothing_is_kept_too_long(working: Scene) -> None:
    _put_done(working, 4 * MOST_PRUNED + 1)
    worker = working.worker("--isolates", "1").ready()
    ran = working.put("Note", text="meanwhile")
    wait_for(lambda: working.store.how_many(State.DONE, older=86_400) == 0, what="the pruning")
    assert working.wait_until(ran, State.DONE)
    worker.send(signal.SIGTERM)
    assert worker.end() == 0


def test_a_worker_that_ends_when_all_is_done_has_deleted_too(working: Scene) -> None:
    _put_done(working, MOST_PRUNED)
    working.work()
    assert working.store.how_many(State.DONE) == 0


def _put_done(scene: Scene, number: int) -> None:
    """Store jobs that were done two days ago."""
    scene.store.add([Envelope(new_id(), "Note", '{"text": ""}') for _ in range(number)])
    with sqlite3.connect(scene.store_path) as connection:
        connection.execute("UPDATE jobs SET state = 2, settled_at = ?", (time.time() - 2 * 86_400,))
    connection.close()


def test_an_isolate_has_the_rights_of_its_worker(working: Scene) -> None:
    """It is a boundary for crashes and no sandbox; SECURITY.md says so."""
    working.jobs(
        "class Look(Job):\n    def handle(self) -> None:\n        note(f'{os.getuid()} {os.environ[\"RIGHT\"]}')\n"
    )
    working.put("Look")
    working.work(env={"RIGHT": "as the worker"})
    assert working.notes() == [f"{os.getuid()} as the worker"]


def test_a_misspelt_variable_is_told_once_at_the_start(working: Scene) -> None:
    working.write(".env", "QUEUE_DIRVER=p4ssw0rd\n")
    ids = [working.put("Note", text=str(number)) for number in range(3)]
    events = working.work(env={"QUEUE_LIMIT_OF_MINE": "x"})
    assert [event["text"] for event in events if event["type"] == "notice"] == [
        "QUEUE_DIRVER is set, and not read; did you mean 'QUEUE_DRIVER'? "
        "(rename QUEUE_DIRVER to QUEUE_DRIVER, in the environment or in .env)"
    ]
    assert (events[0]["type"], events[0]["level"]) == ("notice", "warning")
    assert "p4ssw0rd" not in str(events)
    assert all(working.job(job_id).state is State.DONE for job_id in ids)


def test_a_worker_can_be_stopped_while_its_store_is_locked_and_says_what_it_could_not_store(working: Scene) -> None:
    job_id = working.put("Sleep", duration=0.2)
    worker = working.worker("--isolates", "1", "--grace", "0")
    wait_for(lambda: bool(working.notes()))
    other = sqlite3.connect(working.store_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    wait_for(lambda: len(working.notes()) == 2)
    worker.process.terminate()
    assert worker.end(patience=60) == 4
    other.execute("ROLLBACK")
    other.close()
    told = [str(event["text"]) for event in worker.seen if event["type"] == "notice"]
    assert any("could not be stored" in text for text in told)
    working.work()
    assert (working.job(job_id).state, working.job(job_id).tries) == (State.DONE, 0)


def test_a_store_that_is_locked_for_a_while_is_waited_for(working: Scene) -> None:
    job_id = working.put("Sleep", duration=0.2)
    worker = working.worker("--isolates", "1")
    wait_for(lambda: bool(working.notes()))
    other = sqlite3.connect(working.store_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    time.sleep(3)
    other.execute("ROLLBACK")
    other.close()
    worker.wait("attempt_ended", id=job_id, outcome="done")
    assert len([line for line in working.notes() if line.startswith("begin")]) == 1


@pytest.mark.parametrize(("name", "fields"), [("Sleep", {"duration": 60}), ("Deaf", {})])
def test_a_running_job_that_is_cancelled_ends_by_itself_or_is_ended(
    working: Scene, name: str, fields: dict[str, object]
) -> None:
    lease(working)
    job_id = working.put(name, **fields)
    worker = working.worker("--isolates", "1")
    wait_for(lambda: bool(working.notes()))
    working.store.cancel([job_id])
    worker.wait("attempt_ended", id=job_id, outcome="cancelled", patience=60)
    job = working.job(job_id)
    assert (job.state, job.tries, job.crashes) == (State.CANCELLED, 0, 0)
    working.wait_until(working.put("Note"), State.DONE)


def test_sixteen_isolates_run_sixteen_jobs_at_a_time(working: Scene) -> None:
    ids = [working.put("Sleep", duration=3) for _ in range(16)]
    worker = working.worker("--isolates", "16").ready()
    wait_for(lambda: len(working.notes()) == 16)
    assert len(set(working.notes())) == 16
    assert len(worker.isolates()) == 16
    for job_id in ids:
        working.wait_until(job_id, State.DONE)


@pytest.mark.parametrize("options", [("--once",), ("--max-jobs", "1"), ()])
def test_a_worker_with_nothing_to_do_but_wait_takes_no_processor(working: Scene, options: tuple[str, ...]) -> None:
    working.put("Sleep", duration=4)
    working.put("Note", delay=600)
    working.put("Note", queue="other")
    working.store.pause(["other"])
    worker = working.worker("--isolates", "2", *options)
    wait_for(lambda: bool(working.notes()))
    time.sleep(0.3)
    before = processor_time(worker.pid)
    time.sleep(2)
    assert processor_time(worker.pid) - before < 0.3


def test_what_the_application_starts_at_import_lives_as_long_as_its_zygote(working: Scene) -> None:
    working.write(
        "app/jobs/opened.py",
        f"""
        import os, subprocess
        print("printed at import")
        kept = subprocess.Popen(["sleep", "3071"])
        forked = os.fork()
        if forked == 0:
            os.execv("/bin/sleep", ["sleep", "3071"])
        with open({str(working.root / "kept")!r}, "w") as file:
            file.write(f"{{kept.pid}} {{forked}}")
        """,
    )
    worker = working.worker("--isolates", "1").ready()
    kept = [int(word) for word in (working.root / "kept").read_text().split()]
    for _ in range(3):
        working.wait_until(working.put("Note", limits=Limits(isolate="fresh")), State.DONE)
    assert all(map(is_alive, kept))
    worker.process.terminate()
    worker.end()
    assert not any(map(is_alive, kept))
    assert "printed at import" in str(worker.seen)


def test_a_child_forked_at_import_ends_where_the_import_does_and_hides_no_dead_zygote(working: Scene) -> None:
    """The child holds the zygote's end of the channel, so that the worker hears of no end there."""
    working.write(
        "app/jobs/opened.py",
        """
        import os, time
        if os.fork() == 0:
            time.sleep(1)
        """,
    )
    worker = working.worker("--isolates", "1").ready()
    zygote = worker.zygote()
    working.wait_until(working.put("Note", text="one"), State.DONE)
    wait_for(lambda: len(children(zygote)) == 1, what="the child to have ended")
    assert [event["type"] for event in worker.seen].count("worker_ready") == 1
    worker.send_to(zygote)
    working.wait_until(working.put("Note", text="two"), State.DONE)
    assert worker.zygote() != zygote


def test_an_isolate_that_forks_when_it_starts_is_still_one(working: Scene) -> None:
    lease(
        working,
        """
def isolate_started() -> None:
    import os
    if os.fork() == 0:
        return
""",
    )
    for number in range(5):
        working.put("Note", text=str(number))
    working.work()
    assert working.notes() == [str(number) for number in range(5)]


def test_what_an_isolate_starts_for_good_is_not_left_behind_by_a_job(working: Scene) -> None:
    lease(
        working,
        """
def isolate_started() -> None:
    import subprocess
    subprocess.Popen(["sleep", "3071"])
""",
    )
    working.jobs(JOBS + "\nclass Where(Job):\n    def handle(self) -> None:\n        note(str(os.getpid()))\n")
    for _ in range(5):
        working.put("Where")
    worker = working.worker("--isolates", "1", "--stop-when-empty")
    worker.end()
    assert len(set(working.notes())) == 1


def test_a_due_job_that_nobody_here_knows_hides_no_delayed_one(working: Scene) -> None:
    working.write(
        "config/queue.py",
        """
        from dartian_queue import Config, Connection
        config = Config(connections={"isolate": Connection(driver="isolate", poll=60)})
        """,
    )
    worker = working.worker("--isolates", "1").ready()
    unknown = working.put("NotHere")
    worker.wait("attempt_ended", id=working.put("Note", text="later", delay=0.5), outcome="done")
    assert working.job(unknown).claims == 0


def test_a_user_variable_of_one_job_is_not_seen_by_the_next(working: Scene) -> None:
    working.jobs(
        """
        from contextvars import ContextVar
        kept: ContextVar[str] = ContextVar("kept", default="clean")
        class Vary(Job):
            async def handle(self) -> None:
                note(kept.get())
                kept.set("spoilt")
        """
    )
    for _ in range(3):
        working.put("Vary")
    working.work()
    assert working.notes() == ["clean"] * 3
