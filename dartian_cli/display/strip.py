"""One line of the display: pieces of text with their styles, measured in the columns of a terminal.

Every piece is escaped when it is added. It knows nothing of what it shows.
"""

from dartian_cli.ui import Style, cells, cut, escaped

__all__ = ["Strip", "fill"]

_CODES: dict[Style, str] = {
    "bold": "\x1b[1m",
    "dim": "\x1b[2m",
    "red": "\x1b[31m",
    "green": "\x1b[32m",
    "yellow": "\x1b[33m",
    "magenta": "\x1b[35m",
    "cyan": "\x1b[36m",
}


class Strip:
    """A line that is being written from left to right, and never gets longer than ``limit``."""

    def __init__(self, limit: int) -> None:
        self.limit = max(limit, 0)
        self.width = 0
        self._pieces: list[tuple[str, Style]] = []

    @property
    def room(self) -> int:
        """Return the columns that are left."""
        return self.limit - self.width

    def add(self, text: str, style: Style = "", *, size: int | None = None, right: bool = False) -> "Strip":
        """Write text, cut to what is left; ``size`` makes a column of it, filled with spaces at its end or start."""
        text = cut(escaped(text), self.room if size is None else min(size, self.room))
        space = 0 if size is None else max(min(size, self.room) - cells(text), 0)
        if right and space:
            self._append(" " * space, "")
        self._append(text, style)
        if not right and space:
            self._append(" " * space, "")
        return self

    def _append(self, text: str, style: Style) -> None:
        if text:
            self._pieces.append((text, style))
            self.width += cells(text)

    @property
    def text(self) -> str:
        """Return the line without styles."""
        return "".join(text for text, _ in self._pieces)

    def ansi(self) -> str:
        """Return the line with the codes of its styles."""
        return "".join(f"{_CODES[style]}{text}\x1b[0m" if style else text for text, style in self._pieces)


def fill(strip: Strip, character: str, style: Style = "", *, until: int | None = None) -> Strip:
    """Repeat a character up to a column, or to the line's end."""
    missing = (strip.limit if until is None else min(until, strip.limit)) - strip.width
    return strip.add(character * missing, style) if missing > 0 else strip
