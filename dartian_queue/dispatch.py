"""Dispatching: the only place where new envelopes are made. What becomes of them is the driver's affair.

A dispatch imports nothing but the chosen driver; the jobs package is not loaded for it, since the class is there.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from dartian_queue.config import current, on_change
from dartian_queue.delays import Backoff, Duration
from dartian_queue.drivers import driver_of
from dartian_queue.drivers.driver import Driver, Letter
from dartian_queue.envelope import Envelope, new_id
from dartian_queue.errors import shown
from dartian_queue.job import Job, encode, name_of, options_of, tags_of
from dartian_queue.options import DispatchOptions, JobOptions, Limits, parse_dispatch_options, refuse_late_retries
from dartian_queue.receipt import Delivery, Receipt, Receipts
from dartian_queue.registry import Registry
from dartian_queue.settings import Connection, Settings
from dartian_queue.substitute import substituted

if TYPE_CHECKING:
    from typing import Never

__all__ = ["dispatch", "dispatch_many", "run_now"]

_SILENT = DispatchOptions()
_HERE = Connection(driver="sync", name="sync")
_registry: Registry | None = None


def dispatch(
    job: Job,
    *,
    connection: str | None = None,
    queue: str | None = None,
    priority: int | None = None,
    delay: Duration | datetime | None = None,
    tries: int | None = None,
    timeout: Duration | None = None,
    backoff: Backoff | Duration | Sequence[Duration] | None = None,
    id: str | None = None,  # noqa: A002 - the contract's word
    tags: Sequence[str] | None = None,
    **misspelt: "Never",
) -> Receipt:
    """Hand a job to its queue, and return a receipt.

    Where no event loop runs, the job is stored when this returns, and an error is raised here. Under one, storing
    starts at once without blocking it: ``await dispatch(job)`` returns when the job is stored, and raises. A dispatch
    that is not awaited is stored all the same; its error is logged.

    What is not given here is taken from the class, then from the worker's flags, then from the configuration. A
    ``backoff`` that is given here holds for every exception, also where ``retry_on`` of the class has another for it.
    ``delay`` is in seconds, a timedelta, or an aware datetime; one that leaves no time for a second try before the
    class's ``retry_until`` is InvalidOption. ``tags`` are added to those of the class. With the same
    ``id`` and the same job again nothing is stored twice (``Receipt.duplicate``); with another job it is DuplicateId.
    With the driver ``sync`` the job runs now, without delay and retries, and its exception is raised.
    """
    options = _options(
        connection=connection,
        queue=queue,
        priority=priority,
        delay=delay,
        tries=tries,
        timeout=timeout,
        backoff=backoff,
        id=id,
        tags=tags,
        **misspelt,
    )
    (receipt,) = _send([job], options, None)
    return receipt


def dispatch_many(
    jobs: Iterable[Job],
    *,
    connection: str | None = None,
    queue: str | None = None,
    priority: int | None = None,
    delay: Duration | datetime | None = None,
    tries: int | None = None,
    timeout: Duration | None = None,
    backoff: Backoff | Duration | Sequence[Duration] | None = None,
    tags: Sequence[str] | None = None,
    **misspelt: "Never",
) -> Receipts:
    """Hand many jobs to their queues, in this order, and return a receipt for each.

    All jobs of one connection are stored in one transaction: all of them, or none. The options hold for every job.
    In all else it is as with ``dispatch``; await the receipts as one: ``await dispatch_many(jobs)``.
    """
    options = _options(
        connection=connection,
        queue=queue,
        priority=priority,
        delay=delay,
        tries=tries,
        timeout=timeout,
        backoff=backoff,
        tags=tags,
        **misspelt,
    )
    return Receipts(_send(list(jobs), options, None))


def run_now(job: Job) -> Receipt:
    """Run a job here and now, whatever its driver: with its timeout and its ``failed()``, without store and retries.

    Its exception is raised here; under an event loop by ``await run_now(job)``.
    """
    (receipt,) = _send([job], _SILENT, _HERE)
    return receipt


def _options(**given: object) -> DispatchOptions:
    for value in given.values():
        if value is not None:
            return parse_dispatch_options(given)
    return _SILENT


class _Parcel:
    """The letters of one dispatch for one connection."""

    def __init__(self, connection: Connection, driver: Driver) -> None:
        self.connection = connection
        self.driver = driver
        self.letters: list[Letter] = []

    def receipts(self, delivery: Delivery) -> Iterator[Receipt]:
        """Return a receipt for each letter, in their order."""
        for index, letter in enumerate(self.letters):
            yield Receipt(letter.envelope.id, letter.envelope.queue, self.connection.name, delivery, index)


class _Form:
    """What the envelopes of one dispatch have alike where their jobs are of one class."""

    def __init__(
        self, cls: type[Job], said: JobOptions, options: DispatchOptions, settings: Settings, parcel: _Parcel
    ) -> None:
        refuse_late_retries(cls.__name__, said, options)
        delay = options.delay if options.delay is not None else said.delay or 0.0
        self.parcel = parcel
        self._options = options
        self._said = said
        self._name = _stored_name(cls, settings) if parcel.driver.stores else name_of(cls)
        self._max_payload = settings.config.max_payload
        self._queue = options.queue or said.queue or parcel.connection.queue
        self._priority = options.priority if options.priority is not None else said.priority or 0
        self._delay = 0.0 if options.available_at is not None else delay
        self._limits = _limits(options, said)

    def letter(self, job: Job) -> Letter:
        """Return a job with the envelope that is made of it."""
        envelope = Envelope(
            id=self._options.id or new_id(),
            name=self._name,
            payload=encode(job, self._max_payload),
            queue=self._queue,
            priority=self._priority,
            tags=_tags(job, self._options, self._said),
            delay=self._delay,
            available_at=self._options.available_at,
            limits=self._limits,
        )
        return Letter(job, envelope)


def _send(jobs: Sequence[Job], options: DispatchOptions, here: Connection | None) -> list[Receipt]:
    """Make all envelopes before the first is sent, so that a wrong job among them lets none through."""
    parcels: dict[str, _Parcel] = {}
    forms: dict[type[Job], _Form] = {}
    order: list[_Parcel] = []
    for job in jobs:
        form = forms.get(type(job))
        if form is None:
            form = forms[type(job)] = _form(job, options, here, parcels)
        form.parcel.letters.append(form.letter(job))
        order.append(form.parcel)
    receipts = {id(parcel): parcel.receipts(parcel.driver.send(parcel.letters)) for parcel in parcels.values()}
    return [next(receipts[id(parcel)]) for parcel in order]


def _form(job: Job, options: DispatchOptions, here: Connection | None, parcels: dict[str, _Parcel]) -> _Form:
    """Return the form for the class of this job, the first of its kind; make the parcel of its connection."""
    _refuse_what_is_no_job(job)
    cls = type(job)
    said = options_of(cls)
    settings = current(near=_file_of(cls))
    connection = here or settings.connection(options.connection or said.connection)
    parcel = parcels.get(connection.name)
    if parcel is None:
        driver = (None if here else substituted(connection)) or driver_of(settings, connection)
        parcel = parcels[connection.name] = _Parcel(connection, driver)
    return _Form(cls, said, options, settings, parcel)


def _limits(options: DispatchOptions, said: JobOptions) -> Limits:
    """Return what dispatch and class say, and nothing else, so that the worker can fill in the rest."""
    return Limits(
        tries=options.tries if options.tries is not None else said.tries,
        backoff=options.backoff if options.backoff is not None else said.backoff,
        timeout=options.timeout if options.timeout is not None else said.timeout,
        fail_on_timeout=said.fail_on_timeout,
        retry_until=None if said.retry_until is None else time.time() + said.retry_until,
        max_exceptions=said.max_exceptions,
        isolate=said.isolate,
        backoff_wins=True if options.backoff is not None else None,
    )


def _tags(job: Job, options: DispatchOptions, said: JobOptions) -> tuple[str, ...]:
    if not said.tags:
        return options.tags or ()
    tags = tuple(dict.fromkeys((*tags_of(job), *(options.tags or ()))))
    return parse_dispatch_options({"tags": tags}).tags or ()  # with the fields filled in, they can be wrong


def _stored_name(cls: type[Job], settings: Settings) -> str:
    """Return the name under which a worker will find the class."""
    global _registry
    if _registry is None:
        _registry = Registry(packages=settings.jobs)
    return _registry.recognise(cls)


def _forget_registry() -> None:
    global _registry
    _registry = None


on_change(_forget_registry)


def _file_of(cls: type) -> str | None:
    module = sys.modules.get(cls.__module__)
    return getattr(module, "__file__", None)


def _refuse_what_is_no_job(job: object) -> None:
    if isinstance(job, Job):
        return
    if isinstance(job, type):
        name: str = job.__name__
        raise TypeError(f"dispatch() takes a job, not a class\nWrite dispatch({name}(...)).")
    raise TypeError(f"dispatch() takes a job, not {shown(job)}\nThe class of a job extends dartian_queue.Job.")
