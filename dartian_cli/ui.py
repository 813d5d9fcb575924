"""All that the command line prints goes through here: text, tables, diffs, questions, JSON, errors.

Values that come from data are escaped here, so that no job's name can move a cursor. Styles are ANSI codes of
our own: rich would add 50 ms to every command that prints a line. The worker's display draws by itself.
"""

import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from typing import Literal, TextIO, TypeAlias

from dartian_queue.errors import shown, without_passwords

__all__ = [
    "Cell",
    "Style",
    "ask",
    "cells",
    "coloured",
    "complain",
    "cut",
    "cut_front",
    "diff",
    "emit",
    "emit_line",
    "escaped",
    "facts",
    "interactive",
    "note",
    "prepare",
    "printed",
    "say",
    "styled",
    "table",
    "width",
]

Style: TypeAlias = Literal["", "bold", "dim", "red", "green", "yellow", "cyan", "magenta"]
Cell: TypeAlias = "str | tuple[str, Style]"
"""What stands in a table, perhaps with its style."""

_CODES: dict[str, str] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "magenta": "35",
    "cyan": "36",
}
_GAP = "  "
_NARROWEST = 8
"""A column that has to give way keeps so many cells."""
_JOINER = "\u200d"
"""Joins emoji into one; it is not printable by itself, and harmless."""


def prepare() -> None:
    """Let no output fail for want of a stream or a character: what the encoding lacks is written as an escape."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _open_what_is_closed() -> None:
    """Put /dev/null where a standard stream was closed (``>&-``): the next file opened would take its number."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            os.dup2(opened, descriptor)
            if opened != descriptor:
                os.close(opened)
            mode = "w" if descriptor else "r"
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))


def escaped(text: str) -> str:
    """Return text from data as it may be shown: on one line, nothing that a terminal obeys, no change of direction."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter == _JOINER else shown(letter) for letter in text)


def cells(text: str) -> int:
    """Return how many columns the text takes: an ideogram or an emoji takes two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, size: int) -> str:
    """Return the text in at most ``size`` columns, with an ellipsis where something is missing."""
    if cells(text) <= size:
        return text
    if size <= 0:
        return ""
    text = text[: 4 * size]  # a column may hold several characters, but few do
    while cells(text) > size - 1:
        text = text[:-1]
    return f"{text}…"


def cut_front(text: str, size: int) -> str:
    """Return the end of the text in at most ``size`` columns, with an ellipsis where something is missing before it."""
    if cells(text) <= size:
        return text
    if size <= 0:
        return ""
    text = text[-4 * size :]
    while cells(text) > size - 1:
        text = text[1:]
    return f"…{text}"


def coloured(stream: TextIO) -> bool:
    """Say whether the stream shows colours: a terminal that has them, and nobody who asked for none."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def styled(text: str, style: Style, stream: TextIO | None = None) -> str:
    """Return the text in a style, where the stream (standard output) shows styles."""
    if not style or not coloured(stream or sys.stdout):
        return text
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def interactive() -> bool:
    """Say whether there is a person who can answer a question."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def width() -> int | None:
    """Return the columns of the terminal; None where standard output is none, and nothing has to fit."""
    if not sys.stdout.isatty():
        return None
    import shutil

    return max(shutil.get_terminal_size().columns, 20)


def say(text: str = "", style: Style = "") -> None:
    """Print one line or more, as they are: data in them was escaped by whoever wrote them."""
    print(styled(text, style))


def note(text: str) -> None:
    """Print a remark on standard error, so that standard output stays clean for what was asked.

    It may be a traceback, whose lines of source may hold a URL with its password; that is not shown.
    """
    print(without_passwords(text), file=sys.stderr)


def complain(message: str) -> None:
    """Print an error: ``error: what is wrong``, and what to do in the lines after it."""
    first, _, rest = without_passwords(message).partition("\n")
    lines = [f"{styled('error:', 'red', sys.stderr)} {escaped(first)}"]
    lines += [f"  {escaped(line)}" for line in rest.splitlines()]
    print("\n".join(lines), file=sys.stderr)


def emit(data: object) -> None:
    """Print data as indented JSON."""
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())


def emit_line(data: object) -> None:
    """Print data as one line of JSON, at once."""
    import msgspec

    print(msgspec.json.encode(data).decode(), flush=True)


def printed(show: Callable[[], None]) -> list[str]:
    """Return the lines that ``show`` prints, with the styles and the width that they have on standard output."""
    page = _Page(sys.stdout)
    with redirect_stdout(page):
        show()
    return page.getvalue().splitlines()


class _Page(io.StringIO):
    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def isatty(self) -> bool:
        return self._stream.isatty()


def table(
    headings: Sequence[str], rows: Sequence[Sequence[Cell]], *, right: Iterable[int] = (), gives: Sequence[int] = ()
) -> None:
    """Print an aligned table, every cell escaped.

    ``right`` are the columns of numbers. On a terminal that is too narrow the columns ``gives`` are cut, the widest
    first; anywhere else nothing is. A row of fewer cells than columns continues the one above: its last cell may run to
    the end of the line, and is cut at its front, since it is a place, whose end says most.
    """
    texts = [[_split(cell) for cell in row] for row in rows]
    full = [row for row in texts if len(row) == len(headings)]
    widths = [
        max([cells(heading), *(cells(row[column][0]) for row in full)]) for column, heading in enumerate(headings)
    ]
    if (limit := width()) is not None:
        _narrow(widths, sum(widths) + len(_GAP) * (len(widths) - 1) - limit, gives)
    rightward = set(right)
    head: list[tuple[str, Style]] = [(heading, "dim") for heading in headings]
    for row in (head, *texts):
        whole = row if len(row) == len(headings) else row[:-1]
        fitted = [
            _fitted(text, style, widths[column], column in rightward) for column, (text, style) in enumerate(whole)
        ]
        if len(whole) < len(row):
            text, style = row[-1]
            room = None if limit is None else limit - sum(widths[: len(whole)]) - len(_GAP) * len(whole)
            fitted.append(styled(text if room is None else cut_front(text, room), style))
        print(_GAP.join(fitted).rstrip())


def facts(pairs: Sequence[tuple[str, Cell]]) -> None:
    """Print names and what is so, one a line, the values in one column."""
    longest = max(len(name) for name, _ in pairs)
    for name, cell in pairs:
        text, style = _split(cell)
        print(f"{styled(name.ljust(longest), 'dim')}{_GAP}{styled(text, style)}".rstrip())


def diff(text: str) -> None:
    """Print a unified diff, coloured where that shows."""
    styles: dict[str, Style] = {"+": "green", "-": "red", "@": "cyan"}
    for line in text.splitlines():
        header = line.startswith(("+++", "---"))
        say(escaped(line.replace("\t", "    ")), "bold" if header else styles.get(line[:1], ""))


def ask(question: str, choices: Sequence[str] = (), *, optional: bool = False) -> str:
    """Return what the person answers: any text, or one of the choices by its first letters.

    An empty answer to choices is the first of them, and is asked again elsewhere unless it is ``optional``. The end
    of input is as Ctrl-C.
    """
    offer = f" [{'/'.join(choices)}]" if choices else ""
    while True:
        try:
            answer = input(f"{question}{offer} ").strip()
        except EOFError:
            print()
            raise KeyboardInterrupt from None
        if not choices and (answer or optional):
            return answer
        if chosen := [choice for choice in choices if choice.startswith(answer.lower())]:
            return chosen[0]


def _split(cell: Cell) -> tuple[str, Style]:
    if isinstance(cell, str):
        return escaped(cell), ""
    text, style = cell
    return escaped(text), style


def _narrow(widths: list[int], excess: int, gives: Sequence[int]) -> None:
    """Take what is too much from the columns that may be cut, from the widest one cell after the other."""
    while excess > 0 and (wide := [column for column in gives if widths[column] > _NARROWEST]):
        widths[max(wide, key=widths.__getitem__)] -= 1
        excess -= 1


def _fitted(text: str, style: Style, size: int, rightward: bool) -> str:
    text = cut(text, size)
    space = " " * (size - cells(text))
    return space + styled(text, style) if rightward else styled(text, style) + space
