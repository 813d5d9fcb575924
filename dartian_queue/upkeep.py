"""What a worker does every so often beside its jobs: it renews what it holds, takes over, gives back, and tidies up.

It begins no job, settles none itself, and never stops the worker.
"""

import contextlib
import time

from dartian_queue.delays import seconds
from dartian_queue.errors import StoreError
from dartian_queue.isolates.pool import Pool
from dartian_queue.isolates.slot import InFlight
from dartian_queue.ledger import Ledger
from dartian_queue.loop import Loop
from dartian_queue.outcome import Cancelled, Released
from dartian_queue.settings import Config
from dartian_queue.stores.store import MOST_PRUNED, Seat, Store
from dartian_queue.teller import Teller

__all__ = ["Upkeep"]

CANCEL_NOTICE = 1.0
"""Seconds for which a job that is cancelled can end at a place of its choice, before it is interrupted."""
CANCEL_GRACE = 5.0
"""Seconds after which a job that is cancelled and goes on is ended."""
BREATH = 4.0
"""How many times as long as it took to delete a full batch, other things come first before the next."""


class Upkeep:
    """The rounds of one worker over its store and its pool."""

    def __init__(
        self, store: Store, seat: Seat, pool: Pool, ledger: Ledger, loop: Loop, teller: Teller, config: Config
    ) -> None:
        self._store = store
        self._seat = seat
        self._pool = pool
        self._ledger = ledger
        self._loop = loop
        self._teller = teller
        self._config = config
        self._lease = seconds("lease", config.lease)
        self._unknown: set[str] = set()
        self._is_asked = False
        self._is_behind = False
        """Whether there is more to delete, so that the next batch is due soon."""

    def note_asked(self) -> None:
        """Take note that an operator may have cancelled or paused something, which is to be looked up."""
        self._is_asked = True

    def heed(self) -> None:
        """See to what an operator wants of the jobs here, as soon as the store is in reach."""
        if self._is_asked and not self._ledger.is_blocked:
            self._is_asked = not (self.renew() and self._give_back_paused())

    def renew(self) -> bool:
        """Renew all leases; end what was lost and what shall be cancelled. False where the store is out of reach."""
        in_flight = self._pool.in_flight
        asked_at = time.monotonic()
        renewed = self._ledger.renew(in_flight)
        if renewed is None:
            return False
        self._pool.heartbeat(asked_at + self._lease - self._lease / 6)
        by_claim = {(one.claim.id, one.claim.token): one for one in in_flight}
        for claim in renewed.lost:
            if (one := by_claim.get((claim.id, claim.token))) is not None and not one.lost:
                one.lost = withdrawn = self._pool.withdraw(one)
                if withdrawn:
                    self._ledger.owe(one, Released())  # which is refused, and told
                else:  # where it begins at this moment it is told again
                    one.lost = self._pool.end(one, "lost")
        for claim in renewed.cancel_asked:
            if (one := by_claim.get((claim.id, claim.token))) is not None and not one.cancel_asked:
                one.cancel_asked = self._cancel(one)
        return True

    def take_over(self) -> bool:
        """Take the claims of holders that are gone; return whether there were any."""
        if self._ledger.is_blocked:
            return False
        try:
            expired = self._store.expire(self._seat)
        except StoreError as error:
            self._ledger.block(error)
            return False
        for one in expired:
            self._teller.expired(one)
        return bool(expired)

    def give_back(self, in_flight: list[InFlight]) -> None:
        """Put claims that have not begun back in their place, at no cost."""
        for one in in_flight:
            self._ledger.owe(one, Released())

    def _give_back_paused(self) -> bool:
        """Give back what was claimed ahead of a pause and would begin under it; False where the store is away."""
        in_flight = self._pool.in_flight
        if len(in_flight) <= self._pool.busy:
            return True
        try:
            paused = self._store.paused({one.claim.envelope.queue for one in in_flight})
        except StoreError as error:
            self._ledger.block(error)
            return False
        self.give_back([one for one in in_flight if one.claim.envelope.queue in paused and self._pool.withdraw(one)])
        return True

    def tidy(self, names: frozenset[str]) -> None:
        """Delete what was kept long enough, and tell, once a name, of waiting jobs whose name is none of ``names``."""
        if not self._is_behind:
            self._prune()
        with contextlib.suppress(StoreError):
            for name in sorted(set(self._store.waiting_names()) - names - self._unknown):
                self._unknown.add(name)
                self._teller.unknown_name(name)

    def _prune(self) -> None:
        """Delete a batch, and the next one soon where there is more; that it took long is a reason to wait longer."""
        self._is_behind = False
        began_at = time.monotonic()
        with contextlib.suppress(StoreError):
            done, failed = self._config.done_kept, self._config.failed_kept
            deleted = self._store.prune(done=seconds("done_kept", done), failed=seconds("failed_kept", failed))
            self._is_behind = deleted >= MOST_PRUNED
        if self._is_behind:
            self._loop.call_once(BREATH * (time.monotonic() - began_at), self._prune)

    def _cancel(self, in_flight: InFlight) -> bool:
        """Take a job back, or ask it to end; False where it is in no state for either."""
        if self._pool.withdraw(in_flight):
            self._ledger.owe(in_flight, Cancelled())
        elif self._pool.ask_to_cancel(in_flight):
            self._loop.call_once(CANCEL_NOTICE, lambda: self._pool.interrupt(in_flight))
            self._loop.call_once(CANCEL_GRACE, lambda: self._pool.end(in_flight, "cancel"))
        else:
            return False
        return True
