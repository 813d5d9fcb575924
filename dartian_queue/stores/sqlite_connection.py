"""The open connections to one SQLite file: transactions, waiting for locks, checkpoints, and forks.

Each thread has one connection that commits with ``synchronous=NORMAL`` and, where it needs one, one with FULL. Two
rather than a PRAGMA before each transaction: SQLite carries this PRAGMA out when it is prepared, so that Python's cache
of statements would skip it, and it costs more than a second connection.

Whoever writes holds the writer's lock, an flock of a side file, around the whole transaction. Checkpoints hold it too.
That is what keeps a checkpoint and a commit that resets the WAL apart (the WAL-reset bug of SQLite 3.7.0 to 3.51.2):
RESTART takes SQLite's own write lock, but falls back to a PASSIVE checkpoint without it where another writer has it,
and with our lock nobody else of ours can. The checkpoint that SQLite makes by itself when the last connection closes
is safe: it holds an exclusive lock on the file, which means that there is no other connection.

It never lets SQLite's busy handler wait (it starves writers): a try that finds a lock sleeps 0.2 ms outside all locks.
A fork closes every connection of the process first, since a child that inherits SQLite's table of locks would hold
none; both sides open new ones when they need them.
"""

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias, TypeVar

from dartian_queue.forks import around
from dartian_queue.stores.sqlite_errors import busy_for, is_busy, is_no_text, translated
from dartian_queue.stores.sqlite_files import refused
from dartian_queue.stores.writers_lock import WritersLock

__all__ = ["Body", "Connections", "Durability", "Site"]

T = TypeVar("T")

Durability: TypeAlias = Literal["NORMAL", "FULL"]
"""NORMAL survives the death of any process; FULL a power cut too."""

Body: TypeAlias = Callable[[sqlite3.Connection], T]
"""What is done inside one transaction; it neither opens nor commits, and may be run again after a rollback."""

_PAUSE = 0.0002
_PAGES = 4000
"""A thread makes a checkpoint after it has written about so many pages."""
_PATIENCE = 1.0
_LARGE_WAL = 32 * 1024 * 1024
_LOOK = 64
"""Every so many commits, and at the first, the size of the WAL is looked at."""


class Site(Protocol):
    """Where the file of a store lies, and how it is made ready."""

    path: str
    lock_path: str
    """The side file whose flock is the writer's lock."""

    def make(self) -> None:
        """Make the file and its folder where they are missing."""
        ...

    def check(self, connection: sqlite3.Connection) -> bool:
        """Refuse what is no store of ours, make what lies beside one, and return whether its schema is of this code."""
        ...

    def migrate(self, connection: sqlite3.Connection) -> None:
        """Bring the schema up to date; whoever calls holds the writer's lock."""
        ...


class Connections:
    """All connections of this process to one file, one a thread and durability, opened when they are needed."""

    def __init__(self, site: Site, wait: float) -> None:
        self.path = site.path
        self._site = site
        self._wait = wait
        self._own = threading.local()

    def write(self, body: Body[T], durability: Durability = "NORMAL") -> T:
        """Run ``body`` in a transaction that writes: all of it is committed, or none.

        It may be run again where the first run was rolled back. StoreBusy after the wait, else the store's errors.
        """
        return self._retry(lambda waited: self._link(durability).transaction(body, waited))

    def read(self, body: Body[T]) -> T:
        """Run ``body``, which only reads, in one snapshot."""
        return self._retry(lambda _: self._any_link().snapshot(body))

    def close(self) -> None:
        """Close the connections of all threads; each opens again when it is used."""
        for link in list(_links):
            if link.path == self.path:
                with link.lock:
                    link.close()

    def _retry(self, attempt: Callable[[float], T]) -> T:
        """Try until nothing is locked any more, for as long as this store waits; the attempt is told for how long."""
        started = waited = 0.0
        while True:
            try:
                return attempt(waited)
            except _Busy:
                pass
            except sqlite3.Error as error:
                if not is_busy(error):
                    raise translated(error, self.path) from error
            now = time.monotonic()
            started = started or now
            waited = now - started
            if waited >= self._wait:
                raise busy_for(self.path, waited)
            time.sleep(_PAUSE)

    def _link(self, durability: Durability) -> "_Link":
        own = self._own.__dict__
        link = own.get(durability)
        if link is None:
            link = own[durability] = _Link(self._site, durability)
        return link

    def _any_link(self) -> "_Link":
        return self._own.__dict__.get("FULL") or self._link("NORMAL")


class _Busy(Exception):
    """Somebody else holds the writer's lock."""


class _Link:
    """One connection, with its handle on the writer's lock. ``lock`` is held while it is in use."""

    def __init__(self, site: Site, durability: Durability) -> None:
        self.path = site.path
        self.lock = threading.RLock()
        self._site = site
        self._durability: Durability = durability
        self._connection: sqlite3.Connection | None = None
        self._lock: WritersLock | None = None
        self._inode = (0, 0)
        self._looked_at = 0.0
        self._commits = self._changes = self._pages = 0
        with _opening:
            _links.add(self)

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def close(self) -> None:
        """Close what is open; whoever calls holds the lock."""
        connection, self._connection = self._connection, None
        lock, self._lock = self._lock, None
        if connection is not None:
            connection.close()
        if lock is not None:
            lock.close()

    def transaction(self, body: Body[T], waited: float) -> T:
        """Run one transaction under the writer's lock; raise where a lock is taken, with nothing changed."""
        with self.lock:
            connection = self._ready()
            try:
                return self._locked(connection, body, waited)
            except Exception as error:
                self._refuse_lost(connection)
                self._refuse_strict(connection, error)
                raise

    def _locked(self, connection: sqlite3.Connection, body: Body[T], waited: float) -> T:
        lock = self._lock
        if lock is None or not lock.take(waited):
            raise _Busy
        try:
            result = self._commit(connection, body)
            self._after_commit(connection)
            return result
        finally:
            if self._lock is lock:
                lock.give()

    def snapshot(self, body: Body[T]) -> T:
        """Run reads that see one state of the file."""
        with self.lock:
            connection = self._ready()
            try:
                connection.execute("BEGIN")
                try:
                    return body(connection)
                finally:
                    self._roll_back(connection)
            except Exception as error:
                self._refuse_lost(connection)
                self._refuse_strict(connection, error)
                raise

    def _commit(self, connection: sqlite3.Connection, body: Body[T]) -> T:
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = body(connection)
            try:
                connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                raise translated(error, self.path, committing=True) from error
        except BaseException:
            self._roll_back(connection)
            raise
        return result

    def _refuse_lost(self, connection: sqlite3.Connection) -> None:
        """Let it be tried again where a signal's handler forked in the middle, which closed the connection under us."""
        if self._connection is not connection:
            raise _Busy from None

    def _refuse_strict(self, connection: sqlite3.Connection, error: Exception) -> None:
        """Let it be tried again, with escapes, where a text is no UTF-8, which somebody else must have written.

        Not from the start, since Python's own way of reading text is faster, and every other text is UTF-8.
        """
        if is_no_text(error) and connection.text_factory is str:
            connection.text_factory = _escaping
            raise _Busy from None

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        if self._connection is not connection:
            return
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self.close()

    def _ready(self) -> sqlite3.Connection:
        """Return the open connection; a file that was deleted or replaced meanwhile is left for the one of its name."""
        now = time.monotonic()
        if self._connection is not None and now - self._looked_at > 1.0:
            self._looked_at = now
            if _inode(self.path) != self._inode:
                self.close()
        return self._connection or self._open()

    def _open(self) -> sqlite3.Connection:
        self._site.make()
        connection = sqlite3.connect(
            self.path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=128
        )
        try:
            connection.execute("PRAGMA wal_autocheckpoint = 0").close()
            is_current = self._site.check(connection)
            connection.execute(f"PRAGMA journal_size_limit = {_LARGE_WAL}").close()
            connection.execute(f"PRAGMA synchronous = {self._durability}").close()
            self._lock = self._lock or WritersLock(self._site.lock_path)
            if not is_current:
                self._migrate(connection, self._lock)
            self._inode = _inode(self.path)
        except OSError as error:
            connection.close()
            raise refused(self.path, error) from None
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._commits = self._changes = 0
        self._looked_at = time.monotonic()
        return connection

    def _migrate(self, connection: sqlite3.Connection, lock: WritersLock) -> None:
        if not lock.take(0.0):
            raise _Busy
        try:
            self._site.migrate(connection)
        finally:
            lock.give()

    def _after_commit(self, connection: sqlite3.Connection) -> None:
        """Make a checkpoint where it is time; whoever calls holds the writer's lock. The commit stands in any case."""
        with contextlib.suppress(sqlite3.Error):
            changes = connection.total_changes
            self._pages += 4 + (changes - self._changes) // 4
            self._changes = changes
            self._commits += 1
            if self._pages > _PAGES or (self._commits % _LOOK == 1 and self._wal_is_large()):
                done = self._checkpoint(connection, _PATIENCE if self._wal_is_large() else _PAUSE)
                self._pages = 0 if done else _PAGES // 2

    def _checkpoint(self, connection: sqlite3.Connection, patience: float) -> bool:
        """Bring the WAL into the file, so that the next commit starts it anew; False where readers were in the way.

        Readers that come while we wait find all of it in the file and read only there, so that those which are under
        way are the only ones to wait for. A large WAL is worth to keep the other writers waiting too.
        """
        until = time.monotonic() + patience
        while True:
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
            if not busy or time.monotonic() > until:
                return not busy
            time.sleep(_PAUSE)

    def _wal_is_large(self) -> bool:
        try:
            return os.stat(f"{self.path}-wal").st_size > _LARGE_WAL
        except OSError:
            return False


def _escaping(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def _inode(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


_links: "weakref.WeakSet[_Link]" = weakref.WeakSet()
_opening = threading.RLock()
_held_for_forks: list[list[_Link]] = []
"""The links that are locked for each fork under way: one, unless a signal's handler forks in the middle of another."""


def _before_fork() -> None:
    _opening.acquire()
    links = list(_links)
    _held_for_forks.append(links)
    for link in links:
        link.lock.acquire()
        with contextlib.suppress(sqlite3.Error):
            link.close()


def _after_fork() -> None:
    for link in _held_for_forks.pop():
        link.lock.release()
    _opening.release()


around(before=_before_fork, in_parent=_after_fork, in_child=_after_fork)
