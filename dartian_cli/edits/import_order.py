"""Keep sorted what was sorted before an edit wrote other words into it: imports, the names in one, and ``__all__``.

What was in no order that sorters know stays as it is, and so does a file in which a sorter was told to keep off.
"""

import ast
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TypeAlias

import msgspec

from dartian_cli.edits.exports import exports_of
from dartian_cli.edits.import_blocks import Place, has_marks, place_of
from dartian_cli.edits.listed import EXPORT_ORDERS, IMPORT_ORDERS, Key
from dartian_cli.edits.scope import text_of
from dartian_cli.edits.source import Source, Splice
from dartian_cli.errors import NotUnderstood

__all__ = ["sorted_again"]

_Import: TypeAlias = ast.Import | ast.ImportFrom


class _Row(msgspec.Struct, frozen=True):
    """Pieces of text of which each may stand in the place of any other."""

    spans: list[tuple[int, int]]
    keys: "list[list[Key]] | list[list[Place]]"
    """For each order that sorters know, what it compares of each piece."""

    @property
    def orders(self) -> list[list[int]]:
        """For each order, the pieces as it wants them."""
        return [sorted(range(len(self.spans)), key=keys.__getitem__) for keys in self.keys]


def sorted_again(before: Source, content: bytes, own: frozenset[str]) -> bytes:
    """Return an edited file with everything in order that was in order before; the same bytes where that holds.

    The edit must have changed words only. ``own`` are the first names of the project's modules.
    """
    if has_marks(before):
        return content
    try:
        for rows in (_names, partial(_lines, own=own)):
            after = Source(before.path, content)
            pairs = zip(rows(before), rows(after), strict=True)
            splices = [splice for was, now in pairs for splice in _exchanged(after, was, now)]
            content = after.spliced(splices, _differ_by_order_only) if splices else content
    except NotUnderstood:  # as it is it says the same
        return content
    return content


def _exchanged(after: Source, was: _Row, now: _Row) -> list[Splice]:
    """Put each piece where an order wants it that the row had before, unless it still has one of those."""
    unmoved = list(range(len(now.spans)))
    wanted = [order for old, order in zip(was.orders, now.orders, strict=True) if old == unmoved]
    if not wanted or unmoved in wanted:
        return []
    texts = [after.text[start:end] for start, end in now.spans]
    return [
        Splice(start, texts[piece], taken=end - start)
        for place, ((start, end), piece) in enumerate(zip(now.spans, wanted[0], strict=True))
        if piece != place
    ]


def _names(source: Source) -> Iterator[_Row]:
    """Yield the names of each ``from`` import and of each list in ``__all__``; those with a comment among them stay."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and "#" not in source.text[slice(*source.span_of(node))]:
            keys = [[order(each.name) for each in node.names] for order in IMPORT_ORDERS]
            yield _Row([source.span_of(each) for each in node.names], keys)
    exports = exports_of(source.tree)
    for literal in (*exports.initial, *exports.later):
        names = [text for item in literal.elts if (text := text_of(item)) is not None]
        if len(names) == len(literal.elts) and "#" not in source.text[slice(*source.span_of(literal))]:
            keys = [[order(name) for name in names] for order in EXPORT_ORDERS]
            yield _Row([source.span_of(item) for item in literal.elts], keys)


def _lines(source: Source, own: frozenset[str]) -> Iterator[_Row]:
    """Yield the imports that follow each other, with the comments above all but the first."""
    for body in _bodies(source.tree):
        for run in _runs(source, body):
            places = [place_of(statement, own) for statement, _ in run]
            mixed = [(section, False, level, module, name) for section, _, level, module, name in places]
            yield _Row([span for _, span in run], [places, mixed])


def _bodies(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body: object = getattr(node, name, None)
            if isinstance(body, list):
                yield body


def _runs(source: Source, body: Sequence[ast.stmt]) -> Iterator[list[tuple[_Import, tuple[int, int]]]]:
    """Yield imports with the lines that they stand on, where nothing but comments is between them."""
    run: list[tuple[_Import, tuple[int, int]]] = []
    for statement in body:
        start, end = source.span_of(statement)
        above = source.above_comments(start)
        if not (isinstance(statement, _Import) and _is_alone(source, start, end)):
            yield run
            run = []
        elif run and run[-1][1][1] == above:
            run = [*run, (statement, (above, source.next_line(end)))]
        else:
            yield run
            run = [(statement, (source.line_start(start), source.next_line(end)))]
    yield run


def _is_alone(source: Source, start: int, end: int) -> bool:
    """Return whether a statement has its lines for itself, a comment behind it left out."""
    behind = source.text[end : source.line_end(end)].strip()
    is_first = not source.text[source.line_start(start) : start].strip()
    return is_first and source.next_line(end) > source.line_end(end) and (not behind or behind.startswith("#"))


def _differ_by_order_only(old: ast.Module, new: ast.Module) -> bool:
    return _in_one_order(old) == _in_one_order(new)


def _in_one_order(tree: ast.Module) -> str:
    """Return a tree, which is only compared afterwards, as text in which no order of imports and exports is left."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            node.names.sort(key=ast.dump)
    exports = exports_of(tree)
    for literal in (*exports.initial, *exports.later):
        literal.elts.sort(key=ast.dump)
    for body in _bodies(tree):
        at = 0
        while at < len(body):
            end = at
            while end < len(body) and isinstance(body[end], _Import):
                end += 1
            body[at:end] = sorted(body[at:end], key=ast.dump)
            at = end + 1
    return ast.dump(tree)
