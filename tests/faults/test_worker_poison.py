"""G: rows that somebody wrote straight into the store. The worker serves the others, and each has a readable reason."""

import json
import sqlite3
import time
from collections.abc import Iterator

import pytest

from dartian_queue.states import State
from dartian_queue.stores.store import StoredJob
from tests.scene import JobEvent, Scene

pytestmark = pytest.mark.faults

JOBS = """
class Note(Job):
    text: str
    def handle(self) -> None:
        note(self.text)

class Typed(Job):
    number: int
    names: list[str]
    def handle(self) -> None:
        note(f"typed {self.number}")

SUSPECTS = ("webbrowser", "antigravity", "this", "etc", "turtle")

def suspect(event: str, arguments: tuple[object, ...]) -> None:
    if event == "import" and str(arguments[0]).partition(".")[0] in SUSPECTS:
        note(f"imported {arguments[0]}")
    if event in ("os.system", "subprocess.Popen"):
        note(f"ran {event}")

sys.addaudithook(suspect)
"""
GOOD = 100
SECRET = "z" * 100

NAMES = [
    "NotHere",
    "os.system",
    "webbrowser.open",
    "antigravity",
    "this",
    "../../etc/passwd",
    "__import__",
    "__import__('turtle')",
    "made.Note",
    "app.jobs.made.Note",
    "Note.handle",
    "x" * 10_000,
    "N\0te",
    "\u202eetoN",
    "",
    " Note",
]
PAYLOADS = {
    "no json": "{",
    "cut": '{"text": "a',
    "empty": "",
    "a list": "[1, 2]",
    "nothing": "null",
    "nested": '{"text": ' + "[" * 200_000 + "]" * 200_000 + "}",
    "big number": '{"text": 1' + "0" * 5_000 + "}",
    "a class": '{"py/object": "os.system", "text": "x"}',
    "surrogate": '{"text": "\\ud800"}',
    "NaN": '{"text": NaN}',
    "twice": '{"text": 1, "text": 2}',
}
MISFITS = {
    "wrong type": {"number": "seven", "names": []},
    "missing": {"number": 7},
    "extra": {"number": 7, "names": [], "more": SECRET},
    "null": {"number": None, "names": []},
    "inner": {"number": 7, "names": ["a", 1]},
}


@pytest.fixture
def poisoned(scene: Scene) -> Scene:
    scene.jobs(JOBS)
    return scene


def spoil(scene: Scene, **columns: object) -> str:
    """Store a good job and write other columns over its own, as no dispatch would."""
    job_id = scene.put("Note", text="spoilt")
    with sqlite3.connect(scene.store_path) as connection:
        for column, value in columns.items():
            connection.execute(f"UPDATE jobs SET {column} = ? WHERE id = ?", (value, job_id))
    connection.close()
    return job_id


def serve(scene: Scene) -> list[JobEvent]:
    """Let a worker serve a hundred other jobs beside the bad ones, and assert that it does."""
    for number in range(GOOD):
        scene.put("Note", text=str(number))
    events = scene.work()
    assert sorted(scene.notes(), key=str) == sorted(map(str, range(GOOD)))
    return events


def stored(scene: Scene) -> Iterator[StoredJob]:
    for job in scene.store.jobs(limit=1_000):
        if job.state is not State.DONE:
            yield job


def test_g1_and_g2_a_name_that_is_not_known_is_shown_and_not_charged_and_nothing_is_imported(poisoned: Scene) -> None:
    for name in NAMES:
        spoil(poisoned, name=name)
    events = serve(poisoned)
    for job in stored(poisoned):
        assert (job.tries, job.crashes) == (0, 0) or job.failed_reason
        assert job.state is State.WAITING or job.errors[0].message
    assert {job.state for job in stored(poisoned)} <= {State.WAITING, State.FAILED}
    told = "\n".join(str(event["text"]) for event in events if event["type"] == "notice")
    assert "NotHere" in told
    assert "os.system" in told
    assert "\0" not in told
    assert "\u202e" not in told


def test_g3_a_payload_that_is_no_json_has_failed_at_once_and_an_absurd_one_is_held_at_most(poisoned: Scene) -> None:
    ids = {what: spoil(poisoned, payload=payload) for what, payload in PAYLOADS.items()}
    ids["bytes"] = spoil(poisoned, payload=b"\xff\xfe")
    serve(poisoned)
    for what, job_id in ids.items():
        job = poisoned.job(job_id)
        assert job.crashes == 0, what
        assert job.state in (State.FAILED, State.WAITING), what
        assert job.errors[-1].message if job.state is State.FAILED else job.held_reason, what
    for what in ("no json", "cut", "empty", "NaN"):
        assert poisoned.job(ids[what]).failed_reason == "unloadable", what


def test_g4_and_g6_a_payload_that_does_not_fit_is_held_and_fails_after_an_hour(poisoned: Scene) -> None:
    ids = {what: poisoned.put("Typed", json.dumps(fields)) for what, fields in MISFITS.items()}
    serve(poisoned)
    for what, job_id in ids.items():
        job = poisoned.job(job_id)
        assert (job.state, job.tries, job.crashes) == (State.WAITING, 0, 0), what
        assert job.held_reason, what
        assert SECRET not in job.held_reason
    with sqlite3.connect(poisoned.store_path) as connection:
        connection.execute("UPDATE jobs SET held_at = held_at - 3700, available_at = 0 WHERE held_reason != ''")
    connection.close()
    poisoned.work()
    for what, job_id in ids.items():
        job = poisoned.job(job_id)
        assert (job.state, job.failed_reason) == (State.FAILED, "unloadable"), what


def test_g6_a_held_job_runs_once_the_code_fits_it(poisoned: Scene) -> None:
    job_id = poisoned.put("Typed", '{"number": 7, "names": [], "more": 1}')
    poisoned.work()
    poisoned.jobs(JOBS.replace("names: list[str]", "names: list[str]\n    more: int"))
    with sqlite3.connect(poisoned.store_path) as connection:
        connection.execute("UPDATE jobs SET available_at = 0")
    connection.close()
    poisoned.work()
    job = poisoned.job(job_id)
    assert (job.state, job.held_reason) == (State.DONE, "")


def test_g5_a_payload_of_fifty_megabytes_has_failed_without_being_decoded(poisoned: Scene) -> None:
    job_id = spoil(poisoned, payload=json.dumps({"text": "x" * 50_000_000}))
    serve(poisoned)
    job = poisoned.job(job_id)
    assert job.state is State.FAILED
    assert "larger than" in job.errors[0].message


def test_jobs_that_nobody_here_can_run_do_not_keep_a_worker_busy(poisoned: Scene) -> None:
    for _ in range(100):
        spoil(poisoned, name="NotHere")
    worker = poisoned.worker("--isolates", "1").ready()
    time.sleep(0.5)
    before = processor_time(worker.pid)
    time.sleep(2)
    assert processor_time(worker.pid) - before < 0.2
    assert "NotHere" in str(worker.seen) or "NotHere" in str(worker.wait("notice"))


def processor_time(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
