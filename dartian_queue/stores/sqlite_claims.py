"""What workers say to the SQLite store, each as the body of one transaction: claim, renew, settle, report, expire.

Lifecycle decides what becomes of a job, this carries it out in rows. It opens, commits and waits for nothing.
"""

import heapq
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from dartian_queue.options import Limits
from dartian_queue.outcome import Done, ErrorReport
from dartian_queue.states import State
from dartian_queue.stores.lifecycle import (
    Standing,
    after_expiry,
    after_settle,
    append_error,
    claims_of,
    error_of,
    report_of_loss,
)
from dartian_queue.stores.rows import (
    CODES,
    UnreadableRow,
    claim_from,
    encode_errors,
    encode_progress,
    envelope_from,
    errors_from,
    limits_from,
    standing_from,
    text,
)
from dartian_queue.stores.sql import statements
from dartian_queue.stores.sqlite_jobs import insert, lane_of
from dartian_queue.stores.store import Claim, Expired, ProgressReport, Renewal, Renewed, Settlement, Unreadable

__all__ = ["Asked", "Claimed", "Held", "Lapsed", "Lease", "claim", "leases", "renew", "report", "settle", "take_back"]

_SQL = statements("claims")
_MOST_STRAYS = 100


class Asked(NamedTuple):
    """What a worker wants: how many jobs, and which it can run."""

    limit: int
    names: frozenset[str] | None
    queues: tuple[str, ...]
    origin: str


class Lease(NamedTuple):
    """Under what a claim stands: ``until`` is of the monotonic clock of the boot."""

    holder: str
    boot_id: str
    until: float


class Claimed(NamedTuple):
    """What was claimed, and the rows that have failed in its place."""

    claims: list[Claim]
    unreadable: list[Unreadable]


class Held(NamedTuple):
    """A claim as it was seen outside any transaction that writes."""

    seq: int
    id: str
    token: int
    claims: int
    holder: str
    boot_id: str
    lease_until: float | None


class Lapsed(NamedTuple):
    """A claim that is to be taken from its holder, if it is still as it was seen."""

    held: Held
    begun: bool


class _Lane(NamedTuple):
    number: int
    queue: str
    name: str
    priority: int


def claim(connection: sqlite3.Connection, asked: Asked, lease: Lease, now: float, largest: int) -> Claimed:
    """Claim due jobs in their order; a row that no envelope can be made of has failed, and the next one is taken."""
    claims: list[Claim] = []
    unreadable = _adopt_strays(connection, now)
    for group in _groups(connection, asked):
        while len(claims) < asked.limit:
            found = _first(connection, group, asked, now, asked.limit - len(claims))
            if not found:
                break
            taken, failed = _take(connection, found, lease, now, largest)
            claims += taken
            unreadable += failed
        if len(claims) >= asked.limit:
            break
    return Claimed(claims, unreadable)


def renew(connection: sqlite3.Connection, holder: str, claims: Sequence[Renewal], until: float) -> Renewed:
    """Extend the leases that still stand."""
    lost = tuple(
        held for held in claims if connection.execute(_SQL["renew"], (until, held.id, holder, held.token)).rowcount == 0
    )
    asked = {id_ for (id_,) in connection.execute(_SQL["cancel_asked"], (holder,))}
    gone = frozenset(lost)
    return Renewed(lost, tuple(held for held in claims if held.id in asked and held not in gone))


def settle(connection: sqlite3.Connection, holder: str, settlements: Sequence[Settlement], now: float) -> list[bool]:
    """Carry out how claims ended; those with stale tokens change nothing."""
    return [_settle(connection, holder, settlement, now) for settlement in settlements]


def report(connection: sqlite3.Connection, holder: str, reports: Sequence[ProgressReport]) -> None:
    """Keep how far running jobs have come."""
    connection.executemany(
        _SQL["report"], ((encode_progress(report), report.id, holder, report.token) for report in reports)
    )


def leases(connection: sqlite3.Connection) -> list[Held]:
    """Return the claim of everything that runs."""
    return [*map(Held._make, connection.execute(_SQL["leases"]))]


def take_back(
    connection: sqlite3.Connection, lapsed: Sequence[Lapsed], now: float, largest: int
) -> list[Expired | Unreadable]:
    """Take claims from their holders, of those that are still as they were seen."""
    return [taken for seen in lapsed if (taken := _take_back(connection, seen, now, largest)) is not None]


def _groups(connection: sqlite3.Connection, asked: Asked) -> Iterator[list[_Lane]]:
    """Return the lanes that this worker may claim from, those that go together as one group, first groups first."""
    paused = {queue for (queue,) in connection.execute(_SQL["pauses"])}
    if "*" in paused:
        return
    places = {queue: place for place, queue in reversed([*enumerate(asked.queues)])}
    lanes = [
        lane
        for lane in map(_Lane._make, connection.execute(_SQL["lanes"]))
        if lane.queue not in paused
        and (not places or lane.queue in places)
        and (asked.names is None or lane.name in asked.names)
        and type(lane.priority) is int
    ]
    lanes.sort(key=lambda lane: (places.get(lane.queue, 0), -lane.priority))
    for _, group in groupby(lanes, key=lambda lane: (places.get(lane.queue, 0), lane.priority)):
        yield list(group)


def _first(
    connection: sqlite3.Connection, group: list[_Lane], asked: Asked, now: float, limit: int
) -> list[tuple[int, _Lane]]:
    """Return the first due rows of a group by time available, then dispatch: each lane gives its own, merged here."""
    found: list[tuple[float, int, _Lane]] = []
    for lane in group:
        if asked.origin:
            rows = connection.execute(_SQL["ready_of_origin"], (asked.origin, lane.number, now, limit))
        else:
            rows = connection.execute(_SQL["ready"], (lane.number, now, limit))
        found.extend((available_at, seq, lane) for available_at, seq in rows)
    if len(group) > 1:
        found = heapq.nsmallest(limit, found)
    return [(seq, lane) for _, seq, lane in found]


def _take(
    connection: sqlite3.Connection, found: list[tuple[int, _Lane]], lease: Lease, now: float, largest: int
) -> Claimed:
    """Claim these rows, but for those that turn out to be something else than their lane says, or nothing at all."""
    seqs = msgspec.json.encode([seq for seq, _ in found]).decode()
    rows = {row[0]: row for row in connection.execute(_SQL["claimed"], (largest, seqs))}
    taken: list[tuple[int, Claim]] = []
    unreadable: list[Unreadable] = []
    for seq, lane in found:
        if seq not in rows:
            raise sqlite3.DatabaseError("its index names a row that is not there")
        try:
            claimed = claim_from(rows[seq], now, largest=largest)
        except UnreadableRow as problem:
            unreadable.append(_spoil(connection, seq, str(problem), now))
            continue
        envelope = claimed.envelope
        if (envelope.queue, envelope.name, envelope.priority) != lane[1:]:
            right = lane_of(connection, envelope.queue, envelope.name, envelope.priority)
            connection.execute(_SQL["relane"], (right, seq))  # somebody edited the row: its own columns are the truth
            continue
        taken.append((seq, claimed))
    connection.executemany(
        _SQL["claim"],
        [(claims_of(claimed.token), lease.holder, lease.boot_id, lease.until, now, seq) for seq, claimed in taken],
    )
    return Claimed([claimed for _, claimed in taken], unreadable)


def _adopt_strays(connection: sqlite3.Connection, now: float) -> list[Unreadable]:
    """Line up rows that somebody wrote or edited by hand; return those that have failed instead."""
    unreadable: list[Unreadable] = []
    for seq, queue, name, priority in connection.execute(_SQL["strays"], (_MOST_STRAYS,)).fetchall():
        if not isinstance(queue, str) or not isinstance(name, str):
            reason = f"{'name' if isinstance(queue, str) else 'queue'}: not a text"
            unreadable.append(_spoil(connection, seq, reason, now))
        elif not isinstance(priority, int):
            unreadable.append(_spoil(connection, seq, "priority: not a whole number", now))
        else:
            connection.execute(_SQL["relane"], (lane_of(connection, queue, name, priority), seq))
    return unreadable


def _spoil(connection: sqlite3.Connection, seq: int, reason: str, now: float) -> Unreadable:
    """Let a row that no job can be made of have failed, with the reason for people to read."""
    errors, id_, name, queue = connection.execute(_SQL["spoilt"], (seq,)).fetchone()
    error = ErrorReport("UnreadableRow", f"This row cannot be read: {reason}", at=now)
    connection.execute(_SQL["spoil"], (now, encode_errors(append_error(errors_from(errors), error)), seq))
    return Unreadable(text(id_), text(name), text(queue), error)


def _settle(connection: sqlite3.Connection, holder: str, settlement: Settlement, now: float) -> bool:
    outcome = settlement.outcome
    if type(outcome) is Done:  # after_settle(Done) as one statement, since nearly every job ends so
        stood = connection.execute(_SQL["finish"], (now, settlement.id, holder, settlement.token)).rowcount == 1
    else:
        stood = _settle_otherwise(connection, holder, settlement, now)
    if stood and settlement.follow_ups:
        insert(connection, settlement.follow_ups, now)
    return stood


def _settle_otherwise(connection: sqlite3.Connection, holder: str, settlement: Settlement, now: float) -> bool:
    row = connection.execute(_SQL["held_claim"], (settlement.id, holder, settlement.token)).fetchone()
    if row is None:
        return False
    seq, limits = row[0], _limits_or_none(row[9])
    standing = after_settle(standing_from(State.RUNNING, row[1:9]), settlement.outcome, limits, now)
    _stand(connection, seq, standing, error_of(settlement.outcome))
    return True


def _take_back(connection: sqlite3.Connection, seen: Lapsed, now: float, largest: int) -> Expired | Unreadable | None:
    held = seen.held
    # Compared here, since no parameter is equal to a text that is no UTF-8, and was read with escapes.
    if connection.execute(_SQL["held"], (held.seq,)).fetchone() != held:
        return None
    row = connection.execute(_SQL["expiring"], (largest, held.seq)).fetchone()
    try:
        envelope = envelope_from(row[8:], largest=largest)
    except UnreadableRow as problem:
        return _spoil(connection, held.seq, str(problem), now)
    standing = after_expiry(standing_from(State.RUNNING, row[:8]), begun=seen.begun, now=now)
    error = report_of_loss(standing, held.holder, now) if seen.begun else None
    _stand(connection, held.seq, standing, error)
    return Expired(envelope, standing.state, seen.begun, standing.crashes, text(held.holder))


def _stand(connection: sqlite3.Connection, seq: int, standing: Standing, error: ErrorReport | None) -> None:
    columns = (
        CODES[standing.state],
        standing.available_at,
        standing.tries,
        standing.crashes,
        standing.exceptions,
        standing.cancel_asked,
        standing.held_reason,
        standing.held_at,
        standing.failed_reason,
        standing.settled_at,
        seq,
    )
    connection.execute(_SQL["stand"], columns)
    if error is not None:
        (errors,) = connection.execute(_SQL["errors"], (seq,)).fetchone()
        connection.execute(_SQL["set_errors"], (encode_errors(append_error(errors_from(errors), error)), seq))


def _limits_or_none(column: object) -> Limits:
    try:
        return limits_from(column)
    except UnreadableRow:
        return Limits()  # it was edited while it ran; what the worker decided stands
