"""The bookmarks in their database, by a connection for each request and each job: it ends with the app context."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flask import Flask, current_app, g

SCHEMA = "CREATE TABLE IF NOT EXISTS bookmarks (id INTEGER PRIMARY KEY, url TEXT NOT NULL, title TEXT)"


@dataclass(frozen=True)
class Bookmark:
    """An address, and the title of its page once that was read."""

    id: int
    url: str
    title: str | None


def prepare(app: Flask) -> None:
    """Make the table where it is not there, and see to it that connections are closed."""
    Path(_file(app)).parent.mkdir(exist_ok=True)
    app.teardown_appcontext(_close)
    with app.app_context():
        _connection().execute(SCHEMA)


def add(url: str) -> int:
    """Store a bookmark and return its id. It is there for every process when this returns: dispatch afterwards."""
    with _connection() as connection:
        return cast("int", connection.execute("INSERT INTO bookmarks (url) VALUES (?)", [url]).lastrowid)


def find(bookmark_id: int) -> Bookmark:
    """Return one bookmark; LookupError where there is none."""
    for row in _connection().execute("SELECT id, url, title FROM bookmarks WHERE id = ?", [bookmark_id]):
        return Bookmark(*row)
    raise LookupError(f"there is no bookmark {bookmark_id}")


def newest() -> list[Bookmark]:
    """Return all bookmarks, the newest first."""
    rows = _connection().execute("SELECT id, url, title FROM bookmarks ORDER BY id DESC")
    return [Bookmark(*row) for row in rows]


def give_title(bookmark_id: int, title: str) -> None:
    """Store the title of a bookmark."""
    with _connection() as connection:
        connection.execute("UPDATE bookmarks SET title = ? WHERE id = ?", [title, bookmark_id])


def _file(app: Flask) -> str:
    return cast("str", app.config["DATABASE"])


def _connection() -> sqlite3.Connection:
    if "connection" not in g:
        g.connection = sqlite3.connect(_file(current_app))
    return cast("sqlite3.Connection", g.connection)


def _close(_error: BaseException | None) -> None:
    if "connection" in g:
        _connection().close()
