"""Where one field of a job is declared and used, in all classes of its family: what removing and renaming share."""

import ast
import re
from collections.abc import Iterator

from dartian_cli.edits.class_keywords import keyword_of
from dartian_cli.edits.job_fields import Declared, JobSource
from dartian_cli.edits.scope import text_of
from dartian_cli.errors import Conflict, Usage
from dartian_cli.generators.family import Family
from dartian_queue.errors import did_you_mean, shown

__all__ = [
    "binding_line",
    "declared_in",
    "once_had",
    "refuse_bound",
    "refuse_looked_up",
    "string_places",
    "tag_places",
]

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


def declared_in(family: Family, name: str, action: str) -> Declared:
    """Return the declaration of a field in the job's own class; Usage where it has none, or inherits it too.

    ``action`` is what was typed behind the job's name.
    """
    job = family.job
    above = next((member for member in family.above if member.text.field(name)), None)
    field = job.text.field(name)
    if above is not None and (inherited := above.text.field(name)) is not None:
        raise Usage(
            f"{job.job.class_name}.{name} is declared in {above.text.place(inherited.node.lineno)}\n"
            f"Run: dartian job:field {above.job.name} {shown(action)}"
        )
    if field is None:
        names = [each.name for each in job.fields or job.text.fields]
        told = did_you_mean(name, names) or (f"; it has {', '.join(names[:10])}" if names else "; it has no fields")
        raise Usage(f"{job.text.place()}: {job.job.class_name} has no field {shown(repr(name))}{told}")
    return field


def binding_line(text: JobSource, name: str) -> int:
    """Return the line on which a class has a name for something, a field or not; 0 where it has not."""
    return text.binds(name) or next((each.node.lineno for each in text.fields if each.name == name), 0)


def refuse_bound(text: JobSource, name: str, line: int) -> None:
    """Refuse a new name for a field that the class has already, on a line that is not 0."""
    if line:
        raise Conflict(f"{text.place(line)}: {text.node.name} has a {name} already\nChoose another name.")


def refuse_looked_up(text: JobSource, name: str) -> None:
    """Refuse a new name for a field that would hide what a type or a default of the class needs."""
    if line := text.looks_up(name):
        raise Conflict(f"{text.place(line)}: a type or a default needs {name} itself\nTry {name}_value")


def once_had(text: JobSource, name: str) -> Conflict:
    """Return the refusal of a new name that payloads may still hold for another field."""
    return Conflict(
        f"{text.place()}: {text.node.name} had a field {name} once, and jobs that wait may still hold its values\n"
        f"Choose another name, or take it out of renamed_fields and removed_fields first."
    )


def tag_places(text: JobSource, name: str) -> Iterator[int]:
    """Yield where the tags of a class name a field; -1 stands for tags that are computed."""
    tags = keyword_of(text.node, "tags")
    if tags is None:
        return
    if not isinstance(tags, ast.List | ast.Tuple | ast.Set):
        yield -1
        return
    for item in tags.elts:
        if text_of(item) is None:
            yield -1
            continue
        start, end = text.source.span_of(item)
        for found in _PLACE.finditer(text.source.text, start, end):
            if found[1] == name:
                yield found.start(1)


def string_places(text: JobSource, name: str) -> list[str]:
    """Return where the body of a class says a field's name in a string, as ``getattr(self, "podcast")`` does."""
    return [
        f"{text.place(node.lineno)} (says it in a string)"
        for statement in text.node.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and node.value == name
    ]
