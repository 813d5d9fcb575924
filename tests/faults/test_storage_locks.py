"""C3, C4, C9: somebody else holds the lock, many processes at once, checkpoints under load."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from dartian_queue.errors import StoreBusy
from dartian_queue.stores.sqlite import SqliteStore
from tests.conformance.making import job
from tests.faults.instruments import FULL
from tests.faults.storage import audit, finish, heard, kill, start


@pytest.fixture
def path(tmp_path: Path) -> Path:
    SqliteStore(str(tmp_path / "queue.sqlite3")).close()
    return tmp_path / "queue.sqlite3"


def _hold(path: Path, duration: float) -> threading.Thread:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")

    def let_go() -> None:
        time.sleep(duration)
        connection.execute("ROLLBACK")
        connection.close()

    thread = threading.Thread(target=let_go)
    thread.start()
    return thread


def test_c3_a_short_lock_is_not_seen(path: Path) -> None:
    store = SqliteStore(str(path), wait=30.0 if FULL else 5.0)
    thread = _hold(path, 3.0 if FULL else 0.5)
    store.add([job()])
    thread.join()
    assert audit(path) == {0: 1}


def test_c3_a_long_lock_is_said_and_nothing_is_stored(path: Path) -> None:
    wait = 10.0 if FULL else 0.5
    store = SqliteStore(str(path), wait=wait)
    thread = _hold(path, 3 * wait)
    started = time.monotonic()
    with pytest.raises(StoreBusy) as raised:
        store.add([job()])
    assert wait <= time.monotonic() - started < wait + 1
    assert str(raised.value).splitlines() == [
        f"Store {path} stayed locked by another process for {wait:.1f} s",
        f"Nothing was changed. Look who has it open (fuser {path}), then try again.",
    ]
    assert store.counts().total.waiting == 0  # reading goes on
    thread.join()
    store.add([job()])
    assert audit(path) == {0: 1}


DISPATCH = """
    store = SqliteStore(path, wait=60.0)
    number = int(args[0])
    ids = []
    for index in range(number // 5):
        batch = [Envelope(new_id(), "AB"[index % 2], "{}", priority=index % 3) for _ in range(5)]
        store.add(batch)
        ids += [one.id for one in batch]
    say(*ids)
"""
WORK = """
    store = SqliteStore(path, wait=60.0)
    seat = store.join(WorkerInfo("w", os.getpid(), "here"))
    got, idle = [], 0
    while idle < 40:
        store.expire(seat)
        claims = store.claim(seat, 7, lease=300.0)  # a disk that stalls for half a minute is no loss
        idle = 0 if claims else idle + 1
        if not claims:
            time.sleep(0.05)
            continue
        assert not store.renew(seat, [Renewal(c.id, c.token) for c in claims], lease=300.0).lost
        assert all(store.find(c.id)[0].claims == 1 for c in claims)
        assert all(store.settle(seat, [Settlement(c.id, c.token, Done()) for c in claims]))
        got += [c.id for c in claims]
    seat.leave()
    say(*got)
"""


@pytest.mark.faults
def test_c4_many_processes_share_one_file(path: Path) -> None:
    dispatchers, claimers, jobs = (16, 8, 2000) if FULL else (4, 8, 500)
    started = [start(DISPATCH, path, jobs) for _ in range(dispatchers)]
    workers = [start(WORK, path) for _ in range(claimers)]
    dispatched = [id_ for process in started for id_ in finish(process).split()]
    done = [id_ for process in workers for id_ in finish(process).split()]
    assert len(dispatched) == dispatchers * jobs
    assert sorted(done) == sorted(dispatched)
    assert audit(path) == {2: len(dispatched)}


READ = """
    store = SqliteStore(path, wait=60.0)
    say("reading")
    while True:
        store.counts()
        store.jobs(limit=50)
"""


@pytest.mark.faults
def test_c9_the_log_stays_bounded_under_writers_and_readers(path: Path) -> None:
    program = DISPATCH.replace("5", "50").replace("say(*ids)", "say(len(ids))")
    reader = start(READ, path)
    assert heard(reader) == ["reading"]
    writers = [start(program, path, 100_000 if FULL else 5_000) for _ in range(3)]
    largest = 0
    while any(writer.poll() is None for writer in writers):
        largest = max(largest, Path(f"{path}-wal").stat().st_size)
        time.sleep(0.02)
    total = sum(int(finish(writer)) for writer in writers)
    kill(reader)
    reader.communicate()
    assert 0 < largest < 128 * 1024 * 1024
    assert audit(path) == {0: total}
