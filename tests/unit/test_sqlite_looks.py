"""That what people ask a SQLite store goes by an index, and not through all jobs that were ever done."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from dartian_queue.states import State
from dartian_queue.stores import sqlite_looks
from dartian_queue.stores.sqlite import SqliteStore

LOOKS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "running": lambda one: sqlite_looks.list_jobs(one, State.RUNNING, None, None, 9, False, False),
    "failed": lambda one: sqlite_looks.list_jobs(one, State.FAILED, None, None, 9, True, False),
    "held": lambda one: sqlite_looks.list_jobs(one, None, None, None, 9, False, True),
    "how many done": lambda one: sqlite_looks.how_many(one, State.DONE, None, None, 99.0),
    "finished": lambda one: sqlite_looks.finished(one, 99.0),
    "counts": lambda one: sqlite_looks.count(one, 99.0),
    "unfinished": sqlite_looks.unfinished,
    "next due": lambda one: sqlite_looks.next_due(one, (), 99.0),
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_reads_no_more_than_it_has_to(look: str, tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    SqliteStore(str(path)).close()
    connection = sqlite3.connect(path)
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    LOOKS[look](connection)
    connection.set_trace_callback(None)
    assert asked
    for statement in asked:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert not [step for step in plan if step in ("SCAN jobs", "SCAN TABLE jobs")], statement
    connection.close()
