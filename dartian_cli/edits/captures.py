"""Whether names that were written anew still mean what they meant: something else of the new name may be nearer.

Two names of a file mean the same afterwards if, and only if, they did before. It changes nothing.
"""

from collections.abc import Mapping
from itertools import zip_longest

import msgspec

from dartian_cli.edits.uses import Names

__all__ = ["Place", "first_captured"]


class Place(msgspec.Struct, frozen=True):
    """One identifier, and all that it may mean."""

    at: int
    text: str
    meanings: frozenset[str]


def first_captured(before: Names, after: Names, words: Mapping[str, str]) -> Place | None:
    """Return where, before, the first name stood that means something else now; ``words`` says old and new.

    None where each means what it meant.
    """
    now_by_then, then_by_now = dict[frozenset[str], frozenset[str]](), dict[frozenset[str], frozenset[str]]()
    last: Place | None = None
    for then, now in zip_longest(_places(before), _places(after)):
        last = then or last
        if then is None or now is None or now.text not in (then.text, words.get(then.text)):
            return last
        kept = now_by_then.setdefault(then.meanings, now.meanings), then_by_now.setdefault(now.meanings, then.meanings)
        if kept != (now.meanings, then.meanings):
            return last
    return None


def _places(names: Names) -> list[Place]:
    """Return the identifiers in order, each once; scopes may tell of one several times."""
    found: dict[int, Place] = {}
    for use in names.uses:
        known = found.get(use.at)
        meanings = use.meanings if known is None else use.meanings | known.meanings
        found[use.at] = Place(use.at, use.text, meanings)
    return list(found.values())
