"""What a job class, a dispatch and a worker may say of how jobs are run, and the check of each value.

None means silent: the next in line decides. The line is dispatch, class, worker's flag, configuration, default.
It never reads configuration and knows no job class.
"""

import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, TypeAlias, cast

import msgspec

from dartian_queue.delays import Backoff, Exponential, checked_backoff, least_delay, seconds
from dartian_queue.errors import DartianError, InvalidOption, JobDefinitionError, did_you_mean, quoted, shown
from dartian_queue.old_fields import OldFields, RenamedField, checked_removed_fields, checked_renamed_fields
from dartian_queue.retry_rules import ErrorTypes, RetryRule, checked_fail_on, checked_retry_on

__all__ = [
    "DEFAULT_LIMITS",
    "DispatchOptions",
    "IsolateMode",
    "JobOptions",
    "Limits",
    "merge_job_options",
    "option_text",
    "parse_dispatch_options",
    "parse_job_options",
    "parse_limits",
    "refuse_late_retries",
]

IsolateMode: TypeAlias = Literal["warm", "fresh"]
"""``warm`` shares an isolate with other jobs, one after the other; ``fresh`` gets one for itself alone."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
QUEUE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
LOWEST_PRIORITY, HIGHEST_PRIORITY = -1000, 1000
LONGEST_NAME = 200
LONGEST_TAG = 100
MOST_TAGS = 20


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What bounds the attempts of one job; stored with it as far as its dispatch or its class said so."""

    tries: int | None = None
    """How often it may end in an exception or a timeout; 0 is without bound."""
    backoff: Backoff | None = None
    timeout: float | None = None
    """Seconds that one attempt may take; 0 is without bound."""
    fail_on_timeout: bool | None = None
    retry_until: float | None = None
    """Seconds of the wall clock after which no further try is made; where it is set, ``tries`` does not bound."""
    max_exceptions: int | None = None
    isolate: IsolateMode | None = None
    backoff_wins: bool | None = None
    """Whether the backoff was said at the dispatch, and so holds over those in the class's ``retry_on``."""

    @property
    def most_tries(self) -> int:
        """Return how many tries there are at most; 0 without bound, as where a deadline bounds them."""
        return 0 if self.retry_until is not None else self.tries or 0

    def over(self, weaker: "Limits") -> "Limits":
        """Return these limits, with those of ``weaker`` where these are silent."""
        return Limits(
            **{
                name: mine if (mine := getattr(self, name)) is not None else getattr(weaker, name)
                for name in self.__struct_fields__
            }
        )


DEFAULT_LIMITS = Limits(
    tries=1, backoff=Exponential(3.0, 600.0), timeout=60.0, fail_on_timeout=False, max_exceptions=0, isolate="warm"
)
"""What holds where nobody says anything."""


class JobOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The class keywords of a job, checked; None where the class is silent."""

    name: str | None = None
    """The name that is stored; else the path below the jobs package: ``ProcessPodcast``, ``podcasts.Publish``."""
    aliases: tuple[str, ...] = ()
    """Names that it once had, under which jobs may still wait."""
    connection: str | None = None
    """The connection that stores it; else the default one."""
    queue: str | None = None
    """The queue on which it waits; else that of the connection."""
    priority: int | None = None
    """Higher is first, from -1000 to 1000."""
    tries: int | None = None
    """Attempts that may end in an error; 0 without bound."""
    backoff: Backoff | None = None
    """Seconds before the next try, a sequence of them, or ``exponential(base, cap)``."""
    timeout: float | None = None
    """Seconds that an attempt may take; 0 without bound."""
    fail_on_timeout: bool | None = None
    """Whether a timeout is final."""
    retry_until: float | None = None
    """Seconds after dispatch during which it is tried, whatever ``tries`` says."""
    max_exceptions: int | None = None
    """Exceptions after which it has failed, whatever tries are left; 0 without bound."""
    fail_on: ErrorTypes = ()
    """Exceptions that are not tried again."""
    retry_on: tuple[RetryRule, ...] = ()
    """Where it is given, no other exception is tried again; a mapping gives each a backoff of its own."""
    delay: float | None = None
    """Seconds until it may run."""
    tags: tuple[str, ...] = ()
    """Words to find it by, at most 20; they may name fields: ``["podcast:{podcast_id}"]``."""
    isolate: IsolateMode | None = None
    """``"warm"`` shares an isolate with other jobs, one after the other; ``"fresh"`` has one to itself."""
    renamed_fields: tuple[RenamedField, ...] = ()
    """Names that fields had in old payloads."""
    removed_fields: tuple[str, ...] = ()
    """Names that old payloads may hold, and whose values are dropped."""

    @property
    def old_fields(self) -> OldFields:
        """What payloads may hold under other names than the fields have."""
        return OldFields(self.renamed_fields, self.removed_fields)


class DispatchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one dispatch, checked; None where it is silent."""

    connection: str | None = None
    queue: str | None = None
    priority: int | None = None
    delay: float | None = None
    """Seconds from now."""
    available_at: float | None = None
    """Seconds of the wall clock, where the delay was given as a moment."""
    tries: int | None = None
    timeout: float | None = None
    backoff: Backoff | None = None
    id: str | None = None
    tags: tuple[str, ...] | None = None


_NEVER_INHERITED = ("name", "aliases")


def parse_job_options(owner: str, keywords: Mapping[str, object]) -> JobOptions:
    """Check the class keywords of the job class called ``owner``; JobDefinitionError names it, and what was meant."""
    options = JobOptions(**_checked(f"class {owner}", keywords, _JOB_CHECKS, JobDefinitionError))  # type: ignore[arg-type] # checked by name
    _refuse_contradictions(owner, options)
    return options


def _refuse_contradictions(owner: str, said: JobOptions) -> None:
    """Raise JobDefinitionError where one class says two things of which one leaves the other without any meaning."""
    clash = ""
    both = next((rule.error for rule in said.retry_on if rule.error in said.fail_on), None)
    if both is not None:
        clash = f"fail_on and retry_on both name {both.__qualname__}\nTake it out of one."
    elif said.fail_on_timeout and said.timeout == 0:
        clash = (
            "fail_on_timeout=True with timeout=0: what runs without bound never runs out of time\n"
            "Give it a timeout above 0, or leave fail_on_timeout out."
        )
    elif said.retry_until is None and said.tries and (said.max_exceptions or 0) > said.tries:
        clash = (
            f"max_exceptions={said.max_exceptions} with tries={said.tries}: the tries are used up before\n"
            f"Give it fewer max_exceptions than tries, or leave max_exceptions out."
        )
    elif said.retry_until is not None:
        late = _late_for_a_second_try(said.delay or 0.0, said, None)
        clash = late and f"{late}\nGive it a longer retry_until, or leave it out."
    if clash:
        raise JobDefinitionError(f"class {owner}: {clash}")


def refuse_late_retries(owner: str, said: JobOptions, options: DispatchOptions) -> None:
    """Raise InvalidOption where a dispatch puts off a job of the class ``owner`` until it could not be tried again."""
    if options.delay is None and options.available_at is None and options.backoff is None:
        return
    delay = options.delay if options.delay is not None else said.delay or 0.0
    if options.available_at is not None:
        delay = max(0.0, options.available_at - time.time())
    if late := _late_for_a_second_try(delay, said, options.backoff):
        raise InvalidOption(
            f"dispatch(): class {owner}: {late}\nPut it off for less, or give the class a longer retry_until."
        )


def _late_for_a_second_try(delay: float, said: JobOptions, backoff: Backoff | None) -> str:
    """Return what leaves no time for a second try before ``retry_until``, empty where there is time.

    ``backoff`` is that of a dispatch, which wins over all that the class says.
    """
    if said.retry_until is None:
        return ""
    backoffs = [said.backoff, *(rule.backoff for rule in said.retry_on if rule.backoff is not None)]
    pause = min(0.0 if one is None else least_delay(one) for one in (backoffs if backoff is None else [backoff]))
    if delay + pause <= said.retry_until:
        return ""
    late = [f"delay={delay:g}"] if delay else []
    late += [f"a backoff of {pause:g} s or more"] if pause else []
    return (
        f"{' and '.join(late)} with retry_until={said.retry_until:g}, counted from the dispatch: "
        f"no second try could be made"
    )


def merge_job_options(own: JobOptions, inherited: JobOptions) -> JobOptions:
    """Return a subclass's options: its own where it says something, else those of the class it extends.

    A name and its aliases belong to one class and are not inherited; tags of the subclass replace the inherited ones.
    Old names of fields are those of both, as the fields are.
    """
    merged: dict[str, object] = {}
    for name in JobOptions.__struct_fields__:
        mine = getattr(own, name)
        silent = mine is None or mine == ()
        merged[name] = getattr(inherited, name) if silent and name not in _NEVER_INHERITED else mine
    if not own.fail_on:  # an exception that the subclass retries is not refused any more, nor the other way round
        retried = [rule.error for rule in own.retry_on]
        merged["fail_on"] = tuple(error for error in inherited.fail_on if error not in retried)
    if not own.retry_on:
        merged["retry_on"] = tuple(rule for rule in inherited.retry_on if rule.error not in own.fail_on)
    told = {field.old for field in own.renamed_fields} | set(own.removed_fields)
    renamed = (field for field in inherited.renamed_fields if field.old not in told)
    merged["renamed_fields"] = (*renamed, *own.renamed_fields)
    removed = (name for name in inherited.removed_fields if name not in told)
    merged["removed_fields"] = (*removed, *own.removed_fields)
    return JobOptions(**merged)  # type: ignore[arg-type] # the fields of one Struct, taken by name


def option_text(value: object) -> str:
    """Return an option's value as a class statement has it, text without quotes; not escaped."""
    if isinstance(value, Exponential):
        return f"exponential({option_text(value.base)}, {option_text(value.cap)})"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, type):
        return value.__qualname__
    return _several_text(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else str(value)


def _several_text(values: tuple[object, ...]) -> str:
    rules = [one for one in values if isinstance(one, RetryRule)]
    pairs = [(rule.error.__qualname__, option_text(rule.backoff)) for rule in rules if rule.backoff is not None]
    pairs += [(repr(field.old), repr(field.new)) for field in values if isinstance(field, RenamedField)]
    if pairs:
        return f"{{{', '.join(f'{name}: {text}' for name, text in pairs)}}}"
    types = [one.error if isinstance(one, RetryRule) else one for one in values]
    if all(isinstance(one, type) for one in types):
        return option_text(types[0]) if len(types) == 1 else f"({', '.join(map(option_text, types))})"
    return f"[{', '.join(repr(one) if isinstance(one, str) else option_text(one) for one in values)}]"


def parse_dispatch_options(keywords: Mapping[str, object]) -> DispatchOptions:
    """Check the options of a dispatch; InvalidOption says which, and what was meant. None is silent."""
    given = {name: value for name, value in keywords.items() if value is not None}
    delay = given.get("delay")
    if isinstance(delay, datetime):
        del given["delay"]
        given["available_at"] = _moment("delay", delay)
    return DispatchOptions(**_checked("dispatch()", given, _DISPATCH_CHECKS, InvalidOption))  # type: ignore[arg-type] # checked by name


def parse_limits(place: str, keywords: Mapping[str, object]) -> Limits:
    """Check the limits that ``place``, such as a worker's flags or a configuration, sets for all jobs."""
    given = {name: value for name, value in keywords.items() if value is not None}
    return Limits(**_checked(place, given, _LIMIT_CHECKS, InvalidOption))  # type: ignore[arg-type] # checked by name


def _checked(
    place: str, given: Mapping[str, object], checks: Mapping[str, "Check"], error: type[DartianError]
) -> dict[str, object]:
    checked: dict[str, object] = {}
    for name, value in given.items():
        check = checks.get(name)
        if check is None:
            raise error(f"{place} has no option {shown(name)!r}{did_you_mean(name, list(checks))}")
        try:
            checked[name] = check(name, value)
        except ValueError as refusal:
            raise error(f"{place}: {refusal}") from None
    return checked


def _moment(option: str, value: datetime) -> float:
    if value.tzinfo is None:
        raise InvalidOption(
            f"dispatch(): {option}={shown(value)} has no time zone, so the moment is not known\n"
            f"Write datetime.now(timezone.utc) + timedelta(...), or give seconds."
        )
    return value.timestamp()


def _whole(lowest: int, highest: int) -> "Check":
    def check(option: str, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise ValueError(f"{option} takes a whole number from {lowest} to {highest}, not {quoted(value)}")
        return value

    return check


def _flag(option: str, value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError(f"{option} takes True or False, not {quoted(value)}")
    return value


def _matching(pattern: re.Pattern[str], longest: int, rule: str) -> "Check":
    def check(option: str, value: object) -> object:
        if not isinstance(value, str) or len(value) > longest or not pattern.fullmatch(value):
            raise ValueError(f"{option} takes {rule}, not {shown(value)!r}")
        return value

    return check


def _tags(option: str, value: object) -> object:
    if not isinstance(value, list | tuple | set | frozenset):
        raise ValueError(f"{option} takes a list of strings, not {quoted(value)}{_as_list(option, value)}")
    tags = cast("list[object]", list(value))  # pyright: ignore[reportUnknownArgumentType] # narrowed from object
    if len(tags) > MOST_TAGS:
        raise ValueError(f"{option} takes at most {MOST_TAGS} strings, not {len(tags)}")
    for tag in tags:
        if not isinstance(tag, str) or not 1 <= len(tag) <= LONGEST_TAG or not tag.isprintable():
            raise ValueError(f"{option} takes printable strings of 1 to {LONGEST_TAG} characters, not {shown(tag)!r}")
    return tuple(tags)


def _aliases(option: str, value: object) -> object:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ValueError(f"{option} takes a list of names, not {quoted(value)}{_as_list(option, value)}")
    return tuple(_name(option, alias) for alias in cast("list[object]", value))


def _as_list(option: str, value: object) -> str:
    """Return, as one more line, how a lone string is written where a list is taken; nothing for another value."""
    return f"\nWrite {option}=[{shown(repr(value))}]" if isinstance(value, str) else ""


def _isolate(option: str, value: object) -> object:
    if value not in ("warm", "fresh"):
        raise ValueError(f'{option} takes "warm" or "fresh", not {shown(value)!r}')
    return value


def _seconds(option: str, value: object) -> object:
    return seconds(option, value)


Check: TypeAlias = Callable[[str, object], object]

_name = _matching(NAME, LONGEST_NAME, f'a dotted name such as "podcasts.Publish", at most {LONGEST_NAME} characters')
_queue = _matching(QUEUE, 64, "1 to 64 letters, digits or _ . : -")
_priority = _whole(LOWEST_PRIORITY, HIGHEST_PRIORITY)
_count = _whole(0, 1_000_000)

_LIMIT_CHECKS: dict[str, Check] = {
    "tries": _count,
    "backoff": checked_backoff,
    "timeout": _seconds,
    "fail_on_timeout": _flag,
    "retry_until": _seconds,
    "max_exceptions": _count,
    "isolate": _isolate,
}
_JOB_CHECKS: dict[str, Check] = {
    "name": _name,
    "aliases": _aliases,
    "connection": _queue,
    "queue": _queue,
    "priority": _priority,
    "delay": _seconds,
    "tags": _tags,
    "fail_on": checked_fail_on,
    "retry_on": checked_retry_on,
    "renamed_fields": checked_renamed_fields,
    "removed_fields": checked_removed_fields,
    **_LIMIT_CHECKS,
}
_DISPATCH_CHECKS: dict[str, Check] = {
    "connection": _queue,
    "queue": _queue,
    "priority": _priority,
    "delay": _seconds,
    "available_at": lambda _option, value: value,
    "tries": _count,
    "timeout": _seconds,
    "backoff": checked_backoff,
    "id": _matching(ID, 64, "1 to 64 letters, digits or _ . : -"),
    "tags": _tags,
}
