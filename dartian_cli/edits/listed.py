"""Put one more item between commas as its author would: sorted if they are sorted, a line each if so.

The items are the strings of a list or tuple, or the names of an import. It gives splices only; who calls it proves
them.
"""

import ast
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from dartian_cli.edits.analysis import Analysis, Span
from dartian_cli.edits.source import Source, Splice
from dartian_cli.errors import NotUnderstood, shown_path
from dartian_cli.literals import quoted
from dartian_cli.style import Style

if TYPE_CHECKING:
    import libcst

__all__ = [
    "EXPORT_ORDERS",
    "IMPORT_ORDERS",
    "Key",
    "export_key",
    "list_of_one",
    "natural_key",
    "splices_into",
    "splices_into_import",
]

_REST_OF_LINE = re.compile(r"[ \t\f]*(#[^\r\n]*)?(?=[\r\n]|\Z)")
_NUMBERS = re.compile(r"(\d+)")
_GAP = re.compile(r"(?:[ \t\f\r\n]|\\(?:\r\n?|\n)|#[^\r\n]*)*")


Key = tuple[int, tuple[tuple[int, str], ...], str]
"""What an order compares: a rank, the parts of the name, and the name itself."""
Order: TypeAlias = Callable[[str], Key]


def natural_key(name: str) -> Key:
    """Return the key by which import sorters order: without case, numbers by their value."""
    parts = _NUMBERS.split(name.lower())
    return 0, tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts), ""


class _Row(msgspec.Struct, frozen=True):
    """Items between commas, as they stand in the file."""

    spans: list[tuple[int, int]]
    commas: list[int | None]
    """Where the comma after each item ends."""
    is_bare: bool
    """Whether no brackets are around them, so that a line cannot end between two."""
    statement: tuple[int, int]
    """The whole of the statement, which is nothing but a name and these items; else the items only."""


def list_of_one(name: str, style: Style, newline: str = "\n") -> str:
    """Return the list of this one string: open, so that the next one is a line of its own in every diff.

    Where a comma in the end keeps no list open, it is closed.
    """
    written = quoted(name, style.quote)
    return f"[{newline}{style.indent}{written},{newline}]" if style.magic_comma else f"[{written}]"


def splices_into(source: Source, literal: ast.List | ast.Tuple, name: str, style: Style) -> list[Splice]:
    """Return what adds ``"name"`` to a literal that is, or is part of, the value of ``__all__``."""
    if not literal.elts:
        return [_into_empty(source, literal, name, style)]
    row = _row_of(source, literal)
    strings = [item.value if isinstance(item, ast.Constant) else None for item in literal.elts]
    known = [string for string in strings if isinstance(string, str)]
    index = _position(known, name, EXPORT_ORDERS) if len(known) == len(strings) else len(strings)
    quote = _quote(source.text[row.spans[index - 1 if index else 0][0] :])
    return _splices(source, row, index, f"{quote}{name}{quote}", style)


def splices_into_import(source: Source, statement: ast.ImportFrom, name: str, style: Style) -> list[Splice]:
    """Return what adds a name to those that an import at the top level takes from its module."""
    start, end = source.span_of(statement)
    spans = [source.span_of(alias) for alias in statement.names]
    is_bare = "(" not in source.text[start : spans[0][0]]
    commas = [_comma(source, last) for _, last in spans]
    names = [alias.name for alias in statement.names]
    index = _position(names, name, IMPORT_ORDERS)
    return _splices(source, _Row(spans, commas, is_bare, (start, end)), index, name, style)


def _row_of(source: Source, literal: ast.List | ast.Tuple) -> _Row:
    import libcst

    start, end = source.span_of(literal)
    node, span = _parsed(source, literal, source.text[start:end])
    value = node.value if isinstance(node, libcst.Expr) else None
    if not isinstance(value, libcst.List | libcst.Tuple) or len(value.elements) != len(literal.elts):
        raise _unusual(source, literal)
    if any(getattr(element.value, "lpar", ()) for element in value.elements):  # which a place leaves out
        raise _unusual(source, literal)
    items = [(start + first, start + last) for first, last in (span(element.value) for element in value.elements)]
    is_bare = isinstance(value, libcst.Tuple) and not value.lpar
    whole = (start, end)
    for statement in source.tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is literal:
            whole = source.span_of(statement)
    return _Row(items, [_comma(source, last) for _, last in items], is_bare, whole)


def _parsed(source: Source, literal: ast.expr, text: str) -> tuple["libcst.BaseSmallStatement", Span]:
    """Return libcst's tree of this piece alone, whatever the rest of the file holds, and the places in it."""
    import libcst

    analysis = Analysis(Source(source.path, text.encode("utf-8")))
    module = analysis.module
    line = module.body[0] if len(module.body) == 1 else None
    if not isinstance(line, libcst.SimpleStatementLine) or len(line.body) != 1:
        raise _unusual(source, literal)

    def placed(node: "libcst.CSTNode") -> tuple[int, int]:
        try:
            return analysis.span(node)
        except NotUnderstood:
            raise _unusual(source, literal) from None

    return line.body[0], placed


def _unusual(source: Source, node: ast.expr | ast.stmt) -> NotUnderstood:
    return NotUnderstood(f"{shown_path(source.path)}:{node.lineno}: too unusual a list to be edited safely")


def _comma(source: Source, end: int) -> int | None:
    """Return where the comma ends that follows an item, or None where there is none."""
    gap = _GAP.match(source.text, end)
    at = gap.end() if gap else end
    return at + 1 if source.text[at : at + 1] == "," else None


def _splices(source: Source, row: _Row, index: int, written: str, style: Style) -> list[Splice]:
    """Put the item before the one at ``index``, or at the end."""
    length = style.line_length
    needed = row.statement[1] - row.statement[0] + len(written) + 2
    is_too_long = needed - len(written) - 2 <= length < needed
    if (is_too_long or (index == 0 and _is_lone(source, row))) and _is_on_one_line(source, row):
        return _a_line_each(source, row, index, written, style.indent)
    if index == 0:
        return [_before_first(source, row, written)]
    return _after(source, row, index - 1, written, length)


def _position(strings: Sequence[str], name: str, orders: Sequence[Order]) -> int:
    """Return where the name goes: in its place if the list is in an order we know, else at the end."""
    for key in orders:
        keys = [key(string) for string in strings]
        if all(earlier <= later for earlier, later in pairwise(keys)):
            return sum(1 for present in keys if present <= key(name))
    return len(strings)


def export_key(name: str) -> Key:
    """Order as the linters order the names of an import: constants, classes, the rest; each as a person counts."""
    return _kind(name), natural_key(name)[1], name


def _listed_key(name: str) -> Key:
    """Order as ruff orders ``__all__`` (RUF022): as the names of an import, but capitals first."""
    parts = tuple((int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBERS.split(name))
    return _kind(name), parts, name


def _kind(name: str) -> int:
    return 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2


def _plain_key(name: str) -> Key:
    return 0, (), name


def _folded_key(name: str) -> Key:
    return 0, (), name.lower()


IMPORT_ORDERS: tuple[Order, ...] = (export_key, _plain_key, _folded_key)
"""In which the names of an import may stand; the likeliest comes first."""
EXPORT_ORDERS: tuple[Order, ...] = (_listed_key, *IMPORT_ORDERS)
"""In which those of ``__all__`` may."""


def _quote(text: str) -> str:
    found = re.match(r"[rRuUbB]*(['\"])", text)
    return found[1] if found else '"'


def _into_empty(source: Source, literal: ast.List | ast.Tuple, name: str, style: Style) -> Splice:
    """Open the brackets where nothing is in them, else put the name where the author has left room."""
    start, end = source.span_of(literal)
    inside = source.text[start + 1 : end - 1]
    newline, written = source.newline_after(start), quoted(name, style.quote)
    closing = end - 1
    if "\n" in inside or "\r" in inside:
        return Splice(source.line_start(closing), f"{style.indent}{written},{newline}")
    is_tuple = source.text[start] == "("
    if inside or is_tuple:
        return Splice(start + 1, written + ("," if is_tuple else ""))
    return Splice(closing, list_of_one(name, style, newline)[1:-1])


def _indent(source: Source, start: int) -> str | None:
    """Return the indentation of an item that begins its line, or None of one that does not."""
    before = source.text[source.line_start(start) : start]
    return before.replace("\f", "") if not before.strip() else None


def _before_first(source: Source, row: _Row, written: str) -> Splice:
    first = row.spans[0][0]
    indent = None if row.is_bare else _indent(source, first)
    if indent is None:
        return Splice(first, f"{written}, ")
    return Splice(source.above_comments(first), f"{indent}{written},{source.newline_after(first)}")


def _after(source: Source, row: _Row, index: int, written: str, length: int) -> list[Splice]:
    """Follow the item at ``index``: on a line of its own where that item has one, else on the same line."""
    start, item_end = row.spans[index]
    comma = row.commas[index]
    end = comma if comma is not None else item_end
    indent = None if row.is_bare else _indent(source, start)
    newline = source.newline_after(start)
    alone = _REST_OF_LINE.match(source.text, end)
    if indent is not None and alone:
        ends = "," if comma is not None or len(row.spans) == 1 else ""
        added = [Splice(alone.end(), f"{newline}{indent}{written}{ends}")]
        return added if comma is not None else [Splice(end, ","), *added]
    is_last = index == len(row.spans) - 1
    if indent is not None and is_last and comma is None:
        return [Splice(end, f",{newline}{indent}{written}")]
    apart = " "
    line_start = source.line_start(end)
    longer = source.line_end(end) - line_start + len(written) + 2
    if not row.is_bare and line_start > row.statement[0] and longer > length:
        before = source.text[line_start:end]
        apart = newline + before[: len(before) - len(before.lstrip())].replace("\f", "")
    if comma is None:
        return [Splice(end, f",{apart}{written}")]
    return [Splice(end, f"{apart}{written}" if is_last and _is_lone(source, row) else f"{apart}{written},")]


def _is_lone(source: Source, row: _Row) -> bool:
    """Return whether the items are a tuple of one, whose comma is no style but Python's."""
    return len(row.spans) == 1 and row.commas[0] is not None and source.text[row.commas[0] :].lstrip()[:1] != "]"


def _is_on_one_line(source: Source, row: _Row) -> bool:
    """Return whether the items stand on one line, in a way that can be broken.

    Not where a formatter was told to keep off, and not where the items are but a part of the value.
    """
    start, end = row.statement
    if start == row.spans[0][0] or source.line_start(start) != source.line_start(end) or source.is_kept(start):
        return False
    if any(source.text[last:first] != ", " for (_, last), (first, _) in pairwise(row.spans)):
        return False
    if row.commas[-1] is not None and not _is_lone(source, row):
        return False
    is_tight = row.is_bare or source.text[row.spans[0][0] - 1] in "[("
    is_all = (row.commas[-1] or row.spans[-1][1]) + (not row.is_bare) == end
    return is_tight and is_all and bool(_REST_OF_LINE.match(source.text, end))


def _a_line_each(source: Source, row: _Row, index: int, written: str, indent: str) -> list[Splice]:
    """Break a line as formatters do, where the space after each comma is."""
    newline = source.newline_after(row.statement[0])
    opens, closes = ("(", ")") if row.is_bare else ("", "")
    splices = [Splice(row.spans[0][0], f"{opens}{newline}{indent}")]
    for place, (start, end) in enumerate(row.spans):
        if place == index:
            splices.append(Splice(start, f"{written},{newline}{indent}"))
        if place < len(row.spans) - 1:
            splices.append(Splice(end + 1, f"{newline}{indent}", taken=1))
    added = f"{newline}{indent}{written}," if index == len(row.spans) else ""
    if (comma := row.commas[-1]) is not None:
        return [*splices, Splice(comma, f"{added}{newline}{closes}")]
    return [*splices, Splice(row.spans[-1][1], f",{added}{newline}{closes}")]
