"""Whether a value is of a field's type, exactly, so that it comes back from a payload as it went in.

One builder for each kind of type, each returning a check. It never converts a value, never encodes one (codec does),
and does not decide which types there are (fieldtypes does).
"""

import sys
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, Final, Literal, TypeAlias, Union, cast, get_args, get_origin
from uuid import UUID

import msgspec

from dartian_queue.errors import shown

__all__ = [
    "SCALARS",
    "Check",
    "Misfit",
    "check_dict",
    "check_elements",
    "check_instance",
    "check_literal",
    "check_model",
    "check_object",
    "check_tuple",
    "check_typed_dict",
    "check_union",
    "is_model",
    "is_path",
    "refusal_of_model",
    "type_text",
]

Check: TypeAlias = Callable[[object], None]
"""Returns if the value is of the type, exactly; else raises Misfit."""


class Misfit(Exception):
    """A value that is not of the type; ``path`` is where in the field it stands, as ``[3].price``."""

    def __init__(self, expected: str, value: object, reason: str = "") -> None:
        super().__init__(expected)
        self.expected = expected
        self.value = value
        self.reason = reason
        self.path = ""

    def below(self, step: str) -> "Misfit":
        """Put a step before the path, as the error leaves a list or an object."""
        self.path = step + self.path
        return self


def type_text(annotation: object) -> str:
    """Return a type as its user would write it: ``int``, ``list[str]``, ``Quality``."""
    if annotation is type(None):
        return "None"
    origin, args = get_origin(annotation), cast("tuple[object, ...]", get_args(annotation))
    if isinstance(annotation, type) and origin is None:
        return annotation.__qualname__.rpartition("<locals>.")[2]
    if isinstance(annotation, str):
        return annotation
    if origin in (Union, types.UnionType):
        return " | ".join(type_text(member) for member in args)
    if origin is Literal:
        return f"Literal[{', '.join(repr(arg) for arg in args)}]"
    if hasattr(annotation, "__metadata__"):
        return type_text(args[0])
    if isinstance(origin, type) and args:
        inner = ", ".join("..." if arg is ... else type_text(arg) for arg in args)
        return f"{type_text(origin)}[{inner}]"
    return str(getattr(annotation, "__name__", annotation)).replace("typing.", "")


def is_path(cls: object) -> bool:
    """Tell whether ``cls`` is a class of pathlib; a program that has such a field has imported it."""
    pathlib = sys.modules.get("pathlib")
    return pathlib is not None and isinstance(cls, type) and issubclass(cls, pathlib.PurePath)


def is_model(cls: object) -> bool:
    """Tell whether ``cls`` is a pydantic model; pydantic is never imported for that."""
    model = getattr(sys.modules.get("pydantic"), "BaseModel", None)
    return model is not None and isinstance(cls, type) and issubclass(cls, model)


def refusal_of_model(error: ValueError) -> str:
    """Return on one line what a pydantic model refuses, each member with its reason, and without the values."""
    listed = getattr(error, "errors", None)  # of pydantic's own error, whose text is a table of several lines
    if listed is None:
        return str(error)
    found = cast("list[dict[str, Any]]", listed(include_url=False, include_context=False, include_input=False))
    return "; ".join(": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"]))) for one in found)


def check_instance(expected: type, *, but_not: type | None = None) -> Check:
    """Return the check for instances of a class, among them those of its subclasses."""

    def check(value: object) -> None:
        if type(value) is expected:
            return
        if not isinstance(value, expected) or (but_not is not None and isinstance(value, but_not)):
            raise Misfit(type_text(expected), value)

    return check


def check_union(text: str, members: Sequence[Check]) -> Check:
    """Return the check for values that fit one of the members."""

    def check(value: object) -> None:
        nearest: Misfit | None = None
        for member in members:
            try:
                return member(value)
            except Misfit as misfit:
                # A member of the right shape with one wrong element says more than "not in the union".
                if nearest is None and (misfit.path or misfit.reason):
                    nearest = misfit
        raise nearest or Misfit(text, value)

    return check


def check_literal(text: str, values: Sequence[object]) -> Check:
    """Return the check for the values of a Literal, where True is not 1."""
    allowed = frozenset((type(value), value) for value in values)

    def check(value: object) -> None:
        if type(value) not in (str, int, bool, type(None)) or (type(value), value) not in allowed:
            raise Misfit(text, value)

    return check


def check_elements(text: str, cls: type, check_item: Check) -> Check:
    """Return the check for a list, set, frozenset or tuple of any length."""
    ordered = cls in (list, tuple)

    def check(value: object) -> None:
        if not isinstance(value, cls):
            raise Misfit(text, value)
        index = 0
        try:
            for item in cast("list[object]", value):
                check_item(item)
                index += 1
        except Misfit as misfit:
            raise misfit.below(f"[{index}]" if ordered else "{...}") from None

    return check


def check_tuple(text: str, items: Sequence[Check]) -> Check:
    """Return the check for a tuple that has a type for each place."""

    def check(value: object) -> None:
        if not isinstance(value, tuple):
            raise Misfit(text, value)
        given = cast("tuple[object, ...]", value)
        if len(given) != len(items):
            raise Misfit(text, given, f"it has {len(given)} places, not {len(items)}")
        for index, (check_item, item) in enumerate(zip(items, given, strict=True)):
            try:
                check_item(item)
            except Misfit as misfit:
                raise misfit.below(f"[{index}]") from None

    return check


def check_dict(text: str, check_key: Check, check_value: Check) -> Check:
    """Return the check for a dict with keys and values of one type each."""

    def check(value: object) -> None:
        if not isinstance(value, dict):
            raise Misfit(text, value)
        for key, item in cast("dict[object, object]", value).items():
            try:
                check_key(key)
                check_value(item)
            except Misfit as misfit:
                raise misfit.below(f"[{shown(key if not isinstance(key, str) else repr(key[:60]), 30)}]") from None

    return check


def check_typed_dict(text: str, required: frozenset[str], members: Mapping[str, Check]) -> Check:
    """Return the check for a TypedDict, which may have no other keys: they would be lost."""

    def check(value: object) -> None:
        if not isinstance(value, dict):
            raise Misfit(text, value)
        given = cast("dict[object, object]", value)
        for name in sorted(required - given.keys()):
            raise Misfit(text, given, f"it has no key {name!r}")
        for key, item in given.items():
            member = members.get(key) if isinstance(key, str) else None
            if member is None:
                raise Misfit(
                    text, given, f"{text} has no key {shown(key if not isinstance(key, str) else repr(key), 30)}"
                )
            try:
                member(item)
            except Misfit as misfit:
                raise misfit.below(f"[{key!r}]") from None

    return check


def check_object(cls: type, members: Mapping[str, Check]) -> Check:
    """Return the check for a dataclass, an attrs class, a Struct or a NamedTuple, member by member."""
    text = type_text(cls)

    def check(value: object) -> None:
        if type(value) is not cls:
            raise Misfit(text, value, _of_subclass(value, cls))
        for name, member in members.items():
            try:
                member(getattr(value, name, None))
            except Misfit as misfit:
                raise misfit.below(f".{name}") from None

    return check


def check_model(cls: type) -> Check:
    """Return the check for a pydantic model, which loads it once: what it excludes, hides or renames is not kept."""
    text = type_text(cls)

    def check(value: object) -> None:
        if type(value) is not cls:
            raise Misfit(text, value, _of_subclass(value, cls))
        model = cast("Any", value)  # pydantic's own methods; it is not imported here, not even for its types
        try:
            back = model.model_validate_json(model.model_dump_json(round_trip=True, by_alias=True, warnings=False))
        except ValueError as error:
            why = shown(refusal_of_model(error), 80)
            raise Misfit(text, value, f"it does not load from its own JSON: {why}") from None
        if back.__dict__ != model.__dict__ or back.__pydantic_extra__ != model.__pydantic_extra__:
            raise Misfit(text, value, "its own JSON loads as another value")

    return check


def _of_subclass(value: object, cls: type) -> str:
    return "what the subclass adds would be lost" if isinstance(value, cls) else ""


def _float(value: object) -> None:
    if isinstance(value, float):
        if not isfinite(value):
            raise Misfit("float", value, "JSON has no NaN and no infinity")
    elif not isinstance(value, int) or isinstance(value, bool):
        raise Misfit("float", value)
    elif not -(2**53) <= value <= 2**53 and not _exact_as_float(value):
        raise Misfit("float", value, "a float cannot hold this number exactly")


def _exact_as_float(value: int) -> bool:
    try:
        return int(float(value)) == value
    except OverflowError:
        return False


def _datetime(value: object) -> None:
    if not isinstance(value, datetime):
        raise Misfit("datetime", value)
    if value.tzinfo is None:
        if value.fold:
            raise Misfit("datetime", value, "its fold would be lost without a time zone; give it one")
    elif (offset := value.utcoffset()) is None or offset % timedelta(minutes=1):
        raise Misfit("datetime", value, "its offset from UTC is not whole minutes; use astimezone(timezone.utc)")


def _time(value: object) -> None:
    if not isinstance(value, time):
        raise Misfit("time", value)
    offset = value.utcoffset()
    if value.fold or (value.tzinfo is not None and (offset is None or offset % timedelta(minutes=1))):
        raise Misfit("time", value, "only a fixed offset of whole minutes can be stored with a time, and no fold")


def _decimal(value: object) -> None:
    if not isinstance(value, Decimal):
        raise Misfit("Decimal", value)
    if value.is_nan():
        raise Misfit("Decimal", value, "NaN is equal to nothing, not even to itself")


def _unset(value: object) -> None:
    if value is not msgspec.UNSET:
        raise Misfit("UNSET", value)


SCALARS: Final[Mapping[object, Check]] = {
    None: check_instance(type(None)),
    type(None): check_instance(type(None)),
    bool: check_instance(bool),
    int: check_instance(int, but_not=bool),
    float: _float,
    str: check_instance(str),
    bytes: check_instance(bytes),
    datetime: _datetime,
    date: check_instance(date, but_not=datetime),
    time: _time,
    timedelta: check_instance(timedelta),
    Decimal: _decimal,
    UUID: check_instance(UUID),
    msgspec.UnsetType: _unset,
}
"""The types that hold no others."""
