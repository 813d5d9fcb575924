"""Commits shared by all who dispatch at the same moment: threads, and tasks of event loops. Knows no store.

A commit that reaches the disk costs far more than what it carries. So whoever comes first carries out all that is
pending, in one call, and those who come meanwhile wait for the next one: the first of them leads it. A lone thread
leads its own, without a switch to another thread. A background thread leads where nobody can wait: for event loops.

At any moment there is at most one leader, and there is one whenever something is pending. The lead is taken and
passed on under the lock, together with the change to what is pending, so it is neither lost nor held twice.
"""

from collections.abc import Callable, Sequence
from threading import Lock, Thread
from typing import TYPE_CHECKING, TypeVar

from dartian_queue.envelope import Envelope
from dartian_queue.errors import ConflictError, DartianError, DispatchUncertain, JobTimeout, UsageError
from dartian_queue.receipt import Delivery, settle
from dartian_queue.stores.store import Added

if TYPE_CHECKING:
    from _thread import LockType

__all__ = ["Outbox"]

_Error = TypeVar("_Error", bound=Exception)


class _Entry:
    """One delivery in the outbox."""

    __slots__ = ("called", "delivery", "envelopes", "turn")

    def __init__(self, envelopes: Sequence[Envelope], delivery: Delivery, turn: "LockType | None") -> None:
        self.envelopes = envelopes
        self.delivery = delivery
        self.turn = turn
        """Held until its thread shall go on: its delivery is done, or it is called to lead. None if no thread waits."""
        self.called = False
        """Whether the lead is this entry's thread's, and not taken up yet."""


class Outbox:
    """All that this process has to store in one place, in the order of dispatch."""

    def __init__(self, name: str, store: Callable[[Sequence[Envelope]], Sequence[Added]]) -> None:
        """Hand batches to ``store``, which stores all of one or, where it raises, nothing; never two at a time."""
        self._name = name
        self._store = store
        self._lock = Lock()
        self._pending: list[_Entry] = []
        self._led = False
        self._bell = Lock()
        self._bell.acquire()
        self._thread: Thread | None = None

    def post(self, envelopes: Sequence[Envelope], delivery: Delivery) -> None:
        """Store the envelopes in the background; the delivery ends when that is done."""
        if not self._has_thread():
            self.post_and_wait(envelopes, delivery)
            return
        with self._lock:
            self._pending.append(_Entry(envelopes, delivery, None))
            if not self._led:
                self._led = True
                self._bell.release()

    def post_and_wait(self, envelopes: Sequence[Envelope], delivery: Delivery) -> None:
        """Store the envelopes and return when the delivery has ended, whichever thread carried it out."""
        turn = Lock()
        turn.acquire()
        entry = _Entry(envelopes, delivery, turn)
        try:
            with self._lock:
                self._pending.append(entry)
                entry.called = not self._led
                self._led = True
            if not entry.called:
                turn.acquire()
            if entry.called:
                self._lead(entry)
        except BaseException:
            self._withdraw(entry)
            raise

    def flush(self) -> None:
        """Wait until all that was posted before is stored, or has failed."""
        self.post_and_wait((), Delivery("nothing"))

    def _lead(self, leader: _Entry | None) -> None:
        """Carry out all that is pending, and pass the lead on."""
        with self._lock:
            batch, self._pending = self._pending, []
            if leader is not None:
                leader.called = False
        try:
            self._carry_out(batch)
        finally:
            self._pass_on(batch, leader)

    def _pass_on(self, batch: list[_Entry], leader: _Entry | None) -> None:
        for entry in batch:
            if entry.turn is not None and entry is not leader and entry.delivery.done:
                entry.turn.release()
        with self._lock:
            # Only an interrupted leader leaves something undone. To store it again is safe: ids are unique.
            self._pending[:0] = [entry for entry in batch if not entry.delivery.done and entry is not leader]
            self._call_next()

    def _call_next(self) -> None:
        """Give the lead to whoever has waited longest; with the lock held."""
        if not self._pending:
            self._led = False
            return
        successor = self._pending[0]
        if successor.turn is None:
            self._bell.release()
        else:
            successor.called = True
            successor.turn.release()

    def _withdraw(self, entry: _Entry) -> None:
        """Take back an entry whose thread was interrupted, and the lead if that was its."""
        with self._lock:
            if entry in self._pending:
                self._pending.remove(entry)
            if entry.called:
                entry.called = False
                self._call_next()

    def _carry_out(self, batch: list[_Entry]) -> None:
        outcome = self._try([envelope for entry in batch for envelope in entry.envelopes])
        if not isinstance(outcome, Exception):
            found = iter(outcome)
            settle([(entry.delivery, tuple(next(found).duplicate for _ in entry.envelopes)) for entry in batch])
        elif len(batch) > 1 and isinstance(outcome, ConflictError | UsageError):
            for entry in batch:  # one of them is to blame, and the others shall not pay
                self._carry_out([entry])
        else:
            errors = [_told_to(entry, outcome, other=index > 0) for index, entry in enumerate(batch)]
            settle(list(zip((entry.delivery for entry in batch), errors, strict=True)))

    def _try(self, envelopes: list[Envelope]) -> Sequence[Added] | Exception:
        """Store a batch, and return the error where that fails.

        An error of our own loses its frames, which would keep deliveries alive, and so delay the log of an error that
        nobody sees; its text says all.
        """
        try:
            return self._store(envelopes) if envelopes else ()
        except JobTimeout:
            raise  # meant for the job that dispatches in this thread, and no fault of the batch
        except DartianError as error:
            return _without_frames(error)
        except Exception as error:
            return error

    def _has_thread(self) -> bool:
        """Start the background thread unless it runs; False where the interpreter starts no more threads."""
        with self._lock:
            if self._thread is None:
                thread = Thread(target=self._serve, name=f"dartian dispatch {self._name}", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    return False
                self._thread = thread
            return True

    def _serve(self) -> None:
        while True:
            self._bell.acquire()
            self._lead(None)


def _without_frames(error: _Error) -> _Error:
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return error


def _told_to(entry: _Entry, error: Exception, *, other: bool) -> Exception:
    """Return the error for one entry; any ``other`` than the first gets a copy, since threads write into tracebacks."""
    if isinstance(error, DispatchUncertain):
        return error.about([envelope.id for envelope in entry.envelopes])
    if not other:
        return error
    try:
        copied = type(error)(*error.args)
    except Exception:
        return error
    copied.__cause__ = error
    return copied
