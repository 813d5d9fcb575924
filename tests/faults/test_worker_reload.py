"""A9: code is edited under load, and what loads it, what forks from it and who asked for it are killed meanwhile."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from dartian_queue.isolates.processes import children
from dartian_queue.states import State
from tests.faults.instruments import FULL, Books, Ledger, all_gone, audit
from tests.scene import Scene, WorkerProcess, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.long]

ROUNDS = 200 if FULL else 12
ISOLATES = 3


def victims(worker: WorkerProcess, kind: str) -> list[int]:
    zygotes = children(worker.pid)
    return zygotes if kind == "zygote" else [pid for zygote in zygotes for pid in children(zygote)]


@pytest.mark.timeout(900)
def test_a9_kills_while_edited_code_is_loaded_under_load(
    scene: Scene, record_property: Callable[[str, object], None]
) -> None:
    """Every job ends as done, repeats are bounded by kills times isolates, and one zygote is left in the end."""
    record_property("rounds", ROUNDS)
    chance = random.Random(9)
    books = Books(scene)
    scene.write("app/version.py", "VERSION = 0\n")
    scene.jobs("import app.version\ntime.sleep(0.1)\n", module="slow_to_import")
    worker = scene.worker("--isolates", str(ISOLATES), "--watch").ready()
    for number in range(ROUNDS):
        for _ in range(20):
            books.put(duration=chance.choice((0.0, 0.005, 0.05)))
        scene.write("app/version.py", f"VERSION = {number}\n")
        time.sleep(chance.uniform(0.0, 0.9))
        kind = chance.choice(("zygote", "zygote", "isolate", "worker"))
        if kind == "worker":
            below = worker.descendants()
            worker.kill()
            wait_for(lambda below=below: all_gone(below), what="all that came from the worker to be gone")
            worker = scene.worker("--isolates", str(ISOLATES), "--watch").ready()
        elif pids := victims(worker, kind):
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(pids), signal.SIGKILL)
    wait_for(lambda: scene.store.counts().total.done == len(books.ids), 120, "all jobs to be done")
    assert worker.process.poll() is None
    starts = [line[0] for line in Ledger(scene.ledger).lines if line[2] == "start"]
    assert len(starts) - len(set(starts)) <= ROUNDS * ISOLATES
    crashes = [job.crashes for job in scene.store.jobs(state=State.DONE, limit=1_000_000)]
    assert sum(crashes) <= ROUNDS * ISOLATES
    wait_for(lambda: len(children(worker.pid)) == 1, what="one zygote to be left")
    assert audit(scene, books) == []
