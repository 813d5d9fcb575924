"""The fields that a job class declares itself, and where its methods use one, by its source. It edits nothing."""

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from dartian_cli.edits.analysis import Analysis
from dartian_cli.edits.class_keywords import class_called
from dartian_cli.edits.source import Source
from dartian_cli.errors import NotUnderstood, shown_path

if TYPE_CHECKING:
    import libcst

__all__ = [
    "Declared",
    "Init",
    "JobSource",
    "declarations",
    "declared_by",
    "keeps_as_attribute",
    "own_uses",
    "parameter_places",
    "read_job",
]

Init: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.TryStar, ast.Match)


class Declared(msgspec.Struct, frozen=True):
    """One field: an annotated attribute, or a parameter of the class's own ``__init__``."""

    name: str
    node: ast.AnnAssign | ast.arg
    has_default: bool
    keyword_only: bool
    default: ast.expr | None = None
    """What is written behind the ``=``, which may be a call of ``field()`` that gives none."""


class JobSource(msgspec.Struct, frozen=True):
    """A job class in its file."""

    source: Source
    node: ast.ClassDef
    init: Init | None
    """Its own constructor, whose parameters are the fields then."""
    fields: tuple[Declared, ...]

    def field(self, name: str) -> Declared | None:
        """Return the field of this name, if the class itself declares it."""
        return next((field for field in self.fields if field.name == name), None)

    def place(self, line: int | None = None) -> str:
        """Return ``file:line``, to be shown; of the class where no line is given."""
        return f"{shown_path(self.source.path)}:{line or self.node.lineno}"

    def binds(self, name: str) -> int:
        """Return the line on which the class's body binds a name, 0 where it does not."""
        for statement in self.node.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                if statement.name == name:
                    return statement.lineno
            elif any(isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
                     for node in ast.walk(statement)):  # fmt: skip
                return statement.lineno
        return 0

    def looks_up(self, name: str) -> int:
        """Return the line on which a type or a default in the class's body needs a name, 0 where none does."""
        for field in self.fields:
            for node in ast.walk(field.node):
                if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                    return node.lineno
        return 0


def read_job(source: Source, class_name: str) -> JobSource:
    """Return what a class at the top level of a file declares; NotUnderstood where its fields are computed."""
    node = class_called(source, class_name)
    inits = [each for each in node.body if isinstance(each, Init) and each.name == "__init__"]
    for statement in node.body:
        if isinstance(statement, _BLOCKS) and _declares(statement):
            raise _computed(source, statement, class_name, "declares fields in a block")
        if isinstance(statement, ast.Assign) and "__annotations__" in _targets(statement):
            raise _computed(source, statement, class_name, "computes its annotations")
    if len(inits) > 1:
        raise _computed(source, inits[1], class_name, "has several __init__")
    return JobSource(source, node, inits[0] if inits else None, declared_by(node))


def declared_by(node: ast.ClassDef) -> tuple[Declared, ...]:
    """Return the fields that a class declares itself: the parameters of its ``__init__``, else what it annotates."""
    init = next((each for each in node.body if isinstance(each, Init) and each.name == "__init__"), None)
    return tuple(_parameters(init) if init else _annotated(node))


def _computed(source: Source, node: ast.stmt, class_name: str, why: str) -> NotUnderstood:
    return NotUnderstood(
        f"{shown_path(source.path)}:{node.lineno}: {class_name} {why}, so they are not changed by guesswork\n"
        f"Nothing was changed. Edit the class by hand."
    )


def _declares(block: ast.stmt) -> bool:
    return any(isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) for node in ast.walk(block))


def _targets(statement: ast.Assign) -> set[str]:
    return {target.id for target in statement.targets if isinstance(target, ast.Name)}


def _annotated(node: ast.ClassDef) -> Iterator[Declared]:
    keyword_only = False
    for statement in node.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        kind = _head(statement.annotation)
        if kind == "KW_ONLY":
            keyword_only = True
        elif kind != "ClassVar" and not (kind == "Final" and statement.value is not None):
            has_default, alone = _default(statement.value)
            yield Declared(statement.target.id, statement, has_default, keyword_only or alone, statement.value)


def _head(annotation: ast.expr) -> str:
    """Return the last name of a type, without what stands in its brackets."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value.partition("[")[0].rpartition(".")[2].strip()
    if isinstance(annotation, ast.Subscript):
        return _head(annotation.value)
    return annotation.attr if isinstance(annotation, ast.Attribute) else getattr(annotation, "id", "")


def _default(value: ast.expr | None) -> tuple[bool, bool]:
    """Return whether a field has a default, and whether it says of itself that it is keyword-only."""
    if not isinstance(value, ast.Call) or _head(value.func) != "field":
        return value is not None, False
    given = {keyword.arg: keyword.value for keyword in value.keywords}
    alone = given.get("kw_only")
    return bool({"default", "default_factory"} & given.keys()), isinstance(alone, ast.Constant) and alone.value is True


def _parameters(init: Init) -> Iterator[Declared]:
    arguments = init.args
    positional = [*arguments.posonlyargs, *arguments.args]
    without = len(positional) - len(arguments.defaults)
    for index, argument in enumerate(positional[1:], 1):
        default = arguments.defaults[index - without] if index >= without else None
        yield Declared(argument.arg, argument, default is not None, keyword_only=False, default=default)
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield Declared(argument.arg, argument, default is not None, keyword_only=True, default=default)


def own_uses(source: Source, class_name: str, name: str) -> list[int]:
    """Return where the methods of a class at the top level use ``self.name``, whatever they call ``self``."""
    analysis = Analysis(source, [class_name, name])
    body = _class(analysis.module, class_name).body
    return sorted(analysis.span(attribute.attr)[0] for attribute in _attributes(body, "", name))


def _class(module: "libcst.Module", class_name: str) -> "libcst.ClassDef":
    import libcst

    return next(each for each in module.body if isinstance(each, libcst.ClassDef) and each.name.value == class_name)


def _attributes(node: "libcst.CSTNode", receiver: str, name: str) -> "Iterator[libcst.Attribute]":
    """Yield ``receiver.name`` below a node; in the body of a class the receiver is each method's own."""
    import libcst

    for child in node.children:
        if isinstance(child, libcst.FunctionDef) and not receiver:
            if first := _receiver(child):
                yield from _attributes(child.body, first, name)
            continue
        if _has_its_own(child, receiver):
            continue
        if (
            isinstance(child, libcst.Attribute)
            and child.attr.value == name
            and isinstance(child.value, libcst.Name)
            and child.value.value == receiver
        ):
            yield child
        yield from _attributes(child, receiver, name)


def _has_its_own(node: "libcst.CSTNode", receiver: str) -> bool:
    """Return whether below a node the receiver's name means something else."""
    import libcst

    if isinstance(node, libcst.FunctionDef | libcst.Lambda):
        return receiver in _names(node.params)
    return isinstance(node, libcst.ClassDef) and not receiver


def _receiver(method: "libcst.FunctionDef") -> str:
    """Return what a method calls ``self``; empty where it has none."""
    import libcst

    for decorator in method.decorators:
        if isinstance(decorator.decorator, libcst.Name) and decorator.decorator.value in (
            "staticmethod",
            "classmethod",
        ):
            return ""
    first = [*method.params.posonly_params, *method.params.params][:1]
    return first[0].name.value if first else ""


def _names(parameters: "libcst.Parameters") -> set[str]:
    several = (*parameters.posonly_params, *parameters.params, *parameters.kwonly_params)
    return {parameter.name.value for parameter in several}


def parameter_places(source: Source, class_name: str, name: str) -> list[int]:
    """Return where a parameter of the class's own ``__init__`` stands and is used in it, its declaration first."""
    import libcst

    analysis = Analysis(source, [class_name, "__init__", name])
    body = _class(analysis.module, class_name).body.body
    init = next(each for each in body if isinstance(each, libcst.FunctionDef) and each.name.value == "__init__")
    scope = analysis.scope_of[init.body]
    assert scope is not None
    found: list[int] = []
    for assignment in scope.assignments[name]:
        bound: libcst.CSTNode = getattr(assignment, "node")  # noqa: B009 - a builtin's has none, a local's has
        found.append(analysis.span(bound.name if isinstance(bound, libcst.Param) else bound)[0])
        for access in assignment.references:
            used: libcst.CSTNode = access.node
            while isinstance(used, libcst.Attribute):
                used = used.value
            found.append(analysis.span(used)[0])
    return sorted(set(found))


def declarations(job: JobSource, name: str) -> list[int]:
    """Return where the body of a class annotates a name."""
    found = (statement.target for statement in job.node.body if isinstance(statement, ast.AnnAssign))
    return [job.source.span_of(each)[0] for each in found if isinstance(each, ast.Name) and each.id == name]


def keeps_as_attribute(job: JobSource, name: str) -> bool:
    """Return whether a field is read as ``self.name``: of an ``__init__``, whether it says ``self.name = name``."""
    if job.init is None:
        return True
    receivers = [*job.init.args.posonlyargs, *job.init.args.args][:1]
    attributes = {f"{receiver.arg}.{name}" for receiver in receivers}
    return any(
        isinstance(target, ast.Attribute) and ast.unparse(target) in attributes
        for statement in job.init.body
        if isinstance(statement, ast.Assign | ast.AnnAssign) and getattr(statement.value, "id", "") == name
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
    )
