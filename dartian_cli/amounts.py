"""Durations and backoffs as they are typed on the command line. It knows no option by name, and never prints."""

import math
import re
from datetime import datetime

from dartian_cli.errors import Usage
from dartian_queue.delays import Backoff, exponential, seconds
from dartian_queue.errors import shown

__all__ = ["hours_as_seconds", "parse_backoff", "parse_delay", "parse_seconds"]

_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(s|m|min|h|d)?")
_UNITS = {None: 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_EXPONENTIAL = re.compile(r"exponential(?:[:(]\s*([^:,()]+?)\s*(?:[:,]\s*([^:,()]+?)\s*)?\)?)?")
_DEFAULT_BASE, _DEFAULT_CAP = "3", "600"


def parse_seconds(option: str, text: str) -> float:
    """Return a duration in seconds: ``90``, ``1.5``, ``90s``, ``5m``, ``2h``, ``1d``."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise Usage(f"{option} takes seconds, or a duration such as 90s, 5m, 2h or 1d, not '{shown(text)}'")
    try:
        return seconds(option, float(found[1]) * _UNITS[found[2]])
    except ValueError as refusal:
        raise Usage(str(refusal)) from None


def hours_as_seconds(option: str, hours: float) -> float:
    """Return a number of hours in seconds; Usage for one that is none, such as nan."""
    if not math.isfinite(hours):
        raise Usage(f"{option} takes a number of hours, not {hours}")
    return hours * 3600


def parse_backoff(option: str, text: str) -> Backoff:
    """Return a backoff: ``10``, one delay a try as ``3,10,60``, or growing as ``exponential:3:600``."""
    if text.strip().startswith("exponential"):
        found = _EXPONENTIAL.fullmatch(text.strip())
        if found is None:
            raise Usage(f"{option} takes exponential:BASE:CAP, such as exponential:3:600, not '{shown(text)}'")
        return exponential(
            parse_seconds(option, found[1] or _DEFAULT_BASE), parse_seconds(option, found[2] or _DEFAULT_CAP)
        )
    delays = tuple(parse_seconds(option, part) for part in text.split(","))
    return delays[0] if len(delays) == 1 else delays


def parse_delay(option: str, text: str) -> float | datetime:
    """Return a duration in seconds, or a moment with its time zone: ``2026-11-24T10:00+01:00``."""
    if not re.match(r"\d{4}-\d", text):
        return parse_seconds(option, text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Usage(f"{option} takes a moment such as 2026-11-24T10:00+01:00, not '{shown(text)}'") from None
    if moment.tzinfo is None:
        raise Usage(f"{option}={shown(text)} has no time zone\nWrite it after the time: {shown(text)}Z, or +01:00")
    return moment
