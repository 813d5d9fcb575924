"""What libcst knows of a file: where its nodes lie, which one is in which, and what its names mean.

Where only some words are asked about, the statements that have none of them are left out: they are blanked before
libcst sees the file, and all that stays is where it was. It edits nothing.
"""

import ast
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from dartian_cli.edits.scope import inner_statements
from dartian_cli.edits.source import Source
from dartian_cli.edits.words import word_pattern
from dartian_cli.errors import NotUnderstood, shown_path

if TYPE_CHECKING:
    import libcst
    from libcst.metadata import Scope

__all__ = ["Analysis", "Span"]

Span: TypeAlias = "Callable[[libcst.CSTNode], tuple[int, int]]"
"""Gives the characters from which and to which a node reaches, without the comments around it."""

_Answer = TypeVar("_Answer")

_BLANK = "pass"
_LOOKED_INTO = (
    *(ast.Import, ast.ImportFrom),  # which say what a name is: what is in cast("Job") is code, if it is that of typing
    *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match),
)
"""Statements that stay though they have none of the words."""


class Analysis:
    """One file, or the statements of it that have one of the ``words``; each question is worked out once.

    NotUnderstood comes from each of its answers, where the file is beyond libcst.
    """

    def __init__(self, source: Source, words: Iterable[str] | None = None) -> None:
        self.source = source
        self._text = source.text if words is None else _blanked(source, word_pattern(words))

    @cached_property
    def module(self) -> "libcst.Module":
        """The tree."""
        import libcst

        return self._guarded(lambda: libcst.parse_module(self._text))

    @cached_property
    def parents(self) -> "Mapping[libcst.CSTNode, libcst.CSTNode]":
        """All nodes of the tree but the module itself, each with the one that it is in."""
        found: dict[libcst.CSTNode, libcst.CSTNode] = {}
        waiting: list[libcst.CSTNode] = [self.module]
        while waiting:
            node = waiting.pop()
            inside = list(_inside(node))
            found.update((child, node) for child in inside)
            waiting += inside
        return found

    @cached_property
    def scope_of(self) -> "Mapping[libcst.CSTNode, Scope | None]":
        """The scope that each node is in."""
        from dartian_cli.edits.scopes import scopes_in

        module = self.module
        return self._guarded(lambda: scopes_in(module))

    def span(self, node: "libcst.CSTNode") -> tuple[int, int]:
        """Return from where to where a node reaches in the file's text; NotUnderstood where libcst is mistaken."""
        found = self._byte_spans[node]
        start, end = self._character(found[0]), self._character(found[1])
        if self._places is not None and start < end:
            start, end = self._places[start], self._places[end - 1] + 1
        written = getattr(node, "value", None)  # of a name, of a string: shorter to ask than to write the node anew
        if self._text[start:end] != written and not _is_code(self._text[start:end], self.module.code_for_node(node)):
            raise self._too_unusual()
        return start, end

    @cached_property
    def _byte_spans(self) -> "Mapping[libcst.CSTNode, tuple[int, int]]":
        from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

        module = self.module
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        found = self._guarded(lambda: wrapper.resolve(ByteSpanPositionProvider))
        return {node: (span.start, span.start + span.length) for node, span in found.items()}

    @cached_property
    def _written(self) -> str:
        """The text as libcst has kept it: without a form feed before a statement, without a last CR."""
        is_whole = self._byte_spans[self.module][1] == len(self._text.encode())
        return self._text if is_whole else self.module.code

    @cached_property
    def _places(self) -> list[int] | None:
        """Where in the file's text each character stands that libcst has kept; None where it has kept them all."""
        if self._written == self._text:
            return None
        places: list[int] = []
        for character in self._written:
            at = self._text.find(character, places[-1] + 1 if places else 0)
            if at < 0:
                raise self._too_unusual()
            places.append(at)
        return places

    @cached_property
    def _byte_starts(self) -> list[int] | None:
        """Where in UTF-8 each character begins; None where each is one byte."""
        if self._written.isascii():
            return None
        return list(accumulate((len(character.encode()) for character in self._written), initial=0))

    def _character(self, at: int) -> int:
        return at if self._byte_starts is None else bisect_left(self._byte_starts, at)

    def _guarded(self, ask: Callable[[], _Answer]) -> _Answer:
        import libcst

        try:
            return ask()
        except (libcst.ParserSyntaxError, RecursionError, MemoryError):
            raise self._too_unusual() from None

    def _too_unusual(self) -> NotUnderstood:
        return NotUnderstood(f"{shown_path(self.source.path)}: too unusual a file to be edited safely")


def _inside(node: "libcst.CSTNode") -> "Iterator[libcst.CSTNode]":
    """Yield the nodes right inside of one; its own ``children`` builds the node anew to find them."""
    import libcst

    for name in _field_names(type(node)):
        value: object = getattr(node, name)
        several = cast("list[object]", value) if isinstance(value, list | tuple) else [value]
        yield from (each for each in several if isinstance(each, libcst.CSTNode))


@cache
def _field_names(kind: "type[libcst.CSTNode]") -> tuple[str, ...]:
    from dataclasses import fields  # as libcst does, and nothing that reads no file with it

    return tuple(field.name for field in fields(kind))


def _is_code(text: str, code: str) -> bool:
    """Return whether the text is a node's code, with the space around it and its semicolon left out."""
    if text == code:
        return True
    return bool(text) and code.strip().startswith(text) and code.strip()[len(text) :].strip() in ("", ";")


def _blanked(source: Source, pattern: re.Pattern[str]) -> str:
    """Return the text with another statement in the place of each in which nothing is found, just as long."""
    pieces, last = list[str](), 0
    for start, end in _without(source, source.tree.body, pattern):
        pieces += (source.text[last:start], _BLANK.ljust(end - start))
        last = end
    return "".join((*pieces, source.text[last:]))


def _without(source: Source, body: Iterable[ast.stmt], pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    for statement in body:
        start, end = source.span_of(statement)
        if getattr(statement, "decorator_list", None):
            start = source.text.index("@", source.first_line_of(statement))
        if isinstance(statement, _LOOKED_INTO) or pattern.search(source.text, start, end):
            yield from _without(source, inner_statements(statement), pattern)
        elif end - start >= len(_BLANK):
            yield start, end
