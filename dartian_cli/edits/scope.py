"""What a module binds at its top level, and where: questions that an edit asks before it touches anything.

Blocks such as ``if`` and ``try`` count as the top level, functions and classes do not. It changes nothing.
"""

import ast
from collections.abc import Iterator

import msgspec

__all__ = ["Binding", "absolute_module", "bindings_of", "exports_of", "is_docstring", "top_level"]


class Binding(msgspec.Struct, frozen=True):
    """A place that gives a name a value."""

    line: int
    module: str = ""
    """Where it is imported from, as an absolute name; empty where it is not imported."""
    name: str = ""
    """The name that it has there."""
    for_checkers: bool = False
    """Whether it is inside ``if TYPE_CHECKING``."""


def top_level(tree: ast.Module) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield every statement that runs when the module is imported, and whether only type checkers see it."""
    waiting = [(statement, False) for statement in reversed(tree.body)]
    while waiting:
        statement, for_checkers = waiting.pop()
        yield statement, for_checkers
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        guarded = for_checkers or (isinstance(statement, ast.If) and "TYPE_CHECKING" in _names(statement.test))
        waiting += [(inner, guarded) for inner in reversed(list(_inner(statement)))]


def bindings_of(tree: ast.Module, name: str, package: str) -> list[Binding]:
    """Return every place at the top level that binds ``name``, in a module of ``package``."""
    found: list[Binding] = []
    for statement, for_checkers in top_level(tree):
        line = statement.lineno
        if isinstance(statement, ast.ImportFrom):
            module = absolute_module(statement, package)
            aliases = [alias for alias in statement.names if (alias.asname or alias.name) == name]
            found += [Binding(line, module, alias.name, for_checkers) for alias in aliases]
        elif isinstance(statement, ast.Import):
            if any((alias.asname or alias.name.split(".")[0]) == name for alias in statement.names):
                found.append(Binding(line))
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if statement.name == name:
                found.append(Binding(line))
        elif name in _stored(statement):
            found.append(Binding(line))
    return found


def absolute_module(statement: ast.ImportFrom, package: str) -> str:
    """Return what ``from .x import y`` means in a package's own ``__init__``: the package's name and x."""
    if not statement.level:
        return statement.module or ""
    parts = package.split(".")
    start = parts[: len(parts) - statement.level + 1]
    return ".".join([*start, *([statement.module] if statement.module else [])])


def exports_of(tree: ast.Module) -> tuple[list[ast.stmt], ast.List | ast.Tuple | None]:
    """Return the statements that touch ``__all__``, and its list where it is one literal at the top, else None."""
    touching = [statement for statement, _ in top_level(tree) if "__all__" in _shallow_names(statement)]
    if len(touching) != 1 or touching[0] not in tree.body:
        return touching, None
    match touching[0]:
        case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List() | ast.Tuple() as value):
            return touching, value
        case ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.List() | ast.Tuple() as value):
            return touching, value
        case _:
            return touching, None


def is_docstring(statement: ast.stmt) -> bool:
    """Return whether a statement is nothing but a string."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _inner(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield the statements of a block's branches, in order."""
    for field in ("body", "handlers", "cases", "orelse", "finalbody"):
        for child in getattr(statement, field, []):
            if isinstance(child, ast.ExceptHandler | ast.match_case):
                yield from child.body
            else:
                yield child


def _shallow_names(statement: ast.stmt) -> set[str]:
    """Return the names that a statement itself mentions, without those of its blocks and of functions and classes."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return set()
    return {name.id for name in _shallow_walk(statement)}


def _stored(statement: ast.stmt) -> set[str]:
    names = {name.id for name in _shallow_walk(statement) if isinstance(name.ctx, ast.Store | ast.Del)}
    if isinstance(statement, ast.Try | ast.TryStar):
        names |= {handler.name for handler in statement.handlers if handler.name}
    return names


def _shallow_walk(statement: ast.stmt) -> Iterator[ast.Name]:
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            yield node
        inner = ast.iter_child_nodes(node)
        waiting += [child for child in inner if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)]


def _names(expression: ast.expr) -> set[str]:
    names = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(expression) if isinstance(node, ast.Attribute)}
