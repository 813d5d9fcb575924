"""Durations as users give them, and the delay before another try: seconds, a sequence, or growing.

It never reads a clock and never waits.
"""

import random
from datetime import timedelta
from typing import TypeAlias, cast

import msgspec

from dartian_queue.errors import InvalidOption, quoted

__all__ = [
    "Backoff",
    "Duration",
    "Exponential",
    "backoff_delay",
    "checked_backoff",
    "exponential",
    "least_delay",
    "seconds",
]

SHORTEST = 0.8
"""The jitter: by so much a growing delay is multiplied at least, so that what failed together comes back one by one."""

Duration: TypeAlias = float | timedelta
"""Seconds, or a timedelta."""


class Exponential(msgspec.Struct, frozen=True, tag="exponential", forbid_unknown_fields=True):
    """A delay that doubles with each try, from ``base`` seconds up to ``cap`` seconds, each up to a fifth shorter."""

    base: float
    cap: float = 600.0


Backoff: TypeAlias = float | tuple[float, ...] | Exponential
"""Seconds before the next try: always the same, one a try (the last one repeats), or growing."""


def seconds(option: str, value: object) -> float:
    """Return a duration as seconds; ValueError if it is negative, endless or no duration."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{option} takes seconds or a timedelta, not {quoted(value)}")
    if not 0 <= value <= 10 * 366 * 86_400:
        raise ValueError(f"{option} takes seconds from 0 to ten years, not {quoted(value)}")
    return float(value)


def exponential(base: Duration, cap: Duration = 600.0) -> Exponential:
    """Return a backoff of ``base`` seconds that doubles up to ``cap``, each delay by chance up to a fifth shorter."""
    return _growing(base, cap)


def _growing(base: object, cap: object) -> Exponential:
    """Return the backoff; InvalidOption where it would begin above its cap, so that it could not grow."""
    made = Exponential(seconds("base", base), seconds("cap", cap))
    if made.base > made.cap:
        raise InvalidOption(
            f"exponential({made.base:g}, cap={made.cap:g}) begins above its cap, so every delay would be the cap\n"
            f"Write exponential({made.base:g}, cap={max(8 * made.base, 600):g}), or the number {made.cap:g} alone."
        )
    return made


def backoff_delay(backoff: Backoff, tries: int) -> float:
    """Return the seconds to wait after the ``tries``-th try (1 is the first)."""
    if isinstance(backoff, Exponential):
        grown = min(backoff.cap, backoff.base * 2.0 ** min(tries - 1, 64))
        return grown * random.uniform(SHORTEST, 1.0)  # noqa: S311 - spreads load, hides nothing
    if isinstance(backoff, tuple):
        return backoff[min(tries, len(backoff)) - 1]
    return backoff


def least_delay(backoff: Backoff) -> float:
    """Return the seconds that lie before a second try at least."""
    if isinstance(backoff, Exponential):
        return backoff.base * SHORTEST
    return backoff[0] if isinstance(backoff, tuple) else backoff


def checked_backoff(option: str, value: object) -> Backoff:
    """Return a backoff as it is stored; ValueError if it is none."""
    if isinstance(value, Exponential):
        return _growing(value.base, value.cap)
    if isinstance(value, list | tuple):
        delays = tuple(seconds(option, delay) for delay in cast("list[object]", value))
        if not delays:
            raise ValueError(f"{option} takes at least one number of seconds, not an empty sequence")
        return delays
    if isinstance(value, int | float | timedelta):
        return seconds(option, value)
    raise ValueError(f"{option} takes seconds, a sequence of seconds or exponential(base, cap), not {quoted(value)}")
