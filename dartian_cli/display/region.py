"""Paint lines at the bottom of a terminal, again and again, with everything else scrolling above them.

The screen is the ordinary one, so that what scrolled by stays in the terminal's history. One write a frame. When
the window gets narrower, the lines that stand there are wrapped by the terminal, and that is reckoned with.
"""

from collections.abc import Sequence
from typing import TextIO

from dartian_cli.display.strip import Strip
from dartian_cli.display.terminal import CLEAR_BELOW, CLEAR_LINE, GIVE_BACK, TAKE, in_one_frame, size_of

__all__ = ["Region"]


class Region:
    """Some lines of a terminal that belong to us. The cursor waits at the start of the last one."""

    def __init__(self, stream: TextIO, *, coloured: bool) -> None:
        self._stream = stream
        self._coloured = coloured
        self._painted: list[int] = []
        """How wide each line is that stands there."""

    def size(self) -> tuple[int, int]:
        """Return the columns and rows of the terminal, as they are now."""
        return size_of(self._stream)

    def open(self) -> None:
        """Hide the cursor, and have pastes told from keys."""
        self._stream.write(TAKE)
        self._painted = []

    def paint(self, lines: Sequence[Strip], above: str = "") -> None:
        """Replace the lines that stand there, and let ``above``, whole lines with their endings, scroll over them."""
        columns, _ = self.size()
        painted = [line.ansi() if self._coloured else line.text for line in lines]
        body = f"{CLEAR_LINE}\r\n".join(painted)
        above = above.replace("\n", "\r\n")
        clear = CLEAR_BELOW if above else ""
        frame = f"{self._to_top(columns)}{clear}{above}{body}{CLEAR_LINE}{CLEAR_BELOW}\r"
        self._stream.write(in_one_frame(frame))
        self._stream.flush()
        self._painted = [line.width for line in lines]

    def close(self, *, erase: bool = False) -> None:
        """Leave what stands there where it is, with the cursor below it, or erase it; give the terminal back."""
        columns, _ = self.size()
        end = f"{self._to_top(columns)}{CLEAR_BELOW}" if erase else "\r\n" if self._painted else ""
        self._stream.write(f"{end}{GIVE_BACK}")
        self._stream.flush()
        self._painted = []

    def _to_top(self, columns: int) -> str:
        """Return what brings the cursor from the last line to the first, however the terminal has wrapped them."""
        if not self._painted:
            return "\r"
        rows = sum(max(-(-width // columns), 1) for width in self._painted[:-1])
        return f"\r\x1b[{rows}A" if rows else "\r"
