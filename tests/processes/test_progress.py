"""What a job says of its progress is seen at once, and stored at a pace that no job can raise."""

import json
from pathlib import Path

import pytest

from dartian_queue.states import State
from tests.cli.typing_at import dartian
from tests.scene import Scene, wait_for

JOBS = """
class Busy(Job):
    "Reports at least 20,000 times, as fast as it can, and for a while; stands still then until its file is there."
    file: str
    def handle(self) -> None:
        done, until = 0, time.monotonic() + 2.5
        while done < 20_000 or time.monotonic() < until:
            done += 1
            progress(done, None, "in a tight loop")
        progress(done + 1, done + 1, "standing still")
        note(str(done + 1))
        while not os.path.exists(self.file):
            time.sleep(0.01)

class Phases(Job):
    "Says what it does next before it does it, as jobs do."
    file: str
    def handle(self) -> None:
        for number, phase in enumerate(("reading", "sorting", "writing")):
            progress(number, 3, phase)
        while not os.path.exists(self.file):
            time.sleep(0.01)

class Fails(Job):
    def handle(self) -> None:
        for row in range(18):
            progress(row, 40, "importing")
        raise ValueError("bad row 17")

class Forks(Job):
    def handle(self) -> None:
        import threading
        progress(1)
        progress(2)
        if (child := os.fork()) == 0:
            os._exit(0)
        os.waitpid(child, 0)
        note(f"{threading.active_count()} thread")

class Quick(Job):
    def handle(self) -> None:
        for _ in track(range(1_000)):
            pass

class Leaves(Job):
    "Leaves a thread behind that reports for ever."
    def handle(self, context: JobContext) -> None:
        import threading
        threading.Thread(target=self.report, args=(context,), daemon=True).start()

    def report(self, context: JobContext) -> None:
        while True:
            context.progress(13, 13, "left behind")
            time.sleep(0.01)

class Quiet(Job):
    def handle(self) -> None:
        time.sleep(0.5)
"""

COUNTING = str(Path(__file__).parent / "counting_worker.py")


@pytest.fixture
def working(scene: Scene) -> Scene:
    scene.jobs(JOBS)
    return scene


def shown(scene: Scene, job_id: str) -> object:
    """Return the progress that another process sees."""
    return json.loads(dartian(scene.root, "queue:show", job_id, "--json").out)["progress"]


def test_progress_in_a_tight_loop_is_stored_once_a_second_and_its_last_value_is_seen(working: Scene) -> None:
    file = working.root / "go"
    ids = [working.put("Busy", file=str(file)) for _ in range(2)]
    worker = working.start(COUNTING)
    wait_for(lambda: len(working.notes()) == 2, what="the loops to end")
    last = dict.fromkeys(ids, 0.0)
    while {str(int(done)) for done in last.values()} != set(working.notes()):
        event = worker.wait("job_progress")
        last[str(event["id"])] = float(str(event["done"]))
    for job_id, done in last.items():
        report = {"done": done, "total": done, "note": "standing still"}
        wait_for(lambda: shown(working, job_id) == report, what="the last value in queue:show")  # noqa: B023
        assert working.job(job_id).state is State.RUNNING
    file.touch()
    assert worker.end() == 0
    events = [event for event in worker.seen if event["type"] == "job_progress"]
    batches = [float(str(event["at"])) for event in worker.seen if event["type"] == "reported"]
    begun = min(float(str(event["at"])) for event in worker.seen if event["type"] == "attempt_started")
    duration = float(str(worker.seen[-1]["at"])) - begun
    assert min(last.values()) > 20_000
    assert 2 <= len(batches) <= duration + 2, "one batch a second for both jobs, and the last one"
    assert len(events) <= 2 * (25 * duration + 2)


def test_what_a_job_says_before_it_is_quiet_is_seen_while_it_is_quiet(working: Scene) -> None:
    file = working.root / "go"
    job_id = working.put("Phases", file=str(file))
    worker = working.worker("--isolates", "1", "--stop-when-empty")
    worker.wait("job_progress", id=job_id, done=2.0, note="writing")
    wait_for(lambda: shown(working, job_id) == {"done": 2.0, "total": 3.0, "note": "writing"}, what="it in the store")
    assert working.job(job_id).state is State.RUNNING
    file.touch()
    assert worker.end() == 0


def test_how_far_a_job_came_is_kept_when_it_has_ended(working: Scene) -> None:
    failed, done = working.put("Fails"), working.put("Quick")
    events = [event for event in working.work() if event["type"] == "job_progress"]
    assert [event["done"] for event in events if event["id"] == failed][-1] == 17
    assert [event["done"] for event in events if event["id"] == done][-1] == 1_000
    assert shown(working, failed) == {"done": 17.0, "total": 40.0, "note": "importing"}
    assert shown(working, done) == {"done": 1_000.0, "total": 1_000.0, "note": ""}
    assert "17 of 40 (42%) importing" in dartian(working.root, "queue:show", failed).out


def test_a_job_that_reports_and_forks_has_no_thread_that_is_not_its_own(working: Scene) -> None:
    job_id = working.put("Forks")
    events = [event for event in working.work() if event["type"] == "job_progress"]
    assert working.notes() == ["1 thread"]
    assert [event["done"] for event in events] == [1, 2]
    assert working.job(job_id).state is State.DONE


def test_what_a_thread_reports_of_a_job_that_has_ended_is_not_taken_for_the_next_ones(working: Scene) -> None:
    working.put("Leaves")
    quiet = working.put("Quiet")
    events = working.work()
    assert [event for event in events if event["type"] == "job_progress" and event["id"] == quiet] == []
    assert (working.job(quiet).state, working.job(quiet).progress) == (State.DONE, None)
