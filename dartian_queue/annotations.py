"""What a class's annotations mean: strings and forward references resolved, type variables filled in.

It never decides what may be stored (fieldtypes does), and never reads a type from data.
"""

import sys
from collections.abc import Mapping
from typing import Generic, Literal, Protocol, TypeVar, cast, get_args, get_origin, get_type_hints

__all__ = ["hints_of", "is_settled", "own_annotations", "resolve", "substitute"]

_MARKERS: tuple[object, ...] = (Generic, Protocol, object)


def own_annotations(cls: type) -> dict[str, object]:
    """Return the annotations that ``cls`` itself wrote, in order, as they stand: a forward reference stays one."""
    if sys.version_info >= (3, 14):
        import annotationlib

        return dict(annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF))
    return dict(cls.__dict__.get("__annotations__", {}))  # noqa: RUF063 - inspect costs too much to import


def is_settled(hint: object) -> bool:
    """Tell whether an annotation surely has no string or forward reference in it, so that it needs no resolving."""
    origin = get_origin(hint)
    if origin is None:
        return isinstance(hint, type)
    args = cast("tuple[object, ...]", get_args(hint))
    return origin is Literal or (bool(args) and all(arg is ... or is_settled(arg) for arg in args))


def resolve(written: Mapping[str, object], cls: type, names: Mapping[str, object]) -> dict[str, object]:
    """Return annotations of ``cls`` with the strings in them evaluated; NameError if a name in one is unknown.

    A name is looked up in ``names``, then in the module, and only then in the class: in ``date: date = TODAY`` the type
    is meant, not the default.
    """
    carrier = type("Annotations", (), {"__module__": cls.__module__, "__annotations__": dict(written)})
    module = sys.modules.get(cls.__module__)
    own = {cls.__name__: cls, **{str(parameter): parameter for parameter in _type_parameters(cls)}}
    scope = {**vars(cls), **(vars(module) if module else {}), **own, **names}
    return get_type_hints(carrier, scope, scope, include_extras=True)


def substitute(hint: object, bound: Mapping[object, object]) -> object:
    """Return ``hint`` with its type variables replaced as ``bound`` says."""
    if isinstance(hint, TypeVar):
        return bound.get(hint, hint)
    parameters: tuple[object, ...] = () if isinstance(hint, type) else getattr(hint, "__parameters__", ())
    if not parameters or not bound:
        return hint
    return hint[tuple(bound.get(parameter, parameter) for parameter in parameters)]  # type: ignore[index] # an alias


def hints_of(alias: object) -> dict[str, object]:
    """Return the resolved annotations of a class or of ``Class[int]``, inherited ones first."""
    cls = cast("type", get_origin(alias) or alias)
    parameters: tuple[object, ...] = getattr(cls, "__parameters__", ())
    bound = dict(zip(parameters, get_args(alias), strict=False))
    hints: dict[str, object] = {}
    for parent in reversed(cls.__dict__.get("__orig_bases__", cls.__bases__)):
        if (get_origin(parent) or parent) not in _MARKERS and isinstance(get_origin(parent) or parent, type):
            hints |= hints_of(substitute(parent, bound))
    own = resolve(own_annotations(cls), cls, {})
    return hints | {name: substitute(hint, bound) for name, hint in own.items()}


def _type_parameters(cls: type) -> tuple[object, ...]:
    return cast("tuple[object, ...]", getattr(cls, "__type_params__", ()))
