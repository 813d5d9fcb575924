"""Find words where they stand alone, and not as a part of a longer one. It knows nothing of what they mean."""

import re
from collections.abc import Iterable

__all__ = ["has_word", "word_pattern"]


def word_pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that finds each of the words; of two that begin alike, the longer one."""
    return re.compile(_alternatives(words))


def has_word(content: bytes, words: Iterable[str]) -> bool:
    """Return whether the bytes of a file have one of the words, before anybody takes the time to parse it."""
    return re.search(_alternatives(words).encode(), content) is not None


def _alternatives(words: Iterable[str]) -> str:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"
