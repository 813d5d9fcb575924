"""Memory that a bounded isolate holds back, so that it can still say what happened when a job has used up the rest.

It bounds nothing itself, and never gives the job more than it had: what was held back is taken again for the next one.
"""

import contextlib
import mmap

__all__ = ["Reserve", "let_go"]

SIZE = 2 * 1024 * 1024
"""Bytes for an outcome with its traceback, the modules that make it, and what is sent."""
MOST_CAUSES = 50


class Reserve:
    """Pages that are never touched, but counted by the kernel; none where ``wanted`` is False."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self._pages: mmap.mmap | None = None

    def hold(self) -> None:
        """Take the memory, before a job begins; an isolate that has none left goes on without."""
        if self._wanted and self._pages is None:
            with contextlib.suppress(OSError, MemoryError):
                self._pages = mmap.mmap(-1, SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

    def release(self) -> None:
        """Give the memory back, since the job has ended. Idempotent."""
        if self._pages is not None:
            self._pages.close()
            self._pages = None


def let_go(error: BaseException | None) -> None:
    """Drop the local variables in the tracebacks of a MemoryError, which keep alive what had no room; of others, none.

    Without taking any memory for it: nothing is left where this is called.
    """
    if not _is_of_memory(error):
        return
    left = MOST_CAUSES
    while error is not None and left:
        trace = error.__traceback__
        while trace is not None:
            try:  # noqa: SIM105 - a context of contextlib would need memory
                trace.tb_frame.clear()
            except (RuntimeError, MemoryError):
                pass  # it is still executing
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
        left -= 1


def _is_of_memory(error: BaseException | None) -> bool:
    left = MOST_CAUSES
    while error is not None and left:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
        left -= 1
    return False
