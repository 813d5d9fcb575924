"""What an isolate writes below Python: by C code, by child processes, by whoever has its descriptors 1 and 2.

It comes through a pipe, is passed on in whole lines where possible, and is capped for each attempt, but for its end.
Reading never goes on for as long as somebody writes, which may be for ever.
"""

import os

from dartian_queue.isolates.cap import DROPPED, Cap

__all__ = ["PIPEFUL", "RawOutput"]

PIPEFUL = 1 << 16
"""Bytes that a pipe holds: one read empties it."""


class RawOutput:
    """The pipe of one isolate: ``theirs`` is its end of it."""

    def __init__(self) -> None:
        self._reader, self._theirs = os.pipe()
        os.set_blocking(self._reader, False)
        self._kept = b""
        self._cap = Cap(b"")
        self.is_closed = False
        """Nobody writes there any more."""

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._reader

    @property
    def theirs(self) -> int:
        """Return the descriptor that the isolate gets."""
        return self._theirs

    def close_theirs(self) -> None:
        """Close the isolate's end here, once the isolate has it. Idempotent."""
        if self._theirs >= 0:
            os.close(self._theirs)
            self._theirs = -1

    def begin(self) -> None:
        """Start the count anew, for the next attempt."""
        self._cap.begin()

    def read(self) -> str:
        """Return the whole lines of what the pipe holds, empty for none."""
        try:
            data = os.read(self._reader, PIPEFUL)
        except BlockingIOError:
            return ""
        self.is_closed = not data
        return self.take(data)

    def take(self, data: bytes) -> str:
        """Return the whole lines of what somebody has read from the pipe, empty for none."""
        lines, newline, rest = (self._kept + data).rpartition(b"\n")
        if not newline and len(rest) <= PIPEFUL:
            self._kept = rest
            return ""
        self._kept = rest if newline else b""
        return self._capped(lines + newline or rest)

    def rest(self) -> str:
        """Return what is no whole line and never will be, and the end of what was dropped: the attempt has ended."""
        kept, self._kept = self._kept, b""
        return self._capped(kept) + self._cap.take_end().decode("utf-8", "backslashreplace")

    def close(self) -> None:
        """Close this side, and the isolate's where that never took it."""
        os.close(self._reader)
        self.close_theirs()

    def _capped(self, data: bytes) -> str:
        passed, is_full = self._cap.take(data)
        text = passed.decode("utf-8", "backslashreplace")
        return f"{text}\n{DROPPED}\n" if is_full else text
