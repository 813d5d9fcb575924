"""What every picture on a terminal needs: how large the terminal is, whose it is, and how a frame is shown whole."""

import os
from typing import TextIO

__all__ = ["CLEAR_BELOW", "CLEAR_LINE", "GIVE_BACK", "TAKE", "in_foreground", "in_one_frame", "size_of"]

CLEAR_LINE, CLEAR_BELOW = "\x1b[K", "\x1b[J"
TAKE, GIVE_BACK = "\x1b[?25l\x1b[?2004h", "\x1b[?2004l\x1b[?25h"
"""No cursor, and pastes that are told from keys; and both as they were."""


def size_of(stream: TextIO) -> tuple[int, int]:
    """Return the columns and rows of the terminal, as they are now."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except OSError:
        return 80, 24
    return (size.columns or 80, size.lines or 24)


def in_foreground(descriptor: int) -> bool:
    """Say whether the terminal behind the descriptor is ours at this moment, and not a shell's or another command's."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


def in_one_frame(text: str) -> str:
    """Return the text so that terminals that know how show it whole; others pass that over."""
    return f"\x1b[?2026h{text}\x1b[?2026l"
