"""C6: a process that forks with an open store. Both sides hold their locks, and what was acknowledged stays."""

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dartian_queue.stores.sqlite import SqliteStore
from tests.conformance.making import job, worker
from tests.faults.instruments import FULL
from tests.faults.storage import audit, finish, start

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/locks")


def _in_child(body: "object") -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            body()  # type: ignore[operator]
            code = 0
        finally:
            os._exit(code)
    return pid


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_the_child_holds_locks_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    store = SqliteStore(str(path))
    store.add([job()])
    ready, told = os.pipe()

    def hold() -> None:
        store.add([job()])
        os.write(told, b"+")
        signal.pause()

    pid = _in_child(hold)
    try:
        assert os.read(ready, 1) == b"+"
        inodes = {os.stat(f"{path}{part}").st_ino for part in ("", "-shm")}
        locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        held = {int(words[5].split(":")[2]) for words in locks if words[1] == "POSIX" and int(words[4]) == pid}
        assert inodes <= held
    finally:
        os.kill(pid, signal.SIGKILL)
        _wait(pid)
        os.close(ready)
        os.close(told)


def test_c6_every_acknowledged_row_survives(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    path = tmp_path / "queue.sqlite3"
    rounds = 20 if FULL else 4
    record_property("rounds", rounds)
    for round_ in range(rounds):
        store = SqliteStore(str(path))
        store.add([job()])
        ready, told = os.pipe()
        go, let = os.pipe()

        def write(round_: int = round_, told: int = told, go: int = go, store: SqliteStore = store) -> None:
            store.add([job(id=f"child-{round_}-1")])
            os.write(told, b"+")
            os.read(go, 1)
            store.add([job(id=f"child-{round_}-2")])

        pid = _in_child(write)
        assert os.read(ready, 1) == b"+"
        store.add([job()])
        store.close()  # the parent goes
        with sqlite3.connect(path) as third:  # a third process's part: opens, writes, closes last
            third.execute("UPDATE jobs SET priority = priority")
        third.close()
        finish(start("SqliteStore(path).counts()", path))
        os.write(let, b"+")
        assert _wait(pid) == 0
        for descriptor in (ready, told, go, let):
            os.close(descriptor)
        assert len(SqliteStore(str(path)).find(f"child-{round_}")) == 2
        store.close()
    assert audit(path) == {0: 4 * (round_ + 1)}


def test_a_fork_while_other_threads_write(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "queue.sqlite3"))
    stop = threading.Event()
    added: list[int] = []
    failed: list[BaseException] = []

    def write() -> None:
        number = 0
        try:
            while not stop.is_set():
                store.add([job(id=f"{threading.get_ident()}-{number}")])
                number += 1
        except BaseException as error:
            failed.append(error)
        added.append(number)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    children = 60 if FULL else 15
    for number in range(children):
        assert _wait(_in_child(lambda number=number: store.add([job(id=f"child-{number}")]))) == 0
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
    store.close()
    assert audit(tmp_path / "queue.sqlite3") == {0: sum(added) + children}


def test_a_fork_out_of_a_signal_within_a_transaction(tmp_path: Path) -> None:
    """In a process of its own: where concurrent.futures is loaded, Python itself hangs in a fork within another."""
    path = tmp_path / "queue.sqlite3"
    program = f"from tests.faults.test_storage_forks import fork_out_of_signals as run; run({str(path)!r})"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0, ran.stderr
    assert audit(path) == {0: int(ran.stdout)}


def fork_out_of_signals(path: str) -> None:
    """Add jobs while a timer forks; print how many they were."""
    assert "concurrent.futures.thread" not in sys.modules
    store = SqliteStore(path)
    children: list[int] = []
    depth = 0

    def fork(_number: int, _frame: object) -> None:
        nonlocal depth
        if depth < 3:
            depth += 1
            signal.setitimer(signal.ITIMER_REAL, 0.001)  # a fork in the middle of another
            children.append(_in_child(lambda: None))
            depth -= 1
            signal.setitimer(signal.ITIMER_REAL, 0.01)  # from now on: where forks are slow, the store gets its turn too

    signal.signal(signal.SIGALRM, fork)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    started, number = time.monotonic(), 0
    while time.monotonic() - started < (5 if FULL else 0.7):
        store.add([job(id=f"n-{number}")])
        number += 1
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    assert [_wait(pid) for pid in children] == [0] * len(children)
    assert len(children) > 5
    store.close()
    print(number)


def _dispatch(path: str, number: int) -> None:
    SqliteStore(path).add([job(id=f"pool-{number}")])


def test_multiprocessing_by_fork(tmp_path: Path) -> None:
    path = str(tmp_path / "queue.sqlite3")
    store = SqliteStore(path)
    store.add([job()])
    with multiprocessing.get_context("fork").Pool(3) as pool:
        pool.starmap(_dispatch, [(path, number) for number in range(30)])
    assert len(store.find("pool-", limit=99)) == 30


def test_a_forked_childs_copy_of_a_seat_gives_nothing_up(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "queue.sqlite3"))
    seat = store.join(worker())

    def leave() -> None:
        seat.leave()
        assert store.served("default")
        assert [info.holder for info in store.workers()] == [seat.holder]

    assert _wait(_in_child(leave)) == 0
    assert [info.holder for info in store.workers()] == [seat.holder]
    seat.leave()
    assert store.workers() == []
