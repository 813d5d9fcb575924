"""What a module binds at its top level, and where: questions that an edit asks before it touches anything.

Blocks such as ``if`` and ``try`` count as the top level, functions and classes do not. It changes nothing.
"""

import ast
from collections.abc import Iterable, Iterator

import msgspec

__all__ = [
    "Binding",
    "absolute_module",
    "bindings_of",
    "every_statement",
    "inner_statements",
    "is_docstring",
    "is_future",
    "may_bind",
    "shallow_walk",
    "text_of",
    "top_level",
]


class Binding(msgspec.Struct, frozen=True):
    """A place that gives a name a value."""

    line: int
    module: str = ""
    """Where it is imported from, as an absolute name; empty where it is not imported."""
    name: str = ""
    """The name that it has there."""
    for_checkers: bool = False
    """Whether it is inside ``if TYPE_CHECKING``."""
    block: int = 0
    """Which statement of the file it is in; two of one number are branches of one block, or one statement."""


def top_level(tree: ast.Module) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield every statement that runs when the module is imported, and whether only type checkers see it."""
    waiting = [(statement, False) for statement in reversed(tree.body)]
    while waiting:
        statement, for_checkers = waiting.pop()
        yield statement, for_checkers
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        guarded = for_checkers or (isinstance(statement, ast.If) and "TYPE_CHECKING" in _names(statement.test))
        waiting += [(inner, guarded) for inner in reversed(list(inner_statements(statement)))]


def every_statement(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a body and all that are inside of them, in order."""
    waiting = list(reversed(list(body)))
    while waiting:
        yield (statement := waiting.pop())
        waiting += reversed(list(inner_statements(statement)))


def bindings_of(tree: ast.Module, name: str, package: str) -> list[Binding]:
    """Return every place at the top level that binds ``name``, in a module of ``package``."""
    return [
        msgspec.structs.replace(binding, for_checkers=for_checkers, block=block)
        for block, outer in enumerate(tree.body)
        for statement, for_checkers in top_level(ast.Module([outer], []))
        for binding in _bound(statement, name, package)
    ]


def may_bind(tree: ast.Module, name: str, package: str) -> bool:
    """Return whether a module may have a name: bound in another way, or by something that cannot be seen."""
    names = (name, "*", "__getattr__")
    return any(bindings_of(tree, each, package) for each in names)


def _bound(statement: ast.stmt, name: str, package: str) -> list[Binding]:
    line = statement.lineno
    if isinstance(statement, ast.ImportFrom):
        module = absolute_module(statement, package)
        aliases = [alias for alias in statement.names if (alias.asname or alias.name) == name]
        return [Binding(line, module, alias.name) for alias in aliases]
    if isinstance(statement, ast.Import):
        binds = any((alias.asname or alias.name.split(".")[0]) == name for alias in statement.names)
    elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        binds = statement.name == name
    else:
        binds = name in _stored(statement)
    return [Binding(line)] if binds else []


def absolute_module(statement: ast.ImportFrom, package: str) -> str:
    """Return what ``from .x import y`` means in a package's own ``__init__``: the package's name and x."""
    if not statement.level:
        return statement.module or ""
    parts = package.split(".")
    start = parts[: len(parts) - statement.level + 1]
    return ".".join([*start, *([statement.module] if statement.module else [])])


def text_of(node: ast.expr | None) -> str | None:
    """Return what a plain string says, None for any other expression."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def is_docstring(statement: ast.stmt) -> bool:
    """Return whether a statement is nothing but a string."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def is_future(statement: ast.stmt) -> bool:
    """Return whether a statement imports from ``__future__``."""
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def inner_statements(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield the statements of a block's branches, or of a function or class, in order."""
    for field in ("body", "handlers", "cases", "orelse", "finalbody"):
        for child in getattr(statement, field, []):
            if isinstance(child, ast.ExceptHandler | ast.match_case):
                yield from child.body
            else:
                yield child


def _stored(statement: ast.stmt) -> set[str]:
    found = (node for node in shallow_walk(statement) if isinstance(node, ast.Name))
    names = {name.id for name in found if isinstance(name.ctx, ast.Store | ast.Del)}
    if isinstance(statement, ast.Try | ast.TryStar):
        names |= {handler.name for handler in statement.handlers if handler.name}
    return names


def shallow_walk(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the nodes of a statement itself, without those of its blocks; of functions and classes nothing."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        inner = ast.iter_child_nodes(node)
        waiting += [child for child in inner if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)]


def _names(expression: ast.expr) -> set[str]:
    names = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(expression) if isinstance(node, ast.Attribute)}
