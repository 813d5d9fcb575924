"""The driver that runs a job at once, in this process, under the rules of an attempt: no store, no retries, no delay.

The job makes the same journey as through a store, into its payload and out of it, so that what could not be stored
shows here too.
"""

import sys
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, cast

from dartian_queue.attempt import run_failed, run_handle
from dartian_queue.context import FailAttempt, JobContext, ReleaseAttempt, entered, left
from dartian_queue.drivers.deadline import deadline, in_time
from dartian_queue.drivers.driver import Letter
from dartian_queue.errors import DispatchFailed
from dartian_queue.job import Job, is_async, load
from dartian_queue.outcome import report_of
from dartian_queue.receipt import Delivery, Duplicates, running_loop, settle
from dartian_queue.registry import Registry
from dartian_queue.settings import Connection, Settings

if TYPE_CHECKING:
    from asyncio import Task

__all__ = ["SyncDriver", "open_driver"]

_Work = Coroutine[object, object, object]
_tasks: "set[Task[Duplicates]]" = set()
"""An event loop keeps only weak references to its tasks."""


class SyncDriver:
    """Runs jobs one after the other; what one raises reaches the caller, and those behind it do not run."""

    stores = False

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self._settings = settings
        self._connection = connection

    def send(self, letters: Sequence[Letter]) -> Delivery:
        """Run the jobs before returning; under an event loop in a task of it, which the await waits for."""
        delivery = Delivery(f"{letters[0].envelope.name} {letters[0].envelope.id}")
        attempts = [_Attempt(letter, self._settings, self._connection) for letter in letters]
        loop = running_loop()
        if loop is None:
            for attempt in attempts:
                attempt.run()
            settle([(delivery, (False,) * len(letters))])
        else:
            delivery.needs = loop
            task = loop.create_task(_run_all(attempts))
            _tasks.add(task)
            task.add_done_callback(lambda ended: _settle(ended, delivery))
        return delivery


class _Attempt:
    """The one attempt that a job has here."""

    def __init__(self, letter: Letter, settings: Settings, connection: Connection) -> None:
        envelope = letter.envelope
        self.envelope = envelope
        self._job: Job = load(type(letter.job), envelope.payload)
        self._timeout = envelope.limits.over(settings.config.limits()).timeout or 0.0
        self._registry = Registry({envelope.name: type(letter.job)})
        self._context = JobContext(
            id=envelope.id,
            name=envelope.name,
            attempt=1,
            tries=1,
            queue=envelope.queue,
            connection=connection.name,
            tags=envelope.tags,
        )

    def run(self) -> None:
        """Run the job in this thread."""
        try:
            if is_async(type(self._job)):
                run_handle(self._job, self._context, self._finish)
            else:
                with deadline(self._timeout, self.envelope.name):
                    run_handle(self._job, self._context, self._finish)
        except (Exception, FailAttempt) as error:
            run_failed(self._registry, self.envelope, error, _run_coroutine)
            _raise_for_the_caller(error, self.envelope.name)
        except ReleaseAttempt as wish:
            _raise_for_the_caller(wish, self.envelope.name)

    async def run_on_loop(self) -> None:
        """Run an async handle in this task; a sync one would block the loop, so that it gets a thread."""
        import asyncio

        if not is_async(type(self._job)):
            await asyncio.to_thread(self.run)
            return
        try:
            await self._await_handle()
        except (Exception, FailAttempt) as error:
            await self._await_failed(error)
            _raise_for_the_caller(error, self.envelope.name)
        except ReleaseAttempt as wish:
            _raise_for_the_caller(wish, self.envelope.name)

    async def _await_handle(self) -> None:
        made: list[_Work] = []
        run_handle(self._job, self._context, made.append)
        token = entered(self._context)
        try:
            await in_time(made[0], self._timeout, self.envelope.name)
        finally:
            left(token)

    async def _await_failed(self, error: BaseException) -> None:
        made: list[_Work] = []
        run_failed(self._registry, self.envelope, error, made.append)
        try:
            for coroutine in made:
                await coroutine
        except Exception as broken:
            sys.stderr.write(f"failed() of {self.envelope.name} raised:\n{report_of(broken).traceback}\n")

    def _finish(self, coroutine: _Work) -> object:
        return _run_coroutine(in_time(coroutine, self._timeout, self.envelope.name))


def open_driver(settings: Settings, connection: Connection) -> SyncDriver:
    """Return a driver; it holds nothing that would have to be kept."""
    return SyncDriver(settings, connection)


async def _run_all(attempts: Sequence[_Attempt]) -> Duplicates:
    for attempt in attempts:
        await attempt.run_on_loop()
    return (False,) * len(attempts)


def _settle(task: "Task[Duplicates]", delivery: Delivery) -> None:
    """End the delivery as its task has ended; in a frame that the error's traceback does not keep."""
    _tasks.discard(task)
    if task.cancelled():
        outcome: Duplicates | BaseException = DispatchFailed(
            f"the event loop ended before {delivery.subject} did\nAwait the dispatch."
        )
    else:
        outcome = task.exception() or task.result()
    settle([(delivery, outcome)])


def _run_coroutine(coroutine: _Work) -> object:
    import asyncio

    return asyncio.run(cast("Coroutine[None, None, object]", coroutine))


def _raise_for_the_caller(error: BaseException, name: str) -> None:
    """Raise what a job's end means to whoever dispatched it: its own error, or what its wish comes to here."""
    if isinstance(error, FailAttempt):
        raise DispatchFailed(f"{name} has failed: {error.reason}") from None
    if isinstance(error, ReleaseAttempt):
        raise DispatchFailed(
            f"{name} released itself, but the driver sync has no store to put it back to\nSet QUEUE_DRIVER=isolate."
        ) from None
    raise error
