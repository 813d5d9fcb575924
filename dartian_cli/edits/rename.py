"""Write other words in the place of some, identifiers or parts of strings, and prove that nothing else changed."""

import ast
import re
from collections.abc import Iterable, Mapping

from dartian_cli.edits.source import Source, Splice

__all__ = ["renamed"]


def renamed(source: Source, places: Iterable[int], words: Mapping[str, str]) -> bytes:
    """Return the file with the word at each of the places written anew; ``words`` says old and new.

    NotUnderstood: more than these words would differ then.
    """
    pattern = _words_in(words)
    splices: list[Splice] = []
    for at in sorted(set(places)):
        found = pattern.match(source.text, at)
        assert found is not None, f"{source.path} has none of {sorted(words)} at {at}"
        splices.append(Splice(at, words[found[0]], taken=len(found[0])))
    if not splices:
        return source.content
    return source.spliced(splices, lambda old, new: _all_new(old, pattern, words) == _all_new(new, pattern, words))


def _words_in(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that finds each of the words where it stands alone; a longer one comes first."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")


def _all_new(tree: ast.Module, pattern: re.Pattern[str], words: Mapping[str, str]) -> str:
    """Return the tree as text with every old word written anew, so that two which differ by these alone are equal."""
    return pattern.sub(lambda found: words[found[0]], ast.dump(tree))
