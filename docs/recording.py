"""Makes the recording of the demo, docs/demo.cast, from a real run: ``python -m docs.recording``.

The demo runs on a pseudo-terminal, in ./demo as `make demo` does it. What it writes is kept with its times, as
asciicast v2: ``asciinema play docs/demo.cast``. Nothing in it is made by hand; only long silences are shortened.
"""

import codecs
import json
import sys
import time
from pathlib import Path

from tests.cli.typing_at import Terminal

__all__ = ["RECORDING", "events", "record"]

RECORDING = Path(__file__).parent / "demo.cast"
ROOT = RECORDING.parents[1]

_PATIENCE = 120.0
_LONGEST_SILENCE = 1.5
"""Seconds to which a longer one is cut."""


class _Demo(Terminal):
    """The demo on a terminal of its own, which remembers what came when."""

    def __init__(self, *arguments: str, columns: int, rows: int) -> None:
        self.arrivals: list[tuple[float, bytes]] = []
        program = (sys.executable, str(ROOT / "examples" / "demo.py"))
        super().__init__(ROOT, *arguments, columns=columns, rows=rows, program=program)

    def read(self, duration: float = 0.1) -> None:
        """Take in what is written within a while."""
        before = len(self.raw)
        super().read(duration)
        if len(self.raw) > before:
            self.arrivals.append((time.monotonic(), self.raw[before:]))


def record(*arguments: str, columns: int = 100, rows: int = 30) -> str:
    """Run the demo, which has to succeed, and return what was seen as an asciicast; ``arguments`` are the demo's."""
    demo = _Demo(*arguments, columns=columns, rows=rows)
    try:
        if demo.end(_PATIENCE):
            sys.exit(f"the demo failed:\n{demo.history}")
    finally:
        demo.close()
    head = {"version": 2, "width": columns, "height": rows, "title": "make demo", "env": {"TERM": "xterm-256color"}}
    return "\n".join([json.dumps(head), *events(demo.arrivals), ""])


def events(arrivals: list[tuple[float, bytes]]) -> list[str]:
    """Return what arrived as the lines of an asciicast: seconds since the start, ``o`` for output, and the text."""
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    lines, seconds, before = list[str](), 0.0, arrivals[0][0]
    for at, data in arrivals:
        seconds += min(at - before, _LONGEST_SILENCE)
        before = at
        lines.append(json.dumps([round(seconds, 2), "o", decode(data)], ensure_ascii=False))
    return lines


if __name__ == "__main__":
    RECORDING.write_text(record())
