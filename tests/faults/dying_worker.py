"""A worker that kills its own process at a point of its work: ``dying_worker.py settle before 1``.

The point is the n-th call of a method of its store, before or after it, or the n-th event of a type that it tells. A
claim that finds nothing does not count. This wraps the store from outside: the product knows nothing of it.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import cast

import msgspec

from dartian_queue import config
from dartian_queue.events import Event
from dartian_queue.stores.store import Store
from dartian_queue.worker import Worker
from dartian_queue.worker_options import WorkerOptions


class Point:
    """Where the process dies."""

    def __init__(self, name: str, when: str, number: int) -> None:
        self.name = name
        self.when = when
        self._left = number

    def come(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingStore:
    """A store that does what it is asked, and dies at its point."""

    def __init__(self, store: Store, point: Point) -> None:
        self._store = store
        self._point = point

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._store, name)
        if name != self._point.name:
            return found
        method, point = cast("Callable[..., object]", found), self._point

        def call(*arguments: object, **keywords: object) -> object:
            if point.when == "before":
                point.come()
            result = method(*arguments, **keywords)
            if point.when == "after" and result:
                point.come()
            return result

        return call


def main() -> None:
    name, when, number = sys.argv[1:4]
    point = Point(name, when, int(number))

    def watch(event: Event) -> None:
        sys.stdout.write(msgspec.json.encode(event).decode() + "\n")
        sys.stdout.flush()
        if when == "event" and type(event).__struct_config__.tag == name:
            point.come()

    settings = config.current()
    worker = Worker(settings, settings.default, WorkerOptions(isolates=1, stop_when_empty=True), watch)
    worker.store = cast("Store", DyingStore(worker.store, point))
    sys.exit(worker.run())


if __name__ == "__main__":
    main()
