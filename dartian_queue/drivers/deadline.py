"""Timeouts of jobs that run in this process: raised in their thread, or in their task. Never ends a process.

Code that never comes back to the interpreter, such as a long call into C, is not interrupted before it does; an
isolate is ended from outside.
"""

import signal
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager

from dartian_queue.errors import JobTimeout

__all__ = ["deadline", "in_time"]


@contextmanager
def deadline(timeout: float, subject: str) -> Generator[None]:
    """Raise JobTimeout in this thread when the body takes longer than ``timeout`` seconds; 0 is without bound."""
    if not timeout:
        yield
    elif _alarm_is_free():
        with _alarm(timeout, subject):
            yield
    else:
        with _watchdog(timeout, subject):
            yield


async def in_time(coroutine: Coroutine[object, object, object], timeout: float, subject: str) -> None:
    """Await a coroutine, and cancel it with JobTimeout after ``timeout`` seconds; 0 is without bound."""
    import asyncio

    limit = asyncio.timeout(timeout or None)
    try:
        async with limit:
            await coroutine
    except TimeoutError:
        if limit.expired():
            raise _timeout(timeout, subject) from None
        raise


def _timeout(timeout: float, subject: str) -> JobTimeout:
    return JobTimeout(f"{subject} ran longer than its timeout of {timeout:g} s")


def _alarm_is_free() -> bool:
    """Return whether this is the main thread, and nobody else uses the process's one timer."""
    return (
        threading.current_thread() is threading.main_thread()
        and signal.getitimer(signal.ITIMER_REAL)[0] == 0
        and signal.getsignal(signal.SIGALRM) in (signal.SIG_DFL, signal.SIG_IGN)
    )


@contextmanager
def _alarm(timeout: float, subject: str) -> Generator[None]:
    armed = True

    def ring(_number: int, _frame: object) -> None:
        if armed:
            raise _timeout(timeout, subject)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Watchdog:
    """A thread that raises JobTimeout in another one; never after ``off`` has returned."""

    def __init__(self, timeout: float) -> None:
        self.victim = threading.get_ident()
        self._turn = threading.Lock()
        self._on = True
        self.has_bitten = False
        self._timer = threading.Timer(timeout, self._bite)
        self._timer.daemon = True
        self._timer.start()

    def off(self) -> None:
        self._timer.cancel()
        with self._turn:
            self._on = False

    def _bite(self) -> None:
        with self._turn:
            if self._on:
                self.has_bitten = True
                _raise_in(self.victim, JobTimeout)


@contextmanager
def _watchdog(timeout: float, subject: str) -> Generator[None]:
    dog = _Watchdog(timeout)
    arrived = False
    try:
        yield
    except JobTimeout as error:
        arrived = dog.has_bitten and not error.args
        if arrived:
            raise _timeout(timeout, subject) from None
        raise
    finally:
        dog.off()
        if dog.has_bitten and not arrived:
            _raise_in(dog.victim, None)  # the job had just ended, and the bite is not to hit what follows


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Raise an error in another thread at its next instruction; None takes back one that was not raised yet."""
    import ctypes

    kind = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind)
