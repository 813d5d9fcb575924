"""The errors that Dartian raises, each with the exit code that the command line gives it.

    DartianError                     1
    ├── UsageError                   2   a value that Dartian was given
    │   ├── JobDefinitionError           a job class that cannot work: field, option or hook
    │   │   └── DuplicateJobName         two classes under one name
    │   ├── UnknownJob                   a name that no registered class has
    │   ├── NotRegistered                a class that a worker could not find
    │   ├── InvalidPayload               values that do not fit the job's fields
    │   │   └── BrokenPayload                a payload that is no JSON, whatever the class says
    │   ├── PayloadTooLarge              more than the store accepts
    │   └── InvalidOption                an option of dispatch with a wrong name or value
    ├── ConfigError                  3   a configuration or source file that cannot be understood
    │   └── BrokenJobs                   a jobs module that cannot be imported
    ├── StoreError                   4   the store is out of reach
    │   ├── StoreBusy                    locked by somebody else for longer than we wait
    │   ├── StoreFull                    no space left
    │   ├── StoreUnusable                not a database, not writable, a newer schema, another version
    │   └── DispatchUncertain            the connection broke during the commit
    ├── ConflictError                5   something exists that may not be overwritten
    │   └── DuplicateId                  the id is taken by a job with other content
    ├── DispatchFailed               1   a forgotten or awaited dispatch that could not be stored
    ├── IllegalTransition            1   a change of state that states.TRANSITIONS does not have
    ├── JobTimeout                   1   the job ran longer than its timeout (also a TimeoutError)
    └── JobCrashed                   1   the job took its process down, or was taken down with it

A message says what is wrong with the value in it, why, and what to do; at most three lines. It never holds
a payload in full, a local variable or a password.
"""

import re
from collections.abc import Sequence

__all__ = [
    "BrokenJobs",
    "BrokenPayload",
    "ConfigError",
    "ConflictError",
    "DartianError",
    "DispatchFailed",
    "DispatchUncertain",
    "DuplicateId",
    "DuplicateJobName",
    "IllegalTransition",
    "InvalidOption",
    "InvalidPayload",
    "JobCrashed",
    "JobDefinitionError",
    "JobTimeout",
    "NotRegistered",
    "PayloadTooLarge",
    "StoreBusy",
    "StoreError",
    "StoreFull",
    "StoreUnusable",
    "UnknownJob",
    "UsageError",
    "did_you_mean",
    "quoted",
    "shown",
    "without_passwords",
]

_USERINFO = re.compile(r"(://[^/\s:\"'<>?#]*):[^/\s\"'<>?#]*@")
_PARAMETER = re.compile(r"([?&][\w.-]{0,40}?(?:password|passwd|pwd|secret)=)[^&\s\"'<>#]+", re.IGNORECASE)
_LONGEST_READ = 10_000
"""Characters of a value that are looked at; far more than are shown, so that no password is cut before its end."""


class DartianError(Exception):
    """Everything that Dartian raises on purpose; the passwords of URLs are hidden in its message."""

    exit_code = 1

    def __init__(self, *arguments: object) -> None:
        super().__init__(*(without_passwords(one) if isinstance(one, str) else one for one in arguments))


class UsageError(DartianError):
    """A value that cannot be used as it was given."""

    exit_code = 2


class JobDefinitionError(UsageError):
    """A job class that cannot work; raised where the class is defined, or registered."""


class DuplicateJobName(JobDefinitionError):
    """Two job classes under one name; neither is chosen."""


class UnknownJob(UsageError, LookupError):
    """A name that no registered job has."""


class NotRegistered(UsageError):
    """A job class that no worker could find again by its name."""


class InvalidPayload(UsageError, ValueError):
    """Values that do not fit the fields of the job; nothing was stored."""


class BrokenPayload(InvalidPayload):
    """A payload that is no JSON; no version of the class could load it."""


class PayloadTooLarge(UsageError, ValueError):
    """A payload above the limit; nothing was stored."""


class InvalidOption(UsageError, ValueError):
    """An option with a wrong name or value; nothing was stored."""


class ConfigError(DartianError):
    """A configuration or source file that cannot be understood."""

    exit_code = 3


class BrokenJobs(ConfigError):
    """A module of the jobs package that cannot be imported."""


class StoreError(DartianError):
    """The store is out of reach."""

    exit_code = 4


class StoreBusy(StoreError):
    """The store stayed locked for longer than the wait that is configured; nothing was changed."""


class StoreFull(StoreError):
    """The disk of the store is full; nothing was changed."""


class StoreUnusable(StoreError):
    """What is found there is not a store of ours, or may not be used."""


class DispatchUncertain(StoreError):
    """The connection broke during the commit; dispatching again with the same id is safe."""

    ids: tuple[str, ...] = ()
    """The ids of the jobs that may be stored or not, in the order in which they were dispatched."""

    def about(self, ids: Sequence[str]) -> "DispatchUncertain":
        """Return this error for whoever dispatched the jobs of these ids."""
        what = str(self).partition("\n")[0]
        advice = (
            f'The job may be stored or not; dispatch it again with id="{ids[0]}", which is safe.'
            if len(ids) == 1
            else "The jobs may be stored or not; dispatch each again with its id, from the error's ids, which is safe."
        )
        error = DispatchUncertain(f"{what}\n{advice}")
        error.ids = tuple(ids)
        return error


class ConflictError(DartianError):
    """Something exists that may not be overwritten."""

    exit_code = 5


class DuplicateId(ConflictError):
    """The id belongs to a stored job with other content; nothing was stored."""


class DispatchFailed(DartianError):
    """A job could not be stored, and the reason is the cause of this error."""


class IllegalTransition(DartianError):
    """A change of state that the table of transitions does not have."""


class JobTimeout(DartianError, TimeoutError):
    """A job ran longer than its timeout."""


class JobCrashed(DartianError):
    """A job's process ended under it; what ``failed()`` gets where the job itself could raise nothing."""


def without_passwords(text: str) -> str:
    """Return text with ``***`` for the passwords of the URLs in it, in their authority or their query."""
    if "://" not in text:
        return text
    return _PARAMETER.sub(r"\1***", _USERINFO.sub(r"\1:***@", text))


def shown(value: object, limit: int = 60) -> str:
    """Return ``value`` as text that is safe to show: printable, on one line, at most ``limit`` characters.

    The passwords of URLs are hidden in it.
    """
    text = value if isinstance(value, str) else _guarded_repr(value)
    text = without_passwords(text[:_LONGEST_READ])[: 2 * limit]
    text = "".join(character if character.isprintable() else _escape(character) for character in text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def quoted(value: object) -> str:
    """Return ``value`` as ``shown`` does, a text in quotes, so that ``'3'`` is not taken for the number."""
    return repr(shown(value)) if isinstance(value, str) else shown(value)


def _guarded_repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def did_you_mean(word: str, known: "list[str] | tuple[str, ...] | set[str] | frozenset[str]") -> str:
    """Return ``"; did you mean 'tries'?"`` for the nearest known word, or an empty text."""
    from difflib import get_close_matches

    near = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
