"""The sizes of the display's columns. They grow with what is shown and never shrink, so that nothing jumps."""

from collections.abc import Iterable

from dartian_cli import wording
from dartian_cli.display.board import Attempt, attempt_of
from dartian_cli.display.strip import Strip
from dartian_cli.ui import cells
from dartian_queue.events import AttemptEnded, AttemptStarted

__all__ = ["WIDE", "Columns"]

WIDE = 100
"""From so many columns on, more facts are shown."""


class Columns:
    """How wide names, queues and ids are."""

    def __init__(self) -> None:
        self.names = 0
        self.queues = 0
        self.ids = 5
        self.chosen: Attempt | None = None
        """The attempt whose row is pointed at."""

    def grow(self, events: Iterable[AttemptStarted | AttemptEnded], width: int) -> None:
        """Make room for what is about to be shown, within a share of the terminal's width."""
        for event in events:
            self.names = max(self.names, cells(event.name))
            self.queues = max(self.queues, cells(event.queue))
            self.ids = max(self.ids, cells(wording.short_id(event.id)) + 1)
        self.names = min(self.names, max(width // 4, 12))
        self.queues = min(self.queues, max(width // 8, 7))
        self.ids = min(self.ids, max(width // 8, 5))

    def margin(self, event: AttemptStarted | AttemptEnded, width: int) -> Strip:
        """Return the first columns of a row, which point at it where its attempt was chosen."""
        return Strip(width).add("▸ " if attempt_of(event) == self.chosen else "  ", "cyan")

    def begin(self, line: Strip, event: AttemptStarted | AttemptEnded) -> Strip:
        """Write the job's name and id."""
        line.add(event.name, "bold", size=self.names).add("  ")
        return line.add(f"#{wording.short_id(event.id)}", "dim", size=self.ids).add("  ")
