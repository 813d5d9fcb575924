"""``dartian queue:pause``: let no more jobs begin, on some queues or on all."""

from typing import Annotated

import typer

from dartian_cli import application, ui
from dartian_cli.completion import sources
from dartian_cli.flags import AsJson, ConnectionName
from dartian_cli.queues import parse_switch, pauses, remark_unknown, say_pauses

__all__ = ["EXAMPLES", "queue_pause"]

EXAMPLES = ("dartian queue:pause media mail", "dartian queue:pause --all")


def queue_pause(
    queues: Annotated[
        list[str] | None,
        typer.Argument(metavar="[QUEUE...]", help="The queues to pause.", autocompletion=sources.queues),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Pause all, with a switch of its own.")] = False,
    connection: ConnectionName = None,
    json: AsJson = False,
) -> None:
    """Let no more jobs begin, on some queues or on all.

    Live workers notice at once; what runs goes on. The switch for all and the pauses of single queues are separate:
    each is undone by itself.
    """
    named = parse_switch("pause", queues or [], every=every)
    chosen = application.storing_connection(connection, f"queue:pause {' '.join(named) or '--all'} --connection")
    store = application.reachable_store(chosen)
    if named:
        remark_unknown(named, store.counts())
    store.pause(named)
    counts = store.counts()
    if json:
        ui.emit(pauses(counts))
    else:
        say_pauses(counts)
