"""``dartian queue:monitor``: exit 1 when a queue is too long or too late, for cron jobs and health checks."""

from typing import Annotated

import msgspec
import typer

from dartian_cli import application, ui, wording
from dartian_cli.amounts import parse_seconds
from dartian_cli.completion import sources
from dartian_cli.flags import AsJson, ConnectionName
from dartian_cli.queues import parse_queues, remark_unknown
from dartian_queue import config
from dartian_queue.errors import StoreError
from dartian_queue.stores.store import QueueCounts

__all__ = ["EXAMPLES", "queue_monitor"]

EXAMPLES = (
    "dartian queue:monitor",
    "dartian queue:monitor media mail --max 200 --max-age 5m",
    "dartian queue:monitor --json",
)


def queue_monitor(
    queues: Annotated[
        list[str] | None,
        typer.Argument(metavar="[QUEUE...]", help="The queues to look at; else all.", autocompletion=sources.queues),
    ] = None,
    most: Annotated[
        int, typer.Option("--max", metavar="N", min=0, help="Alert when more jobs are due or held.")
    ] = 1000,
    max_age: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="Alert when a job has been due for longer: 90, 5m.")
    ] = None,
    connection: ConnectionName = None,
    json: AsJson = False,
) -> int:
    """Exit 1 when a queue is too long or too late.

    Jobs that are scheduled for later do not count. A queue without jobs is well; a store that is not there is exit 4.
    """
    named = parse_queues("QUEUE", queues or [])
    oldest = None if max_age is None else parse_seconds("--max-age", max_age)
    chosen = application.storing_connection(connection, "queue:monitor --connection")
    store = application.existing_store(chosen)
    if store is None:
        found_by = config.current().root_from
        raise StoreError(
            f"{application.absence(chosen)}\n"
            f"The root was found by {found_by}. For another: cd there, or set DARTIAN_ROOT or QUEUE_STORE."
        )
    counts = store.counts()
    known = {queue.queue: queue for queue in counts.queues}
    remark_unknown(named, counts)
    watched = [known.get(name, QueueCounts(name)) for name in named] or list(counts.queues)
    alerts = {queue.queue: _alerts(queue, most, oldest) for queue in watched}
    if json:
        rows = [{**msgspec.to_builtins(queue), "alerts": alerts[queue.queue]} for queue in watched]
        ui.emit({"connection": chosen.name, "alert": any(alerts.values()), "queues": rows})
    elif not watched:
        ui.say("No jobs: all is well.")
    else:
        _show(watched, alerts)
    return 1 if any(alerts.values()) else 0


def _alerts(queue: QueueCounts, most: int, oldest: float | None) -> list[str]:
    """Return what is wrong with a queue: ``size``, ``age``, both or nothing."""
    too_long = queue.ready + queue.held > most
    too_late = oldest is not None and queue.oldest is not None and queue.oldest > oldest
    return [name for name, is_so in (("size", too_long), ("age", too_late)) if is_so]


def _show(watched: list[QueueCounts], alerts: dict[str, list[str]]) -> None:
    rows: list[list[ui.Cell]] = []
    for queue in watched:
        wrong = alerts[queue.queue]
        rows.append(
            [
                (f"{queue.queue} (paused)" if queue.paused else queue.queue, "bold"),
                wording.count(queue.ready),
                wording.count(queue.held),
                wording.count(queue.scheduled),
                wording.count(queue.running),
                wording.duration(queue.oldest) if queue.ready and queue.oldest is not None else "",
                (f"ALERT: {' and '.join(wrong)}", "red") if wrong else ("ok", "green"),
            ]
        )
    ui.table(("queue", "due", "held", "scheduled", "running", "oldest", ""), rows, right=range(1, 6), gives=(0,))
