"""What waits and cannot run: held jobs, and jobs under names that no class has. It moves none of them."""

import sys
import time
from contextlib import redirect_stdout

from dartian_cli import application, ui, wording
from dartian_queue import config
from dartian_queue.errors import DartianError
from dartian_queue.states import State
from dartian_queue.stores.store import Counts, Store, StoredJob

__all__ = ["held_data", "held_jobs", "is_unknown", "show", "unknown_names"]

_MOST_HELD = 5
_LATE = 10.0
"""Seconds after which a due job is late enough to import the application and see whether its name is known."""


def held_jobs(store: Store) -> list[StoredJob]:
    """Return the jobs that have been held longest, a few of them."""
    return store.jobs(held=True, limit=_MOST_HELD)


def show(held: list[StoredJob], number: int, unknown: list[str]) -> None:
    """Print held jobs with their reasons, ``number`` in all, and unknown names; nothing where there are none."""
    _show_held(held, number)
    if unknown:
        ui.say()
        ui.say(f"No job class is called {', '.join(map(ui.escaped, unknown))}: what waits so is not claimed.", "yellow")
        ui.say("To see what is wrong: dartian doctor", "dim")


def unknown_names(store: Store, counts: Counts) -> list[str]:
    """Return the names under which late jobs wait, and that no class has; none where the jobs cannot be imported."""
    if (counts.total.oldest or 0.0) < _LATE:
        return []
    known = _known_names()
    return [] if known is None else [name for name in store.waiting_names() if name not in known]


def is_unknown(job: StoredJob) -> bool:
    """Return whether a job waits since no class here has its name; a job that is not late is not looked at."""
    if job.state is not State.WAITING or time.time() - job.available_at < _LATE:
        return False
    known = _known_names()
    return known is not None and job.envelope.name not in known


def _known_names() -> frozenset[str] | None:
    try:
        with redirect_stdout(sys.stderr):
            return application.load_jobs(config.current()).known_names()
    except DartianError:
        return None


def _show_held(held: list[StoredJob], number: int) -> None:
    if not held:
        return
    ui.say()
    rows: list[list[ui.Cell]] = [
        [
            (wording.short_id(job.envelope.id), "bold"),
            job.envelope.name,
            job.envelope.queue,
            (" ".join(job.held_reason.split()), "yellow"),
        ]
        for job in held
    ]
    ui.table(("held", "job", "queue", "why"), rows, gives=(1, 2, 3))
    if number > len(held):
        ui.say(f"{wording.count(number - len(held))} more are held.", "dim")


def held_data(job: StoredJob) -> dict[str, object]:
    """Return a held job as data."""
    return {
        "id": job.envelope.id,
        "name": job.envelope.name,
        "queue": job.envelope.queue,
        "reason": job.held_reason,
        "available_at": job.available_at,
    }
