"""The loop of a worker: descriptors to read, things to do every so often, and one wait for all of them.

A selector and a few timers instead of asyncio, which costs a worker 50 ms and megabytes. It has one thread.
"""

import contextlib
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable

__all__ = ["Loop"]


class _Timer:
    __slots__ = ("callback", "due", "interval", "once")

    def __init__(self, interval: float, callback: Callable[[], object], *, once: bool) -> None:
        self.interval = interval
        self.callback = callback
        self.due = time.monotonic() + interval
        self.once = once


class Loop:
    """Waits for what is registered, and calls it back."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._readers: dict[int, Callable[[], None]] = {}
        self._timers: list[_Timer] = []
        self._is_closed = False
        self._closing = threading.Lock()
        self._soon: deque[Callable[[], object]] = deque()
        self._wake_reader, self._waker = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._waker, False)
        self.add_reader(self._wake_reader, self._call_what_came)

    def add_reader(self, descriptor: int, callback: Callable[[], None]) -> None:
        """Call back whenever the descriptor is readable or closed at its other end."""
        self._selector.register(descriptor, selectors.EVENT_READ, callback)
        self._readers[descriptor] = callback

    def remove_reader(self, descriptor: int) -> None:
        """Stop looking at a descriptor; call it before the descriptor is closed. Idempotent."""
        if self._readers.pop(descriptor, None) is not None:
            self._selector.unregister(descriptor)

    def call_every(self, interval: float, callback: Callable[[], object]) -> None:
        """Call back every ``interval`` seconds, the first time after one of them; a late call is not made up for."""
        self._timers.append(_Timer(interval, callback, once=False))

    def call_once(self, delay: float, callback: Callable[[], object]) -> None:
        """Call back after ``delay`` seconds."""
        self._timers.append(_Timer(delay, callback, once=True))

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Call back in the next turn. From any thread; what comes after the end is not called."""
        self._soon.append(callback)
        with self._closing, contextlib.suppress(BlockingIOError):  # a full pipe wakes the loop as well
            if not self._is_closed:
                os.write(self._waker, b"\0")

    def _call_what_came(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_reader, 4096)
        while self._soon:
            self._soon.popleft()()

    def turn(self, patience: float) -> None:
        """Wait until something happens or is due, at most ``patience`` seconds, and do it."""
        now = time.monotonic()
        due = min((timer.due for timer in self._timers), default=now + patience)
        for key, _events in self._selector.select(max(0.0, min(patience, due - now))):
            # One callback may close what the next one would read, or open another file under the same number.
            callback = self._readers.get(key.fd)
            if callback is not None and callback is key.data:
                callback()
        now = time.monotonic()
        for timer in [timer for timer in self._timers if timer.due <= now]:
            timer.due = now + timer.interval
            if timer.once:
                self._timers.remove(timer)
            timer.callback()

    def close(self) -> None:
        """Forget everything. Idempotent."""
        with self._closing:
            if not self._is_closed:
                os.close(self._waker)
                os.close(self._wake_reader)
            self._is_closed = True
        self._selector.close()
        self._readers.clear()
        self._timers.clear()
