"""The instruments of the experiments on workers: the ledger of the jobs, the books of what was dispatched, the audit.

The ledger lies outside the store: one line an event, each a single write on an O_APPEND descriptor.
"""

import os
from collections import Counter
from pathlib import Path

from dartian_queue.options import Limits
from dartian_queue.states import CRASH_CAP, State
from tests.scene import Scene, is_alive

FULL = os.environ.get("DARTIAN_FAULTS") == "full"
"""Whether the experiments run at the length and as often as faults.md says."""

JOBS = '''
def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False

class Keeping:
    """Enters an attempt in the ledger, and says there if another attempt of the job is still alive."""
    def __init__(self, context: JobContext) -> None:
        self.id = context.id
    def __enter__(self) -> None:
        with open(LEDGER, "a+") as file:
            file.seek(0)
            begun = [line.split() for line in file]
        ended = {(id, pid) for id, pid, what in begun if what == "end"}
        for id, pid, what in begun:
            if id == self.id and what == "start" and (id, pid) not in ended and is_alive(int(pid)):
                note(f"{self.id} {pid} overlap")
        note(f"{self.id} {os.getpid()} start")
    def __exit__(self, *_: object) -> None:
        note(f"{self.id} {os.getpid()} end")

class Work(Job):
    """Sleep, in the ledger."""
    duration: float = 0.0
    def handle(self, context: JobContext) -> None:
        with Keeping(context):
            time.sleep(self.duration)

class KillWorker(Job):
    """Kill the worker: the zygote's parent."""
    def handle(self, context: JobContext) -> None:
        with Keeping(context):
            with open(f"/proc/{os.getppid()}/stat") as file:
                os.kill(int(file.read().rpartition(")")[2].split()[1]), signal.SIGKILL)
            time.sleep(30)
'''


class Books:
    """What was dispatched: an id is entered only after the store had it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.ids: list[str] = []
        scene.jobs(f"LEDGER = {str(scene.ledger)!r}\n" + JOBS)

    def put(self, name: str = "Work", *, limits: Limits | None = None, **fields: object) -> str:
        job_id = self._scene.put(name, limits=limits, **fields)
        self.ids.append(job_id)
        return job_id


class Ledger:
    """What the jobs have entered."""

    def __init__(self, path: Path) -> None:
        self.lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        self._counts = Counter((line[0], line[-1]) for line in self.lines)

    def starts(self, job_id: str) -> int:
        return self._counts[job_id, "start"]

    def ends(self, job_id: str) -> int:
        return self._counts[job_id, "end"]

    def open_pids(self, job_id: str) -> list[int]:
        ended = {(id, pid) for id, pid, what in self.lines if what == "end"}
        return [int(pid) for id, pid, what in self.lines if id == job_id and what == "start" and (id, pid) not in ended]

    def overlaps(self) -> list[str]:
        """Return the jobs of which two attempts ran at a time."""
        found = [id for id, _, what in self.lines if what == "overlap"]
        running: dict[str, str] = {}
        for id, pid, what in self.lines:
            if what == "start":
                running[id] = pid
            elif what == "end" and running.get(id) != pid:
                found.append(id)
        return found


def audit(scene: Scene, books: Books) -> list[str]:
    """Return all that is wrong: nothing, if the audit is clean."""
    ledger = Ledger(scene.ledger)
    wrong = [f"{id} ran twice at a time" for id in ledger.overlaps()]
    known = set(books.ids)
    wrong += [f"{id} ran, and was never dispatched" for id in {line[0] for line in ledger.lines} - known]
    for id in books.ids:
        found = scene.store.find(id)
        if len(found) != 1:
            wrong.append(f"{id} is lost")
            continue
        (job,) = found
        if job.state is State.RUNNING and not job.holder:
            wrong.append(f"{id} runs, and nobody holds it")
        if job.crashes > CRASH_CAP:
            wrong.append(f"{id} has crashed {job.crashes} times")
        if job.state is State.DONE and not ledger.ends(id):
            wrong.append(f"{id} is done, and never ended")
    total = scene.store.counts().total
    stored = total.waiting + total.running + total.done + total.failed + total.cancelled
    if stored != len(known):
        wrong.append(f"{stored} jobs are stored, and {len(known)} were dispatched")
    done = Counter(
        str(event["id"])
        for worker in scene.workers
        for event in worker.seen
        if event["type"] == "attempt_ended" and event["outcome"] == "done"
    )
    wrong += [f"{id} was settled as done {count} times" for id, count in done.items() if count > 1]
    return wrong


def all_gone(pids: list[int]) -> bool:
    return not any(is_alive(pid) for pid in pids)


def lease(scene: Scene, duration: float = 3.0) -> None:
    """Let the workers of the scene have short leases."""
    scene.write(
        "config/queue.py",
        f"""
        from dartian_queue import Config
        config = Config(lease={duration})
        """,
    )
