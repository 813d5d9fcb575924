"""What dispatch does with an envelope, one file for each way."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias, cast

from dartian_queue.forks import importing
from dartian_queue.settings import Connection, Settings

if TYPE_CHECKING:
    from dartian_queue.drivers.driver import Driver

__all__ = ["driver_of"]

_HOMES = {"isolate": "dartian_queue.drivers.isolate", "sync": "dartian_queue.drivers.sync"}

Opener: TypeAlias = "Callable[[Settings, Connection], Driver]"
_openers: "dict[str, Opener]" = {}


def driver_of(settings: Settings, connection: Connection) -> "Driver":
    """Return the driver of a connection; only this one is imported."""
    opener = _openers.get(connection.driver)
    if opener is None:
        with importing:
            opener = cast("Opener", import_module(_HOMES[connection.driver]).open_driver)
        _openers[connection.driver] = opener
    return opener(settings, connection)
