"""The statements of the SQLite store, each under its name in a .sql file beside this one. It never runs any."""

import os

__all__ = ["script", "statements"]

_FOLDER = os.path.dirname(__file__)


def script(name: str) -> str:
    """Return the whole text of a file, such as the schema."""
    with open(f"{_FOLDER}/{name}.sql", encoding="utf-8") as file:
        return file.read()


def statements(name: str) -> dict[str, str]:
    """Return the statements of a file by the names in its ``-- name:`` lines."""
    sections = script(name).split("-- name: ")[1:]
    return {title.strip(): body.strip() for title, _, body in (section.partition("\n") for section in sections)}
