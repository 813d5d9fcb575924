"""The bound on what one attempt prints: so much is passed on, and of the rest the end is kept, for a failure's sake.

It neither reads nor writes, and knows text and bytes alike.
"""

from typing import AnyStr, Generic

__all__ = ["DROPPED", "KEPT_END", "OUTPUT_LIMIT", "Cap"]

OUTPUT_LIMIT = 256 * 1024
"""Characters, or bytes, that one attempt may print before the rest is dropped, with a line that says so."""
DROPPED = "… what it prints from here on is dropped, but for its end …"
KEPT_END = 4 * 1024
"""Characters, or bytes, of what is dropped that are passed on when the attempt has ended."""


class Cap(Generic[AnyStr]):
    """Counts the output of one attempt after the other; ``nothing`` is the empty text, or the empty bytes."""

    def __init__(self, nothing: AnyStr) -> None:
        self._nothing: AnyStr = nothing
        self._end: AnyStr = nothing
        self._left = OUTPUT_LIMIT

    def begin(self) -> None:
        """Start the count anew, for the next attempt."""
        self._left = OUTPUT_LIMIT
        self._end = self._nothing

    def take(self, printed: AnyStr) -> tuple[AnyStr, bool]:
        """Return what of it is passed on, and whether it is here that the rest begins to be dropped."""
        passed, dropped = printed[: self._left], printed[self._left :]
        begins = bool(dropped) and not self._end
        self._left = 0 if dropped else self._left - len(printed)
        self._end = (self._end + dropped[-KEPT_END:])[-KEPT_END:]
        return passed, begins

    def take_end(self) -> AnyStr:
        """Return the end of what was dropped, once, without a line that was cut at its beginning."""
        end = self._end
        self._end = self._nothing
        lines = end.splitlines(keepends=True)
        return end[len(lines[0]) :] if len(lines) > 1 and len(end) >= KEPT_END else end
