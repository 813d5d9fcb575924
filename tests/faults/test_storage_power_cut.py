"""C8: the power fails at any moment of a run, and the disk keeps what was synced, and of the rest what it likes.

A run of everything that one can do to a store is recorded, system call by system call; then disks are made as they may
be after a cut, and a real store is opened on each. It must be as it was after one of the run's steps, and after none
before the last that a power cut may not take back.
"""

import json
import random
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from dartian_queue.errors import StoreUnusable
from dartian_queue.outcome import Done
from dartian_queue.states import State
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.store import Settlement
from tests.conformance.making import worker
from tests.faults.instruments import FULL
from tests.faults.power_disk import HOW, Cut, How, recorded
from tests.faults.power_program import ALL, Entry, envelope, look, text_of

SEEDS = range(20) if FULL else (4,)
STEPS = 120 if FULL else 60
CUTS = 6 if FULL else 4
"""At so many places of each kind."""

PROGRAM = ["-m", "tests.faults.power_program"]
CROWD = ["-c", "from tests.faults.power_crowd import main; main()"]

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


class Run:
    """A recorded run: what happened to the disk, and the books with the place of each entry in the trace."""

    def __init__(self, folder: Path, program: list[str], *arguments: object) -> None:
        root = folder / "disk"
        root.mkdir()
        self.path = root / "storage/jobs/queue.sqlite3"
        self.log = f"{self.path}-wal"
        books = root / "books"
        command = [sys.executable, *program, str(self.path), str(books), *map(str, arguments)]
        disk = recorded(command, folder / "trace", root)
        if disk is None:
            pytest.skip("this system does not let processes be traced")
        self.disk = disk
        self.entries = [
            (call.begun, msgspec.json.decode(call.data, type=Entry))
            for call in disk.calls
            if call.name == "write" and call.paths[0] == str(books)
        ]
        unseen = {Path(path).name.removeprefix(self.path.name) for path in disk.mapped}
        assert unseen <= {"-shm", "writer.lock"}, "what is written there would have to be recorded"

    def places(self) -> dict[str, list[int]]:
        """Return lines of the trace before which the power may fail, by what is remarkable about them."""
        calls = self.disk.calls
        syncs = [call for call in calls if call.name in ("fsync", "fdatasync")]
        heads = [at for at, call in enumerate(calls) if call.paths[0] == self.log and call.offset == 0]
        taken_away = [call for call in calls if call.name == "unlink" and call.paths[0] == self.log]
        assert len(heads) > len(taken_away) + 1, "no log has begun anew"
        return {
            "just entered in the books": [place + 1 for place, _ in self.entries],
            "a sync that has not ended": [call.ended for call in syncs],
            "a sync that has ended": [call.ended + 1 for call in syncs],
            "a checkpoint": [
                one.ended + 1 for one in calls if (one.name, one.paths[0]) == ("pwrite64", str(self.path))
            ],
            "a log that begins": [call.ended + 1 for at in heads for call in calls[at : at + 6]],
            "a name or a length": [call.ended + 1 for call in calls if call.name in ("openat", "unlink", "ftruncate")],
            "any": [call.begun for call in calls],
        }

    def cuts(self, dice: random.Random) -> Iterator[tuple[str, int, How]]:
        """Choose where the power fails, and how; after each kind of step that stands, with nothing kept beyond that."""
        for kind, places in self.places().items():
            assert places, f"the run came to no place of this kind: {kind}"
            for place in sorted(dice.sample(places, min(CUTS, len(places)))):
                yield kind, place, dice.choice(HOW)
        for step in sorted({entry.step for _, entry in self.entries if entry.durable}):
            places = [place + 1 for place, entry in self.entries if entry.durable and entry.step == step]
            yield f"just after {step}", dice.choice(places), "nothing"

    def before(self, place: int) -> tuple[list[Entry], list[Entry]]:
        """Return the entries that were in the books, and those that came later."""
        return [one for at, one in self.entries if at < place], [one for at, one in self.entries if at >= place]


def revive(run: Run, place: int, how: How, folder: Path, dice: random.Random) -> SqliteStore:
    """Make a disk as the cut may leave it, and open the store on it."""
    disk = folder / "after"
    if disk.exists():
        shutil.rmtree(disk)
    Cut(run.disk, place, how, dice).lay(disk)
    path = disk / run.path.relative_to(run.path.parents[2])
    shared = path.with_name(f"{path.name}-shm")  # memory, of which any page may have come to the disk at any time
    if shared.exists():
        shared.unlink() if dice.random() < 0.5 else shared.write_bytes(dice.randbytes(65536))
    return SqliteStore(str(path), boot="the next")


def keys_in(store: SqliteStore) -> set[str]:
    """Return the keys of the jobs that are there, each with its whole text."""
    payloads = [json.loads(job.envelope.payload) for job in store.jobs(limit=ALL)]
    assert all(payload["text"] == text_of(payload["key"]) for payload in payloads)
    assert len({payload["key"] for payload in payloads}) == len(payloads)
    return {payload["key"] for payload in payloads}


def lost(store: SqliteStore, entered: list[Entry], later: list[Entry]) -> set[str]:
    """Return the keys in the books whose jobs the store has not."""
    gone = {key for entry in (*entered, *later[:1]) for key in entry.gone}
    return {key for entry in entered for key in entry.stored} - gone - keys_in(store)


def assert_as_it_was(store: SqliteStore, entered: list[Entry], later: list[Entry]) -> None:
    """Check that the store is as after one step, and after none before the last that is there for good."""
    last = max((number for number, entry in enumerate(entered) if entry.durable), default=0)
    possible = [entry.store for entry in (*entered, *later[:1])[last:]]
    assert look(store) in possible, f"it is as after none of the last {len(possible)} steps"


def assert_it_goes_on(store: SqliteStore) -> None:
    """Let a worker come after the boot: it takes over, runs all that is not done, and the file stays sound."""
    unfinished = {
        job.envelope.id
        for job in store.jobs(limit=ALL)
        if job.state is State.WAITING or (job.state is State.RUNNING and not job.cancel_asked)
    }
    store.resume(["mail"])
    seat = store.join(worker("after"))
    store.expire(seat)
    store.add([envelope("new")])
    claims = store.claim(seat, ALL)
    assert {claim.id for claim in claims} == {"new", *unfinished}
    assert all(store.settle(seat, [Settlement(claim.id, claim.token, Done()) for claim in claims]))
    assert [finding for check in store.check() for finding in check.findings] == []
    seat.leave()
    store.close()
    with sqlite3.connect(store.url.removeprefix("sqlite://")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_c8_a_power_cut_takes_nothing_back_that_was_acknowledged(tmp_path: Path, seed: int) -> None:
    run = Run(tmp_path, PROGRAM, seed, STEPS, "power")
    dice = random.Random(seed)
    for kind, place, how in run.cuts(dice):
        where = f"cut before line {place} ({kind}), where {how} of what was not synced is kept"
        store = revive(run, place, how, tmp_path, dice)
        books = run.before(place)
        assert lost(store, *books) == set(), where
        assert_as_it_was(store, *books)
        assert_it_goes_on(store)


@pytest.mark.parametrize("seed", SEEDS[::2])
def test_c8_a_power_cut_among_threads_that_dispatch_and_processes_that_work(tmp_path: Path, seed: int) -> None:
    run = Run(tmp_path, CROWD, seed, STEPS // 8, tmp_path)
    dice = random.Random(seed)
    for kind, place, how in run.cuts(dice):
        where = f"cut before line {place} ({kind}), where {how} of what was not synced is kept"
        store = revive(run, place, how, tmp_path, dice)
        entered, later = run.before(place)
        assert lost(store, entered, later) == set(), where
        there = keys_in(store)
        assert all(there.issuperset(entry.stored) or there.isdisjoint(entry.stored) for entry in later), where
        assert_it_goes_on(store)


def test_c8_what_is_dispatched_for_the_death_of_processes_alone_can_be_lost_and_the_rest_stands(tmp_path: Path) -> None:
    run = Run(tmp_path, PROGRAM, 0, STEPS, "process")
    dice = random.Random(0)
    missing: set[str] = set()
    after_adds = [place + 1 for place, entry in run.entries if entry.step == "add"]
    for place in dice.sample(after_adds, 2 * CUTS):
        store = revive(run, place, dice.choice(HOW), tmp_path, dice)
        books = run.before(place)
        missing |= lost(store, *books)
        assert_as_it_was(store, *books)
        assert_it_goes_on(store)
    assert missing, "a cut that loses nothing proves nothing about what is synced"


def test_c8_a_disk_that_only_says_that_it_has_synced_is_found_out(tmp_path: Path) -> None:
    run = Run(tmp_path, PROGRAM, 0, STEPS, "power")
    run.disk = run.disk.without_syncs_of(str(run.path), run.log)
    dice = random.Random(0)
    found: Counter[str] = Counter()
    late = [place + 1 for place, _ in run.entries][-10:]
    for number, place in enumerate(late):
        try:
            store = revive(run, place, "torn" if number % 5 else "nothing", tmp_path, dice)
            if lost(store, *run.before(place)):
                found["lost"] += 1
            assert_it_goes_on(store)
        except (StoreUnusable, AssertionError, TypeError, ValueError):  # the last for texts that are none any more
            found["damaged"] += 1
    assert found.keys() == {"lost", "damaged"}
