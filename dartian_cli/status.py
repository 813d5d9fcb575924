"""What a store holds at one moment, as queue:status tells it: in tables for people, as data for programs.

It changes nothing, and shows no more rows than it is told.
"""

import time
from typing import NamedTuple

import msgspec

from dartian_cli import application, stuck, ui, wording
from dartian_cli.display.bars import bar_text, progress_of, rate_text
from dartian_cli.queues import pauses, say_pauses
from dartian_cli.stored import progress_data, worker_data
from dartian_queue.settings import Connection
from dartian_queue.states import State
from dartian_queue.stores.store import Counts, QueueCounts, Store, StoredJob, WorkerInfo

__all__ = ["Rows", "Status"]

_NUMBERS = ("ready", "scheduled", "held", "running", "done", "failed", "cancelled")
_WINDOW = 5.0
"""Seconds over which the rate is an average."""
_MOST_RUNNING = 100
_BAR = 10


class Rows(NamedTuple):
    """How many rows of each kind are shown at most."""

    queues: int = 1_000_000
    running: int = 10
    workers: int = 1_000_000


class Status:
    """One look at a store; None is one that nothing was dispatched to yet."""

    def __init__(self, connection: Connection, store: Store | None, *, explained: bool) -> None:
        """Look. ``explained`` means to import the application too, to see which names it lacks."""
        self._connection = connection
        self._store = store
        self._at = time.time()
        self._counts = store.counts() if store else Counts((), QueueCounts("*"))
        self._rate = store.finished(_WINDOW) / _WINDOW if store else 0.0
        self._workers = store.workers() if store else []
        running = self._counts.total.running
        self._running = store.jobs(state=State.RUNNING, limit=_MOST_RUNNING) if store and running else []
        self._held = stuck.held_jobs(store) if store and self._counts.total.held else []
        self._unknown = stuck.unknown_names(store, self._counts) if store and explained else []

    def data(self) -> dict[str, object]:
        """Return all of it as data."""
        return {
            "connection": self._connection.name,
            "store": application.shown_store(self._connection),
            "queues": msgspec.to_builtins(self._counts.queues),
            "total": msgspec.to_builtins(self._counts.total),
            "rate": self._rate,
            "paused": pauses(self._counts),
            "running": [_running_data(job, self._worker_of(job)) for job in self._running],
            "held": [stuck.held_data(job) for job in self._held],
            "unknown_names": self._unknown,
            "workers": [worker_data(worker) for worker in self._workers],
        }

    def show(self, rows: Rows) -> None:
        """Print it."""
        place = f"{ui.escaped(self._connection.name)} · {ui.escaped(application.shown_store(self._connection))}"
        rate = f" · {rate_text(self._rate)}" if self._rate else ""
        ui.say(f"{ui.styled(place, 'bold')}{rate}")
        ui.say()
        if self._store is None or not self._counts.queues:
            made = "The store is made when the first one is dispatched."
            ui.say(f"No jobs. {made}" if self._store is None else "No jobs.")
        else:
            _show_queues(self._counts, rows.queues)
        say_pauses(self._counts)
        if self._running:
            ui.say()
            self._show_running(rows.running)
        stuck.show(self._held, self._counts.total.held, self._unknown)
        ui.say()
        self._show_workers(rows.workers)

    def _worker_of(self, job: StoredJob) -> WorkerInfo | None:
        return next((worker for worker in self._workers if worker.holder == job.holder), None)

    def _show_running(self, most: int) -> None:
        shown = self._running[:most]
        rows = [_running_row(job, self._worker_of(job), self._at) for job in shown]
        headings = ("running", "job", "queue", "try", "time", "progress", "", "")
        ui.table(headings, rows, right=(3, 4, 6), gives=(1, 2, 7))
        _say_more(self._counts.total.running - len(shown))

    def _show_workers(self, most: int) -> None:
        total = self._counts.total
        if not self._workers:
            ui.say("No live worker." + (" To run what waits: dartian queue:work" if total.waiting else ""))
        else:
            rows = [_worker_row(worker, self._at) for worker in self._workers[:most]]
            ui.table(("worker", "pid", "serves", "isolates", "up"), rows, right=(1, 3, 4), gives=(0, 2))
            _say_more(len(self._workers) - most)
        if total.failed:
            ui.say()
            ui.say("To see what failed: dartian queue:failed", "dim")


def _show_queues(counts: Counts, most: int) -> None:
    used = [name for name in _NUMBERS if name in ("ready", "running", "failed") or getattr(counts.total, name)]
    rows = [_queue_row(queue, used, queue.queue in counts.paused) for queue in counts.queues[:most]]
    if len(counts.queues) > most:
        rows.append([(f"and {wording.count(len(counts.queues) - most)} more", "dim"), *("" for _ in used), ""])
    if len(counts.queues) > 1:
        rows.append(_queue_row(msgspec.structs.replace(counts.total, queue="in all"), used, counts.total.paused))
    ui.table(["queue", *used, "oldest"], rows, right=range(1, len(used) + 2), gives=(0,))


def _queue_row(queue: QueueCounts, used: list[str], paused: bool) -> list[ui.Cell]:
    name = f"{queue.queue} (paused)" if paused else queue.queue
    row: list[ui.Cell] = [(name, "yellow" if paused else "bold")]
    for state in used:
        number: int = getattr(queue, state)
        row.append((wording.count(number), "red" if state == "failed" and number else "" if number else "dim"))
    row.append(wording.duration(queue.oldest) if queue.ready and queue.oldest is not None else "")
    return row


def _running_row(job: StoredJob, worker: WorkerInfo | None, now: float) -> list[ui.Cell]:
    fraction, figure = progress_of(job.progress)
    note: ui.Cell = (" ".join(job.progress.note.split()), "dim") if job.progress else ""
    if worker is None:
        note = ("no live worker has it", "yellow")
    elif job.cancel_asked:
        note = ("asked to end", "yellow")
    return [
        (wording.short_id(job.envelope.id), "bold"),
        job.envelope.name,
        job.envelope.queue,
        str(job.tries + 1),
        (wording.stopwatch(now - job.claimed_at) if job.claimed_at is not None else "", "cyan"),
        (bar_text(fraction, _BAR), "green" if fraction else "dim"),
        figure,
        note,
    ]


def _running_data(job: StoredJob, worker: WorkerInfo | None) -> dict[str, object]:
    return {
        "id": job.envelope.id,
        "name": job.envelope.name,
        "queue": job.envelope.queue,
        "try": job.tries + 1,
        "claimed_at": job.claimed_at,
        "cancel_asked": job.cancel_asked,
        "worker": worker.name if worker else None,
        "progress": progress_data(job),
    }


def _worker_row(worker: WorkerInfo, now: float) -> list[ui.Cell]:
    return [
        worker.name or f"pid {worker.pid}",
        str(worker.pid),
        ", ".join(worker.queues) or "all queues",
        str(worker.isolates),
        wording.clock_time(now - worker.started_at),
    ]


def _say_more(number: int) -> None:
    if number > 0:
        ui.say(f"and {wording.count(number)} more", "dim")
