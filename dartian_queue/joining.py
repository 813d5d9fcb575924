"""What a worker says of itself when it joins its store, and what its zygotes are told. It starts nothing."""

import os
import time

from dartian_queue.config import handover
from dartian_queue.isolates.protocol import Boot
from dartian_queue.isolates.recycling import Recycling, granted
from dartian_queue.settings import Connection, Settings
from dartian_queue.stores.store import Seat, WorkerInfo
from dartian_queue.teller import Teller
from dartian_queue.worker_options import WorkerOptions

__all__ = ["boot_of", "info_of"]


def info_of(options: WorkerOptions, connection: Connection) -> WorkerInfo:
    """Return who this process is as a worker."""
    host = os.uname().nodename
    return WorkerInfo(
        name=options.name or f"{host}:{os.getpid()}",
        pid=os.getpid(),
        host=host,
        queues=options.queues,
        isolates=options.size(connection),
        companion_of=options.companion_of,
        started_at=time.time(),
    )


def boot_of(
    settings: Settings, connection: Connection, options: WorkerOptions, seat: Seat, marks_path: str, teller: Teller
) -> Boot:
    """Return the first frame for each zygote; where the system allows less memory than was asked for, say so."""
    recycling = _recycling(options.recycling(connection), teller)
    return Boot(handover(settings), connection.name, marks_path, seat.lock_paths, recycling)


def _recycling(wanted: Recycling, teller: Teller) -> Recycling:
    recycling = granted(wanted)
    if recycling.memory < wanted.memory:
        teller.notice(
            "warning",
            f"isolates get {recycling.memory} MB, not the {wanted.memory} MB of memory={wanted.memory}: "
            f"the system allows this process no more\n"
            "Its hard limit can be raised by root alone; to see it: ulimit -Hd",
        )
    return recycling
