"""The lock of whoever writes to the SQLite file: an flock that nobody starves at.

A free lock is taken at once, even before others who sleep between two tries: that is what makes many writers fast. But
who has waited for a while puts its name into the lock's file, and the others hold back until it had its turn. The name
is only a courtesy, in a page that all map: it fades by itself, so that who dies while waiting delays nobody for long.
It is the flock that excludes, and the system gives it back when its owner dies.
"""

import fcntl
import mmap
import os
import struct
import time

from dartian_queue.stores.shared_files import open_shared

__all__ = ["WritersLock"]

_TURN = struct.Struct("<Qd")  # who waits for its turn, and when it last tried
_NOBODY = _TURN.pack(0, 0.0)
_LONG = 0.02
"""Seconds after which a waiter asks for its turn."""
_FADES = 0.05
"""Seconds after which a turn that nobody took up is over."""


class WritersLock:
    """One waiter's handle on the lock; no two threads share one."""

    def __init__(self, path: str) -> None:
        self._descriptor = open_shared(path, os.O_RDWR)
        self._name = int.from_bytes(os.urandom(8), "little") | 1
        try:
            if os.fstat(self._descriptor).st_size < _TURN.size:
                os.pwrite(self._descriptor, _NOBODY, 0)  # written, not only extended: a full disk must show here
            self._turn = mmap.mmap(self._descriptor, _TURN.size)
        except BaseException:
            os.close(self._descriptor)
            raise

    def take(self, waited: float) -> bool:
        """Take the lock if it is free, and nobody else's turn; ``waited`` are the seconds since the first try."""
        name, asked_at = _TURN.unpack_from(self._turn)
        if name not in (0, self._name) and 0 <= time.monotonic() - asked_at < _FADES:
            return False
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waited > _LONG:
                _TURN.pack_into(self._turn, 0, self._name, time.monotonic())
            return False
        if name == self._name:
            self._turn[:] = _NOBODY
        return True

    def give(self) -> None:
        """Let the next one write."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the lock back, where it is held, and close its file."""
        self._turn.close()
        os.close(self._descriptor)
