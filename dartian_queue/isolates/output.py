"""What jobs print: Python's streams as frames, with the job that wrote them; whatever else is written as raw bytes.

The streams are there before the application is imported, so that what binds to them then, such as logging, is heard.

Output is passed on as it comes, in whole lines where possible, up to a bound for each job. Of what is beyond the bound
only the end is kept, until the job has ended: it is there that a failure is explained.
"""

import codecs
import io
import os
import sys
import threading
from collections.abc import Callable
from typing import TextIO, TypeAlias, cast

from dartian_queue.isolates.cap import DROPPED, Cap

__all__ = ["JobStream", "Streams", "install", "make_streams"]

_LONGEST_PIECE = 8 * 1024


class JobStream(io.TextIOBase):
    """A text stream that hands on whole lines, as soon as they are whole, under the stream's name.

    Until ``adopt`` says to whom, they are written to the descriptor; so they are in a process that was forked since.
    """

    def __init__(self, stream: str, descriptor: int) -> None:
        self._stream = stream
        self._descriptor = descriptor
        self._bytes = _Bytes(self)
        self._hand_on: Callable[[str, str], None] | None = None
        self._kept = ""
        self._cap = Cap("")
        self._lock = threading.RLock()
        self._owner = os.getpid()

    def adopt(self, hand_on: Callable[[str, str], None]) -> None:
        """Let ``hand_on`` get the stream's name and each piece of text from now on, in this process."""
        self._hand_on = hand_on
        self._owner = os.getpid()
        self._kept = ""
        self._cap.begin()
        self._lock = threading.RLock()

    encoding = "utf-8"
    errors = "backslashreplace"
    mode = "w"

    @property
    def name(self) -> str:
        """The stream's name, as Python's own streams have one."""
        return f"<{self._stream}>"

    @property
    def buffer(self) -> "_Bytes":
        """The stream for bytes beneath; they are decoded as UTF-8."""
        return self._bytes

    def reconfigure(self, **_wishes: object) -> None:
        """Keep to UTF-8 and whole lines, whatever is wished: it is the worker that shows the text."""

    def close(self) -> None:
        """Stay open: this stream is not the job's."""
        self.flush()

    def fileno(self) -> int:
        """Return the descriptor that C code and child processes write to."""
        return self._descriptor

    def writable(self) -> bool:
        """Return that it is."""
        return True

    def write(self, text: str) -> int:
        """Take text; each line goes on when its end has come."""
        if os.getpid() != self._owner:
            os.write(self._descriptor, text.encode("utf-8", "backslashreplace"))
            return len(text)
        with self._lock:
            self._kept += text
            if "\n" in text or len(self._kept) > _LONGEST_PIECE:
                lines, newline, rest = self._kept.rpartition("\n")
                self._kept = rest
                self._pass_on(lines + newline)
                if len(rest) > _LONGEST_PIECE:
                    self.flush()
        return len(text)

    def flush(self) -> None:
        """Hand on what is not a whole line yet."""
        if os.getpid() == self._owner:
            with self._lock:
                kept, self._kept = self._kept, ""
                self._pass_on(kept)

    def begin(self) -> None:
        """Hand on the end of what was dropped, and start the count anew, for the next job."""
        with self._lock:
            self._hand_over(self._cap.take_end())
            self._cap.begin()
        self._bytes.begin()

    def _pass_on(self, text: str) -> None:
        passed, is_full = self._cap.take(text)
        self._hand_over(f"{passed}\n{DROPPED}\n" if is_full else passed)

    def _hand_over(self, text: str) -> None:
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
        for start in range(0, len(text), _LONGEST_PIECE):
            piece = text[start : start + _LONGEST_PIECE]
            if self._hand_on is None:
                os.write(self._descriptor, piece.encode())
            else:
                self._hand_on(self._stream, piece)


class _Bytes(io.RawIOBase):
    def __init__(self, text: JobStream) -> None:
        self._text = text
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raw = bytes(cast("bytes", data))
        if text := self._decoder.decode(raw):  # a character may come in two pieces
            self._text.write(text)
        return len(raw)

    def begin(self) -> None:
        self._decoder.reset()

    def close(self) -> None:
        self.flush()

    def flush(self) -> None:
        self._text.flush()

    def fileno(self) -> int:
        return self._text.fileno()


Streams: TypeAlias = tuple[JobStream, JobStream]
"""For output, and for errors."""


def make_streams() -> Streams:
    """Return streams that write to descriptors 1 and 2 until somebody adopts them."""
    return JobStream("stdout", 1), JobStream("stderr", 2)


def install(streams: Streams) -> None:
    """Make these sys.stdout and sys.stderr, whatever has been put there."""
    sys.stdout, sys.stderr = cast("TextIO", streams[0]), cast("TextIO", streams[1])
