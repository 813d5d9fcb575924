"""When an isolate has served its time: after so many jobs or seconds, or with so much memory; and what memory it gets.

It ends nothing itself: an isolate that has served its time tells its worker so, after a job.
"""

import os
import resource
import sys
import time

import msgspec

from dartian_queue.errors import ConfigError

__all__ = ["Recycling", "Service", "bound_memory", "check_memory", "granted"]

MEGABYTE = 1024 * 1024
LEAST_ROOM = 8 * MEGABYTE
"""Bytes that a job must be able to take beside the application, for a bound to make sense."""


class Recycling(msgspec.Struct, frozen=True):
    """When an isolate is replaced by a new one; 0 is never."""

    jobs: int = 0
    """How many jobs it runs."""
    age: float = 0.0
    """Seconds of its life after which it takes no further job."""
    memory: int = 0
    """Megabytes that it can have. It is replaced when a job leaves it with half of what was free at its start."""


class Service:
    """The service of one isolate, from its start."""

    def __init__(self, recycling: Recycling) -> None:
        self._recycling = recycling
        self._jobs = 0
        self._ends_at = time.monotonic() + recycling.age if recycling.age else float("inf")
        bound, taken = recycling.memory * MEGABYTE, _private_memory() if recycling.memory else 0
        self._half_full = taken + (bound - taken) // 2

    def count(self) -> None:
        """Count one more job."""
        self._jobs += 1

    def reason_to_end(self) -> str:
        """Return why what has just run was the last thing, empty where it was not."""
        recycling = self._recycling
        if recycling.jobs and self._jobs >= recycling.jobs:
            return f"it has run {self._jobs} jobs"
        if time.monotonic() >= self._ends_at:
            return f"it is older than {recycling.age:g} s"
        if recycling.memory and (taken := _private_memory()) >= self._half_full:
            return f"its job left it with {taken // MEGABYTE} of {recycling.memory} MB"
        return ""


def granted(recycling: Recycling) -> Recycling:
    """Return it with no more memory than the system lets this process have, which nobody but root can raise."""
    return msgspec.structs.replace(recycling, memory=int(min(recycling.memory, _hard_limit())))


def bound_memory(megabytes: int) -> None:
    """Let the kernel refuse this process, and each that it starts, private memory beyond the bound; 0 for no bound."""
    if megabytes:
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * MEGABYTE, megabytes * MEGABYTE))


def check_memory(megabytes: int) -> None:
    """Raise ConfigError where the application, which this process has imported, leaves no room for a job."""
    if not megabytes:
        return
    if sys.platform != "linux":
        raise ConfigError("memory bounds an isolate on Linux only\nTake it out of config/queue.py, or off queue:work.")
    bound, taken = megabytes * MEGABYTE, _private_memory()
    if taken + LEAST_ROOM > bound:
        enough = 2 * taken // MEGABYTE + 256
        first = "" if enough <= _hard_limit() else f"first let the system allow it: ulimit -Hd {enough * 1024}\nThen "
        how = f"{first}allow more, for example: dartian queue:work --memory {enough}"
        raise ConfigError(
            f"memory={megabytes} leaves no room for a job: the application alone takes {taken // MEGABYTE} MB\n"
            f"{how[0].upper()}{how[1:]}"
        )


def _hard_limit() -> float:
    """Return the megabytes that this process can be granted at most; infinity for no limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    return float("inf") if hard == resource.RLIM_INFINITY else max(1, hard // MEGABYTE)


def _private_memory() -> int:
    """Return the bytes that this process may write and shares with nobody, as the kernel counts them for its bound."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[5]) * os.sysconf("SC_PAGE_SIZE")
