"""Whether the configuration says what it was meant to say: misspelt variables, and values that work against each other.

That it can be read at all was found before.
"""

from collections.abc import Iterator

from dartian_cli.checks.findings import warning
from dartian_cli.wording import duration
from dartian_queue.delays import seconds
from dartian_queue.errors import shown
from dartian_queue.settings import Config, Connection, Settings
from dartian_queue.stores.store import Check, Finding
from dartian_queue.variables import unread_variables

__all__ = ["of_durations", "of_stores", "of_variables"]

_DEFAULTS = Config()


def of_variables(settings: Settings) -> Check:
    """Check the variables of the environment and of .env for names that are nearly ours."""
    found = [warning(*unread) for unread in unread_variables(settings.root)]
    return Check("every variable of the environment is known", tuple(found))


def of_durations(settings: Settings) -> Check:
    """Check durations that somebody chose against each other; the defaults are as they should be."""
    config = settings.config
    timeout, grace = seconds("timeout", config.timeout), seconds("grace", config.grace)
    found: list[Finding] = []
    chosen = (config.timeout, config.grace) != (_DEFAULTS.timeout, _DEFAULTS.grace)
    if chosen and (timeout == 0 or timeout > grace):
        bound = "without bound" if timeout == 0 else duration(timeout)
        what = f"Jobs may run {bound}, and have {duration(grace)} when a worker stops"
        why = "A job that is cut off begins anew at its next attempt, which costs no try, but its time."
        wanted = f"{timeout:g}" if timeout else "a number above your longest job"
        found.append(warning(what, why, f"grace={wanted} in config/queue.py"))
    if 0 < seconds("failed_kept", config.failed_kept) < 3600:
        what = f"Failed jobs are kept for {duration(seconds('failed_kept', config.failed_kept))}"
        why = "They are gone before anybody can look at them or retry them."
        found.append(warning(what, why, "failed_kept=7 * 24 * 3600 in config/queue.py"))
    stored = [connection for connection in settings.connections.values() if connection.driver != "sync"]
    found += [finding for connection in stored for finding in _of_connection(connection, config)]
    return Check("the durations fit each other", tuple(found))


def _of_connection(connection: Connection, config: Config) -> Iterator[Finding]:
    poll = seconds("poll", connection.poll)
    if poll > seconds("lease", config.lease):
        what = f"The connection {connection.name!r} polls every {duration(poll)}"
        why = "Where a wake-up is lost a job waits so long, and a due retry too."
        yield warning(what, why, "poll=1.0 in config/queue.py")
    if connection.companion and not seconds("drain_timeout", connection.drain_timeout):
        what = f"The connection {connection.name!r} starts companions, and gives them no time: drain_timeout=0"
        why = "What a script has dispatched is not finished when the script ends; it stays stored."
        yield warning(what, why, "companion=False, or another drain_timeout, in config/queue.py")


def of_stores(settings: Settings) -> Check:
    """Check whether two connections that somebody configured share one store."""
    owners: dict[str, list[str]] = {}
    for name in settings.config.connections:
        connection = settings.connections[name]
        if connection.driver != "sync":
            owners.setdefault(settings.store_place(connection), []).append(name)
    found = tuple(
        warning(
            f"The connections {', '.join(map(shown, names))} share one store",
            "A worker of one runs the jobs of the others too, with its own timeout and tries.",
            "give each a store= of its own, or queues and queue:work --queue",
        )
        for names in owners.values()
        if len(names) > 1
    )
    return Check("every connection has a store of its own", found)
