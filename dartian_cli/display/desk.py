"""Where somebody sits who has the keys: which attempt is chosen, whose output is read, what the worker is asked for.

It draws nothing but the line that names the keys, and steers nothing itself.
"""

from collections.abc import Sequence

from dartian_cli.display.board import Attempt, Board, attempt_of
from dartian_cli.display.reading import Reading
from dartian_cli.display.strip import Strip
from dartian_cli.display.wishes import Wish

__all__ = ["Desk"]

_MOVES = {"up": -1, "k": -1, "down": 1, "j": 1}
_BACK = frozenset({"escape", "enter", "q", "backspace"})


class Desk:
    """What the keys have come to so far."""

    def __init__(self) -> None:
        self.chosen: Attempt | None = None
        self.reading: Reading | None = None

    def press(self, key: str, shown: Sequence[Attempt], board: Board) -> Wish | None:
        """Do what the key means while these attempts are on the screen, and return what it asks of the worker."""
        if self.reading is not None:
            if key in _BACK:
                self.reading = None
                return None
            if self.reading.scroll(key):
                return None
        elif key in _MOVES:
            self._choose(_MOVES[key], shown)
        elif key == "escape":
            self.chosen = None
        elif key == "enter":
            self._read(shown, board)
        elif key == "q":
            return None if board.stopping else "stop"
        if board.stopping:
            return None
        if key == "p":
            return "resume" if board.is_paused else "pause"
        return "reload" if key == "r" else None

    def _choose(self, step: int, shown: Sequence[Attempt]) -> None:
        if not shown:
            return
        if self.chosen in shown:
            place = min(max(shown.index(self.chosen) + step, 0), len(shown) - 1)
        else:
            place = 0 if step > 0 else len(shown) - 1
        self.chosen = shown[place]

    def _read(self, shown: Sequence[Attempt], board: Board) -> None:
        """Read what was chosen; else what is shown first: the job that has been running for the longest time."""
        event = board.find(self.chosen) if self.chosen is not None else None
        if event is None and shown:
            event = board.find(shown[0])
        if event is not None:
            self.chosen = attempt_of(event)
            self.reading = Reading(event)

    def footer(self, board: Board, columns: int) -> Strip:
        """Return the line that says what the keys do now, as far as there is room."""
        line = Strip(columns - 1)
        for key, meaning in self._meanings(board):
            if line.room >= len(key) + len(meaning) + 4:
                line.add("   " if line.width else " ").add(key, "bold").add(f" {meaning}", "dim")
        return line

    def _meanings(self, board: Board) -> list[tuple[str, str]]:
        if self.reading is not None:
            return [("esc", "back"), ("↑↓", "scroll"), ("end", "the newest")]
        output = [("↑↓", "choose"), ("enter", "a job's output")]
        if board.stopping:
            return output
        return [("p", "resume" if board.is_paused else "pause"), ("r", "reload"), ("q", "stop"), *output]
