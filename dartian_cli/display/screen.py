"""A screen of its own for a picture that is painted again and again, and the key that ends it.

It is the terminal's alternate screen: what stood there before is back in the end. It knows nothing of what it shows.
"""

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from dartian_cli.display.echo import Echo
from dartian_cli.display.terminal import CLEAR_BELOW, CLEAR_LINE, in_one_frame, size_of

__all__ = ["Screen"]

_OPEN, _CLOSE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
"""The alternate screen, no cursor, and lines that are cut where they are too long."""
_LOOK = 0.1
"""Seconds after which a window that has changed its size is painted anew."""


class Screen:
    """The whole terminal, while it is open."""

    def __init__(self) -> None:
        self._keys = sys.stdin.fileno() if sys.stdin.isatty() else -1

    @contextmanager
    def opened(self) -> Generator[None]:
        """Take the terminal, and give it back however this ends."""
        echo = Echo()
        before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
        try:
            echo.stop(keys=True)
            self._write(_OPEN)
            yield
        finally:
            try:
                self._write(_CLOSE)
            finally:
                echo.restore()
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
            if self._keys < 0:
                time.sleep(min(left, _LOOK))
            elif select.select([self._keys], [], [], min(left, _LOOK))[0]:
                pressed = os.read(self._keys, 1024)
                if b"q" in pressed:
                    return False
                if not pressed:
                    self._keys = -1
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
