"""A traceback as the author of a job wants it: the frames of the user's own code, without those that led there."""

import asyncio
import os
import traceback

import dartian_cli
import dartian_queue

__all__ = ["user_traceback"]

_MACHINERY = tuple(os.path.dirname(str(module.__file__)) + os.sep for module in (dartian_cli, dartian_queue, asyncio))


def user_traceback(error: BaseException) -> str:
    """Return the traceback, causes included, without the frames of Dartian and the event loop."""
    told = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
    seen: set[int] = set()
    waiting: list[traceback.TracebackException | None] = [told]
    while waiting:
        part = waiting.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        own = [frame for frame in part.stack if not frame.filename.startswith(_MACHINERY)]
        part.stack = traceback.StackSummary.from_list(own or list(part.stack))
        waiting += [part.__cause__, part.__context__]
    return "".join(told.format()).rstrip()
