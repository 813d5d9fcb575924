"""What a worker owes its store: outcomes to settle, progress to report, leases to renew.

An outcome stays here until the store has it, however long the store is out of reach. It never decides an outcome.
"""

import time
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from dartian_queue.errors import IllegalTransition, StoreError
from dartian_queue.isolates.slot import InFlight
from dartian_queue.outcome import Crashed, Failed, Outcome, Retry, with_output
from dartian_queue.states import CRASH_CAP
from dartian_queue.stores.store import ProgressReport, Renewal, Renewed, Seat, Settlement, Store

__all__ = ["Ledger", "Settled"]

RETRY_AFTER = 0.25
"""Seconds until a store that was out of reach is tried again."""


class Settled(msgspec.Struct, frozen=True):
    """An outcome, and whether it took effect: not if another holder had taken the job over."""

    in_flight: InFlight
    outcome: Outcome
    duration: float
    took_effect: bool

    @property
    def kind(self) -> str:
        """Return the outcome in a word: its own, ``failed`` for the last crash, ``lost`` where it had no effect."""
        if not self.took_effect:
            return "lost"
        if isinstance(self.outcome, Crashed) and self.in_flight.claim.crashes + 1 >= CRASH_CAP:
            return "failed"
        return type(self.outcome).__name__.lower()

    @property
    def is_silent(self) -> bool:
        """Return whether it went back without having begun, so that nobody knows that it was here."""
        return not self.in_flight.started_at and self.kind == "released"


_Owed: TypeAlias = tuple[InFlight, Outcome, float]


class Ledger:
    """The open accounts of one seat."""

    def __init__(self, store: Store, seat: Seat, lease: float, complain: Callable[[str], None]) -> None:
        self._store = store
        self._seat = seat
        self._lease = lease
        self._complain = complain
        self._outcomes: list[_Owed] = []
        self._progress: dict[str, ProgressReport] = {}
        self._blocked_until = 0.0
        self.tally = {"done": 0, "retry": 0, "failed": 0, "released": 0, "lost": 0}

    def owe(self, in_flight: InFlight, outcome: Outcome, duration: float = 0.0) -> None:
        """Take an outcome that has to be settled."""
        self._outcomes.append((in_flight, with_output(outcome, in_flight.output), duration))

    def note_progress(self, report: ProgressReport) -> None:
        """Take progress to be stored at the next opportunity; only the latest of a job counts."""
        self._progress[report.id] = report

    @property
    def is_square(self) -> bool:
        """Return whether nothing is left to settle."""
        return not self._outcomes

    @property
    def blocked_until(self) -> float:
        """Return the monotonic moment before which the store is left alone."""
        return self._blocked_until

    @property
    def is_blocked(self) -> bool:
        """Return whether the store was out of reach a moment ago, and shall be left alone for another."""
        return time.monotonic() < self._blocked_until

    def settle(self) -> list[Settled]:
        """Settle what is owed, in one transaction; nothing is forgotten when the store is out of reach.

        How far these jobs have come goes before it, since it is not taken of a job that has ended.
        """
        if not self._outcomes or self.is_blocked:
            return []
        settled: list[Settled] = []
        try:
            self._report({in_flight.claim.id for in_flight, _, _ in self._outcomes} & self._progress.keys())
            settled.extend(self._settle(self._outcomes))
            self._outcomes = []
        except IllegalTransition:
            self._settle_singly(settled)
        except StoreError as error:
            self.block(error)
        for one in settled:
            kind = one.kind
            self.tally[kind] = self.tally.get(kind, 0) + (not one.is_silent)
        return settled

    def _settle(self, owed: list[_Owed]) -> list[Settled]:
        settlements = [Settlement(in_flight.claim.id, in_flight.claim.token, outcome) for in_flight, outcome, _ in owed]
        effects = self._store.settle(self._seat, settlements)
        return [Settled(*account, took_effect) for account, took_effect in zip(owed, effects, strict=True)]

    def _settle_singly(self, settled: list[Settled]) -> None:
        """Find the outcome that the store refuses, which must not hold the others up: a retry of it has failed."""
        owed, self._outcomes = self._outcomes, []
        for number, account in enumerate(owed):
            in_flight, outcome, duration = account
            try:
                settled.extend(self._settle([account]))
            except IllegalTransition as error:
                self._complain(f"{in_flight.claim.envelope.name} {in_flight.claim.id}: {error}")
                if isinstance(outcome, Retry):
                    self._outcomes.append((in_flight, Failed(outcome.error), duration))
                else:
                    settled.append(Settled(*account, took_effect=False))
            except StoreError as error:
                self._outcomes.extend(owed[number:])
                self.block(error)
                return

    def give_up(self) -> str:
        """Forget what is owed, since the worker ends; return what that was in words."""
        count, self._outcomes = len(self._outcomes), []
        return f"the outcomes of {count} jobs could not be stored" if count > 1 else "an outcome could not be stored"

    def report(self) -> None:
        """Store the progress of running jobs."""
        if not self.is_blocked:
            try:
                self._report(set(self._progress))
            except StoreError as error:
                self.block(error)

    def _report(self, ids: set[str]) -> None:
        """Store the progress of these jobs; it is kept where the store raises."""
        if ids:
            self._store.report(self._seat, [self._progress[job_id] for job_id in ids])
            for job_id in ids:
                del self._progress[job_id]

    def renew(self, in_flight: list[InFlight]) -> Renewed | None:
        """Renew the leases of everything that is held; None when the store is out of reach."""
        held = [*in_flight, *(one for one, _, _ in self._outcomes)]
        renewals = [Renewal(one.claim.id, one.claim.token) for one in held if not one.lost]
        try:
            return self._store.renew(self._seat, renewals, lease=self._lease)
        except StoreError as error:
            self.block(error)
            return None

    def block(self, error: StoreError) -> None:
        """Leave the store alone for a moment, and say why."""
        self._blocked_until = time.monotonic() + RETRY_AFTER
        self._complain(str(error))
