"""A stored traceback as the author of a job wants it: the frames of the application's own code. It prints nothing."""

import os
import re

import dartian_cli
import dartian_queue

__all__ = ["own_frames"]

_OURS = tuple(os.path.dirname(str(module.__file__)) + os.sep for module in (dartian_cli, dartian_queue))
_FRAME = re.compile(r'  File "(?P<file>.*)", line \d+, in ')


def own_frames(text: str, root: str, *, all_frames: bool) -> tuple[list[str], int]:
    """Return the lines of a stored traceback, and how many frames were left out: those outside the application.

    All frames stay where none is the application's, or where ``all_frames`` are wanted.
    """
    lines = text.rstrip().splitlines()
    frames = [_FRAME.match(line) for line in lines]
    own = [frame is not None and _is_own(frame["file"], root) for frame in frames]
    if all_frames or not any(own):
        return lines, 0
    kept: list[str] = []
    left_out, skips = 0, False
    for line, frame, is_own in zip(lines, frames, own, strict=True):
        if frame is not None:
            skips = not is_own
            left_out += skips
        elif not line.startswith("    "):  # the end of the frames, and what was raised
            skips = False
        if not skips:
            kept.append(line)
    return kept, left_out


def _is_own(file: str, root: str) -> bool:
    return file.startswith(root + os.sep) and not file.startswith(_OURS) and "site-packages" not in file
