"""What Dartian says to the person before whose eyes a program dispatches: a few words on its standard error.

Nothing here is an error, and nothing depends on its being read.
"""

import contextlib
import sys
from collections.abc import Sequence

from dartian_queue.envelope import Envelope
from dartian_queue.errors import shown
from dartian_queue.stores.store import Store

__all__ = ["leave_unserved", "remark", "remark_unserved"]

_unserved_is_told = False


def remark(text: str) -> None:
    """Say something on standard error, where there is one."""
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison] # it is None under pythonw and daemons
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"dartian: {text}\n")
            sys.stderr.flush()


def remark_unserved(store: Store, envelopes: Sequence[Envelope]) -> None:
    """Say on a terminal where these jobs wait, if no live worker serves their queues: once in a process."""
    global _unserved_is_told
    if _unserved_is_told or not _on_terminal():
        return
    unserved = [envelope for envelope in envelopes if not store.served(envelope.queue)]
    if not unserved:
        return
    _unserved_is_told = True
    first, others = unserved[0], len(unserved) - 1
    jobs = f"{shown(first.name)} {shown(first.id)}" + (f" and {others} more" if others else "")
    verb, them = ("wait", "them") if others else ("waits", "it")
    place = shown(store.url.removeprefix("sqlite://"), 200)
    remark(
        f"no worker is live, so {jobs} {verb} on the queue {shown(first.queue)} in {place}; "
        f"`dartian queue:work` runs {them}"
    )


def leave_unserved() -> None:
    """Say nothing of that in this process: somebody says it in words of their own."""
    global _unserved_is_told
    _unserved_is_told = True


def _on_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # none, or one that was closed
        return False
