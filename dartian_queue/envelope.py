"""A job as data, ready to be stored. Knows no job class and no store."""

import os

import msgspec

from dartian_queue.options import Limits

__all__ = ["DEFAULT_QUEUE", "Envelope", "new_id"]

DEFAULT_QUEUE = "default"


class Envelope(msgspec.Struct, frozen=True):
    """What dispatch hands to a driver, and a claim hands to an isolate."""

    id: str
    name: str
    payload: str
    """The fields as a JSON object."""
    queue: str = DEFAULT_QUEUE
    priority: int = 0
    tags: tuple[str, ...] = ()
    delay: float = 0.0
    """Seconds after the store's own now, where ``available_at`` is None."""
    available_at: float | None = None
    """Seconds of the wall clock, where the moment was given by the caller."""
    limits: Limits = Limits()
    origin: str = ""
    """The process that dispatched it, where it keeps a companion that will finish its jobs; else empty."""


def new_id() -> str:
    """Return a new id: 20 hexadecimal digits, random, so that the first few already tell jobs apart."""
    return os.urandom(10).hex()
