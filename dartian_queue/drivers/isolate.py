"""The driver that stores jobs, so that they outlive this process and run in an isolate. It never runs one itself."""

import atexit
import os
import sys
from collections.abc import Sequence
from typing import cast

import msgspec

from dartian_queue.companion import Companion, companion_of, end_companions, forget_companions
from dartian_queue.config import adopted_origin
from dartian_queue.drivers.driver import Letter
from dartian_queue.drivers.outbox import Outbox
from dartian_queue.envelope import Envelope
from dartian_queue.errors import ConfigError
from dartian_queue.forks import around, importing
from dartian_queue.receipt import Delivery, flush_with, log_unseen, running_loop
from dartian_queue.remarks import remark_unserved
from dartian_queue.settings import Connection, Settings
from dartian_queue.stores import open_store
from dartian_queue.stores.store import Added, Store

__all__ = ["IsolateDriver", "open_driver"]


class IsolateDriver:
    """Stores jobs, and sees to it that somebody is there who runs them."""

    stores = True

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self._settings = settings
        self._connection = connection
        self._outbox = Outbox(connection.name, self._add)
        self._store: Store | None = None
        self._companion: Companion | None = None

    def send(self, letters: Sequence[Letter]) -> Delivery:
        """Store the jobs in one transaction: before returning, or in the background under an event loop."""
        envelopes = [letter.envelope for letter in letters]
        first = envelopes[0]
        more = f" and {len(envelopes) - 1} more" if len(envelopes) > 1 else ""
        delivery = Delivery(f"{first.name} {first.id}{more}")
        if running_loop() is None:
            self._outbox.post_and_wait(envelopes, delivery)
            delivery.result()
        else:
            self._outbox.post(envelopes, delivery)
        return delivery

    def flush(self) -> None:
        """Wait until all that was dispatched is stored, or has failed."""
        self._outbox.flush()

    def _add(self, envelopes: Sequence[Envelope]) -> Sequence[Added]:
        """Store a batch; called by one thread at a time, and never by an event loop's."""
        store = self._store
        if store is None:
            store = self._store = self._open()
        companion = self._companion
        if companion is None:
            added = store.add(_from(adopted_origin(), envelopes))
            remark_unserved(store, envelopes)
            return added
        if not companion.lives and all(store.served(queue) for queue in {envelope.queue for envelope in envelopes}):
            return store.add(envelopes)
        added = store.add(_from(companion.origin, envelopes))
        companion.start()
        return added

    def _open(self) -> Store:
        connection = self._connection
        url = self._settings.store_url(connection)
        with importing:
            store = open_store(
                url,
                durability=connection.durability,
                wait=cast("float", connection.wait),
                largest_payload=self._settings.config.max_payload,
            )
        if connection.companion and not url.startswith("memory:"):
            self._companion = companion_of(self._settings, connection, store)
        return store


def _from(origin: str, envelopes: Sequence[Envelope]) -> Sequence[Envelope]:
    if not origin:
        return envelopes
    return [msgspec.structs.replace(envelope, origin=origin) for envelope in envelopes]


_opened: dict[tuple[str, int, Connection], IsolateDriver] = {}
_ends_in = 0
"""The process in which the exit of these drivers is arranged."""


def open_driver(settings: Settings, connection: Connection) -> IsolateDriver:
    """Return the driver of a connection, the same one each time in this process."""
    key = (settings.root, settings.config.max_payload, connection)
    driver = _opened.get(key)
    if driver is None:
        if sys.platform == "win32":
            raise ConfigError("the driver 'isolate' is not tested on Windows yet\nSet QUEUE_DRIVER=sync, or use WSL.")
        driver = _opened.setdefault(key, IsolateDriver(settings, connection))
        _arrange_end()
    return driver


def _flush() -> None:
    for driver in list(_opened.values()):
        driver.flush()


def _end() -> None:
    """At the end of the process: store what is pending, then let companions finish what this process dispatched."""
    _flush()
    log_unseen()
    end_companions()


def _forget() -> None:
    """In a forked child: all of this is the parent's, which goes on with it."""
    _opened.clear()
    forget_companions()


def _arrange_end() -> None:
    """Have ``_end`` called when this process ends, however the standard library ends it."""
    global _ends_in
    if _ends_in == os.getpid():
        return
    if not _ends_in:
        atexit.register(_end)
        flush_with(_flush)
        around(in_child=_forget)
    _ends_in = os.getpid()
    if "multiprocessing.process" in sys.modules:
        from multiprocessing.process import parent_process
        from multiprocessing.util import Finalize

        if parent_process() is not None:  # such a child ends without atexit
            Finalize(None, _end, exitpriority=0)
