"""A worker's place at a memory store: a pipe that wakes it, and no proof of life but not having left."""

import os
from collections.abc import Callable

from dartian_queue.stores.store import WorkerInfo
from dartian_queue.stores.wakes import JOBS, OPERATOR

__all__ = ["MemorySeat"]


class MemorySeat:
    """A worker's place at a memory store; it lives until it is left."""

    def __init__(self, info: WorkerInfo, unseat: Callable[["MemorySeat"], None]) -> None:
        self._unseat = unseat
        self._info = info
        self._restart_asked = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    @property
    def holder(self) -> str:
        """Return the name under which this worker's claims stand."""
        return self._info.holder

    @property
    def info(self) -> WorkerInfo:
        """Return what the worker said of itself."""
        return self._info

    @property
    def lock_paths(self) -> tuple[str, ...]:
        """Return nothing: its life is seen in this process."""
        return ()

    @property
    def marks_path(self) -> str:
        """Return nothing: a claim of a seat that was left counts as begun."""
        return ""

    def fileno(self) -> int:
        """Return the end of a pipe, -1 once the seat was left."""
        return self._reader

    def drain(self) -> bool:
        """Take the wake-ups that have come; True where an operator's is among them."""
        from_operator = False
        try:
            while self._reader >= 0:
                taken = os.read(self._reader, 65536)
                from_operator = from_operator or OPERATOR in taken
                if len(taken) < 65536:
                    break
        except BlockingIOError:
            pass
        return from_operator

    def restart_asked(self) -> bool:
        """Say whether an operator wants this worker to end."""
        return self._restart_asked

    def ask_restart(self) -> None:
        """Note that an operator wants this worker to end."""
        self._restart_asked = True

    def wake(self, sender: bytes = JOBS) -> None:
        """Make ``fileno`` readable."""
        try:
            if self._writer >= 0:
                os.write(self._writer, sender)
        except BlockingIOError:
            pass

    def leave(self) -> None:
        """Give the seat up."""
        if self._reader < 0:
            return
        self._unseat(self)
        reader, writer, self._reader, self._writer = self._reader, self._writer, -1, -1
        os.close(reader)
        os.close(writer)
