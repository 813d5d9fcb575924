"""The class that users extend, and the functions through which the rest of the runtime reads such classes.

A job class carries no public names of ours beside the two that users write, so a field may have any other name. This
module knows nothing of stores, drivers and workers, and never runs a job.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar, cast, dataclass_transform

from dartian_queue.codec import PAYLOAD_LIMIT, Codec
from dartian_queue.definition import define, facts_of, make_codec, names_around
from dartian_queue.delays import Backoff, Duration
from dartian_queue.errors import InvalidPayload, JobDefinitionError, shown
from dartian_queue.fieldchecks import type_text
from dartian_queue.fields import NO_DEFAULT, JobField, field
from dartian_queue.hooks import Handle, has_failed
from dartian_queue.options import IsolateMode, JobOptions
from dartian_queue.tags import fill_tags

if TYPE_CHECKING:
    from typing import Never

__all__ = [
    "Job",
    "codec_of",
    "encode",
    "field",
    "fields_of",
    "has_failed_hook",
    "is_async",
    "load",
    "name_of",
    "options_of",
    "tags_of",
    "takes_context",
    "values_of",
    "what_is_missing",
]


class _Signature:
    """Makes ``inspect.signature(ProcessPodcast)`` work, without importing inspect until somebody asks."""

    def __get__(self, instance: object, owner: type) -> object:
        if owner is Job:
            raise AttributeError("__signature__")
        from dartian_queue.signatures import signature_of

        return signature_of(facts_of(owner).fields)


@dataclass_transform(field_specifiers=(field,))
class Job:
    """Extend this class: annotated attributes are the job's fields, ``handle()`` is its work.

    The annotated attributes make the constructor, as in a dataclass; a class may write its own ``__init__`` instead,
    whose parameters are then stored. Options are class keywords: ``class Resize(Job, queue="media", tries=5)``. They
    are inherited, except ``name`` and ``aliases``; ``tags`` of a subclass replace the inherited ones, the old names of
    fields (``renamed_fields``, ``removed_fields``) are added to them.
    """

    __slots__ = ("__dartian_arguments__", "__weakref__")

    if TYPE_CHECKING:

        def __init_subclass__(
            cls,
            *,
            name: str = ...,
            aliases: Sequence[str] = ...,
            connection: str = ...,
            queue: str = ...,
            priority: int = ...,
            tries: int = ...,
            backoff: Backoff | Duration | Sequence[Duration] = ...,
            timeout: Duration = ...,
            fail_on_timeout: bool = ...,
            retry_until: Duration = ...,
            max_exceptions: int = ...,
            fail_on: type[BaseException] | Sequence[type[BaseException]] = ...,
            retry_on: type[BaseException]
            | Sequence[type[BaseException]]
            | Mapping[type[BaseException], Backoff | Duration | Sequence[Duration]] = ...,
            delay: Duration = ...,
            tags: Sequence[str] = ...,
            isolate: IsolateMode = ...,
            renamed_fields: Mapping[str, str] = ...,
            removed_fields: Sequence[str] = ...,
            **misspelt: Never,
        ) -> None: ...

    else:
        __signature__ = _Signature()

        def __init_subclass__(cls, **keywords: object) -> None:
            super().__init_subclass__()
            define(cls, keywords, names_around(sys._getframe(1)))

        def __init__(self) -> None:
            raise TypeError("Job() itself cannot be made; extend it: class ProcessPodcast(Job)")

        def __repr__(self) -> str:
            values = ", ".join(f"{name}={value!r}" for name, value in _values(self).items())
            return f"{type(self).__qualname__}({values})"

        def __eq__(self, other: object) -> bool:
            if type(other) is not type(self):
                return NotImplemented
            return _values(self) == _values(other)

        __hash__ = None


J = TypeVar("J", bound=Job)


def options_of(cls: type[Job]) -> JobOptions:
    """Return the options of a job class, merged with those that it inherits."""
    return facts_of(cls).options


def fields_of(cls: type[Job]) -> tuple[JobField, ...]:
    """Return the fields of a job class in the order of its constructor."""
    return tuple(facts_of(cls).fields.values())


def codec_of(cls: type[Job]) -> Codec:
    """Return the codec of a job class; JobDefinitionError if a forward reference or a type variable is still open."""
    facts = facts_of(cls)
    if facts.codec is None:
        try:
            facts.codec = make_codec(cls, facts)
        except NameError as error:
            raise JobDefinitionError(
                f"{type_text(cls)}: a type in its fields cannot be resolved: {error}\n"
                f"Define the type at the top of a module, and import it outside `if TYPE_CHECKING:`."
            ) from None
    return facts.codec


def values_of(job: Job) -> dict[str, object]:
    """Return the values of a job's fields; InvalidPayload if one was deleted."""
    values, fields = _values(job), facts_of(type(job)).fields
    if len(values) < len(fields):
        name = next(name for name in fields if name not in values)
        raise InvalidPayload(f"{type(job).__qualname__}.{name} has no value")
    return values


def encode(job: Job, limit: int = PAYLOAD_LIMIT) -> str:
    """Return a job's payload; InvalidPayload, PayloadTooLarge or JobDefinitionError if it cannot be stored."""
    cls = type(job)
    facts = facts_of(cls)
    if not facts.is_complete:
        if (why := what_is_missing(cls)) is not None:
            raise JobDefinitionError(f"{type_text(cls)} cannot be dispatched: {why}")
        facts.is_complete = True
    return (facts.codec or codec_of(cls)).encode(values_of(job), limit)


def load(cls: type[J], payload: str | bytes, limit: int | None = None) -> J:
    """Return a fresh job from its payload; InvalidPayload if it does not fit the class as it is now."""
    values = codec_of(cls).decode(payload, limit)
    try:
        return cls(**values)
    except Exception as error:
        told = shown(f"{type(error).__name__}: {error}", 160)
        raise InvalidPayload(f"{type_text(cls)}: its constructor refused the payload: {told}") from error


def name_of(cls: type[Job]) -> str:
    """Return the name that a class has by itself: its ``name=``, else the class's. The registry adds its package."""
    return options_of(cls).name or type_text(cls)


def what_is_missing(cls: type[Job]) -> str | None:
    """Return why jobs of this class cannot be dispatched, with the remedy, None if they can."""
    if facts_of(cls).handle is None:
        return "it has no handle()\nWrite async def handle(self) -> None"
    if variables := cast("tuple[object, ...]", getattr(cls, "__parameters__", ())):
        return f"its type variable {variables[0]} is open\nExtend it with a type: class Import({cls.__name__}[str])"
    abstract: frozenset[str] = getattr(cls, "__abstractmethods__", frozenset())
    if abstract:
        return f"its method {min(abstract)}() is abstract\nWrite it in a class that extends {cls.__name__}."
    return None


def takes_context(cls: type[Job]) -> bool:
    """Tell whether ``handle`` is called with the context."""
    return _handle(cls).takes_context


def is_async(cls: type[Job]) -> bool:
    """Tell whether ``handle`` is a coroutine function, under whatever decorators."""
    return _handle(cls).is_async


def has_failed_hook(cls: type[Job]) -> bool:
    """Tell whether the class has a ``failed(self, error)``."""
    return has_failed(cls)


def tags_of(job: Job) -> tuple[str, ...]:
    """Return the tags of a job, with the fields that they name filled in."""
    templates = options_of(type(job)).tags
    if not templates:
        return ()
    return fill_tags(templates, values_of(job))


def _handle(cls: type[Job]) -> Handle:
    handle = facts_of(cls).handle
    if handle is None:
        raise JobDefinitionError(f"{type_text(cls)} has no handle()\nWrite async def handle(self) -> None")
    return handle


def _values(job: Job) -> dict[str, object]:
    """Return the values that a job has now; a half-made or damaged one has fewer than its class has fields."""
    kept = getattr(job, "__dartian_arguments__", None)
    if kept is not None:
        return dict(kept)
    names = facts_of(type(job)).fields
    return {name: value for name in names if (value := getattr(job, name, NO_DEFAULT)) is not NO_DEFAULT}
