"""The bare table of the limits: jobs of 200 bytes, and one index over those that wait."""

import sqlite3
from pathlib import Path
from typing import Literal, TypeAlias

__all__ = ["INSERT", "Synchronous", "open_table"]

Synchronous: TypeAlias = Literal["NORMAL", "FULL"]

INSERT = "INSERT INTO jobs (queue, run_at, payload) VALUES ('default', ?, ?)"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY, queue TEXT NOT NULL, state INTEGER NOT NULL DEFAULT 0, run_at INTEGER NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, lease_until INTEGER, payload BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS ready ON jobs (queue, priority DESC, run_at, id) WHERE state = 0;
"""


def open_table(path: Path, synchronous: Synchronous) -> sqlite3.Connection:
    """Open it, and make it where it is missing; each statement is a transaction unless one is begun."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=10.0, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.executescript(_SCHEMA)
    return connection
