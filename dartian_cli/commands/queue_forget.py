"""``dartian queue:forget``: delete jobs that have ended, for good."""

from typing import Annotated

import typer

from dartian_cli import application, ids, ui, wording
from dartian_cli.completion import sources
from dartian_cli.consent import has_consent
from dartian_cli.flags import AsJson, ConnectionName, Yes
from dartian_queue.errors import shown
from dartian_queue.states import FINAL, State

__all__ = ["EXAMPLES", "queue_forget"]

EXAMPLES = ("dartian queue:forget 7f2e", "dartian queue:forget 7f2e 81c0 --yes")


def queue_forget(
    jobs: Annotated[
        list[str],
        typer.Argument(
            metavar="ID...",
            help="Ids, or their first characters.",
            autocompletion=sources.ids(State.FAILED, State.CANCELLED, State.DONE),
        ),
    ],
    connection: ConnectionName = None,
    yes: Yes = False,
    json: AsJson = False,
) -> int:
    """Delete jobs that have ended, for good."""
    chosen = application.storing_connection(connection, f"queue:forget {shown(' '.join(jobs))} --connection")
    store = application.sought_store(chosen)
    found = ids.jobs_named(
        store,
        jobs,
        FINAL,
        rule="only what has ended can be forgotten\nTo take it back first: dartian queue:cancel {id}",
        look="To see what failed: dartian queue:failed",
    )
    names = ", ".join(f"{ui.escaped(job.envelope.name)} {wording.short_id(job.envelope.id)}" for job in found[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    if not has_consent(f"Delete {names}{more} for good?", yes=yes):
        return 1
    forgotten = store.forget([job.envelope.id for job in found]) if store else []
    if json:
        ui.emit({"forgotten": forgotten})
    else:
        ui.say(f"{wording.of(len(forgotten), 'job')} deleted.", "green")
    return 0
