"""The application around the command line: its connections, its jobs, its stores. It never runs or changes a job."""

import os
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder

from dartian_cli import ui
from dartian_cli.errors import Usage
from dartian_queue import config
from dartian_queue.delays import seconds
from dartian_queue.errors import ConfigError, did_you_mean, shown
from dartian_queue.options import QUEUE
from dartian_queue.registry import Registry, load_application
from dartian_queue.settings import DRIVERS, Connection, Settings
from dartian_queue.stores import open_store
from dartian_queue.stores.store import NameCounts, Store
from dartian_queue.urls import masked

__all__ = [
    "absence",
    "connection_named",
    "existing_store",
    "existing_stores",
    "load_jobs",
    "reachable_store",
    "refuse_memory",
    "shown_store",
    "sought_store",
    "storing_connection",
    "storing_connections",
    "unfinished",
]


def load_jobs(settings: Settings) -> Registry:
    """Import the application's jobs as a worker does: its import paths, then boot(), then the packages."""
    for path in reversed(settings.import_paths):
        if path not in sys.path:
            sys.path.insert(0, path)
    return load_application(settings)


def connection_named(name: str | None, otherwise: str = "") -> Connection:
    """Return the connection of that name, or the default one; Usage if there is none, ConfigError for memory.

    ``otherwise`` says what else may have been meant, where there is none and none with a name like it.
    """
    settings = config.current()
    connection = settings.default if name is None else _named(name, settings, otherwise)
    refuse_memory(connection)
    return connection


def _named(name: str, settings: Settings, otherwise: str) -> Connection:
    try:
        return settings.connection(name)
    except ConfigError:
        known = sorted({*settings.connections, *DRIVERS})
        near = did_you_mean(name, known)
        more = "" if near else otherwise
        raise Usage(
            f"there is no connection '{shown(masked(name))}'{near}\nThere are: {', '.join(known)}{more}"
        ) from None


def refuse_memory(connection: Connection) -> None:
    """Raise ConfigError for a store in memory: a command would see one of its own, and lose what it adds."""
    name, store = connection.name, connection.store
    if connection.driver != "sync" and store.startswith("memory:"):
        raise ConfigError(
            f"the connection {name!r} has the store {shown(store)!r}, which ends with its process\n"
            f"Neither a command nor a worker could see the jobs of another process.\n"
            f"Set QUEUE_STORE, or store= in config/queue.py, to a path such as storage/queue.sqlite3."
        )


def storing_connection(name: str | None, command: str) -> Connection:
    """Return the connection of that name, or the default one; Usage if it stores nothing.

    ``command`` is what to type before the name of another connection.
    """
    is_queue = name is not None and not command.endswith("--connection") and QUEUE.fullmatch(name)
    connection = connection_named(name, f"\nFor a queue: dartian {command} --queue {name}" if is_queue else "")
    if connection.driver != "sync":
        return connection
    settings = config.current()
    others = sorted(other.name for other in settings.connections.values() if other.driver != "sync") or ["isolate"]
    chosen = "" if name else f" (chosen by {settings.default_from})"
    raise Usage(
        f"the connection {connection.name!r}{chosen} runs jobs where they are dispatched, so nothing waits there\n"
        f"For one that stores jobs: dartian {command} {others[0]}"
    )


def storing_connections(settings: Settings) -> list[Connection]:
    """Return the connections that store jobs, one for each store: the default one, and those that are configured."""
    named = [settings.default, *(settings.connections[name] for name in settings.config.connections)]
    by_store: dict[str, Connection] = {}
    for connection in named:
        if connection.driver != "sync":
            by_store.setdefault(settings.store_place(connection), connection)
    return list(by_store.values())


def existing_stores(settings: Settings) -> Iterator[Store]:
    """Yield every store of the application that is there; none is made, and none in memory is one."""
    for connection in storing_connections(settings):
        store = None if connection.store.startswith("memory:") else existing_store(connection)
        if store is not None:
            yield store


def unfinished(settings: Settings) -> dict[str, NameCounts]:
    """Return how many jobs wait and run under each name, in all stores that are there."""
    found: dict[str, NameCounts] = {}
    for one in (one for store in existing_stores(settings) for one in store.unfinished()):
        others = found.get(one.name, NameCounts(one.name))
        found[one.name] = NameCounts(one.name, others.waiting + one.waiting, others.running + one.running)
    return found


def existing_store(connection: Connection, patience: float | None = None) -> Store | None:
    """Return the connection's store; None where its file does not exist, since nothing was dispatched yet.

    ``patience`` is as in ``reachable_store``.
    """
    return None if _is_missing(connection) else _open(connection, patience)


def sought_store(connection: Connection) -> Store | None:
    """Return the connection's store; None where its file does not exist, which standard error then says."""
    store = existing_store(connection)
    if store is None:
        ui.note(absence(connection))
    return store


def absence(connection: Connection) -> str:
    """Return, as one line, that the connection's store is not there, and where it was looked for."""
    place = shown(str(config.current().store_url(connection)), 200)
    return (
        f"No store is at {place}: nothing was dispatched yet, or the application lies elsewhere, "
        f"or runs with another QUEUE_STORE."
    )


def reachable_store(connection: Connection, patience: float | None = None) -> Store:
    """Return the connection's store, made if it does not exist; StoreError if it cannot be used.

    ConfigError where one would be made in a folder that is no application: it would only lie there.
    ``patience`` is how long a locked store is waited for, in seconds, where the connection's own wait is too long.
    """
    if _is_missing(connection):
        _refuse_elsewhere(config.current())
    store = _open(connection, patience)
    store.workers()
    return store


def shown_store(connection: Connection) -> str:
    """Return where the store is, for people: below the root as it is configured, a password hidden."""
    settings = config.current()
    url = str(settings.store_url(connection))
    prefix = f"{settings.root}{os.sep}"
    return url.removeprefix(prefix)


def _is_missing(connection: Connection) -> bool:
    """Say whether the connection's store is a file that is not there."""
    path = config.current().store_file(connection)
    return path is not None and not os.path.exists(path)


def _refuse_elsewhere(settings: Settings) -> None:
    """Raise ConfigError where there is neither a configuration nor anything that could be the jobs; imports nothing."""
    import_paths = [*settings.import_paths, *sys.path]
    if settings.config_file or any(PathFinder.find_spec(jobs.split(".")[0], import_paths) for jobs in settings.jobs):
        return
    place, jobs = shown(settings.root, 1000), shown(settings.jobs[0])
    raise ConfigError(
        f"{place} is no application: it has neither config/queue.py nor {jobs}\n"
        f"Go to the root of one, or start one: dartian new PATH"
    )


def _open(connection: Connection, patience: float | None) -> Store:
    settings = config.current()
    wait = seconds("wait", connection.wait) if patience is None else patience
    largest = settings.config.max_payload
    return open_store(
        settings.store_url(connection), wait=wait, durability=connection.durability, largest_payload=largest
    )
