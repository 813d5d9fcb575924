"""The command line as it was typed, for whoever keeps it. It parses nothing."""

from collections.abc import Sequence
from contextvars import ContextVar

__all__ = ["command_line", "remember"]

_typed: ContextVar[tuple[str, ...]] = ContextVar("typed", default=())


def remember(arguments: Sequence[str]) -> None:
    """Take note of what was typed after ``dartian``."""
    _typed.set(("dartian", *arguments))


def command_line() -> tuple[str, ...]:
    """Return what was typed, ``dartian`` first; empty where a program does this and nobody has typed anything."""
    return _typed.get()
