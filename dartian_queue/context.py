"""What a running job can know of its attempt, and say about it: JobContext, progress() and track().

It never talks to a worker or a store: whoever runs the attempt passes in how progress is reported and how a wish to
stop is seen.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from contextvars import ContextVar, Token
from typing import NoReturn, TypeVar

from dartian_queue.delays import Duration, seconds

__all__ = [
    "CancelAttempt",
    "FailAttempt",
    "JobContext",
    "ReleaseAttempt",
    "active",
    "entered",
    "left",
    "progress",
    "track",
]

Item = TypeVar("Item")


class ReleaseAttempt(BaseException):
    """Ends ``handle`` for ``JobContext.release``; no Exception, so that a broad except does not swallow it."""

    def __init__(self, delay: float) -> None:
        super().__init__(delay)
        self.delay = delay


class FailAttempt(BaseException):
    """Ends ``handle`` for ``JobContext.fail``; no Exception, so that a broad except does not swallow it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CancelAttempt(BaseException):
    """Ends ``handle`` since somebody cancelled the job; no Exception, so that a broad except does not swallow it."""


class JobContext:
    """One attempt of a job, as ``handle(self, context)`` gets it."""

    def __init__(
        self,
        *,
        id: str,  # noqa: A002 - the contract's word
        name: str,
        attempt: int,
        tries: int,
        queue: str,
        connection: str,
        tags: tuple[str, ...] = (),
        report: Callable[[float, float | None, str], None] | None = None,
        asked: Callable[[], str] | None = None,
    ) -> None:
        self.id = id
        self.name = name
        self.attempt = attempt
        """1 for the first."""
        self.tries = tries
        """How many attempts may end in an error; 0 without bound."""
        self.queue = queue
        self.connection = connection
        self.tags = tags
        self._report = report
        self._asked = asked

    def __repr__(self) -> str:
        return f"<JobContext {self.name} {self.id} attempt {self.attempt}>"

    @property
    def tries_left(self) -> int | None:
        """How many more attempts there may be after this one; None without bound."""
        return max(0, self.tries - self.attempt) if self.tries else None

    @property
    def stopping(self) -> bool:
        """Whether this attempt shall end: its worker stops, its time is over, or somebody cancelled the job.

        Finish soon, or ``release()``; when the grace is over you are ended.
        """
        return self._asked is not None and self._asked() != ""

    @property
    def cancelled(self) -> bool:
        """Whether somebody cancelled this job: stop, nothing more will come of it, and soon you are interrupted."""
        return self._asked is not None and self._asked() == "cancel"

    def release(self, delay: Duration = 0.0) -> NoReturn:
        """End this attempt and put the job back for ``delay`` seconds; this costs no try."""
        raise ReleaseAttempt(seconds("delay", delay))

    def fail(self, reason: str) -> NoReturn:
        """End this attempt as failed for good, whatever tries are left."""
        raise FailAttempt(reason)

    def progress(self, done: float, total: float | None = None, note: str = "") -> None:
        """Say how far the job has come: ``done`` of ``total``, and what it does at the moment."""
        if self._report is not None:
            self._report(done, total, note)


_active: ContextVar[JobContext | None] = ContextVar("dartian_job_context", default=None)


def active() -> JobContext | None:
    """Return the attempt that runs here; None outside of a job."""
    return _active.get()


def entered(context: JobContext) -> Token[JobContext | None]:
    """Make ``context`` the one that ``progress`` and ``track`` find."""
    return _active.set(context)


def left(token: Token[JobContext | None]) -> None:
    """Undo ``entered``."""
    _active.reset(token)


def progress(done: float, total: float | None = None, note: str = "") -> None:
    """Say from anywhere in a job how far it has come; outside of a job it does nothing."""
    if (context := active()) is not None:
        context.progress(done, total, note)


def track(items: Iterable[Item], *, total: float | None = None, note: str = "") -> Iterator[Item]:
    """Yield the items and report the job's progress; ``total`` is their number where they have a length."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    progress(0, total, note)
    for done, item in enumerate(items, start=1):
        yield item
        progress(done, total, note)
