"""A job class as it is read when it is written: its fields, its options, its constructor and its hooks.

All that can be wrong with a class is found here, at import. It never makes or runs a job, and knows no registry.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from types import FrameType
from typing import cast, get_args, get_origin

import msgspec

from dartian_queue.annotations import substitute
from dartian_queue.codec import Codec, PayloadField
from dartian_queue.errors import InvalidPayload, JobDefinitionError, shown
from dartian_queue.fieldchecks import type_text
from dartian_queue.fields import (
    NO_DEFAULT,
    FieldDefault,
    JobField,
    bind,
    check_order,
    fields_of_class,
    fields_of_init,
)
from dartian_queue.hooks import Handle, read_failed, read_handle
from dartian_queue.old_fields import check_old_fields, still_old
from dartian_queue.options import JobOptions, merge_job_options, parse_job_options
from dartian_queue.tags import check_tags

__all__ = ["JobFacts", "define", "facts_of", "make_codec", "names_around"]


class JobFacts:
    """What is known of one job class; made when the class is defined, then only read."""

    __slots__ = ("codec", "constructor", "fields", "handle", "is_complete", "options", "own_options")

    def __init__(self, own_options: JobOptions, options: JobOptions) -> None:
        self.own_options = own_options
        self.options = options
        self.fields: dict[str, JobField] = {}
        self.constructor: type = object
        """The class whose __init__ takes the payload."""
        self.handle: Handle | None = None
        self.codec: Codec | None = None
        self.is_complete = False
        """Whether it is known that nothing is missing for its jobs to be dispatched."""


def facts_of(cls: type) -> JobFacts:
    """Return the facts of a job class; TypeError if it is none."""
    facts = cls.__dict__.get("__dartian__")
    if not isinstance(facts, JobFacts):
        raise TypeError(f"{shown(cls)} is not a job class; extend Job: class ProcessPodcast(Job)")
    return facts


def define(cls: type, keywords: Mapping[str, object], names: Mapping[str, object]) -> None:
    """Read a job class that was just written; JobDefinitionError says what of it cannot work."""
    if "__dartian__" in cls.__dict__:
        raise JobDefinitionError(
            f"{type_text(cls)}: a decorator makes the class anew, which would lose its options\n"
            f"Take @dataclass(slots=True) or @attrs.define away: Job makes the constructor."
        )
    own = parse_job_options(type_text(cls), keywords)
    options = own
    for ancestor in cls.__mro__[1:]:
        inherited = ancestor.__dict__.get("__dartian__")
        if isinstance(inherited, JobFacts):
            options = merge_job_options(options, inherited.own_options)
    facts = JobFacts(own, options)
    facts.handle = read_handle(cls)
    read_failed(cls)
    _read_fields(cls, facts, names)
    cls.__dartian__ = facts  # type: ignore[attr-defined] # kept out of what type checkers and users see
    check_tags(type_text(cls), options.tags, facts.fields)
    _read_old_fields(cls, facts)
    if not getattr(cls, "__parameters__", ()):
        with suppress(NameError):  # a forward reference; codec_of tries again when the class is registered or used
            facts.codec = make_codec(cls, facts)


def _read_fields(cls: type, facts: JobFacts, names: Mapping[str, object]) -> None:
    init = cls.__dict__.get("__init__")
    if init is not None:
        facts.fields = fields_of_init(cls, init, names)
        facts.constructor = cls
        setattr(cls, "__init__", _remembering(cls, init, facts.fields))  # noqa: B010 - mypy forbids the assignment
        return
    inherited = _inherited_fields(cls)
    writer = _constructor_above(cls)
    own = fields_of_class(cls, names)
    if writer is not None:
        if own:
            raise JobDefinitionError(
                f"{type_text(cls)} adds the field {next(iter(own))!r}, but {type_text(writer)} has an __init__\n"
                f"Write an __init__ in {type_text(cls)} too, which calls super().__init__()"
            )
        facts.fields, facts.constructor = inherited, writer
        return
    _refuse_bare_overrides(cls, inherited, own)
    facts.fields = inherited | own
    facts.constructor = cls
    check_order(type_text(cls), facts.fields)
    for name, entry in own.items():
        if isinstance(cls.__dict__.get(name), FieldDefault):
            if entry.default is NO_DEFAULT:
                delattr(cls, name)
            else:
                setattr(cls, name, entry.default)
    setattr(cls, "__init__", _generated(cls, facts.fields))  # noqa: B010
    positional = tuple(name for name, entry in facts.fields.items() if not entry.kw_only)
    setattr(cls, "__match_args__", positional)  # noqa: B010  # type: ignore[misc] # made, not written


def _read_old_fields(cls: type, facts: JobFacts) -> None:
    """Check the names that fields had, and forget those of the classes above that are not this class's any more."""
    if not (facts.options.renamed_fields or facts.options.removed_fields):
        return
    check_old_fields(type_text(cls), facts.own_options.old_fields, facts.fields)
    old = still_old(facts.options.old_fields, facts.fields)
    facts.options = msgspec.structs.replace(facts.options, renamed_fields=old.renamed, removed_fields=old.removed)


def _inherited_fields(cls: type) -> dict[str, JobField]:
    fields: dict[str, JobField] = {}
    for parent in reversed(cast("tuple[object, ...]", cls.__dict__.get("__orig_bases__", cls.__bases__))):
        origin = get_origin(parent) or parent
        facts = getattr(origin, "__dict__", {}).get("__dartian__")
        if isinstance(facts, JobFacts):
            parameters = cast("tuple[object, ...]", getattr(origin, "__parameters__", ()))
            bound = dict(zip(parameters, get_args(parent), strict=False))
            fields |= {name: _bound(entry, bound) for name, entry in facts.fields.items()}
    return fields


def _bound(entry: JobField, bound: Mapping[object, object]) -> JobField:
    if not bound:
        return entry
    return msgspec.structs.replace(entry, read_type=lambda: substitute(entry.read_type(), bound))


def _constructor_above(cls: type) -> type | None:
    """Return the class from which an own ``__init__`` is inherited, None where fields make the constructor."""
    for ancestor in cls.__mro__[1:]:
        facts = ancestor.__dict__.get("__dartian__")
        if isinstance(facts, JobFacts):
            return facts.constructor if hasattr(facts.constructor.__dict__["__init__"], "__wrapped__") else None
    return None


def _refuse_bare_overrides(cls: type, inherited: Mapping[str, JobField], own: Mapping[str, JobField]) -> None:
    for name in inherited.keys() & cls.__dict__.keys() - own.keys():
        raise JobDefinitionError(
            f"{type_text(cls)}.{name} replaces an inherited field without saying its type, so it would be ignored\n"
            f"Annotate it again: {name}: ... = {shown(cls.__dict__[name], 30)}"
        )


def _generated(cls: type, fields: Mapping[str, JobField]) -> Callable[..., None]:
    title = type_text(cls)

    def __init__(self: object, /, *args: object, **keywords: object) -> None:  # noqa: N807
        for name, value in bind(title, fields, args, keywords).items():
            setattr(self, name, value)
        if (then := getattr(self, "__post_init__", None)) is not None:
            then()

    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    __init__.__module__ = cls.__module__
    return __init__


def _remembering(cls: type, init: Callable[..., None], fields: Mapping[str, JobField]) -> Callable[..., None]:
    """Return ``init`` so that it keeps its arguments, which are the payload, before it runs."""

    @wraps(init)
    def __init__(self: object, /, *args: object, **keywords: object) -> None:  # noqa: N807
        if facts_of(type(self)).constructor is cls:  # else a subclass's own __init__ called super().__init__()
            self.__dartian_arguments__ = bind(type_text(cls), fields, args, keywords)  # type: ignore[attr-defined]
        init(self, *args, **keywords)

    return __init__


def make_codec(cls: type, facts: JobFacts) -> Codec:
    """Return the codec for the fields, with their defaults checked; NameError if a forward reference is open."""
    fields = [PayloadField(name, entry.read_type(), entry.has_default) for name, entry in facts.fields.items()]
    codec = Codec(type_text(cls), fields, facts.options.old_fields)
    for name, entry in facts.fields.items():
        if entry.default is not NO_DEFAULT:
            try:
                codec.check_field(name, entry.default)
            except InvalidPayload as misfit:
                raise JobDefinitionError(f"{misfit}\nIt is the default of the field.") from None
    return codec


def names_around(frame: object) -> dict[str, object]:
    """Return the local names where the class is written, which its annotations may use, if that is in a function."""
    place = cast("FrameType | None", frame)
    while place is not None and place.f_code.co_name == "__init_subclass__":
        place = place.f_back
    if place is None or place.f_locals is place.f_globals:
        return {}
    return dict(place.f_locals)
