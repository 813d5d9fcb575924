"""Whether the stores can be reached and are sound; what exactly is looked at is each store's own matter."""

from dartian_cli import application
from dartian_cli.checks.findings import failed
from dartian_queue.errors import ConfigError, StoreError, shown
from dartian_queue.settings import Connection, Settings
from dartian_queue.stores.store import Check

__all__ = ["of_store", "storing_connections"]


def storing_connections(settings: Settings) -> list[Connection]:
    """Return the connections that store jobs, one for each store: the default one, and those that are configured."""
    named = [settings.default, *(settings.connections[name] for name in settings.config.connections)]
    by_store: dict[str, Connection] = {}
    for connection in named:
        if connection.driver != "sync":
            by_store.setdefault(settings.store_place(connection), connection)
    return list(by_store.values())


def of_store(connection: Connection) -> list[Check]:
    """Check one store; a store that was not made yet is as it should be."""
    place = application.shown_store(connection)
    try:
        application.refuse_memory(connection)
        store = application.existing_store(connection)
        if store is None:
            return [Check(f"{shown(place, 200)} is made when the first job is dispatched")]
        return [Check(f"{shown(place, 200)} can be reached"), *store.check()]
    except (ConfigError, StoreError) as error:
        return [failed(f"{shown(place, 200)} can be reached", error)]
