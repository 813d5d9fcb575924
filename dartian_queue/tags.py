"""The tags of a job class, which may name fields: ``"podcast:{podcast_id}"``.

Only whole fields can be named: no attribute, no index and no format, which would reach beyond the job's own values.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from dartian_queue.errors import JobDefinitionError, did_you_mean, shown

__all__ = ["check_tags", "fill_tags"]

_PLACE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def check_tags(owner: str, templates: Collection[str], fields: Collection[str]) -> None:
    """Refuse tags that name what is no field of the class called ``owner``."""
    for template in templates:
        for found in _PLACE.finditer(template):
            name = found.group(1)
            if name is None and found.group() not in ("{{", "}}"):
                raise JobDefinitionError(
                    f"{owner}: the tag {shown(repr(template))} has a single {found.group()}\nWrite it twice."
                )
            if name is not None and name not in fields:
                raise JobDefinitionError(
                    f"{owner}: the tag {shown(repr(template))} names {shown(repr(name))}, which is no field"
                    f"{did_you_mean(name, frozenset(fields))}"
                )


def fill_tags(templates: Collection[str], values: Mapping[str, object]) -> tuple[str, ...]:
    """Return the tags with the values of the fields that they name."""

    def fill(found: re.Match[str]) -> str:
        name = found.group(1)
        return found.group()[0] if name is None else str(values[name])

    return tuple(_PLACE.sub(fill, template) for template in templates)
