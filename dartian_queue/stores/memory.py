"""The store of tests and experiments: everything in this process, nothing kept. It never writes a file.

It stands under the same conformance suite as the others, and asks the same lifecycle what becomes of a job.
"""

import os
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from dartian_queue.clock import Clock, SystemClock
from dartian_queue.envelope import Envelope
from dartian_queue.errors import DuplicateId, shown
from dartian_queue.states import FINAL, State
from dartian_queue.stores import memory_looks
from dartian_queue.stores.lifecycle import (
    Standing,
    after_cancel,
    after_claim,
    after_expiry,
    after_retry,
    after_settle,
    append_error,
    error_of,
    report_of_loss,
    storable,
)
from dartian_queue.stores.memory_lanes import Lanes, Record
from dartian_queue.stores.memory_seat import MemorySeat
from dartian_queue.stores.store import (
    LEASE,
    MOST_PRUNED,
    Added,
    Check,
    Claim,
    Counts,
    Expired,
    NameCounts,
    ProgressReport,
    Renewal,
    Renewed,
    Seat,
    Settlement,
    StoredJob,
    Unreadable,
    WorkerInfo,
)
from dartian_queue.stores.wakes import JOBS, OPERATOR

__all__ = ["MemoryStore", "memory_store"]

ALL = "*"
_MOST_EXPIRED = 500


class MemoryStore:
    """A Store in this process's memory."""

    def __init__(self, name: str = "", *, clock: Clock | None = None) -> None:
        self._name = name
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._records: dict[str, Record] = {}
        self._lanes = Lanes()
        self._paused: set[str] = set()
        self._seats: dict[str, MemorySeat] = {}
        self._seq = 0

    @property
    def url(self) -> str:
        """Return the name of the store."""
        return f"memory://{self._name}"

    def add(self, envelopes: Sequence[Envelope]) -> list[Added]:
        """Store new jobs, all or nothing, and wake the workers."""
        with self._lock:
            added = self._insert(envelopes)
        self._wake({envelope.queue for envelope in envelopes})
        return added

    def claim(
        self,
        seat: Seat,
        limit: int,
        *,
        names: Collection[str] | None = None,
        queues: Sequence[str] = (),
        origin: str = "",
        lease: float = LEASE,
    ) -> list[Claim]:
        """Claim due jobs in their order."""
        with self._lock:
            now, until = self._clock.wall(), self._clock.monotonic() + lease
            claims: list[Claim] = []
            for group in self._lanes.groups(
                lambda lane: self._is_served(lane.queue, queues) and (names is None or lane.name in names), queues
            ):
                for record in self._lanes.take_due(group, now, limit - len(claims), origin):
                    record.standing = after_claim(record.standing)
                    record.holder, record.lease_until, record.claimed_at = seat.holder, until, now
                    record.progress = None
                    claims.append(record.as_claim(now))
            return claims

    def renew(self, seat: Seat, claims: Sequence[Renewal], *, lease: float = LEASE) -> Renewed:
        """Extend the leases that still stand, and say which do not."""
        with self._lock:
            lost: list[Renewal] = []
            asked: list[Renewal] = []
            for held in claims:
                record = self._held(seat, held.id, held.token)
                if record is None:
                    lost.append(held)
                    continue
                record.lease_until = self._clock.monotonic() + lease
                if record.standing.cancel_asked:
                    asked.append(held)
            return Renewed(tuple(lost), tuple(asked))

    def settle(self, seat: Seat, settlements: Sequence[Settlement]) -> list[bool]:
        """Carry out how claims ended, all or nothing."""
        with self._lock:
            known = set(self._records)
            ways_back = [record.way_back() for one in settlements if (record := self._held(seat, one.id, one.token))]
            try:
                return [self._settle(seat, settlement) for settlement in settlements]
            except BaseException:
                for id_ in self._records.keys() - known:
                    self._records.pop(id_).stamp = 0
                for go_back in ways_back:
                    go_back()
                raise

    def report(self, seat: Seat, reports: Sequence[ProgressReport]) -> None:
        """Keep how far running jobs have come."""
        with self._lock:
            for report in reports:
                record = self._held(seat, report.id, report.token)
                if record is not None:
                    record.progress = storable(report)

    def expire(self, seat: Seat) -> list[Expired]:  # noqa: ARG002 - the protocol's
        """Take claims back from seats that were left, and where the lease has lapsed."""
        with self._lock:
            now = self._clock.monotonic()
            lapsed = [
                record
                for record in self._records.values()
                if record.standing.state is State.RUNNING
                and (record.holder not in self._seats or record.lease_until <= now)
            ]
            return [self._take_back(record) for record in lapsed[:_MOST_EXPIRED]]

    def take_unreadable(self) -> list[Unreadable]:
        """Return nothing: what is kept here has never been anything but a job."""
        return []

    def cancel(self, ids: Sequence[str]) -> dict[str, State | None]:
        """Cancel what waits, note the wish on what runs."""
        with self._lock:
            had: dict[str, State | None] = {}
            for id_ in ids:
                record = self._records.get(id_)
                had.setdefault(id_, record.standing.state if record else None)
                if record:
                    record.standing = after_cancel(record.standing, self._clock.wall())
        self._wake(sender=OPERATOR)
        return had

    def retry(self, ids: Sequence[str]) -> list[str]:
        """Put failed and cancelled jobs back."""
        changed: list[str] = []
        with self._lock:
            for id_ in ids:
                record = self._records.get(id_)
                if record and record.standing.state in (State.FAILED, State.CANCELLED):
                    record.standing = after_retry(record.standing, self._clock.wall())
                    record.progress = None
                    self._lanes.line_up(record)
                    changed.append(id_)
        self._wake(sender=OPERATOR)
        return changed

    def forget(self, ids: Sequence[str]) -> list[str]:
        """Delete jobs that have ended."""
        with self._lock:
            ended = [id_ for id_ in dict.fromkeys(ids) if id_ in self._records and self._has_ended(self._records[id_])]
            for id_ in ended:
                del self._records[id_]
            return ended

    def prune(self, *, done: float, failed: float) -> int:
        """Delete what was settled longer ago than its retention."""
        with self._lock:
            now = self._clock.wall()
            old = [
                id_
                for id_, record in self._records.items()
                if self._has_ended(record)
                and (record.standing.settled_at or 0.0)
                < now - (done if record.standing.state is State.DONE else failed)
            ][:MOST_PRUNED]
            for id_ in old:
                del self._records[id_]
            return len(old)

    def flush(self, *, older: float = 0.0, queue: str | None = None, name: str | None = None) -> int:
        """Delete jobs that failed so long ago."""
        with self._lock:
            failed = [record.envelope.id for record in self._settled(State.FAILED, queue, name, older)][:MOST_PRUNED]
            for id_ in failed:
                del self._records[id_]
            return len(failed)

    def clear(self, queues: Sequence[str] = ()) -> int:
        """Cancel all that waits."""
        with self._lock:
            waiting = [
                record for record in self._in_state(State.WAITING) if not queues or record.envelope.queue in queues
            ]
            for record in waiting:
                record.standing = after_cancel(record.standing, self._clock.wall())
            return len(waiting)

    def pause(self, queues: Sequence[str] = ()) -> None:
        """Let nothing more be claimed from these queues, or from any."""
        with self._lock:
            self._paused.update(queues or (ALL,))
        self._wake(sender=OPERATOR)

    def resume(self, queues: Sequence[str] = ()) -> None:
        """Undo pause."""
        with self._lock:
            self._paused.difference_update(queues or (ALL,))
        self._wake(sender=OPERATOR)

    def ask_restart(self) -> list[WorkerInfo]:
        """Ask the live workers but companions to end."""
        with self._lock:
            asked = [seat for seat in self._seats.values() if not seat.info.companion_of]
            for seat in asked:
                seat.ask_restart()
        self._wake(sender=OPERATOR)
        return _longest_serving_first(seat.info for seat in asked)

    def find(self, id_prefix: str, limit: int = 10) -> list[StoredJob]:
        """Return the jobs whose id starts so; an exact match stands alone."""
        with self._lock:
            if id_prefix in self._records:
                return [self._records[id_prefix].as_stored()]
            ids = sorted(id_ for id_ in self._records if id_.startswith(id_prefix))
            return [self._records[id_].as_stored() for id_ in ids[:limit]]

    def jobs(
        self,
        *,
        state: State | None = None,
        queue: str | None = None,
        name: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
        held: bool = False,
    ) -> list[StoredJob]:
        """Return jobs in the order in which they settled, or were dispatched."""
        with self._lock:
            found = memory_looks.selected(self._records.values(), state, queue, name, held=held)
            if newest_first:
                found.reverse()
            return [record.as_stored() for record in found[:limit]]

    def how_many(self, state: State, *, queue: str | None = None, name: str | None = None, older: float = 0.0) -> int:
        """Count the jobs in a state."""
        with self._lock:
            return len(self._settled(state, queue, name, older))

    def finished(self, within: float) -> int:
        """Count the jobs that were done or failed in the last seconds."""
        with self._lock:
            return memory_looks.finished(self._records.values(), self._clock.wall() - within)

    def counts(self) -> Counts:
        """Count all jobs by queue and state."""
        with self._lock:
            return memory_looks.count(self._records.values(), self._paused, self._clock.wall())

    def unfinished(self) -> list[NameCounts]:
        """Count the jobs that wait or run, by name."""
        with self._lock:
            return memory_looks.unfinished(self._records.values())

    def waiting_names(self) -> list[str]:
        """Return the names under which jobs wait."""
        with self._lock:
            return sorted({record.envelope.name for record in self._in_state(State.WAITING)})

    def due_of(self, origin: str) -> int:
        """Count the jobs of one process that are due, or running."""
        with self._lock:
            now = self._clock.wall()
            return sum(
                record.envelope.origin == origin
                and (
                    record.standing.state is State.RUNNING
                    or (record.standing.state is State.WAITING and record.standing.available_at <= now)
                )
                for record in self._records.values()
            )

    def next_due(self, *, queues: Sequence[str] = ()) -> float | None:
        """Return the seconds until the next waiting job of queues that are not paused is due."""
        with self._lock:
            nearest = min(
                (
                    record.standing.available_at
                    for record in self._in_state(State.WAITING)
                    if self._is_served(record.envelope.queue, queues)
                ),
                default=None,
            )
            return None if nearest is None else max(0.0, nearest - self._clock.wall())

    def paused(self, queues: Collection[str]) -> frozenset[str]:
        """Return which of these queues are paused."""
        with self._lock:
            return frozenset(queue for queue in queues if not self._is_served(queue, ()))

    def join(self, worker: WorkerInfo) -> Seat:
        """Take a seat as a live worker."""
        holder = f"{worker.pid}-{os.urandom(8).hex()}"
        started_at = worker.started_at or self._clock.wall()
        seat = MemorySeat(msgspec.structs.replace(worker, holder=holder, started_at=started_at), self._unseat)
        with self._lock:
            self._seats[holder] = seat
        return seat

    def _unseat(self, seat: MemorySeat) -> None:
        with self._lock:
            self._seats.pop(seat.holder, None)

    def workers(self) -> list[WorkerInfo]:
        """Return the live workers, the longest serving first."""
        with self._lock:
            return _longest_serving_first(seat.info for seat in self._seats.values())

    def served(self, queue: str) -> bool:
        """Say whether a live worker that is nobody's companion serves this queue."""
        return any(not info.companion_of and (not info.queues or queue in info.queues) for info in self.workers())

    def check(self) -> list[Check]:
        """Look whether the invariants hold; there is nothing else that could be wrong."""
        with self._lock:
            return memory_looks.check(self._records.values())

    def close(self) -> None:
        """Do nothing: there is nothing open."""

    def _insert(self, envelopes: Sequence[Envelope]) -> list[Added]:
        fresh: dict[str, Record] = {}
        added: list[Added] = []
        for envelope in envelopes:
            there = self._records.get(envelope.id) or fresh.get(envelope.id)
            if there is None:
                self._seq += 1
                fresh[envelope.id] = Record(envelope, self._seq, self._clock.wall())
            elif (there.envelope.name, there.envelope.payload) != (envelope.name, envelope.payload):
                raise DuplicateId(
                    f"The id {shown(envelope.id)} belongs to a job with another name or other values; nothing was "
                    f"stored\nGive this one an id of its own, or leave id= out."
                )
            added.append(Added(envelope.id, duplicate=there is not None))
        self._records.update(fresh)
        for record in fresh.values():
            self._lanes.line_up(record)
        return added

    def _is_served(self, queue: str, queues: Sequence[str]) -> bool:
        return ALL not in self._paused and queue not in self._paused and (not queues or queue in queues)

    def _held(self, seat: Seat, id_: str, token: int) -> Record | None:
        record = self._records.get(id_)
        if record is None or record.standing.state is not State.RUNNING or record.holder != seat.holder:
            return None
        return record if record.token == token else None

    def _settle(self, seat: Seat, settlement: Settlement) -> bool:
        record = self._held(seat, settlement.id, settlement.token)
        if record is None:
            return False
        outcome = settlement.outcome
        self._stand(record, after_settle(record.standing, outcome, record.envelope.limits, self._clock.wall()))
        error = error_of(outcome)
        if error is not None:
            record.errors = append_error(record.errors, error)
        self._insert(settlement.follow_ups)
        self._wake({envelope.queue for envelope in settlement.follow_ups})
        return True

    def _take_back(self, record: Record) -> Expired:
        holder, now = record.holder, self._clock.wall()
        self._stand(record, after_expiry(record.standing, begun=True, now=now))
        record.errors = append_error(record.errors, report_of_loss(record.standing, holder, now))
        return Expired(record.stored_envelope(), record.standing.state, True, record.standing.crashes, holder)

    def _stand(self, record: Record, standing: Standing) -> None:
        record.standing, record.holder = standing, ""
        if standing.state is State.WAITING:
            self._lanes.line_up(record)

    def _has_ended(self, record: Record) -> bool:
        return record.standing.state in FINAL

    def _in_state(self, state: State) -> Iterator[Record]:
        return (record for record in self._records.values() if record.standing.state is state)

    def _settled(self, state: State, queue: str | None, name: str | None, older: float) -> list[Record]:
        """Return the jobs in a state, settled ones only where that was long enough ago, the oldest first."""
        before = self._clock.wall() - older
        found = memory_looks.selected(self._records.values(), state, queue, name)
        return [one for one in found if one.standing.settled_at is None or one.standing.settled_at <= before]

    def _wake(self, queues: Collection[str] = (), sender: bytes = JOBS) -> None:
        for seat in list(self._seats.values()):
            if not queues or not seat.info.queues or not set(queues).isdisjoint(seat.info.queues):
                seat.wake(sender)


def _longest_serving_first(workers: Iterable[WorkerInfo]) -> list[WorkerInfo]:
    return sorted(workers, key=lambda info: (info.started_at, info.holder))


_stores: dict[str, MemoryStore] = {}
_opening = threading.Lock()


def memory_store(name: str, *, clock: Clock | None = None) -> MemoryStore:
    """Return the store of this name, one for each name in the process; the clock is the one of who asked first."""
    with _opening:
        if name not in _stores:
            _stores[name] = MemoryStore(name, clock=clock)
        return _stores[name]
