"""Write other words in the place of some, identifiers or parts of strings, and prove that nothing else changed."""

import ast
import re
from collections.abc import Iterable, Mapping

from dartian_cli.edits.source import Source, Splice
from dartian_cli.edits.words import word_pattern

__all__ = ["renamed"]


def renamed(source: Source, places: Iterable[int], words: Mapping[str, str]) -> bytes:
    """Return the file with the word at each of the places written anew; ``words`` says old and new.

    NotUnderstood: more than these words would differ then.
    """
    pattern = word_pattern(words)
    splices: list[Splice] = []
    for at in sorted(set(places)):
        found = pattern.match(source.text, at)
        assert found is not None, f"{source.path} has none of {sorted(words)} at {at}"
        splices.append(Splice(at, words[found[0]], taken=len(found[0])))
    if not splices:
        return source.content
    return source.spliced(splices, lambda old, new: _all_new(old, pattern, words) == _all_new(new, pattern, words))


def _all_new(tree: ast.Module, pattern: re.Pattern[str], words: Mapping[str, str]) -> str:
    """Return the tree as text with every old word written anew, so that two which differ by these alone are equal."""
    return pattern.sub(lambda found: words[found[0]], ast.dump(tree))
