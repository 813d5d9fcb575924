"""Time, as a thing that can be passed in: the system's, or one that a test moves by hand."""

import time
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock", "boot_id"]


class Clock(Protocol):
    """Two readings, both in seconds: the wall for what people see, the monotonic for leases and deadlines."""

    def wall(self) -> float:
        """Return seconds since 1970, which may jump either way."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some moment of this boot, the same in every process of the machine; never goes back."""
        ...


class SystemClock:
    """The machine's clocks."""

    wall = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, wall: float = 1_700_000_000.0, monotonic: float = 1_000.0) -> None:
        self._wall = wall
        self._monotonic = monotonic

    def wall(self) -> float:
        """Return the wall clock's reading."""
        return self._wall

    def monotonic(self) -> float:
        """Return the monotonic reading."""
        return self._monotonic

    def advance(self, duration: float) -> None:
        """Let time pass, on both clocks."""
        self._wall += duration
        self._monotonic += duration

    def step_wall(self, duration: float) -> None:
        """Step the wall clock alone, as an administrator or NTP does."""
        self._wall += duration


def boot_id() -> str:
    """Return what tells one boot of this machine from the next: monotonic readings compare only within one."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return f"boot-{time.time() - time.monotonic():.0f}"
