"""The lines of one job's output on some rows of a terminal: the newest, or those that somebody has scrolled back to."""

from dartian_cli.display.board import Board, attempt_of
from dartian_cli.display.output import output_lines
from dartian_cli.display.strip import Strip
from dartian_cli.ui import cells
from dartian_queue.events import AttemptEnded, AttemptStarted

__all__ = ["Reading"]


class Reading:
    """Somebody reads what the job of an attempt has printed. What was read once stays, though the board forgets it."""

    def __init__(self, event: AttemptStarted | AttemptEnded) -> None:
        self.event = event
        """The attempt as it was known last."""
        self.is_known = True
        self._text = ""
        self._is_cut = False
        self._back = 0
        """How many lines stand below those that are shown."""
        self._total = 0
        self._room = 1

    def scroll(self, key: str) -> bool:
        """Move as the key says, and return whether it is one that moves."""
        far = max(self._room - 1, 1)
        steps = {"up": 1, "k": 1, "down": -1, "j": -1, "page up": far, "page down": -far, "space": -far}
        steps |= {"home": self._total, "end": -self._total}
        if key not in steps:
            return False
        self._back = max(self._back + steps[key], 0)
        return True

    def look(self, board: Board) -> None:
        """Take what is known now."""
        event = board.find(attempt_of(self.event))
        self.is_known = event is not None
        if event is not None:
            self.event = event
            self._text, self._is_cut = board.printed.of(event.id)

    def rows(self, room: int, width: int) -> list[Strip]:
        """Return so many rows; where somebody has scrolled back, what is printed meanwhile moves nothing."""
        lines = ["… what it printed before is left out …"] if self._is_cut else []
        if self._text:
            lines += [row for line in output_lines(self._text) for row in _wrapped(line, width - 2)]
        if self._back:
            self._back += max(len(lines) - self._total, 0)
        self._total, self._room = len(lines), room
        self._back = max(min(self._back, len(lines) - room), 0)
        end = len(lines) - self._back
        shown = lines[max(end - room, 0) : end] if lines else ["it has printed nothing"]
        strips = [Strip(width).add("  ").add(line, "" if lines else "dim") for line in shown]
        return strips + [Strip(width) for _ in range(room - len(strips))]


def _wrapped(line: str, width: int) -> list[str]:
    """Return a line as several that fit."""
    rows: list[str] = []
    while cells(line) > width > 1:
        size = min(len(line), width)
        while cells(line[:size]) > width:
            size -= 1
        rows.append(line[: max(size, 1)])
        line = line[max(size, 1) :]
    return [*rows, line]
