"""The live display of a worker on a terminal: the board is painted eight times a second, and output scrolls above it.

rich's Live is not used: at 5,000 jobs a second it takes more of a core than the board and the painting together,
and it leaves broken lines behind when the window is made narrower. In the background it draws nothing and reads no key,
since the terminal is somebody else's then.
"""

import sys
import time
from threading import Lock

from dartian_cli import ui, wording
from dartian_cli.display.board import Board
from dartian_cli.display.code_changes import loaded_text
from dartian_cli.display.depth import Depth
from dartian_cli.display.desk import Desk
from dartian_cli.display.keys import Keys
from dartian_cli.display.output import output_lines
from dartian_cli.display.picture import Picture
from dartian_cli.display.region import Region
from dartian_cli.display.strip import Strip
from dartian_cli.display.terminal import in_foreground
from dartian_cli.display.wishes import Wishes
from dartian_queue.events import CodeChange, Event, JobOutput, Notice, WorkerReady

__all__ = ["LiveDisplay"]

_LEVELS: dict[str, ui.Style] = {"warning": "yellow", "error": "red"}
_PATIENCE = 0.5
"""Seconds for which a signal waits until a frame is painted, on a terminal that takes nothing."""


class LiveDisplay:
    """Draws what the worker does, and how much waits in the store; what the keys ask of the worker, it wishes."""

    interval = 0.125

    def __init__(self, picture: Picture, depth: Depth, wishes: Wishes) -> None:
        self._picture = picture
        self._depth = depth
        self._wishes = wishes
        self._board = Board(time.time())
        self._desk = Desk()
        self._keys = Keys()
        self._region = Region(sys.stdout, coloured=ui.coloured(sys.stdout))
        self._above: list[str] = []
        self._open = True
        self._painting = Lock()
        self._has_terminal = False
        self._is_away = False
        """Whether this process is about to be stopped or ended by a signal."""
        self._paint()
        self._depth.start()

    def watch(self, event: Event) -> None:
        """Take one event; nothing is painted before the next tick."""
        self._board.take(event)
        if isinstance(event, JobOutput | Notice | CodeChange | WorkerReady):
            self._above += _above(event)

    def tick(self) -> None:
        """Do what the keys say, and paint."""
        with self._painting:
            if self._open and not self._is_away:
                self._obey_keys()
                self._paint()

    def close(self) -> None:
        """Paint a last time, and write what it came to below."""
        if not self._open:
            return
        self._depth.stop()
        with self._painting:
            self._open = False
            self._keys.close()
            self._paint(last=True)
            if self._has_terminal:
                self._region.close(erase=self._board.ready is None)
        for line in _closing(self._board):
            ui.say(line)

    def give_back(self) -> None:
        """Give the terminal back, from any thread, since this process is about to be stopped or ended."""
        self._is_away = True
        painted = self._painting.acquire(timeout=_PATIENCE)
        self._keys.close()
        if painted:  # else the terminal takes nothing
            if self._has_terminal:
                self._region.close()
            self._painting.release()
        self._has_terminal = False

    def go_on(self) -> None:
        """Take the terminal again when it is ours, since this process goes on after it was stopped."""
        self._has_terminal = self._is_away = False

    def _obey_keys(self) -> None:
        for key in self._keys.read() if self._has_terminal else ():
            if (wish := self._desk.press(key, self._picture.shown, self._board)) is not None:
                self._wishes.ask(wish)

    def _paint(self, *, last: bool = False) -> None:
        now = time.time()
        self._board.tick(now)
        above, self._above = "".join(f"{line}\n" for line in self._above), []
        if not in_foreground(sys.stdout.fileno()):
            self._has_terminal = False
            sys.stdout.write(above)
            sys.stdout.flush()
            return
        if not self._has_terminal:
            if not last:
                self._keys.open()
            self._region.open()
            self._has_terminal = True
        self._region.paint(self._lines(now), above)

    def _lines(self, now: float) -> list[Strip]:
        columns, rows = self._region.size()
        board, depth, desk = self._board, self._depth.latest(), self._desk
        if not self._keys.are_read:
            return self._picture.draw(board, depth, now, columns, rows)
        if desk.reading is None:
            lines = self._picture.draw(board, depth, now, columns, rows - 1, desk.chosen)
        else:
            lines = self._picture.draw_output(board, depth, now, columns, rows - 1, desk.reading)
        return [*lines, desk.footer(board, columns)]


def _above(event: JobOutput | Notice | CodeChange | WorkerReady) -> list[str]:
    if isinstance(event, JobOutput):
        name = ui.styled(ui.escaped(event.name) or "isolate", "yellow" if event.stream == "stderr" else "cyan")
        return [f"{name} {ui.styled('│', 'dim')} {line}" for line in output_lines(event.text)]
    if isinstance(event, Notice):
        level = ui.styled(f"{ui.escaped(event.level)}:", _LEVELS.get(event.level, "dim"))
        return [f"{level} {line}" for line in output_lines(event.text)]
    if isinstance(event, CodeChange):
        if event.state == "loaded":
            return [f"{ui.styled('loaded:', 'green')} {loaded_text(event)}"]
        return [f"{ui.styled('broken:', 'red')} {line}" for line in output_lines(event.error)] if event.error else []
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
    return ["To see what failed: dartian queue:failed", f"To try again: dartian queue:retry {which}"]
