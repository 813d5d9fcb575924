"""What the experiments on storage share: Python programs in processes of their own, and the audit of a store."""

import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HEAD = """
import os, sys, time, fcntl, sqlite3
from dartian_queue.envelope import Envelope, new_id
from dartian_queue.errors import *
from dartian_queue.outcome import *
from dartian_queue.stores.marks import Marks
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.store import *
path, *args = sys.argv[1:]
def say(*words): print(*words, flush=True)
"""


def command_of(program: str, *arguments: object) -> list[str]:
    """Return what runs a program that begins with the imports above, ``path`` and ``args``."""
    return [sys.executable, "-c", _HEAD + textwrap.dedent(program), *map(str, arguments)]


def start(program: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start a program that begins with the imports above, ``path`` and ``args``."""
    return subprocess.Popen(
        command_of(program, *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(program: str, *arguments: object) -> "Iterator[subprocess.Popen[str]]":
    """Run a program for as long as the block; it is killed at its end."""
    process = start(program, *arguments)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def heard(process: "subprocess.Popen[str]") -> list[str]:
    """Return the words of the next line that the program says."""
    assert process.stdout
    line = process.stdout.readline()
    assert line, "the program has ended without a word"
    return line.split()


def finish(process: "subprocess.Popen[str]") -> str:
    """Let the program end by itself, and return what it said."""
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


def kill(process: "subprocess.Popen[str]") -> None:
    """Kill the program as the system does when memory runs out."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def audit(path: Path) -> dict[int, int]:
    """Check that the file is sound and no row is half there; return how many rows are in each state."""
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        broken = connection.execute(
            "SELECT count(*) FROM jobs WHERE (state = 1) <> (holder <> '') OR (state >= 2) <> (settled_at IS NOT NULL)"
        ).fetchone()
        assert broken == (0,)
        rows = connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()
    connection.close()
    return dict(rows)
