"""The words of a line that is still being typed in bash, which takes colons and equals signs for words' ends."""

import shlex

__all__ = ["read_line"]

_BREAKS = ":="


def read_line(line: str, breaks: str) -> tuple[list[str], int]:
    """Return the words after the command's own name, and how much of the last one an offer leaves out.

    The last word is the one at the cursor, perhaps empty. Of ``queue:w`` bash has made three words, and it adds an
    offer to the last of them; within quotes it has not. ``breaks`` is its COMP_WORDBREAKS.
    """
    reader = shlex.shlex(line, posix=True)
    reader.whitespace_split = True
    reader.commenters = ""
    words: list[str] = []
    try:
        words += reader
    except ValueError:  # a quote that is still open
        return [*words, reader.token][1:], 0
    if line[-1:].isspace():
        words.append("")
    return words[1:], 1 + max((words[-1].rfind(mark) for mark in _BREAKS if mark in breaks), default=-1)
