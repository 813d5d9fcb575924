"""What dispatch and operators say to the SQLite store, each as the body of one transaction.

It opens, commits and waits for nothing.
"""

import sqlite3
from collections.abc import Sequence

from dartian_queue.envelope import Envelope
from dartian_queue.errors import DuplicateId, shown
from dartian_queue.states import State
from dartian_queue.stores.rows import CODES, STATES, encode_limits, encode_tags
from dartian_queue.stores.sql import statements
from dartian_queue.stores.store import MOST_PRUNED, Added

__all__ = ["ALL", "cancel", "clear", "flush", "forget", "insert", "lane_of", "pause", "prune", "resume", "retry"]

_SQL = statements("jobs")
ALL = "*"
"""What stands for every queue where one can be paused; no queue can have this name."""


def insert(connection: sqlite3.Connection, envelopes: Sequence[Envelope], now: float) -> list[Added]:
    """Store new jobs; DuplicateId where an id belongs to another job."""
    rows = _rows(connection, envelopes, now)
    if len(rows) > 1 and _insert_all(connection, rows):
        return [Added(envelope.id, duplicate=False) for envelope in envelopes]
    added = [_insert_one(connection, row) for row in rows]
    if all(one.duplicate for one in added):
        _write_anything(connection)
    return added


def lane_of(connection: sqlite3.Connection, queue: str, name: str, priority: int) -> int:
    """Return the lane of this queue, name and priority, made where it is missing."""
    row: tuple[int] | None = connection.execute(_SQL["lane"], (queue, name, priority)).fetchone()
    return row[0] if row else connection.execute(_SQL["add_lane"], (queue, name, priority)).lastrowid or 0


def cancel(connection: sqlite3.Connection, ids: Sequence[str], now: float) -> dict[str, State | None]:
    """Cancel what waits, note the wish on what runs."""
    had: dict[str, State | None] = {}
    for id_ in ids:
        row: tuple[int, int, str, str, int] | None = connection.execute(_SQL["standing"], (id_,)).fetchone()
        state = STATES[row[1]] if row else None
        if state is State.WAITING:
            connection.execute(_SQL["cancel"], (now, id_))
        elif state is State.RUNNING:
            connection.execute(_SQL["ask_cancel"], (id_,))
        had.setdefault(id_, state)
    return had


def retry(connection: sqlite3.Connection, ids: Sequence[str], now: float) -> list[str]:
    """Put failed and cancelled jobs back."""
    changed: list[str] = []
    for id_ in ids:
        row = connection.execute(_SQL["standing"], (id_,)).fetchone()
        if row is None or row[1] not in (CODES[State.FAILED], CODES[State.CANCELLED]):
            continue
        seq, _, queue, name, priority = row
        connection.execute(_SQL["retry"], (lane_of(connection, queue, name, priority), now, seq))
        changed.append(id_)
    return changed


def forget(connection: sqlite3.Connection, ids: Sequence[str]) -> list[str]:
    """Delete jobs that have ended."""
    return [id_ for id_ in ids if connection.execute(_SQL["forget"], (id_,)).rowcount == 1]


def prune(connection: sqlite3.Connection, done_before: float, failed_before: float) -> int:
    """Delete jobs that ended before these moments, a bounded number, and the lanes in which nothing stands any more."""
    deleted = 0
    for state, before in ((State.DONE, done_before), (State.FAILED, failed_before), (State.CANCELLED, failed_before)):
        deleted += connection.execute(_SQL["prune"], (CODES[state], before, MOST_PRUNED - deleted)).rowcount
    connection.execute(_SQL["prune_lanes"])
    return deleted


def flush(connection: sqlite3.Connection, before: float, queue: str | None, name: str | None) -> int:
    """Delete jobs that failed before this moment, a bounded number."""
    chosen = {"before": before, "queue": queue, "name": name, "limit": MOST_PRUNED}
    return connection.execute(_SQL["flush"], chosen).rowcount


def clear(connection: sqlite3.Connection, queues: Sequence[str], now: float) -> int:
    """Cancel all that waits."""
    if not queues:
        return connection.execute(_SQL["clear_all"], (now,)).rowcount
    return sum(connection.execute(_SQL["clear"], (now, queue)).rowcount for queue in queues)


def pause(connection: sqlite3.Connection, queues: Sequence[str]) -> None:
    """Note queues as paused; with none given, all of them by a switch of its own."""
    connection.executemany(_SQL["pause"], [(queue,) for queue in queues or (ALL,)])


def resume(connection: sqlite3.Connection, queues: Sequence[str]) -> None:
    """Undo pause; with none given, the switch for all."""
    connection.executemany(_SQL["resume"], [(queue,) for queue in queues or (ALL,)])


_Row = tuple[str, int, str, str, int, float, float, str, str, str, str]


def _rows(connection: sqlite3.Connection, envelopes: Sequence[Envelope], now: float) -> list[_Row]:
    lanes: dict[tuple[str, str, int], int] = {}
    rows: list[_Row] = []
    for envelope in envelopes:
        key = (envelope.queue, envelope.name, envelope.priority)
        lane = lanes.get(key)
        if lane is None:
            lane = lanes[key] = lane_of(connection, *key)
        available_at = envelope.available_at if envelope.available_at is not None else now + envelope.delay
        rows.append(
            (
                envelope.id,
                lane,
                *key,
                available_at,
                now,
                envelope.origin,
                encode_limits(envelope.limits),
                encode_tags(envelope.tags),
                envelope.payload,
            )
        )
    return rows


def _insert_all(connection: sqlite3.Connection, rows: Sequence[_Row]) -> bool:
    """Store a batch at once; False, and nothing stored, where one of the ids is there already."""
    connection.execute("SAVEPOINT batch")
    if connection.executemany(_SQL["add"], rows).rowcount == len(rows):
        connection.execute("RELEASE batch")
        return True
    connection.execute("ROLLBACK TO batch")
    connection.execute("RELEASE batch")
    return False


def _write_anything(connection: sqlite3.Connection) -> None:
    """Let a transaction that has changed nothing be synced as it was asked to be, and with it what others have stored.

    What is there already may have come with a settlement, which is not synced: to say that it is there promises it.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA user_version = {int(version)}")


def _insert_one(connection: sqlite3.Connection, row: _Row) -> Added:
    id_, name, payload = row[0], row[3], row[10]
    if connection.execute(_SQL["add"], row).rowcount == 1:
        return Added(id_, duplicate=False)
    if connection.execute(_SQL["same"], (name, payload, id_)).fetchone() != (1,):
        raise DuplicateId(
            f"The id {shown(id_)} belongs to a job with another name or other values; nothing was stored\n"
            f"Give this one an id of its own, or leave id= out."
        )
    return Added(id_, duplicate=True)
