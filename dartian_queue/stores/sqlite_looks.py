"""What people and workers ask the SQLite store, without changing anything; every function reads one snapshot."""

import sqlite3
from collections.abc import Collection, Sequence

from dartian_queue.states import FINAL, State
from dartian_queue.stores.rows import CODES, instant, state_of, stored_from, text
from dartian_queue.stores.sql import statements
from dartian_queue.stores.sqlite_jobs import ALL
from dartian_queue.stores.store import Counts, NameCounts, StoredJob
from dartian_queue.stores.tally import Tally

__all__ = ["count", "due_of", "find", "finished", "how_many", "list_jobs", "next_due", "unfinished", "waiting_names"]

_SQL = statements("looks") | statements("claims")
_FIELDS = {State.RUNNING: "running", State.DONE: "done", State.FAILED: "failed", State.CANCELLED: "cancelled"}


def find(connection: sqlite3.Connection, prefix: str, limit: int) -> list[StoredJob]:
    """Return the jobs whose id starts so, by the index of ids; an exact match stands alone."""
    exact = connection.execute(_SQL["exact"], (prefix,)).fetchall()
    found = exact or connection.execute(_SQL["prefixed"], (prefix, f"{prefix}\U0010ffff", limit)).fetchall()
    return _stored(connection, found)


def list_jobs(
    connection: sqlite3.Connection,
    state: State | None,
    queue: str | None,
    name: str | None,
    limit: int,
    newest_first: bool,
    held: bool,
) -> list[StoredJob]:
    """Return jobs in the order in which they settled, or were dispatched."""
    conditions, values = ["1"], list[object]()
    order = "seq"
    if state is not None:
        conditions.append(_in(state))
        order = "settled_at {0}, seq" if state in FINAL else "seq"
    for column, value in (("queue", queue), ("name", name)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if held:
        conditions.append("state = 0 AND held_reason <> ''")
    direction = "DESC" if newest_first else "ASC"
    # By the order of dispatch SQLite would walk through the whole table for what is held or runs, which are few.
    source = "jobs INDEXED BY held" if held else "jobs INDEXED BY running" if state is State.RUNNING else "jobs"
    statement = (
        f"SELECT seq FROM {source} WHERE {' AND '.join(conditions)} "  # noqa: S608 - constants of this function only
        f"ORDER BY {order.format(direction)} {direction} LIMIT ?"
    )
    return _stored(connection, connection.execute(statement, (*values, limit)).fetchall())


def how_many(
    connection: sqlite3.Connection, state: State, queue: str | None, name: str | None, before: float | None
) -> int:
    """Count the jobs in a state; settled ones only where that was before this moment."""
    conditions, values = [_in(state)], list[object]()
    for condition, value in (("queue = ?", queue), ("name = ?", name), ("settled_at <= ?", before)):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    statement = f"SELECT count(*) FROM jobs WHERE {' AND '.join(conditions)}"  # noqa: S608 - constants of this function
    return int(connection.execute(statement, values).fetchone()[0])


def finished(connection: sqlite3.Connection, since: float) -> int:
    """Count the jobs that were done or failed after this moment."""
    return sum(
        connection.execute(_SQL["finished"], (CODES[state], since)).fetchone()[0]
        for state in (State.DONE, State.FAILED)
    )


def count(connection: sqlite3.Connection, now: float) -> Counts:
    """Count all jobs by queue and state, by indexes that hold no payload."""
    tally = Tally()
    queues = {lane: text(queue) for lane, queue, _, _ in connection.execute(_SQL["lanes"])}
    for queue, waiting, due in connection.execute(_SQL["strays_by_queue"], (now,)):
        tally.wait(text(queue), waiting, int(due))
    for lane, waiting, due in connection.execute(_SQL["waiting_by_lane"], (now,)).fetchall():
        queue = queues.get(lane, "default")
        tally.wait(queue, waiting, int(due))
        for (available_at,) in connection.execute(_SQL["oldest"], (lane, now)):
            tally.age(queue, now - instant(available_at))
    for queue, held, due in connection.execute(_SQL["held_by_queue"], (now,)):
        tally.add(text(queue), "held", held)
        tally.wait(text(queue), -held, -int(due))
    for queue, running in connection.execute(_SQL["running_by_queue"]):
        tally.add(text(queue), "running", running)
    for code, queue, settled in connection.execute(_SQL["settled_by_queue"]):
        tally.add(text(queue), _FIELDS.get(state_of(code), "failed"), settled)
    return tally.counts({queue for (queue,) in connection.execute(_SQL["pauses"])})


def unfinished(connection: sqlite3.Connection) -> list[NameCounts]:
    """Count the jobs that wait or run, by name."""
    return [
        NameCounts(text(name), waiting, running) for name, waiting, running in connection.execute(_SQL["unfinished"])
    ]


def waiting_names(connection: sqlite3.Connection) -> list[str]:
    """Return the names under which jobs wait."""
    return [text(name) for (name,) in connection.execute(_SQL["waiting_names"])]


def due_of(connection: sqlite3.Connection, origin: str, now: float) -> int:
    """Count the jobs of one process that are due, or run."""
    (total,) = connection.execute(_SQL["running_of_origin"], (origin,)).fetchone()
    for lane, *_ in connection.execute(_SQL["lanes"]).fetchall():
        total += connection.execute(_SQL["due_of_origin"], (origin, lane, now)).fetchone()[0]
    return int(total)


def next_due(connection: sqlite3.Connection, queues: Sequence[str], now: float) -> float | None:
    """Return the seconds until the next waiting job of queues that are not paused is due."""
    paused = {queue for (queue,) in connection.execute(_SQL["pauses"])}
    if ALL in paused:
        return None
    nearest: float | None = None
    for lane, queue, *_ in connection.execute(_SQL["lanes"]).fetchall():
        if queue in paused or (queues and queue not in queues):
            continue
        for (available_at,) in connection.execute(_SQL["first"], (lane,)):
            if isinstance(available_at, int | float):
                nearest = available_at if nearest is None else min(nearest, available_at)
    return None if nearest is None else max(0.0, nearest - now)


def paused(connection: sqlite3.Connection, queues: Collection[str]) -> frozenset[str]:
    """Return which of these queues are paused."""
    named = {queue for (queue,) in connection.execute(_SQL["pauses"])}
    return frozenset(queue for queue in queues if ALL in named or queue in named)


def _in(state: State) -> str:
    """Return the condition as literals, by which SQLite sees which partial index fits."""
    return f"state = {CODES[state]} AND state >= 2" if state in FINAL else f"state = {CODES[state]}"


def _stored(connection: sqlite3.Connection, found: Sequence[tuple[int]]) -> list[StoredJob]:
    """Return the rows of these numbers; a damaged index may name one that is not there, of which the checks tell."""
    rows = [connection.execute(_SQL["stored"], one).fetchone() for one in found]
    return [stored_from(row) for row in rows if row is not None]
