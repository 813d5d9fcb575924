"""Which exceptions are worth another try, as a job class says it by type: ``fail_on`` and ``retry_on``.

It looks at types alone, never at a message, and knows neither counters nor deadlines, which decide after it.
"""

import contextlib
from collections.abc import Iterable, Mapping
from typing import TypeAlias, cast

import msgspec

from dartian_queue.delays import Backoff, checked_backoff
from dartian_queue.errors import shown

__all__ = ["ErrorTypes", "RetryRule", "Ruling", "checked_fail_on", "checked_retry_on", "ruling_on"]

ErrorTypes: TypeAlias = tuple[type[BaseException], ...]
MOST_MEMBERS = 100
"""Members of an exception group that are looked at."""


class RetryRule(msgspec.Struct, frozen=True):
    """Exceptions of this type, and of types that extend it, are tried again."""

    error: type[BaseException]
    backoff: Backoff | None = None
    """Where it is not the job's own."""


class Ruling(msgspec.Struct, frozen=True):
    """What the rules say of one exception."""

    refused_by: str = ""
    """The option that rules another try out; empty where counters and deadlines decide."""
    backoff: Backoff | None = None


def checked_fail_on(option: str, value: object) -> ErrorTypes:
    """Return exception types, given as one or as several; ValueError where something is none."""
    return tuple(_error_type(option, one) for one in _several(option, value))


def checked_retry_on(option: str, value: object) -> tuple[RetryRule, ...]:
    """Return rules, given as exception types or as a mapping from type to backoff; ValueError where it is neither."""
    if not isinstance(value, Mapping):
        return tuple(RetryRule(_error_type(option, one)) for one in _several(option, value))
    given = cast("Mapping[object, object]", value)
    _several(option, tuple(given))
    return tuple(RetryRule(_error_type(option, one), checked_backoff(option, delay)) for one, delay in given.items())


def ruling_on(error: BaseException, fail_on: ErrorTypes, retry_on: tuple[RetryRule, ...]) -> Ruling:
    """Return what the rules say: the most specific type decides, and nothing matches where ``retry_on`` is empty.

    Of an exception group the members are judged: the first that rules another try out, else the first of all.
    """
    if not fail_on and not retry_on:
        return Ruling()
    rulings = [_ruling_on_one(type(member), fail_on, retry_on) for member in _members(error)]
    return next((ruling for ruling in rulings if ruling.refused_by), rulings[0])


def _ruling_on_one(kind: type[BaseException], fail_on: ErrorTypes, retry_on: tuple[RetryRule, ...]) -> Ruling:
    for ancestor in kind.__mro__:
        if any(ancestor is one for one in fail_on):
            return Ruling(refused_by="fail_on")
        for rule in retry_on:
            if rule.error is ancestor:
                return Ruling(backoff=rule.backoff)
    return Ruling(refused_by="retry_on" if retry_on else "")


def _members(error: BaseException) -> list[BaseException]:
    """Return the exceptions in a group, and those in the groups in it; of any other exception, itself."""
    found: list[BaseException] = []
    left = [error]
    while left and len(found) < MOST_MEMBERS:
        one = left.pop()
        if isinstance(one, BaseExceptionGroup):
            with contextlib.suppress(BaseException):  # the class of the error may have made anything of its members
                left.extend(reversed(cast("BaseExceptionGroup[BaseException]", one).exceptions))
        else:
            found.append(one)
    return found or [error]


def _several(option: str, value: object) -> tuple[object, ...]:
    if not isinstance(value, list | tuple | set | frozenset):
        return (value,)
    given = tuple(cast("Iterable[object]", value))
    if not given:
        raise ValueError(f"{option} takes at least one exception class; leave it out for none")
    return given


def _error_type(option: str, value: object) -> type[BaseException]:
    given = shown(value)
    if isinstance(value, type) and issubclass(value, BaseException):
        return value
    example = type(value).__name__ if isinstance(value, BaseException) else "ValueError"
    raise ValueError(f"{option} takes exception classes, such as {example}, not {given}")
