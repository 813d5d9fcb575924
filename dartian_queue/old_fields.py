"""The names that a class's fields once had, by ``renamed_fields`` and ``removed_fields``: old payloads load.

It checks what a class says of them and moves the values of a payload. It reads no type, and no payload that is as new.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar, cast

import msgspec

from dartian_queue.errors import InvalidPayload, JobDefinitionError, did_you_mean, quoted, shown

__all__ = [
    "NO_OLD_FIELDS",
    "OldFields",
    "RenamedField",
    "check_old_fields",
    "checked_removed_fields",
    "checked_renamed_fields",
    "still_old",
]

V = TypeVar("V")


class RenamedField(msgspec.Struct, frozen=True):
    """A name that payloads may still hold, and the one that the field has now."""

    old: str
    new: str


class OldFields(msgspec.Struct, frozen=True):
    """What of a class's payloads is not called as it was."""

    renamed: tuple[RenamedField, ...] = ()
    removed: tuple[str, ...] = ()

    def renewed(self, owner: str, stored: Mapping[str, V]) -> tuple[dict[str, V], dict[str, str]]:
        """Return the values of a payload by their names of now, and the old name of each that was moved.

        InvalidPayload where it holds one field under two of its names.
        """
        values = {name: value for name, value in stored.items() if name not in self.removed}
        moved: dict[str, str] = {}
        for field in self.renamed:
            if field.old not in values:
                continue
            if field.new in values:
                other = moved.get(field.new, field.new)
                raise InvalidPayload(f"{owner}: the payload has {other!r} and {field.old!r}, which are one field")
            moved[field.new] = field.old
            values[field.new] = values.pop(field.old)
        return values, moved


NO_OLD_FIELDS = OldFields()
"""What nearly every class has."""


def checked_renamed_fields(option: str, value: object) -> tuple[RenamedField, ...]:
    """Return what ``renamed_fields=`` says; ValueError where that is no mapping of names."""
    if not isinstance(value, Mapping):
        raise ValueError(f'{option} takes a dict of old names to new ones, {{"old": "new"}}, not {quoted(value)}')
    pairs = cast("Mapping[object, object]", value).items()
    return tuple(RenamedField(_name(option, old), _name(option, new)) for old, new in pairs)


def checked_removed_fields(option: str, value: object) -> tuple[str, ...]:
    """Return what ``removed_fields=`` says, each name once; ValueError where that is no list of names."""
    if isinstance(value, str) or not isinstance(value, Sequence | set | frozenset):
        raise ValueError(f"{option} takes a list of names, not {quoted(value)}")
    return tuple(dict.fromkeys(_name(option, name) for name in cast("Collection[object]", value)))


def _name(option: str, value: object) -> str:
    if not isinstance(value, str) or not value.isidentifier():
        raise ValueError(f"{option} takes names of fields, not {shown(repr(value))}")
    return value


def check_old_fields(owner: str, own: OldFields, fields: Collection[str]) -> None:
    """Refuse what the class called ``owner`` says itself, where that cannot be: JobDefinitionError."""
    later = {field.old: field.new for field in own.renamed}
    for field in own.renamed:
        if field.old in fields:
            raise JobDefinitionError(_is_a_field(owner, "renamed_fields", field.old))
        if field.new in fields:
            continue
        if field.new in later:
            raise JobDefinitionError(
                f"{owner}: renamed_fields renames {field.old!r} to {field.new!r}, which was renamed too\n"
                f"Write the name of now for both: {field.old!r}: {later[field.new]!r}"
            )
        raise JobDefinitionError(
            f"{owner}: renamed_fields renames {field.old!r} to {shown(repr(field.new))}, which is no field"
            f"{did_you_mean(field.new, frozenset(fields))}"
        )
    for name in own.removed:
        if name in fields:
            raise JobDefinitionError(_is_a_field(owner, "removed_fields", name))
        if name in later:
            raise JobDefinitionError(
                f"{owner}: {name!r} is in renamed_fields and in removed_fields\nTake it out of one of them."
            )


def _is_a_field(owner: str, option: str, name: str) -> str:
    return f"{owner}: {option} has {name!r}, which is a field\nTake it out there, or rename the field."


def still_old(merged: OldFields, fields: Collection[str]) -> OldFields:
    """Return what of the inherited names a class still means, whose fields may be others than its parent's."""
    return OldFields(
        tuple(field for field in merged.renamed if field.old not in fields and field.new in fields),
        tuple(name for name in merged.removed if name not in fields),
    )
