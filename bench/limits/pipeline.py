"""A bare worker: claims ten rows, has a forked process run them, deletes them while it claims the next ten.

``python -m bench.limits.pipeline drain WORKERS COUNT`` inserts so many jobs and runs them. ``... NORMAL COUNT`` has one
worker wait on a FIFO and inserts jobs for it one at a time, with that setting of ``synchronous``; so does ``FULL``. No
retries, no time limits, no error but the end.
"""

import json
import os
import socket
import sqlite3
import sys
import time
from pathlib import Path
from select import select

from bench.drive import PAUSE
from bench.limits.table import INSERT, Synchronous, open_table
from bench.marks import PAD, mark

_BATCH = 10
_PACKET = 1 << 17
_CLAIM = """
UPDATE jobs SET state = 1, lease_until = 0, attempts = attempts + 1 WHERE id IN (
    SELECT id FROM jobs WHERE state = 0 AND queue = 'default' ORDER BY priority DESC, run_at, id LIMIT ?
) RETURNING id, payload
"""
_PATH = Path("bare.sqlite3")
_FIFO = Path("wake")


class BareWorker:
    """One connection, and one process that runs jobs."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            ours.close()
            _run_all(theirs)
            os._exit(0)
        theirs.close()
        self._isolate = ours
        self._connection = open_table(_PATH, "NORMAL")

    def drain(self) -> None:
        """Run all that waits: one batch runs while the one before it is deleted and the next is claimed."""
        done: list[int] = []
        claimed = self._delete_and_claim(done)
        while claimed:
            self._isolate.send(json.dumps(claimed).encode())
            following = self._delete_and_claim(done)
            done = json.loads(self._isolate.recv(_PACKET))
            claimed = following
        self._delete_and_claim(done)

    def close(self) -> None:
        """Let the other process end."""
        self._isolate.close()

    def _delete_and_claim(self, done: list[int]) -> list[tuple[int, str]]:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("DELETE FROM jobs WHERE id = ?", [(number,) for number in done])
        claimed = self._connection.execute(_CLAIM, (_BATCH,)).fetchall()
        self._connection.execute("COMMIT")
        return claimed


def _run_all(channel: socket.socket) -> None:
    while packet := channel.recv(_PACKET):
        batch = json.loads(packet)
        for _, payload in batch:
            mark(json.loads(payload)[0])
        channel.send(json.dumps([number for number, _ in batch]).encode())


def drain(workers: int, count: int) -> None:
    """Insert jobs, and have so many workers run them."""
    connection = open_table(_PATH, "NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    for _ in range(count):
        _insert(connection)
    connection.execute("COMMIT")
    connection.close()
    for _ in range(workers):
        if os.fork() == 0:
            BareWorker().drain()
            os._exit(0)
    for _ in range(workers):
        os.wait()


def wait(synchronous: Synchronous, count: int) -> None:
    """Insert jobs one at a time while a worker waits for them."""
    os.mkfifo(_FIFO)
    bell = os.open(_FIFO, os.O_RDWR)
    if os.fork() == 0:
        worker = BareWorker()
        for _ in range(count + 1):
            select([bell], [], [])
            os.read(bell, 1)
            worker.drain()
        worker.close()
        os._exit(0)
    connection = open_table(_PATH, synchronous)
    for _ in range(count + 1):
        time.sleep(PAUSE)
        _insert(connection)
        os.write(bell, b"1")
    os.wait()


def _insert(connection: sqlite3.Connection) -> None:
    now = time.time_ns()
    connection.execute(INSERT, (now, json.dumps([now, PAD])))


def main(operation: str, *numbers: int) -> None:
    """Run; the marks say how fast it was."""
    match operation:
        case "NORMAL" | "FULL":
            wait(operation, *numbers)
        case _:
            drain(*numbers)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
