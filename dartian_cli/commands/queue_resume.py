"""``dartian queue:resume``: let jobs begin again where they were paused."""

from typing import Annotated

import typer

from dartian_cli import application, ui
from dartian_cli.completion import sources
from dartian_cli.flags import AsJson, ConnectionName
from dartian_cli.queues import parse_switch, pauses, say_pauses
from dartian_queue.errors import did_you_mean
from dartian_queue.stores.store import Counts, QueueCounts

__all__ = ["EXAMPLES", "queue_resume"]

EXAMPLES = ("dartian queue:resume media mail", "dartian queue:resume --all")

_NOTHING = Counts((), QueueCounts("*"))


def queue_resume(
    queues: Annotated[
        list[str] | None,
        typer.Argument(metavar="[QUEUE...]", help="The queues to resume.", autocompletion=sources.queues),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Undo queue:pause --all.")] = False,
    connection: ConnectionName = None,
    json: AsJson = False,
) -> None:
    """Let jobs begin again where they were paused.

    --all undoes the switch for all, and no pause of a single queue.
    """
    named = parse_switch("resume", queues or [], every=every)
    chosen = application.storing_connection(connection, f"queue:resume {' '.join(named) or '--all'} --connection")
    store = application.sought_store(chosen)
    before = store.counts() if store else _NOTHING
    if store:
        store.resume(named)
    after = store.counts() if store else _NOTHING
    if json:
        ui.emit(pauses(after))
        return
    _say_resumed(named, before)
    say_pauses(after)


def _say_resumed(named: tuple[str, ...], before: Counts) -> None:
    if not named:
        ui.say("All queues go on." if before.total.paused else "The switch for all was not set.")
    for queue in named:
        if queue in before.paused:
            ui.say(f"{queue} is not paused any more.")
        else:
            near = did_you_mean(queue, before.paused)
            ui.say(f"{queue} was not paused{near or '.'}")
