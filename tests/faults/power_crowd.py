"""The crowd whose system calls are recorded for a power cut: threads that dispatch, and processes that work.

The threads share commits, as those of any application do; the books have what ``dispatch`` and ``dispatch_many``
returned for. The processes claim, settle and make checkpoints at the same time. It is imported by the program that is
recorded, so that its job has a name.
"""

import os
import random
import select
import sys
import threading

import msgspec

from dartian_queue import Job, configure, dispatch, dispatch_many
from dartian_queue.outcome import Done
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.store import Settlement, WorkerInfo
from tests.faults.power_program import Entry, hasten, text_of

__all__ = ["Carry", "main"]

THREADS = 4
WORKERS = 2


class Carry(Job):
    """Carry a text that follows from its key."""

    key: str
    text: str

    def handle(self) -> None:
        raise AssertionError("nobody runs it")


def main() -> None:
    path, books, seed, steps, root = sys.argv[1:]
    hasten(seed)
    lasts, ends = os.pipe()
    workers = [_fork(path, lasts, ends) for _ in range(WORKERS)]
    os.close(lasts)
    configure(root=root, store=path, companion=False, jobs=["tests.faults.power_crowd"])
    enters = os.open(books, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    names = [f"{seed}-{number}" for number in range(THREADS)]
    threads = [threading.Thread(target=_dispatch, args=(name, int(steps), enters)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.close(ends)
    for pid in workers:
        assert os.waitpid(pid, 0)[1] == 0


def _dispatch(name: str, steps: int, enters: int) -> None:
    dice = random.Random(name)
    for step in range(steps):
        keys = [f"{name}-{step}-{number}" for number in range(dice.choice((1, 1, 5)))]
        jobs = [Carry(key, text_of(key)) for key in keys]
        if len(jobs) == 1:
            dispatch(jobs[0], id=keys[0])
        else:
            dispatch_many(jobs)
        os.write(enters, msgspec.json.encode(Entry("dispatch", True, stored=keys)) + b"\n")


def _fork(path: str, lasts: int, ends: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.close(ends)
    try:
        _work(path, lasts)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def _work(path: str, lasts: int) -> None:
    """Work until nobody dispatches any more."""
    store = SqliteStore(path)
    seat = store.join(WorkerInfo("w", os.getpid(), "here"))
    while lasts not in select.select([lasts, seat], [], [])[0]:
        seat.drain()
        while claims := store.claim(seat, 3):
            store.settle(seat, [Settlement(claim.id, claim.token, Done()) for claim in claims])
    # It leaves neither its seat nor the store, as no process does when the power fails.
