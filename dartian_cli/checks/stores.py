"""Whether the stores can be reached and are sound; what exactly is looked at is each store's own matter."""

from dartian_cli import application
from dartian_cli.checks.findings import failed
from dartian_queue.errors import ConfigError, StoreError, shown
from dartian_queue.settings import Connection
from dartian_queue.stores.store import Check

__all__ = ["of_store"]


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
