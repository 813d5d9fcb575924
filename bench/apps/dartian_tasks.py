"""Dartian, dispatched from the tasks of an event loop."""

from bench.jobs import Noop
from bench.marks import PAD
from dartian_queue import dispatch


async def send(sent_at: int) -> None:
    await dispatch(Noop(sent_at, PAD))
