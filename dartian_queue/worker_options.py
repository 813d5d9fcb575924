"""What one worker was told, by flags or by the process whose companion it is; what it was not, its connection says."""

import os

import msgspec

from dartian_queue.delays import seconds
from dartian_queue.isolates.recycling import Recycling
from dartian_queue.options import Limits
from dartian_queue.settings import Connection
from dartian_queue.stores.marks import SLOTS

__all__ = ["WorkerOptions"]


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker was told, beside its connection."""

    queues: tuple[str, ...] = ()
    """Served strictly in this order; empty for all."""
    isolates: int = 0
    """0 for what the connection says."""
    isolate_jobs: int | None = None
    isolate_age: float | None = None
    memory: int | None = None
    """Megabytes. These three are None for what the connection says, 0 for no bound."""
    once: bool = False
    stop_when_empty: bool = False
    max_jobs: int = 0
    max_time: float = 0.0
    grace: float | None = None
    limits: Limits = Limits()
    watch: bool = False
    """Whether edited code is loaded anew by itself."""
    edit_interval: float = 0.0
    """Seconds between two looks for edited code; 0 for none."""
    name: str = ""
    companion_of: int = 0
    """The pid of the owner, where this is a companion."""

    @property
    def most_jobs(self) -> int:
        """Return how many jobs it takes before it ends; 0 without bound."""
        return 1 if self.once else self.max_jobs

    def size(self, connection: Connection) -> int:
        """Return how many isolates it has: as it was told, else as the connection says, else one a usable CPU."""
        return min(self.isolates or connection.isolates or _usable_cpus(), SLOTS)

    def recycling(self, connection: Connection) -> Recycling:
        """Return when its isolates are replaced: as it was told, else as the connection says."""
        return Recycling(
            jobs=connection.isolate_jobs if self.isolate_jobs is None else self.isolate_jobs,
            age=seconds("isolate_age", connection.isolate_age) if self.isolate_age is None else self.isolate_age,
            memory=connection.memory if self.memory is None else self.memory,
        )


def _usable_cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
