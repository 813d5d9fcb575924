"""Keep the keys that somebody presses out of the picture, for as long as it is drawn."""

import contextlib
import sys
import termios

__all__ = ["Echo"]


class Echo:
    """The terminal's own writing of what is typed. Without a terminal on standard input this does nothing."""

    def __init__(self) -> None:
        self._before: list[int | list[bytes | int]] | None = None

    def stop(self, *, keys: bool = False) -> None:
        """Let what is typed not be written; Ctrl-C still works. With ``keys`` each can be read as it is pressed."""
        with contextlib.suppress(OSError, ValueError, termios.error):
            descriptor = sys.stdin.fileno()
            before = termios.tcgetattr(descriptor)
            flags = termios.ECHO | (termios.ICANON if keys else 0)
            silent = [*before[:3], int(before[3]) & ~flags, *before[4:]]
            termios.tcsetattr(descriptor, termios.TCSANOW, silent)
            self._before = before

    def restore(self) -> None:
        """Write again what is typed, and forget what was typed meanwhile."""
        if self._before is None:
            return
        with contextlib.suppress(OSError, ValueError, termios.error):
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSAFLUSH, self._before)
        self._before = None
