"""Ask the store now and then how much waits and what is paused, on a thread of its own.

A slow answer never holds the worker up.
"""

import threading
from collections.abc import Callable

from dartian_queue.errors import StoreError
from dartian_queue.stores.store import Counts

__all__ = ["Depth"]

_PAUSE = 1.0
_SHARE = 0.02
"""The most of a core that asking may take: counting a million rows takes longer, and is done less often."""


class Depth:
    """The last answer of the store, from ``ask``; None until there is one, and when it cannot be reached."""

    def __init__(self, ask: Callable[[], Counts], close: Callable[[], None]) -> None:
        self._ask = ask
        self._close = close
        self._ended = threading.Event()
        self._latest: Counts | None = None
        self._thread = threading.Thread(target=self._poll, name="dartian-depth", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def latest(self) -> Counts | None:
        """Return the last answer, at once."""
        return self._latest

    def stop(self) -> None:
        """Ask a last time, so that what is shown in the end is so, and no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(1.0)
        if not self._thread.is_alive():
            self._refresh()
            self._close()

    def _poll(self) -> None:
        from time import thread_time

        pause = 0.0
        while not self._ended.wait(pause):
            begun = thread_time()
            self._refresh()
            pause = max(_PAUSE, (thread_time() - begun) / _SHARE)

    def _refresh(self) -> None:
        try:
            self._latest = self._ask()
        except StoreError:
            self._latest = None
