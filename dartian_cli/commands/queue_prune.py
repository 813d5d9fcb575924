"""``dartian queue:prune``: delete what has ended longer ago than it is kept, as a worker does by itself."""

from typing import Annotated

import typer

from dartian_cli import application, ui, wording
from dartian_cli.amounts import hours_as_seconds
from dartian_cli.consent import has_consent
from dartian_cli.flags import AsJson, ConnectionName, Yes
from dartian_queue import config
from dartian_queue.delays import seconds
from dartian_queue.states import State
from dartian_queue.stores.store import Store

__all__ = ["EXAMPLES", "queue_prune"]

EXAMPLES = ("dartian queue:prune", "dartian queue:prune --hours 24 --done-hours 1 --yes")


def queue_prune(
    hours: Annotated[
        float | None, typer.Option(metavar="N", min=0, help="Keep failed and cancelled jobs so long; else failed_kept.")
    ] = None,
    done_hours: Annotated[
        float | None, typer.Option(metavar="N", min=0, help="Keep done jobs so long; else done_kept.")
    ] = None,
    connection: ConnectionName = None,
    yes: Yes = False,
    json: AsJson = False,
) -> int:
    """Delete what has ended longer ago than it is kept.

    A worker does this by itself, by done_kept and failed_kept of config/queue.py.
    """
    chosen = application.storing_connection(connection, "queue:prune --connection")
    settings = config.current().config
    done = (
        seconds("done_kept", settings.done_kept) if done_hours is None else hours_as_seconds("--done-hours", done_hours)
    )
    failed = seconds("failed_kept", settings.failed_kept) if hours is None else hours_as_seconds("--hours", hours)
    store = application.sought_store(chosen)
    told = _told(store, done, failed) if store else ""
    if told and not has_consent(f"Delete {told} for good?", yes=yes):
        return 1
    deleted = _prune(store, done, failed) if store and told else 0
    if json:
        ui.emit({"deleted": deleted})
    elif deleted:
        ui.say(f"{wording.of(deleted, 'job')} deleted.", "green")
    else:
        ui.say("Nothing has been kept for longer than that: there is nothing to delete.")
    return 0


def _told(store: Store, done: float, failed: float) -> str:
    """Return in words what would go; empty for nothing."""
    kept = ((State.DONE, done), (State.FAILED, failed), (State.CANCELLED, failed))
    numbers = [(state, store.how_many(state, older=older)) for state, older in kept]
    return ", ".join(wording.of(number, f"{state.value} job") for state, number in numbers if number)


def _prune(store: Store, done: float, failed: float) -> int:
    deleted = 0
    while number := store.prune(done=done, failed=failed):
        deleted += number
    return deleted
