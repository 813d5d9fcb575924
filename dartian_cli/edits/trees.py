"""Whether one tree is another one with a few nodes more, which is what an edit has to prove.

It walks without recursion, so that an expression of a thousand terms is no trouble. It changes neither tree.
"""

import ast
from collections.abc import Iterable
from typing import cast

__all__ = ["is_grown"]


def is_grown(old: ast.AST, new: ast.AST, added: Iterable[ast.AST]) -> bool:
    """Return whether ``new`` without the ``added`` nodes, which stand in its lists, is ``old``."""
    left_out = {id(node) for node in added}
    waiting: list[tuple[object, object]] = [(old, new)]
    while waiting:
        before, after = waiting.pop()
        if type(before) is not type(after):
            return False
        if isinstance(before, list) and isinstance(after, list):
            were = cast("list[object]", before)
            are = [item for item in cast("list[object]", after) if id(item) not in left_out]
            if len(were) != len(are):
                return False
            waiting += zip(were, are, strict=True)
        elif isinstance(before, ast.AST):
            waiting += [(getattr(before, field, None), getattr(after, field, None)) for field in before._fields]
        elif before != after:
            return False
    return True
