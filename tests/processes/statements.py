"""Notes the statements that SQLite carries out, from outside: the product knows nothing of it."""

import sqlite3
from collections.abc import Callable

connect = sqlite3.connect


def noting(into: list[str]) -> Callable[..., sqlite3.Connection]:
    """Return a ``sqlite3.connect`` whose connections note every statement in ``into``."""

    def connect_noting(path: str, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(path, **options)  # type: ignore[call-overload]
        connection.set_trace_callback(into.append)
        return connection

    return connect_noting
