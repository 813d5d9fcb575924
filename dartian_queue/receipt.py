"""What a caller holds of a dispatch: where the job went, and a way to wait until it is there.

A Delivery is the half that a driver completes, a Receipt the half that users see. Neither starts anything.
"""

import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias
from weakref import WeakSet

from dartian_queue.errors import DartianError

if TYPE_CHECKING:
    from _thread import LockType
    from asyncio import AbstractEventLoop, Future

__all__ = [
    "Delivery",
    "Duplicates",
    "Receipt",
    "Receipts",
    "flush_dispatches",
    "flush_with",
    "log_unseen",
    "running_loop",
    "settle",
]

Duplicates: TypeAlias = tuple[bool, ...]
"""For each envelope of a delivery, whether its job was stored before."""


def running_loop() -> "AbstractEventLoop | None":
    """Return the event loop that runs in this thread; asyncio is only looked at where it is imported already."""
    events = sys.modules.get("asyncio.events")
    return None if events is None else events._get_running_loop()


class Delivery:
    """The way of one dispatch; threads and event loops wait for its end.

    No wake-up is lost: a waiter adds itself and then looks at ``done``, the end sets ``done`` and then looks for
    waiters. An end that nobody ever saw is logged if it is an error.
    """

    __slots__ = ("__weakref__", "_blocked", "_duplicates", "_error", "_seen", "_sleepers", "done", "needs", "subject")

    def __init__(self, subject: str) -> None:
        self.subject = subject
        """What is on its way, for the log."""
        self.done = False
        self.needs: AbstractEventLoop | None = None
        """The loop that this delivery needs, so that its thread can not block for it."""
        self._duplicates: Duplicates = ()
        self._error: BaseException | None = None
        self._seen = False
        self._sleepers: list[tuple[AbstractEventLoop, Future[None]]] = []
        self._blocked: list[LockType] = []

    def result(self) -> Duplicates:
        """Return what became of each envelope, or raise the error that ended it."""
        self._seen = True
        if self._error is not None:
            raise self._error
        return self._duplicates

    def wait(self) -> Duplicates:
        """Block this thread until the end, and return the result."""
        if not self.done:
            if self.needs is not None and self.needs is running_loop():
                raise DartianError(
                    f"{self.subject} runs in the event loop that stored() would block, so it would never end\n"
                    f"Write: await dispatch(...)"
                )
            turn = Lock()
            turn.acquire()
            self._blocked.append(turn)
            if not self.done:
                turn.acquire()
        return self.result()

    def __await__(self) -> Generator[object, None, Duplicates]:
        loop = running_loop()
        if not self.done and loop is not None:
            future: Future[None] = loop.create_future()
            self._sleepers.append((loop, future))
            if not self.done:
                yield from future
        return self.result()

    def __del__(self) -> None:
        if self.done and self._error is not None and not self._seen:
            _log(self.subject, self._error)

    def _end(self, outcome: Duplicates | BaseException) -> "list[tuple[AbstractEventLoop, Future[None]]]":
        """Let threads go on, and return the futures for which loops wait."""
        if isinstance(outcome, BaseException):
            self._error = outcome
            _unseen.add(self)
        else:
            self._duplicates = outcome
        self.done = True
        for turn in self._blocked:
            turn.release()
        return self._sleepers

    def _report(self) -> None:
        if self._error is not None and not self._seen:
            self._seen = True
            _log(self.subject, self._error)


def settle(outcomes: "Iterable[tuple[Delivery, Duplicates | BaseException]]") -> None:
    """End deliveries, and wake all who wait for them: each event loop once, however many wait there."""
    sleepers: dict[AbstractEventLoop, list[Future[None]]] = {}
    for delivery, outcome in outcomes:
        for loop, future in delivery._end(outcome):  # pyright: ignore[reportPrivateUsage] # its other half
            sleepers.setdefault(loop, []).append(future)
    for loop, futures in sleepers.items():
        with suppress(RuntimeError):  # the loop was closed meanwhile, and with it whoever waited there
            loop.call_soon_threadsafe(_wake, futures)


def _wake(futures: "list[Future[None]]") -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


_unseen: "WeakSet[Delivery]" = WeakSet()


_flushes: list[Callable[[], None]] = []


def flush_with(flush: Callable[[], None]) -> None:
    """Have this called where all that was dispatched has to be stored, awaited or not."""
    _flushes.append(flush)


def flush_dispatches() -> None:
    """Wait until all that this process has dispatched is stored, or has failed."""
    for flush in _flushes:
        flush()


def log_unseen() -> None:
    """Log the errors that nobody has seen and, at the end of the process, nobody will."""
    for delivery in list(_unseen):
        delivery._report()  # pyright: ignore[reportPrivateUsage] # its other half


def _log(subject: str, error: BaseException) -> None:
    import logging

    ours = isinstance(error, DartianError)  # such an error says all in its text
    logging.getLogger("dartian").error(
        "dispatch of %s failed, and nothing awaited it: %s", subject, error, exc_info=None if ours else error
    )


class Receipt:
    """Where a dispatched job is. Awaiting it, or ``stored()``, returns it once the job is stored.

    With the driver ``sync`` that is once the job has run.
    """

    __slots__ = ("_delivery", "_index", "connection", "id", "queue")

    def __init__(self, id: str, queue: str, connection: str, delivery: Delivery, index: int = 0) -> None:  # noqa: A002
        self.id = id
        self.queue = queue
        self.connection = connection
        self._delivery = delivery
        self._index = index

    @property
    def duplicate(self) -> bool:
        """Whether a job of the same ``id=`` and content was there already; known once this job is stored."""
        if not self._delivery.done:
            raise DartianError(
                "whether the job is a duplicate is not known before it is stored: await the receipt first"
            )
        return self._delivery.result()[self._index]

    def stored(self) -> "Receipt":
        """Block until the job is stored; for code without ``await`` that is called under an event loop."""
        self._delivery.wait()
        return self

    def __await__(self) -> Generator[object, None, "Receipt"]:
        yield from self._delivery.__await__()
        return self

    def __repr__(self) -> str:
        return f"Receipt(id={self.id!r}, queue={self.queue!r}, connection={self.connection!r})"


class Receipts(tuple[Receipt, ...]):
    """The receipts of ``dispatch_many``, in the order of the jobs; awaited, or ``stored()``, as one."""

    __slots__ = ()

    def stored(self) -> "Receipts":
        """Block until all jobs are stored."""
        for receipt in self:
            receipt.stored()
        return self

    def __await__(self) -> Generator[object, None, "Receipts"]:
        for receipt in self:
            yield from receipt.__await__()
        return self
