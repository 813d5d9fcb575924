"""A queue for tests: jobs are recorded instead of stored, then looked at, or run in the test's own process.

What a store would refuse is refused here too, since jobs go into their payload and out of it. Nothing is mocked: a
FakeQueue takes the place of the driver, and all that comes before a driver is the real thing.

    with fake_queue() as queue:
        publish(podcast)
        queue.assert_dispatched(ProcessPodcast, where=lambda job: job.podcast_id == 123)

Under pytest the fixture ``queue`` is such a queue, and ``real_queue`` one on a store of its own.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar, cast

import msgspec

from dartian_queue.config import configured, current
from dartian_queue.drivers.driver import Letter
from dartian_queue.drivers.sync import SyncDriver
from dartian_queue.envelope import Envelope
from dartian_queue.errors import DartianError, DuplicateId, shown
from dartian_queue.job import Job, load
from dartian_queue.receipt import Delivery, running_loop, settle
from dartian_queue.settings import Connection
from dartian_queue.stores import open_store
from dartian_queue.stores.store import Store
from dartian_queue.substitute import substitute

__all__ = ["Dispatched", "FakeQueue", "RealQueue", "fake_queue", "real_queue"]

J = TypeVar("J", bound=Job)
MOST_SHOWN = 10


class Dispatched(msgspec.Struct, Generic[J], frozen=True):
    """A job that was dispatched, as a worker would load it, with what was said of it."""

    job: J
    envelope: Envelope
    """Its id, queue, priority, tags, delay, and limits such as ``limits.tries``."""
    connection: str


class FakeQueue:
    """Records what is dispatched, in order; the job objects are loaded from their payload as in a worker."""

    stores = False

    def __init__(self) -> None:
        self._records: list[Dispatched[Job]] = []
        self._waiting: list[Dispatched[Job]] = []
        self._connection = ""

    def __call__(self, connection: Connection) -> "FakeQueue":
        """Stand for this connection's driver."""
        self._connection = connection.name
        return self

    def send(self, letters: Sequence[Letter]) -> Delivery:
        """Record jobs, all or none; an id that was used before is judged as by a store."""
        delivery = Delivery(letters[0].envelope.name)
        try:
            settle([(delivery, self._record(letters))])
        except DartianError as error:
            settle([(delivery, error)])
        if running_loop() is None:
            delivery.result()
        return delivery

    def _record(self, letters: Sequence[Letter]) -> tuple[bool, ...]:
        known = {record.envelope.id: record.envelope for record in self._records}
        new: list[Dispatched[Job]] = []
        duplicates: list[bool] = []
        for letter in letters:
            envelope = letter.envelope
            before = known.setdefault(envelope.id, envelope)
            if (before.name, before.payload) != (envelope.name, envelope.payload):
                raise DuplicateId(f"the id {shown(envelope.id)!r} is taken by a {before.name} with other content")
            duplicates.append(before is not envelope)
            if before is envelope:
                new.append(Dispatched(load(type(letter.job), envelope.payload), envelope, self._connection))
        self._records += new
        self._waiting += new
        return tuple(duplicates)

    @property
    def records(self) -> tuple[Dispatched[Job], ...]:
        """All that was dispatched, run or not, with queue, delay and the other options."""
        return tuple(self._records)

    def dispatched(
        self,
        cls: type[J],
        *,
        where: Callable[[J], bool] | None = None,
        queue: str | None = None,
        connection: str | None = None,
        delay: float | None = None,
    ) -> list[J]:
        """Return the jobs of this class, in the order of dispatch; those alone to which what is given applies."""
        return [
            record.job
            for record in cast("list[Dispatched[J]]", self._records)
            if type(record.job) is cls
            and (where is None or where(record.job))
            and (queue is None or record.envelope.queue == queue)
            and (connection is None or record.connection == connection)
            and (delay is None or record.envelope.delay == delay)
        ]

    def assert_dispatched(
        self,
        cls: type[J],
        *,
        times: int | None = None,
        where: Callable[[J], bool] | None = None,
        queue: str | None = None,
        connection: str | None = None,
        delay: float | None = None,
    ) -> list[J]:
        """Fail unless such a job was dispatched, ``times`` times if that is given; return the jobs."""
        found = self.dispatched(cls, where=where, queue=queue, connection=connection, delay=delay)
        if times is None and not found:
            raise AssertionError(f"no such {cls.__name__} was dispatched\n{self._shown()}")
        if times is not None and len(found) != times:
            raise AssertionError(f"{cls.__name__} was dispatched {_times(len(found))}, not {times}\n{self._shown()}")
        return found

    def assert_not_dispatched(self, cls: type[J], *, where: Callable[[J], bool] | None = None) -> None:
        """Fail if such a job was dispatched."""
        if found := self.dispatched(cls, where=where):
            raise AssertionError(f"{cls.__name__} was dispatched {_times(len(found))}\n{self._shown()}")

    def assert_nothing_dispatched(self) -> None:
        """Fail if any job was dispatched."""
        self.assert_count(0)

    def assert_count(self, count: int) -> None:
        """Fail unless so many jobs were dispatched in all."""
        if len(self._records) != count:
            raise AssertionError(f"{_jobs(len(self._records))} dispatched, not {count}\n{self._shown()}")

    def drain(self, *, delayed: bool = False) -> int:
        """Run what waits here and now, and what it dispatches meanwhile; return how many jobs have run.

        The order is a worker's: higher priority first. What a job raises reaches the test, after its ``failed()``.
        Jobs with a delay wait on unless ``delayed``.
        """
        if running_loop() is not None:
            raise DartianError("drain() would block the event loop that runs\nWrite: await queue.drain_async()")
        count = 0
        while (record := self._next(delayed)) is not None:
            self._run(record)
            count += 1
        return count

    async def drain_async(self, *, delayed: bool = False) -> int:
        """Do as ``drain``, in a test that runs in an event loop."""
        count = 0
        while (record := self._next(delayed)) is not None:
            await self._run(record)
            count += 1
        return count

    def _next(self, delayed: bool) -> Dispatched[Job] | None:
        due = [record for record in self._waiting if delayed or not _is_delayed(record.envelope)]
        if not due:
            return None
        chosen = max(due, key=lambda record: record.envelope.priority)
        self._waiting.remove(chosen)
        return chosen

    def _run(self, record: Dispatched[Job]) -> Delivery:
        settings = current()
        return SyncDriver(settings, settings.connection(record.connection)).send([Letter(record.job, record.envelope)])

    def _shown(self) -> str:
        if not self._records:
            return "Nothing was dispatched."
        lines = [f"  {shown(record.job, 90)} on {record.envelope.queue!r}" for record in self._records[:MOST_SHOWN]]
        more = len(self._records) - len(lines)
        return "\n".join(["Dispatched:", *lines, *([f"  and {more} more"] if more else [])])


class RealQueue:
    """A store of a test's own, on disk, into which jobs are dispatched as in production."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def work(self) -> int:
        """Run a worker over what is due until there is nothing more, in isolates; return its exit code."""
        from dartian_queue.worker import Worker
        from dartian_queue.worker_options import WorkerOptions

        settings = current()
        options = WorkerOptions(isolates=1, stop_when_empty=True)
        return Worker(settings, settings.default, options).run()


@contextmanager
def fake_queue() -> Generator[FakeQueue]:
    """Record what is dispatched in this process while the body lasts, whatever the connection."""
    fake = FakeQueue()
    before = substitute(fake)
    try:
        yield fake
    finally:
        substitute(before)


@contextmanager
def real_queue(folder: Path) -> Generator[RealQueue]:
    """Dispatch on the driver ``isolate`` into a store in ``folder`` while the body lasts, without a companion."""
    before = substitute(None)
    try:
        with configured(driver="isolate", store=str(folder / "queue.sqlite3"), companion=False):
            settings = current()
            store = open_store(settings.store_url(settings.default))
            try:
                yield RealQueue(store)
            finally:
                store.close()
    finally:
        substitute(before)


def _is_delayed(envelope: Envelope) -> bool:
    return envelope.available_at is not None or envelope.delay > 0


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _jobs(count: int) -> str:
    return "1 job was" if count == 1 else f"{count} jobs were"
