"""Dispatches jobs and prints the statements that each dispatch brought to the store, as JSON: a list for each.

Under strace the files that are looked for, and are not there, part the system calls of one dispatch from the next.
"""

import contextlib
import json
import os
import sqlite3
import sys
import time
from importlib import import_module
from typing import Literal, cast

from dartian_queue import Job, configure, dispatch, dispatch_many
from tests.processes.statements import noting

TIMES = 9


def mark() -> None:
    """Leave a trace."""
    with contextlib.suppress(OSError):
        os.stat("/mark")


def main(durability: Literal["power", "process"], size: int) -> None:
    statements: list[str] = []
    sqlite3.connect = noting(statements)  # type: ignore[assignment]
    configure(durability=durability, companion=False)
    note: type[Job] = import_module("app.jobs.made").Note
    dispatch(note())  # opens the store, and makes the lane
    time.sleep(0.1)  # a folder of workers that has just been made is looked at twice
    dispatch(note())
    seen: list[list[str]] = []
    for _ in range(TIMES):
        statements.clear()
        jobs = [note() for _ in range(size)]
        mark()
        if size == 1:
            dispatch(jobs[0])
        else:
            dispatch_many(jobs)
        mark()
        seen.append(statements.copy())
    print(json.dumps(seen))


if __name__ == "__main__":
    main(cast("Literal['power', 'process']", sys.argv[1]), int(sys.argv[2]))
