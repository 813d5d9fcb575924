"""The embedded store: one SQLite file that every process of an application opens for itself.

Dispatch and operators commit so that a power cut takes nothing back; what workers write survives the death of any
process, and a power cut makes at most a job run again. How files are opened and locked is sqlite_connection's
matter, what becomes of a job is lifecycle's. It never knows what a job does.
"""

import os
import sqlite3
from collections import deque
from collections.abc import Collection, Sequence
from typing import TypeVar

from dartian_queue.clock import Clock, SystemClock, boot_id
from dartian_queue.envelope import Envelope
from dartian_queue.states import FINAL, State
from dartian_queue.stores import sqlite_checks, sqlite_claims, sqlite_jobs, sqlite_looks
from dartian_queue.stores.rows import text
from dartian_queue.stores.seats import RunFolder
from dartian_queue.stores.sqlite_connection import Body, Connections, Durability
from dartian_queue.stores.sqlite_files import prepare, refused, run_folder
from dartian_queue.stores.sqlite_schema import check_schema, migrate
from dartian_queue.stores.store import (
    LEASE,
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
from dartian_queue.stores.wakes import OPERATOR

__all__ = ["SqliteStore"]

T = TypeVar("T")

_MOST_EXPIRED = 500
_MOST_UNREADABLE = 1000


class SqliteStore:
    """A Store in one file. Opening it makes the file and its folder where they are missing, for their owner alone."""

    def __init__(
        self,
        path: str,
        *,
        clock: Clock | None = None,
        durability: Durability = "FULL",
        wait: float = 10.0,
        largest_payload: int = 1024 * 1024,
        boot: str = "",
    ) -> None:
        self._clock = clock or SystemClock()
        self._boot = boot or boot_id()
        self._dispatch_durability: Durability = durability
        self._largest = largest_payload
        self._unreadable: deque[Unreadable] = deque(maxlen=_MOST_UNREADABLE)
        self._site = _Site(path)
        self._site.make()
        self._connections = Connections(self._site, wait)
        self._seats = RunFolder(self._site.run_folder)
        self._connections.read(lambda _: None)  # a file that cannot be used is refused here

    @property
    def url(self) -> str:
        """Return where the file is."""
        return f"sqlite://{self._site.path}"

    def add(self, envelopes: Sequence[Envelope]) -> list[Added]:
        """Store new jobs, durably and all or nothing, and wake the workers."""
        if not envelopes:
            return []
        added = self._connections.write(
            lambda connection: sqlite_jobs.insert(connection, envelopes, self._clock.wall()), self._dispatch_durability
        )
        self._seats.wake({envelope.queue for envelope in envelopes})
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
        asked = sqlite_claims.Asked(limit, None if names is None else frozenset(names), tuple(queues), origin)

        def body(connection: sqlite3.Connection) -> sqlite_claims.Claimed:
            under = sqlite_claims.Lease(seat.holder, self._boot, self._clock.monotonic() + lease)
            return sqlite_claims.claim(connection, asked, under, self._clock.wall(), self._largest)

        if limit <= 0:
            return []
        claimed = self._connections.write(body)
        self._unreadable.extend(claimed.unreadable)
        return claimed.claims

    def renew(self, seat: Seat, claims: Sequence[Renewal], *, lease: float = LEASE) -> Renewed:
        """Extend the leases that still stand, and say which do not."""
        if not claims:
            return Renewed((), ())
        return self._connections.write(
            lambda connection: sqlite_claims.renew(connection, seat.holder, claims, self._clock.monotonic() + lease)
        )

    def settle(self, seat: Seat, settlements: Sequence[Settlement]) -> list[bool]:
        """Carry out how claims ended, all in one transaction."""
        if not settlements:
            return []
        settled = self._connections.write(
            lambda connection: sqlite_claims.settle(connection, seat.holder, settlements, self._clock.wall())
        )
        follow_ups = {
            job.queue for one, stood in zip(settlements, settled, strict=True) if stood for job in one.follow_ups
        }
        if follow_ups:
            self._seats.wake(follow_ups)
        return settled

    def report(self, seat: Seat, reports: Sequence[ProgressReport]) -> None:
        """Keep how far running jobs have come."""
        if reports:
            self._connections.write(lambda connection: sqlite_claims.report(connection, seat.holder, reports))

    def expire(self, seat: Seat) -> list[Expired]:  # noqa: ARG002 - the protocol's
        """Take claims back from the dead at once, and from the frozen when their lease has lapsed."""
        running = self._connections.read(sqlite_claims.leases)
        lapsed = self._lapsed(running)
        expired: list[Expired] = []
        if lapsed:
            taken_back = self._connections.write(
                lambda connection: sqlite_claims.take_back(connection, lapsed, self._clock.wall(), self._largest)
            )
            expired = [one for one in taken_back if isinstance(one, Expired)]
            self._unreadable.extend(one for one in taken_back if isinstance(one, Unreadable))
        if len(lapsed) < _MOST_EXPIRED:
            taken = {seen.held.seq for seen in lapsed}
            self._seats.sweep({held.holder for held in running if held.seq not in taken})
        return expired

    def take_unreadable(self) -> list[Unreadable]:
        """Return, once, what has failed since no job could be made of it; of very many, the last."""
        return [self._unreadable.popleft() for _ in range(len(self._unreadable))]

    def cancel(self, ids: Sequence[str]) -> dict[str, State | None]:
        """Cancel what waits, ask the holders of what runs."""
        return self._operate(lambda connection: sqlite_jobs.cancel(connection, ids, self._clock.wall()))

    def retry(self, ids: Sequence[str]) -> list[str]:
        """Put failed and cancelled jobs back."""
        return self._operate(lambda connection: sqlite_jobs.retry(connection, ids, self._clock.wall()))

    def forget(self, ids: Sequence[str]) -> list[str]:
        """Delete jobs that have ended."""
        return self._connections.write(lambda connection: sqlite_jobs.forget(connection, ids), "FULL")

    def prune(self, *, done: float, failed: float) -> int:
        """Delete what was settled longer ago than its retention."""
        now = self._clock.wall()
        return self._connections.write(
            lambda connection: sqlite_jobs.prune(connection, now - done, now - failed), "FULL"
        )

    def flush(self, *, older: float = 0.0, queue: str | None = None, name: str | None = None) -> int:
        """Delete jobs that failed so long ago."""
        before = self._clock.wall() - older
        return self._connections.write(lambda connection: sqlite_jobs.flush(connection, before, queue, name), "FULL")

    def clear(self, queues: Sequence[str] = ()) -> int:
        """Cancel all that waits."""
        return self._connections.write(
            lambda connection: sqlite_jobs.clear(connection, queues, self._clock.wall()), "FULL"
        )

    def pause(self, queues: Sequence[str] = ()) -> None:
        """Let nothing more be claimed from these queues, or from any."""
        self._operate(lambda connection: sqlite_jobs.pause(connection, queues))

    def resume(self, queues: Sequence[str] = ()) -> None:
        """Undo pause."""
        self._operate(lambda connection: sqlite_jobs.resume(connection, queues))

    def ask_restart(self) -> list[WorkerInfo]:
        """Ask the live workers to end."""
        try:
            return self._seats.ask_restart()
        except OSError as error:
            raise refused(self._site.path, error) from None

    def find(self, id_prefix: str, limit: int = 10) -> list[StoredJob]:
        """Return the jobs whose id starts so."""
        return self._connections.read(lambda connection: sqlite_looks.find(connection, id_prefix, limit))

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
        """Return jobs to look at."""
        return self._connections.read(
            lambda connection: sqlite_looks.list_jobs(connection, state, queue, name, limit, newest_first, held)
        )

    def how_many(self, state: State, *, queue: str | None = None, name: str | None = None, older: float = 0.0) -> int:
        """Count the jobs in a state."""
        before = self._clock.wall() - older if state in FINAL else None
        return self._connections.read(lambda connection: sqlite_looks.how_many(connection, state, queue, name, before))

    def finished(self, within: float) -> int:
        """Count the jobs that were done or failed in the last seconds."""
        since = self._clock.wall() - within
        return self._connections.read(lambda connection: sqlite_looks.finished(connection, since))

    def counts(self) -> Counts:
        """Count all jobs by queue and state."""
        return self._connections.read(lambda connection: sqlite_looks.count(connection, self._clock.wall()))

    def unfinished(self) -> list[NameCounts]:
        """Count the jobs that wait or run, by name."""
        return self._connections.read(sqlite_looks.unfinished)

    def waiting_names(self) -> list[str]:
        """Return the names under which jobs wait."""
        return self._connections.read(sqlite_looks.waiting_names)

    def due_of(self, origin: str) -> int:
        """Count the jobs of one process that are due, or running."""
        return self._connections.read(lambda connection: sqlite_looks.due_of(connection, origin, self._clock.wall()))

    def next_due(self, *, queues: Sequence[str] = ()) -> float | None:
        """Return the seconds until the next waiting job is due."""
        return self._connections.read(lambda connection: sqlite_looks.next_due(connection, queues, self._clock.wall()))

    def paused(self, queues: Collection[str]) -> frozenset[str]:
        """Return which of these queues are paused."""
        return self._connections.read(lambda connection: sqlite_looks.paused(connection, queues))

    def join(self, worker: WorkerInfo) -> Seat:
        """Take a seat as a live worker."""
        try:
            return self._seats.join(worker, self._clock.wall())
        except OSError as error:
            raise refused(self._site.path, error) from None

    def workers(self) -> list[WorkerInfo]:
        """Return the live workers."""
        return self._seats.workers()

    def served(self, queue: str) -> bool:
        """Say whether a live worker serves this queue."""
        return self._seats.served(queue)

    def check(self) -> list[Check]:
        """Look whether file, rows and the folder of workers are sound."""
        of_rows = self._connections.read(lambda connection: sqlite_checks.of_rows(connection, self._site.path))
        holders = {text(held.holder) for held in self._connections.read(sqlite_claims.leases)}
        dead = {*self._seats.died(), *(holder for holder in holders if holder and not self._seats.lives(holder))}
        return [*of_rows, *sqlite_checks.of_files(self._site.path, sorted(dead))]

    def close(self) -> None:
        """Close what this process has open."""
        self._connections.close()

    def _operate(self, body: Body[T]) -> T:
        """Run an operator's command, and wake the workers to see what it means for them."""
        result = self._connections.write(body, "FULL")
        self._seats.wake(sender=OPERATOR)
        return result

    def _lapsed(self, running: Sequence[sqlite_claims.Held]) -> list[sqlite_claims.Lapsed]:
        """Return a bounded number of claims whose holders are dead or have let their leases lapse."""
        now = self._clock.monotonic()
        dead = {holder for holder in {held.holder for held in running} if not self._seats.lives(holder)}
        lapsed = [
            held
            for held in running
            if held.holder in dead or held.boot_id != self._boot or not _lasts(held.lease_until, now)
        ][:_MOST_EXPIRED]
        marks = {holder: self._seats.marks(holder) for holder in {held.holder for held in lapsed}}
        found: list[sqlite_claims.Lapsed] = []
        for held in lapsed:
            begun = marks[held.holder]
            found.append(sqlite_claims.Lapsed(held, begun is None or (held.id, held.token) in begun))
        return found


class _Site:
    """Where the file lies, and how it is made ready to be used."""

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)  # by whichever name it is opened: one folder of workers, one writer's lock
        self.run_folder = f"{self.path}-workers"
        self.lock_path = f"{self.run_folder}/writer.lock"

    def make(self) -> None:
        """Make the file and its folder."""
        prepare(self.path)

    def check(self, connection: sqlite3.Connection) -> bool:
        """Refuse what is no store of ours, make the folder of its workers, and tell whether its schema is ours."""
        is_current = check_schema(connection, self.path)
        run_folder(self.path)
        return is_current

    def migrate(self, connection: sqlite3.Connection) -> None:
        """Bring the schema up to date."""
        migrate(connection, self.path)


def _lasts(lease_until: object, now: float) -> bool:
    return isinstance(lease_until, int | float) and lease_until > now
