"""``dartian queue:clear``: cancel all that waits."""

from typing import Annotated

import typer

from dartian_cli import application, ui, wording
from dartian_cli.completion import sources
from dartian_cli.consent import has_consent
from dartian_cli.flags import AsJson, ConnectionArgument, Yes
from dartian_cli.queues import parse_queues, remark_unknown
from dartian_queue.states import State
from dartian_queue.stores.store import Store

__all__ = ["EXAMPLES", "queue_clear"]

EXAMPLES = ("dartian queue:clear --queue media", "dartian queue:clear isolate --queue media,mail --yes")


def queue_clear(
    connection: ConnectionArgument = None,
    queue: Annotated[
        str | None,
        typer.Option(
            metavar="A,B", help="Only what waits on these queues; else all.", autocompletion=sources.queue_list
        ),
    ] = None,
    yes: Yes = False,
    json: AsJson = False,
) -> int:
    """Cancel all that waits.

    Jobs that run go on. What was cancelled is kept as long as what failed, and queue:retry puts it back.
    """
    queues = () if queue is None else parse_queues("--queue", [queue])
    chosen = application.storing_connection(connection, "queue:clear")
    store = application.sought_store(chosen)
    number = _waiting(store, queues) if store else 0
    if store and queues and not number:
        remark_unknown(queues, store.counts())
    on = f" on {', '.join(queues)}" if queues else ""
    if number and not has_consent(f"Cancel {wording.of(number, 'waiting job')}{on}?", yes=yes):
        return 1
    cancelled = store.clear(queues) if store and number else 0
    if json:
        ui.emit({"cancelled": cancelled})
    elif cancelled:
        ui.say(f"{wording.of(cancelled, 'job')} cancelled. To put one back: dartian queue:retry ID", "green")
    else:
        ui.say(f"Nothing waits{on}.")
    return 0


def _waiting(store: Store, queues: tuple[str, ...]) -> int:
    if not queues:
        return store.how_many(State.WAITING)
    return sum(store.how_many(State.WAITING, queue=queue) for queue in queues)
