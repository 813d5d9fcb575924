"""``dartian queue:flush``: delete the jobs that have failed, for good."""

from typing import Annotated

import typer

from dartian_cli import application, ui, wording
from dartian_cli.amounts import hours_as_seconds
from dartian_cli.consent import has_consent
from dartian_cli.flags import AsJson, ConnectionName, NameFilter, QueueFilter, Yes
from dartian_cli.queues import remark_unknown
from dartian_queue.states import State
from dartian_queue.stores.store import Store

__all__ = ["EXAMPLES", "queue_flush"]

EXAMPLES = ("dartian queue:flush", "dartian queue:flush --hours 48 --name ImportCsv --yes")


def queue_flush(
    hours: Annotated[
        float, typer.Option(metavar="N", min=0, show_default=False, help="Only what failed so long ago, or earlier.")
    ] = 0.0,
    queue: QueueFilter = None,
    name: NameFilter = None,
    connection: ConnectionName = None,
    yes: Yes = False,
    json: AsJson = False,
) -> int:
    """Delete the jobs that have failed, for good."""
    older = hours_as_seconds("--hours", hours)
    chosen = application.storing_connection(connection, "queue:flush --connection")
    store = application.sought_store(chosen)
    number = store.how_many(State.FAILED, queue=queue, name=name, older=older) if store else 0
    if store and queue is not None and not number:
        remark_unknown([queue], store.counts())
    if number and not has_consent(f"Delete {wording.of(number, 'failed job')} for good?", yes=yes):
        return 1
    deleted = _flush(store, older, queue, name) if store and number else 0
    if json:
        ui.emit({"deleted": deleted})
    elif deleted:
        ui.say(f"{wording.of(deleted, 'failed job')} deleted.", "green")
    else:
        chosen_some = queue is not None or name is not None or hours
        ui.say(f"No {'such ' if chosen_some else ''}job has failed: there is nothing to delete.")
    return 0


def _flush(store: Store, older: float, queue: str | None, name: str | None) -> int:
    deleted = 0
    while number := store.flush(older=older, queue=queue, name=name):
        deleted += number
    return deleted
