"""The jobs of a memory store, and the lanes in which those that wait line up. It decides nothing about a job's life."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from itertools import count, groupby
from typing import NamedTuple

import msgspec

from dartian_queue.envelope import Envelope
from dartian_queue.outcome import ErrorReport
from dartian_queue.states import State
from dartian_queue.stores.lifecycle import Standing, token_of
from dartian_queue.stores.store import Claim, ProgressReport, StoredJob

__all__ = ["Lane", "Lanes", "Record"]


class Lane(NamedTuple):
    """What jobs have in common that line up together."""

    queue: str
    name: str
    priority: int


class Record:
    """One job: what was dispatched, where it stands, and who holds it."""

    __slots__ = (
        "claimed_at",
        "dispatched_at",
        "envelope",
        "errors",
        "holder",
        "lease_until",
        "progress",
        "seq",
        "stamp",
        "standing",
    )

    def __init__(self, envelope: Envelope, seq: int, now: float) -> None:
        available_at = envelope.available_at if envelope.available_at is not None else now + envelope.delay
        self.envelope = envelope
        self.seq = seq
        self.dispatched_at = now
        self.claimed_at: float | None = None
        self.standing = Standing(State.WAITING, float(available_at))
        self.holder = ""
        self.lease_until = 0.0
        self.errors: tuple[ErrorReport, ...] = ()
        self.progress: ProgressReport | None = None
        self.stamp = 0
        """The number of its one valid entry in its lane; 0 for none."""

    def way_back(self) -> Callable[[], None]:
        """Return what brings the record, which runs, back to how it stands now."""
        kept = (self.standing, self.holder, self.lease_until, self.errors, self.progress)

        def go_back() -> None:
            self.standing, self.holder, self.lease_until, self.errors, self.progress = kept
            self.stamp = 0

        return go_back

    @property
    def is_tried_too_often(self) -> bool:
        """Say whether it has had more tries than it may, where a number of tries bounds it."""
        limits = self.envelope.limits
        return 0 < limits.most_tries < self.standing.tries

    @property
    def token(self) -> int:
        """Return the token of its last claim."""
        return token_of(self.standing.claims, self.dispatched_at)

    def stored_envelope(self) -> Envelope:
        """Return the envelope as a store gives it out."""
        return msgspec.structs.replace(self.envelope, delay=0.0, available_at=self.standing.available_at)

    def as_claim(self, now: float) -> Claim:
        """Return the claim under which it stands."""
        standing = self.standing
        return Claim(
            token=self.token,
            envelope=self.stored_envelope(),
            tries=standing.tries,
            crashes=standing.crashes,
            exceptions=standing.exceptions,
            held_for=max(0.0, now - standing.held_at) if standing.held_at is not None else 0.0,
            dispatched_at=self.dispatched_at,
        )

    def as_stored(self) -> StoredJob:
        """Return everything about it, for people."""
        standing = self.standing
        return StoredJob(
            envelope=self.stored_envelope(),
            seq=self.seq,
            state=standing.state,
            dispatched_at=self.dispatched_at,
            available_at=standing.available_at,
            claims=standing.claims,
            tries=standing.tries,
            crashes=standing.crashes,
            held_reason=standing.held_reason,
            holder=self.holder,
            errors=self.errors,
            failed_reason=standing.failed_reason,
            progress=self.progress,
            cancel_asked=standing.cancel_asked,
            settled_at=standing.settled_at,
            claimed_at=self.claimed_at,
        )


_Entry = tuple[float, int, int, Record]


class Lanes:
    """One heap a lane, by time available and dispatch; entries that their jobs have left are dropped when met."""

    def __init__(self) -> None:
        self._heaps: dict[Lane, list[_Entry]] = {}
        self._stamps = count(1)

    def line_up(self, record: Record) -> None:
        """Enter a job that waits; an entry that it had before is void."""
        envelope = record.envelope
        record.stamp = next(self._stamps)
        heap = self._heaps.setdefault(Lane(envelope.queue, envelope.name, envelope.priority), [])
        heapq.heappush(heap, (record.standing.available_at, record.seq, record.stamp, record))

    def groups(self, serves: Callable[[Lane], bool], queues: Sequence[str]) -> Iterator[list[Lane]]:
        """Return the lanes that are served, those that go together as one group, first groups first."""

        def place(lane: Lane) -> tuple[int, int]:
            return (queues.index(lane.queue) if queues else 0, -lane.priority)

        for _, group in groupby(sorted(filter(serves, self._heaps), key=place), key=place):
            yield list(group)

    def take_due(self, group: list[Lane], now: float, limit: int, origin: str) -> list[Record]:
        """Take the first due jobs out of a group of lanes; with an origin, only its own."""
        found: list[Record] = []
        passed: list[_Entry] = []
        while len(found) < limit:
            heap = min((heap for lane in group if (heap := self._heaps[lane])), key=lambda heap: heap[0], default=None)
            if heap is None or heap[0][0] > now:
                break
            entry = heapq.heappop(heap)
            record = entry[3]
            if record.stamp != entry[2] or record.standing.state is not State.WAITING:
                continue
            if origin and record.envelope.origin != origin:
                passed.append(entry)
            else:
                found.append(record)
        for *_, record in passed:
            self.line_up(record)
        return found
