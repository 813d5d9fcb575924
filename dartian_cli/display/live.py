"""The live display of a worker on a terminal: the board is painted eight times a second, and output scrolls above it.

rich's Live is not used: at 5,000 jobs a second it takes more of a core than the board and the painting together,
and it leaves broken lines behind when the window is made narrower.
"""

import sys
import time

from dartian_cli import ui, wording
from dartian_cli.display.board import Board
from dartian_cli.display.depth import Depth
from dartian_cli.display.output import output_lines
from dartian_cli.display.picture import Picture
from dartian_cli.display.region import Region
from dartian_queue.events import Event, JobOutput, Notice, WorkerReady

__all__ = ["LiveDisplay"]

_LEVELS: dict[str, ui.Style] = {"warning": "yellow", "error": "red"}


class LiveDisplay:
    """Draws what the worker does, and how much waits in the store."""

    interval = 0.125

    def __init__(self, picture: Picture, depth: Depth) -> None:
        self._picture = picture
        self._depth = depth
        self._board = Board(time.time())
        self._region = Region(sys.stdout, coloured=ui.coloured(sys.stdout))
        self._above: list[str] = []
        self._open = True
        self._region.open()
        self._depth.start()

    def watch(self, event: Event) -> None:
        """Take one event; nothing is painted before the next tick."""
        self._board.take(event)
        if isinstance(event, JobOutput | Notice | WorkerReady):
            self._above += _above(event)

    def tick(self) -> None:
        """Paint."""
        if self._open:
            self._paint()

    def close(self) -> None:
        """Paint a last time, and write what it came to below."""
        if not self._open:
            return
        self._open = False
        self._depth.stop()
        self._paint()
        self._region.close(erase=self._board.ready is None)
        for line in _closing(self._board):
            ui.say(line)

    def _paint(self) -> None:
        now = time.time()
        self._board.tick(now)
        columns, rows = self._region.size()
        above, self._above = self._above, []
        lines = self._picture.draw(self._board, self._depth.latest(), now, columns, rows)
        self._region.paint(lines, "".join(f"{line}\n" for line in above))


def _above(event: JobOutput | Notice | WorkerReady) -> list[str]:
    if isinstance(event, JobOutput):
        name = ui.styled(ui.escaped(event.name) or "isolate", "yellow" if event.stream == "stderr" else "cyan")
        return [f"{name} {ui.styled('│', 'dim')} {line}" for line in output_lines(event.text)]
    if isinstance(event, Notice):
        level = ui.styled(f"{ui.escaped(event.level)}:", _LEVELS.get(event.level, "dim"))
        return [f"{level} {line}" for line in output_lines(event.text)]
    if event.plain_isolates:
        return [f"{ui.styled('isolates are started plainly:', 'yellow')} {ui.escaped(event.plain_isolates)}"]
    return []


def _closing(board: Board) -> list[str]:
    """Return what to say in the end: how the jobs that failed are seen and retried."""
    failed = board.counts["failed"]
    if not failed:
        return []
    last = next(event for event in reversed(board.troubled) if event.outcome == "failed")
    which = "all" if failed > 1 else ui.escaped(wording.short_id(last.id))
    return [f"To see what failed: dartian queue:failed    To try again: dartian queue:retry {which}"]
