"""A display, guarded: one whose reader has gone away, as in ``| head``, stops the worker and never breaks it.

What keeps the worker from starting is no event of its work: it is kept apart, to be shown as the error that it is.
"""

import contextlib
from collections.abc import Callable

from dartian_cli.display.display import Display
from dartian_queue.events import (
    AttemptEnded,
    CodeChange,
    Event,
    JobOutput,
    Notice,
    WorkerReady,
    WorkerStopped,
    WorkerStopping,
)

__all__ = ["Watching"]

_WELL = frozenset({"done", "released", "cancelled"})


class Watching:
    """Passes a worker's events on; where ``quiet``, only what jobs print, what went wrong, and warnings."""

    broken = ""
    """Why the application could not be imported; empty where it could."""

    def __init__(self, display: Display, *, quiet: bool = False) -> None:
        self.interval = display.interval
        self._display = display
        self._quiet = quiet
        self._unseen: Callable[[], None] | None = None
        self._gone = False
        self._ready = False

    def when_unseen(self, react: Callable[[], None]) -> None:
        """Call this, once, when nobody can see the display any more."""
        self._unseen = react

    def watch(self, event: Event) -> None:
        """Take one event."""
        if not self._ready and self._keep_apart(event):
            return
        if self._gone or (self._quiet and not _deserves_attention(event)):
            return
        try:
            self._display.watch(event)
        except OSError:
            self._lose()

    def tick(self) -> None:
        """Show what has come."""
        if self._gone:
            return
        try:
            self._display.tick()
        except OSError:
            self._lose()

    def close(self) -> None:
        """Show the rest."""
        try:
            self._display.close()
        except OSError:
            self._gone = True

    def give_back(self) -> None:
        """Give up what the display has taken, since this process is about to be stopped or ended."""
        with contextlib.suppress(OSError):
            self._display.give_back()

    def go_on(self) -> None:
        """Let the display take again what it needs."""
        self._display.go_on()

    def _keep_apart(self, event: Event) -> bool:
        """Tell whether the event says that the worker cannot start, or follows from that."""
        match event:
            case WorkerReady():
                self._ready = True
            case Notice() if event.level == "error":
                self.broken = event.text
            case WorkerStopping() | WorkerStopped():
                pass
            case _:
                return False
        return bool(self.broken)

    def _lose(self) -> None:
        self._gone = True
        if self._unseen is not None:
            self._unseen()


def _deserves_attention(event: Event) -> bool:
    match event:
        case JobOutput():
            return True
        case AttemptEnded():
            return event.outcome not in _WELL
        case Notice():
            return event.level != "info"
        case CodeChange():
            return event.state in ("edited", "broken")
        case _:
            return False
