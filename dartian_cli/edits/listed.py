"""Put one more string into a list or tuple of strings as its author would: sorted if it is sorted, a line each if so.

It gives splices only; who calls it proves them.
"""

import ast
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from dartian_cli.edits.source import Source, Span, Splice
from dartian_cli.errors import NotUnderstood, shown_path

if TYPE_CHECKING:
    import libcst

__all__ = ["export_key", "natural_key", "splices_into"]

_REST_OF_LINE = re.compile(r"[ \t\f]*(#[^\r\n]*)?(?=[\r\n]|\Z)")
_NUMBERS = re.compile(r"(\d+)")
_GAP = re.compile(r"(?:[ \t\f\r\n]|\\\r?\n|#[^\r\n]*)*")


Key = tuple[int, tuple[tuple[int, str], ...], str]
"""What an order compares: a rank, the parts of the name, and the name itself."""


def natural_key(name: str) -> Key:
    """Return the key by which import sorters order: without case, numbers by their value."""
    parts = _NUMBERS.split(name.lower())
    return 0, tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts), ""


def splices_into(source: Source, literal: ast.List | ast.Tuple, name: str) -> list[Splice]:
    """Return what adds ``"name"`` to a literal that is the value of an assignment at the top level."""
    if not literal.elts:
        return [_into_empty(source, literal, name)]
    node, span = _located(source, literal)
    spans = [span(element.value) for element in node.elements]
    strings = _strings(node)
    index = _position(strings, name) if strings is not None else len(spans)
    quote = _quote(source.text[spans[index - 1 if index else 0][0] :])
    written = f"{quote}{name}{quote}"
    if index == 0:
        return [_before_first(source, spans[0], written)]
    comma = _comma_after(source, node, spans, index - 1)
    return _after(source, node, spans, index - 1, comma, written)


def _strings(node: "libcst.List | libcst.Tuple") -> list[str] | None:
    """Return the items if all are plain strings."""
    import libcst

    values = [
        element.value.evaluated_value if isinstance(element.value, libcst.SimpleString) else None
        for element in node.elements
    ]
    strings = [value for value in values if isinstance(value, str)]
    return strings if len(strings) == len(values) else None


def _position(strings: Sequence[str], name: str) -> int:
    """Return where the name goes: in its place if the list is in an order we know, else at the end."""
    for key in (_listed_key, export_key, _plain_key, _folded_key):
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


def _quote(text: str) -> str:
    found = re.match(r"[rRuUbB]*(['\"])", text)
    return found[1] if found else '"'


def _located(source: Source, literal: ast.List | ast.Tuple) -> tuple["libcst.List | libcst.Tuple", Span]:
    """Return libcst's node for the literal: the one with the same first item."""
    import libcst

    module, span = source.locate()
    item = literal.elts[0]
    first = source.span_of(item.value if isinstance(item, ast.Starred) else item)[0]
    for statement in module.body:
        for small in statement.body if isinstance(statement, libcst.SimpleStatementLine) else ():
            value = small.value if isinstance(small, libcst.Assign | libcst.AnnAssign) else None
            if not isinstance(value, libcst.List | libcst.Tuple) or len(value.elements) != len(literal.elts):
                continue
            if span(value.elements[0].value)[0] == first:
                return value, span
    raise NotUnderstood(f"{shown_path(source.path)}:{literal.lineno}: too unusual a list to be edited safely")


def _into_empty(source: Source, literal: ast.List | ast.Tuple, name: str) -> Splice:
    """Open the brackets: an item a line, so that the next one is a line of its own in every diff."""
    start, end = source.span_of(literal)
    inside = source.text[start + 1 : end - 1]
    newline = source.newline_after(start)
    closing = end - 1
    if "\n" in inside or "\r" in inside:
        return Splice(source.line_start(closing), f'    "{name}",{newline}')
    if inside:
        return Splice(start + 1, f'"{name}"' + ("," if source.text[start] == "(" else ""))
    return Splice(closing, f'{newline}    "{name}",{newline}')


def _indent(source: Source, start: int) -> str | None:
    """Return the indentation of an item that begins its line, or None of one that does not."""
    before = source.text[source.line_start(start) : start]
    return before if not before.strip() else None


def _before_first(source: Source, first: tuple[int, int], written: str) -> Splice:
    indent = _indent(source, first[0])
    if indent is None:
        return Splice(first[0], f"{written}, ")
    return Splice(source.line_start(first[0]), f"{indent}{written},{source.newline_after(first[0])}")


def _comma_after(
    source: Source, node: "libcst.List | libcst.Tuple", spans: Sequence[tuple[int, int]], index: int
) -> int | None:
    """Return where the item's comma ends, or None where the last one has none."""
    import libcst

    if not isinstance(node.elements[index].comma, libcst.Comma):
        return None
    gap = _GAP.match(source.text, spans[index][1])
    return (gap.end() if gap else spans[index][1]) + 1


def _after(
    source: Source,
    node: "libcst.List | libcst.Tuple",
    spans: Sequence[tuple[int, int]],
    index: int,
    comma: int | None,
    written: str,
) -> list[Splice]:
    """Follow the item at ``index``: on a line of its own where that item has one, else on the same line."""
    end = comma if comma is not None else spans[index][1]
    indent = _indent(source, spans[index][0])
    alone = _REST_OF_LINE.match(source.text, end)
    newline = source.newline_after(spans[index][0])
    if indent is not None and alone:
        added = [Splice(alone.end(), f"{newline}{indent}{written}{',' if comma is not None else ''}")]
        return added if comma is not None else [Splice(end, ","), *added]
    is_last = index == len(spans) - 1
    if indent is not None and is_last and comma is None:
        return [Splice(end, f",{newline}{indent}{written}")]
    if comma is None:
        return [Splice(end, f", {written}")]
    lone = is_last and len(spans) == 1 and source.text[spans[0][1] : comma].strip() == ","
    ends_bare = lone and not hasattr(node, "lbracket")
    return [Splice(end, f" {written}" if ends_bare else f" {written},")]
