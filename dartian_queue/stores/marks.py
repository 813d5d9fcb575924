"""What each isolate of a worker has begun, in a mapped file: known after the worker's death, and at no commit's cost.

One slot an isolate. An isolate writes its slot before a job begins and clears it when the job has ended; whoever
takes over the claims of a dead worker reads all slots and charges only what had begun. It never charges anybody.
The end of a slot goes the other way: the worker's wish that a certain job should stop, which a busy job can look at.
"""

import mmap
import os
import struct
import zlib

__all__ = ["SIZE", "Marks", "read_marks"]

_SLOT = 128
_HEAD = struct.Struct("<BQB")  # begun, token, length of the id; the id follows
_WISHED_OF = struct.Struct("<I")  # a checksum of id and token: the isolate may have gone on to its next job
_WISH = _SLOT - 1
_WISHES = ("", "stop", "cancel", "timeout")
SLOTS = 256
"""Isolates that a worker can have; each number is taken again when its isolate has ended."""
SIZE = SLOTS * _SLOT
"""Bytes of the whole file."""


class Marks:
    """The slots of one worker's isolates, opened for writing."""

    def __init__(self, path: str) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size < SIZE:
                os.ftruncate(descriptor, SIZE)
            self._map = mmap.mmap(descriptor, SIZE)
        finally:
            os.close(descriptor)

    def begin(self, slot: int, job_id: str, token: int) -> None:
        """Mark that the job begins. The flag is written last, so that a slot is never half believed."""
        start = slot * _SLOT
        encoded = job_id.encode("ascii")
        self._map[start] = 0
        self._map[start + _HEAD.size : start + _HEAD.size + len(encoded)] = encoded
        self._map[start : start + _HEAD.size] = _HEAD.pack(0, token, len(encoded))
        self._map[start] = 1

    def clear(self, slot: int) -> None:
        """Mark that nothing runs in this slot."""
        self._map[slot * _SLOT] = 0

    def ask(self, slot: int, wish: str, job_id: str, token: int) -> None:
        """Ask this job to ``stop``, or to end for ``cancel`` or ``timeout``, if this slot runs it."""
        place = slot * _SLOT + _WISH
        self._map[place] = 0
        self._map[place - _WISHED_OF.size : place] = _WISHED_OF.pack(_sum(job_id, token))
        self._map[place] = _WISHES.index(wish)

    def asked(self, slot: int, job_id: str, token: int) -> str:
        """Return what the worker wishes of the job that this slot runs: stop, cancel, timeout or nothing."""
        place = slot * _SLOT + _WISH
        wish = _WISHES[self._map[place]]
        if wish and _WISHED_OF.unpack(self._map[place - _WISHED_OF.size : place]) != (_sum(job_id, token),):
            return ""
        return wish

    def get(self, slot: int) -> tuple[str, int] | None:
        """Return id and token of what the slot has begun, None for nothing."""
        return _read(self._map, slot)

    def close(self) -> None:
        """Unmap the file."""
        self._map.close()


def read_marks(path: str) -> frozenset[tuple[str, int]]:
    """Return (id, token) of everything marked as begun; FileNotFoundError where the file is gone."""
    with open(path, "rb") as file:
        data = file.read()
    slots = range(len(data) // _SLOT)
    return frozenset(mark for slot in slots if (mark := _read(data, slot)) is not None)


def _sum(job_id: str, token: int) -> int:
    return zlib.crc32(f"{job_id} {token}".encode())


def _read(data: "bytes | mmap.mmap", slot: int) -> tuple[str, int] | None:
    start = slot * _SLOT
    begun, token, length = _HEAD.unpack(data[start : start + _HEAD.size])
    if not begun:
        return None
    return data[start + _HEAD.size : start + _HEAD.size + length].decode("ascii", "replace"), token
