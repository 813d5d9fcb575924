"""``dartian queue:cancel``: take jobs back, those that wait at once, those that run by asking their worker."""

from typing import Annotated

import typer

from dartian_cli import application, ids, ui, wording
from dartian_cli.completion import sources
from dartian_cli.flags import AsJson, ConnectionName
from dartian_queue.errors import shown
from dartian_queue.states import State

__all__ = ["EXAMPLES", "queue_cancel"]

EXAMPLES = ("dartian queue:cancel 7f2e", "dartian queue:cancel 7f2e 81c0 --json")


def queue_cancel(
    jobs: Annotated[
        list[str],
        typer.Argument(
            metavar="ID...",
            help="Ids, or their first characters.",
            autocompletion=sources.ids(State.RUNNING, State.WAITING),
        ),
    ],
    connection: ConnectionName = None,
    json: AsJson = False,
) -> None:
    """Take jobs back that wait or run.

    A job that waits is cancelled at once. One that runs is asked to end (context.cancelled), and ended with its
    process where it does not within a few seconds. queue:retry puts a cancelled job back.
    """
    chosen = application.storing_connection(connection, f"queue:cancel {shown(' '.join(jobs))} --connection")
    store = application.sought_store(chosen)
    found = ids.jobs_named(
        store,
        jobs,
        (State.WAITING, State.RUNNING),
        rule="only what waits or runs can be cancelled\nTo see it: dartian queue:show {id}",
        look="To see what waits: dartian queue:status",
    )
    had = store.cancel([job.envelope.id for job in found]) if store else {}
    cancelled = [identity for identity, state in had.items() if state is State.WAITING]
    asked = [identity for identity, state in had.items() if state is State.RUNNING]
    ended = [identity for identity in had if identity not in (*cancelled, *asked)]
    if json:
        ui.emit({"cancelled": cancelled, "asked": asked, "ended": ended})
        return
    if cancelled:
        ui.say(f"{wording.of(len(cancelled), 'job')} cancelled.", "green")
    if asked:
        ui.say(f"{wording.of(len(asked), 'running job')} asked to end; its worker ends it if it does not by itself.")
        ui.say(f"To see what became of it: dartian queue:show {ui.escaped(wording.short_id(asked[0]))}", "dim")
    if ended:
        ui.say(f"{wording.of(len(ended), 'job')} had ended before it could be cancelled.")
