"""The rows of an attempt that has ended: what came of it, where it went wrong, and the command that tries again."""

from dartian_cli import wording
from dartian_cli.display.columns import WIDE, Columns
from dartian_cli.display.strip import Strip, fill
from dartian_cli.ui import Style, cells, cut_front, escaped
from dartian_queue.events import AttemptEnded

__all__ = ["finished_rows", "try_text"]

_MARKS: dict[str, tuple[str, Style]] = {
    "done": ("✔", "green"),
    "retry": ("↻", "yellow"),
    "failed": ("✘", "red"),
    "crashed": ("✘", "yellow"),
    "held": ("‖", "yellow"),
    "released": ("↩", "dim"),
    "cancelled": ("⊘", "dim"),
    "lost": ("?", "yellow"),
}
_LEAST_MESSAGE = 24
"""A message of fewer columns than this is not cut for the sake of one line: what follows it goes to a second."""


def finished_rows(event: AttemptEnded, columns: Columns, now: float, width: int) -> list[Strip]:
    """Return one row, or two where the place and the remedy do not fit beside the message."""
    mark, style = _MARKS.get(event.outcome, ("·", ""))
    line = columns.begin(columns.margin(event, width).add(mark, style).add(" "), event)
    if width >= WIDE:
        line.add(event.queue, "dim", size=columns.queues).add("  ")
    if event.outcome == "done":
        return [_with_age(_done(line, event), event, now)]
    if again := _again(event):
        line.add(again, "yellow").add("  ")
    what = _what(event)
    where = event.error.where if event.error else ""
    remedy = f"dartian queue:retry {wording.short_id(event.id)}" if event.outcome == "failed" else ""
    tail = "  ".join(filter(None, (where, remedy)))
    if not tail:
        return [_with_age(line.add(what, style), event, now)]
    room = max(line.room - cells(tail) - 2, 0)
    if room >= min(cells(what), _LEAST_MESSAGE):
        line.add(what, style, size=min(cells(what), room)).add("  ")
        return [_with_age(_with_tail(line, where, remedy), event, now)]
    return [line.add(what, style), _with_tail(Strip(width).add("      "), where, remedy)]


def try_text(attempt: int, tries: int) -> str:
    """Return which try it is: ``try 2 of 5``."""
    return f"try {attempt} of {tries}" if tries else f"try {attempt}"


def _done(line: Strip, event: AttemptEnded) -> Strip:
    line.add(wording.stopwatch(event.duration), size=6, right=True)
    return line.add("  ").add(try_text(event.attempt, event.tries), "dim") if event.attempt > 1 else line


def _with_tail(line: Strip, where: str, remedy: str) -> Strip:
    """Add the place and the remedy; what does not fit is the front of the place, whose end says file and line."""
    behind = f"  {remedy}" if where and remedy else remedy
    line.add(cut_front(escaped(where), line.room - cells(behind)), "cyan")
    return line.add(behind, "bold")


def _with_age(line: Strip, event: AttemptEnded, now: float) -> Strip:
    """Say at the end of a wide line how long ago it was."""
    age = f"{wording.duration(now - event.at)} ago"
    if line.limit < WIDE or line.room < cells(age) + 2:
        return line
    return fill(line, " ", until=line.limit - cells(age)).add(age, "dim")


def _again(event: AttemptEnded) -> str:
    if event.outcome == "retry":
        return f"{try_text(event.attempt + 1, event.tries)} in {wording.duration(event.delay)}"
    if event.outcome in ("released", "held", "crashed"):
        later = f" for {wording.duration(event.delay)}" if event.delay else ""
        return f"{event.outcome}{later}"
    return event.outcome if event.outcome in ("cancelled", "lost") else ""


def _what(event: AttemptEnded) -> str:
    if event.error is None:
        return event.reason
    message = " ".join(event.error.message.split())
    return f"{event.error.type}: {message}" if message else event.error.type
