"""How a job is broken off where it is, at its worker's word: its task is cancelled, or an exception raised in it.

It never ends a process. A job may swallow what is raised; one that goes on all the same is ended by its worker.
"""

import signal
import types
from collections.abc import Callable
from typing import TYPE_CHECKING

from dartian_queue.attempt import run_handle
from dartian_queue.context import CancelAttempt
from dartian_queue.errors import JobTimeout
from dartian_queue.outcome import timeout_message

if TYPE_CHECKING:
    from asyncio import Task

__all__ = ["SIGNAL", "Interruption"]

SIGNAL = signal.SIGURG
"""Nobody sends it, and where its handler is not installed, as in a program that a job starts, it does nothing."""
MOST_FRAMES = 500
"""Frames of a job in which it is looked for the place where it is."""


class Interruption:
    """Breaks off the ``handle`` that runs in this process's main thread, once an attempt.

    ``asked`` returns what the worker wishes of the attempt. ``tell`` gets the place where the job was, as an exception
    with a traceback that was not raised; it must not block.
    """

    def __init__(self, asked: Callable[[], str], tell: Callable[[BaseException], None]) -> None:
        self._asked = asked
        self._tell = tell
        self._timeout = 0.0
        self._wish = ""
        self.task: Task[object] | None = None
        """The task in which an async handle runs."""

    def install(self) -> None:
        """Answer the signal from now on, whatever a job has made of it."""
        signal.signal(SIGNAL, self._on_signal)

    def begin(self, timeout: float) -> None:
        """Take note that another attempt begins."""
        self._timeout = timeout
        self._wish = ""

    @property
    def wish(self) -> str:
        """Why the attempt was broken off: ``timeout``, ``cancel``, or nothing where it was not."""
        return self._wish

    def _on_signal(self, _number: int, frame: types.FrameType | None) -> None:
        wish = self._asked()
        if self._wish or wish not in ("timeout", "cancel"):
            return
        frames = _frames_of_handle(frame)
        if not frames:
            return
        self._wish = wish
        error = JobTimeout(timeout_message(self._timeout)) if wish == "timeout" else CancelAttempt()
        if (task := self.task) is None or _is_at_work(task):
            self._tell(error.with_traceback(_traceback(frames)))
            raise error.with_traceback(None)
        self._tell(error.with_traceback(_traceback(_frames_of_task(task))))
        task.cancel()
        task.get_loop().call_soon_threadsafe(_wake)


def _wake() -> None:
    """Do nothing: the loop looks at the cancelled task when it has something to call."""


def _is_at_work(task: "Task[object]") -> bool:
    """Return whether the task's own code was interrupted, so that its loop may not come to cancelling it."""
    import asyncio

    return asyncio.current_task(task.get_loop()) is task


def _frames_of_handle(frame: types.FrameType | None) -> list[types.FrameType]:
    """Return the frames of a running ``handle``, the outermost first; none where it is not the handle that runs."""
    frames: list[types.FrameType] = []
    while frame is not None and frame.f_code is not run_handle.__code__:
        frames.append(frame)
        frame = frame.f_back
    return frames[::-1] if frame is not None else []


def _frames_of_task(task: "Task[object]") -> list[types.FrameType]:
    """Return the frames of the coroutines that await one another, the outermost first."""
    frames: list[types.FrameType] = []
    awaited: object = task.get_coro()
    while len(frames) < MOST_FRAMES:
        frame: object = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if not isinstance(frame, types.FrameType):
            break
        frames.append(frame)
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
    return frames


def _traceback(frames: list[types.FrameType]) -> types.TracebackType | None:
    trace: types.TracebackType | None = None
    for frame in frames[: -MOST_FRAMES - 1 : -1]:
        trace = types.TracebackType(trace, frame, frame.f_lasti, frame.f_lineno)
    return trace
