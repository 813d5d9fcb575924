"""Three bare processes, as few as can hold a queue: one with a store, one that forks, and what it has forked.

``python -m bench.limits.processes`` ends when it is ended. Each has imported what nobody could go without: SQLite and
selectors where the store is, msgspec everywhere.
"""

import selectors
import signal
import sqlite3
import subprocess
import sys

import msgspec

_FORKING = """
import os, msgspec
from bench.marks import mark
if os.fork() == 0:
    mark(0)
os.read(0, 1)
"""


def main() -> None:
    """Start the others, and wait."""
    msgspec.json.Encoder()
    selectors.DefaultSelector()
    connection = sqlite3.connect("bare.sqlite3")
    connection.execute("PRAGMA journal_mode = WAL")
    subprocess.Popen([sys.executable, "-c", _FORKING], stdin=subprocess.PIPE)  # they see its end when this one ends
    signal.pause()


if __name__ == "__main__":
    main()
