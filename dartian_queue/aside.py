"""A watcher on a thread of its own: one that blocks, on a paused pager or a stopped terminal, holds up no work.

A worker that waits for its reader would not renew its leases, and its jobs would be ended and charged for it. It never
keeps more than a bound of events; what a reader does not take, it is told the number of, and what runs all the same.
"""

import time
from collections.abc import Callable
from threading import Condition, Thread

from dartian_queue.events import AttemptEnded, AttemptStarted, Event, Notice, WorkerStopping

__all__ = ["MOST_EVENTS", "Aside"]

MOST_EVENTS = 4096
"""Events that wait for the watcher; a piece of output is at most 8 KiB."""
PATIENCE = 0.5
"""Seconds for which the worker waits for a watcher that is merely slow, before it goes on without it."""
CLOSE_WAIT = 2.0
"""Seconds for which a worker that was told to end waits for a watcher that takes nothing."""
_URGENT = frozenset({"signal", "owner_gone"})


def _nothing() -> None: ...


class Aside:
    """Hands events on in their order, on its own thread; ``tick`` and ``close`` are called there too."""

    def __init__(
        self,
        watch: Callable[[Event], None],
        *,
        interval: float,
        tick: Callable[[], None] = _nothing,
        close: Callable[[], None] = _nothing,
    ) -> None:
        self._watch = watch
        self._tick = tick
        self._close = close
        self._interval = interval
        self._changed = Condition()
        self._events: list[Event] = []
        self._dropped = 0
        self._begun: dict[str, AttemptStarted] = {}
        """Of what was dropped: the attempts that have begun and not ended."""
        self._ended: list[AttemptEnded] = []
        """Of what was dropped: the ends of attempts whose beginning was handed on."""
        self._patience = PATIENCE
        self._ending = False
        self._urgent = False
        self._steps = 0
        """How much the watcher has done, so that a slow one is told from one that stands still."""
        self._thread = Thread(target=self._serve, name="dartian watcher", daemon=True)
        self._thread.start()

    def watch(self, event: Event) -> None:
        """Take an event; where the watcher stands still, count it instead."""
        if isinstance(event, WorkerStopping):
            self._urgent = event.reason in _URGENT
        with self._changed:
            if len(self._events) >= MOST_EVENTS and self._patience > 0:
                self._changed.notify_all()
                if not self._changed.wait_for(lambda: len(self._events) < MOST_EVENTS, self._patience):
                    self._patience = 0.0
            if len(self._events) < MOST_EVENTS:
                self._events.append(event)
            else:
                self._drop(event)

    def _drop(self, event: Event) -> None:
        """Leave an event out, but for what the watcher would believe to run, or not to, for ever after."""
        self._dropped += 1
        if isinstance(event, AttemptStarted):
            self._begun[event.id] = event
        elif isinstance(event, AttemptEnded) and self._begun.pop(event.id, None) is None:
            self._ended.append(event)
            self._dropped -= 1

    def close(self) -> bool:
        """Let the watcher see the rest and close; False where it stands still, and this process had better exit.

        A worker that has ended by itself holds nothing, and waits for its reader as any program does, until Ctrl-C.
        """
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        steps = -1
        try:
            while self._thread.is_alive() and not (self._urgent and steps == self._steps):
                steps = self._steps
                self._thread.join(CLOSE_WAIT)
        except KeyboardInterrupt:
            return False
        return not self._thread.is_alive()

    def _serve(self) -> None:
        try:
            while not self._ending or self._events:
                for event in self._take():
                    self._watch(event)
                    self._steps += 1
                self._tick()
        except Exception:  # the work goes on whatever the watcher does
            self._watch, self._tick = _ignore, _nothing
            self._serve()
        else:
            self._close()

    def _take(self) -> list[Event]:
        """Wait a little, and return what has come."""
        with self._changed:
            self._changed.wait_for(lambda: self._ending or len(self._events) >= MOST_EVENTS, self._interval)
            events, self._events = self._events, []
            dropped, self._dropped = self._dropped - len(self._begun), 0
            events += [*self._ended, *self._begun.values()]
            self._ended, self._begun = [], {}
            self._patience = PATIENCE
            self._changed.notify_all()
        if dropped:
            text = f"{dropped} events are not shown here: nobody took them; queue:status and queue:show know all"
            events.append(Notice(time.time(), "warning", text))
        return events


def _ignore(_event: Event) -> None: ...
