"""The statements of the SQLite store, each under its name in a .sql file beside this one. It never runs any."""

import os

__all__ = ["script", "statements"]

_FOLDER = os.path.dirname(__file__)


def script(name: str) -> str:
    """Return the whole text of a file, such as the schema."""
    with open(f"{_FOLDER}/{name}.sql", encoding="utf-8") as file:
        return file.read()


def statements(name: str) -> dict[str, str]:
    """Return the statements of a file by the names in its ``-- name:`` lines.

    A line ``-- where TOKEN is ...`` above them gives an expression a name, by which the statements call it.
    """
    head, *sections = script(name).split("-- name: ")
    found = {title.strip(): body.strip() for title, _, body in (section.partition("\n") for section in sections)}
    for line in head.splitlines():
        if line.startswith("-- where "):
            word, _, meaning = line.removeprefix("-- where ").partition(" is ")
            found = {title: body.replace(word, meaning) for title, body in found.items()}
    return found
