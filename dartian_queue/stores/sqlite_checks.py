"""Whether a SQLite store is sound: its pages, its schema, its rows, its files and the workers that have died on it.

It only looks, but for a file without a name, which it fills a little to see whether the disk takes it, and which is
gone at once. Whoever asks decides what to show and what to mend.
"""

import os
import shlex
import sqlite3
import stat
from collections.abc import Sequence

from dartian_queue.errors import shown
from dartian_queue.states import CRASH_CAP
from dartian_queue.stores.invariants import invariants
from dartian_queue.stores.sql import script, statements
from dartian_queue.stores.sqlite_files import free_bytes, missing_right
from dartian_queue.stores.sqlite_schema import MIGRATIONS
from dartian_queue.stores.sqlite_version import has_wal_reset_bug, sqlite_version
from dartian_queue.stores.store import Check, Finding

__all__ = ["of_files", "of_rows"]

_SQL = statements("checks")
_LARGE_WAL = 128 * 1024 * 1024
"""Four times the size at which a writer makes a checkpoint whatever it costs."""
_MOST_PROBLEMS = 100
_PROBE = 64 * 1024
"""Bytes that must fit on the disk: the log of one dispatch or settle, with the index pages that it touches."""
_INDEXES = ("ready", "running", "settled", "held", "ready_of_origin")


def of_rows(connection: sqlite3.Connection, path: str) -> list[Check]:
    """Check what is in the file, in one snapshot; what cannot be read at all is the connection's error."""
    pages = _pages(connection, path)
    parts = _schema(connection, path)
    if pages.findings or parts.findings:
        return [_version(), pages, parts]  # what the rows say could not be relied on
    return [
        _version(),
        pages,
        parts,
        _indexes(connection, path),
        _lanes(connection, path),
        _names(connection, path),
        *invariants(
            tries=_ids(connection, "tries"),
            crashes=_ids(connection, "crashes", CRASH_CAP),
            unleased=_ids(connection, "unleased"),
            stateless=_ids(connection, "stateless"),
        ),
    ]


def of_files(path: str, dead: Sequence[str]) -> list[Check]:
    """Check the files around it; ``dead`` are the holders whose seats or claims are still there."""
    return [_room(path), _rights(path), _wal(path), _workers(dead)]


def _version() -> Check:
    known = ", whose WAL-reset bug our own checkpoints avoid" if has_wal_reset_bug() else ""
    return Check(f"SQLite {sqlite_version()}{known}")


def _pages(connection: sqlite3.Connection, path: str) -> Check:
    title = "the file is a sound database (quick_check)"
    told = [str(row[0]) for row in connection.execute(f"PRAGMA quick_check({_MOST_PROBLEMS})")]
    if told == ["ok"]:
        return Check(title)
    problems = [line for one in told for line in one.splitlines() if not line.startswith("***")]
    place = shlex.quote(path)
    remedy = f"stop the workers, then: sqlite3 {place} .recover | sqlite3 {place}.recovered"
    many = f"{_MOST_PROBLEMS} or more" if len(problems) >= _MOST_PROBLEMS else str(len(problems))
    what = f"The file is damaged, in {many} places: {shown(problems[0], 200)}"
    why = "Its disk failed, or another program has written to it. What can be read is brought to a new file by this:"
    return Check(title, (Finding("error", what, why, remedy),))


def _schema(connection: sqlite3.Connection, path: str) -> Check:
    title = f"the schema is complete (version {len(MIGRATIONS)})"
    wanted = sqlite3.connect(":memory:")
    try:
        for migration in MIGRATIONS:
            wanted.executescript(script(migration))
        missing = _parts(wanted) - _parts(connection)
    finally:
        wanted.close()
    if not missing:
        return Check(title)
    remedy = f"make it again as dartian_queue/stores/sql/schema.sql has it: sqlite3 {shlex.quote(path)}"
    what = f"{', '.join(sorted(missing))} {'are' if len(missing) > 1 else 'is'} missing"
    return Check(title, (Finding("error", what, "Somebody has dropped a part that statements name.", remedy),))


def _parts(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute(_SQL["parts"])}


def _indexes(connection: sqlite3.Connection, path: str) -> Check:
    title = "the indexes hold every job"
    by_table, by_index = (connection.execute(_SQL[name]).fetchone() for name in ("by_table", "by_index"))
    wrong = [name for name, rows, found in zip(_INDEXES, by_table, by_index, strict=True) if rows != found]
    why = "Jobs that an index has lost are not found by it, so that they are not run or not pruned."
    remedy = f"sqlite3 {shlex.quote(path)} REINDEX"
    return Check(title, tuple(Finding("error", f"The index {name} is wrong", why, remedy) for name in wrong))


def _lanes(connection: sqlite3.Connection, path: str) -> Check:
    title = "every waiting job stands in a lane"
    astray = _ids(connection, "laneless")
    if not astray:
        return Check(title)
    what = f"{len(astray):,} waiting jobs are in a lane that does not exist, {shown(astray[0])} among them"
    statement = "UPDATE jobs SET lane = 0 WHERE state = 0 AND lane NOT IN (SELECT lane FROM lanes)"
    remedy = f'sqlite3 {shlex.quote(path)} "{statement}"'
    return Check(title, (Finding("error", what, "No worker finds them there; lane 0 is lined up anew.", remedy),))


def _names(connection: sqlite3.Connection, path: str) -> Check:
    title = "every job has an id that can be typed"
    misnamed = _ids(connection, "misnamed")
    if not misnamed:
        return Check(title)
    jobs = "1 job has" if len(misnamed) == 1 else f"{len(misnamed):,} jobs have"
    what = f"{jobs} an id that no dispatch gives: {', '.join(map(shown, misnamed[:3]))}"
    why = "Somebody has edited it. No worker runs such a job and no command finds it; this gives it another id:"
    statement = " ".join(_SQL["rename_misnamed"].split())
    remedy = f'sqlite3 {shlex.quote(path)} "{statement}"'
    return Check(title, (Finding("error", what, why, remedy),))


def _ids(connection: sqlite3.Connection, name: str, *values: object) -> list[str]:
    return [str(id_) for (id_,) in connection.execute(_SQL[name], values)]


def _room(path: str) -> Check:
    """Try, since free bytes alone say nothing of quotas and limits."""
    from tempfile import TemporaryFile

    title = "its disk has room for more jobs"
    folder = os.path.dirname(path)
    try:
        with TemporaryFile(dir=folder, buffering=0) as file:
            written = file.write(b"\0" * _PROBE)
            if written == _PROBE:
                return Check(title)
        reason = f"of {_PROBE:,} bytes it took {written:,}"
    except OSError as error:
        reason = error.strerror or str(error)
    what = f"The store cannot be written: {reason}; {max(free_bytes(path), 0):,} bytes are free on its disk"
    why = "Nothing can be dispatched, and workers cannot settle the jobs that they have run."
    remedy = missing_right(path) or f"make room there, then look again: df -h {shlex.quote(folder)}"
    return Check(title, (Finding("error", what, why, remedy),))


def _rights(path: str) -> Check:
    """Payloads and errors are for the owner alone, in the file and in the WAL, and so is who may replace them.

    A file that its group may read and write, and nobody else, was meant for the group: no umask makes one so.
    """
    is_shared = _mode(path) & 0o077 == 0o060
    kept_from = 0o007 if is_shared else 0o077
    found: list[Finding] = []
    for place in (path, f"{path}-wal", f"{path}-shm"):
        mode = _mode(place)
        if mode & kept_from:
            why = "Others on this machine can read what jobs carry, or change it."
            found.append(_too_open(place, mode, 0o666 & ~kept_from, why))
    folder = os.path.dirname(path)
    for place in (folder, f"{path}-workers"):
        mode = _mode(place)
        if (alien := mode & 0o022 & kept_from) and not mode & stat.S_ISVTX:
            found.append(_too_open(place, mode, mode & ~alien, "Others on this machine can put another file there."))
    return Check(f"the store is its {'group' if is_shared else 'owner'}'s alone", tuple(found))


def _too_open(place: str, mode: int, wanted: int, why: str) -> Finding:
    what = f"{shown(place, 200)} has the rights {mode & 0o777:03o}"
    return Finding("warning", what, why, f"chmod {wanted & 0o777:o} {shlex.quote(place)}")


def _mode(path: str) -> int:
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except OSError:
        return 0


def _wal(path: str) -> Check:
    title = "the write-ahead log is small"
    try:
        size = os.stat(f"{path}-wal").st_size
    except OSError:
        return Check(title)
    if size <= _LARGE_WAL:
        return Check(title)
    what = f"The write-ahead log has {size // 1_000_000:,} MB"
    why = "Some program reads the store and does not end, so that no checkpoint can begin the log anew."
    return Check(title, (Finding("warning", what, why, f"fuser {shlex.quote(path)}"),))


def _workers(dead: Sequence[str]) -> Check:
    title = "no worker has died without another to take over"
    if not dead:
        return Check(title)
    pids = ", ".join(shown(holder.partition("-")[0]) for holder in dead[:5])
    what = f"{len(dead)} dead worker{'s' if len(dead) > 1 else ''} left files or claims (pid {pids})"
    why = "The next worker takes its jobs over and removes its files; none has come since."
    return Check(title, (Finding("warning", what, why, "dartian queue:work --stop-when-empty"),))
