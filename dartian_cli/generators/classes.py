"""Look up the classes that fields name in the project's own source, without importing any of it.

It serves to refuse what could not be imported or stored, and to give tests a member of an Enum. Of Python's own modules
it asks the module itself; nothing else is ever imported.
"""

import ast
import sys

import msgspec

from dartian_cli.annotations import Annotation, Import
from dartian_cli.edits.scope import bindings_of, may_bind
from dartian_cli.edits.source import parse
from dartian_cli.errors import BrokenSource, FieldRefused
from dartian_cli.generators.imports import is_own
from dartian_cli.modules import module_file
from dartian_cli.workspace import Workspace
from dartian_queue.errors import did_you_mean

__all__ = ["Known", "look_up", "refuse_unless_error"]

_LOUD = frozenset({"antigravity", "idlelib", "test", "this"})
"""Modules of Python that do something when they are imported."""
_ENUMS = frozenset({"Enum", "StrEnum", "IntEnum"})


class Known(msgspec.Struct, frozen=True):
    """What the source says of a class."""

    members: tuple[str, ...] = ()
    """Of an Enum; empty for any other class, and where it cannot be known."""
    is_bare: bool = False
    """Whether it is a function, a job, or a class with no base and no decorator: nothing that could be stored."""


def look_up(workspace: Workspace, annotation: Annotation, roots: tuple[str, ...]) -> Known:
    """Return what is known of the class; FieldRefused if it is of the project, and not there.

    ``roots`` are the folders from which the project's modules are imported.
    """
    source = annotation.source
    path = module_file(workspace, source.module, roots) if source is not None else None
    if source is None or (path is None and not is_own(workspace, source.module.split(".")[0])):
        _refuse_unless_stored(annotation)
        return Known()
    if path is None:
        raise FieldRefused(
            f"{source.module} is no module of this project, so {annotation.text} cannot be imported from it\n"
            f"Correct the path, or make the module first."
        )
    tree = _tree(workspace, path)
    if tree is None:
        return Known()
    found = _class(tree, annotation.head)
    package = source.module if path.endswith("/__init__.py") else source.module.rpartition(".")[0]
    if found is None and not may_bind(tree, source.name, package):
        names = [statement.name for statement in tree.body if isinstance(statement, ast.ClassDef)]
        raise FieldRefused(f"{path} has no {source.name}{did_you_mean(source.name, names)}")
    if found is not None:
        return Known(_members(found), _is_bare(tree, found, package))
    return Known(is_bare=_is_function(tree, source.name, package))


def _is_bare(tree: ast.Module, found: ast.ClassDef, package: str) -> bool:
    """Return whether a class is for sure no dataclass, model or other type that says what it consists of."""
    if found.decorator_list or found.keywords or len(bindings_of(tree, found.name, package)) != 1:
        return False
    from_jobs = {binding.module for binding in bindings_of(tree, "Job", package)} == {"dartian_queue"}
    harmless = {"object", "Job"} if from_jobs else {"object"}
    return all(ast.unparse(base) in harmless for base in found.bases)


def _is_function(tree: ast.Module, name: str, package: str) -> bool:
    functions = [each for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    return len(bindings_of(tree, name, package)) == 1 and any(each.name == name for each in functions)


def _refuse_unless_stored(annotation: Annotation) -> None:
    """Refuse what Python's own library lacks or what cannot be stored: with it no job could be imported any more."""
    source = annotation.source
    top = source.module.split(".")[0] if source is not None else ""
    if source is None or top not in sys.stdlib_module_names or top in _LOUD or not annotation.is_own:
        return
    from dartian_queue.fieldtypes import FieldType, Unstorable

    found = _of_python(annotation, source)
    try:
        FieldType(found)
    except Unstorable as unstorable:
        raise FieldRefused(f"{annotation.text} cannot be stored\n{unstorable.remedy}") from None


def _of_python(annotation: Annotation, source: Import) -> object:
    """Return what a module of Python's own has under that name; FieldRefused if it has nothing."""
    from functools import reduce
    from importlib import import_module

    try:
        return reduce(getattr, annotation.head.split("."), import_module(source.module))
    except (ImportError, AttributeError):
        raise FieldRefused(f"Python has no {source.module}.{annotation.head}") from None


def refuse_unless_error(workspace: Workspace, kind: Annotation, roots: tuple[str, ...]) -> None:
    """Refuse an exception type that the project or Python lacks, or that is none; FieldRefused says which."""
    source = kind.source
    top = source.module.split(".")[0] if source is not None else ""
    if source is None or top in _LOUD:
        return
    if top not in sys.stdlib_module_names or is_own(workspace, top):
        if look_up(workspace, kind, roots).is_bare:
            raise FieldRefused(f"{source.module}.{kind.head} is no exception type")
        return
    found = _of_python(kind, source)
    if not (isinstance(found, type) and issubclass(found, BaseException)):
        raise FieldRefused(f"{source.module}.{kind.head} is no exception type")


def _tree(workspace: Workspace, path: str) -> ast.Module | None:
    try:
        return parse(path, workspace.read(path) or b"")
    except BrokenSource as error:
        workspace.note_unread(error)
        return None


def _class(tree: ast.Module, dotted: str) -> ast.ClassDef | None:
    body: list[ast.stmt] = tree.body
    found: ast.ClassDef | None = None
    for name in dotted.split("."):
        found = next((item for item in body if isinstance(item, ast.ClassDef) and item.name == name), None)
        if found is None:
            return None
        body = found.body
    return found


def _members(found: ast.ClassDef) -> tuple[str, ...]:
    bases = {ast.unparse(base).rpartition(".")[2] for base in found.bases}
    if not bases & _ENUMS:
        return ()
    targets = (statement.targets[0] for statement in found.body if isinstance(statement, ast.Assign))
    return tuple(target.id for target in targets if isinstance(target, ast.Name) and not target.id.startswith("_"))
