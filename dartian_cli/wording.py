"""Numbers, durations, ids and lists as people read them. Pure text: it never prints and knows no colour."""

import re

__all__ = ["bytes_of", "clock_time", "count", "duration", "listed", "moment", "of", "short_id", "stopwatch"]

_GENERATED_ID = re.compile(r"[0-9a-f]{20}")
_SHORT = 4
_MOST_LISTED = 5


def count(number: float) -> str:
    """Return a number with separated thousands, without a fraction where it has none: ``1,204``."""
    return f"{number:,.0f}" if number == int(number) else f"{number:,.1f}"


def of(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 job``, ``86 jobs``."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def bytes_of(number: int) -> str:
    """Return a size of a file: ``812 bytes``, ``1.4 MB``."""
    if number < 1000:
        return of(number, "byte")
    unit, size = next(((unit, size) for unit, size in (("kB", 1e3), ("MB", 1e6)) if number < size * 1000), ("GB", 1e9))
    return f"{number / size:.1f} {unit}"


def duration(seconds: float) -> str:
    """Return how long something is, in its one or two greatest units: ``4s``, ``2 min``, ``3 h 20 min``, ``5 d``."""
    whole = int(max(seconds, 0) + 0.5)
    if whole < 100:
        return f"{whole}s"
    if whole < 100 * 60:
        return f"{whole // 60} min"
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d"


def stopwatch(seconds: float) -> str:
    """Return how long a job has been running, as precise as is useful: ``3 ms``, ``0.31s``, ``12.4s``, ``02:14``."""
    seconds = max(seconds, 0.0)
    if seconds < 0.001:
        return "<1 ms"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 0.995:
        return f"{seconds:.2f}s"
    return f"{seconds:.1f}s" if seconds < 99.95 else clock_time(seconds)


def clock_time(seconds: float) -> str:
    """Return a duration as a clock shows it: ``02:14``, ``1:02:14``, ``3d 01:02``."""
    whole = int(max(seconds, 0))
    if whole < 3600:
        return f"{whole // 60:02}:{whole % 60:02}"
    if whole < 86_400:
        return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"
    return f"{whole // 86_400}d {whole % 86_400 // 3600:02}:{whole % 3600 // 60:02}"


def moment(at: float) -> str:
    """Return a moment of the wall clock in local time: ``2026-11-24 03:04:05``."""
    import time

    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return f"{at:g}"  # somebody has edited it: no calendar goes so far


def short_id(identity: str) -> str:
    """Return the start of an id that is enough for a person; an id that the application chose stays whole."""
    return identity[:_SHORT] if _GENERATED_ID.fullmatch(identity) else identity


def listed(places: list[str]) -> str:
    """Return places as one text, the first of them and how many more there are."""
    unique = list(dict.fromkeys(places))
    more = len(unique) - _MOST_LISTED
    return ", ".join(unique[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
