"""Where envelopes wait and are claimed; a store is opened by the scheme of its URL."""

from typing import TYPE_CHECKING, Literal, TypeAlias

from dartian_queue.errors import ConfigError, did_you_mean, shown
from dartian_queue.urls import masked, revealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from dartian_queue.clock import Clock
    from dartian_queue.stores.store import Store

__all__ = ["Durability", "open_store"]

Durability: TypeAlias = Literal["power", "process"]
"""What a dispatched job survives: a power cut, or only the death of any process, which is ten times as fast."""

_OURS = ("sqlite", "memory")


def open_store(
    url: str,
    *,
    clock: "Clock | None" = None,
    durability: Durability = "power",
    wait: float = 10.0,
    largest_payload: int = 1024 * 1024,
) -> "Store":
    """Open the store at a path, a ``sqlite:///`` URL with an absolute path, or ``memory:``.

    ``memory://name`` is one store for each name in the process. Other schemes come from entry points of the group
    ``dartian.stores``: functions of the same parameters as this one. ``wait`` bounds, in seconds, how long a locked
    store is waited for. ConfigError for a URL that cannot be understood, StoreError for a store that cannot be used.
    """
    if durability not in ("power", "process"):
        raise ConfigError(
            f"durability takes 'power' or 'process', not {shown(durability)!r}"
            f"{did_you_mean(str(durability), ['power', 'process'])}"
        )
    url = revealed(url)
    scheme, colon, rest = url.partition(":")
    if not colon or "/" in scheme or "\\" in scheme or scheme == ".":
        scheme, rest = "sqlite", f"//{_absolute(url)}"
    if scheme == "memory":
        from dartian_queue.stores.memory import memory_store

        return memory_store(rest.removeprefix("//"), clock=clock)
    if scheme == "sqlite":
        from dartian_queue.stores.sqlite import SqliteStore

        return SqliteStore(
            _path_in(url, rest),
            clock=clock,
            durability="FULL" if durability == "power" else "NORMAL",
            wait=wait,
            largest_payload=largest_payload,
        )
    return _from_entry_point(scheme)(
        url, clock=clock, durability=durability, wait=wait, largest_payload=largest_payload
    )


def _path_in(url: str, rest: str) -> str:
    path = rest[2:] if rest.startswith("///") else ""
    if not path or path.endswith("/") or "\0" in path or path == "/:memory:":
        raise ConfigError(
            f"Store {shown(masked(url))!r} is not understood: sqlite:// takes an absolute path, with three slashes\n"
            f"Write sqlite:///data/queue.sqlite3, a plain path, or memory: for a store that nobody keeps."
        )
    return path


def _absolute(path: str) -> str:
    import os

    if not path or "\0" in path or path.endswith("/"):
        raise ConfigError(f"Store {shown(path)!r} is not the path of a file, such as storage/queue.sqlite3")
    return os.path.abspath(path)


def _from_entry_point(scheme: str) -> "Callable[..., Store]":
    from importlib.metadata import entry_points

    offered = entry_points(group="dartian.stores")
    found = [point for point in offered if point.name == scheme]
    if not found:
        known = sorted({*_OURS, *offered.names})
        raise ConfigError(
            f"No store is known for {shown(scheme)!r}{did_you_mean(scheme, known)}\n"
            f"Set QUEUE_STORE, or store= in config/queue.py, to a path, or to a URL of one of {', '.join(known)}."
        )
    opener: Callable[..., Store] = found[0].load()
    return opener
