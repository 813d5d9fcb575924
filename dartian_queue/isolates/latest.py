"""The progress of a running job on its way to the worker: at a bounded pace, and the latest always gets there.

A job may report thousands of times a second, or once and then be quiet for an hour. It never waits for a report's time,
and leaves no thread behind when the job has ended or forks.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable

from dartian_queue.isolates.protocol import Progress

__all__ = ["Latest"]

INTERVAL = 0.05
"""Seconds between two reports of a job's progress."""
LATE = 0.1
"""Seconds after which a report that came too early goes out, where no later one has taken its place."""


class Latest:
    """What was reported last and has not been sent; ``send`` may be called from a thread of this one's own."""

    def __init__(self, send: Callable[[Progress], None]) -> None:
        self._send = send
        self._kept: Progress | None = None
        self._sent_at = float("-inf")
        self._timer: threading.Timer | None = None
        self._lock = threading.RLock()  # a signal handler of the job's may report while its code does
        os.register_at_fork(before=self._stop_timer)

    def note(self, progress: Progress) -> None:
        """Send a report now, or soon where one has just been sent."""
        with self._lock:
            self._kept = progress
            if time.monotonic() - self._sent_at >= INTERVAL:
                self._let_out()
            elif self._timer is None:
                self._start_timer()

    def flush(self) -> None:
        """Send what was not sent, since the job has ended; the next one's first report is sent at once."""
        with self._lock:
            self._let_out()
            self._sent_at = float("-inf")
        self._stop_timer()

    def _let_out(self) -> None:
        progress, self._kept = self._kept, None
        if progress is not None:
            self._sent_at = time.monotonic()
            self._send(progress)

    def _start_timer(self) -> None:
        self._timer = timer = threading.Timer(LATE, self._on_time)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:  # the job has as many threads as there may be; a later report goes out
            self._timer = None

    def _on_time(self) -> None:
        with self._lock, contextlib.suppress(OSError):  # the worker is gone, and so will be this process
            self._timer = None
            if self._kept is None:
                return
            if time.monotonic() - self._sent_at >= INTERVAL:
                self._let_out()
            else:
                self._start_timer()

    def _stop_timer(self) -> None:
        """End the thread, so that a process which forks has no more threads than its job has made."""
        timer, self._timer = self._timer, None
        if timer is not None and timer is not threading.current_thread():
            timer.cancel()
            timer.join(1.0)
