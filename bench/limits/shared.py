"""Bare shared commits: ``python -m bench.limits.shared KIND COUNT``, where a hundred insert at the same moment.

One thread commits, with ``synchronous = FULL``, all that is there; those who come meanwhile wait for its next commit.
``tasks`` are those of an event loop, ``threads`` wait for a lock each.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread

from bench.limits.table import INSERT, open_table

_AT_ONCE = 100
_PAYLOAD = b"x" * 200
_Told = Callable[[], object]


class SharedCommits:
    """A thread that inserts one row for each who asks, and tells them all when the commit that holds theirs is made."""

    def __init__(self, path: Path) -> None:
        self._connection = open_table(path, "FULL")
        self._asked: SimpleQueue[_Told] = SimpleQueue()
        self._finished: Callable[[list[_Told]], object] = _tell_each
        Thread(target=self._serve, daemon=True).start()

    def tell_through(self, finished: Callable[[list[_Told]], object]) -> None:
        """Hand all who are to be told of a commit to ``finished`` at once."""
        self._finished = finished

    def ask(self, told: _Told) -> None:
        """Insert one row; ``told`` is called when it is on the disk."""
        self._asked.put(told)

    def _serve(self) -> None:
        while True:
            batch = [self._asked.get()]
            while not self._asked.empty():
                batch.append(self._asked.get())
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(INSERT, [(0, _PAYLOAD)] * len(batch))
            self._connection.execute("COMMIT")
            self._finished(batch)


def _tell_each(batch: list[_Told]) -> None:
    for told in batch:
        told()


def insert_from_threads(commits: SharedCommits, count: int) -> float:
    """Return the seconds that a hundred threads took."""

    def insert_share(_number: int) -> None:
        turn = Lock()
        turn.acquire()
        for _ in range(count // _AT_ONCE):
            commits.ask(turn.release)
            turn.acquire()

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        started = time.perf_counter()
        list(threads.map(insert_share, range(_AT_ONCE)))
        return time.perf_counter() - started


async def insert_from_tasks(commits: SharedCommits, count: int) -> float:
    """Return the seconds that a hundred tasks at a time took."""
    loop = asyncio.get_running_loop()
    commits.tell_through(lambda batch: loop.call_soon_threadsafe(_tell_each, batch))

    async def insert() -> None:
        done: asyncio.Future[None] = loop.create_future()
        commits.ask(lambda: done.set_result(None))
        await done

    started = time.perf_counter()
    for _ in range(count // _AT_ONCE):
        await asyncio.gather(*(insert() for _ in range(_AT_ONCE)))
    return time.perf_counter() - started


def main(kind: str, count: int) -> None:
    """Print the seconds."""
    commits = SharedCommits(Path("bare.sqlite3"))
    if kind == "tasks":
        print(asyncio.run(insert_from_tasks(commits, count)))
    else:
        print(insert_from_threads(commits, count))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
