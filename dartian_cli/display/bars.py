"""How far a job is and how fast the worker, as bars and figures that fit their columns. Whatever the numbers are."""

import math
from collections.abc import Sequence

from dartian_cli import wording
from dartian_cli.display.strip import Strip
from dartian_queue.events import JobProgress
from dartian_queue.stores.store import ProgressReport

__all__ = ["add_bar", "bar_text", "progress_of", "rate_text", "sparkline"]

_SPARKS = "▁▂▃▄▅▆▇█"


def add_bar(line: Strip, fraction: float | None, size: int) -> None:
    """Draw a bar that is filled up to a fraction, to the half of a column; empty where that is not known."""
    if fraction is None:
        line.add("─" * size, "dim")
        return
    halves = round(fraction * size * 2)
    line.add("━" * (halves // 2) + "╸" * (halves % 2), "green")
    line.add("─" * (size - halves // 2 - halves % 2), "dim")


def bar_text(fraction: float | None, size: int) -> str:
    """Return such a bar without its styles."""
    line = Strip(size)
    add_bar(line, fraction, size)
    return line.text


def progress_of(progress: JobProgress | ProgressReport | None) -> tuple[float | None, str]:
    """Return how far a job is, from 0 to 1 where that can be said, and the figure to show."""
    if progress is None or not math.isfinite(progress.done):
        return None, "·"
    if progress.total is None or not math.isfinite(progress.total) or progress.total <= 0:
        return None, _short_count(progress.done)
    fraction = min(max(progress.done / progress.total, 0.0), 1.0)
    return fraction, f"{int(fraction * 100)}%"


def _short_count(number: float) -> str:
    """Return a count in at most four columns."""
    for unit in ("", "k", "M", "G"):
        if abs(number) < (10_000 if not unit else 1000):
            return f"{number:.0f}{unit}"
        number /= 1000
    return "many"


def rate_text(rate: float) -> str:
    """Return jobs a second: ``41/s``, ``0.4/s``."""
    return f"{wording.count(round(rate))}/s" if rate >= 10 or rate == 0 else f"{rate:.1f}/s"


def sparkline(rates: Sequence[float]) -> str:
    """Return one block for each rate, the highest being the tallest."""
    top = max(rates, default=0.0) or 1.0
    return "".join(_SPARKS[round(max(rate, 0.0) / top * (len(_SPARKS) - 1))] for rate in rates)
