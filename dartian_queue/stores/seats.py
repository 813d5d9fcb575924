"""The folder of live workers beside a SQLite file: who they are, whether they live, and how they are woken.

A seat is a handful of files named after its holder: ``.json`` says who it is, ``.lock`` is locked (lockf) by the worker
and ``.zygote`` by its zygote, ``.wake`` is the FIFO that it waits on, ``.marks`` is what its isolates have begun,
``.restart`` is there when an operator wants it to end. POSIX
record locks end with their process, however it ends, and are not inherited by a forked child, as flock would be.

It never opens a lock file of this process's own seats: to close any descriptor of such a file would give the lock up.
"""

import contextlib
import fcntl
import os
import threading
import time
import weakref
from collections.abc import Collection, Iterable

import msgspec

from dartian_queue.stores.liveness import is_locked
from dartian_queue.stores.marks import SIZE, read_marks
from dartian_queue.stores.shared_files import make_fifo, open_shared
from dartian_queue.stores.store import WorkerInfo
from dartian_queue.stores.wakes import JOBS, OPERATOR

__all__ = ["RunFolder", "SqliteSeat"]

_TRUST = 1.0
"""Seconds for which what was found out of the workers is believed, unless the folder changes."""
_RACY = 50_000_000
"""A folder may change twice within one tick of its file system's clock: so many nanoseconds are waited out."""
_HALF_MADE = 60.0
"""Seconds after which files without a ``.json`` are nobody's who is just taking a seat."""
_PARTS = ("json", "wake", "lock", "zygote", "restart")

_own: dict[str, "SqliteSeat"] = {}
"""The seats of this process, by the path of their files without the ending."""


class SqliteSeat:
    """A worker's place at a SQLite store, in the process that took it."""

    def __init__(self, folder: str, worker: WorkerInfo) -> None:
        self._stem = f"{folder}/{worker.holder}"
        self._holder = worker.holder
        self._left = False
        self._lock = open_shared(f"{self._stem}.lock", os.O_RDWR | os.O_EXCL)
        _own[self._stem] = self
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write_new(f"{self._stem}.zygote", b"")
            _write_new(f"{self._stem}.marks", bytes(SIZE))
            make_fifo(f"{self._stem}.wake")
            self._wake = os.open(f"{self._stem}.wake", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            _write_new(f"{self._stem}.new", msgspec.json.encode(worker))
            os.rename(f"{self._stem}.new", f"{self._stem}.json")
        except BaseException:
            _own.pop(self._stem, None)
            os.close(self._lock)
            for part in (*_PARTS, "marks", "new"):
                _remove(f"{self._stem}.{part}")
            raise

    @property
    def holder(self) -> str:
        """Return the name under which this worker's claims stand."""
        return self._holder

    @property
    def lock_paths(self) -> tuple[str, ...]:
        """Return the file that the zygote locks while it lives."""
        return (f"{self._stem}.zygote",)

    @property
    def marks_path(self) -> str:
        """Return the file in which isolates mark what they have begun."""
        return f"{self._stem}.marks"

    def fileno(self) -> int:
        """Return the FIFO's descriptor, -1 once the seat was left."""
        return -1 if self._left else self._wake

    def drain(self) -> bool:
        """Take the wake-ups that have come; True where an operator's is among them."""
        from_operator = False
        with contextlib.suppress(BlockingIOError):
            while not self._left:
                taken = os.read(self._wake, 65536)
                from_operator = from_operator or OPERATOR in taken
                if len(taken) < 65536:
                    break
        return from_operator

    def restart_asked(self) -> bool:
        """Say whether an operator wants this worker to end."""
        return os.path.exists(f"{self._stem}.restart")

    def leave(self) -> None:
        """Give the seat up; its marks stay until its claims have been taken over."""
        if self._left or _own.get(self._stem) is not self:
            return  # left already, or a forked child's copy: the seat is the parent's
        self._left = True
        for part in _PARTS:
            _remove(f"{self._stem}.{part}")
        del _own[self._stem]
        os.close(self._wake)
        os.close(self._lock)


class _Neighbour:
    """A seat as other processes see it."""

    def __init__(self, info: WorkerInfo) -> None:
        self.info = info
        self.alive = True
        self.wake = -1

    def serves(self, queue: str) -> bool:
        return not self.info.queues or queue in self.info.queues

    def __del__(self) -> None:
        if self.wake >= 0:
            os.close(self.wake)


class RunFolder:
    """All the seats of one store."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._neighbours: dict[str, _Neighbour] = {}
        self._changed_at = 0
        self._checked_at = float("-inf")
        _folders.add(self)

    def join(self, worker: WorkerInfo, now: float) -> SqliteSeat:
        """Take a seat under a holder's name that was never used before."""
        holder = f"{worker.pid}-{os.urandom(8).hex()}"
        started_at = worker.started_at or now
        return SqliteSeat(self._path, msgspec.structs.replace(worker, holder=holder, started_at=started_at))

    def workers(self) -> list[WorkerInfo]:
        """Return the workers that live at this moment, the longest serving first."""
        live = [neighbour.info for neighbour in self._look(trust=0.0) if neighbour.alive]
        return sorted(live, key=lambda info: (info.started_at, info.holder))

    def served(self, queue: str) -> bool:
        """Say whether a live worker that is nobody's companion serves the queue; a death is seen within a second."""
        return any(
            neighbour.alive and not neighbour.info.companion_of and neighbour.serves(queue)
            for neighbour in self._look()
        )

    def wake(self, queues: Collection[str] = (), sender: bytes = JOBS) -> None:
        """Wake the workers that serve one of these queues, or all; never blocks, never fails."""
        for neighbour in self._look():
            if neighbour.alive and (not queues or any(map(neighbour.serves, queues))):
                self._poke(neighbour, sender)

    def ask_restart(self) -> list[WorkerInfo]:
        """Ask all live workers but companions to end; OSError where the folder cannot be written."""
        asked = [info for info in self.workers() if not info.companion_of]
        for info in asked:
            with contextlib.suppress(FileExistsError):
                _write_new(f"{self._path}/{info.holder}.restart", b"")
        self.wake(sender=OPERATOR)
        return asked

    def died(self) -> list[str]:
        """Return the holders that are dead and have not left: no worker has swept their seats yet."""
        return [holder for holder in self._remains() if os.path.exists(f"{self._path}/{holder}.json")]

    def _remains(self) -> list[str]:
        """Return the holders that are dead, worker and zygote, and whose files are still there."""
        try:
            names = os.listdir(self._path)
        except OSError:
            return []
        holders = sorted({name.partition(".")[0] for name in names if "." in name} - {"writer"})
        return [holder for holder in holders if not self.lives(holder) and not self._is_being_made(holder)]

    def lives(self, holder: str) -> bool:
        """Say whether the worker of this name or its zygote still lives."""
        stem = f"{self._path}/{holder}"
        return _is_name(holder) and (stem in _own or is_locked(f"{stem}.lock") or is_locked(f"{stem}.zygote"))

    def marks(self, holder: str) -> frozenset[tuple[str, int]] | None:
        """Return what the isolates of this worker had begun, None where that is not known."""
        if not _is_name(holder):
            return None
        try:
            return read_marks(f"{self._path}/{holder}.marks")
        except (OSError, ValueError):
            return None

    def sweep(self, holding: Collection[str]) -> None:
        """Remove the files of the dead that hold no claim any more: ``holding`` are the holders that do."""
        for holder in set(self._remains()) - set(holding):
            for part in (*_PARTS, "marks", "new"):
                _remove(f"{self._path}/{holder}.{part}")

    def _is_being_made(self, holder: str) -> bool:
        stem = f"{self._path}/{holder}"
        if os.path.exists(f"{stem}.json"):
            return False
        with contextlib.suppress(OSError):
            return time.time() - os.stat(f"{stem}.lock").st_mtime < _HALF_MADE
        return False

    def _look(self, trust: float = _TRUST) -> Iterable[_Neighbour]:
        """Return the seats, looked at again where the folder changed or ``trust`` seconds have passed."""
        try:
            changed_at = os.stat(self._path).st_mtime_ns
        except OSError:
            return ()
        if changed_at != self._changed_at or time.monotonic() - self._checked_at >= trust:
            with self._lock:
                self._check(changed_at)
        return self._neighbours.values()

    def _check(self, changed_at: int) -> None:
        """Meet who is new and forget who has gone; a folder that was taken away meanwhile has nobody."""
        try:
            names = os.listdir(self._path)
        except OSError:
            names = []
        seated = {name[:-5] for name in names if name.endswith(".json")}
        found: dict[str, _Neighbour] = {}
        for holder in seated:
            neighbour = self._neighbours.get(holder) or self._meet(holder)
            if neighbour is not None:
                stem = f"{self._path}/{holder}"
                neighbour.alive = stem in _own or is_locked(f"{stem}.lock")
                found[holder] = neighbour
        self._neighbours = found
        self._checked_at = time.monotonic()
        self._changed_at = changed_at if time.time_ns() - changed_at > _RACY else 0

    def _meet(self, holder: str) -> _Neighbour | None:
        try:
            with open(f"{self._path}/{holder}.json", "rb") as file:
                return _Neighbour(msgspec.json.decode(file.read(), type=WorkerInfo))
        except (OSError, msgspec.DecodeError):
            return None  # it has just left, or somebody else wrote there

    def _poke(self, neighbour: _Neighbour, sender: bytes) -> None:
        try:
            if neighbour.wake < 0:
                path = f"{self._path}/{neighbour.info.holder}.wake"
                neighbour.wake = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.write(neighbour.wake, sender)
        except BlockingIOError:
            pass  # its pipe is full of wake-ups
        except OSError:
            neighbour.alive = False  # it has died since we looked
            self._checked_at = float("-inf")


def _is_name(holder: object) -> bool:
    return isinstance(holder, str) and bool(holder) and "/" not in holder and "\0" not in holder


def _write_new(path: str, content: bytes) -> None:
    descriptor = open_shared(path, os.O_WRONLY | os.O_EXCL)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


_folders: "weakref.WeakSet[RunFolder]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    """A child has none of its parent's locks, and may have been forked while another thread held one of ours."""
    _own.clear()
    for folder in list(_folders):
        folder._lock = threading.Lock()  # pyright: ignore[reportPrivateUsage] # one file, one matter


os.register_at_fork(after_in_child=_after_fork_in_child)
