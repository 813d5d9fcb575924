"""Dispatches jobs of one contender and prints how long that took: ``python -m bench.drive APP OPERATION COUNT``.

It runs under the contender's own interpreter, and imports only the standard library and the contender's file in
``bench.apps``. There it calls ``send(sent_at)``, ``send_many(stamps)`` and ``send_long(seconds)``, which are all plain
or all async; in the latter case within ``opened()``, if there is one.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, nullcontext
from importlib import import_module
from inspect import iscoroutinefunction
from typing import Protocol, cast

AT_ONCE = 100
"""How many dispatch at the same moment, as threads or as tasks."""
BATCH = 1000
"""Jobs in one call of ``send_many``."""
PAUSE = 0.03
"""Seconds between two jobs that find their worker waiting."""


class PlainApp(Protocol):
    """A file of ``bench.apps`` whose functions are plain."""

    send: Callable[[int], object]
    send_many: Callable[[Sequence[int]], object]
    send_long: Callable[[float], object]


class AsyncApp(Protocol):
    """A file of ``bench.apps`` whose functions are async."""

    send: Callable[[int], Awaitable[object]]
    send_many: Callable[[Sequence[int]], Awaitable[object]]
    send_long: Callable[[float], Awaitable[object]]


def dispatch_plainly(app: PlainApp, operation: str, count: int) -> float:
    """Carry out an operation, and return the seconds that it took."""
    if operation == "long":
        app.send_long(count)
        return 0.0
    if operation == "many":
        started = time.perf_counter()
        for size in _batches(count):
            app.send_many([time.time_ns()] * size)
        return time.perf_counter() - started
    app.send(time.time_ns())  # opens what is opened once
    if operation == "spaced":
        for _ in range(count):
            time.sleep(PAUSE)
            app.send(time.time_ns())
        return 0.0
    if operation == "threads":
        return _dispatch_from_threads(app, count)
    started = time.perf_counter()
    for _ in range(count):
        app.send(time.time_ns())
    return time.perf_counter() - started


def _dispatch_from_threads(app: PlainApp, count: int) -> float:
    def dispatch_share(_number: int) -> None:
        for _ in range(count // AT_ONCE):
            app.send(time.time_ns())

    with ThreadPoolExecutor(AT_ONCE) as threads:
        started = time.perf_counter()
        list(threads.map(dispatch_share, range(AT_ONCE)))
        return time.perf_counter() - started


async def dispatch_in_loop(app: AsyncApp, operation: str, count: int) -> float:
    """Carry out an operation, and return the seconds that it took."""
    if operation == "long":
        await app.send_long(count)
        return 0.0
    if operation == "many":
        started = time.perf_counter()
        for size in _batches(count):
            await app.send_many([time.time_ns()] * size)
        return time.perf_counter() - started
    await app.send(time.time_ns())
    if operation == "spaced":
        for _ in range(count):
            await asyncio.sleep(PAUSE)
            await app.send(time.time_ns())
        return 0.0
    started = time.perf_counter()
    if operation == "tasks":
        for _ in range(count // AT_ONCE):
            await asyncio.gather(*(app.send(time.time_ns()) for _ in range(AT_ONCE)))
    else:
        for _ in range(count):
            await app.send(time.time_ns())
    return time.perf_counter() - started


def _batches(count: int) -> list[int]:
    return [min(BATCH, count - start) for start in range(0, count, BATCH)]


async def _run(app: AsyncApp, operation: str, count: int) -> float:
    nothing: Callable[[], AbstractAsyncContextManager[object]] = nullcontext
    async with getattr(app, "opened", nothing)():
        return await dispatch_in_loop(app, operation, count)


def main(name: str, operation: str, count: int) -> None:
    """Print the seconds as JSON."""
    app = import_module(f"bench.apps.{name}")
    if iscoroutinefunction(app.send):
        seconds = asyncio.run(_run(cast("AsyncApp", app), operation, count))
    else:
        seconds = dispatch_plainly(cast("PlainApp", app), operation, count)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
