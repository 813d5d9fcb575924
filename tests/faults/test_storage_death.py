"""A, seen from the store: a holder that is killed, with and without its zygote, and a dispatcher that is killed."""

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dartian_queue.outcome import Done
from dartian_queue.stores.sqlite import SqliteStore
from tests.conformance.making import ending, job, only, worker
from tests.faults.instruments import FULL
from tests.faults.storage import audit, heard, kill, running

HOLD = """
    store = SqliteStore(path)
    seat = store.join(WorkerInfo("doomed", os.getpid(), "here"))
    begun, ended, ahead = store.claim(seat, 3)
    marks = Marks(seat.marks_path)
    marks.begin(0, begun.id, begun.token)
    marks.begin(1, ended.id, ended.token)
    marks.clear(1)
    say(seat.holder, seat.lock_paths[0], begun.id, ended.id, ahead.id)
    time.sleep(600)
"""
ZYGOTE = """
    file = open(path, "r+")
    fcntl.lockf(file, fcntl.LOCK_EX)
    say("locked")
    time.sleep(600)
"""


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(str(tmp_path / "queue.sqlite3"))


def test_a8_a_dead_holders_claims_are_taken_at_once_and_only_what_had_begun_is_charged(
    store: SqliteStore, tmp_path: Path
) -> None:
    store.add([job() for _ in range(3)])
    seat = store.join(worker("other"))
    with running(HOLD, tmp_path / "queue.sqlite3") as process:
        holder, _, begun, ended, ahead = heard(process)
        assert store.expire(seat) == []
        assert {info.name for info in store.workers()} == {"other", "doomed"}
        kill(process)
        killed_at = time.monotonic()
        expired = {one.envelope.id: one for one in store.expire(seat)}
        assert time.monotonic() - killed_at < 1
    assert {id_: one.begun for id_, one in expired.items()} == {begun: True, ended: False, ahead: False}
    assert {one.holder for one in expired.values()} == {holder}
    assert [only(store, id_).crashes for id_ in (begun, ended, ahead)] == [1, 0, 0]
    assert [info.name for info in store.workers()] == ["other"]
    assert not list(tmp_path.rglob(f"{holder}*"))
    assert [claim.id for claim in store.claim(seat, 9)] == [begun, ended, ahead]
    seat.leave()


def test_a_holder_lives_as_long_as_its_zygote_does(store: SqliteStore, tmp_path: Path) -> None:
    store.add([job() for _ in range(3)])
    seat = store.join(worker("other"))
    with running(HOLD, tmp_path / "queue.sqlite3") as process:
        _, zygote_lock, *_ = heard(process)
        with running(ZYGOTE, zygote_lock) as zygote:
            assert heard(zygote) == ["locked"]
            kill(process)
            assert store.expire(seat) == []
            assert [info.name for info in store.workers()] == ["other"]
            kill(zygote)
            assert len(store.expire(seat)) == 3
    seat.leave()


def test_a_worker_that_has_died_serves_nobody_within_a_second(store: SqliteStore, tmp_path: Path) -> None:
    store.add([job() for _ in range(3)])
    with running(HOLD, tmp_path / "queue.sqlite3") as process:
        heard(process)
        assert store.served("default")
        kill(process)
        time.sleep(1.05)
        assert not store.served("default")
    store.add([job()])


def test_waking_never_fails_a_dispatch(store: SqliteStore, tmp_path: Path) -> None:
    seat = store.join(worker())
    folder = tmp_path / "queue.sqlite3-workers"
    for _ in range(100_000 // 4096 + 20):
        store.add([job()])  # nobody drains
    (folder / f"{seat.holder}.wake").unlink()
    (folder / "strange.json").write_bytes(b"\xff{")
    store.add([job()])
    shutil.rmtree(folder)
    store.add([job()])
    assert not store.served("default")
    assert store.workers() == []
    seat.leave()


def test_f3_after_another_boot_every_lease_has_lapsed(store: SqliteStore, tmp_path: Path) -> None:
    store.add([job(), job()])
    seat = store.join(worker())
    (claim, _) = store.claim(seat, 2)
    rebooted = SqliteStore(str(tmp_path / "queue.sqlite3"), boot="another")
    other = rebooted.join(worker())
    assert len(rebooted.expire(other)) == 2
    assert store.settle(seat, [ending(claim, Done())]) == [False]
    seat.leave()
    other.leave()


DISPATCH = """
    store = SqliteStore(path)
    while True:
        batch = [Envelope(new_id(), "Job", "{}") for _ in range(int(args[0]))]
        store.add(batch)
        say(*[one.id for one in batch])
"""


@pytest.mark.faults
def test_a4_what_was_dispatched_before_a_kill_is_stored_and_batches_are_whole(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    rounds = 1000 if FULL else 12
    record_property("rounds", rounds)
    path = tmp_path / "queue.sqlite3"
    books: list[str] = []
    chance = random.Random(4)
    SqliteStore(str(path)).close()
    for _ in range(rounds):
        with running(DISPATCH, path, 3) as process:
            books += heard(process)
            time.sleep(chance.uniform(0, 0.03))
            kill(process)
            assert process.stdout
            whole = process.stdout.read().rpartition("\n")[0]
            books += whole.split()
    stored = {one.envelope.id for one in SqliteStore(str(path)).jobs(limit=10_000_000)}
    assert stored >= set(books)
    assert len(stored) % 3 == 0
    assert audit(path) == {0: len(stored)}
