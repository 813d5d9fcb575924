"""Which types can be stored in a payload: a walk over a field's annotation, to a check of its values.

msgspec accepts ``type``, ``complex``, ``object`` and ``Any`` without a word, and would hand out what no job put in. So
what may be stored is decided here, type by type. It looks at no value.
"""

import types
from collections.abc import Mapping
from enum import EnumMeta
from typing import Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin

import msgspec

from dartian_queue.annotations import hints_of, substitute
from dartian_queue.fieldchecks import (
    SCALARS,
    Check,
    check_dict,
    check_elements,
    check_instance,
    check_literal,
    check_model,
    check_object,
    check_tuple,
    check_typed_dict,
    check_union,
    is_model,
    is_path,
    type_text,
)

__all__ = ["FieldType", "Unstorable"]


class Unstorable(Exception):
    """A type that cannot be stored, with what to write instead."""

    def __init__(self, unstorable: object, remedy: str) -> None:
        super().__init__(type_text(unstorable))
        self.unstorable = type_text(unstorable)
        self.remedy = remedy


_UNKNOWN_CONTENT: Final = "Write the type that it has, such as str or dict[str, int]."
_NO_LIST: Final = "It does not say which type comes back; write list[...] or tuple[..., ...]."
_NO_DICT: Final = "It does not say which type comes back; write dict[...]."
_READ_ONCE: Final = "It can be read only once; write list[...]."
_REMEDY: Final = "Store what identifies it (an id, a path, a name), and fetch it in handle()."
_REMEDIES: Final[Mapping[str, str]] = {
    "Any": _UNKNOWN_CONTENT,
    "object": _UNKNOWN_CONTENT,
    "bytearray": "Write bytes.",
    "memoryview": "Write bytes.",
    "complex": "Write tuple[float, float].",
    "LiteralString": "Write str.",
    "range": "Write its bounds as int fields.",
    "deque": "Write list[...].",
    "Sequence": _NO_LIST,
    "MutableSequence": _NO_LIST,
    "Collection": _NO_LIST,
    "Iterable": _NO_LIST,
    "Iterator": _READ_ONCE,
    "Generator": _READ_ONCE,
    "Mapping": _NO_DICT,
    "MutableMapping": _NO_DICT,
    "OrderedDict": "Write dict[...], which keeps its order too.",
    "defaultdict": "Write dict[...].",
    "Counter": "Write dict[..., int].",
    "Set": "It does not say which type comes back; write set[...].",
    "MutableSet": "It does not say which type comes back; write set[...].",
}
_KEYS: Final = frozenset(SCALARS) - {None, type(None), bool, msgspec.UnsetType}
_NO_KEY: Final = (
    "JSON keeps keys as text: write a key of str, int, a date, UUID or Enum, or store list[tuple[..., ...]]."
)


class FieldType:
    """What one annotation means for a payload, from one walk over all that is in it."""

    def __init__(self, annotation: object) -> None:
        """Walk; Unstorable if such values cannot be stored, NameError if a type in it is not defined yet."""
        self._entered: dict[object, list[Check]] = {}
        self.holds_set = False
        """Whether its JSON would depend on the order of a set, which differs from process to process."""
        self.has_hooks = False
        """Whether code of the user's runs when it is loaded, which may change the value."""
        self.check = self._check_of(annotation)

    def _check_of(self, annotation: object) -> Check:
        try:
            known = SCALARS.get(annotation)
        except TypeError:  # unhashable, as Annotated[int, []] is: it cannot contain itself
            return self._built(annotation)
        if known is not None:
            return known
        entered = self._entered.get(annotation)
        if entered is not None:
            # Its check may not be finished yet, so it is looked up when a value comes.
            return lambda value: entered[0](value)
        finished = self._entered[annotation] = []
        finished.append(self._built(annotation))
        return finished[0]

    def _built(self, annotation: object) -> Check:
        origin, args = get_origin(annotation), cast("tuple[object, ...]", get_args(annotation))
        inner = _inside(annotation, origin, args)
        if inner is not None:
            return self._check_of(inner)
        if origin in (Union, types.UnionType):
            return check_union(type_text(annotation), [self._check_of(member) for member in args])
        if origin is Literal:
            if not all(value is None or type(value) in (bool, int, str) for value in args):
                raise Unstorable(annotation, "Write the values as str or int, or use the Enum itself as the type.")
            return check_literal(type_text(annotation), args)
        cls = origin or annotation
        if cls in (list, set, frozenset, tuple, dict):
            return self._container(cast("type", cls), annotation, args)
        if isinstance(cls, type):
            return self._class(cls, annotation)
        if isinstance(annotation, TypeVar):
            raise Unstorable(annotation, f"Extend the class with a type in the place of {annotation.__name__}.")
        raise _unstorable(annotation)

    def _container(self, cls: type, annotation: object, args: tuple[object, ...]) -> Check:
        text = type_text(annotation)
        if not args and annotation != tuple[()]:
            content = {"dict": "[str, int]", "tuple": "[int, str]"}.get(cls.__name__, "[str]")
            raise Unstorable(annotation, f"Write what is in it, such as {cls.__name__}{content}.")
        if cls is dict:
            if not _can_be_key(args[0]):
                raise Unstorable(annotation, _NO_KEY)
            return check_dict(text, self._check_of(args[0]), self._check_of(args[1]))
        if cls is tuple and args[-1:] != (...,):
            return check_tuple(text, [self._check_of(arg) for arg in args])
        self.holds_set = self.holds_set or cls in (set, frozenset)
        return check_elements(text, cls, self._check_of(args[0]))

    def _class(self, cls: type, annotation: object) -> Check:
        if isinstance(cls, EnumMeta):
            return _enum(cls)
        if is_path(cls):
            return check_instance(cls)
        if is_model(cls):
            return check_model(cls)
        if hasattr(cls, "__required_keys__"):
            required = _required_keys(cls)
            members = self._members(cls, annotation, tuple(sorted(hints_of(annotation))))
            return check_typed_dict(type_text(cls), required, members)
        names = _member_names(cls)
        if names is None:
            raise _unstorable(annotation)
        self.has_hooks = self.has_hooks or _has_hooks(cls)
        return check_object(cls, self._members(cls, annotation, names))

    def _members(self, cls: type, annotation: object, names: tuple[str, ...]) -> dict[str, Check]:
        hints = hints_of(annotation)
        checks: dict[str, Check] = {}
        for name in names:
            if name not in hints:
                raise Unstorable(annotation, f"Annotate its {name!r} with a type.")
            try:
                checks[name] = self._check_of(hints[name])
            except Unstorable as inner:
                raise Unstorable(f"{type_text(cls)} (its {name!r} is {inner.unstorable})", inner.remedy) from None
        return checks


def _required_keys(cls: Any) -> frozenset[str]:
    """Return the keys that a TypedDict must have; Python itself misses a qualifier that is written as a string."""
    said = {name: getattr(get_origin(hint), "_name", "") for name, hint in hints_of(cls).items()}
    required = {name for name, qualifier in said.items() if qualifier == "Required"}
    optional = {name for name, qualifier in said.items() if qualifier == "NotRequired"}
    return frozenset((cls.__required_keys__ | required) - optional)


def _inside(annotation: Any, origin: Any, args: tuple[object, ...]) -> object | None:
    """Return the type that stands inside an annotation, an alias or a qualifier, None if it stands for itself."""
    if hasattr(annotation, "__metadata__"):  # Annotated; what its msgspec.Meta demands is checked when it is loaded
        return args[0]
    if hasattr(annotation, "__supertype__"):  # NewType
        return cast("object", annotation.__supertype__)
    if origin is Final or getattr(origin, "_name", "") in ("NotRequired", "Required", "ReadOnly"):
        return args[0]
    alias = annotation if origin is None else origin
    if type(alias).__name__ == "TypeAliasType":  # type Rows = list[int], which is newer than Python 3.11
        return substitute(alias.__value__, dict(zip(alias.__type_params__, args, strict=False)))
    return None


def _enum(cls: EnumMeta) -> Check:
    kinds = {type(member.value).__name__ for member in cast("Mapping[str, Any]", cls.__members__).values()}
    if kinds not in ({"str"}, {"int"}):
        raise Unstorable(cls, "Give all its members str values, or all of them int values.")
    return check_instance(cls)


def _member_names(cls: type) -> tuple[str, ...] | None:
    """Return the names of what a Struct, NamedTuple, attrs class or dataclass holds, None for any other class."""
    listed: tuple[str, ...] | None = getattr(cls, "__struct_fields__", None)
    if listed is None and tuple in cls.__mro__:
        listed = getattr(cls, "_fields", None)
    if listed is not None:
        return listed
    attributes: Any = getattr(cls, "__attrs_attrs__", None)
    entries: Any = getattr(cls, "__dataclass_fields__", None)
    if attributes is not None:
        names = [str(attribute.name) for attribute in attributes]
    elif entries is not None:
        names = [str(name) for name, entry in entries.items() if entry._field_type.name == "_FIELD"]
    else:
        return None
    for name in names:
        if name.startswith("_"):  # msgspec takes it for private and leaves it out
            raise Unstorable(f"{type_text(cls)} (its {name!r} is private)", "Name it without the underscore.")
    return tuple(names)


def _has_hooks(cls: type) -> bool:
    attributes: Any = getattr(cls, "__attrs_attrs__", ())
    converts = any(attribute.converter is not None for attribute in attributes)
    return converts or hasattr(cls, "__post_init__") or hasattr(cls, "__attrs_post_init__")


def _can_be_key(key: Any) -> bool:
    while (inner := _inside(key, get_origin(key), get_args(key))) is not None:
        key = inner
    if get_origin(key) is Literal:
        # A mixture could not tell "1" from 1.
        kinds = {type(value) for value in cast("tuple[object, ...]", get_args(key))}
        return kinds in ({str}, {int})
    return isinstance(key, EnumMeta) or is_path(key) or (isinstance(key, type) and key in _KEYS)


def _unstorable(annotation: object) -> Unstorable:
    named = get_origin(annotation) or annotation
    name = str(getattr(named, "__name__", None) or getattr(named, "_name", ""))
    return Unstorable(annotation, _REMEDIES.get(name, _REMEDY))
