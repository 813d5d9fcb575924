"""Draw a board as lines that fit a terminal, and no more: where they are painted is the region's affair.

It remembers the sizes that it has used, so that nothing jumps when a job with a short name ends.
"""

import math
from itertools import chain

from dartian_cli import wording
from dartian_cli.display.bars import add_bar, progress_of, rate_text, sparkline
from dartian_cli.display.board import Attempt, Board, attempt_of
from dartian_cli.display.code_changes import code_text
from dartian_cli.display.columns import WIDE, Columns
from dartian_cli.display.finished import finished_rows, try_text
from dartian_cli.display.reading import Reading
from dartian_cli.display.strip import Strip, fill
from dartian_cli.ui import Style, cells
from dartian_queue.events import AttemptEnded, AttemptStarted, JobProgress
from dartian_queue.stores.store import Counts

__all__ = ["Picture"]

_SPARK_LENGTH = 12
_NOTE = 18
"""So many columns are kept for the note of a running job, as soon as its bar has ten."""
_FRAME = 4
"""The header and three rules."""
_SETTLE = 3.0
"""Seconds until a row that nobody needs any more is given up."""


class Picture:
    """The display's lines, drawn anew for each frame."""

    def __init__(self, connection: str, store: str) -> None:
        self.connection = connection
        self.store = store
        self._columns = Columns()
        self._rows = 1
        self._rows_needed_at = 0.0
        self.shown: list[Attempt] = []
        """The attempts whose rows were drawn last, from the top."""

    def draw(
        self,
        board: Board,
        depth: Counts | None,
        now: float,
        columns: int,
        rows: int,
        chosen: Attempt | None = None,
    ) -> list[Strip]:
        """Return the lines for a terminal of this size, whose last column and a third of whose rows stay free."""
        width, budget = columns - 1, _budget(rows)
        self._columns.chosen, self.shown = chosen, []
        if budget < _FRAME + 2 or width < 30:
            return [self._summary(board, depth, width)][: max(rows - 1, 0)]
        shown = self._running_rows(board, now, budget - _FRAME - 1)
        room = budget - _FRAME - shown
        self._grow_columns(board, room, width)
        lines = [self._header(board, depth, now, width)]
        if board.stopped is None:
            lines += [_rule("running", width), *self._running(board, depth, shown, now, width)]
        lines += [_rule("finished", width), *self._finished(board, room, now, width)]
        lines.append(self._summary(board, depth, width))
        return lines

    def draw_output(
        self, board: Board, depth: Counts | None, now: float, columns: int, rows: int, reading: Reading
    ) -> list[Strip]:
        """Return as many lines as ``draw`` at most, with the output of one job where all jobs were."""
        width, budget = columns - 1, _budget(rows)
        self._columns.chosen = None
        reading.look(board)
        event = reading.event
        self._columns.grow([event], width)
        if isinstance(event, AttemptEnded):
            head = finished_rows(event, self._columns, now, width)
        elif reading.is_known:
            head = [self._running_row(event, board.progress.get(event.id), now, width)]
        else:
            gone = self._columns.begin(Strip(width).add("  "), event)
            head = [gone.add("has ended, and is no longer among the last", "dim")]
        room = budget - len(head) - _FRAME + 1
        if room < 1 or width < 30:
            return [self._summary(board, depth, width)][: max(rows - 1, 0)]
        body = reading.rows(room, width)
        return [
            self._header(board, depth, now, width),
            *head,
            _rule("output", width),
            *body,
            self._summary(board, depth, width),
        ]

    def _running_rows(self, board: Board, now: float, most: int) -> int:
        """Return how many rows the running jobs get: more at once where they are needed, fewer only after a while."""
        needed = max(len(board.running), 1)
        if needed >= self._rows or not 0 <= now - self._rows_needed_at < _SETTLE:
            self._rows = needed
            self._rows_needed_at = now
        return max(min(self._rows, most - 2), 1)

    def _grow_columns(self, board: Board, room: int, width: int) -> None:
        ended = [*list(board.done)[-room:], *list(board.troubled)[-room:]]
        self._columns.grow(chain(board.running[: self._rows], ended), width)

    def _header(self, board: Board, depth: Counts | None, now: float, width: int) -> Strip:
        if board.stopping is not None and board.stopped is None:
            return Strip(width).add(f" {_stopping(board, now)}", "yellow")
        right = f"up {wording.clock_time(now - board.since)}"
        if board.stopped is None and (state := _state(board, depth)):
            return Strip(width).add(f" {state}", "yellow")
        if board.stopped is not None:
            right = f"stopped after {wording.duration(board.stopped.at - board.since)}"
        elif board.ready is None:
            right = "importing the application"
        else:
            right += f" · {wording.of(board.ready.isolates, 'isolate')}"
            if width >= WIDE:
                queues = ", ".join(board.ready.queues) or "all queues"
                right = f"{queues} · {wording.of(board.ready.jobs, 'job')} known · {right}"
        line = Strip(width).add(" ").add("dartian queue:work", "bold")
        place = f" · {self.connection} · {self.store}"
        room = max(line.room - cells(right) - 2, 0)
        line.add(place, "dim", size=min(cells(place), room))
        return fill(line, " ", until=width - cells(right)).add(right, "dim")

    def _running(self, board: Board, depth: Counts | None, shown: int, now: float, width: int) -> list[Strip]:
        running = board.running
        if not running:
            is_paused = board.is_paused or (depth is not None and depth.total.paused)
            is_waiting = board.ready is not None and board.stopping is None and not is_paused
            idle = "waiting for jobs" if is_waiting else ""
            return [Strip(width).add(f"  {idle}", "dim"), *(Strip(width) for _ in range(shown - 1))]
        hidden = len(running) - shown if shown > 1 else 0
        visible = running[: shown - 1 if hidden > 0 else shown]
        self.shown += map(attempt_of, visible)
        lines = [self._running_row(event, board.progress.get(event.id), now, width) for event in visible]
        if hidden > 0:
            lines.append(Strip(width).add(f"  and {hidden + 1} more", "dim"))
        return lines + [Strip(width) for _ in range(shown - len(lines))]

    def _running_row(self, event: AttemptStarted, progress: JobProgress | None, now: float, width: int) -> Strip:
        line = self._columns.begin(self._columns.margin(event, width), event)
        if width >= 64:
            line.add(event.queue, "dim", size=self._columns.queues).add("  ")
        if width >= WIDE and event.attempt > 1:
            line.add(try_text(event.attempt, event.tries), "yellow").add("  ")
        time = wording.stopwatch(now - event.at)
        rest = line.room - 8
        if rest >= 16:
            bar = min(max(min(rest // 2, rest - 8 - _NOTE), 10), 34) if width >= 50 else rest - 6
            fraction, figure = progress_of(progress)
            add_bar(line, fraction, bar)
            line.add("  ").add(figure, size=4, right=True).add("  ")
        note = progress.note if progress else ""
        line.add(note, "dim", size=max(line.room - 8, 0))
        return fill(line, " ", until=width - 8).add(time, "cyan", size=8, right=True)

    def _finished(self, board: Board, room: int, now: float, width: int) -> list[Strip]:
        """Return rows of what ended last, newest first; half of the room is kept for what did not end in done."""
        chosen: list[tuple[AttemptEnded, list[Strip]]] = []
        left = max(room - len(board.done), (room + 1) // 2)
        for event in reversed(board.troubled):
            rows = finished_rows(event, self._columns, now, width)
            if len(rows) > left:
                break
            left -= len(rows)
            chosen.append((event, rows))
        left = room - sum(len(rows) for _, rows in chosen)
        done = list(board.done)[-left:] if left else []
        chosen += [(event, finished_rows(event, self._columns, now, width)) for event in reversed(done)]
        chosen.sort(key=lambda entry: entry[0].at, reverse=True)
        self.shown += (attempt_of(event) for event, _ in chosen)
        return [row for _, rows in chosen for row in rows]

    def _summary(self, board: Board, depth: Counts | None, width: int) -> Strip:
        counts = board.counts
        line = Strip(width).add("─ ", "dim").add(f"done {wording.count(counts['done'])}", "green")
        parts: list[tuple[str, Style]] = [
            (f"retried {wording.count(counts['retry'])}", "yellow" if counts["retry"] else ""),
            (f"failed {wording.count(counts['failed'])}", "red" if counts["failed"] else ""),
        ]
        if depth is not None:
            total = depth.total
            oldest = f" (oldest {wording.duration(total.oldest)})" if total.ready and total.oldest is not None else ""
            parts.append((f"waiting {wording.count(total.waiting)}{oldest}", ""))
        rare = (outcome for outcome in ("crashed", "held", "lost", "released", "cancelled") if counts[outcome])
        parts.extend((f"{outcome} {wording.count(counts[outcome])}", "yellow") for outcome in rare)
        parts.append((rate_text(board.rate), ""))
        for text, style in parts:
            if line.room >= cells(text) + 4:
                line.add(" · ", "dim").add(text, style)
        if any(board.rates) and line.room >= 8:
            line.add(" ").add(sparkline(list(board.rates)[-min(line.room - 3, _SPARK_LENGTH) :]), "cyan")
        return fill(line.add(" "), "─", "dim")


def _budget(rows: int) -> int:
    """Return how many of a terminal's rows are drawn on."""
    return max(rows * 2 // 3, min(rows - 1, 8))


def _rule(title: str, width: int) -> Strip:
    return fill(Strip(width).add(f"─ {title} ", "dim"), "─", "dim")


def _state(board: Board, depth: Counts | None) -> str:
    """Return what is unusual about a worker that goes on, and what to type; empty for nothing."""
    code = "" if board.code is None else code_text(board.code)
    if board.is_paused and not code:
        return "paused: no new jobs begin here, those that run go on; p resumes"
    paused = "paused; p resumes" if board.is_paused else "" if depth is None else _pauses(depth)
    return " · ".join(filter(None, (paused, code)))


def _pauses(depth: Counts) -> str:
    if depth.total.paused:
        return "all queues are paused; dartian queue:resume --all"
    if not depth.paused:
        return ""
    return f"paused: {', '.join(depth.paused)}; dartian queue:resume {' '.join(depth.paused)}"


def _stopping(board: Board, now: float) -> str:
    stopping = board.stopping
    if stopping is None:
        return ""
    if not board.running:
        return "stopping"
    left = math.ceil(max(stopping.at + stopping.grace - now, 0))
    text = f"stopping: {len(board.running)} running, {left} s left"
    return f"{text}; Ctrl-C again stops at once" if stopping.reason == "signal" else text
