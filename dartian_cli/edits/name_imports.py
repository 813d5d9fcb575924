"""Import one more name into a module where its author would, or take an import out that nothing needs any more."""

import ast

from dartian_cli.annotations import Import
from dartian_cli.edits.brackets import read_brackets, take_out
from dartian_cli.edits.import_blocks import Target, blocks_of, import_splice
from dartian_cli.edits.listed import splices_into_import
from dartian_cli.edits.scope import absolute_module, bindings_of, is_docstring, is_future
from dartian_cli.edits.source import Source, Splice
from dartian_cli.edits.trees import is_grown
from dartian_cli.errors import Conflict, NotUnderstood, shown_path
from dartian_cli.style import Style

__all__ = ["reached_through", "with_import", "without_import"]


def with_import(
    path: str, content: bytes, needed: Import, *, package: str, own: frozenset[str], style: Style, before: str
) -> bytes:
    """Return the file with the name imported; the same bytes if it is.

    ``own`` are the first names of the project's modules, ``before`` is the class that needs the import above it.
    Conflict: the name means something else there. NotUnderstood: the file has no place for it.
    """
    source = Source(path, content)
    found = bindings_of(source.tree, needed.name, package)
    for binding in found:
        if (binding.module, binding.name) != (needed.module, needed.name) or binding.for_checkers:
            what = f"is imported from {binding.module}" if binding.module else "means something else"
            what = "is imported for type checkers only" if binding.for_checkers else what
            raise Conflict(
                f"{shown_path(path)}:{binding.line}: {needed.name} {what}, and the field needs that of "
                f"{needed.module}\n"
                f"Nothing was changed. Rename what is there, or write the field by hand."
            )
    if found:
        return content
    splices = _added(source, needed, package, own, style)
    at = source.span_of(next(n for n in source.tree.body if isinstance(n, ast.ClassDef) and n.name == before))[0]
    if not splices or splices[0].at > at:
        raise NotUnderstood(
            f"{shown_path(path)}: its imports stand where no other is put by guesswork\n"
            f"Nothing was changed. Paste this line, and run the command again:\n"
            f"from {needed.module} import {needed.name}"
        )
    return source.spliced(splices, lambda old, new: _only_imports(old, new, needed, package))


def reached_through(source: Source, needed: Import, *, package: str, before: str) -> str:
    """Return what a file that imports the module as such writes for a name of it: ``datetime.date``; empty else.

    Where it imports the name too, that is what it writes. ``before`` is the class that needs the import above it.
    """
    found = bindings_of(source.tree, needed.name, package)
    if any((binding.module, binding.name) == (needed.module, needed.name) for binding in found):
        return ""
    for statement in source.tree.body:
        if isinstance(statement, ast.ClassDef) and statement.name == before:
            break
        for alias in statement.names if isinstance(statement, ast.Import) else ():
            bound = alias.asname or alias.name.partition(".")[0]
            if alias.name == needed.module and len(bindings_of(source.tree, bound, package)) == 1:
                return f"{alias.asname or alias.name}.{needed.name}"
    return ""


def _added(source: Source, needed: Import, package: str, own: frozenset[str], style: Style) -> list[Splice]:
    for statement in source.tree.body:
        if not isinstance(statement, ast.ImportFrom) or absolute_module(statement, package) != needed.module:
            continue
        if all(alias.asname is None and alias.name != "*" for alias in statement.names):
            return splices_into_import(source, statement, needed.name, style)
    line = f"from {needed.module} import {needed.name}"
    blocks = blocks_of(source, package, own)
    splice = import_splice(source, blocks, Target(line, package, needed.module, needed.name, False, own))
    return [splice or _above_code(source, line)]


def _above_code(source: Source, line: str) -> Splice:
    """Stand above the first statement that is neither a docstring nor an import from __future__."""
    first = next(each for each in source.tree.body if not is_docstring(each) and not is_future(each))
    at = source.above_comments(source.first_line_of(first))
    newline = source.newline_after(at)
    return Splice(at, f"{line}{newline}{newline}{newline}")


def _only_imports(old: ast.Module, new: ast.Module, needed: Import, package: str) -> bool:
    """Return whether the name is imported now, and nothing else differs."""
    for statement in new.body:
        if not isinstance(statement, ast.ImportFrom) or absolute_module(statement, package) != needed.module:
            continue
        for alias in statement.names:
            if alias.name == needed.name and alias.asname is None:
                return is_grown(old, new, [statement if len(statement.names) == 1 else alias])
    return False


def without_import(path: str, content: bytes, name: str) -> bytes:
    """Return the file without the import of a name that nothing else in it says; else the same bytes.

    An import in a block, on a line that it shares, or with a comment for a linter stays.
    """
    source = Source(path, content)
    found = [
        (statement, alias)
        for statement in source.tree.body
        if isinstance(statement, ast.Import | ast.ImportFrom)
        for alias in statement.names
        if (alias.asname or alias.name) == name
    ]
    if len(found) != 1 or found[0][1].asname == found[0][1].name or _is_said(source.tree, name):
        return content
    statement, alias = found[0]
    gone: ast.AST = alias if len(statement.names) > 1 else statement
    splice = _without_line(source, statement) if gone is statement else _without_name(source, statement, alias)
    if splice is None:
        return content
    return source.spliced([splice], lambda old, new: is_grown(new, old, [gone]))


def _is_said(tree: ast.Module, name: str) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == name:
            return True
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and name in node.value:
            return True
        if isinstance(node, ast.Global) and name in node.names:
            return True
    return False


def _without_line(source: Source, statement: ast.stmt) -> Splice | None:
    """Take out whole lines, and the smaller of the gaps around them."""
    start, end = source.span_of(statement)
    first, last = source.line_start(start), source.next_line(end)
    if source.text[first:start].strip() or source.text[end : source.line_end(end)].strip():
        return None
    above, below = first, last
    while source.is_blank_above(above):
        above = source.line_above(above)
    while below < len(source.text) and not source.text[below : source.line_end(below)].strip():
        below = source.next_line(below)
    if above > 0 and len(source.text[above:first].splitlines()) <= len(source.text[last:below].splitlines()):
        return Splice(above, "", taken=last - above)
    return Splice(first, "", taken=below - first)


def _without_name(source: Source, statement: ast.stmt, alias: ast.alias) -> Splice | None:
    assert isinstance(statement, ast.Import | ast.ImportFrom)
    start, end = source.span_of(statement)
    index, spans = statement.names.index(alias), [source.span_of(each) for each in statement.names]
    opening = source.text.find("(", start, spans[0][0])
    if opening >= 0:
        return take_out(source, read_brackets(source, opening), [index])[0]
    if "\\" in source.text[start:end] or "#" in source.text[end : source.line_end(end)]:
        return None
    if index + 1 < len(spans):
        return Splice(spans[index][0], "", taken=spans[index + 1][0] - spans[index][0])
    return Splice(spans[index - 1][1], "", taken=spans[index][1] - spans[index - 1][1])
