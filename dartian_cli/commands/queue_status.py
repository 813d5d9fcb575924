"""``dartian queue:status``: how much waits, runs and has failed in each queue, how far what runs is, and who works."""

import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from dartian_cli import application, ui
from dartian_cli.amounts import parse_seconds
from dartian_cli.display.choice import is_live_terminal
from dartian_cli.errors import Usage
from dartian_cli.flags import AsJson, ConnectionName
from dartian_cli.status import Rows, Status
from dartian_queue.errors import StoreBusy
from dartian_queue.settings import Connection

if TYPE_CHECKING:
    from dartian_cli.display.screen import Screen

__all__ = ["EXAMPLES", "queue_status"]

EXAMPLES = ("dartian queue:status", "dartian queue:status --watch", "dartian queue:status --json")

_SHARE = 0.1
"""The most of the time that looking may take: counting millions of jobs takes longer, and is done less often."""
_LONGEST_PAUSE = 10.0


def queue_status(
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C or q.")] = False,
    every: Annotated[
        str | None, typer.Option("--every", metavar="SECONDS", help="With --watch: how often; else each second.")
    ] = None,
    connection: ConnectionName = None,
    json: AsJson = False,
) -> None:
    """Show what waits, runs and has failed, and who works."""
    if every is not None and not watch:
        raise Usage("--every says how often to look again, which --watch does\nWrite dartian queue:status --watch")
    interval = 1.0 if every is None else parse_seconds("--every", every)
    if interval < 0.1:
        raise Usage(f"--every takes 0.1 seconds or more, not {interval:g}")
    chosen = application.storing_connection(connection, "queue:status --connection")
    try:
        if not watch:
            _tell(chosen, json=json)
        elif is_live_terminal() and not json:
            _watch(chosen, interval)
        else:
            _repeat(chosen, interval, json=json)
    except KeyboardInterrupt:
        if not watch:
            raise


def _tell(connection: Connection, *, json: bool) -> None:
    store = application.sought_store(connection)
    status = Status(connection, store, explained=True)
    if json:
        ui.emit(status.data())
    else:
        status.show(Rows())


def _repeat(connection: Connection, interval: float, *, json: bool) -> None:
    """Print one look after the other: a line of JSON each, or the tables with an empty line between them."""
    is_first = True
    while True:
        try:
            status, pause = _look(connection, interval)
        except StoreBusy as error:
            ui.note(str(error))
            continue
        if json:
            ui.emit_line(status.data())
        else:
            tables = ui.printed(partial(status.show, Rows()))
            print("\n".join(tables if is_first else ["", *tables]), flush=True)
        is_first = False
        time.sleep(pause)


def _watch(connection: Connection, interval: float) -> None:
    """Paint one look over the other."""
    from dartian_cli.display.screen import Screen

    screen = Screen()
    with screen.opened():
        while True:
            pause = interval
            try:
                status, pause = _look(connection, interval)
                paint = partial(_paint, screen, status)
            except StoreBusy as error:
                paint = partial(screen.paint, str(error).splitlines())
            paint()
            if not screen.wait(pause, paint):
                return


def _paint(screen: "Screen", status: Status) -> None:
    rows = _rows_for(screen.size()[1])
    screen.paint(ui.printed(partial(status.show, rows)))


def _look(connection: Connection, interval: float) -> tuple[Status, float]:
    """Return what there is now, and after how many seconds to look again."""
    began_at = time.monotonic()
    status = Status(connection, application.existing_store(connection), explained=False)
    took = time.monotonic() - began_at
    return status, max(interval - took, min(took / _SHARE, _LONGEST_PAUSE))


def _rows_for(height: int) -> Rows:
    """Share a terminal's rows out among the tables, so that none of them is pushed out."""
    room = max(height - 13, 4)
    queues, running = max(room // 3, 1), max(room // 2, 1)
    return Rows(queues, running, max(room - queues - running, 1))
