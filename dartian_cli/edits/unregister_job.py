"""Take a job class out of its package's ``__init__``: its import, and its name in ``__all__``.

The opposite of register_job: where that could have written what is there, the file is as it was before, to the byte;
else only the import and the name go. Lines that were broken since they had grown too long stay broken. What stands in
another way is not edited.
"""

import ast
from collections.abc import Iterator
from typing import TypeAlias

from dartian_cli.edits.brackets import Brackets, read_brackets
from dartian_cli.edits.exports import Exports, Literal, exports_of
from dartian_cli.edits.register_job import Registration, register_job
from dartian_cli.edits.scope import absolute_module, text_of
from dartian_cli.edits.source import Source, Splice
from dartian_cli.edits.trees import is_grown
from dartian_cli.errors import CliError, NotUnderstood, shown_path

__all__ = ["registered_at", "unregister_job"]

_Named: TypeAlias = ast.ImportFrom | Literal


def unregister_job(content: bytes, job: Registration) -> bytes:
    """Return the file without the job; the same bytes if it is not registered.

    BrokenSource: it is no Python. NotUnderstood: it is registered in a way that is not edited by guesswork.
    """
    source = Source(job.path, content)
    drafts = [
        source.spliced(draft, lambda old, new: _differs_by_job_only(old, new, job)) for draft in _drafts(source, job)
    ]
    certain = (draft for draft in drafts if _is_before(draft, content, job))
    return next(certain, drafts[-1])


def registered_at(source: Source, job: Registration) -> list[tuple[int, int]]:
    """Return what registers the job, as the characters from which and to which it reaches."""
    exports = exports_of(source.tree)
    return [source.span_of(node) for node in (*_imports(source.tree, job), *_exported(exports, job))]


def _is_before(draft: bytes, content: bytes, job: Registration) -> bool:
    """Return whether registering the job in the draft gives what is there."""
    try:
        return register_job(draft, job) == content
    except CliError:
        return False


def _drafts(source: Source, job: Registration) -> Iterator[list[Splice]]:
    """Yield the edits to choose from, the likeliest first; the last is the one that needs no proof."""
    imports = [node for node in _imports(source.tree, job) if isinstance(node, ast.ImportFrom)]
    names = [*_without_name(source, job), *_without_export(source, job)]
    tidy = [*(_line(source, statement, job) for statement in imports), *names]
    if (whole := _whole(source, job, imports)) is not None:
        yield [whole]
    yield tidy
    for above, below in ((False, False), (False, True), (True, False)):
        yield [*(_lines(source, each, above=above, below=below) for each in imports), *names]
    yield tidy


def _imports(tree: ast.Module, job: Registration) -> list[ast.ImportFrom | ast.alias]:
    """Return the imports of the class: a statement, or one of its names where it has others too."""
    found: list[ast.ImportFrom | ast.alias] = []
    for statement in _statements(tree, job):
        names = [alias for alias in statement.names if _is_ours(alias, job)]
        found += [statement] if names == statement.names else names
    return found


def _statements(tree: ast.Module, job: Registration) -> Iterator[ast.ImportFrom]:
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and absolute_module(statement, job.package) == job.target:
            yield statement


def _is_ours(alias: ast.alias, job: Registration) -> bool:
    return alias.name == job.class_name and alias.asname in (None, job.class_name)


def _exported(exports: Exports, job: Registration) -> list[ast.expr]:
    """Return the name in the lists that make up ``__all__``."""
    return [item for literal in (*exports.initial, *exports.later) for item in literal.elts
            if text_of(item) == job.class_name]  # fmt: skip


def _line(source: Source, statement: ast.stmt, job: Registration) -> Splice:
    """Take out whole lines, and of the empty ones above and below the fewer: the others are what was there before."""
    start, end = source.span_of(statement)
    first = source.line_start(start)
    rest = source.text[end : source.line_end(end)].strip()
    if source.text[first:start].strip() or (rest and not rest.startswith("#")):
        raise _not_understood(source, statement.lineno, job)
    alone, above, below = (_lines(source, statement, above=one, below=other)
                           for one, other in ((False, False), (True, False), (False, True)))  # fmt: skip
    if not source.text[:first].strip():
        return below
    if not source.text[below.at + below.taken :].strip():
        return above
    if alone in (above, below):
        return alone
    return min(above, below, key=lambda splice: splice.taken)


def _lines(source: Source, statement: ast.stmt, *, above: bool = False, below: bool = False) -> Splice:
    """Take out the lines of a statement, and the empty ones above or below it."""
    start, end = source.span_of(statement)
    first, last = source.line_start(start), source.next_line(end)
    while above and source.is_blank_above(first):
        first = source.line_above(first)
    while below and last < len(source.text) and not source.text[last : source.line_end(last)].strip():
        last = source.next_line(last)
    return Splice(first, "", taken=last - first)


def _whole(source: Source, job: Registration, imports: list[ast.ImportFrom]) -> Splice | None:
    """Take out the import and an ``__all__`` below it that lists nothing else, as they are written together."""
    exports = exports_of(source.tree)
    if len(imports) != 1 or len(exports.touching) != 1 or len(exports.initial) != 1:
        return None
    assigned, names = exports.touching[0], [text_of(item) for item in exports.initial[0].elts]
    start, (begin, end) = source.span_of(imports[0])[1], source.span_of(assigned)
    if names != [job.class_name] or not isinstance(assigned, ast.Assign) or "#" in source.text[start:end]:
        return None
    if source.text[start:begin].strip() or source.text[end : source.line_end(end)].strip():
        return None
    first = source.line_start(source.span_of(imports[0])[0])
    first = len(source.text[:first].rstrip())
    last = end if first else source.next_line(end)
    return Splice(first, "", taken=last - first)


def _without_name(source: Source, job: Registration) -> Iterator[Splice]:
    """Take the class out of the imports that have other names too."""
    for statement in _statements(source.tree, job):
        ours = [_is_ours(alias, job) for alias in statement.names]
        if any(ours) and not all(ours):
            start, end = source.span_of(statement)
            opening = source.text.find("(", start, end)
            row = read_brackets(source, opening) if opening >= 0 else _bare(source, statement)
            yield from _item(source, row, ours.index(True), is_bare=opening < 0)


def _without_export(source: Source, job: Registration) -> Iterator[Splice]:
    exports, found = exports_of(source.tree), False
    for literal in (*exports.initial, *exports.later):
        names = [text_of(item) for item in literal.elts]
        if job.class_name in names:
            start, _ = source.span_of(literal)
            is_bare = isinstance(literal, ast.Tuple) and not _has_brackets(source, literal)
            row = _bare(source, literal) if is_bare else read_brackets(source, start)
            found, index = True, names.index(job.class_name)
            if isinstance(literal, ast.Tuple) and len(names) <= 2:
                yield from _of_a_small_tuple(source, row, index, is_bare=is_bare)
            else:
                yield from _item(source, row, index, is_bare=is_bare)
    if exports.lists(job.class_name) and (not found or exports.unclear is not None):
        raise _not_understood(source, exports.touching[0].lineno, job)


def _has_brackets(source: Source, literal: ast.Tuple) -> bool:
    """Return whether the brackets are the tuple's own, and not those of its first item."""
    start, end = source.span_of(literal)
    return source.text[start] == "(" and source.span_of(literal.elts[0])[0] > start and source.text[end - 1] == ")"


def _bare(source: Source, node: _Named) -> Brackets:
    """Return items that stand between no brackets."""
    parts = node.names if isinstance(node, ast.ImportFrom) else node.elts
    items = [source.span_of(part) for part in parts]
    start, end = source.span_of(node)
    ends = [*(item[0] for item in items[1:]), end]
    commas = [source.text.find(",", item[1], limit) for item, limit in zip(items, ends, strict=True)]
    return Brackets(start - 1, end, tuple(items), tuple(comma for comma in commas if comma >= 0))


def _of_a_small_tuple(source: Source, row: Brackets, index: int, *, is_bare: bool) -> Iterator[Splice]:
    """Leave a tuple of one its comma, which makes it a tuple, and one of none its brackets."""
    if is_bare and len(row.items) == 1:
        start, end = row.opening + 1, row.closing
        yield Splice(start, "()", taken=end - start)
    elif len(row.items) == 1 or len(row.commas) == 2:
        yield from _item(source, row, index, is_bare=is_bare)
    elif index == 1:
        yield Splice(row.commas[0] + 1, "", taken=row.items[1][1] - row.commas[0] - 1)
    else:
        yield from _item(source, row, index, is_bare=is_bare)
        yield Splice(row.items[1][1], ",")


def _item(source: Source, row: Brackets, index: int, *, is_bare: bool) -> list[Splice]:
    """Take out one item: its line where it has one, else it and the comma after or before it; comments stay."""
    start, end = row.items[index]
    after = row.commas[index] + 1 if index < len(row.commas) else end
    first, rest = source.line_start(start), source.text[after : source.line_end(after)].strip()
    begins_line = not is_bare and not source.text[first:start].strip()
    if begins_line and (not rest or rest.startswith("#")):
        return _own_line(source, row, index, after)
    if index and (not begins_line or index == len(row.items) - 1):
        before = row.commas[index - 1]
        if "#" in source.text[before:start]:
            return [*([Splice(before, "", taken=1)] if after == end else []), Splice(start, "", taken=after - start)]
        return [Splice(before, "", taken=end - before)]
    following = row.items[index + 1][0] if index + 1 < len(row.items) else after
    is_beside = not source.text[after:following].strip() and source.line_end(after) >= following
    return [Splice(start, "", taken=(following if is_beside else after) - start)]


def _own_line(source: Source, row: Brackets, index: int, after: int) -> list[Splice]:
    """Take out a line that holds one item, and what else the brackets hold if that is but space."""
    first, last = source.line_start(row.items[index][0]), source.next_line(after)
    around = source.text[row.opening + 1 : first] + source.text[last : row.closing]
    if len(row.items) == 1 and not around.strip():
        return [Splice(row.opening + 1, "", taken=row.closing - row.opening - 1)]
    line = Splice(first, "", taken=last - first)
    ends_bare = index == len(row.commas)
    return [Splice(row.commas[index - 1], "", taken=1), line] if index and ends_bare else [line]


def _not_understood(source: Source, line: int, job: Registration) -> NotUnderstood:
    return NotUnderstood(
        f"{shown_path(source.path)}:{line}: {job.class_name} is registered in a way that is not undone by guesswork\n"
        f"Nothing was changed. Take its import and its name in __all__ out by hand, and run the command again."
    )


def _differs_by_job_only(old: ast.Module, new: ast.Module, job: Registration) -> bool:
    """Return whether the old tree, without the job's import and its name in __all__, is the new one.

    An ``__all__`` that lists nothing else may be gone too.
    """
    exports = exports_of(old)
    gone: list[ast.AST] = [*_imports(old, job), *_exported(exports, job)]
    if exports.touching and not exports_of(new).touching:
        if [text_of(item) for literal in exports.initial for item in literal.elts] != [job.class_name]:
            return False
        gone += exports.touching
    return is_grown(new, old, gone)
