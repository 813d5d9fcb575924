"""Register a job class in its package's ``__init__``: an import, and its name in ``__all__``.

What a careful colleague would do by hand: imports in the style and the order of their neighbours, every other byte
as it was. Where ``__all__`` is missing and the file exports by its imports alone, it stays missing (a new one would
change what ``import *`` gives), and the import says ``as`` so that linters and type checkers see the export. What
is not understood is not edited; the error holds the line to paste.
"""

import ast
import re

import msgspec

from dartian_cli.edits.exports import Exports, exports_of
from dartian_cli.edits.import_blocks import Block, Target, blocks_of, import_splice
from dartian_cli.edits.listed import list_of_one, splices_into, splices_into_import
from dartian_cli.edits.loading import has_star_of, is_discovered, is_mapped, lazy_line, names_of_siblings
from dartian_cli.edits.scope import absolute_module, bindings_of, is_docstring, is_future
from dartian_cli.edits.source import Source, Splice
from dartian_cli.edits.taken_names import name_taken, refuse_module_name
from dartian_cli.edits.trees import is_grown
from dartian_cli.errors import NotUnderstood, shown_path
from dartian_cli.style import PLAIN, Style

__all__ = ["Registration", "register_job"]

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Registration(msgspec.Struct, frozen=True):
    """A class, its module and the package that it is registered in."""

    path: str
    """The file of the package: ``app/jobs/__init__.py``."""
    package: str
    """``app.jobs``."""
    module: str
    """The module's own name: ``process_podcast``."""
    class_name: str
    style: Style = PLAIN
    """What the project's formatter is told; where the file has a style of its own, that wins."""
    own: tuple[str, ...] = ()
    """The first names of the project's modules, which import sorters keep apart from third parties."""

    @property
    def target(self) -> str:
        """The module's full name."""
        return f"{self.package}.{self.module}"

    def statement(self, *, relative: bool = False, alias: bool = False, newline: str = "\n") -> str:
        """Return the import, in the style of the file; over several lines where one is too long."""
        start = f".{self.module}" if relative else self.target
        name = f"{self.class_name} as {self.class_name}" if alias else self.class_name
        line = f"from {start} import {name}"
        if self.style.fits(line):
            return line
        return f"from {start} import ({newline}{self.style.indent}{name},{newline})"

    @property
    def snippet(self) -> str:
        """The import as a person pastes it: one line."""
        return f"from {self.target} import {self.class_name}"


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
    exports = exports_of(source.tree)
    imported = _is_imported(source, job, exports)
    listed = exports.lists(job.class_name)
    literal = None if listed else exports.literal_for(names_of_siblings(source.tree, job.package))
    if imported and (listed or (literal is None and not (exports.touching and exports.is_complete))):
        return source.content
    if exports.touching and literal is None and not listed:
        first = exports.unclear or exports.touching[0]
        raise _not_understood(job, first.lineno, "__all__ is computed, or changed in several places", imported=imported)
    splices: list[Splice] = []
    makes_exports = not exports.touching and _binds_nothing(source.tree)
    if not imported:
        refuse_module_name(job.path, source.tree, job.package, job.module)
        splices += _import(source, job, alias=not exports.touching and not makes_exports, exports=makes_exports)
    if literal is not None:
        splices += splices_into(source, literal, job.class_name, job.style)
    adds = (not imported, literal is not None, makes_exports)
    return source.spliced(splices, lambda old, new: _differs_by_job_only(old, new, job, adds))


def _new_file(job: Registration) -> bytes:
    name = job.package.rpartition(".")[2]
    title = "The jobs of this application." if name == "jobs" else f"The {name.replace('_', ' ')} jobs."
    return f'"""{title}"""\n\n{job.statement()}\n\n{_exports(job, chr(10))}\n'.encode()


def _exports(job: Registration, newline: str) -> str:
    return f"__all__ = {list_of_one(job.class_name, job.style, newline)}"


def _is_imported(source: Source, job: Registration, exports: Exports) -> bool:
    """Return whether the class is imported at run time; refuse what binds its name in another way."""
    found = bindings_of(source.tree, job.class_name, job.package)
    ours = [binding for binding in found if (binding.module, binding.name) == (job.target, job.class_name)]
    running = [binding for binding in ours if not binding.for_checkers]
    branches = {binding.block for binding in running}
    others = [binding for binding in found if binding not in ours and binding.block not in branches]
    if others:
        raise name_taken(job.path, others[0], job.class_name, "job's name")
    if running or has_star_of(source.tree, job.target, job.package) or is_discovered(source.tree, job.package):
        return True
    if line := lazy_line(source.tree, job.package):
        if is_mapped(source.tree, job.class_name) or (ours and exports.lists(job.class_name)):
            return True
        raise _not_understood(job, line, "the names are loaded lazily by __getattr__")
    if ours:
        raise _not_understood(job, ours[0].line, f"{job.class_name} is imported for type checkers only")
    return False


def _not_understood(job: Registration, line: int, why: str, *, imported: bool = False) -> NotUnderstood:
    place = f"{shown_path(job.path)}:{line}"
    problem = f"{place}: {why}, so {job.class_name} is not registered by guesswork"
    if imported:
        return NotUnderstood(
            f"{problem}\nNothing was changed. It is imported; add it to __all__, and run the command again:\n"
            f'"{job.class_name}",'
        )
    return NotUnderstood(_with_line_to_paste(problem, job))


def _with_line_to_paste(problem: str, job: Registration) -> str:
    return (
        f"{problem}\nNothing was changed. Paste this line, export the name, and run the command again:\n{job.snippet}"
    )


def _binds_nothing(tree: ast.Module) -> bool:
    """Return whether the file has a docstring and imports from __future__ at most."""
    return all(is_docstring(statement) or isinstance(statement, ast.Pass) or is_future(statement)
               for statement in tree.body)  # fmt: skip


def _import(source: Source, job: Registration, *, alias: bool, exports: bool) -> list[Splice]:
    """Return what imports the class, and makes ``__all__`` if that is wanted."""
    if not alias and (found := _import_of_module(source, job)):
        return splices_into_import(source, found, job.class_name, job.style)
    newline = source.newline
    own = frozenset({job.package.split(".")[0], *job.own})
    blocks = blocks_of(source, job.package, own)
    relative = _is_relative(blocks)
    line = job.statement(relative=relative, alias=alias, newline=newline)
    if exports:
        line = f"{line}{newline * 2}{_exports(job, newline)}"
    if not source.tree.body:
        return [_at_the_end(source, line)]
    target = Target(line, job.package, job.target, job.class_name, relative, own)
    return [import_splice(source, blocks, target) or _before_code(source, line)]


def _import_of_module(source: Source, job: Registration) -> ast.ImportFrom | None:
    """Return an import of something else from the job's own module, which takes one more name."""
    for statement in source.tree.body:
        if not isinstance(statement, ast.ImportFrom) or absolute_module(statement, job.package) != job.target:
            continue
        if all(alias.asname is None and alias.name != "*" for alias in statement.names):
            return statement
    return None


def _is_relative(blocks: list[Block]) -> bool:
    """Return whether most siblings are imported relatively; without any, whether anything is."""
    siblings = [found for block in blocks for found in block.siblings]
    relative = sum(found.relative for found in siblings)
    if not siblings:
        return any(found.relative for block in blocks for found in block.imports)
    return relative * 2 > len(siblings) or (relative * 2 == len(siblings) and siblings[-1].relative)


def _at_the_end(source: Source, line: str) -> Splice:
    """Follow a file that holds no statement: nothing at all, or comments."""
    newline, end = source.newline, len(source.text)
    if not source.text.strip():
        return Splice(0, line + newline)
    return Splice(end, newline + line + newline if source.text.endswith(("\n", "\r")) else newline * 2 + line)


def _before_code(source: Source, line: str) -> Splice:
    """Go after the docstring, or above a file's first statement, with the empty lines that a formatter wants."""
    first, *rest = source.tree.body
    newline = source.newline
    if not is_docstring(first):
        start = source.first_line_of(first)
        at = source.above_comments(start)
        return Splice(at or source.line_start(start), line + newline * (3 if _is_definition(first) else 2))
    end = source.line_end(source.span_of(first)[1])
    following = re.compile(r"(?:[ \t\f]*(?:\r\n|\n|\r))*").match(source.text, end)
    gap = re.findall(r"\r\n|\n|\r", following[0] if following else "")
    wanted = 3 if rest and _is_definition(rest[0]) else 2
    has_more = bool(following and source.text[following.end() :].strip())
    return Splice(end, newline * 2 + line + newline * (max(0, wanted - len(gap)) if has_more else 0))


def _is_definition(statement: ast.stmt) -> bool:
    return isinstance(statement, _DEFINITIONS)


def _differs_by_job_only(old: ast.Module, new: ast.Module, job: Registration, adds: tuple[bool, bool, bool]) -> bool:
    """Return whether the new tree, without the job's import and its name in __all__, is the old one.

    ``adds`` says what is meant to be there and was not: the import, the name, the whole of __all__.
    """
    imports, lists, makes_exports = adds
    added: list[ast.AST] = []
    exports = exports_of(new)
    if imports:
        added += _imports_of(new, job)
    if lists:
        added += [
            item
            for literal in (*exports.initial, *exports.later)
            for item in literal.elts
            if isinstance(item, ast.Constant) and item.value == job.class_name
        ]
    if makes_exports:
        added += exports.touching
    return (
        exports.lists(job.class_name) >= (lists or makes_exports)
        and len(added) == sum(adds)
        and is_grown(old, new, added)
    )


def _imports_of(tree: ast.Module, job: Registration) -> list[ast.AST]:
    """Return the import of the class at the top level: the statement, or one of its names."""
    found: list[ast.AST] = []
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and absolute_module(statement, job.package) == job.target:
            names = [
                alias for alias in statement.names
                if alias.name == job.class_name and alias.asname in (None, job.class_name)
            ]  # fmt: skip
            found += [statement] if names == statement.names else names
    return found
