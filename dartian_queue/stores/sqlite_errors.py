"""What SQLite raises, as the errors that a store promises: each names the file, the reason and the remedy.

It never hides a mistake of ours: a statement that SQLite cannot understand stays what it is.
"""

import resource
import sqlite3

from dartian_queue.errors import DispatchUncertain, StoreBusy, StoreError, StoreFull, StoreUnusable, shown
from dartian_queue.stores.sqlite_files import free_bytes, missing_right

__all__ = ["busy_for", "is_busy", "is_no_text", "translated"]

_FULL = 1024 * 1024
"""Below so many free bytes a failed write is taken for a full disk."""
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})


def is_busy(error: sqlite3.Error) -> bool:
    """Say whether to try again will help: somebody else holds a lock."""
    return _primary(error) in _BUSY


def is_no_text(error: Exception) -> bool:
    """Say whether a column holds text that is no UTF-8: the module's own error, and so without a code of SQLite's."""
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith("Could not decode to UTF-8")


def busy_for(path: str, waited: float) -> StoreBusy:
    """Return the error for a store that stayed locked for ``waited`` seconds."""
    return StoreBusy(
        f"Store {shown(path, 200)} stayed locked by another process for {waited:.1f} s\n"
        f"Nothing was changed. Look who has it open (fuser {shown(path, 200)}), then try again."
    )


def translated(error: sqlite3.Error, path: str, *, committing: bool = False) -> StoreError:
    """Return the store's error for one of SQLite's; ``committing`` where the fate of a commit may be unknown."""
    code, name = _primary(error), getattr(error, "sqlite_errorname", type(error).__name__)
    place = shown(path, 200)
    unsynced = committing and name == "SQLITE_IOERR_FSYNC"  # all is written by then, so that it may stand
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and not unsynced and _no_room(path)):
        return StoreFull(
            f"Store {place} cannot grow: {max(free_bytes(path), 0):,} bytes are free on its disk\n"
            f"Nothing was changed. Make room, then try again."
        )
    if code == sqlite3.SQLITE_IOERR and committing:
        return DispatchUncertain(
            f"Store {place}: the disk failed during a commit ({name})\n"
            f"The jobs may be stored or not; dispatch them again with the same id, which is safe."
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StoreUnusable(
            f"{place} is not a sound SQLite database: {shown(str(error), 120)}\n"
            f"It was left as it is. Set another path for the store, or restore this file from a backup."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        right = missing_right(path) or "Check the rights of the file and its folder, and whether the disk is read-only."
        return StoreUnusable(f"Store {place} cannot be written: {shown(str(error), 120)}\n{right}")
    return StoreUnusable(
        f"Store {place} cannot be used: {shown(str(error), 200)} ({name})\n"
        f"Check the disk and the file: sqlite3 {place} 'PRAGMA integrity_check'"
    )


def _primary(error: sqlite3.Error) -> int:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF if isinstance(code, int) else sqlite3.SQLITE_ERROR


def _no_room(path: str) -> bool:
    limited = resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY
    return limited or 0 <= free_bytes(path) < _FULL
