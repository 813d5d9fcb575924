"""What every display of a worker does. A thread of its own calls it, so it may block."""

from typing import Protocol

from dartian_queue.events import Event

__all__ = ["Display"]


class Display(Protocol):
    """A watcher of one worker."""

    interval: float
    """Seconds between two calls of ``tick``."""

    def watch(self, event: Event) -> None:
        """Take one event."""
        ...

    def tick(self) -> None:
        """Show what has come since the last call."""
        ...

    def close(self) -> None:
        """Show the rest, and give up what was taken. Idempotent."""
        ...

    def give_back(self) -> None:
        """Give up what was taken, from another thread, since this process is about to be stopped or ended."""
        ...

    def go_on(self) -> None:
        """Take what is needed again, from another thread, since this process goes on after it was stopped."""
        ...
