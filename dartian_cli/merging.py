"""Merge two edits of one text, line by line, over bytes: what both leave of a third, and what each made of the rest.

Every line of the result is a line of one of the two, to the byte. Where both have changed the same lines nothing is
decided: these are returned. It reads and writes no file.
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

import msgspec

__all__ = ["Merge", "Overlap", "lines_of", "merge"]

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


class Overlap(msgspec.Struct, frozen=True):
    """Lines of ``ours``, from 1, that both have changed; where ours has removed them, the line that followed."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"


class Merge(msgspec.Struct, frozen=True):
    """The merged text, or None where there are overlaps."""

    content: bytes | None
    overlaps: tuple[Overlap, ...] = ()


class _Edit(msgspec.Struct, frozen=True):
    """Lines ``start`` to ``end`` of what both came from, and what stands there instead."""

    start: int
    end: int
    lines: tuple[bytes, ...]
    at: int
    """The line of the edited text where it begins, from 0."""

    def touches(self, other: "_Edit") -> bool:
        """Return whether it cannot be said what both come to; edits that only border on each other are no such."""
        if self.start == self.end == other.start == other.end:
            return True
        if self.start == self.end:
            return other.start < self.start < other.end
        if other.start == other.end:
            return self.start < other.start < self.end
        return self.start < other.end and other.start < self.end


def merge(origin: bytes, ours: bytes, theirs: bytes) -> Merge:
    """Return what two edits of ``origin`` come to together; an edit that both have made is one."""
    if ours == theirs or theirs == origin:
        return Merge(ours)
    if ours == origin:
        return Merge(theirs)
    lines = lines_of(origin)
    here, there = tuple(_edits(lines, lines_of(ours))), tuple(_edits(lines, lines_of(theirs)))
    made = {(edit.start, edit.end, edit.lines) for edit in here}
    there = tuple(edit for edit in there if (edit.start, edit.end, edit.lines) not in made)
    overlaps = [_overlap(edit) for edit in here if any(edit.touches(other) for other in there)]
    if overlaps:
        return Merge(None, tuple(overlaps))
    return _spliced(lines, sorted((*here, *there), key=lambda edit: (edit.start, edit.end)), here)


def lines_of(content: bytes) -> list[bytes]:
    """Return the lines with their endings, of whatever kind each is."""
    return _LINE.findall(content)


def _spliced(lines: list[bytes], edits: list[_Edit], here: tuple[_Edit, ...]) -> Merge:
    """Return the text with all edits made, unless a line without an ending would run into the next one."""
    result: list[bytes] = []
    position = 0
    for edit in edits:
        result += [*lines[position : edit.start], *edit.lines]
        position = edit.end
    result += lines[position:]
    content = b"".join(result)
    return Merge(content) if lines_of(content) == result else Merge(None, (_overlap(here[-1]),))


def _overlap(edit: _Edit) -> Overlap:
    return Overlap(edit.at + 1, edit.at + max(len(edit.lines), 1))


def _edits(before: list[bytes], after: list[bytes]) -> Iterator[_Edit]:
    """Yield the edits that lead from one to the other; what is alike at both ends is not compared a second time."""
    limit = min(len(before), len(after))
    head = next((index for index in range(limit) if before[index] != after[index]), limit)
    limit -= head
    tail = next((index for index in range(limit) if before[-1 - index] != after[-1 - index]), limit)
    inner, other = before[head : len(before) - tail], after[head : len(after) - tail]
    for tag, start, end, first, last in SequenceMatcher(None, inner, other, autojunk=False).get_opcodes():
        if tag != "equal":
            yield _Edit(start + head, end + head, tuple(other[first:last]), first + head)
