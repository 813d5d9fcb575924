"""Register a job class in its package's ``__init__``: an import, and its name in ``__all__``.

What a careful colleague would do by hand: imports in the style and the order of their neighbours, every other byte
as it was. Where ``__all__`` is missing and the file exports by its imports alone, it stays missing (a new one would
change what ``import *`` gives), and the import says ``as`` so that linters and type checkers see the export. What
is not understood is not edited; the error holds the line to paste.
"""

import ast
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from dartian_cli.edits.listed import natural_key, splices_into
from dartian_cli.edits.scope import Binding, absolute_module, bindings_of, exports_of, is_docstring
from dartian_cli.edits.source import Source, Splice
from dartian_cli.errors import Conflict, NotUnderstood, shown_path

__all__ = ["Registration", "register_job"]


class Registration(msgspec.Struct, frozen=True):
    """A class, its module and the package that it is registered in."""

    path: str
    """The file of the package: ``app/jobs/__init__.py``."""
    package: str
    """``app.jobs``."""
    module: str
    """The module's own name: ``process_podcast``."""
    class_name: str

    @property
    def target(self) -> str:
        """The module's full name."""
        return f"{self.package}.{self.module}"

    def statement(self, *, relative: bool = False, alias: bool = False) -> str:
        """Return the import, in the style of the file."""
        start = f".{self.module}" if relative else self.target
        return f"from {start} import {self.class_name}" + (f" as {self.class_name}" if alias else "")


class _Neighbour(msgspec.Struct, frozen=True):
    """An import at the top level that stands on lines of its own: where, and of what."""

    start: int
    end: int
    module: str
    relative: bool
    sibling: bool
    """Whether it imports from a module of the same package."""


def register_job(content: bytes | None, job: Registration) -> bytes:
    """Return the file with the job registered; the same bytes if it is.

    BrokenSource: it is no Python. NotUnderstood: it is written in a way that is not edited by guesswork. Conflict:
    the name means something else in it.
    """
    if content is None:
        return _new_file(job)
    try:
        return _registered(Source(job.path, content), job)
    except NotUnderstood as refusal:
        first, *more = str(refusal).splitlines()
        raise refusal if more else NotUnderstood(_with_line_to_paste(first, job)) from None


def _registered(source: Source, job: Registration) -> bytes:
    imported = _is_imported(source, job)
    touching, exported = exports_of(source.tree)
    listed = exported is not None and any(_is_name(item, job.class_name) for item in exported.elts)
    if imported and (listed or exported is None):
        return source.content
    if touching and exported is None:
        raise _not_understood(job, touching[0].lineno, "__all__ is computed, or changed in several places")
    splices: list[Splice] = []
    makes_exports = not touching and _binds_nothing(source.tree)
    if not imported:
        splices.append(_import(source, job, alias=not touching and not makes_exports, exports=makes_exports))
    if exported is not None and not listed:
        splices += splices_into(source, exported, job.class_name)
    return source.spliced(splices, lambda old, new: _differs_by_job_only(old, new, job))


def _new_file(job: Registration) -> bytes:
    name = job.package.rpartition(".")[2]
    title = "The jobs of this application." if name == "jobs" else f"The {name.replace('_', ' ')} jobs."
    return f'"""{title}"""\n\n{job.statement()}\n\n{_exports(job, chr(10))}\n'.encode()


def _exports(job: Registration, newline: str) -> str:
    return f'__all__ = [{newline}    "{job.class_name}",{newline}]'


def _is_imported(source: Source, job: Registration) -> bool:
    """Return whether the class is imported at run time; refuse what binds its name in another way."""
    found = bindings_of(source.tree, job.class_name, job.package)
    ours = [binding for binding in found if (binding.module, binding.name) == (job.target, job.class_name)]
    if other := next((binding for binding in found if binding not in ours), None):
        raise _taken(job, other)
    if any(not binding.for_checkers for binding in ours):
        return True
    if ours:
        raise _not_understood(job, ours[0].line, f"{job.class_name} is imported for type checkers only")
    if lazy := bindings_of(source.tree, "__getattr__", job.package):
        raise _not_understood(job, lazy[0].line, "the names are loaded lazily by __getattr__")
    return False


def _taken(job: Registration, other: Binding) -> Conflict:
    place = f"{shown_path(job.path)}:{other.line}"
    what = f"is imported from {other.module}" if other.module else "means something else"
    return Conflict(
        f"{place}: {job.class_name} {what}, so it cannot be the job's name too\n"
        f"Choose another name, or rename what is there."
    )


def _not_understood(job: Registration, line: int, why: str) -> NotUnderstood:
    place = f"{shown_path(job.path)}:{line}"
    return NotUnderstood(
        _with_line_to_paste(f"{place}: {why}, so {job.class_name} is not registered by guesswork", job)
    )


def _with_line_to_paste(problem: str, job: Registration) -> str:
    return (
        f"{problem}\n"
        f"Nothing was changed. Paste this line, export the name, and run the command again:\n"
        f"{job.statement()}"
    )


def _is_name(item: ast.expr, name: str) -> bool:
    return isinstance(item, ast.Constant) and item.value == name


def _binds_nothing(tree: ast.Module) -> bool:
    """Return whether the file has a docstring and imports from __future__ at most."""
    return all(is_docstring(statement) or isinstance(statement, ast.Pass) or _is_future(statement)
               for statement in tree.body)  # fmt: skip


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _import(source: Source, job: Registration, *, alias: bool, exports: bool) -> Splice:
    """Return the splice that imports the class, and makes ``__all__`` if that is wanted."""
    imports = _neighbours(source, job)
    siblings = [neighbour for neighbour in imports if neighbour.sibling]
    styled = siblings or [neighbour for neighbour in imports if neighbour.relative]
    line = job.statement(relative=bool(styled) and styled[-1].relative, alias=alias)
    if siblings:
        return _beside(source, siblings, job, line)
    if exports:
        line = f"{line}{source.newline * 2}{_exports(job, source.newline)}"
    if not source.tree.body:
        return _at_the_end(source, line)
    return _after_prologue(source, job, line)


def _neighbours(source: Source, job: Registration) -> list[_Neighbour]:
    """Return the imports at the top level, each with the place of its lines."""
    found: list[_Neighbour] = []
    for statement in source.tree.body:
        if isinstance(statement, ast.ImportFrom) and not _is_future(statement):
            start, end = source.span_of(statement)
            name = absolute_module(statement, job.package)
            sibling = name.startswith(f"{job.package}.")
            found.append(_Neighbour(start, end, name, statement.level > 0, sibling))
    return found


def _beside(source: Source, siblings: list[_Neighbour], job: Registration, line: str) -> Splice:
    """Go where the order of the neighbours says; after the last one where they have none."""
    keys = [natural_key(sibling.module) for sibling in siblings]
    new = natural_key(job.target)
    ordered = all(earlier <= later for earlier, later in pairwise(keys))
    before = [sibling for sibling, key in zip(siblings, keys, strict=True) if key <= new]
    if not ordered:
        return _line_after(source, siblings[-1].end, line)
    if not before:
        first = siblings[0].start
        return Splice(_above_comments(source, first), line + source.newline_after(first))
    return _line_after(source, before[-1].end, line)


def _line_after(source: Source, end: int, line: str) -> Splice:
    """Return the splice that makes ``line`` the line after the one that ``end`` is in."""
    return Splice(source.line_end(end), source.newline_after(end) + line)


def _above_comments(source: Source, start: int) -> int:
    """Return where the comments begin that belong to a statement; a comment at the file's top belongs to the file."""
    at = source.line_start(start)
    top = at
    while top > 0 and source.text[source.line_start(top - 1) : top].lstrip().startswith("#"):
        top = source.line_start(top - 1)
    return at if top == 0 else top


def _at_the_end(source: Source, line: str) -> Splice:
    """Follow a file that holds no statement: nothing at all, or comments."""
    newline, end = source.newline, len(source.text)
    if not source.text.strip():
        return Splice(0, line + newline)
    return Splice(end, newline + line + newline if source.text.endswith(("\n", "\r")) else newline * 2 + line)


def _after_prologue(source: Source, job: Registration, line: str) -> Splice:
    """Go after the docstring and the imports that the file begins with, in a block of their own if they differ."""
    prologue = list(_prologue(source.tree))
    if not prologue:
        first = source.tree.body[0]
        decorated = getattr(first, "decorator_list", None) or [first]
        start = source.start_of(decorated[0].lineno)
        return Splice(_above_comments(source, start), line + source.newline_after(start) * 2)
    last = prologue[-1]
    end = source.line_end(source.span_of(last)[1])
    newline = source.newline_after(end)
    apart = "" if _is_of(last, job.package.split(".")[0]) else newline
    following = source.next_line(end)
    is_followed = source.text[following : source.line_end(following)].strip()
    return Splice(end, newline + apart + line + (newline if is_followed else ""))


def _prologue(tree: ast.Module) -> Iterator[ast.stmt]:
    for index, statement in enumerate(tree.body):
        if not isinstance(statement, ast.Import | ast.ImportFrom) and not (index == 0 and is_docstring(statement)):
            return
        yield statement


def _is_of(statement: ast.stmt, top: str) -> bool:
    """Return whether an import is in the same block as the new one: of the same application."""
    if isinstance(statement, ast.ImportFrom):
        return statement.level > 0 or (statement.module or "").split(".")[0] == top
    return isinstance(statement, ast.Import) and statement.names[0].name.split(".")[0] == top


def _differs_by_job_only(old: ast.Module, new: ast.Module, job: Registration) -> bool:
    """Return whether the new tree, without the job's import and its name in __all__, is the old one."""
    before, _ = exports_of(old)
    touching, exported = exports_of(new)
    if not bindings_of(new, job.class_name, job.package):
        return False
    if exported is not None:
        if sum(_is_name(item, job.class_name) for item in exported.elts) != 1:
            return False
        if not _lists(old, job):
            exported.elts = [item for item in exported.elts if not _is_name(item, job.class_name)]
    if not before:
        new.body = [statement for statement in new.body if statement not in touching]
    if not bindings_of(old, job.class_name, job.package):
        new.body = [statement for statement in new.body if not _imports(statement, job)]
    try:
        return ast.dump(new) == ast.dump(old)
    except RecursionError:
        return False


def _lists(tree: ast.Module, job: Registration) -> bool:
    _, exported = exports_of(tree)
    return exported is not None and any(_is_name(item, job.class_name) for item in exported.elts)


def _imports(statement: ast.stmt, job: Registration) -> bool:
    return (
        isinstance(statement, ast.ImportFrom)
        and absolute_module(statement, job.package) == job.target
        and [alias.name for alias in statement.names] == [job.class_name]
        and statement.names[0].asname in (None, job.class_name)
    )
