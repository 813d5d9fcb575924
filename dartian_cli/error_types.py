"""Understand the exception types of ``--fail-on`` and ``--retry-on``: ``ValueError``, ``app.errors.RateLimited``.

They are parsed and written anew, never pasted, and nothing is imported here.
"""

import builtins
import keyword
from collections.abc import Sequence

import msgspec

from dartian_cli.amounts import parse_backoff
from dartian_cli.annotations import Annotation, Import
from dartian_cli.errors import Usage
from dartian_queue.delays import Backoff
from dartian_queue.errors import did_you_mean, shown

__all__ = ["ErrorRule", "parse_fail_on", "parse_retry_on"]


class ErrorRule(msgspec.Struct, frozen=True):
    """An exception type, and the backoff after it where one was said."""

    kind: Annotation
    backoff: Backoff | None = None


def parse_fail_on(texts: Sequence[str]) -> tuple[ErrorRule, ...]:
    """Understand exception types, separated by commas or given one by one."""
    names = [name.strip() for text in texts for name in text.split(",")]
    return _each_once("--fail-on", [ErrorRule(_kind("--fail-on", name)) for name in names])


def parse_retry_on(texts: Sequence[str]) -> tuple[ErrorRule, ...]:
    """Understand exception types, each with its backoff, as ``RateLimited=60``, or all without."""
    rules: list[ErrorRule] = []
    for text in texts:
        name, equals, backoff = text.partition("=")
        delays = parse_backoff(f"--retry-on {shown(name)}", backoff) if equals else None
        rules.append(ErrorRule(_kind("--retry-on", name.strip()), delays))
    if len({rule.backoff is None for rule in rules}) > 1:
        silent = next(rule for rule in rules if rule.backoff is None)
        raise Usage(
            f"--retry-on {silent.kind.head} has no delay, and others have one\nWrite --retry-on {silent.kind.head}=3"
        )
    return _each_once("--retry-on", rules)


def _each_once(option: str, rules: Sequence[ErrorRule]) -> tuple[ErrorRule, ...]:
    heads = [rule.kind.head for rule in rules]
    for head in heads:
        if heads.count(head) > 1:
            raise Usage(f"{option} names {head} twice\nLeave one of them out.")
    return tuple(rules)


def _kind(option: str, text: str) -> Annotation:
    """Return an exception type by its name; from the first capitalised part on it is a class in a class."""
    parts = text.split(".")
    if not all(part.isidentifier() and part.isascii() and not keyword.iskeyword(part) for part in parts):
        raise Usage(f"{option} takes exception types, such as ValueError, not '{shown(text)}'")
    if parts[0] == "builtins" and len(parts) == 2:
        parts = parts[1:]
    if len(parts) == 1:
        found = getattr(builtins, text.removeprefix("builtins."), None)
        if isinstance(found, type) and issubclass(found, BaseException):
            return Annotation(found.__name__)
        known = [name for name, value in vars(builtins).items() if isinstance(value, type)]
        hint = did_you_mean(text, [name for name in known if issubclass(getattr(builtins, name), BaseException)])
        where = f"\nWrite where it is imported from, as app.errors.{shown(text)}"
        raise Usage(f"{option}: '{shown(text)}' is no exception of Python's{hint}{where}")
    split = next((index for index, part in enumerate(parts) if index and part[:1].isupper()), len(parts) - 1)
    return Annotation(".".join(parts[split:]), source=Import(".".join(parts[:split]), parts[split]))
