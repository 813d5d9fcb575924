"""Dartian, dispatched from code that has no event loop."""

from collections.abc import Sequence

from bench.jobs import Long, Noop
from bench.marks import PAD
from dartian_queue import dispatch, dispatch_many


def send(sent_at: int) -> None:
    dispatch(Noop(sent_at, PAD))


def send_many(stamps: Sequence[int]) -> None:
    dispatch_many([Noop(sent_at, PAD) for sent_at in stamps])


def send_long(seconds: float) -> None:
    dispatch(Long(seconds))
