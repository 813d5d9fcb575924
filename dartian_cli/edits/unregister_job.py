"""Take a job class out of its package's ``__init__``: its import, and its name in ``__all__``.

The opposite of register_job: of what that writes nothing is left. What stands in another way is not edited.
"""

import ast
from copy import deepcopy

from dartian_cli.edits.brackets import Brackets, read_brackets
from dartian_cli.edits.exports import exports_of
from dartian_cli.edits.register_job import Registration
from dartian_cli.edits.scope import absolute_module
from dartian_cli.edits.source import Source, Splice
from dartian_cli.errors import NotUnderstood, shown_path

__all__ = ["unregister_job"]


def unregister_job(content: bytes, job: Registration) -> bytes:
    """Return the file without the job; the same bytes if it is not registered.

    BrokenSource: it is no Python. NotUnderstood: it is registered in a way that is not edited by guesswork.
    """
    source = Source(job.path, content)
    splices = [*_without_import(source, job), *_without_export(source, job)]
    return source.spliced(splices, lambda old, new: _differs_by_job_only(old, new, job)) if splices else content


def _without_import(source: Source, job: Registration) -> list[Splice]:
    splices: list[Splice] = []
    for statement in source.tree.body:
        if not isinstance(statement, ast.ImportFrom) or absolute_module(statement, job.package) != job.target:
            continue
        names = [alias.name for alias in statement.names]
        if names == [job.class_name]:
            splices.append(_line(source, statement, job))
        elif job.class_name in names:
            splices.append(_name(source, statement, names.index(job.class_name), job))
    return splices


def _line(source: Source, statement: ast.stmt, job: Registration) -> Splice:
    """Take out whole lines, and the empty line that would stand twice then."""
    start, end = source.span_of(statement)
    first, last = source.line_start(start), source.next_line(end)
    if source.text[first:start].strip() or _is_code(source.text[end : source.line_end(end)]):
        raise _not_understood(source, statement.lineno, job)
    if not source.text[:first].strip() or _is_blank_before(source, first):
        while last < len(source.text) and not source.text[last : source.line_end(last)].strip():
            last = source.next_line(last)
    return Splice(first, "", taken=last - first)


def _is_blank_before(source: Source, at: int) -> bool:
    return at > 0 and not source.text[source.line_start(at - 1) : at].strip()


def _is_code(rest: str) -> bool:
    return bool(rest.strip()) and not rest.lstrip().startswith("#")


def _name(source: Source, statement: ast.ImportFrom, index: int, job: Registration) -> Splice:
    start, end = source.span_of(statement)
    opening = source.text.find("(", start, end)
    if opening < 0:
        alias = statement.names[index]
        raise _not_understood(source, alias.lineno, job)
    return _item(source, read_brackets(source, opening), index)


def _without_export(source: Source, job: Registration) -> list[Splice]:
    exports = exports_of(source.tree)
    splices: list[Splice] = []
    for literal in (*exports.initial, *exports.later):
        names = [_text(item) for item in literal.elts]
        if job.class_name in names:
            start, _ = source.span_of(literal)
            if source.text[start] not in "[(":
                raise _not_understood(source, literal.lineno, job)
            splices.append(_item(source, read_brackets(source, start), names.index(job.class_name)))
    if exports.lists(job.class_name) and (not splices or exports.unclear is not None):
        raise _not_understood(source, exports.touching[0].lineno, job)
    return splices


def _text(item: ast.expr) -> str | None:
    return item.value if isinstance(item, ast.Constant) and isinstance(item.value, str) else None


def _item(source: Source, brackets: Brackets, index: int) -> Splice:
    """Take out one item: its line where it has one, else it and the comma after or before it."""
    start, end = brackets.items[index]
    has_comma = index < len(brackets.commas)
    after = brackets.commas[index] + 1 if has_comma else end
    first, rest = source.line_start(start), source.text[after : source.line_end(after)]
    if not source.text[first:start].strip() and (not rest.strip() or rest.lstrip().startswith("#")) and has_comma:
        if len(brackets.items) == 1:
            return Splice(brackets.opening + 1, "", taken=brackets.closing - brackets.opening - 1)
        return Splice(first, "", taken=source.next_line(after) - first)
    if index + 1 < len(brackets.items):
        return Splice(start, "", taken=brackets.items[index + 1][0] - start)
    begin = brackets.commas[index - 1] if index else start
    return Splice(begin, "", taken=(end if index else after) - begin)


def _not_understood(source: Source, line: int, job: Registration) -> NotUnderstood:
    return NotUnderstood(
        f"{shown_path(source.path)}:{line}: {job.class_name} is registered in a way that is not undone by guesswork\n"
        f"Nothing was changed. Take its import and its name in __all__ out by hand, and run the command again."
    )


def _differs_by_job_only(old: ast.Module, new: ast.Module, job: Registration) -> bool:
    """Return whether the old tree, without the job's import and its name in __all__, is the new one."""
    old, body = deepcopy(old), list[ast.stmt]()
    for statement in old.body:
        if isinstance(statement, ast.ImportFrom) and absolute_module(statement, job.package) == job.target:
            statement.names = [alias for alias in statement.names if alias.name != job.class_name]
            if not statement.names:
                continue
        body.append(statement)
    old.body = body
    exports = exports_of(old)
    for literal in (*exports.initial, *exports.later):
        literal.elts = [item for item in literal.elts if _text(item) != job.class_name]
    return ast.dump(old) == ast.dump(new)
