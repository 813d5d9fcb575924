"""The fields of a job class: its annotated attributes, or the parameters of its own ``__init__``.

It reads classes and functions, and binds the arguments of a constructor to fields. It never looks at a value's
type (codec does), and it imports neither ``inspect`` nor ``dataclasses``: every job module would pay for them.
"""

import re
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, ForwardRef, TypeVar, get_origin, overload

import msgspec

from dartian_queue.annotations import is_settled, own_annotations, resolve
from dartian_queue.errors import JobDefinitionError, did_you_mean, shown
from dartian_queue.fieldchecks import type_text

__all__ = ["NO_DEFAULT", "FieldDefault", "JobField", "bind", "field", "fields_of_class", "fields_of_init", "unwrapped"]

T = TypeVar("T")

NO_DEFAULT: Final = object()
"""Stands for a default that was not given; None is a default."""

VARARGS, VARKEYWORDS = 0x04, 0x08
_CONSTANT: Final = re.compile(r"(\w+\.)*ClassVar\b")
_RESERVED: Final = ("handle", "failed")
_DISPATCH_OPTIONS: Final = ("connection", "queue", "priority", "delay", "tries", "timeout", "backoff", "id", "tags")


class FieldDefault(msgspec.Struct, frozen=True):
    """What ``field()`` leaves in the class body, until the class is defined."""

    default: object
    default_factory: Callable[[], object] | None
    kw_only: bool


@overload
def field(*, default: T, kw_only: bool = ...) -> T: ...
@overload
def field(*, default_factory: Callable[[], T], kw_only: bool = ...) -> T: ...
@overload
def field(*, kw_only: bool = ...) -> Any: ...  # as dataclasses.field: it stands for a value of any field
def field(
    *, default: object = NO_DEFAULT, default_factory: Callable[[], object] | None = None, kw_only: bool = False
) -> object:
    """Give a field a default, a factory that makes a new default for each job, or make it keyword-only."""
    if default is not NO_DEFAULT and default_factory is not None:
        raise JobDefinitionError("field() takes default= or default_factory=, not both")
    return FieldDefault(default, default_factory, kw_only)


class JobField(msgspec.Struct, frozen=True):
    """One field of a job class; its type is read when it is asked for, as a forward reference may have to wait."""

    name: str
    read_type: Callable[[], object]
    """Returns the resolved type; NameError while a forward reference is unknown."""
    default: object
    default_factory: Callable[[], object] | None
    kw_only: bool

    @property
    def has_default(self) -> bool:
        """Tell whether a job can be made without a value for it."""
        return self.default is not NO_DEFAULT or self.default_factory is not None

    def make_default(self) -> object:
        """Return the value that it has where none was given."""
        return self.default_factory() if self.default_factory is not None else self.default


def fields_of_class(cls: type, names: Mapping[str, object]) -> dict[str, JobField]:
    """Return the fields that ``cls`` itself annotates; ``names`` are those around the class, for its annotations."""
    fields: dict[str, JobField] = {}
    keyword_only = False
    for name, written in own_annotations(cls).items():
        read = _reader(name, written, cls, names)
        if _is_keyword_only_mark(read):  # _: KW_ONLY, as in a dataclass
            keyword_only = True
            continue
        value = cls.__dict__.get(name, NO_DEFAULT)
        if isinstance(value, types.MemberDescriptorType):  # a slot of the same name, not a default
            value = NO_DEFAULT
        if _is_constant(written, read, has_value=value is not NO_DEFAULT):
            continue
        _check_name(cls, name)
        given = value if isinstance(value, FieldDefault) else FieldDefault(value, None, kw_only=False)
        _check_default(cls, name, written, given.default)
        fields[name] = JobField(name, read, given.default, given.default_factory, keyword_only or given.kw_only)
    return fields


def fields_of_init(cls: type, init: Callable[..., object], names: Mapping[str, object]) -> dict[str, JobField]:
    """Return the parameters of an own ``__init__`` as fields; JobDefinitionError where one could not be stored."""
    function = unwrapped(init)
    owner = type_text(cls)
    if not isinstance(function, types.FunctionType):
        raise JobDefinitionError(f"{owner}.__init__ is no plain function, so its parameters cannot be read")
    code = function.__code__
    if code.co_flags & (VARARGS | VARKEYWORDS) or code.co_posonlyargcount > 1:
        raise JobDefinitionError(
            f"{owner}.__init__ takes *args, **kwargs or positional-only parameters, which have no names to store\n"
            f"Name each parameter, with its type: def __init__(self, podcast_id: int) -> None"
        )
    positional = code.co_varnames[1 : code.co_argcount]
    keyword_only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    defaults = dict(zip(reversed(positional), reversed(function.__defaults__ or ()), strict=False))
    defaults |= function.__kwdefaults__ or {}
    fields: dict[str, JobField] = {}
    for name in (*positional, *keyword_only):
        _check_name(cls, name)
        if name not in function.__annotations__:
            raise JobDefinitionError(
                f"{owner}.__init__: the parameter {name!r} has no type, so its value cannot be checked\n"
                f"Write one, such as {name}: int"
            )
        read = _reader(name, function.__annotations__[name], cls, names)
        fields[name] = JobField(name, read, defaults.get(name, NO_DEFAULT), None, name in keyword_only)
    return fields


def bind(
    owner: str, fields: Mapping[str, JobField], args: Sequence[object], keywords: Mapping[str, object]
) -> dict[str, object]:
    """Return the value of each field for one call of the constructor; TypeError where the call does not fit."""
    positional = [name for name, entry in fields.items() if not entry.kw_only]
    if len(args) > len(positional):
        takes = ", ".join(positional) or "none"
        raise TypeError(f"{owner}() takes {len(positional)} positional fields ({takes}), got {len(args)}")
    given = dict(zip(positional, args, strict=False))
    for name, value in keywords.items():
        if name in given:
            raise TypeError(f"{owner}() got {name!r} twice, by position and by name")
        if name not in fields:
            raise TypeError(_no_field(owner, name, fields))
        given[name] = value
    missing = [name for name, entry in fields.items() if name not in given and not entry.has_default]
    if missing:
        raise TypeError(f"{owner}() needs a value for {', '.join(map(repr, missing))}")
    return {name: given[name] if name in given else entry.make_default() for name, entry in fields.items()}


def check_order(owner: str, fields: Mapping[str, JobField]) -> None:
    """Refuse a field without a default after one with, as a dataclass does."""
    optional: str | None = None
    for name, entry in fields.items():
        if entry.kw_only:
            continue
        if entry.has_default:
            optional = optional or name
        elif optional is not None:
            raise JobDefinitionError(
                f"{owner}.{name} has no default, but stands after {optional!r}, which has one\n"
                f"Move it before {optional!r}, give it a default, or write {name}: ... = field(kw_only=True)"
            )


def unwrapped(function: object) -> object:
    """Return the function that decorators made with functools.wraps stand around."""
    seen: set[int] = set()
    while (inner := getattr(function, "__wrapped__", None)) is not None and id(function) not in seen:
        seen.add(id(function))
        function = inner
    return function


def _reader(name: str, written: object, cls: type, names: Mapping[str, object]) -> Callable[[], object]:
    """Return a function that gives the resolved annotation, now if it can be, else when it is called."""
    if is_settled(written):
        return lambda: written

    def read() -> object:
        try:
            return resolve({name: written}, cls, names)[name]
        except NameError:
            raise
        except AttributeError as error:  # a module that is still being imported does not have the type yet
            raise NameError(str(error)) from None
        except Exception as error:
            told = shown(f"{type(error).__name__}: {error}", 120)
            raise JobDefinitionError(
                f"{type_text(cls)}.{name}: its annotation {shown(repr(written))} cannot be evaluated: {told}"
            ) from None

    try:
        resolved = read()
    except NameError:
        return read
    return lambda: resolved


def _is_constant(written: object, read: Callable[[], object], *, has_value: bool) -> bool:
    try:
        hint = read()
    except NameError:
        text = written.__forward_arg__ if isinstance(written, ForwardRef) else str(written)
        return _CONSTANT.match(text) is not None
    if hint is ClassVar or get_origin(hint) is ClassVar:
        return True
    return has_value and (hint is Final or get_origin(hint) is Final)


def _is_keyword_only_mark(read: Callable[[], object]) -> bool:
    try:
        return type(read()).__name__ == "_KW_ONLY_TYPE"
    except NameError:
        return False


def _check_name(cls: type, name: str) -> None:
    if name in _RESERVED or (name.startswith("__") and name.endswith("__")):
        raise JobDefinitionError(
            f"{type_text(cls)}.{name} cannot be a field: the name is reserved\n"
            f"Reserved are handle, failed and names with two underscores on both sides."
        )


def _check_default(cls: type, name: str, written: object, default: object) -> None:
    if default is NO_DEFAULT or type(default).__hash__ is not None:
        return
    kind, text = type(default).__name__, shown(type_text(written))
    # list[str] makes a list too, and says to type checkers of what.
    factory = f"lambda: {shown(default, 30)}" if default else text if text.startswith(f"{kind}[") else kind
    raise JobDefinitionError(
        f"{type_text(cls)}.{name}: its default is a {kind}, which all jobs would share\n"
        f"Write {name}: {text} = field(default_factory={factory})"
    )


def _no_field(owner: str, name: str, fields: Mapping[str, JobField]) -> str:
    message = f"{owner}() has no field {name!r}"
    if near := did_you_mean(name, list(fields)):
        return message + near
    if name in _DISPATCH_OPTIONS:
        return f"{message}; options belong to dispatch: dispatch({owner}(...), {name}=...)"
    return f"{message}; its fields are {', '.join(fields)}" if fields else f"{message}; it has no fields"
