"""One attempt as a pipeline: load the job, call its handle, turn what happened into an outcome.

It never settles, and does not know in which process it runs: how a coroutine is run to its end is passed in.
"""

import contextlib
import sys
from collections.abc import Callable, Coroutine
from typing import TypeAlias, cast

import msgspec

from dartian_queue.context import FailAttempt, JobContext, ReleaseAttempt, entered, left
from dartian_queue.envelope import Envelope
from dartian_queue.errors import BrokenPayload, InvalidPayload, JobDefinitionError, UnknownJob
from dartian_queue.job import Job, has_failed_hook, load, options_of, takes_context
from dartian_queue.options import JobOptions, Limits
from dartian_queue.outcome import (
    HOLD_LIMIT,
    Cancelled,
    Done,
    ErrorReport,
    Failed,
    Held,
    Outcome,
    Released,
    after_error,
    report_of,
    timeout_error,
)
from dartian_queue.registry import Registry
from dartian_queue.retry_rules import ruling_on

__all__ = ["Attempt", "Finish", "Unloadable", "load_job", "perform", "run_failed", "run_handle"]

Finish: TypeAlias = Callable[[Coroutine[object, object, object]], object]
"""Runs a coroutine to its end, in whatever loop there is."""


class Attempt(msgspec.Struct, frozen=True):
    """A claimed envelope with all that bounds it."""

    envelope: Envelope
    limits: Limits
    """Nothing of it is silent but ``retry_until`` and ``backoff_wins``."""
    tries: int
    exceptions: int
    held_for: float
    root: str = ""
    """The application's folder, for the place of an error."""
    memory: int = 0
    """Megabytes that the process may have, 0 where it has no bound."""


class Unloadable(Exception):
    """The envelope is no job that this code can run; ``hopeless`` where no other code could either."""

    def __init__(self, reason: str, *, hopeless: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hopeless = hopeless


def load_job(registry: Registry, envelope: Envelope) -> Job:
    """Return the job of an envelope; Unloadable where its name or payload does not fit this code."""
    try:
        return load(registry.get(envelope.name), envelope.payload)
    except UnknownJob as error:
        raise Unloadable(str(error), hopeless=False) from None
    except BrokenPayload as error:
        raise Unloadable(str(error), hopeless=True) from None
    except (InvalidPayload, JobDefinitionError) as error:
        raise Unloadable(str(error), hopeless=False) from None


def perform(
    attempt: Attempt,
    registry: Registry,
    context: JobContext,
    finish: Finish,
    now: Callable[[], float],
    handled: Callable[[], str],
    failing: Callable[[Failed], None],
) -> Outcome:
    """Make one attempt and return its outcome, whatever happens in it.

    ``now`` reads the wall clock. ``handled`` is called when ``handle`` has ended, before anything is made of that; it
    returns why the job was interrupted, ``timeout`` or ``cancel``, or nothing. ``failing`` is told the outcome before
    ``failed()`` is called, which may not come to an end. That is not called here for a timeout, whose time is over.
    """
    interrupted = ""
    try:
        try:
            run_handle(load_job(registry, attempt.envelope), context, finish)
        finally:
            interrupted = handled()
    except Unloadable as error:
        return _not_loaded(error, attempt, now())
    except ReleaseAttempt as wish:
        return Released(wish.delay)
    except BaseException as error:
        cls = registry.get(attempt.envelope.name)
        outcome = _after(error, attempt, options_of(cls), context, now(), interrupted)
        if has_failed_hook(cls) and isinstance(outcome, Failed) and outcome.reason != "timeout":
            failing(outcome)
            run_failed(registry, attempt.envelope, error, finish)
        return outcome
    return Done()


def run_handle(job: Job, context: JobContext, finish: Finish) -> None:
    """Call ``handle``, with the context if it takes it, and see it to its end."""
    cls = type(job)
    handle = cast("Callable[..., object]", getattr(job, "handle"))  # noqa: B009 - Job itself declares none
    token = entered(context)
    try:
        made = handle(context) if takes_context(cls) else handle()
        if hasattr(made, "__await__"):  # also where a decorator hides that handle is a coroutine function
            finish(cast("Coroutine[object, object, object]", made))
    finally:
        left(token)


def run_failed(registry: Registry, envelope: Envelope, error: BaseException, finish: Finish) -> None:
    """Call ``failed(error)`` on a fresh instance, if the class has one; what it raises is only printed."""
    try:
        job = load_job(registry, envelope)
        if not has_failed_hook(type(job)):
            return
        made = cast("Callable[[BaseException], object]", getattr(job, "failed"))(error)  # noqa: B009
        if hasattr(made, "__await__"):
            finish(cast("Coroutine[object, object, object]", made))
    except BaseException as broken:
        with contextlib.suppress(Exception):  # the job may have closed or replaced the stream
            print(f"failed() of {envelope.name} raised:\n{report_of(broken).traceback}", file=sys.stderr)


def _after(
    error: BaseException, attempt: Attempt, options: JobOptions, context: JobContext, now: float, interrupted: str
) -> Outcome:
    report = report_of(error, root=attempt.root, attempt=context.attempt, at=now)
    if isinstance(error, FailAttempt):
        return Failed(msgspec.structs.replace(report, type="Failed"), "failed")
    if interrupted == "cancel" or context.cancelled:
        return Cancelled()
    if isinstance(error, MemoryError) and attempt.memory:
        report = msgspec.structs.replace(report, message=f"it needs more than the {attempt.memory} MB of an isolate")
    limits, timed_out = attempt.limits, interrupted == "timeout"
    if timed_out:
        report = timeout_error(report, limits.timeout or 0.0)
    else:
        ruling = ruling_on(error, options.fail_on, options.retry_on)
        if ruling.refused_by:
            return Failed(report, ruling.refused_by)
        if ruling.backoff is not None and not limits.backoff_wins:
            limits = msgspec.structs.replace(limits, backoff=ruling.backoff)
    tries, exceptions = attempt.tries, attempt.exceptions
    return after_error(report, limits, tries=tries, exceptions=exceptions, now=now, timed_out=timed_out)


def _not_loaded(error: Unloadable, attempt: Attempt, now: float) -> Held | Failed:
    if not error.hopeless and attempt.held_for < HOLD_LIMIT:
        return Held(error.reason)
    report = ErrorReport("Unloadable", error.reason, attempt=attempt.tries + 1, at=now)
    return Failed(report, "unloadable")
