"""What Dartian says to the person before whose eyes a program dispatches: a few words on its standard error.

Nothing here is an error, and nothing depends on its being read.
"""

import contextlib
import os
import sys
from collections.abc import Sequence

from dartian_queue.envelope import Envelope
from dartian_queue.errors import DartianError, shown
from dartian_queue.stores.store import Store

__all__ = ["leave_unserved", "remark", "remark_unserved"]

_unserved_is_told = False
_no_terminal: object = None
"""The stream that was asked last, and is none: it is not asked again at each dispatch."""


def remark(text: str) -> None:
    """Say something on standard error, where there is one."""
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison] # it is None under pythonw and daemons
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"dartian: {text}\n")
            sys.stderr.flush()


def remark_unserved(store: Store, envelopes: Sequence[Envelope]) -> None:
    """Say on a terminal where these jobs wait, if no live worker serves their queues: once in a process.

    They are stored already, so nothing that goes wrong here is raised.
    """
    if not _unserved_is_told and _on_terminal():
        with contextlib.suppress(DartianError, OSError):
            _remark_unserved(store, envelopes)


def _remark_unserved(store: Store, envelopes: Sequence[Envelope]) -> None:
    global _unserved_is_told
    unserved = [envelope for envelope in envelopes if not store.served(envelope.queue)]
    if not unserved:
        return
    _unserved_is_told = True
    first, others = unserved[0], len(unserved) - 1
    jobs = f"{shown(first.name)} {shown(first.id)}" + (f" and {others} more" if others else "")
    verb, them = ("wait", "them") if others else ("waits", "it")
    remark(
        f"no worker is live, so {jobs} {verb} on the queue {shown(first.queue)} in {_place(store)}; "
        f"`dartian queue:work` runs {them}"
    )


def leave_unserved() -> None:
    """Say nothing of that in this process: somebody says it in words of their own."""
    global _unserved_is_told
    _unserved_is_told = True


def _place(store: Store) -> str:
    """Return where the store is, as short as the person would type it."""
    path = store.url.removeprefix("sqlite://")
    return shown(path.removeprefix(f"{os.getcwd()}{os.sep}"), 200)


def _on_terminal() -> bool:
    global _no_terminal
    stream = sys.stderr
    if stream is _no_terminal:
        return False
    try:
        is_terminal = stream.isatty()
    except (AttributeError, ValueError):  # it has none to ask, or was closed
        is_terminal = False
    if not is_terminal:
        _no_terminal = stream
    return is_terminal
