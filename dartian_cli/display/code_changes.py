"""A change of the application's code in words, for the picture and for the lines of text. It loads nothing."""

from collections.abc import Sequence

from dartian_cli import wording
from dartian_cli.ui import escaped
from dartian_queue.events import CodeChange

__all__ = ["code_text", "list_of", "loaded_text"]

_MOST = 2


def list_of(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are: ``app/a.py, app/b.py and 3 more``."""
    shown = ", ".join(escaped(name) for name in names[:_MOST])
    return f"{shown} and {len(names) - _MOST} more" if len(names) > _MOST else shown


def loaded_text(event: CodeChange) -> str:
    """Return what was loaded anew: ``app/a.py in 0.31s, 12 jobs known, new: Publish``."""
    parts = [f"{list_of(event.files) or 'all code'} in {wording.stopwatch(event.duration)}"]
    parts.append(f"{wording.of(event.jobs, 'job')} known")
    if event.appeared:
        parts.append(f"new: {list_of(event.appeared)}")
    if event.gone:
        parts.append(f"gone: {list_of(event.gone)}")
    return ", ".join(parts)


def code_text(event: CodeChange) -> str:
    """Return what is to be done about code that is not loaded as it is written, on one line, for whoever has keys."""
    files = list_of(event.files) or "the code"
    match event.state:
        case "edited":
            return f"edited, r loads it anew: {files}"
        case "loading":
            return f"loading anew: {files}"
        case _:
            return f"cannot be loaded, the old code goes on, r tries again: {files}"
