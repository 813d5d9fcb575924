"""What jobs print, as lines that may be shown: their colours dropped, and nothing that a terminal obeys."""

import re

from dartian_cli.ui import escaped

__all__ = ["output_lines"]

_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")


def output_lines(text: str) -> list[str]:
    """Return the lines of a job's output; of a line that was written over and over, such as a bar, the last state."""
    if "\x1b" in text:
        text = _COLOURS.sub("", text)
    lines = text.removesuffix("\n").split("\n")
    return [escaped(line.rstrip("\r").rpartition("\r")[2].expandtabs()) for line in lines]
