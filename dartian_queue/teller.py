"""What a worker tells: its own happenings as events, for whoever watches. A watcher that breaks is dropped."""

import time
from collections.abc import Callable

from dartian_queue.errors import shown
from dartian_queue.events import (
    AttemptEnded,
    AttemptStarted,
    Event,
    JobOutput,
    JobProgress,
    Notice,
)
from dartian_queue.isolates.protocol import Progress
from dartian_queue.isolates.slot import InFlight
from dartian_queue.ledger import Settled
from dartian_queue.outcome import Crashed, Failed, Held, Released, Retry
from dartian_queue.states import CRASH_CAP, State
from dartian_queue.stores.store import Expired, Unreadable

__all__ = ["Teller"]

COMPLAINT_INTERVAL = 5.0
"""Seconds between two complaints about a store that is out of reach."""


class Teller:
    """Makes events, and hands them to the one who watches."""

    def __init__(self, watch: Callable[[Event], None] | None) -> None:
        self._watch = watch
        self._complained_at = float("-inf")

    def tell(self, event: Event) -> None:
        """Hand an event on; the work goes on whatever the watcher does."""
        if self._watch is not None:
            try:
                self._watch(event)
            except Exception:
                self._watch = None

    def notice(self, level: str, text: str) -> None:
        """Tell the person who runs the worker something: info, warning or error."""
        self.tell(Notice(time.time(), level, text))

    def complain(self, text: str) -> None:
        """Tell what is wrong with the store, not more often than every few seconds."""
        if time.monotonic() - self._complained_at >= COMPLAINT_INTERVAL:
            self._complained_at = time.monotonic()
            self.notice("warning", text)

    def begun(self, in_flight: InFlight, slot: int) -> None:
        """Tell that an attempt has begun."""
        claim = in_flight.claim
        name, queue, tries = claim.envelope.name, claim.envelope.queue, in_flight.limits.most_tries
        self.tell(AttemptStarted(time.time(), claim.id, name, queue, claim.tries + 1, tries, slot))

    def progress(self, in_flight: InFlight, progress: Progress) -> None:
        """Tell how far a job has come."""
        name = in_flight.claim.envelope.name
        self.tell(JobProgress(time.time(), progress.id, name, progress.done, progress.total, progress.note))

    def output(self, in_flight: InFlight | None, stream: str, text: str) -> None:
        """Tell what was printed, and by which job, where one ran."""
        job_id, name = (in_flight.claim.id, in_flight.claim.envelope.name) if in_flight else ("", "")
        self.tell(JobOutput(time.time(), job_id, name, stream, text.rstrip("\n")))

    def settled(self, settled: Settled) -> None:
        """Tell how an attempt ended; that it was lost, where somebody else has the job now."""
        claim, outcome, kind = settled.in_flight.claim, settled.outcome, settled.kind
        last_crash = isinstance(outcome, Crashed) and kind == "failed"
        reason = outcome.reason if isinstance(outcome, Failed | Held) else "crashed" if last_crash else ""
        self.tell(
            AttemptEnded(
                at=time.time(),
                id=claim.id,
                name=claim.envelope.name,
                queue=claim.envelope.queue,
                outcome=kind,
                attempt=claim.tries + 1,
                tries=settled.in_flight.limits.most_tries,
                duration=settled.duration,
                delay=(outcome.delay or 0.0) if isinstance(outcome, Retry | Released | Held) else 0.0,
                error=outcome.error if isinstance(outcome, Retry | Failed | Crashed) else None,
                reason=reason,
            )
        )
        if kind == "lost":
            self.notice("warning", f"{claim.envelope.name} {claim.id} was taken over by another worker meanwhile")

    def expired(self, expired: Expired) -> None:
        """Tell that a job was taken from a holder that is gone."""
        name, job_id = shown(expired.envelope.name), expired.envelope.id
        if expired.state is State.FAILED:
            self.notice("error", f"{name} {job_id} has failed: it took its worker's process down {CRASH_CAP} times")
        else:
            self.notice("info", f"{name} {job_id} was taken over from {expired.holder}, which is gone")

    def unreadable(self, row: Unreadable) -> None:
        """Tell that a row has failed since no job can be made of it, like any other failure."""
        self.tell(
            AttemptEnded(
                at=time.time(),
                id=row.id,
                name=row.name,
                queue=row.queue,
                outcome="failed",
                attempt=0,
                tries=0,
                duration=0.0,
                error=row.error,
                reason="unloadable",
            )
        )

    def unknown_name(self, name: str) -> None:
        """Tell that jobs wait which no class of this application can run."""
        self.notice("warning", f"jobs named {shown(name)!r} wait, which no class here has; they are left alone")
