"""The schema of the SQLite store and its version: created, carried forward, or refused and left untouched."""

import sqlite3

from dartian_queue.errors import StoreUnusable, shown
from dartian_queue.stores.sql import script
from dartian_queue.stores.sqlite_files import sync_names

__all__ = ["APPLICATION_ID", "MIGRATIONS", "check_schema", "migrate"]

APPLICATION_ID = 0x4452544E
"""``DRTN``: how SQLite's header and ``file`` know a store of ours."""
MIGRATIONS: list[str] = ["schema", "claimed_at"]
"""The scripts that lead from each version to the next; the first makes an empty file version 1."""
_OLDEST_SQLITE = (3, 35, 0)


def check_schema(connection: sqlite3.Connection, path: str) -> bool:
    """Return whether the file that was just opened has the version of this code; StoreUnusable if it is none of ours.

    False is an empty file, or an older version, which :func:`migrate` brings up to date.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StoreUnusable(f"SQLite {sqlite3.sqlite_version} is too old for a store: 3.35 or newer is needed")
    connection.execute("BEGIN")  # one snapshot, since another process may be making the very same file
    try:
        version = _version(connection, path)
    finally:
        connection.execute("ROLLBACK")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreUnusable(f"Store {shown(path, 200)} cannot use a write-ahead log on this file system ({mode})")
    return version == len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the file to the version of this code, in one transaction; a crash in it leaves the version that was there.

    Whoever calls holds the writer's lock, since older processes may be writing.
    """
    sync_names(path)  # before the schema is there, without which nobody can dispatch
    connection.execute("BEGIN IMMEDIATE")
    try:
        for migration in MIGRATIONS[_version(connection, path) :]:  # read again: another process may have been faster
            for statement in _split(script(migration)):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: str) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application == APPLICATION_ID and version > len(MIGRATIONS):
        raise StoreUnusable(
            f"Store {shown(path, 200)} was written by a newer Dartian (version {version} of the schema, this one knows "
            f"{len(MIGRATIONS)})\nIt was left as it is. Upgrade with pip install -U dartian, or set another path."
        )
    if application != APPLICATION_ID and connection.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
        raise StoreUnusable(
            f"{shown(path, 200)} is a SQLite database, but not a store of Dartian's\n"
            f"It was left as it is. Set another path for the store."
        )
    return int(version) if application == APPLICATION_ID else 0


def _split(text: str) -> list[str]:
    """Return the statements of a script; ``executescript`` would commit each on its own."""
    statements: list[str] = []
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            statements.append(statement)
            statement = ""
    return statements
