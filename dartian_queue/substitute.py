"""The one place where something else can take the place of drivers, as a fake queue does in tests.

It imports nothing, so that a test runner can set it up before, and whether or not, the rest is ever imported.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from dartian_queue.drivers.driver import Driver
    from dartian_queue.settings import Connection

__all__ = ["Substitute", "substitute", "substituted"]

Substitute: TypeAlias = "Callable[[Connection], Driver | None]"
"""Returns what takes the place of a connection's driver, None for the driver itself."""

_substitute: "Substitute | None" = None


def substitute(replacement: "Substitute | None") -> "Substitute | None":
    """Let something else take the jobs of this process; return what did so before, to be put back."""
    global _substitute
    before, _substitute = _substitute, replacement
    return before


def substituted(connection: "Connection") -> "Driver | None":
    """Return what takes the place of this connection's driver now."""
    return None if _substitute is None else _substitute(connection)
