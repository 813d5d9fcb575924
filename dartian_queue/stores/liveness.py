"""Whether another process holds a POSIX record lock (lockf) on a file, asked without taking the lock.

It never says anything about locks of the own process, which the system does not report to it.
"""

import fcntl
import os
import struct
import sys

__all__ = ["is_locked"]

_LINUX = struct.Struct("@hhqqi4x")  # l_type, l_whence, l_start, l_len, l_pid
_DARWIN = struct.Struct("@qqihh")  # l_start, l_len, l_pid, l_type, l_whence
_WIDE = sys.maxsize > 2**32


def is_locked(path: str) -> bool:
    """Say whether another process holds a lock on this file; False where there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, ValueError):
        return False
    except OSError:
        return True  # it cannot be seen, so it must not be declared dead: the lease decides
    try:
        return _is_held(descriptor)
    except OSError:
        return True
    finally:
        os.close(descriptor)


def _is_held(descriptor: int) -> bool:
    if _WIDE and sys.platform == "linux":
        asked = _LINUX.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        return bool(_LINUX.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))[0] != fcntl.F_UNLCK)
    if _WIDE and sys.platform == "darwin":
        asked = _DARWIN.pack(0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
        return bool(_DARWIN.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))[3] != fcntl.F_UNLCK)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # no other way: hold it for a moment
    except BlockingIOError:
        return True
    fcntl.lockf(descriptor, fcntl.LOCK_UN)
    return False
