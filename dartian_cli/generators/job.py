"""``make:job``: a job class, its test and its registration, as a plan.

Nothing is touched and nothing of the project is imported; every refusal comes before the plan.
"""

import builtins
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import cast

from dartian_cli.annotations import Annotation, Import
from dartian_cli.changes import Plan
from dartian_cli.edits.scope import top_level
from dartian_cli.edits.source import parse
from dartian_cli.error_types import ErrorRule
from dartian_cli.errors import BrokenSource, Conflict, FieldRefused, NameRefused, Usage, shown_path
from dartian_cli.fields import Field, parse_fields
from dartian_cli.generators.classes import look_up, refuse_unless_error
from dartian_cli.generators.field_hint import hint_of_fields
from dartian_cli.generators.imports import import_block
from dartian_cli.generators.packages import make_job_packages, make_test_packages, test_files
from dartian_cli.generators.pytest_path import note_pytest_path
from dartian_cli.generators.registry import register, registration_of
from dartian_cli.generators.rendering import rendered
from dartian_cli.generators.trial_job import trial_job
from dartian_cli.literals import literal, quoted, requoted
from dartian_cli.names import JobName, class_words
from dartian_cli.project import JobsPackage
from dartian_cli.style import find_style
from dartian_cli.workspace import Workspace
from dartian_queue.errors import did_you_mean, shown

__all__ = ["OPTIONS", "plan_job", "refuse_duplicate", "refuse_unusable_types", "roots_of", "summary_of"]

OPTIONS = (
    "name", "aliases", "connection", "queue", "priority", "tries", "backoff", "timeout", "fail_on_timeout",
    "retry_until", "max_exceptions", "fail_on", "retry_on", "delay", "tags", "isolate",
)  # fmt: skip
"""The class keywords of a job, in the order in which they are written; a new job has no names of old for its fields."""

_PLAIN = frozenset({"int", "str", "bool", "float", "Decimal", "UUID", "Path", "date", "time", "timedelta", "datetime"})
"""Types that read well in a text as they are."""


def plan_job(
    workspace: Workspace,
    name: str,
    fields: Sequence[str] = (),
    options: Mapping[str, object] | None = None,
    *,
    sync: bool = False,
    test: bool = True,
    force: bool = False,
) -> Plan:
    """Return the plan that makes a job; ``name`` and ``fields`` are as they were typed.

    ``options`` are class keywords with the values of Python literals (or an Exponential); one that is None is left
    out. An existing file that differs is a conflict of the plan unless ``force``. NameRefused, FieldRefused, Usage
    and the runtime's JobDefinitionError say what cannot be generated, BrokenSource and Conflict what is in the way.
    """
    project = workspace.project
    job = JobName.parse(name, folders=project.spellings())
    parsed = parse_fields(fields)
    package = project.jobs[job.folder]
    keywords = _keywords(job.class_name, options or {}, parsed)
    errors = _error_types(workspace, package, job.class_name, options or {}, parsed)
    _refuse_hidden(job.class_name, parsed)
    refuse_unusable_types(workspace, package, parsed)
    folder = make_job_packages(workspace, package, job)
    refuse_duplicate(workspace, job, folder / f"{job.module}.py")
    dotted = ".".join((package.dotted, *job.packages))
    registration = registration_of(workspace, folder, dotted, job.module, job.class_name)
    _write_class(workspace, folder, job, parsed, keywords, errors, sync=sync, force=force)
    if test:
        path = make_test_packages(workspace, package, job)
        if {str(path)}.issuperset(test_files(workspace, path.parent)):
            note_pytest_path(workspace, [package.import_root])
        _write_test(workspace, path, registration.package, job, parsed, roots_of(package), force=force)
    register(workspace, registration)
    return workspace.plan()


def _keywords(class_name: str, options: Mapping[str, object], fields: Sequence[Field]) -> dict[str, str]:
    """Check the options as the class itself would, and return the expression of each."""
    from dartian_queue.options import parse_job_options

    given = {option: value for option, value in options.items() if value is not None and value != ()}
    for option in given:
        if option not in OPTIONS:
            raise Usage(f"A job has no option {shown(option)!r}{did_you_mean(option, OPTIONS)}")
    plain = {option: value for option, value in given.items() if option not in ("fail_on", "retry_on")}
    parsed = parse_job_options(class_name, plain)
    names = [field.name for field in fields]
    for tag in parsed.tags:
        _refuse_tag(tag, names)
    return {option: _written(value) for option in OPTIONS if (value := given.get(option)) is not None}


def _written(value: object) -> str:
    """Return the expression of an option's value."""
    from dartian_queue.delays import Exponential

    if isinstance(value, Exponential):
        return f"exponential({value.base:g}, {value.cap:g})"
    rules = _rules(value)
    if not rules:
        return literal(value)
    if rules[0].backoff is not None:
        return "{" + ", ".join(f"{rule.kind.head}: {_written(_whole(rule.backoff))}" for rule in rules) + "}"
    heads = [rule.kind.head for rule in rules]
    return heads[0] if len(heads) == 1 else f"({', '.join(heads)})"


def _rules(value: object) -> list[ErrorRule]:
    items = cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
    return [item for item in items if isinstance(item, ErrorRule)]


def _whole(value: object) -> object:
    """Return numbers as a person would write them: 120, not 120.0."""
    if isinstance(value, tuple):
        return tuple(_whole(item) for item in cast("tuple[object, ...]", value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _error_types(
    workspace: Workspace, package: JobsPackage, class_name: str, options: Mapping[str, object], fields: Sequence[Field]
) -> set[Import]:
    """Return the imports of the exception types in the options; refuse what cannot be imported beside the rest."""
    failing, retried = _rules(options.get("fail_on")), _rules(options.get("retry_on"))
    if both := {rule.kind.text for rule in failing} & {rule.kind.text for rule in retried}:
        raise Usage(f"--fail-on and --retry-on both name {min(both)}\nTake it out of one.")
    modules = {needed.name: needed for field in fields for needed in field.annotation.imports()}
    for rule in (*failing, *retried):
        refuse_unless_error(workspace, rule.kind, roots_of(package))
        source = rule.kind.source
        if source is None:
            continue
        taken = source.name in (class_name, "Job", "field", "exponential") or hasattr(builtins, source.name)
        if taken or modules.setdefault(source.name, source) != source:
            raise Usage(
                f"{source.module}.{source.name} cannot be imported: {source.name} means something else in the job\n"
                f"Leave it out, and import it under another name by hand."
            )
    return {rule.kind.source for rule in (*failing, *retried) if rule.kind.source is not None}


def _refuse_tag(tag: str, fields: Sequence[str]) -> None:
    """A tag may name fields, and those have to be there."""
    from string import Formatter

    try:
        named = [field for _, field, _, _ in Formatter().parse(tag) if field is not None]
    except ValueError:
        raise Usage(f"The tag {shown(tag)!r} has a stray {{ or }}\nWrite {{{{ and }}}} for the characters.") from None
    for field in named:
        if field not in fields:
            hint = did_you_mean(field, list(fields))
            raise Usage(f"The tag {shown(tag)!r} names {shown(field)!r}, which is no field of this job{hint}")


def _refuse_hidden(class_name: str, fields: Sequence[Field]) -> None:
    for field in fields:
        if class_name in field.annotation.names():
            raise NameRefused(
                f"{class_name} cannot be the job's name: its field {field.name} has the type {class_name}\n"
                f"Try: dartian make:job Handle{class_name}"
            )


def roots_of(package: JobsPackage) -> tuple[str, ...]:
    """Return the folders in which the modules of a jobs package's project are looked for."""
    return tuple(dict.fromkeys((package.import_root, ".", "src")))


def _own_classes(annotation: Annotation) -> list[Annotation]:
    inner = [found for argument in annotation.args for found in _own_classes(argument)]
    return [annotation, *inner] if annotation.is_own else inner


def refuse_unusable_types(workspace: Workspace, package: JobsPackage, fields: Sequence[Field]) -> None:
    """Refuse a class of the project that is not there or cannot be stored, and a default that its Enum has not."""
    for field in fields:
        for annotation in _own_classes(field.annotation):
            known = look_up(workspace, annotation, roots_of(package))
            if known.is_bare:
                raise FieldRefused(
                    f"The field {shown(field.raw)!r}: {annotation.head} cannot be stored\n"
                    f"Store what identifies it (an id, a path, a name), and fetch it in handle(). "
                    f"A dataclass can be stored as it is."
                )
            members = known.members
            if members and annotation in field.annotation.options:
                _refuse_unknown_member(field, annotation, members)


def _refuse_unknown_member(field: Field, annotation: Annotation, members: Sequence[str]) -> None:
    others = [option for option in field.annotation.options if option != annotation and option.head != "None"]
    if others or field.default in (None, "None"):
        return
    member = field.default.removeprefix(f"{annotation.head}.")
    if member not in members:
        raise FieldRefused(
            f"The field {shown(field.raw)!r}: {annotation.head} has no member {shown(member)}\n"
            f"It has {', '.join(members[:10])}"
        )


def refuse_duplicate(workspace: Workspace, job: JobName, own: PurePosixPath) -> None:
    """Two classes of one stored name would be an error when the jobs are loaded."""
    for package in workspace.project.jobs:
        folder = PurePosixPath(package.folder, *job.packages)
        for path in workspace.python_files(folder):
            content = workspace.read(path) or b""
            if path != str(own) and b"class " + job.class_name.encode() in content:
                _refuse_class_in(workspace, path, content, job.class_name)


def _refuse_class_in(workspace: Workspace, path: str, content: bytes, class_name: str) -> None:
    import ast

    try:
        tree = parse(path, content)
    except BrokenSource as error:
        workspace.note_unread(error)
        return
    for statement, _ in top_level(tree):
        if isinstance(statement, ast.ClassDef) and statement.name == class_name and statement.bases:
            raise Conflict(
                f"{shown_path(path)}:{statement.lineno}: is a class {class_name}, and two jobs cannot share a name\n"
                f"Choose another name, or move that class away."
            )


def _write_class(
    workspace: Workspace,
    folder: PurePosixPath,
    job: JobName,
    fields: Sequence[Field],
    keywords: Mapping[str, str],
    errors: set[Import],
    *,
    sync: bool,
    force: bool,
) -> None:
    imports = {Import("dartian_queue", "Job"), *errors}.union(*(field.annotation.imports() for field in fields))
    if any(field.factory for field in fields):
        imports.add(Import("dartian_queue", "field"))
    if any("exponential(" in keywords.get(option, "") for option in ("backoff", "retry_on")):
        imports.add(Import("dartian_queue", "exponential"))
    style = find_style(workspace, folder)
    header = ", ".join(["Job", *(f"{name}={value}" for name, value in keywords.items())])
    content = rendered(
        workspace,
        "job.py",
        style,
        class_name=job.class_name,
        summary=summary_of(job.class_name),
        header=f"class {job.class_name}({requoted(header, style.quote)})",
        imports=import_block(workspace, imports, style=style, folder=folder.parent),
        fields=[requoted(field.declaration, style.quote) for field in fields],
        sync=sync,
        first_line=f"print({_message(job.class_name, fields, style.quote)})",
    )
    path = folder / f"{job.module}.py"
    workspace.create(path, content, force=force, hint=hint_of_fields(workspace, path, job, fields))


def summary_of(class_name: str) -> str:
    """Return the class's name as a sentence: ImportCSV is ``Import CSV.``."""
    first, *rest = class_words(class_name)
    return " ".join([first, *(word if word.isupper() and len(word) > 1 else word.lower() for word in rest)]) + "."


def _message(class_name: str, fields: Sequence[Field], quote: str) -> str:
    """Return what the job prints until it does something: that it ran, and how a field is reached."""
    if not fields:
        return f"{quote}{class_name} ran{quote}"
    first = fields[0]
    shows = "" if all(option.head in _PLAIN for option in first.annotation.options) else "!r"
    return f"f{quote}{class_name} {{self.{first.name}{shows}}}{quote}"


def _write_test(
    workspace: Workspace,
    path: PurePosixPath,
    package: str,
    job: JobName,
    fields: Sequence[Field],
    roots: tuple[str, ...],
    *,
    force: bool,
) -> None:
    needed = {field.name: field.annotation for field in fields if field.default is None}
    trial = trial_job(workspace, package, job.class_name, needed, roots)
    style, plain = find_style(workspace, path.parent), ["pytest"] if trial.unknown else []
    content = rendered(
        workspace,
        "test_job.py",
        style,
        class_name=job.class_name,
        imports=import_block(workspace, trial.imports, plain, style=style, folder=path.parent),
        needs_values=bool(needed),
        unknown=trial.unknown,
        reason=quoted(trial.reason, style.quote),
        job=requoted(trial.call, style.quote),
    )
    workspace.create(path, content, force=force)
