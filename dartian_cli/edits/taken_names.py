"""A job's names that mean something else in its package: whichever is bound last would hide the other.

The class is bound there by its import, its module by Python itself, once it is imported. It changes nothing.
"""

import ast

from dartian_cli.edits.scope import Binding, bindings_of
from dartian_cli.errors import Conflict, shown_path

__all__ = ["name_taken", "refuse_module_name"]


def refuse_module_name(path: str, tree: ast.Module, package: str, module: str) -> None:
    """Raise Conflict where the package's own file binds the module's name to something that is not the module."""
    for binding in bindings_of(tree, module, package):
        if (binding.module, binding.name) != (package, module) and not binding.for_checkers:
            raise name_taken(path, binding, module, "name of the job's module")


def name_taken(path: str, other: Binding, name: str, role: str) -> Conflict:
    """Return the refusal of a name that is bound already; ``role`` is what it was to be: ``job's name``."""
    what = f"is imported from {other.module}" if other.module else "means something else"
    return Conflict(
        f"{shown_path(path)}:{other.line}: {name} {what}, so it cannot be the {role} too\n"
        f"Choose another name, or rename what is there."
    )
