"""C8, as far as system calls tell it: what a new store, a dispatch, a claim and a settle sync to the disk."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, sys
from dartian_queue.envelope import Envelope
from dartian_queue.outcome import Done
from dartian_queue.stores import open_store
from dartian_queue.stores.store import Settlement, WorkerInfo

def mark(word):
    try:
        os.stat(f"/mark-{word}")
    except OSError:
        pass

store = open_store(sys.argv[1], durability=sys.argv[2])
seat = store.join(WorkerInfo("w", os.getpid(), "here"))
store.add([Envelope("warm", "Job", "{}"), Envelope("later", "Job", "{}", delay=99.0)])
store.settle(seat, [Settlement(c.id, c.token, Done()) for c in store.claim(seat, 1)])
for number in range(3):
    mark("add")
    store.add([Envelope(f"job-{number}", "Job", "{}")])
mark("work")
claims = store.claim(seat, 3)
store.settle(seat, [Settlement(c.id, c.token, Done()) for c in claims])
store.expire(seat)
mark("again")
store.add([Envelope("job-0", "Job", "{}")])
mark("cancel")
store.cancel(["later"])
mark("end")
seat.leave()
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(("durability", "of_an_add"), [("power", 1), ("process", 0)])
def test_dispatch_and_operators_sync_the_log_once_and_workers_never(
    tmp_path: Path, durability: str, of_an_add: int
) -> None:
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-o", str(trace), "-e", "trace=fsync,fdatasync,stat,newfstatat"]
    command += [sys.executable, "-c", PROGRAM, str(tmp_path / "queue.sqlite3"), durability]
    ran = subprocess.run(command, capture_output=True, text=True)
    if "ptrace" in ran.stderr:
        pytest.skip("this system does not let processes be traced")
    assert ran.returncode == 0, ran.stderr
    syncs: dict[str, list[str]] = {}
    part = "start"
    for line in trace.read_text().splitlines():
        if "/mark-" in line:
            part = line.split("/mark-")[1].split('"')[0]
            part += str(len(syncs)) if part == "add" else ""
            syncs[part] = []
        elif "sync(" in line:
            syncs.setdefault(part, []).append(line.split("<")[1].split(">")[0].rpartition("/")[2])
    adds = [names for part, names in syncs.items() if part.startswith("add")]
    assert adds == [["queue.sqlite3-wal"] * of_an_add] * 3
    assert syncs["work"] == []
    assert syncs["again"] == ["queue.sqlite3-wal"] * of_an_add
    assert syncs["cancel"][:1] == ["queue.sqlite3-wal"]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("another_made_it", [False, True])
def test_a_new_store_syncs_the_name_of_every_folder_above_it_before_anybody_can_dispatch(
    tmp_path: Path, another_made_it: bool
) -> None:
    path = tmp_path / "storage/jobs/queue.sqlite3"
    if another_made_it:  # and may have died before it came to sync anything
        path.parent.mkdir(parents=True, mode=0o700)
        path.touch(0o600)
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-o", str(trace), "-e", "trace=fsync,fdatasync"]
    program = "import sys; from dartian_queue.stores import open_store; open_store(sys.argv[1])"
    ran = subprocess.run([*command, sys.executable, "-c", program, str(path)], capture_output=True, text=True)
    if "ptrace" in ran.stderr:
        pytest.skip("this system does not let processes be traced")
    assert ran.returncode == 0, ran.stderr
    synced = [line.split("<")[1].split(">")[0] for line in trace.read_text().splitlines() if "sync(" in line]
    before_the_schema = synced[: synced.index(f"{path}-wal")]
    assert {str(path.parent), str(path.parents[1]), str(tmp_path)} <= set(before_the_schema)
