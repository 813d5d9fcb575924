"""What a person has written into the files that ``make:job`` makes: their line, so that nobody loses it unasked.

A job's fields and options may have come from ``make:job``, ``job:field`` or a person: they are taken as they are, and
the stub is rendered with them anew. What then stands in the file besides, code or comment, is a person's. How it is
laid out, and in which order it imports, is not looked at. It changes nothing.
"""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from copy import copy

from dartian_cli.annotations import Annotation, parse_annotation
from dartian_cli.edits.class_keywords import keyword_of
from dartian_cli.edits.job_fields import Declared, JobSource, read_job
from dartian_cli.edits.scope import text_of
from dartian_cli.edits.source import Source
from dartian_cli.errors import CliError, FieldRefused
from dartian_cli.generators.found import FoundJob
from dartian_cli.generators.job import roots_of, summary_of
from dartian_cli.generators.trial_job import trial_job
from dartian_cli.stubs import find_stub, render
from dartian_cli.workspace import Workspace

__all__ = ["by_hand_in_job", "by_hand_in_test"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def by_hand_in_job(workspace: Workspace, job: FoundJob, source: Source) -> int | None:
    """Return the first line of a job's file that a person has written, or None where all of it was generated."""
    try:
        text = read_job(source, job.class_name)
        odd = next((field for field in text.fields if _annotation(text, field) is None), None)
        if text.init is not None or odd is not None:
            return odd.node.lineno if odd is not None else job.line
        return _first_difference(source, _job_anew(workspace, text))
    except CliError:  # what it declares is computed, or the project's own stub is broken
        return job.line


def by_hand_in_test(workspace: Workspace, job: FoundJob, source: Source, path: str) -> int | None:
    """Return the first line of a job's generated test that a person has written; ``source`` is the job's own file."""
    try:
        test = Source(path, workspace.read(path) or b"")
        return _first_difference(test, _test_anew(workspace, job, read_job(source, job.class_name), test.tree))
    except CliError:
        return 1


def _job_anew(workspace: Workspace, text: JobSource) -> str:
    """Return the file of a job as it would be generated with the fields and options that it has."""
    name = text.node.name
    header = f"class {name}({', '.join(['Job', *map(ast.unparse, text.node.keywords)])})"
    declarations = [ast.unparse(field.node) for field in text.fields]
    handle = next((each for each in text.node.body if isinstance(each, _FUNCTIONS) and each.name == "handle"), None)
    return render(
        find_stub(workspace, "job.py"),
        class_name=name,
        summary=summary_of(name),
        header=header,
        imports="\n".join(_imports_of(text.source.tree, [header, *declarations])),
        fields=declarations,
        sync=isinstance(handle, ast.FunctionDef),
        first_line=_first_line(text, [name, *_old_names(text)]),
    )


def _test_anew(workspace: Workspace, job: FoundJob, text: JobSource, test: ast.Module) -> str:
    """Return the test of a job as it would be generated with the fields that it has."""
    types = {field.name: _annotation(text, field) for field in text.fields if not field.has_default}
    needed = {name: kind for name, kind in types.items() if kind is not None}
    roots = roots_of(workspace.project.jobs[job.folder])
    trial = trial_job(workspace, job.package, job.class_name, needed, roots)
    imports = [f"from {each.module} import {each.name}" for each in sorted(trial.imports)]
    makes = any(isinstance(node, ast.FunctionDef) and node.name == "make_job" for node in test.body)
    return render(
        find_stub(workspace, "test_job.py"),
        class_name=job.class_name,
        imports="\n".join([*imports, *(["import pytest"] if trial.unknown else [])]),
        needs_values=makes or bool(needed),  # job:field may have removed the last of them
        unknown=trial.unknown,
        reason=repr(_reason(test, [job.class_name, *_old_names(text)]) or trial.reason),
        job=trial.call,
    )


def _annotation(text: JobSource, field: Declared) -> Annotation | None:
    """Return the type of a field as ``make:job`` understands it; None where it would not have written that."""
    if field.node.annotation is None:
        return None
    node = _Absolute(text.source.tree).visit(ast.parse(ast.unparse(field.node.annotation), mode="eval").body)
    try:
        return parse_annotation(ast.unparse(node))
    except FieldRefused:
        return None


class _Absolute(ast.NodeTransformer):
    """Write names that were imported from a module with the path of that."""

    def __init__(self, tree: ast.Module) -> None:
        imports = (node for node in tree.body if isinstance(node, ast.ImportFrom) and not node.level)
        self._modules = {alias.name: node.module or "" for node in imports for alias in node.names if not alias.asname}

    def visit_Name(self, node: ast.Name) -> ast.expr:
        module = self._modules.get(node.id)
        return ast.parse(f"{module}.{node.id}", mode="eval").body if module else node


def _imports_of(tree: ast.Module, texts: Iterable[str]) -> Iterator[str]:
    """Yield the imports of the names that a class needs in its first line and in its fields."""
    used = {name for text in texts for name in re.findall(r"[^\W\d]\w*", text)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name in used and alias.asname is None:
                    yield ast.unparse(ast.ImportFrom(module=node.module, names=[alias], level=node.level))


def _old_names(text: JobSource) -> list[str]:
    """Return what the class was called before ``job:rename``, which leaves strings alone."""
    aliases = keyword_of(text.node, "aliases")
    listed = aliases.elts if isinstance(aliases, ast.List | ast.Tuple) else ()
    return [name.rpartition(".")[2] for item in listed if (name := text_of(item)) is not None]


def _first_line(text: JobSource, names: list[str]) -> str:
    """Return what a generated ``handle`` does: as it is there, since the field that it shows may be gone or renamed."""
    wanted = re.compile(rf"print\(f?'(?:{'|'.join(map(re.escape, names))}) (?:ran|\{{self\.\w+(?:!r)?\}})'\)")
    found = (ast.unparse(node) for node in ast.walk(text.node) if isinstance(node, ast.Expr))
    return next((line for line in found if wanted.fullmatch(line)), f"print('{names[0]} ran')")


def _reason(tree: ast.Module, names: list[str]) -> str | None:
    """Return the reason for which a generated test is skipped, as it is there: it may speak of a field's old name."""
    wanted = re.compile(rf"return (?:{'|'.join(map(re.escape, names))})\(\.\.\.\) here, with a value for .*")
    found = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return next((text for text in found if wanted.fullmatch(text)), None)


def _first_difference(source: Source, expected: str) -> int | None:
    """Return the first line of a file that says something else than was expected, or None."""
    tree = ast.parse(expected)
    lines = [*_of_imports(source.tree, tree), *_of_code(source.tree, tree), *_of_comments(source.text, expected)]
    return min(lines, default=None)


def _of_imports(found: ast.Module, expected: ast.Module) -> Iterator[int]:
    wanted = {imported for _, imported in _imported(expected)}
    yield from (line for line, imported in _imported(found) if imported not in wanted)
    if wanted - {imported for _, imported in _imported(found)}:
        yield 1


def _imported(tree: ast.Module) -> Iterator[tuple[int, tuple[object, ...]]]:
    """Yield each name that is imported at the top level, with its line."""
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            start = (node.module, node.level) if isinstance(node, ast.ImportFrom) else ()
            yield from ((node.lineno, (*start, alias.name, alias.asname)) for alias in node.names)


def _of_code(found: ast.Module, expected: ast.Module) -> Iterator[int]:
    there, wanted = list(_statements(found.body)), [text for _, text in _statements(expected.body)]
    yield from (line for (line, text), other in zip(there, wanted, strict=False) if text != other)
    if len(there) != len(wanted):
        yield there[len(wanted)][0] if len(there) > len(wanted) else there[-1][0] if there else 1


def _statements(body: list[ast.stmt], depth: int = 0) -> Iterator[tuple[int, tuple[int, str]]]:
    """Yield each statement but imports, with its line; a class or function as its first line, then what is in it."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            header = copy(node)
            header.body = [ast.Pass()]
            yield node.lineno, (depth, ast.unparse(header))
            yield from _statements(node.body, depth + 1)
        elif depth or not isinstance(node, ast.Import | ast.ImportFrom):
            yield node.lineno, (depth, ast.unparse(node))


def _of_comments(found: str, expected: str) -> Iterator[int]:
    wanted = Counter(text for _, text in _comments(expected))
    for line, text in _comments(found):
        wanted[text] -= 1
        if wanted[text] < 0:
            yield line


def _comments(text: str) -> Iterator[tuple[int, str]]:
    lines = io.StringIO(re.sub(r"\r\n?", "\n", text))
    for token in tokenize.generate_tokens(lines.readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
