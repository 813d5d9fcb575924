"""Bare inserts: ``python -m bench.limits.inserts KIND COUNT`` prints the seconds that so many took.

``NORMAL`` and ``FULL`` commit each insert with that setting of ``synchronous``; ``many`` encodes a thousand jobs,
inserts them in one transaction with FULL, and begins anew.
"""

import sys
import time
from pathlib import Path

import msgspec

from bench.limits.table import INSERT, Synchronous, open_table
from bench.marks import PAD

_PAYLOAD = b"x" * 200
_BATCH = 1000


class _Fields(msgspec.Struct):
    sent_at: int
    pad: str


def insert_singly(path: Path, synchronous: Synchronous, count: int) -> float:
    """Return the seconds for inserts with a commit each."""
    connection = open_table(path, synchronous)
    connection.execute(INSERT, (0, _PAYLOAD))
    started = time.perf_counter()
    for number in range(count):
        connection.execute(INSERT, (number, _PAYLOAD))
    return time.perf_counter() - started


def insert_many(path: Path, count: int) -> float:
    """Return the seconds for encoding and inserting, a thousand a transaction."""
    connection = open_table(path, "FULL")
    encode = msgspec.json.Encoder().encode
    started = time.perf_counter()
    for _ in range(count // _BATCH):
        connection.execute("BEGIN IMMEDIATE")
        now = time.time_ns()
        connection.executemany(INSERT, [(now, encode(_Fields(now, PAD))) for _ in range(_BATCH)])
        connection.execute("COMMIT")
    return time.perf_counter() - started


def main(kind: str, count: int) -> None:
    """Print the seconds."""
    path = Path("bare.sqlite3")
    if kind == "many":
        print(insert_many(path, count))
    else:
        print(insert_singly(path, "FULL" if kind == "FULL" else "NORMAL", count))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
