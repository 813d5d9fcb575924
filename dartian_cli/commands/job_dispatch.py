"""``dartian job:dispatch``: put one job on its queue by hand. It never starts a companion: a worker runs the job."""

from typing import Annotated

import typer

from dartian_cli import application, ui, wording
from dartian_cli.amounts import parse_backoff, parse_delay, parse_seconds
from dartian_cli.arguments import make_job
from dartian_cli.completion import sources
from dartian_cli.flags import AsJson, ConnectionName, FieldValues, RegisteredJob
from dartian_cli.queues import say_pauses, served
from dartian_queue import config
from dartian_queue.dispatch import dispatch
from dartian_queue.job import options_of
from dartian_queue.receipt import Receipt
from dartian_queue.remarks import leave_unserved
from dartian_queue.stores.store import Store, WorkerInfo

__all__ = ["EXAMPLES", "job_dispatch"]

EXAMPLES = (
    "dartian job:dispatch ProcessPodcast podcast_id=123",
    "dartian job:dispatch ProcessPodcast podcast_id=123 --queue media --delay 10m",
)


def job_dispatch(
    name: RegisteredJob,
    fields: FieldValues = None,
    connection: ConnectionName = None,
    queue: Annotated[
        str | None,
        typer.Option(metavar="QUEUE", help="The queue, instead of the class's.", autocompletion=sources.queues),
    ] = None,
    priority: Annotated[int | None, typer.Option(metavar="N", help="Higher runs first.")] = None,
    delay: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Seconds, 10m, 2h, or a moment with its time zone.")
    ] = None,
    tries: Annotated[int | None, typer.Option(metavar="N", help="How often it may fail; 0 is without bound.")] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="Seconds that an attempt may take; 0 is without bound.")
    ] = None,
    backoff: Annotated[
        str | None, typer.Option(metavar="DELAYS", help="Waits between tries: 3, 3,10,60 or exponential:3:600.")
    ] = None,
    own_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="An id of your own; the same one again is a duplicate.")
    ] = None,
    tags: Annotated[str | None, typer.Option(metavar="TAG,...", help="Tags, separated by commas.")] = None,
    json: AsJson = False,
) -> None:
    """Put a job on its queue by hand."""
    config.configure(companion=False)
    leave_unserved()
    settings = config.current()
    cls = application.load_jobs(settings).get(name)
    job = make_job(cls, name, fields or [], settings.config.max_payload)
    chosen = application.connection_named(connection or options_of(cls).connection)
    receipt = dispatch(
        job,
        connection=chosen.name,
        queue=queue,
        priority=priority,
        delay=None if delay is None else parse_delay("--delay", delay),
        tries=tries,
        timeout=None if timeout is None else parse_seconds("--timeout", timeout),
        backoff=None if backoff is None else parse_backoff("--backoff", backoff),
        id=own_id,
        tags=None if tags is None else [tag.strip() for tag in tags.split(",")],
    ).stored()
    store = None if chosen.driver == "sync" else application.existing_store(chosen)
    worker = None if store is None else _worker_for(store, receipt.queue)
    if json:
        ui.emit(_facts(receipt, name, worker))
    elif store is None:
        ui.say(
            f"{_title(receipt, name)} has run here, at once: the connection {ui.escaped(chosen.name)} stores nothing."
        )
    else:
        _tell(receipt, name, store, worker)
        say_pauses(served(store.counts(), (receipt.queue,)))


def _worker_for(store: Store, queue: str) -> WorkerInfo | None:
    """Return a live worker that serves the queue; another process's companion serves only its owner."""
    serving = (worker for worker in store.workers() if not worker.queues or queue in worker.queues)
    return next((worker for worker in serving if not worker.companion_of), None)


def _title(receipt: Receipt, name: str) -> str:
    return f"{ui.escaped(name)} {ui.styled(ui.escaped(receipt.id), 'bold')}"


def _tell(receipt: Receipt, name: str, store: Store, worker: WorkerInfo | None) -> None:
    title = _title(receipt, name)
    if receipt.duplicate:
        ui.say(f"{title} is stored already; nothing was added.")
    else:
        ui.say(f"{title} is stored on the queue {ui.escaped(receipt.queue)}{_due(receipt, store)}.")
    if worker is not None:
        ui.say(f"The worker {ui.escaped(worker.name or str(worker.pid))} serves it.")
    else:
        ui.say("No live worker serves it. To run it: dartian queue:work")


def _due(receipt: Receipt, store: Store) -> str:
    """Return in how long the job may run, empty where that is now."""
    found = store.find(receipt.id)
    wait = found[0].available_at - found[0].dispatched_at if found else 0.0
    return f", due in {wording.duration(wait)}" if wait >= 0.5 else ""


def _facts(receipt: Receipt, name: str, worker: WorkerInfo | None) -> dict[str, object]:
    return {
        "id": receipt.id,
        "name": name,
        "queue": receipt.queue,
        "connection": receipt.connection,
        "duplicate": receipt.duplicate,
        "worker": worker.pid if worker is not None else None,
    }
