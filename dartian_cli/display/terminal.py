"""What every picture on a terminal needs: how large the terminal is, and how a frame is shown whole."""

import os
from typing import TextIO

__all__ = ["CLEAR_BELOW", "CLEAR_LINE", "in_one_frame", "size_of"]

CLEAR_LINE, CLEAR_BELOW = "\x1b[K", "\x1b[J"


def size_of(stream: TextIO) -> tuple[int, int]:
    """Return the columns and rows of the terminal, as they are now."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except OSError:
        return 80, 24
    return (size.columns or 80, size.lines or 24)


def in_one_frame(text: str) -> str:
    """Return the text so that terminals that know how show it whole; others pass that over."""
    return f"\x1b[?2026h{text}\x1b[?2026l"
