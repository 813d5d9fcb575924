"""Understand the fields that ``make:job`` is given: ``name:type[=default]``.

Types and defaults are parsed as expressions and written anew, never pasted. It knows nothing of files.
"""

import ast
import keyword
import math
import re
from collections.abc import Sequence
from typing import cast

import msgspec

from dartian_cli.annotations import Annotation, Import, parse_annotation, split_outside
from dartian_cli.errors import FieldRefused
from dartian_cli.literals import is_mutable, literal, quoted, read_expression
from dartian_queue.errors import shown

__all__ = ["Field", "parse_fields"]

LONGEST = 500
RESERVED = frozenset({"handle", "failed", "self"})

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_NOTHING = object()


class Field(msgspec.Struct, frozen=True):
    """One field of a job, as it will be written."""

    name: str
    annotation: Annotation
    default: str | None = None
    """The expression, or None where a value has to be given."""
    factory: str | None = None
    """What makes the default anew for each job, where it could be changed."""
    raw: str = ""
    """As it was typed."""

    @property
    def declaration(self) -> str:
        """The line of the class body."""
        start = f"{self.name}: {self.annotation.text}"
        if self.default is None:
            return start
        return f"{start} = {f'field(default_factory={self.factory})' if self.factory else self.default}"


def parse_fields(texts: Sequence[str]) -> tuple[Field, ...]:
    """Understand all fields of a job; FieldRefused says which one cannot be, why, and what would work."""
    fields: list[Field] = []
    for text in texts:
        field = _parse(text)
        if any(other.name == field.name for other in fields):
            raise FieldRefused(f"The field {field.name} is given twice\nLeave one of them out, or rename it.")
        fields.append(field)
    _refuse_order(fields)
    _refuse_clashes(fields)
    return tuple(fields)


def _parse(text: str) -> Field:
    if len(text) > LONGEST:
        raise FieldRefused(f"The field {shown(text)!r} has {len(text)} characters, and {LONGEST} are allowed")
    name, colon, rest = text.partition(":")
    name = name.strip()
    if not colon:
        name, _, default = text.partition("=")
        kind = "int" if default.strip().isdigit() else "str"
        _refuse_name(name.strip(), text)
        raise FieldRefused(f"The field {shown(text)!r} has no type\nWrite name:type[=default]: {_typed(text, kind)}")
    _refuse_name(name, text)
    parts = split_outside(rest, "=", 1)
    try:
        annotation = parse_annotation(parts[0])
        if len(parts) == 1:
            return Field(name, annotation, "None" if _may_be_left_out(rest) else None, raw=text)
        default, factory = _default(annotation, parts[1])
    except FieldRefused as refusal:
        raise FieldRefused(f"The field {shown(text)!r}: {refusal}") from None
    return Field(name, annotation, default, factory, text)


def _typed(text: str, kind: str) -> str:
    name, equals, default = text.partition("=")
    return shown(f"{name.strip()}:{kind}{equals}{default}")


def _may_be_left_out(text: str) -> bool:
    """Return whether the type was marked as one that may be left out, and not only as one that may be None."""
    return text.strip().endswith(("?", ":optional"))


def _refuse_name(name: str, text: str) -> None:
    if not _NAME.fullmatch(name):
        better = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")[:100]
        hint = f"\nTry {better}" if _NAME.fullmatch(better) and not keyword.iskeyword(better) else ""
        raise FieldRefused(f"The field {shown(text)!r}: {shown(name)!r} is no name for an attribute{hint}")
    if name in RESERVED:
        raise FieldRefused(f"The field {name}: that name belongs to the job itself\nTry {name}_value")
    if keyword.iskeyword(name):
        raise FieldRefused(f"The field {name}: that is a keyword of Python\nTry {name}_ or {name.lower()}_value")
    if name in ("l", "I", "O"):
        raise FieldRefused(f"The field {name}: it reads like a digit, and linters refuse it\nTry a longer name.")
    if name.startswith("__") or name == "_":
        raise FieldRefused(
            f"The field {name}: Python treats such a name in a way of its own\nTry {name.strip('_') or 'value'}"
        )


def _refuse_order(fields: Sequence[Field]) -> None:
    """As in a dataclass, a field without a default may not follow one with."""
    required = [field for field in fields if field.default is None]
    optional = [field for field in fields if field.default is not None]
    working = [*required, *optional]
    if list(fields) != working:
        late = next(field for field in reversed(fields) if field.default is None)
        order = " ".join(_for_a_shell(field.raw) for field in working)
        raise FieldRefused(
            f"The field {late.name} has no default and follows {optional[0].name}, which has one\n"
            f"This order works: {order}"
        )


def _for_a_shell(text: str) -> str:
    import shlex

    return shlex.quote(shown(text, LONGEST))


def _refuse_clashes(fields: Sequence[Field]) -> None:
    """In the class's body a field hides what has its name; two imports of one name hide each other."""
    looked_up = {name for field in fields for name in field.annotation.names()}
    if any(field.factory for field in fields):
        looked_up.add("field")
    for field in fields:
        if field.name in looked_up:
            raise FieldRefused(
                f"The field {field.name} would hide {field.name} itself in the class, which a type or default needs\n"
                f"Try {field.name}_value"
            )
    modules: dict[str, Import] = {}
    for needed in sorted({needed for field in fields for needed in field.annotation.imports()}):
        first = modules.setdefault(needed.name, needed)
        if first != needed or needed.name in ("Job", "field", "exponential"):
            other = first.module if first != needed else "dartian_queue"
            raise FieldRefused(
                f"Both {other} and {needed.module} have a {needed.name}, and a job can import only one by that name\n"
                f"Give one of the fields another type, and edit the class afterwards."
            )


def _default(annotation: Annotation, text: str) -> tuple[str, str | None]:
    """Return the default as an expression, and what makes it anew for each job where it could be changed."""
    value = _literal_value(text)
    if value is not _NOTHING:
        for option in annotation.options:
            if option.head in ("set", "frozenset") and value == {} and isinstance(value, dict):
                value = set[object]()
            if _fits(option, value):
                return _written(option, value)
    if value is not None:
        for option in annotation.options:
            if (written := _from_text(option, text, value)) is not None:
                return written, None
    raise FieldRefused(_unfit(annotation, text, value))


def _literal_value(text: str) -> object:
    expression = read_expression(text.strip())
    try:
        return _NOTHING if expression is None else ast.literal_eval(expression)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return _NOTHING


def _unfit(annotation: Annotation, text: str, value: object) -> str:
    if value is None:
        return f"None is no {annotation.text}; for a field that may be None write {annotation.text}?"
    if annotation.head == "bool" and text.lower() in ("true", "false"):
        return f"{shown(text)!r} is no bool; write {text.capitalize()}"
    if annotation.head == "Literal":
        return f"{shown(text)!r} is none of {', '.join(literal(value) for value in annotation.values)}"
    if annotation.head == "bytes":
        return f"{shown(text)!r} is no bytes; write b{shown(quoted(text))}"
    if annotation.head in ("datetime", "time", "timedelta"):
        return f"a default of type {annotation.head} cannot be given here; leave it out, and write it in the class"
    return f"the default {shown(text)!r} is no {annotation.text}"


def _written(annotation: Annotation, value: object) -> tuple[str, str | None]:
    if annotation.head == "frozenset":
        return ("frozenset()" if not value else f"frozenset({literal(value)})"), None
    written = literal(value)
    if not is_mutable(value):
        return written, None
    return written, f"lambda: {written}" if value else annotation.text  # an empty one is typed, for strict checkers


def _fits(annotation: Annotation, value: object) -> bool:
    """Return whether a type checker would take this literal for that type."""
    match annotation.head:
        case "|":
            return any(_fits(option, value) for option in annotation.args)
        case "None":
            return value is None
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case "str":
            return isinstance(value, str) and _storable(value)
        case "bytes":
            return isinstance(value, bytes)
        case "Literal":
            return any(value == allowed and type(value) is type(allowed) for allowed in annotation.values)
        case _:
            return _fits_container(annotation, value)


def _fits_container(annotation: Annotation, value: object) -> bool:
    args = annotation.args
    match annotation.head, value:
        case ("list", list()) | ("set" | "frozenset", set()):
            return all(_fits(args[0], item) for item in cast("list[object]", value))
        case "dict", dict():
            pairs = cast("dict[object, object]", value).items()
            return all(_fits(args[0], key) and _fits(args[1], item) for key, item in pairs)
        case "tuple", tuple():
            items = cast("tuple[object, ...]", value)
            if len(args) == 2 and args[1].head == "...":
                return all(_fits(args[0], item) for item in items)
            return len(args) == len(items) and all(map(_fits, args, items))
        case _:
            return annotation.is_own and not isinstance(value, list | dict | set | tuple | bytes | None)


def _storable(text: str) -> bool:
    """Lone surrogates, which an argument has where the shell sent bytes that are no UTF-8, cannot be stored."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _from_text(annotation: Annotation, text: str, value: object) -> str | None:
    """Return the expression for a default that was given as bare text, or None where the type takes none."""
    if not _storable(text):
        return None
    match annotation.head:
        case "str":
            return quoted(text)
        case "Path":
            return f"Path({quoted(value if isinstance(value, str) else text)})"
        case "Literal":
            return quoted(text) if text in annotation.values else None
        case "Decimal":
            number = value if isinstance(value, str) else text
            return f"Decimal({quoted(number)})" if re.fullmatch(r"[+-]?\d+(\.\d+)?", number, re.ASCII) else None
        case "UUID":
            plain = value if isinstance(value, str) else text
            return (
                f"UUID({quoted(plain)})"
                if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", plain)
                else None
            )
        case "date":
            return _date(value if isinstance(value, str) else text)
        case _:
            return _member(annotation, text) if annotation.is_own else None


def _date(text: str) -> str | None:
    from datetime import date

    try:
        return repr(date.fromisoformat(text)).removeprefix("datetime.")
    except ValueError:
        return None


def _member(annotation: Annotation, text: str) -> str | None:
    """Return ``Quality.HIGH`` for HIGH or Quality.HIGH."""
    name = text.removeprefix(f"{annotation.head}.")
    usable = name.isidentifier() and name.isascii() and not name.startswith("__") and not keyword.iskeyword(name)
    return f"{annotation.head}.{name}" if usable else None
