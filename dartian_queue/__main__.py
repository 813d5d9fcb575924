"""The companion's process: a worker for its owner alone, tied to it by standard input.

Its first line says whose it is; then nothing more comes until the owner has ended well (``Drain``), or the pipe has.
It prints what jobs print and what went wrong, since its owner's terminal is the only one there is.
"""

import contextlib
import os
import sys

import msgspec

from dartian_queue.aside import Aside
from dartian_queue.companion import Drain, Orders
from dartian_queue.config import adopt
from dartian_queue.errors import DartianError, shown
from dartian_queue.events import AttemptEnded, Event, JobOutput, Notice
from dartian_queue.worker import Worker
from dartian_queue.worker_options import WorkerOptions

STDIN = 0
PRINT_INTERVAL = 0.05
"""Seconds after which what has come is printed."""


class _Leash:
    """The pipe from the owner, a line at a time."""

    def __init__(self) -> None:
        self._kept = b""
        self._ended = False

    def read_orders(self) -> Orders | None:
        """Wait for the first line; None if the owner has died before it said anything."""
        while b"\n" not in self._kept and not self._ended:
            self._read()
        line = self._take_line()
        return None if line is None else msgspec.json.decode(line, type=Orders)

    def follow(self, worker: Worker, origin: str) -> None:
        """Obey the owner for as long as the worker runs, beginning with what came along with the first line."""

        def read_on() -> None:
            self._read()
            self._obey(worker, origin)

        worker.add_reader(STDIN, read_on)
        self._obey(worker, origin)

    def _obey(self, worker: Worker, origin: str) -> None:
        """Do what has come: drain, or stop at once since the owner has gone."""
        while (line := self._take_line()) is not None:
            worker.drain(origin, msgspec.json.decode(line, type=Drain).drain)
        if self._ended:
            worker.remove_reader(STDIN)
            worker.stop("owner_gone", 0.0)

    def _read(self) -> None:
        data = os.read(STDIN, 65536)
        self._kept += data
        self._ended = not data

    def _take_line(self) -> bytes | None:
        line, found, rest = self._kept.partition(b"\n")
        if not found:
            return None
        self._kept = rest
        return line


def main() -> int:
    """Work until the owner is gone, or its jobs are done."""
    if os.isatty(STDIN):
        sys.stderr.write("python -m dartian_queue is what a process starts for itself; run: dartian queue:work\n")
        return 2
    leash = _Leash()
    orders = leash.read_orders()
    if orders is None:
        return 0
    try:
        settings = adopt(orders.handover)
        options = WorkerOptions(name=f"companion of {orders.owner}", companion_of=orders.owner)
        aside = Aside(_show, interval=PRINT_INTERVAL)
        worker = Worker(settings, settings.connection(orders.connection), options, aside.watch)
        leash.follow(worker, orders.origin)
        code = worker.run()
        if not aside.close():
            os._exit(code)  # its thread holds standard error, for which the end of Python would wait
        return code
    except DartianError as error:
        _print(f"dartian: the worker of this process has ended: {error}")
        return error.exit_code


def _show(event: Event) -> None:
    """Print what a person should see of a job that runs out of sight."""
    if isinstance(event, JobOutput):
        prefix = shown(event.name) if event.name else "isolate"
        for line in event.text.splitlines():
            _print(f"{prefix}: {shown(line, 2000)}")
    elif isinstance(event, AttemptEnded) and event.error is not None:
        error = event.error
        place = f" ({error.where})" if error.where else ""
        _print(f"dartian: {shown(event.name)} {_ending(event)}: {error.type}: {shown(error.message, 200)}{place}")
    elif isinstance(event, Notice) and event.level != "info":
        _print(f"dartian: {shown(event.text, 300)}")


def _ending(event: AttemptEnded) -> str:
    if event.outcome == "retry":
        return f"is tried again in {event.delay:.0f} s"
    if event.outcome == "failed":
        return f"has failed; `dartian queue:retry {event.id[:8]}` runs it again"
    return f"was {event.outcome}"


def _print(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
