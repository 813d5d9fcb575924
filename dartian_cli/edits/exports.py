"""What a module says of its ``__all__``: the lists that it is made of, and whether one more name may go into one.

Certain is what only ever grows: lists and what is added to them, once, at the top level. Where the list is made by a
loop or a comprehension, changed item by item or replaced, it is computed, and nothing here guesses. It changes nothing.
"""

import ast
from collections.abc import Collection, Iterator
from typing import TypeAlias

import msgspec

from dartian_cli.edits.scope import is_docstring, shallow_walk, text_of, top_level

__all__ = ["Exports", "Literal", "exports_of"]

Literal: TypeAlias = ast.List | ast.Tuple

_COPIES = frozenset({"list", "tuple", "sorted"})
_READS = frozenset({*_COPIES, "set", "frozenset", "len", "print", "enumerate", "zip", "any", "all", "str", "repr"})
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Exports(msgspec.Struct):
    """The parts of a module's ``__all__``, in order."""

    touching: list[ast.stmt] = []
    """Every statement at the top level that mentions it, but for those that only read it."""
    initial: list[Literal] = []
    """The lists in the assignment."""
    later: list[Literal] = []
    """The lists that are added at the top level."""
    unclear: ast.stmt | None = None
    """The first statement that makes it computed."""
    is_complete: bool = True
    """Whether every name in it can be read in this file."""

    def lists(self, name: str) -> bool:
        """Return whether the name stands somewhere in what makes up ``__all__``."""
        return any(_says(node, name) for statement in self.touching for node in shallow_walk(statement))

    def literal_for(self, neighbours: Collection[str]) -> Literal | None:
        """Return the list that a name goes into; None where there is none, or where ``__all__`` is computed.

        The one with the most of its neighbours; else one that holds something, of the assignment the last.
        """
        if self.unclear is not None or not (self.initial or self.later):
            return None
        usual_first = [*reversed(self.initial), *self.later]

        def fitness(literal: Literal) -> tuple[int, bool]:
            return sum(text_of(item) in neighbours for item in literal.elts), bool(literal.elts)

        return max(usual_first, key=fitness)


def exports_of(tree: ast.Module) -> Exports:
    """Return what the module's ``__all__`` is made of."""
    exports = Exports()
    for statement in tree.body:
        for inner, in_loop in _branches(statement):
            if _mentions(inner) and not _only_reads(inner):
                exports.touching.append(inner)
                understood = _read(exports, inner, is_top=inner is statement) and not in_loop
                if not understood and exports.unclear is None:
                    exports.unclear = inner
    return exports


def _branches(statement: ast.stmt) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield a statement and those of its blocks, and whether a loop runs them."""
    looped: set[int] = set()
    for inner, _ in top_level(ast.Module([statement], [])):
        yield inner, id(inner) in looped
        if isinstance(inner, _LOOPS):
            looped |= {id(below) for below, _ in top_level(ast.Module([*inner.body, *inner.orelse], []))}


def _read(exports: Exports, statement: ast.stmt, *, is_top: bool) -> bool:
    """Add a statement's parts; return False where it is no assignment and no growth."""
    match statement:
        case ast.AnnAssign(target=ast.Name(id="__all__"), value=None):
            return True
        case (
            ast.Assign(targets=[ast.Name(id="__all__")], value=value)
            | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.expr() as value)
        ):
            is_growth = any(_is_all(part) for part in _terms(value))
            is_first = all(_is_announcement(earlier) for earlier in exports.touching[:-1])
            if not is_top or not (is_first or is_growth):
                return False
            return _take(exports, value, exports.later if is_growth else exports.initial)
        case (
            ast.AugAssign(target=ast.Name(id="__all__"), op=ast.Add(), value=value)
            | ast.Expr(ast.Call(ast.Attribute(ast.Name(id="__all__"), "extend"), [value], []))
        ):  # fmt: skip
            return _take(exports, value, exports.later if is_top else [])
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(id="__all__"), "append"), [ast.Constant()], [])):
            return False
        case _:
            exports.is_complete = False
            return False


def _take(exports: Exports, value: ast.expr, literals: list[Literal]) -> bool:
    """Sort the terms of a sum into lists and the rest; return False where one is computed here."""
    for term in _terms(value):
        if isinstance(term, ast.List | ast.Tuple):
            literals.append(term)
            exports.is_complete = exports.is_complete and all(text_of(item) is not None for item in term.elts)
        elif not _is_all(term):
            exports.is_complete = exports.is_complete and _is_split(term)
            if isinstance(term, _COMPREHENSIONS) or not isinstance(
                term, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.IfExp
            ):
                return False
    return True


def _terms(value: ast.expr) -> Iterator[ast.expr]:
    """Yield the terms of a sum, in order, and what ``list()`` and the like are given."""
    waiting = [value]
    while waiting:
        match term := waiting.pop():
            case ast.BinOp(left, ast.Add(), right):
                waiting += [right, left]
            case ast.Call(ast.Name(id=name), [argument, *_]) if name in _COPIES and not isinstance(
                argument, ast.Starred
            ):
                waiting.append(argument)
            case _:
                yield term


def _mentions(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.ImportFrom):
        return any((alias.asname or alias.name) == "__all__" for alias in statement.names)
    return any(_is_all(node) for node in shallow_walk(statement))


def _only_reads(statement: ast.stmt) -> bool:
    """Return whether every mention is one that cannot change the list: in a loop's head, a comparison, ``sorted()``."""
    if isinstance(statement, ast.ImportFrom) or is_docstring(statement):
        return False
    harmless: set[int] = set()
    mentions: list[ast.AST] = []
    for node in shallow_walk(statement):
        if _is_all(node):
            mentions.append(node)
        elif isinstance(node, ast.For | ast.comprehension):
            harmless.add(id(node.iter))
        elif isinstance(node, ast.Compare):
            harmless |= {id(part) for part in (node.left, *node.comparators)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _READS:
            harmless |= {id(argument) for argument in node.args}
    assigns = isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign) and any(
        _is_all(target) for target in getattr(statement, "targets", [getattr(statement, "target", None)])
    )
    return not assigns and all(id(mention) in harmless for mention in mentions)


def _is_announcement(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.AnnAssign) and statement.value is None


def _is_all(node: object) -> bool:
    return isinstance(node, ast.Name) and node.id == "__all__"


def _is_split(term: ast.expr) -> bool:
    match term:
        case ast.Call(ast.Attribute(ast.Constant(), "split"), [], []):
            return True
        case _:
            return False


def _says(node: ast.AST, name: str) -> bool:
    """Return whether a node is the name as a string, in one of several (``"A B".split()``), or ``Name.__name__``."""
    match node:
        case ast.Constant(value=str() as text):
            return name in text.split()
        case ast.Attribute(ast.Name(id=named), "__name__"):
            return named == name
        case _:
            return False
