"""Where a module names what it has imported or made itself: by scope, as Python would look it up, and never by text.

libcst says which binding a name refers to. What lies behind a binding, in another file, is not looked at here.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from dartian_cli.edits.analysis import Analysis
from dartian_cli.edits.exports import exports_of
from dartian_cli.edits.scope import (
    absolute_module,
    every_statement,
    is_docstring,
    shallow_walk,
    text_of,
    top_level,
)
from dartian_cli.edits.source import Source

if TYPE_CHECKING:
    import libcst
    from libcst.metadata import Access, Assignment, Scope

__all__ = ["LOCAL", "Kind", "Mention", "Names", "Use", "mentions_in", "names_in"]

Kind: TypeAlias = Literal["import", "name", "definition", "export"]

LOCAL = ""
"""The meaning of a name that a function or class binds to something of its own, beside another meaning."""

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_PLAIN_STRING = re.compile(r"""[uU]?("{3}|'{3}|"|')([^\\]*)\1""", re.DOTALL)


class Use(msgspec.Struct, frozen=True):
    """One identifier of a file, and what it means there."""

    at: int
    """Its first character in the text of the file."""
    text: str
    meanings: frozenset[str]
    """Absolute dotted paths, as the imports give them: ``app.jobs.ProcessPodcast``. Several where it is bound twice."""
    kind: Kind
    """In an import, where its value is used, where it is made, or as a string in ``__all__``."""
    scoped: bool = True
    """Whether it is looked up in a scope; else it follows a dot, or names something in another module."""


class Mention(msgspec.Struct, frozen=True):
    """A word in a string that nothing looks up, as far as can be known."""

    at: int
    text: str
    is_doc: bool
    """Whether it is in the docstring of the module, of a class or of a function."""


class Names(msgspec.Struct, frozen=True):
    """What a file names."""

    uses: tuple[Use, ...]
    """In order."""
    strings: tuple[tuple[int, int], ...]
    """From where to where its strings reach, and the pieces of those that are put together."""


def names_in(analysis: Analysis, words: AbstractSet[str] | None, module: str, package: str) -> Names:
    """Return what a file names, in code all of it or only some words, and the strings of what was analysed.

    ``module`` is the file's dotted name, ``package`` what relative imports count from. NotUnderstood: it is beyond
    what can be analysed.
    """
    import libcst

    found = set(_Reading(analysis, words, module, package).uses())
    uses = sorted((use for use in found if words is None or use.text in words), key=lambda use: use.at)
    kinds = (libcst.SimpleString, libcst.FormattedStringText)
    return Names(tuple(uses), tuple(analysis.span(node) for node in analysis.parents if isinstance(node, kinds)))


def mentions_in(source: Source, names: Names, words: Iterable[str]) -> list[Mention]:
    """Return where the strings hold one of the words, dotted ones too, and it is none of the uses."""
    pattern = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})(?!\w)")
    found = [
        (start + word.start(), word[0], start)
        for start, end in names.strings
        for word in pattern.finditer(source.text[start:end])
    ]
    if not found:
        return []
    used, docs = {use.at for use in names.uses}, {source.span_of(doc)[0] for doc in _docstrings(source.tree)}
    return sorted(
        (Mention(at, text, start in docs) for at, text, start in found if at not in used), key=lambda each: each.at
    )


def _docstrings(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in (tree, *every_statement(tree.body)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (statement for statement in node.body[:1] if is_docstring(statement))


class _Reading:
    """One pass over a file."""

    def __init__(self, analysis: Analysis, words: AbstractSet[str] | None, module: str, package: str) -> None:
        self._source = analysis.source
        self._words = words  # for those of which the place takes time
        self._module = module
        self._package = package
        self._span = analysis.span
        self._parents = analysis.parents
        self._scope_of = analysis.scope_of
        self._scopes = list(dict.fromkeys(scope for scope in self._scope_of.values() if scope is not None))
        self._stars = tuple(self._star_imports())

    def uses(self) -> Iterator[Use]:
        yield from self._in_imports()
        for scope in self._scopes:
            for assignment in scope.assignments:
                meaning = self._meaning(assignment)
                if meaning is not None:
                    yield from self._of_definition(assignment, meaning)
            for access in scope.accesses:
                yield from self._of_access(access, scope)
        yield from self._of_outer_names()
        yield from self._in_exports()

    def _star_imports(self) -> Iterator[str]:
        for statement, _ in top_level(self._source.tree):
            if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
                yield absolute_module(statement, self._package)

    def _in_imports(self) -> Iterator[Use]:
        import libcst

        for node in self._parents:
            if isinstance(node, libcst.ImportFrom):
                yield from self._in_import_from(node)
            elif isinstance(node, libcst.Import):
                for alias in node.names:
                    yield from self._dotted(alias.name, "", bound=alias.asname is None)

    def _in_import_from(self, node: "libcst.ImportFrom") -> Iterator[Use]:
        import libcst

        start = self._package.split(".")
        if node.relative:
            start = start[: len(start) - len(node.relative) + 1]
        origin = ".".join(start) if node.relative else ""
        if node.module is not None:
            yield from self._dotted(node.module, origin, bound=False)
        if isinstance(node.names, libcst.ImportStar):
            return
        for alias in node.names:
            name = _evaluated(alias.name)
            meaning = frozenset({f"{self._origin(node)}.{name}"})
            yield from self._use(alias.name, name, meaning, "import", scoped=alias.asname is None)
            if alias.asname is not None and isinstance(alias.asname.name, libcst.Name):
                yield from self._use(alias.asname.name, alias.asname.name.value, meaning, "import")

    def _dotted(self, node: "libcst.BaseExpression", start: str, *, bound: bool) -> Iterator[Use]:
        """Yield each part of a dotted path in an import; the first is bound by a plain import."""
        path = start
        for index, part in enumerate(_parts(node)):
            path = f"{path}.{part.value}" if path else part.value
            yield from self._use(part, part.value, frozenset({path}), "import", scoped=bound and index == 0)

    def _origin(self, node: "libcst.ImportFrom") -> str:
        dotted = ".".join(part.value for part in _parts(node.module)) if node.module is not None else None
        return absolute_module(ast.ImportFrom(module=dotted, names=[], level=len(node.relative)), self._package)

    def _meaning(self, assignment: "Assignment | object") -> str | None:
        """Return what a binding means as an absolute path, or None of what is local to a function or class."""
        import libcst
        from libcst.metadata import Assignment, GlobalScope, ImportAssignment

        if isinstance(assignment, ImportAssignment):
            node = assignment.node
            if isinstance(node, libcst.Import):
                return self._meaning_of_import(node, assignment.name)
            if isinstance(node, libcst.ImportFrom) and not isinstance(node.names, libcst.ImportStar):
                for alias in node.names:
                    name = _evaluated(alias.name)
                    if assignment.name == (alias.evaluated_alias or name):
                        return f"{self._origin(node)}.{name}"
            return None
        if isinstance(assignment, Assignment) and isinstance(assignment.scope, GlobalScope):
            return f"{self._module}.{assignment.name}"
        return None

    def _meaning_of_import(self, node: "libcst.Import", name: str) -> str:
        """Return what ``import a.b as c`` binds; without ``as`` that is ``a``, and libcst tells of ``a.b`` too."""
        for alias in node.names:
            if alias.evaluated_alias == name:
                return _evaluated(alias.name)
        return name.split(".")[0]

    def _of_definition(self, assignment: object, meaning: str) -> Iterator[Use]:
        import libcst
        from libcst.metadata import Assignment, ImportAssignment

        if not isinstance(assignment, Assignment) or isinstance(assignment, ImportAssignment):
            return
        node: libcst.CSTNode = assignment.node
        if isinstance(node, libcst.ClassDef | libcst.FunctionDef):
            node = node.name
        if isinstance(node, libcst.Name):
            yield from self._use(node, node.value, frozenset({meaning}), "definition")

    def _of_access(self, access: "Access", scope: "Scope") -> Iterator[Use]:
        import libcst

        node: libcst.CSTNode = access.node
        if isinstance(node, libcst.SimpleString):
            if not self._is_value(node):
                yield from self._in_annotation(node, scope)
            return
        while isinstance(node, libcst.Attribute):
            node = node.value
        if not isinstance(node, libcst.Name):
            return
        meanings = self._meant_by(node.value, access.referents)
        if not meanings or self._is_hidden(node.value, access.scope):
            return
        yield from self._use(node, node.value, meanings, "name")
        parent = self._parents.get(node)
        while isinstance(parent, libcst.Attribute) and parent.value is node:
            meanings = frozenset(f"{base}.{parent.attr.value}" for base in meanings)
            yield from self._use(parent.attr, parent.attr.value, meanings, "name", scoped=False)
            node, parent = parent, self._parents.get(parent)

    def _meant_by(self, name: str, found: Iterable[object]) -> frozenset[str]:
        """Return what a name may mean, nothing where it is local; one that nothing binds may be of an ``import *``."""
        meanings = frozenset(self._meaning(assignment) or LOCAL for assignment in found)
        if not meanings:
            return frozenset(f"{star}.{name}" for star in self._stars)
        return meanings if any(meanings) else frozenset()

    def _is_hidden(self, name: str, scope: "Scope") -> bool:
        """Return whether an argument or a variable hides a package, which libcst looks up by its whole path."""
        found = scope[name]
        return bool(found) and not any(self._meaning(assignment) for assignment in found)

    def _is_value(self, node: "libcst.CSTNode") -> bool:
        """Return whether a string in an annotation is none itself: ``Literal["high"]``, ``Annotated[int, "why"]``."""
        import libcst

        around = self._parents.get(node)
        while around is not None:
            if isinstance(around, libcst.Subscript) and (parts := _parts(around.value)):
                is_first = around.slice[0] is node
                if parts[-1].value == "Literal" or (parts[-1].value == "Annotated" and not is_first):
                    return True
            node, around = around, self._parents.get(around)
        return False

    def _in_annotation(self, node: "libcst.SimpleString", scope: "Scope") -> Iterator[Use]:
        """Yield the names in an annotation that is written as a string."""
        start, end = self._span(node)
        plain = _PLAIN_STRING.fullmatch(self._source.text[start:end])
        if plain is None or not plain[2].isascii():
            return
        try:
            tree = ast.parse(plain[2].strip(), mode="eval")
        except SyntaxError:
            return
        first = start + plain.start(2) + len(plain[2]) - len(plain[2].lstrip())
        lines = [0, *(found.end() for found in re.finditer(r"\r\n|\n|\r", plain[2].strip()))]
        for part in ast.walk(tree):
            if isinstance(part, ast.Name):
                yield from self._in_text(part, first + lines[part.lineno - 1] + part.col_offset, scope, tree)

    def _in_text(self, part: ast.Name, at: int, scope: "Scope", tree: ast.Expression) -> Iterator[Use]:
        meanings = self._meant_by(part.id, scope[part.id])
        if not meanings:
            return
        yield Use(at, part.id, meanings, "name")
        holders = {id(node.value): node for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        at, node = at + len(part.id), holders.get(id(part))
        while node is not None:
            found = re.compile(rf"\s*\.\s*({re.escape(node.attr)})\b").match(self._source.text, at)
            if found is None:
                return
            meanings = frozenset(f"{base}.{node.attr}" for base in meanings)
            yield Use(found.start(1), node.attr, meanings, "name", scoped=False)
            at, node = found.end(), holders.get(id(node))

    def _of_outer_names(self) -> Iterator[Use]:
        """Yield the names in ``global`` and ``nonlocal`` statements."""
        import libcst

        for node in self._parents:
            if isinstance(node, libcst.Global | libcst.Nonlocal) and (scope := self._scope_of[node]) is not None:
                for item in node.names:
                    meanings = self._meant_by(item.name.value, scope[item.name.value])
                    if meanings:
                        yield from self._use(item.name, item.name.value, meanings, "name")

    def _in_exports(self) -> Iterator[Use]:
        for statement in exports_of(self._source.tree).touching:
            for node in shallow_walk(statement):
                if isinstance(node, ast.expr) and text_of(node) is not None:
                    start, end = self._source.span_of(node)
                    plain = _PLAIN_STRING.fullmatch(self._source.text[start:end])
                    if plain is not None and _IDENTIFIER.fullmatch(plain[2]):
                        meaning = frozenset({f"{self._module}.{plain[2]}"})
                        yield Use(start + plain.start(2), plain[2], meaning, "export", scoped=False)

    def _use(
        self, node: "libcst.CSTNode", text: str, meanings: frozenset[str], kind: Kind, *, scoped: bool = True
    ) -> Iterator[Use]:
        if self._words is None or text in self._words:
            yield Use(self._span(node)[0], text, meanings, kind, scoped)


def _parts(node: "libcst.BaseExpression") -> "list[libcst.Name]":
    """Return the names of a dotted path, in order."""
    import libcst

    if isinstance(node, libcst.Attribute):
        return [*_parts(node.value), node.attr]
    return [node] if isinstance(node, libcst.Name) else []


def _evaluated(node: "libcst.BaseExpression") -> str:
    return ".".join(part.value for part in _parts(node))
