"""The keys that somebody presses while a picture is drawn, one by one; where standard input is no terminal, none.

They are read as they are pressed and never written into the picture; Ctrl-C and Ctrl-Z stay signals. What is pasted is
no command: it is left out. It knows nothing of what a key does.
"""

import contextlib
import os
import select
import sys
import termios

from dartian_cli.display.terminal import in_foreground

__all__ = ["Keys"]

_PASTE, _PASTED = b"200~", b"201~"
"""What surrounds a paste on a terminal that was asked to say so (terminal.TAKE)."""
_MOST = 32
"""Keys that a person can press between two looks; more at once are a paste on a terminal that cannot say so."""
_NAMES = {
    b"A": "up",
    b"B": "down",
    b"H": "home",
    b"F": "end",
    b"1~": "home",
    b"4~": "end",
    b"5~": "page up",
    b"6~": "page down",
}
"""What follows on ``ESC [`` or ``ESC O``."""
_LETTERS = {b"\r": "enter", b"\n": "enter", b" ": "space", b"\x7f": "backspace"}


class Keys:
    """The keyboard of the terminal on standard input, between ``open`` and ``close``."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._before: list[int | list[bytes | int]] | None = None
        self._unread = b""
        """The beginning of a key whose rest may still come."""
        self._is_pasting = False

    @property
    def are_read(self) -> bool:
        """Return whether there is a keyboard."""
        return self._descriptor >= 0

    def open(self) -> None:
        """Let what is typed not be written, and each key be read as it is pressed."""
        with contextlib.suppress(OSError, ValueError, termios.error):
            descriptor = sys.stdin.fileno()
            before = termios.tcgetattr(descriptor)
            silent = [*before[:3], int(before[3]) & ~(termios.ECHO | termios.ICANON), *before[4:]]
            termios.tcsetattr(descriptor, termios.TCSANOW, silent)
            self._before = self._before or before
            self._descriptor, self._unread, self._is_pasting = descriptor, b"", False

    def close(self) -> None:
        """Give the keyboard back as it was, and forget what was typed meanwhile. It never waits for the terminal.

        In the background the terminal is somebody else's already, and stays as that wants it. Idempotent.
        """
        descriptor, self._descriptor = self._descriptor, -1
        if self._before is None or not in_foreground(descriptor):
            return
        with contextlib.suppress(OSError, ValueError, termios.error):
            termios.tcflush(descriptor, termios.TCIFLUSH)
            termios.tcsetattr(descriptor, termios.TCSANOW, self._before)

    def wait(self, duration: float) -> bool:
        """Wait so long for a key, and return whether there is one."""
        return bool(select.select([self._descriptor] if self.are_read else [], [], [], duration)[0])

    def read(self) -> list[str]:
        """Return the keys that were pressed since the last look, without waiting: letters, or names as ``up``.

        An ESC of which nothing came by the next look is ``escape``.
        """
        unread, data = self._unread, self._data()
        if unread and not data and not self._is_pasting:
            self._unread = b""
            return ["escape"] if unread == b"\x1b" else []
        self._unread = unread + data
        pressed: list[str] = []
        while (key := self._next()) is not None:
            if key:
                pressed.append(key)
        return pressed if len(pressed) <= _MOST else []

    def _data(self) -> bytes:
        try:
            data = os.read(self._descriptor, 4096) if self.wait(0) else None
        except OSError:
            data = b""
        if data == b"":
            self.close()  # the terminal is gone
        return data or b""

    def _next(self) -> str | None:
        """Take one key off what is unread; empty for one without a name, None where there is no whole one."""
        if not self._unread:
            return None
        if self._unread[:2] in (b"\x1b[", b"\x1bO"):
            return self._next_of_sequence()
        if self._unread == b"\x1b":
            return None
        letter, self._unread = self._unread[:1], self._unread[1:]
        if self._is_pasting or not letter.isascii():
            return ""
        if letter != b"\x1b":
            return _LETTERS.get(letter) or (letter.decode() if letter.decode().isprintable() else "")
        if self._unread[:1] == b"\x1b":
            return "escape"
        self._unread = self._unread[1:]  # Alt with a letter
        return ""

    def _next_of_sequence(self) -> str | None:
        for end in range(2, len(self._unread)):
            if 0x40 <= self._unread[end] <= 0x7E:
                what, self._unread = self._unread[2 : end + 1], self._unread[end + 1 :]
                was_pasting = self._is_pasting
                self._is_pasting = what == _PASTE or (was_pasting and what != _PASTED)
                return "" if was_pasting else _NAMES.get(what, "")
        return None
