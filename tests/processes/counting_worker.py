"""A worker that tells what progress its store is given: each report as a line ``{"type": "reported", ...}``.

This wraps the store from outside: the product knows nothing of it.
"""

import json
import sys
import time
from collections.abc import Sequence
from typing import cast

import msgspec

from dartian_queue import config
from dartian_queue.events import Event
from dartian_queue.stores.store import ProgressReport, Seat, Store
from dartian_queue.worker import Worker
from dartian_queue.worker_options import WorkerOptions


class CountingStore:
    """A store that does what it is asked, and tells of each call of ``report``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._store, name)
        return found

    def report(self, seat: Seat, reports: Sequence[ProgressReport]) -> None:
        self._store.report(seat, reports)
        say({"type": "reported", "at": time.time(), "done": {report.id: report.done for report in reports}})


def say(line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def watch(event: Event) -> None:
    say(msgspec.to_builtins(event))


def main() -> None:
    settings = config.current()
    worker = Worker(settings, settings.default, WorkerOptions(isolates=2, stop_when_empty=True), watch)
    counting = cast("Store", CountingStore(worker.store))
    worker.store = counting
    sys.exit(worker.run())


if __name__ == "__main__":
    main()
