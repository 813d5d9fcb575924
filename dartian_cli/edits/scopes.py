"""The scopes of libcst, worked out in two walks through a file in the place of four: half the time of an analysis.

``MetadataWrapper.resolve`` walks once more after each of the two, for other providers to join in. Here are none. It is
imported where it is needed only, since it takes libcst along.
"""

from collections.abc import Mapping

import libcst
from libcst.metadata import ExpressionContext, ExpressionContextProvider, Scope, ScopeProvider
from libcst.metadata.expression_context_provider import ExpressionContextVisitor
from libcst.metadata.scope_provider import ScopeVisitor

__all__ = ["scopes_in"]


class _Contexts(ExpressionContextProvider):
    """Whether each name is read or written."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[libcst.CSTNode, object] = {}

    def set_metadata(self, node: libcst.CSTNode, value: object) -> None:
        self.found[node] = value


class _Scopes(ScopeProvider):
    """The scope that each node is in."""

    def __init__(self, contexts: _Contexts) -> None:
        super().__init__()
        self.found: dict[libcst.CSTNode, Scope | None] = {}
        self.metadata = {ExpressionContextProvider: contexts.found}

    def set_metadata(self, node: libcst.CSTNode, value: object) -> None:
        self.found[node] = value if isinstance(value, Scope) else None


def scopes_in(module: libcst.Module) -> Mapping[libcst.CSTNode, Scope | None]:
    """Return the scope that each node is in."""
    contexts = _Contexts()
    module.visit(ExpressionContextVisitor(contexts, ExpressionContext.LOAD))
    scopes = _Scopes(contexts)
    visitor = ScopeVisitor(scopes)
    module.visit(visitor)
    visitor.infer_accesses()
    return scopes.found
