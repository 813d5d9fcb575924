"""``dartian queue:failed``: the jobs that have failed, each with its last error and the place where it happened."""

import time
from typing import Annotated

import typer

from dartian_cli import application, ui, wording
from dartian_cli.flags import AsJson, ConnectionName, NameFilter, QueueFilter
from dartian_cli.queues import remark_unknown
from dartian_cli.stored import errors_of, payload_of
from dartian_queue.states import State
from dartian_queue.stores.store import StoredJob

__all__ = ["EXAMPLES", "queue_failed"]

EXAMPLES = ("dartian queue:failed", "dartian queue:failed --name ImportCsv --limit 5", "dartian queue:failed --json")

_SHORTEST_ID = 4
_MOST = 1_000_000


def queue_failed(
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=_MOST, help="How many, the latest first.")
    ] = 20,
    queue: QueueFilter = None,
    name: NameFilter = None,
    connection: ConnectionName = None,
    json: AsJson = False,
) -> None:
    """List the jobs that have failed."""
    chosen = application.storing_connection(connection, "queue:failed --connection")
    store = application.sought_store(chosen)
    jobs = store.jobs(state=State.FAILED, queue=queue, name=name, limit=limit + 1, newest_first=True) if store else []
    if json:
        ui.emit([_facts(job) for job in jobs[:limit]])
        return
    held = bool(store and store.jobs(held=True, queue=queue, name=name, limit=1))
    if not jobs:
        if store and queue is not None:
            remark_unknown([queue], store.counts())
        ui.say("No job has failed." if queue is None and name is None else "No such job has failed.")
    else:
        _show_page(jobs, limit)
    if held:
        ui.say("Jobs are held, since no worker can load them. To see why: dartian queue:status", "yellow")


def _show_page(jobs: list[StoredJob], limit: int) -> None:
    _show(jobs[:limit])
    ui.say()
    if len(jobs) > limit:
        ui.say(f"There are more: dartian queue:failed --limit {min(limit * 10, _MOST)}", "dim")
    ui.say("To see one in full: dartian queue:show ID", "dim")
    ui.say("To try again: dartian queue:retry ID, or dartian queue:retry all", "dim")


def _show(jobs: list[StoredJob]) -> None:
    length = _telling_length([job.envelope.id for job in jobs])
    now = time.time()
    rows: list[list[ui.Cell]] = []
    for job in jobs:
        envelope = job.envelope
        error = job.errors[-1] if job.errors else None
        message = " ".join(error.message.split()) if error else job.failed_reason
        rows.append(
            [
                (envelope.id[:length] if wording.short_id(envelope.id) != envelope.id else envelope.id, "bold"),
                envelope.name,
                envelope.queue,
                str(job.tries),
                f"{wording.duration(now - (job.settled_at or now))} ago",
                (f"{error.type}: {message}" if error and message else error.type if error else message, "red"),
            ]
        )
        if error and error.where:
            rows.append(["", (error.where, "cyan")])
    ui.table(("id", "job", "queue", "tries", "failed", "error"), rows, right=(3,), gives=(1, 2, 5))


def _telling_length(ids: list[str]) -> int:
    """Return how many characters of the ids are enough to tell these jobs apart."""
    length = _SHORTEST_ID
    while length < 64 and len({identity[:length] for identity in ids}) < len(ids):
        length += 1
    return length


def _facts(job: StoredJob) -> dict[str, object]:
    envelope = job.envelope
    return {
        "id": envelope.id,
        "name": envelope.name,
        "queue": envelope.queue,
        "priority": envelope.priority,
        "tags": list(envelope.tags),
        "tries": job.tries,
        "crashes": job.crashes,
        "reason": job.failed_reason,
        "dispatched_at": job.dispatched_at,
        "failed_at": job.settled_at,
        "payload": payload_of(job),
        "errors": errors_of(job),
    }
