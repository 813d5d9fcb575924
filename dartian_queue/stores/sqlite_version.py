"""Which SQLite this Python brings, and what is known to be wrong with it. It opens no file."""

import sqlite3

__all__ = ["has_wal_reset_bug", "sqlite_version"]

Version = tuple[int, int, int]

_FIRST_WITH_BUG: Version = (3, 7, 0)
_FIRST_WITHOUT_BUG: Version = (3, 51, 3)
_MENDED_LINES: dict[tuple[int, int], Version] = {(3, 50): (3, 50, 7), (3, 44): (3, 44, 6)}
"""Older lines that got the repair, from this version on."""


def sqlite_version() -> str:
    """Return the version of the SQLite library, such as ``3.40.1``."""
    return sqlite3.sqlite_version


def has_wal_reset_bug(version: Version = sqlite3.sqlite_version_info[:3]) -> bool:
    """Tell whether this SQLite can corrupt a file when a checkpoint races with a commit that resets the WAL.

    See sqlite.org/wal.html. Our stores run with their own checkpoints, under the writer's lock, which keeps the two
    apart; other programs that open the same file may not.
    """
    if not _FIRST_WITH_BUG <= version < _FIRST_WITHOUT_BUG:
        return False
    mended = _MENDED_LINES.get(version[:2])
    return mended is None or version < mended
