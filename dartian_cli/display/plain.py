"""The worker's events as text, one line an event: for logs, pipes and terminals that cannot do more. Stable."""

import sys
from typing import TextIO

from dartian_cli import ui, wording
from dartian_cli.display.code_changes import list_of, loaded_text
from dartian_cli.display.output import output_lines
from dartian_queue.events import (
    AttemptEnded,
    AttemptStarted,
    CodeChange,
    Event,
    JobOutput,
    JobProgress,
    Notice,
    WorkerPaused,
    WorkerReady,
    WorkerStopped,
    WorkerStopping,
)

__all__ = ["PlainDisplay"]

_STYLES: dict[str, ui.Style] = {
    "done": "green",
    "retry": "yellow",
    "failed": "red",
    "crashed": "red",
    "error": "red",
    "warning": "yellow",
    "held": "yellow",
    "broken": "red",
    "lost": "yellow",
}
_PROGRESS_PAUSE = 5.0
"""Seconds between two lines of one job's progress."""
_WIDEST_NAME = 32


class PlainDisplay:
    """Writes ``2026-11-24 03:04:05  done      ProcessPodcast  #7f3a  media  0.31s``."""

    interval = 0.25

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._names = 14
        self._second = (0, "")
        self._told: dict[str, float] = {}
        """When the progress of each running job was last written."""

    def watch(self, event: Event) -> None:
        """Write one event."""
        for word, text in self._lines(event):
            word = ui.styled(f"{word:<8}", _STYLES.get(word, ""), self._stream)
            self._stream.write(f"{self._time(event.at)}  {word}  {text.rstrip()}\n")

    def tick(self) -> None:
        """Let what was written be seen."""
        self._stream.flush()

    def close(self) -> None:
        """Let the last lines be seen."""
        self._stream.flush()

    def give_back(self) -> None:
        """Nothing was taken: lines need no terminal."""

    def go_on(self) -> None:
        """Nothing is needed."""

    def _time(self, at: float) -> str:
        if int(at) != self._second[0]:
            self._second = (int(at), wording.moment(at))
        return self._second[1]

    def _lines(self, event: Event) -> list[tuple[str, str]]:
        """Return the lines of an event, each as its word and its text."""
        match event:
            case AttemptStarted():
                tried = f"  try {_of(event.attempt, event.tries)}" if event.attempt > 1 else ""
                return [("started", f"{self._job(event)}  {ui.escaped(event.queue)}{tried}")]
            case AttemptEnded():
                self._told.pop(event.id, None)
                return [(ui.escaped(event.outcome), f"{self._job(event)}  {ui.escaped(event.queue)}  {_ending(event)}")]
            case JobProgress():
                return self._progress(event)
            case JobOutput():
                return [("output", f"{self._job(event)}  | {line}") for line in output_lines(event.text)]
            case Notice():
                return [(ui.escaped(event.level), line) for line in output_lines(event.text)]
            case WorkerReady():
                return [("ready", _ready(event))]
            case CodeChange():
                return _code(event)
            case WorkerPaused():
                paused = ("paused", "this worker takes no new jobs; those that run go on")
                return [paused if event.paused else ("resumed", "this worker takes jobs again")]
            case WorkerStopping():
                grace = f", up to {event.grace:g} s for {wording.of(event.running, 'job')}" if event.running else ""
                return [("stopping", f"{ui.escaped(event.reason)}{grace}")]
            case WorkerStopped():
                counts = f"done {event.done}, retried {event.retried}, failed {event.failed}, put back {event.released}"
                return [("stopped", f"{ui.escaped(event.reason)}: {counts}")]

    def _progress(self, event: JobProgress) -> list[tuple[str, str]]:
        if event.at - self._told.get(event.id, 0.0) < _PROGRESS_PAUSE:
            return []
        self._told[event.id] = event.at
        total = f" of {wording.count(event.total)}" if event.total is not None else ""
        note = f"  {ui.escaped(event.note)}" if event.note else ""
        return [("progress", f"{self._job(event)}  {wording.count(event.done)}{total}{note}")]

    def _job(self, event: AttemptStarted | AttemptEnded | JobProgress | JobOutput) -> str:
        name = ui.escaped(event.name)
        size = ui.cells(name)
        if size > self._names:
            self._names = min(size, _WIDEST_NAME)
        identity = f"#{ui.escaped(wording.short_id(event.id))}" if event.id else ""
        return f"{name}{' ' * (self._names - size)}  {identity:<5}"


def _ready(event: WorkerReady) -> str:
    queues = ", ".join(ui.escaped(queue) for queue in event.queues) or "all queues"
    parts = [
        f"{ui.escaped(event.connection)} {ui.escaped(event.store)}",
        queues,
        wording.of(event.isolates, "isolate"),
        f"{wording.of(event.jobs, 'job')} known",
    ]
    if event.plain_isolates:
        parts.append(f"isolates started plainly: {ui.escaped(event.plain_isolates)}")
    return ", ".join(parts)


def _code(event: CodeChange) -> list[tuple[str, str]]:
    match event.state:
        case "edited" if event.files:
            how = "dartian queue:restart loads it anew, --watch by itself"
            return [("edited", f"{list_of(event.files)}: {how}")]
        case "edited":
            return [("edited", "nothing any more: the files are as they were loaded")]
        case "loading":
            return [("loading", list_of(event.files) or "all code")]
        case "loaded":
            return [("loaded", loaded_text(event))]
        case _:
            lines = (*output_lines(event.error), "the code that was loaded before goes on")
            return [("broken", line) for line in lines]


def _ending(event: AttemptEnded) -> str:
    parts = [f"{wording.stopwatch(event.duration):>6}"]
    if event.outcome == "retry":
        parts.append(f"try {_of(event.attempt + 1, event.tries)} in {wording.duration(event.delay)}")
    elif event.delay:
        parts.append(f"again in {wording.duration(event.delay)}")
    if event.error is not None:
        message = " ".join(event.error.message.split())
        parts.append(ui.escaped(f"{event.error.type}: {message}" if message else event.error.type))
        parts.append(ui.escaped(event.error.where))
    elif event.reason:
        parts.append(ui.escaped(event.reason))
    if event.outcome == "failed":
        parts.append(f"dartian queue:retry {ui.escaped(wording.short_id(event.id))}")
    return "  ".join(filter(None, parts))


def _of(attempt: int, tries: int) -> str:
    return f"{attempt} of {tries}" if tries else str(attempt)
