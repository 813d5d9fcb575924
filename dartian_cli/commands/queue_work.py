"""``dartian queue:work``: the worker, and whoever watches it: a person, a log or a program."""

import os
from typing import Annotated

import typer

from dartian_cli import application, ui
from dartian_cli.amounts import parse_backoff, parse_seconds
from dartian_cli.completion import sources
from dartian_cli.display.choice import Shape, display_for, is_live_terminal
from dartian_cli.display.leaving import leaving
from dartian_cli.display.watching import Watching
from dartian_cli.display.wishes import Wishes
from dartian_cli.errors import Usage
from dartian_cli.flags import ConnectionArgument
from dartian_cli.queues import parse_queues, remark_pauses, served
from dartian_queue import config
from dartian_queue.options import Limits, parse_limits

__all__ = ["EXAMPLES", "queue_work"]

REAP_INTERVAL = 1.0
"""Seconds between two looks of a worker that is process 1, as in a container, for what has ended without a parent."""

EXAMPLES = (
    "dartian queue:work",
    "dartian queue:work --queue media,default --isolates 4",
    "dartian queue:work --stop-when-empty",
    "dartian queue:work --watch",
)
_SOON, _LATER = 0.2, 2.0
"""Seconds between two looks for edited code: where somebody waits for it to be loaded or told, and elsewhere."""


def queue_work(
    connection: ConnectionArgument = None,
    queue: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="The queues to serve, in this order: media,default. Else all.",
            autocompletion=sources.queue_list,
        ),
    ] = "",
    isolates: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=256, show_default=False, help="How many isolates; else one for each CPU."),
    ] = 0,
    once: Annotated[bool, typer.Option("--once", help="Run one job, then stop.")] = False,
    stop_when_empty: Annotated[bool, typer.Option("--stop-when-empty", help="Stop when no job is due.")] = False,
    max_jobs: Annotated[int, typer.Option(metavar="N", min=0, show_default=False, help="Stop after so many jobs.")] = 0,
    max_time: Annotated[
        str, typer.Option(metavar="SECONDS", show_default=False, help="Stop after this time: seconds, 30m, 2h.")
    ] = "0",
    isolate_jobs: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Replace an isolate after so many jobs.")
    ] = None,
    isolate_age: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="Replace an isolate after this time: seconds, 30m, 2h.")
    ] = None,
    memory: Annotated[int | None, typer.Option(metavar="MB", min=0, help="Megabytes that an isolate may have.")] = None,
    tries: Annotated[
        int | None, typer.Option(metavar="N", help="How often a job may fail that does not say; 0 is without bound.")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="Seconds for an attempt of a job that does not say.")
    ] = None,
    backoff: Annotated[
        str | None, typer.Option(metavar="DELAYS", help="Waits between tries: 3, 3,10,60 or exponential:3:600.")
    ] = None,
    grace: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="Seconds that running jobs get when it is stopped.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Load edited code anew by itself; what runs goes on.")] = False,
    name: Annotated[str, typer.Option(metavar="NAME", help="What queue:status calls this worker.")] = "",
    plain: Annotated[bool, typer.Option("--plain", help="One line an event, also on a terminal.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line (see docs/cli.md).")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only what jobs print, failures and warnings.")] = False,
) -> int:
    """Run the jobs that wait, until stopped.

    Ctrl-C or SIGTERM: no new jobs, the running ones may finish within the grace, the rest is put back untouched.
    A second Ctrl-C stops at once, and loses nothing either.
    """
    _refuse_contradictions(once=once, max_jobs=max_jobs, plain=plain, json=json)
    chosen = application.storing_connection(connection, "queue:work")
    shape: Shape = "json" if json else "live" if not (plain or quiet) and is_live_terminal() else "plain"
    from dartian_queue.aside import Aside
    from dartian_queue.isolates.processes import reap_adopted
    from dartian_queue.worker import Worker
    from dartian_queue.worker_options import WorkerOptions

    options = WorkerOptions(
        queues=parse_queues("--queue", [queue] if queue else []),
        isolates=isolates,
        isolate_jobs=isolate_jobs,
        isolate_age=None if isolate_age is None else parse_seconds("--isolate-age", isolate_age),
        memory=memory,
        once=once,
        stop_when_empty=stop_when_empty,
        max_jobs=max_jobs,
        max_time=parse_seconds("--max-time", max_time),
        grace=None if grace is None else parse_seconds("--grace", grace),
        limits=_limits(tries, timeout, backoff),
        watch=watch,
        edit_interval=_SOON if watch or shape == "live" else _LATER,
        name=name,
    )
    store = application.reachable_store(chosen)
    if shape != "live":  # the live display says it for as long as it is so
        remark_pauses(served(store.counts(), options.queues))
    store.close()
    wishes = Wishes()
    display = Watching(display_for(shape, chosen, options.queues, wishes), quiet=quiet)
    display.when_unseen(lambda: wishes.ask("stop"))
    aside = Aside(display.watch, interval=display.interval, tick=display.tick, close=display.close)
    code = 1
    try:
        with leaving(display.give_back, display.go_on):
            worker = Worker(config.current(), chosen, options, aside.watch)
            wishes.grant_by(worker)
            if os.getpid() == 1:
                worker.call_every(REAP_INTERVAL, reap_adopted)
            code = worker.run()
    finally:
        if not aside.close():
            display.give_back()
            os._exit(code)  # its thread holds standard output, for which the end of Python would wait
    if display.broken:
        ui.complain(display.broken)
    return code


def _refuse_contradictions(*, once: bool, max_jobs: int, plain: bool, json: bool) -> None:
    """Raise Usage for two flags of which only one could be obeyed."""
    if once and max_jobs > 1:
        raise Usage(
            f"--once runs one job, and --max-jobs {max_jobs} runs {max_jobs}: only one of them can hold\n"
            f"For so many jobs: dartian queue:work --max-jobs {max_jobs}"
        )
    if plain and json:
        raise Usage("--plain and --json are two forms of the same lines\nFor programs: dartian queue:work --json")


def _limits(tries: int | None, timeout: str | None, backoff: str | None) -> Limits:
    given: dict[str, object] = {"tries": tries}
    if timeout is not None:
        given["timeout"] = parse_seconds("--timeout", timeout)
    if backoff is not None:
        given["backoff"] = parse_backoff("--backoff", backoff)
    return parse_limits("queue:work", given)
