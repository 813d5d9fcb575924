"""The stores under test, and short ways to make what they are given."""

import itertools
from collections.abc import Callable
from pathlib import Path

from dartian_queue.clock import ManualClock
from dartian_queue.envelope import Envelope
from dartian_queue.outcome import ErrorReport, Outcome
from dartian_queue.stores.memory import MemoryStore
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.store import Claim, Settlement, Store, StoredJob, WorkerInfo

STORES: dict[str, Callable[[Path, ManualClock], Store]] = {
    "memory": lambda _folder, clock: MemoryStore("test", clock=clock),
    "sqlite": lambda folder, clock: SqliteStore(str(folder / "queue.sqlite3"), clock=clock),
}
"""How each store is made, empty, in a folder of its own, under a clock that stands still."""

_numbers = itertools.count()


def job(name: str = "Job", **options: object) -> Envelope:
    """Return an envelope with an id of its own."""
    options.setdefault("id", f"job-{next(_numbers):06}")
    options.setdefault("payload", "{}")
    return Envelope(name=name, **options)  # type: ignore[arg-type]


def worker(name: str = "worker", *, queues: tuple[str, ...] = (), companion_of: int = 0, pid: int = 4711) -> WorkerInfo:
    """Return what a worker says of itself."""
    return WorkerInfo(name=name, pid=pid, host="here", queues=queues, companion_of=companion_of)


def error(message: str = "bad row 17", *, type: str = "ValueError", at: float = 0.0) -> ErrorReport:
    """Return a report of an exception."""
    return ErrorReport(type, message, "app/jobs/import_csv.py:22", "Traceback ...", 1, at)


def ending(claim: Claim, outcome: Outcome, *follow_ups: Envelope) -> Settlement:
    """Return the settlement of a claim."""
    return Settlement(claim.id, claim.token, outcome, follow_ups)


def only(store: Store, id_: str) -> StoredJob:
    """Return the one job with this id."""
    (found,) = store.find(id_)
    return found


def ids(claims: "list[Claim]") -> list[str]:
    """Return the ids of claims, in their order."""
    return [claim.id for claim in claims]
