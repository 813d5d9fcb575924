"""The life of a job as pure functions: what an outcome, an expiry or an operator makes of a job's standing.

Every store asks here, so that two stores cannot disagree. It never reads a clock, touches a row or decides whether a
token is stale: that is the store's part, in the one statement or transaction that also writes the answer.
"""

import math

import msgspec

from dartian_queue.errors import IllegalTransition, shown
from dartian_queue.options import Limits
from dartian_queue.outcome import Cancelled, Crashed, Done, ErrorReport, Failed, Held, Outcome, Released, Retry
from dartian_queue.states import CRASH_CAP, FINAL, State
from dartian_queue.stores.store import ProgressReport

__all__ = [
    "MOST_ERRORS",
    "Standing",
    "after_cancel",
    "after_claim",
    "after_expiry",
    "after_retry",
    "after_settle",
    "append_error",
    "bounded",
    "claims_of",
    "error_of",
    "report_of_loss",
    "storable",
    "token_of",
]

MOST_ERRORS = 20
"""Errors that are kept of one job; the oldest go first."""
LONGEST_TRACEBACK = 16 * 1024
LONGEST_OUTPUT = 10 * 1024
LONGEST_ERRORS = 64 * 1024
"""Characters that all errors of one job may take together."""


class Standing(msgspec.Struct, frozen=True):
    """Everything about a job that its life changes."""

    state: State
    available_at: float
    """Seconds of the wall clock."""
    claims: int = 0
    tries: int = 0
    crashes: int = 0
    exceptions: int = 0
    cancel_asked: bool = False
    held_reason: str = ""
    held_at: float | None = None
    """When it was held first, of the time in which it is held without a break."""
    failed_reason: str = ""
    settled_at: float | None = None


_put = msgspec.structs.replace


def after_claim(standing: Standing) -> Standing:
    """Return the standing after T2: a new token."""
    _require(standing, State.WAITING, "claim")
    return _put(standing, state=State.RUNNING, claims=standing.claims + 1)


def token_of(claims: int, dispatched_at: float) -> int:
    """Return the fencing token of a claim: another one for each claim of a job, and of each job that had its id."""
    return claims + ((int(dispatched_at * 1000) & 0x7FFFFFFF) << 32)


def claims_of(token: int) -> int:
    """Return the number of claims that a token was made with."""
    return token & 0xFFFFFFFF


def after_settle(standing: Standing, outcome: Outcome, limits: Limits, now: float) -> Standing:
    """Return the standing after T4 to T7, T8c, T9c, T11 and T14; IllegalTransition for a Retry without a try left.

    A cancel that was asked is not forgotten: what would wait again is cancelled at once (T10).
    """
    _require(standing, State.RUNNING, f"settle {type(outcome).__name__}")
    match outcome:
        case Done():
            return _put(standing, state=State.DONE, settled_at=now, held_reason="", held_at=None)
        case Cancelled():
            return _put(standing, state=State.CANCELLED, settled_at=now, held_reason="", held_at=None)
        case Retry(error, delay):
            _require_try_left(standing, limits, error)
            return _wait(_tried(standing, error), now + delay, now)
        case Failed(error, reason):
            return _fail(_tried(standing, error, reason), reason, now)
        case Released(delay):
            return _wait(standing, standing.available_at if delay is None else now + delay, now)
        case Crashed():
            return _crash(standing, now)
        case Held(reason, delay):
            held_at = standing.held_at if standing.held_at is not None else now
            waiting = _wait(standing, now + delay, now)
            if waiting.state is State.CANCELLED:
                return waiting
            return _put(waiting, held_reason=bounded(reason, 500), held_at=held_at)


def after_expiry(standing: Standing, *, begun: bool, now: float) -> Standing:
    """Return the standing after T8, T8b or T9: its place in the order is kept, and only what had begun is charged."""
    _require(standing, State.RUNNING, "expire")
    if begun:
        return _crash(standing, now)
    if standing.cancel_asked:
        return _put(standing, state=State.CANCELLED, settled_at=now)
    return _put(standing, state=State.WAITING)


def report_of_loss(standing: Standing, holder: str, now: float) -> ErrorReport:
    """Return the error of a job that had begun when its holder was lost, as that of any attempt that crashed."""
    lost = f"its worker ({holder}) died or froze while the job ran"
    return ErrorReport("JobCrashed", lost, attempt=standing.tries + 1, at=now)


def after_cancel(standing: Standing, now: float) -> Standing:
    """Return the standing after T10, or with the wish noted where the job runs; unchanged where it has ended."""
    if standing.state is State.WAITING:
        return _put(standing, state=State.CANCELLED, settled_at=now)
    if standing.state is State.RUNNING:
        return _put(standing, cancel_asked=True)
    return standing


def after_retry(standing: Standing, now: float) -> Standing:
    """Return the standing after T12: due at once, every counter but the token at zero."""
    if standing.state not in (State.FAILED, State.CANCELLED):
        raise IllegalTransition(f"A {standing.state} job cannot be put back: only failed and cancelled ones can")
    return Standing(State.WAITING, now, claims=standing.claims)


def error_of(outcome: Outcome) -> ErrorReport | None:
    """Return the report that the outcome adds to the job's errors."""
    return outcome.error if isinstance(outcome, Retry | Failed | Crashed) else None


def append_error(errors: tuple[ErrorReport, ...], error: ErrorReport) -> tuple[ErrorReport, ...]:
    """Return the errors with one more, bounded in number and in size, and storable as UTF-8 whatever is in it.

    The output of old attempts goes first, then the oldest errors.
    """
    kept = [
        *errors[-(MOST_ERRORS - 1) :],
        _put(
            error,
            type=bounded(error.type, 200),
            message=bounded(error.message, 4_000),
            where=bounded(error.where, 500),
            traceback=bounded(error.traceback, LONGEST_TRACEBACK),
            output=bounded(error.output, LONGEST_OUTPUT),
        ),
    ]
    while len(kept) > 1 and sum(map(_size, kept)) > LONGEST_ERRORS:
        oldest = next((number for number, one in enumerate(kept[:-1]) if one.output), None)
        if oldest is None:
            del kept[0]
        else:
            kept[oldest] = _put(kept[oldest], output="")
    return tuple(kept)


def storable(report: ProgressReport) -> ProgressReport:
    """Return a report of progress with finite numbers and a short note, whatever the job said."""
    total = report.total if report.total is not None and math.isfinite(report.total) else None
    done = report.done if math.isfinite(report.done) else 0.0
    return _put(report, done=done, total=total, note=bounded(report.note, 500))


def bounded(text: str, limit: int) -> str:
    """Return at most ``limit`` characters that can be stored; the middle goes, since head and end tell most."""
    if len(text) > limit:
        half = (limit - 7) // 2
        text = f"{text[:half]} [...] {text[-half:]}"[:limit]
    return text.encode("utf-8", "replace").decode("utf-8")


def _size(error: ErrorReport) -> int:
    return len(error.type) + len(error.message) + len(error.where) + len(error.traceback) + len(error.output)


def _require(standing: Standing, state: State, by: str) -> None:
    if standing.state is not state:
        raise IllegalTransition(f"{by} needs a {state} job; this one is {standing.state}")


def _require_try_left(standing: Standing, limits: Limits, error: ErrorReport) -> None:
    if limits.retry_until is not None:
        # At the attempt's moment, not at this one: a store that was out of reach until the deadline had passed would
        # else make a failure of what was decided in time, for which nobody has called failed().
        if error.at > limits.retry_until:
            raise IllegalTransition("settle Retry after the job's deadline; settle it as Failed")
    elif limits.tries and standing.tries + 1 >= limits.tries:
        raise IllegalTransition(f"settle Retry where no try is left of {shown(limits.tries)}; settle it as Failed")


def _tried(standing: Standing, error: ErrorReport, reason: str = "exception") -> Standing:
    timed_out = reason == "timeout" or error.type == "JobTimeout"
    counts = reason in ("exception", "fail_on", "retry_on") and not timed_out
    return _put(standing, tries=standing.tries + 1, exceptions=standing.exceptions + counts)


def _wait(standing: Standing, available_at: float, now: float) -> Standing:
    waiting = _put(standing, available_at=available_at, held_reason="", held_at=None)
    if standing.cancel_asked:
        return _put(waiting, state=State.CANCELLED, settled_at=now)
    return _put(waiting, state=State.WAITING)


def _fail(standing: Standing, reason: str, now: float) -> Standing:
    failed = _put(standing, state=State.FAILED, failed_reason=bounded(reason, 200), settled_at=now)
    return _put(failed, held_reason="", held_at=None)


def _crash(standing: Standing, now: float) -> Standing:
    crashed = _put(standing, crashes=standing.crashes + 1)
    if crashed.crashes >= CRASH_CAP:
        return _fail(crashed, "crashed", now)
    return _wait(crashed, crashed.available_at, now)


assert {State.DONE, State.FAILED, State.CANCELLED} == FINAL  # the three that after_settle sets settled_at for
