"""Bare shared commits: ``python -m bench.limits.shared KIND COUNT``, where a hundred insert at the same moment.

Whoever commits, with ``synchronous = FULL``, takes all that is there; who comes meanwhile waits for the next commit.
Of ``threads`` one commits for all; for the ``tasks`` of an event loop a thread does, since nothing may block the loop.
"""

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock, Thread

from bench.limits.table import INSERT, open_table

_AT_ONCE = 100
_ROW = (0, b"x" * 200)
_PATH = Path("bare.sqlite3")


class Turn:
    """One thread that waits until its row is on the disk, or until it is to commit."""

    def __init__(self) -> None:
        self.leads = False
        self._lock = Lock()
        self._lock.acquire()

    def wait(self) -> None:
        """Return when it is told to go on."""
        self._lock.acquire()

    def go_on(self) -> None:
        """Tell it."""
        self._lock.release()


class ThreadCommits:
    """Commits of threads: who finds nobody at it commits for all who are there, then calls one of those who came."""

    def __init__(self) -> None:
        self._connection = open_table(_PATH, "FULL")
        self._lock = Lock()
        self._pending: list[Turn] = []
        self._is_led = False

    def insert(self, turn: Turn) -> None:
        """Return when a row of this thread's is on the disk."""
        with self._lock:
            self._pending.append(turn)
            turn.leads = not self._is_led
            self._is_led = True
        if not turn.leads:
            turn.wait()
        if turn.leads:
            self._lead(turn)

    def _lead(self, leader: Turn) -> None:
        with self._lock:
            batch, self._pending = self._pending, []
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(INSERT, [_ROW] * len(batch))
        self._connection.execute("COMMIT")
        for turn in batch:
            if turn is not leader:
                turn.go_on()
        with self._lock:
            self._is_led = bool(self._pending)
            if self._is_led:
                self._pending[0].leads = True
                self._pending[0].go_on()


class TaskCommits:
    """Commits of tasks, on a thread; all but the commit itself happens in the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._connection = open_table(_PATH, "FULL")
        self._loop = loop
        self._pending: list[asyncio.Future[None]] = []
        self._batch: list[asyncio.Future[None]] = []
        self._bell = Lock()
        self._bell.acquire()
        Thread(target=self._serve, daemon=True).start()

    async def insert(self) -> None:
        """Return when a row of this task's is on the disk."""
        done: asyncio.Future[None] = self._loop.create_future()
        if not self._pending and not self._batch:
            self._loop.call_soon(self._begin)  # after those who come in the same turn of the loop
        self._pending.append(done)
        await done

    def _begin(self) -> None:
        self._batch, self._pending = self._pending, []
        if self._batch:
            self._bell.release()

    def _serve(self) -> None:
        while True:
            self._bell.acquire()
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(INSERT, [_ROW] * len(self._batch))
            self._connection.execute("COMMIT")
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        for done in self._batch:
            done.set_result(None)
        self._begin()


def insert_from_threads(count: int) -> float:
    """Return the seconds that a hundred threads took."""
    commits = ThreadCommits()

    def insert_share(_number: int) -> None:
        turn = Turn()
        for _ in range(count // _AT_ONCE):
            commits.insert(turn)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        started = time.perf_counter()
        list(threads.map(insert_share, range(_AT_ONCE)))
        return time.perf_counter() - started


async def insert_from_tasks(count: int) -> float:
    """Return the seconds that a hundred tasks at a time took."""
    commits = TaskCommits(asyncio.get_running_loop())
    started = time.perf_counter()
    for _ in range(count // _AT_ONCE):
        await asyncio.gather(*(commits.insert() for _ in range(_AT_ONCE)))
    return time.perf_counter() - started


def main(kind: str, count: int) -> None:
    """Print the seconds."""
    print(asyncio.run(insert_from_tasks(count)) if kind == "tasks" else insert_from_threads(count))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
