"""How the names of a package come to be there: by imports, by a star, by a loop over its modules, or lazily.

An edit asks before it adds an import that may not be wanted. It changes nothing.
"""

import ast
from collections.abc import Iterator

from dartian_cli.edits.scope import absolute_module, bindings_of, top_level

__all__ = ["has_star_of", "is_discovered", "is_mapped", "lazy_line", "names_of_siblings"]

_WALKERS = frozenset({"iter_modules", "walk_packages", "import_module", "__import__"})
_BINDERS = frozenset({"globals", "vars", "locals", "setattr"})


def names_of_siblings(tree: ast.Module, package: str) -> set[str]:
    """Return the names that the file imports at run time from the package's own modules."""
    return {
        alias.asname or alias.name
        for statement, module in _imports(tree, package)
        if module.startswith(f"{package}.")
        for alias in statement.names
    }


def has_star_of(tree: ast.Module, target: str, package: str) -> bool:
    """Return whether everything of the module ``target`` is imported."""
    return any(module == target and statement.names[0].name == "*" for statement, module in _imports(tree, package))


def _imports(tree: ast.Module, package: str) -> Iterator[tuple[ast.ImportFrom, str]]:
    for statement, for_checkers in top_level(tree):
        if isinstance(statement, ast.ImportFrom) and not for_checkers:
            yield statement, absolute_module(statement, package)


def is_discovered(tree: ast.Module, package: str) -> bool:
    """Return whether a loop imports every module and binds what it finds, and no import of a sibling stands beside it.

    A loop that imports the modules only gives the package no names, so there an import is still wanted.
    """
    if names_of_siblings(tree, package):
        return False
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For)]
    words = [{_word(node) for node in ast.walk(loop)} for loop in loops]
    return any(found & _WALKERS and found & _BINDERS for found in words)


def lazy_line(tree: ast.Module, package: str) -> int:
    """Return the line where the file takes over the loading of its names, or 0.

    A ``__getattr__`` beside imports of siblings that loads no module itself is there for something else.
    """
    is_eager = bool(names_of_siblings(tree, package))
    for statement, _ in top_level(tree):
        if isinstance(statement, ast.FunctionDef) and statement.name == "__getattr__":
            if not is_eager or any(_loads(node) for node in ast.walk(statement)):
                return statement.lineno
        elif _replaces_itself(statement) or bindings_of(ast.Module([statement], []), "__getattr__", package):
            return statement.lineno
    return 0


def is_mapped(tree: ast.Module, name: str) -> bool:
    """Return whether a file that loads lazily holds the name as a string, other than in a plain ``__all__``."""
    return any(
        isinstance(node, ast.Constant) and node.value == name
        for statement in tree.body
        if not _is_plain_exports(statement)
        for node in ast.walk(statement)
    )


def _is_plain_exports(statement: ast.stmt) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    called = statement.value.func if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) else None
    changed = called.value if isinstance(called, ast.Attribute) else None
    return any(isinstance(node, ast.Name) and node.id == "__all__" for node in (*targets, changed))


def _word(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _loads(node: ast.AST) -> bool:
    """Return whether a piece of ``__getattr__`` imports a module of the package."""
    return _word(node) in _WALKERS or (isinstance(node, ast.ImportFrom) and node.level > 0)


def _replaces_itself(statement: ast.stmt) -> bool:
    """Return whether a statement is ``sys.modules[__name__] = ...``."""
    return isinstance(statement, ast.Assign) and any(
        isinstance(target, ast.Subscript) and _word(target.value) == "modules" and _word(target.slice) == "__name__"
        for target in statement.targets
    )
