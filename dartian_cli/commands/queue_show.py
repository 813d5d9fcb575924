"""``dartian queue:show``: the whole history of one job, with its fields and the errors of all its attempts."""

from typing import Annotated

import typer

from dartian_cli import application, ids, stuck, ui
from dartian_cli.completion import sources
from dartian_cli.flags import AsJson, ConnectionName
from dartian_cli.job_sheet import sheet_data, show_sheet
from dartian_queue.errors import shown
from dartian_queue.states import State

__all__ = ["EXAMPLES", "queue_show"]

EXAMPLES = ("dartian queue:show 7f2e", "dartian queue:show 7f2e --all", "dartian queue:show 7f2e --json")


def queue_show(
    job: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The job's id, or its first characters.",
            autocompletion=sources.ids(State.RUNNING, State.FAILED, State.WAITING, State.CANCELLED, State.DONE),
        ),
    ],
    all_frames: Annotated[bool, typer.Option("--all", help="All frames of tracebacks, not only your own.")] = False,
    connection: ConnectionName = None,
    json: AsJson = False,
) -> None:
    """Show one job's whole history."""
    chosen = application.storing_connection(connection, f"queue:show {shown(job)} --connection")
    store = application.sought_store(chosen)
    found = ids.job_named(store, job, look="To see what failed: dartian queue:failed")
    workers = store.workers() if store is not None and found.state is State.RUNNING else []
    holder = next((worker for worker in workers if worker.holder == found.holder), None)
    unknown = stuck.is_unknown(found)
    if json:
        ui.emit({**sheet_data(found, holder), "unknown_name": unknown})
    else:
        show_sheet(found, holder, unknown=unknown, all_frames=all_frames)
