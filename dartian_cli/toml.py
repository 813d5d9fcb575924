"""Read TOML with errors that name the file, the line and the column. It never writes any."""

import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import TypeAlias, cast

from dartian_cli.errors import BrokenSource, shown_path
from dartian_queue.errors import shown

__all__ = ["Table", "parse_toml", "table", "tables", "texts"]

Table: TypeAlias = dict[str, object]


def parse_toml(path: PurePath | str, content: bytes) -> Table:
    """Return a file's content as a table; BrokenSource says where it is no TOML."""
    import tomllib

    if content.startswith(b"\xef\xbb\xbf"):
        raise BrokenSource(
            f"{shown_path(path)}:1: begins with a byte order mark, which no reader of TOML takes\n"
            f"Save it as UTF-8 without one."
        )
    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BrokenSource(f"{shown_path(path)}:{line}: not UTF-8, which TOML has to be\nSave it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        where = f":{place[1]}:{place[2]}" if place else ""
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise BrokenSource(f"{shown_path(path)}{where}: not valid TOML: {shown(reason)}\nCorrect that line.") from None


def table(value: object, *keys: str) -> Table:
    """Return the table under the keys, empty where there is none or something else."""
    for key in keys:
        value = cast("Table", value).get(key) if isinstance(value, dict) else None
    return cast("Table", value) if isinstance(value, dict) else {}


def texts(value: object) -> tuple[str, ...]:
    """Return the strings of a list, or a string alone; empty for anything else."""
    if isinstance(value, str):
        return (value,)
    several = cast("Iterable[object]", value) if isinstance(value, list) else ()
    return tuple(one for one in several if isinstance(one, str))


def tables(value: object) -> tuple[Table, ...]:
    """Return the tables of an array; empty for anything else."""
    several = cast("Iterable[object]", value) if isinstance(value, list) else ()
    return tuple(cast("Table", one) for one in several if isinstance(one, dict))
