"""What a driver is: the one decision that dispatch leaves open.

It never makes envelopes, and never imports the worker.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from dartian_queue.envelope import Envelope
from dartian_queue.job import Job
from dartian_queue.receipt import Delivery

__all__ = ["Driver", "Letter"]


class Letter(msgspec.Struct, frozen=True):
    """A job on its way: the object, and the envelope that was made of it."""

    job: Job
    envelope: Envelope


class Driver(Protocol):
    """Does with jobs what its connection says: run them, or store them."""

    @property
    def stores(self) -> bool:
        """Whether jobs leave this process, so that their classes must be found by name."""
        ...

    def send(self, letters: Sequence[Letter]) -> Delivery:
        """Begin at once with all of them, as one delivery.

        Where no event loop runs in this thread the delivery is done on return; under one this never blocks. A driver
        that stores does so in one transaction: all of the letters or, where the delivery ends in an error, none.
        """
        ...
