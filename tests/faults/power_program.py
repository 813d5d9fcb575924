"""The program whose system calls are recorded for a power cut: one process that does all that one can do to a store.

After each step it enters in the books, with a write that is part of the recording, what the step has done and what the
store is like now. Checkpoints come after tens of pages instead of thousands; all else is as it is.
"""

import hashlib
import json
import os
import random
import sqlite3
import sys
from collections.abc import Callable

import msgspec

from dartian_queue.envelope import Envelope
from dartian_queue.outcome import Cancelled, Done, ErrorReport, Failed, Outcome, Released, Retry
from dartian_queue.states import FINAL, State
from dartian_queue.stores import sqlite_connection
from dartian_queue.stores.lifecycle import claims_of
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.store import Claim, ProgressReport, Renewal, Settlement, WorkerInfo

__all__ = ["ALL", "Entry", "envelope", "hasten", "look", "text_of"]

ALL = 1_000_000
OUTCOMES: list[Outcome] = [
    Done(),
    Done(),
    Done(),
    Retry(ErrorReport("OSError", "x" * 300), 0.0),
    Failed(ErrorReport("ValueError", "y" * 3000)),
    Released(),
    Cancelled(),
]


class Entry(msgspec.Struct, frozen=True):
    """A line of the books, written after the step."""

    step: str
    durable: bool
    """Whether a power cut may take nothing of it back."""
    store: str = ""
    """What ``look`` saw."""
    stored: list[str] = []
    """The keys of the jobs that were dispatched, all of them or none."""
    gone: list[str] = []
    """The keys of the jobs that were deleted."""


def text_of(key: str) -> str:
    """Return the text that a job of this key carries: some bytes, or some pages."""
    dice = random.Random(key)
    return dice.randbytes(dice.choice((8, 200, 1500, 9000))).hex()


def envelope(key: str) -> Envelope:
    """Return the job of this key, which is its id too."""
    dice = random.Random(key)
    payload = json.dumps({"key": key, "text": text_of(key)})
    return Envelope(key, f"Job{dice.randrange(3)}", payload, queue=dice.choice(("default", "mail")))


def look(store: SqliteStore) -> str:
    """Return a digest of all that can be seen of a store's jobs and pauses."""
    paused = [queue.queue for queue in store.counts().queues if queue.paused]
    return hashlib.sha256(msgspec.json.encode([store.jobs(limit=ALL), sorted(paused)])).hexdigest()


class Program:
    """The steps, chosen by dice of which the seed is given, and the books."""

    def __init__(self, path: str, books: str, seed: str, durable: bool) -> None:
        self._path = path
        self._dice = random.Random(seed)
        self._seed = seed
        self._books = os.open(books, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._durable = durable
        self._count = 0
        self._claims: list[Claim] = []
        self._reader: sqlite3.Connection | None = None
        self._stay = 0
        self._follow_up = ""
        self._seen = ""
        self._store = self._open()
        self._seat = self._store.join(WorkerInfo("w", os.getpid(), "here"))
        self._enter("open", durable=False)

    def run(self, steps: int) -> None:
        """Take so many steps, each kind of them at least once."""
        often: list[tuple[int, Callable[[], None]]] = [
            (6, self.add),
            (3, self.add_many),
            (2, self.add_again),
            (6, self.claim),
            (6, self.settle),
            (1, self.report),
            (1, self.renew),
            (2, self.cancel),
            (1, self.retry),
            (1, self.forget),
            (1, self.pause),
            (1, self.read),
            (1, self.reopen),
        ]
        every = [step for _, step in often]
        chosen = self._dice.choices(every, [weight for weight, _ in often], k=steps - len(every))
        for step in (*chosen[: steps // 2], *every, *chosen[steps // 2 :]):
            step()
            self._stay -= 1
            if self._reader is not None and self._stay < 0:
                self._reader.close()
                self._reader = None

    def add(self) -> None:
        self._add(1)

    def add_many(self) -> None:
        self._add(self._dice.randint(2, 12))

    def add_again(self) -> None:
        """Dispatch what a settlement has stored, and not synced."""
        self.claim()
        self.settle()
        if self._follow_up:
            self._store.add([envelope(self._follow_up)])
            self._enter("add again", durable=self._durable, stored=[self._follow_up])

    def claim(self) -> None:
        self._claims += self._store.claim(self._seat, self._dice.randint(1, 6))
        self._enter("claim", durable=False)

    def settle(self) -> None:
        self._dice.shuffle(self._claims)
        count = self._dice.randint(1, 6)
        ended, self._claims = self._claims[:count], self._claims[count:]
        settlements: list[Settlement] = []
        for claim in ended:
            self._follow_up = f"{claim.id}-{claims_of(claim.token)}"
            outcome = self._dice.choice(OUTCOMES)
            settlements.append(Settlement(claim.id, claim.token, outcome, (envelope(self._follow_up),)))
        self._store.settle(self._seat, settlements)
        self._enter("settle", durable=False)

    def report(self) -> None:
        reports = [ProgressReport(claim.id, claim.token, 1.0, 2.0, "so far") for claim in self._claims]
        self._store.report(self._seat, reports)
        self._enter("report", durable=False)

    def renew(self) -> None:
        self._store.renew(self._seat, [Renewal(claim.id, claim.token) for claim in self._claims])
        self._enter("renew", durable=False)

    def cancel(self) -> None:
        if chosen := self._some(State.WAITING, State.RUNNING):
            self._store.cancel(chosen)
            self._enter("cancel")

    def retry(self) -> None:
        if chosen := self._some(State.FAILED, State.CANCELLED):
            self._store.retry(chosen)
            self._enter("retry")

    def forget(self) -> None:
        if chosen := self._some(*FINAL):
            self._enter("forget", gone=self._store.forget(chosen))

    def pause(self) -> None:
        if "mail" in (queue.queue for queue in self._store.counts().queues if queue.paused):
            self._store.resume(["mail"])
        else:
            self._store.pause(["mail"])
        self._enter("pause")

    def read(self) -> None:
        """Let a reader come who keeps checkpoints from their end for a while."""
        self._stay = self._dice.randint(1, 8)
        if self._reader is None:
            self._reader = sqlite3.connect(self._path, isolation_level=None)
            self._reader.execute("BEGIN")
            self._reader.execute("SELECT count(*) FROM jobs").fetchone()

    def reopen(self) -> None:
        """Close the store, which takes the write-ahead log away where nobody reads, and open it again."""
        self._store.close()
        self._store = self._open()

    def _open(self) -> SqliteStore:
        return SqliteStore(self._path, durability="FULL" if self._durable else "NORMAL")

    def _add(self, count: int) -> None:
        ids = [f"{self._seed}-{self._count + number}" for number in range(count)]
        self._count += count
        self._store.add([envelope(id_) for id_ in ids])
        self._enter("add", durable=self._durable, stored=ids)

    def _some(self, *states: State) -> list[str]:
        ids = [job.envelope.id for job in self._store.jobs(limit=ALL) if job.state in states]
        return self._dice.sample(ids, min(len(ids), self._dice.randint(1, 3)))

    def _enter(
        self, step: str, *, durable: bool | None = None, stored: list[str] | None = None, gone: list[str] | None = None
    ) -> None:
        """Write down a step; what operators change stands, and where that is nothing, nothing has to."""
        before, self._seen = self._seen, look(self._store)
        entry = Entry(step, self._seen != before if durable is None else durable, self._seen, stored or [], gone or [])
        os.write(self._books, msgspec.json.encode(entry) + b"\n")


def hasten(seed: str) -> None:
    """Let a checkpoint come after tens of pages, and some runs shorten a log that begins anew."""
    large = random.Random(seed).choice((100_000, 10_000_000))
    for name, value in (("_PAGES", 25), ("_PATIENCE", 0.01), ("_LARGE_WAL", large), ("_LOOK", 8)):
        assert hasattr(sqlite_connection, name)
        setattr(sqlite_connection, name, value)


def main() -> None:
    path, books, seed, steps, durability = sys.argv[1:]
    hasten(seed)
    Program(path, books, seed, durability == "power").run(int(steps))


if __name__ == "__main__":
    main()
