"""``dartian queue:retry``: put failed and cancelled jobs back, due at once, with all their tries."""

from typing import Annotated

import typer

from dartian_cli import application, ui, wording
from dartian_cli.completion import sources
from dartian_cli.errors import Usage
from dartian_cli.flags import AsJson, ConnectionName, NameFilter, QueueFilter
from dartian_cli.ids import jobs_named
from dartian_cli.queues import remark_unknown, say_pauses
from dartian_queue.errors import shown
from dartian_queue.states import State
from dartian_queue.stores.store import Store

__all__ = ["EXAMPLES", "queue_retry"]

EXAMPLES = ("dartian queue:retry 7f2e", "dartian queue:retry all --name ImportCsv")

_BATCH = 500
_RETRYABLE = (State.FAILED, State.CANCELLED)


def queue_retry(
    ids: Annotated[
        list[str],
        typer.Argument(
            metavar="ID...|all",
            help="Ids, or their first characters; or all that failed.",
            autocompletion=sources.ids(*_RETRYABLE, words=("all",)),
        ),
    ],
    queue: QueueFilter = None,
    name: NameFilter = None,
    connection: ConnectionName = None,
    json: AsJson = False,
) -> None:
    """Put failed jobs back on their queues."""
    if "all" in ids and len(ids) > 1:
        raise Usage("all stands alone: it already means every failed job")
    if "all" not in ids and (queue is not None or name is not None):
        raise Usage("--queue and --name choose among all failed jobs\nWrite: dartian queue:retry all --name ...")
    chosen = application.storing_connection(connection, f"queue:retry {shown(' '.join(ids))} --connection")
    store = application.sought_store(chosen)
    if ids == ["all"]:
        retried = _retry_all(store, queue, name) if store else []
    else:
        rule, look = "only what failed or was cancelled can be retried", "To see what failed: dartian queue:failed"
        found = jobs_named(store, ids, _RETRYABLE, rule=rule, look=look)
        retried = store.retry([job.envelope.id for job in found]) if store else []
    if json:
        ui.emit({"retried": retried})
        return
    if not retried:
        if store and queue is not None:
            remark_unknown([queue], store.counts())
        such = "such " if queue is not None or name is not None else ""
        ui.say(f"No {such}job has failed: there is nothing to retry.")
        return
    ui.say(f"{wording.of(len(retried), 'job')} put back, due now.", "green")
    if store is not None and not store.workers():
        ui.say("No live worker. To run what waits: dartian queue:work")
    if store is not None:
        say_pauses(store.counts())


def _retry_all(store: Store, queue: str | None, name: str | None) -> list[str]:
    retried: list[str] = []
    while jobs := store.jobs(state=State.FAILED, queue=queue, name=name, limit=_BATCH):
        changed = store.retry([job.envelope.id for job in jobs])
        if not changed:
            break
        retried += changed
    return retried
