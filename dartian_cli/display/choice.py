"""Which display a worker gets: the live one for a person at a terminal that can show it, else lines of text or JSON."""

import os
import sys
from typing import Literal, TypeAlias

from dartian_cli import application
from dartian_cli.display.display import Display
from dartian_cli.display.terminal import in_foreground
from dartian_cli.display.wishes import Wishes
from dartian_cli.queues import served
from dartian_queue.settings import Connection

__all__ = ["Shape", "display_for", "is_live_terminal"]

_PATIENCE = 0.5
"""Seconds for which the display waits for a locked store: nobody should wait for it."""

Shape: TypeAlias = Literal["live", "plain", "json"]


def is_live_terminal() -> bool:
    """Say whether standard output is a terminal in whose foreground we are, and that can draw."""
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    if "utf" not in (sys.stdout.encoding or "").lower():
        return False
    return in_foreground(sys.stdout.fileno())


def display_for(shape: Shape, connection: Connection, queues: tuple[str, ...], wishes: Wishes) -> Display:
    """Return the display, and import no other."""
    if shape == "json":
        from dartian_cli.display.jsonl import JsonDisplay

        return JsonDisplay()
    if shape == "plain":
        from dartian_cli.display.plain import PlainDisplay

        return PlainDisplay()
    from dartian_cli.display.depth import Depth
    from dartian_cli.display.live import LiveDisplay
    from dartian_cli.display.picture import Picture

    store = application.reachable_store(connection, _PATIENCE)
    depth = Depth(lambda: served(store.counts(), queues), store.close)
    return LiveDisplay(Picture(connection.name, application.shown_store(connection)), depth, wishes)
