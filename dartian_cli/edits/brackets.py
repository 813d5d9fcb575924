"""What stands between two brackets, item by item: one more put behind the last as its author would, some taken out.

It gives splices only; who calls it proves them.
"""

import tokenize
from collections.abc import Iterable, Iterator
from io import StringIO

import msgspec

from dartian_cli.edits.source import Source, Splice

__all__ = ["Brackets", "append", "read_brackets", "take_out"]


class Brackets(msgspec.Struct, frozen=True):
    """A pair of brackets, with the items that commas divide. All places are characters of the file's text."""

    opening: int
    closing: int
    items: tuple[tuple[int, int], ...]
    """Where each item begins and ends, without the space and the comments around it."""
    commas: tuple[int, ...]
    """Where each comma is. There are as many as items, or one less."""

    def spans_lines(self, source: Source) -> bool:
        """Return whether the closing bracket is on a later line than the opening one."""
        return source.line_start(self.opening) != source.line_start(self.closing)


def read_brackets(source: Source, opening: int) -> Brackets:
    """Return what is between the bracket at ``opening`` and the one that closes it."""
    text = source.text[opening:].replace("\r\n", " \n").replace("\r", "\n")  # of the same length, for the tokenizer
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    depth, begins, ends = 0, -1, -1
    items: list[tuple[int, int]] = []
    commas: list[int] = []
    for token in tokenize.generate_tokens(StringIO(text).readline):
        if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            continue
        at = opening + starts[token.start[0] - 1] + token.start[1]
        depth += (token.string in "([{") - (token.string in ")]}") if token.type == tokenize.OP else 0
        if depth == 0 or (depth == 1 and token.string == "," and token.type == tokenize.OP):
            if begins >= 0:
                items.append((begins, ends))
            if depth == 0:
                return Brackets(opening, at, tuple(items), tuple(commas))
            commas.append(at)
            begins = -1
        elif at > opening:
            begins = at if begins < 0 else begins
            ends = opening + starts[token.end[0] - 1] + token.end[1]
    raise AssertionError(f"{source.path} has been parsed, so its brackets close")


def append(source: Source, brackets: Brackets, item: str) -> list[Splice]:
    """Return what puts ``item`` behind the last one: on a line of its own where that one has one, else beside it."""
    if not brackets.items:
        inside = source.text[brackets.opening + 1 : brackets.closing]
        return [Splice(brackets.opening + 1, item)] if not inside.strip() else _on_a_line(source, brackets, item)
    start, end = brackets.items[-1]
    ends_in_comma = len(brackets.commas) == len(brackets.items)
    after = brackets.commas[-1] + 1 if ends_in_comma else end
    indent = source.text[source.line_start(start) : start]
    if indent.strip() or source.line_start(start) <= brackets.opening:
        lone = ends_in_comma and len(brackets.items) == 1 and not brackets.spans_lines(source)
        return [Splice(after, f" {item}" if lone else f" {item}," if ends_in_comma else f", {item}")]
    added = f"{source.newline_after(start)}{indent}{item}{',' if ends_in_comma else ''}"
    if ends_in_comma:
        return [Splice(source.line_end(after), added)]
    if source.line_end(end) > brackets.closing:  # the bracket is on the same line
        return [Splice(end, f",{added}")]
    return [Splice(end, ","), Splice(source.line_end(end), added)]


def take_out(source: Source, brackets: Brackets, indexes: Iterable[int]) -> list[Splice]:
    """Return what takes items out with their commas, and with their lines and comments where they have lines."""
    taken = set(indexes)
    if len(taken) == len(brackets.items):
        return [Splice(brackets.opening + 1, "", taken=brackets.closing - brackets.opening - 1)]
    return [_without_run(source, brackets, first, last) for first, last in _runs(taken)]


def _runs(indexes: set[int]) -> Iterator[tuple[int, int]]:
    for first in sorted(indexes):
        if first - 1 not in indexes:
            last = first
            while last + 1 in indexes:
                last += 1
            yield first, last


def _without_run(source: Source, brackets: Brackets, first: int, last: int) -> Splice:
    start, end = brackets.items[first][0], brackets.items[last][1]
    comma = brackets.commas[last] if last < len(brackets.commas) else None
    after = end if comma is None else comma + 1
    line, rest = source.line_start(start), source.text[after : source.line_end(after)].strip()
    if not source.text[line:start].strip() and (not rest or rest.startswith("#")):
        return Splice(line, "", taken=source.next_line(after) - line)
    following = brackets.items[last + 1][0] if last + 1 < len(brackets.items) else None
    if following is not None and (not first or source.line_start(following) <= start):
        return Splice(start, "", taken=following - start)
    before = brackets.commas[first - 1]
    return Splice(before, "", taken=(end if comma is None else comma) - before)


def _on_a_line(source: Source, brackets: Brackets, item: str) -> list[Splice]:
    """Follow comments that stand alone between the brackets."""
    start = source.line_start(brackets.closing)
    return [Splice(start, f"    {item},{source.newline_after(brackets.opening)}")]
