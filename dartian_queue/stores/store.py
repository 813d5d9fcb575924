"""What every store promises. A store keeps envelopes and their states; it has never heard of job classes.

All methods may be called from any thread and block while they work. Each one that changes anything is one atomic
transaction: a crash in its middle leaves all of it or none. Methods take and give batches, since that is where
speed comes from. The store's clock decides what is due, and when a lease has lapsed.

Errors are StoreBusy, StoreFull, StoreUnusable and, where a commit's fate is unknown, DispatchUncertain.
"""

from collections.abc import Collection, Sequence
from typing import Literal, Protocol

import msgspec

from dartian_queue.envelope import Envelope
from dartian_queue.outcome import ErrorReport, Outcome
from dartian_queue.states import State

__all__ = [
    "LEASE",
    "MOST_PRUNED",
    "Added",
    "Check",
    "Claim",
    "Counts",
    "Expired",
    "Finding",
    "NameCounts",
    "ProgressReport",
    "QueueCounts",
    "Renewal",
    "Renewed",
    "Seat",
    "Settlement",
    "Store",
    "StoredJob",
    "Unreadable",
    "WorkerInfo",
]

LEASE = 30.0
"""Seconds for which a claim is good unless it is renewed."""
MOST_PRUNED = 1000
"""How many jobs a call of ``prune`` or ``flush`` deletes at most: it holds up everybody else who writes."""


class Added(msgspec.Struct, frozen=True):
    """What became of one envelope that was added."""

    id: str
    duplicate: bool
    """True where the same id with the same name and payload was there already: nothing was stored again."""


class Claim(msgspec.Struct, frozen=True):
    """The right to run one attempt. ``token`` is the fencing token: with an old one nothing can be settled."""

    token: int
    envelope: Envelope
    """Its ``delay`` is 0 and its ``available_at`` the stored one."""
    tries: int
    crashes: int
    exceptions: int
    """How many of its attempts ended in an exception."""
    held_for: float
    """Seconds since it was first held, 0 where it was not."""
    dispatched_at: float

    @property
    def id(self) -> str:
        """Return the id of the job."""
        return self.envelope.id


class Renewal(msgspec.Struct, frozen=True):
    """A claim that its holder still works on. It may have an older one of the same job, which it does not know lost."""

    id: str
    token: int


class Renewed(msgspec.Struct, frozen=True):
    """What a renewal found: claims that were lost to another holder, and those that somebody wants cancelled."""

    lost: tuple[Renewal, ...]
    cancel_asked: tuple[Renewal, ...]


class Settlement(msgspec.Struct, frozen=True):
    """How one claim ended, and the jobs that exist exactly if this settlement takes effect."""

    id: str
    token: int
    outcome: Outcome
    follow_ups: tuple[Envelope, ...] = ()


class Expired(msgspec.Struct, frozen=True):
    """A claim that was taken from a holder which is dead, or let its lease lapse."""

    envelope: Envelope
    state: State
    """WAITING (T8, T8b) or FAILED (T9)."""
    begun: bool
    crashes: int
    holder: str


class Unreadable(msgspec.Struct, frozen=True):
    """A row that no job can be made of, and that has failed for that; what it holds is shown as near as it can be."""

    id: str
    name: str
    queue: str
    error: ErrorReport


class ProgressReport(msgspec.Struct, frozen=True):
    """How far a running job has come."""

    id: str
    token: int
    done: float
    total: float | None
    note: str


class StoredJob(msgspec.Struct, frozen=True):
    """Everything that the store knows of one job, for people to look at."""

    envelope: Envelope
    seq: int
    state: State
    dispatched_at: float
    available_at: float
    claims: int
    tries: int
    crashes: int
    held_reason: str
    holder: str
    errors: tuple[ErrorReport, ...]
    """One an attempt, oldest first, bounded."""
    failed_reason: str
    progress: ProgressReport | None
    cancel_asked: bool
    settled_at: float | None
    claimed_at: float | None
    """When it was claimed last; None for never."""


class QueueCounts(msgspec.Struct, frozen=True):
    """How many jobs of one queue are in which state."""

    queue: str
    ready: int = 0
    """Waiting, and due."""
    scheduled: int = 0
    """Waiting for a time to come."""
    held: int = 0
    """Waiting with a reason."""
    running: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    oldest: float | None = None
    """Seconds for which the oldest ready job has been due."""
    paused: bool = False

    @property
    def waiting(self) -> int:
        """Return all that wait: ready, scheduled and held."""
        return self.ready + self.scheduled + self.held


class Counts(msgspec.Struct, frozen=True):
    """The depth of the store, a queue at a time in alphabetical order, and in sum under the name ``*``."""

    queues: tuple[QueueCounts, ...]
    total: QueueCounts
    paused: tuple[str, ...] = ()
    """The queues that are paused one by one; ``total.paused`` is the switch for all."""


class NameCounts(msgspec.Struct, frozen=True):
    """How many jobs of one name have not ended."""

    name: str
    waiting: int = 0
    """Ready, scheduled and held."""
    running: int = 0


class WorkerInfo(msgspec.Struct, frozen=True):
    """What a worker says of itself when it takes its seat."""

    name: str
    pid: int
    host: str
    queues: tuple[str, ...] = ()
    """The queues that it serves, in order; empty for all."""
    isolates: int = 1
    companion_of: int = 0
    """The pid of its owner, where it is a companion."""
    started_at: float = 0.0
    holder: str = ""
    """Given by the store: the name under which its claims stand."""


class Finding(msgspec.Struct, frozen=True):
    """Something that is not as it should be, and what to do about it."""

    severity: Literal["error", "warning"]
    what: str
    why: str
    remedy: str
    """A command, or what to do in a few words."""


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at: it holds where nothing was found."""

    title: str
    findings: tuple[Finding, ...] = ()


class Seat(Protocol):
    """A live worker's place at the store: its name as a holder, its wake-up, and the proof that it lives."""

    @property
    def holder(self) -> str:
        """Return the name under which this worker's claims stand; never used twice."""
        ...

    @property
    def lock_paths(self) -> tuple[str, ...]:
        """Return the files that the zygote locks (lockf) while it lives; empty where liveness is seen otherwise."""
        ...

    @property
    def marks_path(self) -> str:
        """Return the file in which isolates mark what they have begun (see marks.py); empty for none."""
        ...

    def fileno(self) -> int:
        """Return a descriptor that is readable when there may be work, or -1 where only polling helps."""
        ...

    def drain(self) -> bool:
        """Take the wake-ups that have come, so that ``fileno`` is quiet until the next.

        True where an operator may be among those who sent one: then look at ``restart_asked``, and renew all claims,
        which finds what shall be cancelled. A wake-up may be lost, so look now and then without one too.
        """
        ...

    def restart_asked(self) -> bool:
        """Say whether an operator wants this worker to finish what runs and end; cheap enough for twice a second."""
        ...

    def leave(self) -> None:
        """Give the seat up. Claims that are still held become expirable at once. Idempotent."""
        ...


class Store(Protocol):
    """Where envelopes wait and are claimed."""

    @property
    def url(self) -> str:
        """Return where the store is, without any password."""
        ...

    def add(self, envelopes: Sequence[Envelope]) -> list[Added]:
        """Store new jobs (T1), durably and all or nothing, in one transaction, and wake the workers.

        An id that exists with the same name and payload is a duplicate, with other content DuplicateId. When this
        raises anything but DispatchUncertain, nothing was stored.
        """
        ...

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
        """Claim up to ``limit`` due jobs (T2) in their order: priority, then time available, then dispatch.

        ``names`` are those that the worker can load, None for all; ``queues`` are served strictly in that order,
        empty for all queues together; ``origin`` takes only jobs that this process dispatched. Paused queues are
        passed over. What is passed over costs nothing, however much of it there is.
        """
        ...

    def renew(self, seat: Seat, claims: Sequence[Renewal], *, lease: float = LEASE) -> Renewed:
        """Extend the leases (T3) of the claims that still stand, and say which do not."""
        ...

    def settle(self, seat: Seat, settlements: Sequence[Settlement]) -> list[bool]:
        """Carry out T4 to T7, T8c, T9c, T11 and T14, all in one transaction: False, and no change, for a stale token.
        A token fits only together with the seat that claimed. What would wait again though its cancel was asked is
        cancelled instead.

        A follow-up is stored exactly if its settlement took effect. A Retry where the stored limits leave no try is
        an IllegalTransition, and then nothing of the batch is changed.
        """
        ...

    def report(self, seat: Seat, reports: Sequence[ProgressReport]) -> None:
        """Keep how far running jobs have come; reports with stale tokens are dropped. Not durable."""
        ...

    def expire(self, seat: Seat) -> list[Expired]:
        """Take the claims of dead holders and lapsed leases back (T8, T8b, T9), a bounded number a call.

        Where death can be seen (one machine), it is at once; else when the lease has lapsed. A claim counts as begun
        unless its holder's marks say otherwise.
        """
        ...

    def take_unreadable(self) -> list[Unreadable]:
        """Return, once, what this store has let fail in ``claim`` and ``expire``, since no job could be made of it."""
        ...

    def cancel(self, ids: Sequence[str]) -> dict[str, State | None]:
        """Cancel what waits (T10), ask the holders of what runs; return the state each had, None for unknown ids."""
        ...

    def retry(self, ids: Sequence[str]) -> list[str]:
        """Put failed and cancelled jobs back (T12), due at once; return the ids that this changed."""
        ...

    def forget(self, ids: Sequence[str]) -> list[str]:
        """Delete done, failed and cancelled jobs (T13); return the ids that are gone."""
        ...

    def prune(self, *, done: float, failed: float) -> int:
        """Delete what was settled longer ago than its retention, in seconds (T13), at most MOST_PRUNED a call.

        Cancelled jobs are kept as long as failed ones. Returns how many were deleted: all there were, if fewer.
        """
        ...

    def flush(self, *, older: float = 0.0, queue: str | None = None, name: str | None = None) -> int:
        """Delete jobs that failed ``older`` seconds ago or earlier (T13), at most MOST_PRUNED; return how many."""
        ...

    def clear(self, queues: Sequence[str] = ()) -> int:
        """Cancel all that waits in these queues, or in all (T10); return how many."""
        ...

    def pause(self, queues: Sequence[str] = ()) -> None:
        """Let nothing more be claimed from these queues; with none given, from any: a switch of its own."""
        ...

    def resume(self, queues: Sequence[str] = ()) -> None:
        """Undo ``pause`` of these queues; with none given, that of all, after which queues paused one by one still are.

        Wakes the workers.
        """
        ...

    def ask_restart(self) -> list[WorkerInfo]:
        """Ask the live workers to finish what runs and end, and return those that were asked.

        Companions are not: each lives and ends with its owner. Who takes a seat afterwards was not asked.
        """
        ...

    def find(self, id_prefix: str, limit: int = 10) -> list[StoredJob]:
        """Return the jobs whose id starts so; an exact match stands alone."""
        ...

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
        """Return jobs to look at: settled ones in the order in which they settled, others as they were dispatched.

        ``held`` are only those that wait with a reason.
        """
        ...

    def how_many(self, state: State, *, queue: str | None = None, name: str | None = None, older: float = 0.0) -> int:
        """Count the jobs in a state, settled ones only where that was ``older`` seconds ago or earlier."""
        ...

    def finished(self, within: float) -> int:
        """Count the jobs that were done or failed in the last seconds; costs no more than they are."""
        ...

    def counts(self) -> Counts:
        """Count all jobs by queue and state."""
        ...

    def unfinished(self) -> list[NameCounts]:
        """Count the jobs that wait or run, a name at a time in alphabetical order; no payload is read for it."""
        ...

    def waiting_names(self) -> list[str]:
        """Return the names under which jobs wait, so that a worker can say which of them it does not know."""
        ...

    def due_of(self, origin: str) -> int:
        """Count the jobs of this process that are due, or running."""
        ...

    def next_due(self, *, queues: Sequence[str] = ()) -> float | None:
        """Return the seconds until the next waiting job is due, 0 where one is, None where none waits.

        Paused queues are passed over.
        """
        ...

    def paused(self, queues: Collection[str]) -> frozenset[str]:
        """Return which of these queues are paused, each by itself or by the switch for all."""
        ...

    def join(self, worker: WorkerInfo) -> Seat:
        """Take a seat as a live worker."""
        ...

    def workers(self) -> list[WorkerInfo]:
        """Return the live workers, the longest serving first."""
        ...

    def served(self, queue: str) -> bool:
        """Say whether a live worker serves this queue; cheap enough to ask before each dispatch.

        Companions do not count: each serves its owner alone. A death is seen within about a second.
        """
        ...

    def check(self) -> list[Check]:
        """Look whether the store is sound, which may take as long as reading all of it; nothing is changed.

        Invariants of the lifecycle, and whatever can be wrong with this kind of store; each check stands there,
        also where it holds.
        """
        ...

    def close(self) -> None:
        """Close what this process has open; it opens again on the next use. Idempotent."""
        ...
