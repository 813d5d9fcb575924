"""``job:field NAME add``: a job class with more fields, each with a default, so that jobs which wait still load."""

import ast
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from dartian_cli.annotations import Import
from dartian_cli.changes import Plan
from dartian_cli.edits.field_lines import with_field
from dartian_cli.edits.job_fields import read_job
from dartian_cli.edits.name_imports import reached_through, with_import
from dartian_cli.edits.old_names import names_told
from dartian_cli.edits.source import Source
from dartian_cli.errors import Conflict, FieldRefused, NotUnderstood
from dartian_cli.fields import Field, parse_fields
from dartian_cli.generators.family import Family, Member
from dartian_cli.generators.field_places import binding_line, once_had, refuse_bound, refuse_looked_up
from dartian_cli.generators.found import FoundJob, find_job
from dartian_cli.generators.imports import is_own
from dartian_cli.generators.job import refuse_unusable_types
from dartian_cli.literals import requoted
from dartian_cli.style import Style, find_style
from dartian_cli.workspace import Workspace
from dartian_queue.errors import shown

__all__ = ["plan_add_fields", "without_default"]


def plan_add_fields(workspace: Workspace, name: str, fields: Sequence[str]) -> Plan:
    """Return the plan that gives a job more fields, as ``make:job`` takes them; each needs a default.

    FieldRefused: a field cannot be, or has no default. Conflict: its name is taken, or calls would mean another field
    then. NotUnderstood: the class is written in a way that is not edited by guesswork.
    """
    parsed = parse_fields(fields)
    for field in parsed:
        if field.default is None:
            raise FieldRefused(without_default(field))
    job = find_job(workspace, name)
    refuse_unusable_types(workspace, workspace.project.jobs[job.folder], parsed)
    family = Family(workspace, job, "")
    style = find_style(workspace, PurePosixPath(job.path).parent)
    parsed = tuple(_through_modules(family.job, field) for field in parsed)
    new = [field for field in parsed if not _is_there(workspace, family, field, style)]
    for field in new:
        _refuse_taken(family, field)
    if new:
        _refuse_inherited_constructor(family.job)
        _refuse_surplus(family)
        _refuse_shifted(family)
    for needed in sorted(_imports(new)):
        _with_import(workspace, job, needed, style)  # refused by the lines of the file as it is
    for field in new:
        _add(workspace, job, field, style)
    for needed in sorted(_imports(new)):
        workspace.edit(job.path, _with_import(workspace, job, needed, style))
    return workspace.plan()


def _through_modules(member: Member, field: Field) -> Field:
    """Return the field with its types written through the modules that the file imports: ``datetime.date``."""
    source, job = member.text.source, member.job
    reached = {
        needed: reached_through(source, needed, package=_package(job), before=job.class_name)
        for needed in field.annotation.imports()
    }
    texts = {needed: text for needed, text in reached.items() if text}
    names = {needed.name: text for needed, text in texts.items()}
    return msgspec.structs.replace(
        field,
        annotation=field.annotation.written(texts),
        default=_written(field.default, names),
        factory=_written(field.factory, names),
    )


def _written(expression: str | None, names: Mapping[str, str]) -> str | None:
    """Return the expression of a default with some of its names written in another way."""
    if expression is None:
        return None
    result = expression.encode()
    found = [node for node in ast.walk(ast.parse(result)) if isinstance(node, ast.Name) and node.id in names]
    for node in sorted(found, key=lambda node: node.col_offset, reverse=True):
        end = node.col_offset + len(node.id.encode())
        result = result[: node.col_offset] + names[node.id].encode() + result[end:]
    return result.decode()


def _package(job: FoundJob) -> str:
    """Return what the relative imports of the job's file count from."""
    return job.module if job.path.endswith("/__init__.py") else job.package


def without_default(field: Field) -> str:
    """Say that a new field needs a default, and what to type."""
    example = "high" if field.annotation.head == "str" else "0" if field.annotation.head in ("int", "float") else "..."
    typed = shown(f"{field.name}:{field.annotation.text}={example}")
    return (
        f"The field {field.name} needs a default: jobs that wait already have no value for it\n"
        f"Write {typed}, or {shown(f'{field.name}:{field.annotation.text}?')} for None"
    )


def _is_there(workspace: Workspace, family: Family, field: Field, style: Style) -> bool:
    """Return whether the class has exactly this field; Conflict if it has another one of that name."""
    declared = family.job.text.field(field.name)
    if declared is None:
        return False
    place = family.job.text.place(declared.node.lineno)
    wanted = ast.parse(requoted(field.declaration, style.quote)).body[0]
    assert isinstance(wanted, ast.AnnAssign)
    if _dumped(declared.node.annotation, declared.default) == _dumped(wanted.annotation, wanted.value):
        workspace.note(f"{place}: {family.job.job.class_name} has this {field.name} already")
        return True
    raise Conflict(
        f"{place}: {family.job.job.class_name} has a field {field.name} already, and another one\n"
        f"Edit it there, or choose another name."
    )


def _dumped(annotation: ast.expr | None, default: ast.expr | None) -> list[str]:
    return [ast.dump(node) if node is not None else "" for node in (annotation, default)]


def _refuse_taken(family: Family, field: Field) -> None:
    """Refuse a name that the class, or one that it extends or that extends it, has for something else."""
    for member in [*family.members, *family.above]:
        text, owner = member.text, member.job.class_name
        refuse_bound(text, field.name, binding_line(text, field.name))
        renamed, removed = names_told(text.source, owner)
        if field.name in (*renamed, *removed):
            raise once_had(text, field.name)
        refuse_looked_up(text, field.name)
    hidden = {each.name for each in family.job.fields or family.job.text.fields} & field.annotation.names()
    if hidden:
        raise Conflict(
            f"{family.job.text.place()}: the field {min(hidden)} hides the type {min(hidden)} in the class\n"
            f"Rename that field first, or choose another type."
        )


def _refuse_surplus(family: Family) -> None:
    """Refuse where a call gives more by position than there are fields: the new one would take it, meant or not."""
    for named in family.named:
        member = named.member
        fields = [field.name for field in member.fields or () if not field.keyword_only]
        for call in named.found.calls if family.makes(member) and member.fields is not None else ():
            if (given := len(call.node.args)) > len(fields):
                raise Conflict(
                    f"{named.source.place(call.at)}: {given} given to {member.job.class_name} by position, which has "
                    f"{', '.join(fields) or 'no fields'}\n"
                    f"The new field would take what is left over. Change the call first."
                )


def _refuse_shifted(family: Family) -> None:
    """Refuse where the fields of a class that extends the job would stand behind the new one, and be other ones."""
    for member in family.below:
        if not family.makes(member):
            continue
        first = _first_behind(family, member)
        if first is None:
            continue
        where = member.text.place(member.text.node.lineno)
        shifts = any(
            len(call.node.args) > first
            for named in family.named
            if named.member is member
            for call in named.found.calls
        )
        late = next((each for each in member.text.fields if not each.has_default and not each.keyword_only), None)
        if shifts or late is not None:
            why = f"its field {late.name} has no default" if late is not None else "it is made with fields by position"
            raise Conflict(
                f"{where}: {member.job.class_name} extends {family.job.job.class_name}, and {why}\n"
                f"A new field would stand before its own ones. Add it to {member.job.class_name}, or make those "
                f"keyword-only: field(kw_only=True)"
            )


def _refuse_inherited_constructor(job: Member) -> None:
    """A class that is made by the ``__init__`` of another one takes no fields of its own."""
    if job.maker is not None and job.text.init is None:
        raise NotUnderstood(
            f"{job.text.place()}: {job.job.class_name} has the __init__ of {job.maker.class_name}, so it takes "
            f"no field\n"
            f"Nothing was changed. Run: dartian job:field {job.maker.class_name} add ..."
        )


def _first_behind(family: Family, member: Member) -> int | None:
    """Return the position of the first field of its own, None where it has none by position."""
    inherited = {each.name for each in family.job.fields or family.job.text.fields}
    own = [each.name for each in member.fields or member.text.fields if not each.keyword_only]
    return next((index for index, name in enumerate(own) if name not in inherited), None)


def _add(workspace: Workspace, job: FoundJob, field: Field, style: Style) -> None:
    text = read_job(Source(job.path, workspace.read(job.path) or b""), job.class_name)
    declaration = requoted(field.declaration, style.quote)
    if text.init is not None and field.factory:
        raise NotUnderstood(
            f"{text.place(text.init.lineno)}: {job.class_name} has an __init__, where a default of each job "
            f"needs a line of its own\n"
            f"Nothing was changed. Write {shown(field.name)} there by hand."
        )
    workspace.edit(job.path, with_field(text, declaration, field.name))


def _imports(fields: Sequence[Field]) -> set[Import]:
    needed = {each for field in fields for each in field.annotation.imports()}
    return needed | ({Import("dartian_queue", "field")} if any(field.factory for field in fields) else set())


def _with_import(workspace: Workspace, job: FoundJob, needed: Import, style: Style) -> bytes:
    tops = {needed.module.partition(".")[0]}
    own = frozenset({job.module.partition(".")[0], *(top for top in tops if is_own(workspace, top))})
    content = workspace.read(job.path) or b""
    return with_import(job.path, content, needed, package=_package(job), own=own, style=style, before=job.class_name)
