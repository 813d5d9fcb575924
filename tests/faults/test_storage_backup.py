"""A copy of a store in use, made in the ways that docs/deploying.md names, has every job that was acknowledged."""

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dartian_queue.envelope import Envelope
from dartian_queue.outcome import Done
from dartian_queue.states import State
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.store import Settlement
from tests.conformance.making import worker
from tests.faults.instruments import FULL
from tests.faults.storage import audit, heard, running
from tests.scene import wait_for

COPIES = 10 if FULL else 3
BETWEEN = 100
"""Jobs that are acknowledged between two copies."""
MOST = 20 * COPIES * BETWEEN
"""Bounds what a slow machine has to work off."""
DONE = 2
"""How the file has it."""

DISPATCH = """
    store = SqliteStore(path, durability="NORMAL")
    for _ in range(int(args[0])):
        added = new_id()
        store.add([Envelope(added, "Job", '"' + "x" * 2000 + '"')])
        say(added)
        time.sleep(0.002)
"""
WORK = """
    store = SqliteStore(path)
    seat = store.join(WorkerInfo("w", os.getpid(), "here"))
    while not (claims := store.claim(seat, 3)):
        time.sleep(0.01)
    store.settle(seat, [Settlement(claim.id, claim.token, Done()) for claim in claims])
    say("working")
    while True:
        time.sleep(0.001)
        claims = store.claim(seat, 3)
        store.settle(seat, [Settlement(claim.id, claim.token, Done()) for claim in claims[1:]])
        store.settle(seat, [Settlement(claim.id, claim.token, Released()) for claim in claims[:1]])
"""


def by_python(store: Path, copy: Path) -> None:
    source, target = sqlite3.connect(store), sqlite3.connect(copy)
    source.backup(target)
    source.close()
    target.close()


def by_vacuum(store: Path, copy: Path) -> None:
    shell(store, f"VACUUM INTO '{copy}'")


def by_backup(store: Path, copy: Path) -> None:
    shell(store, f".backup '{copy}'")


def shell(store: Path, statement: str) -> None:
    if shutil.which("sqlite3") is None:
        pytest.skip("the program sqlite3 is not installed")
    subprocess.run(["sqlite3", "-cmd", ".timeout 10000", str(store), statement], check=True, timeout=120)


@pytest.mark.parametrize("copied", [by_python, by_vacuum, by_backup])
def test_a_copy_of_a_busy_store_has_every_acknowledged_job_and_runs_it(
    copied: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "queue.sqlite3"
    acknowledged: list[str] = []
    with running(DISPATCH, path, MOST) as dispatching, running(WORK, path) as working:
        assert heard(working) == ["working"]
        assert dispatching.stdout
        lines = dispatching.stdout
        reader = threading.Thread(target=lambda: acknowledged.extend(line.strip() for line in lines), daemon=True)
        reader.start()
        for number in range(COPIES):
            wait_for(lambda most=BETWEEN * (number + 1): len(acknowledged) >= most)  # type: ignore[misc]
            before = list(acknowledged)
            copy = tmp_path / f"copy-{number}.sqlite3"
            copied(path, copy)
            assert audited(copy) >= set(before)
            finish(copy)
        dispatching.kill()
        reader.join(20)


def audited(copy: Path) -> set[str]:
    """Return the ids of all jobs of the copy, which is sound and was made while jobs were done."""
    assert audit(copy)[DONE] > 0
    with sqlite3.connect(copy) as connection:
        found = {row[0] for row in connection.execute("SELECT id FROM jobs")}
    connection.close()
    return found


def finish(copy: Path) -> None:
    """Work the copy as a store of its own: what waits there and what was running is run, and new jobs are taken."""
    store = SqliteStore(str(copy))
    store.add([Envelope("after", "Job", "{}")])
    seat = store.join(worker("restored"))
    store.expire(seat)
    while claims := store.claim(seat, 500):
        assert all(store.settle(seat, [Settlement(claim.id, claim.token, Done()) for claim in claims]))
    total = store.counts().total
    assert (total.running, total.ready, total.scheduled, total.failed) == (0, 0, 0, 0)
    assert store.find("after")[0].state is State.DONE
    seat.leave()
    store.close()
