"""``dartian queue:status``: how much waits, runs and has failed in each queue, and which workers live."""

import time

import msgspec

from dartian_cli import application, stuck, ui, wording
from dartian_cli.flags import AsJson, ConnectionName
from dartian_cli.queues import pauses, say_pauses
from dartian_cli.stored import worker_data
from dartian_queue.stores.store import Counts, QueueCounts, WorkerInfo

__all__ = ["EXAMPLES", "queue_status"]

EXAMPLES = ("dartian queue:status", "dartian queue:status --json")

_NUMBERS = ("ready", "scheduled", "held", "running", "done", "failed", "cancelled")


def queue_status(connection: ConnectionName = None, json: AsJson = False) -> None:
    """Show what waits, runs and has failed, and who works."""
    chosen = application.storing_connection(connection, "queue:status --connection")
    store = application.existing_store(chosen)
    if store is None:
        ui.note(application.absence(chosen))
    counts = store.counts() if store else Counts((), QueueCounts("*"))
    workers = store.workers() if store else []
    held = stuck.held_jobs(store) if store and counts.total.held else []
    unknown = stuck.unknown_names(store, counts) if store else []
    if json:
        ui.emit(
            {
                "connection": chosen.name,
                "store": application.shown_store(chosen),
                "queues": msgspec.to_builtins(counts.queues),
                "total": msgspec.to_builtins(counts.total),
                "paused": pauses(counts),
                "held": [stuck.held_data(job) for job in held],
                "unknown_names": unknown,
                "workers": [worker_data(worker) for worker in workers],
            }
        )
        return
    ui.say(f"{ui.escaped(chosen.name)} · {ui.escaped(application.shown_store(chosen))}", "bold")
    ui.say()
    if store is None or not counts.queues:
        ui.say("No jobs. The store is made when the first one is dispatched." if store is None else "No jobs.")
    else:
        _show_queues(counts)
    say_pauses(counts)
    stuck.show(held, counts.total.held, unknown)
    ui.say()
    _show_workers(workers, counts.total)


def _show_queues(counts: Counts) -> None:
    used = [name for name in _NUMBERS if name in ("ready", "running", "failed") or getattr(counts.total, name)]
    rows = [_row(queue, used, queue.queue in counts.paused) for queue in counts.queues]
    if len(counts.queues) > 1:
        rows.append(_row(msgspec.structs.replace(counts.total, queue="in all"), used, counts.total.paused))
    ui.table(["queue", *used, "oldest"], rows, right=range(1, len(used) + 2), gives=(0,))


def _row(queue: QueueCounts, used: list[str], paused: bool) -> list[ui.Cell]:
    name = f"{queue.queue} (paused)" if paused else queue.queue
    row: list[ui.Cell] = [(name, "yellow" if paused else "bold")]
    for state in used:
        number: int = getattr(queue, state)
        row.append((wording.count(number), "red" if state == "failed" and number else "" if number else "dim"))
    row.append(wording.duration(queue.oldest) if queue.ready and queue.oldest is not None else "")
    return row


def _show_workers(workers: list[WorkerInfo], total: QueueCounts) -> None:
    if not workers:
        ui.say("No live worker." + (" To run what waits: dartian queue:work" if total.waiting else ""))
    else:
        rows = [
            (
                worker.name or f"pid {worker.pid}",
                str(worker.pid),
                ", ".join(worker.queues) or "all queues",
                str(worker.isolates),
                wording.clock_time(time.time() - worker.started_at),
                f"companion of {worker.companion_of}" if worker.companion_of else "",
            )
            for worker in workers
        ]
        ui.table(("worker", "pid", "serves", "isolates", "up", ""), rows, right=(1, 3, 4), gives=(0, 2))
    if total.failed:
        ui.say()
        ui.say("To see what failed: dartian queue:failed", "dim")
