"""When a worker looks for jobs, and how many it claims: as many as its isolates have room for, once there are some.

It settles nothing, and only says when there is a reason to stop.
"""

import contextlib
import time
from collections.abc import Callable

from dartian_queue.delays import seconds
from dartian_queue.errors import StoreError
from dartian_queue.isolates.pool import Pool
from dartian_queue.isolates.slot import InFlight
from dartian_queue.ledger import Ledger
from dartian_queue.options import Limits
from dartian_queue.settings import Connection
from dartian_queue.stores.store import Seat, Store
from dartian_queue.worker_options import WorkerOptions

__all__ = ["Claiming"]

HIDDEN_INTERVAL = 1.0
"""Seconds between two looks while it is not known when the next job is due."""


class Claiming:
    """The claims of one worker; ``after_look`` is called when the store was asked, for what it found beside jobs."""

    def __init__(
        self,
        store: Store,
        seat: Seat,
        pool: Pool,
        ledger: Ledger,
        *,
        options: WorkerOptions,
        connection: Connection,
        limits: Limits,
        lease: float,
        origin: str,
        after_look: Callable[[], None],
    ) -> None:
        self._store = store
        self._seat = seat
        self._pool = pool
        self._ledger = ledger
        self._options = options
        self._limits = limits
        self._lease = lease
        self._poll = seconds("poll", connection.poll)
        self._after_look = after_look
        self.names: frozenset[str] = frozenset()
        """The names of the jobs that can be run."""
        self._origin = origin
        """The process whose jobs alone are claimed; empty for all."""
        self.is_paused = False
        self._look_at = 0.0
        """The monotonic moment at which to look for jobs although nothing has woken the worker."""
        self._claimed = 0
        """How many jobs it has claimed, but for those that it gave back before they had begun."""
        self._found_nothing = False
        """Whether the last look found nothing to claim."""

    def look_within(self, delay: float = 0.0) -> None:
        """Look for jobs again after so many seconds at the latest."""
        self._look_at = min(self._look_at, time.monotonic() + delay) if delay else 0.0

    def claim_of(self, origin: str) -> None:
        """Claim only what this process dispatched, from now on."""
        self._origin = origin
        self.look_within()

    def take_back(self) -> None:
        """Take note that one job was given back before it had begun."""
        self._claimed -= 1

    def next_moment(self) -> float:
        """Return the next monotonic moment at which to look, infinity while there is no room."""
        return max(self._look_at, self._ledger.blocked_until) if self._room() else float("inf")

    def claim(self) -> None:
        """Claim what there is room for, if it is time, and hand it out."""
        room, now = self._room(), time.monotonic()
        if room <= 0 or now < self._look_at or self._ledger.is_blocked:
            return
        self._found_nothing = False
        try:
            claims = self._store.claim(
                self._seat,
                room,
                names=self.names,
                queues=self._options.queues,
                origin=self._origin,
                lease=self._lease,
            )
        except StoreError as error:
            self._ledger.block(error)
            return
        self._found_nothing = not claims
        self._after_look()
        self._claimed += len(claims)
        self._pool.give([InFlight(claim, claim.envelope.limits.over(self._limits)) for claim in claims])
        self._look_at = now if len(claims) == room else now + self._until_next()

    def reason_to_stop(self) -> str:
        """Return why a worker that is idle has done what it should; empty where it has not, or runs for ever."""
        if self.is_paused:
            return ""
        if (most := self._options.most_jobs) and self._claimed >= most:
            return "once" if self._options.once else "max_jobs"
        if not (self._options.once or self._options.stop_when_empty or self._origin):
            return ""
        if not self._found_nothing:
            self._look_at = 0.0  # the last look found something, which has ended: is that all?
            return ""
        if not self._origin:
            return "empty"
        with contextlib.suppress(StoreError):
            if not self._store.due_of(self._origin):
                return "drained"
        return ""

    def _room(self) -> int:
        """Return how many jobs to claim as soon as there are some."""
        if self.is_paused or not self._pool.is_hungry():
            return 0
        most = self._options.most_jobs
        return min(self._pool.room(), most - self._claimed) if most else self._pool.room()

    def _until_next(self) -> float:
        """Return the seconds after which to look again although nothing has woken the worker."""
        try:
            due = self._store.next_due(queues=self._options.queues)
        except StoreError as error:
            self._ledger.block(error)
            return self._poll
        # What is due and was not claimed is nothing for this worker, and hides when the next one is.
        return self._poll if due is None else min(self._poll, due or HIDDEN_INTERVAL)
