"""Where one field of a job is declared and used, in all classes of its family: what removing and renaming share."""

import ast
import re
from collections.abc import Iterator

from dartian_cli.edits.class_keywords import keyword_of
from dartian_cli.edits.job_fields import Declared, JobSource
from dartian_cli.errors import Usage, shown_path
from dartian_cli.generators.family import Family, Member
from dartian_queue.errors import did_you_mean, shown

__all__ = ["declared_in", "listed", "place_of", "string_places", "tag_places"]

MOST_LISTED = 5
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


def tag_places(text: JobSource, name: str) -> Iterator[int]:
    """Yield where the tags of a class name a field; -1 stands for tags that are computed."""
    tags = keyword_of(text.node, "tags")
    if tags is None:
        return
    if not isinstance(tags, ast.List | ast.Tuple | ast.Set):
        yield -1
        return
    for item in tags.elts:
        if not (isinstance(item, ast.Constant) and isinstance(item.value, str)):
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


def listed(places: list[str]) -> str:
    """Return places as one text, the first of them and how many more there are."""
    unique = list(dict.fromkeys(places))
    more = len(unique) - MOST_LISTED
    return ", ".join(unique[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def place_of(member: Member, at: int) -> str:
    """Return ``file:line`` of a character in a member's file."""
    return f"{shown_path(member.text.source.path)}:{member.text.source.line_of(at)}"
