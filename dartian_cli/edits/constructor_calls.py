"""What a module does with a job class that it names: calls of its constructor, and what else knows its fields.

It finds places and gives splices; who calls it proves them. What it cannot be certain of it says.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from dartian_cli.edits.brackets import read_brackets, take_out
from dartian_cli.edits.source import Source, Splice

__all__ = [
    "Call",
    "Found",
    "Kind",
    "Place",
    "Removal",
    "attribute_lines",
    "calls_in",
    "hands_on",
    "keyword_places",
    "removal_from",
    "super_calls_in",
]

Kind: TypeAlias = Literal["name", "certain", "maybe"]

_ASSERTIONS = frozenset({"assert_dispatched", "assert_not_dispatched", "dispatched"})
_HANDING_ON = frozenset({"apply_async", "map", "partial", "partialmethod", "starmap", "submit", "to_thread"})
"""What calls a class that it is given with the values that follow it."""
_TO_OPENING = re.compile(r"(?:[ \t\f\r\n)]|\\(?:\r\n?|\n))*")


class Place(msgspec.Struct, frozen=True):
    """Where something depends on a field."""

    at: int
    kind: Kind
    """``name``: its name stands here and can be written anew. ``certain``: it depends on it, in a way that cannot be
    changed. ``maybe``: nobody can say."""
    why: str


class Call(msgspec.Struct, frozen=True):
    """A call of a constructor."""

    node: ast.Call
    at: int
    end: int
    """Where what is called ends, and its arguments begin."""


class Found(msgspec.Struct):
    """What a module does with a class."""

    calls: list[Call] = []
    subclasses: list[ast.ClassDef] = []
    others: list[Place] = []
    handed_on: list[Call] = []
    """Calls of something that is given the class, to be called with what follows it."""


def calls_in(source: Source, ends: Iterable[tuple[int, int]], field: str) -> Found:
    """Return what is done where a class is named; ``ends`` are the begins and ends of the names that mean it."""
    found, asked = Found(), sorted(set(ends))
    if not asked:
        return found
    parents, lines = source.parents, {source.line_of(end) for _, end in asked}
    named = {
        source.span_of(node)[1]: node
        for node in parents
        if isinstance(node, ast.Name | ast.Attribute) and node.end_lineno in lines
    }
    for start, end in asked:
        node: ast.expr | None = named.get(end)
        if node is None:
            if source.text[end : end + 1] == "(":
                found.others.append(Place(start, "maybe", "calls it inside a string"))
            continue
        parent = parents[node]
        while isinstance(parent, ast.Subscript) and parent.value is node:
            node, parent = parent, parents[parent]
        _sort(source, found, node, parent, field)
    return found


def _sort(source: Source, found: Found, node: ast.expr, parent: ast.AST, field: str) -> None:
    """Say what the class is used for, where that has to do with its fields."""
    start, end = source.span_of(node)
    if isinstance(parent, ast.Call) and parent.func is node:
        found.calls.append(Call(parent, start, end))
    elif isinstance(parent, ast.Call):
        found.others += _in_call_with_class(source, parent, node, field)
        if ast.unparse(parent.func).rpartition(".")[2] in _HANDING_ON:
            found.handed_on.append(Call(parent, start, end))
    elif isinstance(parent, ast.ClassDef):
        found.subclasses.append(parent)
    elif isinstance(parent, ast.Attribute) and parent.attr == field:
        found.others.append(Place(source.span_of(parent)[1] - len(field), "name", "reads it from the class"))
    elif isinstance(parent, ast.Attribute) and parent.attr == "__init__":
        found.others.append(Place(start, "maybe", "calls __init__ by itself"))
    elif isinstance(parent, ast.MatchClass):
        found.others += _in_pattern(source, parent, field)


def _in_pattern(source: Source, pattern: ast.MatchClass, field: str) -> Iterator[Place]:
    for name, value in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
        if name == field:
            start = source.start_of(value.lineno) + value.col_offset
            written = re.search(rf"{re.escape(field)}\s*=\s*\(*\s*$", source.text[:start])
            yield Place(written.start() if written else start, "name" if written else "certain", "matches it")
    if pattern.patterns:
        yield Place(source.span_of(pattern.cls)[0], "maybe", "matches fields by their position")


def _in_call_with_class(source: Source, call: ast.Call, node: ast.expr, field: str) -> Iterator[Place]:
    """Look at ``partial(Job, field=...)``, and at the assertions of a fake queue."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    for keyword in call.keywords:
        if keyword.arg == field and node in call.args:
            yield Place(_start(source, keyword), "maybe", "gives it with the class")
        elif keyword.arg == "where" and name in _ASSERTIONS and isinstance(keyword.value, ast.Lambda):
            yield from _in_lambda(source, keyword.value, field)


def _in_lambda(source: Source, function: ast.Lambda, field: str) -> Iterator[Place]:
    parameter = function.args.args[0].arg if function.args.args else ""
    for node in ast.walk(function.body):
        if not isinstance(node, ast.Attribute) or node.attr != field:
            continue
        if isinstance(node.value, ast.Name) and node.value.id == parameter:
            end = source.span_of(node)[1]
            written = source.text[end - len(field) : end] == field
            yield Place(end - len(field), "name" if written else "certain", "reads it")


def _start(source: Source, keyword: ast.keyword) -> int:
    line = source.start_of(keyword.lineno)
    text = source.text[line : source.line_end(line)].encode("utf-8")[: keyword.col_offset]
    return line + len(text.decode("utf-8", "ignore"))


def super_calls_in(source: Source, node: ast.ClassDef) -> list[Call]:
    """Return the ``super().__init__(...)`` of a class that has one parent."""
    calls: list[Call] = []
    for each in ast.walk(node):
        match each:
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super"), args=[]), attr="__init__")):
                start, end = source.span_of(each.func)
                calls.append(Call(each, start, end))
            case _:
                pass
    return calls


def keyword_places(source: Source, call: Call, field: str) -> Iterator[Place]:
    """Yield where a call gives a field by its name."""
    for keyword in call.node.keywords:
        if keyword.arg == field:
            at = _start(source, keyword)
            written = source.text[at : at + len(field)] == field
            yield Place(at, "name" if written else "maybe", "gives it")
        elif keyword.arg is None:
            yield Place(call.at, "maybe", "may give it by **")


class Removal(msgspec.Struct, frozen=True):
    """What takes a field's value out of one call."""

    splices: list[Splice] = []
    gone: list[ast.AST] = []
    values: list[ast.expr] = []
    """What was given."""
    lost: list[ast.expr] = []
    """Values that were computed by a call, which is not made any more."""
    unsure: str = ""
    """Why nobody can say which argument it is; empty where it is clear."""


def removal_from(source: Source, call: Call, field: str, position: int | None, *, keyword_only: bool) -> Removal:
    """Return what takes a field's value out of a call; ``position`` is None where the order is not known."""
    node = call.node
    by_name = [keyword for keyword in node.keywords if keyword.arg == field]
    if by_name:
        return _taken(source, call, by_name[0], by_name[0].value)
    if any(keyword.arg is None for keyword in node.keywords):
        return Removal(unsure="may give it by **")
    if keyword_only or not node.args:
        return Removal()
    if position is None:
        return Removal(unsure="gives fields by position, and their order is not known")
    before = node.args[: position + 1]
    if any(isinstance(argument, ast.Starred) for argument in before):
        return Removal(unsure="may give it by *")
    return _taken(source, call, node.args[position], node.args[position]) if len(node.args) > position else Removal()


def hands_on(source: Source, call: Call, position: int | None) -> bool:
    """Return whether what follows a class that is handed on may be a field's value; ``position`` is the field's."""
    following = [argument for argument in call.node.args if source.span_of(argument)[0] > call.at]
    before = following[: (position or 0) + 1]
    return len(following) > (position or 0) or any(isinstance(argument, ast.Starred) for argument in before)


def _taken(source: Source, call: Call, argument: ast.expr | ast.keyword, value: ast.expr) -> Removal:
    opening = _TO_OPENING.match(source.text, call.end)
    at = opening.end() if opening else call.end
    if source.text[at : at + 1] != "(":
        return Removal(unsure="is written in an unusual way")
    brackets = read_brackets(source, at)
    given: list[ast.expr | ast.keyword] = [*call.node.args, *call.node.keywords]
    arguments = sorted(given, key=lambda each: (each.lineno, each.col_offset))
    if len(arguments) != len(brackets.items):
        return Removal(unsure="is written in an unusual way")
    acts = (ast.Call, ast.Await, ast.NamedExpr, ast.Yield, ast.YieldFrom)
    lost = [value] if any(isinstance(each, acts) for each in ast.walk(value)) else []
    return Removal(take_out(source, brackets, [arguments.index(argument)]), [argument], [value], lost)


def attribute_lines(source: Source, field: str, known: Iterable[int]) -> list[int]:
    """Return the lines on which something that may be such a job is asked for the field; ``known`` are left out."""
    left_out = {source.line_of(at) for at in known}
    lines = {
        node.lineno for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr == field
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    }  # fmt: skip
    return sorted(lines - left_out)
