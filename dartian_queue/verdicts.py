"""What becomes of a job whose isolate could not say so itself: it ran out of time, crashed, or was ended."""

import signal
import time

from dartian_queue.isolates.pool import Pool
from dartian_queue.isolates.slot import Hook, InFlight, KillReason
from dartian_queue.ledger import Ledger
from dartian_queue.outcome import Cancelled, Crashed, ErrorReport, Failed, Outcome, Released, after_error, timeout_error
from dartian_queue.states import CRASH_CAP

__all__ = ["judge_death"]


def judge_death(
    in_flight: InFlight, killed: KillReason | None, status: int, *, cut_off: bool, pool: Pool, ledger: Ledger
) -> None:
    """Owe the outcome of a job whose isolate has ended under it.

    ``killed`` is the worker's own reason, ``status`` the exit code or minus the signal, ``cut_off`` whether the zygote
    ended it for want of a heartbeat. Where it was the last try, ``failed()`` is called first, in another isolate; once
    that has been called, nothing changes what the attempt came to.
    """
    duration = time.monotonic() - in_flight.started_at if in_flight.started_at else 0.0
    if in_flight.verdict is not None:
        return ledger.owe(in_flight, in_flight.verdict, duration)  # only its failed() has not come to an end
    if killed == "cancel" or in_flight.cancel_asked:
        return ledger.owe(in_flight, Cancelled(), duration)
    if killed == "timeout":
        outcome, error = _timed_out(in_flight)
    elif cut_off or killed in ("stop", "lost"):
        # A job that was lost to another holder is owed too: the store refuses it, and so it is told.
        return ledger.owe(in_flight, Released(), duration)
    else:
        outcome, error = _crashed(in_flight, status, garbled=killed == "garbled")
    last_crash = isinstance(outcome, Crashed) and in_flight.claim.crashes + 1 >= CRASH_CAP
    if isinstance(outcome, Failed) or last_crash:
        pool.call_failed(Hook(in_flight, error, outcome, duration))
    else:
        ledger.owe(in_flight, outcome, duration)
    return None


def _timed_out(in_flight: InFlight) -> tuple[Outcome, ErrorReport]:
    claim, now = in_flight.claim, time.time()
    place = in_flight.place or ErrorReport("JobTimeout", attempt=claim.tries + 1, at=now)
    error = timeout_error(place, in_flight.limits.timeout or 0.0, ended=True)
    limits, tries, exceptions = in_flight.limits, claim.tries, claim.exceptions
    return after_error(error, limits, tries=tries, exceptions=exceptions, now=now, timed_out=True), error


def _crashed(in_flight: InFlight, status: int, *, garbled: bool) -> tuple[Outcome, ErrorReport]:
    if garbled:
        how = "wrote on its worker's channel, which is not a job's to use"
    else:
        how = f"was killed by {_name_of(-status)}" if status < 0 else f"ended with exit code {status}"
    error = ErrorReport("JobCrashed", f"its process {how}", attempt=in_flight.claim.tries + 1, at=time.time())
    return Crashed(error), error


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
