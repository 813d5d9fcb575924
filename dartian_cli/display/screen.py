"""A screen of its own for a picture that is painted again and again, and the key that ends it.

It is the terminal's alternate screen: what stood there before is back in the end. It knows nothing of what it shows.
"""

import signal
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from dartian_cli.display.keys import Keys
from dartian_cli.display.terminal import CLEAR_BELOW, CLEAR_LINE, GIVE_BACK, TAKE, in_one_frame, size_of

__all__ = ["Screen"]

_OPEN, _CLOSE = f"\x1b[?1049h{TAKE}\x1b[?7l", f"\x1b[?7h{GIVE_BACK}\x1b[?1049l"
"""The alternate screen, and lines that are cut where they are too long."""
_LOOK = 0.1
"""Seconds after which a window that has changed its size is painted anew."""


class Screen:
    """The whole terminal, while it is open."""

    def __init__(self) -> None:
        self._keys = Keys()

    @contextmanager
    def opened(self) -> Generator[None]:
        """Take the terminal, and give it back however this ends."""
        before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
        try:
            self._keys.open()
            self._write(_OPEN)
            yield
        finally:
            try:
                self._write(_CLOSE)
            finally:
                self._keys.close()
                for number, handler in before.items():
                    signal.signal(number, handler)

    def size(self) -> tuple[int, int]:
        """Return the columns and rows, as they are now."""
        return size_of(sys.stdout)

    def paint(self, lines: list[str]) -> None:
        """Show these lines and nothing else, as many as there are rows."""
        _, rows = self.size()
        body = f"{CLEAR_LINE}\r\n".join(lines[:rows])
        self._write(in_one_frame(f"\x1b[H{body}{CLEAR_LINE}{CLEAR_BELOW}"))

    def wait(self, duration: float, resized: Callable[[], None]) -> bool:
        """Wait so long, calling back when the window has another size; False where ``q`` was pressed."""
        until, size = time.monotonic() + duration, self.size()
        while (left := until - time.monotonic()) > 0:
            self._keys.wait(min(left, _LOOK))
            if "q" in self._keys.read():
                return False
            if self.size() != size:
                size = self.size()
                resized()
        return True

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _end(number: int, _: FrameType | None) -> None:
    """End as the signal would have, after the terminal was given back."""
    raise SystemExit(128 + number)
