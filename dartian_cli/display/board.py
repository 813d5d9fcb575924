"""What a worker's events add up to: what runs, what has ended, how many and how fast. Pure state, nothing is drawn.

A worker sends up to ten thousand events a second, so taking one is a few look-ups, and all arithmetic waits for
``tick``.
"""

from collections import Counter, deque
from collections.abc import Iterable
from itertools import chain
from typing import TypeAlias, cast

from dartian_cli.display.printed import Printed
from dartian_queue.events import (
    AttemptEnded,
    AttemptStarted,
    CodeChange,
    Event,
    JobOutput,
    JobProgress,
    WorkerPaused,
    WorkerReady,
    WorkerStopped,
    WorkerStopping,
)

__all__ = ["Attempt", "Board", "attempt_of"]

Attempt: TypeAlias = tuple[str, int]
"""A job's id, and which of its attempts: what a row of the display stands for, while it runs and when it has ended."""
_KEPT = 40
"""How many of the last attempts are remembered, of either kind: more than any terminal shows."""
_HISTORY = 60
"""Seconds of the rate that are remembered."""
_WINDOW = 5
"""Seconds over which the rate is an average."""


class Board:
    """The state of one worker, as far as its events tell it."""

    def __init__(self, now: float) -> None:
        self.since = now
        self.ready: WorkerReady | None = None
        self.stopping: WorkerStopping | None = None
        self.stopped: WorkerStopped | None = None
        self.is_paused = False
        """Whether it takes no jobs, since somebody has asked for that at the keys."""
        self.code: CodeChange | None = None
        """What is to be said of the code; None where what is loaded is as it was written."""
        self._slots: dict[str, int] = {}
        """Which isolate has begun which job that is not settled yet."""
        self._running: dict[int, AttemptStarted] = {}
        """What each isolate began last; it runs one job at a time, and what it ended may wait to be settled."""
        self.progress: dict[str, JobProgress] = {}
        """The last word of each running job that has said any."""
        self.counts: Counter[str] = Counter()
        """How many attempts had which outcome."""
        self.printed = Printed()
        self.done: deque[AttemptEnded] = deque(maxlen=_KEPT)
        self.troubled: deque[AttemptEnded] = deque(maxlen=_KEPT)
        """Attempts that did not end in done, kept apart so that a thousand successes do not push one out."""
        self.rates: deque[float] = deque(maxlen=_HISTORY)
        """Jobs done in each of the last seconds, the newest last."""
        self._sampled_at = now
        self._sampled_done = 0

    def take(self, event: Event) -> None:
        """Add one event."""
        kind = type(event)
        if kind is AttemptStarted:
            self._begin(cast("AttemptStarted", event))
        elif kind is AttemptEnded:
            self._end(cast("AttemptEnded", event))
        elif isinstance(event, JobProgress):
            if event.id in self._slots:
                self.progress[event.id] = event
        elif isinstance(event, JobOutput):
            if event.id in self._slots:
                self.printed.take(event)
        elif isinstance(event, CodeChange):
            is_settled = event.state == "loaded" or (event.state == "edited" and not event.files)
            self.code = None if is_settled else event
        elif isinstance(event, WorkerPaused):
            self.is_paused = event.paused
        elif isinstance(event, WorkerReady):
            self.ready, self.code = event, None
        elif isinstance(event, WorkerStopping):
            self.stopping = event
        elif isinstance(event, WorkerStopped):
            self.stopped = event

    @property
    def running(self) -> list[AttemptStarted]:
        """Return the jobs that run, the longest running first."""
        return sorted(self._running.values(), key=lambda event: event.at)

    def find(self, attempt: Attempt) -> AttemptStarted | AttemptEnded | None:
        """Return the attempt as it is, running or ended; None where it is no longer remembered."""
        ended = chain(reversed(self.troubled), reversed(self.done))
        known: Iterable[AttemptStarted | AttemptEnded] = (*self._running.values(), *ended)
        return next((event for event in known if attempt_of(event) == attempt), None)

    def _begin(self, event: AttemptStarted) -> None:
        self._slots[event.id] = event.isolate
        self._running[event.isolate] = event
        self.printed.begin(event.id)

    def _end(self, event: AttemptEnded) -> None:
        slot = self._slots.pop(event.id, None)
        if slot is not None and slot in self._running and self._running[slot].id == event.id:
            del self._running[slot]
        if self.progress:
            self.progress.pop(event.id, None)
        self.counts[event.outcome] += 1
        kept = self.done if event.outcome == "done" else self.troubled
        if len(kept) == _KEPT:
            self.printed.leave(kept[0].id)
        kept.append(event)
        self.printed.end(event.id)

    def tick(self, now: float) -> None:
        """Note the rate, once a second; a clock that was set back only begins anew."""
        elapsed = now - self._sampled_at
        if 0 <= elapsed < 1:
            return
        done = self.counts["done"]
        if elapsed > 0:
            seconds = min(int(elapsed), _HISTORY)
            self.rates.extend([(done - self._sampled_done) / elapsed] * seconds)
        self._sampled_at = now
        self._sampled_done = done

    @property
    def rate(self) -> float:
        """Return the jobs done a second, over the last few."""
        recent = list(self.rates)[-_WINDOW:]
        return sum(recent) / len(recent) if recent else 0.0


def attempt_of(event: AttemptStarted | AttemptEnded) -> Attempt:
    """Return which attempt the event is about."""
    return (event.id, event.attempt)
