"""Three-way merges: what each side did stays to the byte, and where both did something nothing is decided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dartian_cli.merging import Overlap, lines_of, merge

ORIGIN = b"a\nb\nc\nd\n"


@pytest.mark.parametrize(
    ("origin", "ours", "theirs", "merged"),
    [
        (ORIGIN, ORIGIN, b"x\n", b"x\n"),
        (ORIGIN, b"x\n", ORIGIN, b"x\n"),
        (ORIGIN, b"x\n", b"x\n", b"x\n"),
        (ORIGIN, b"a\nb\nc\nD\n", b"A\nb\nc\nd\n", b"A\nb\nc\nD\n"),
        (ORIGIN, b"a\nb\nnew\nc\nd\n", b"a\nc\nd\n", b"a\nnew\nc\nd\n"),
        (ORIGIN, b"a\nB\nc\nd\n", b"a\nb\nC\nd\n", b"a\nB\nC\nd\n"),
        (ORIGIN, b"a\nB\nC\nd\n", b"a\nB\nC\nd\ne\n", b"a\nB\nC\nd\ne\n"),
        (b"a\r\nb\rc\n", b"a\r\nb\rc\nd", b"A\r\nb\rc\n", b"A\r\nb\rc\nd"),
        (b"\xef\xbb\xbfa\n\x0cb\n\xff\n", b"\xef\xbb\xbfa\n\x0cb\n\xff\n\xfe\n", b"\xef\xbb\xbfa\n\xff\n",
         b"\xef\xbb\xbfa\n\xff\n\xfe\n"),
        (b"", b"a\n", b"", b"a\n"),
    ],
)  # fmt: skip
def test_what_does_not_overlap_is_merged(origin: bytes, ours: bytes, theirs: bytes, merged: bytes) -> None:
    assert merge(origin, ours, theirs).content == merged
    assert merge(origin, theirs, ours).content == merged


@pytest.mark.parametrize(
    ("origin", "ours", "theirs", "lines"),
    [
        (ORIGIN, b"a\nB\nc\nd\n", b"a\nx\nc\nd\n", "line 2"),
        (ORIGIN, b"a\nB\nC\nd\n", b"a\nb\nx\nd\n", "lines 2 to 3"),
        (ORIGIN, b"a\nb\n1\nc\nd\n", b"a\nb\n2\nc\nd\n", "line 3"),
        (ORIGIN, b"a\nd\n", b"a\nb\nx\nd\n", "line 2"),
        (b"a\nb\n", b"a\nb\nc\n", b"a\nb", "line 3"),  # c would stand behind b on one line
        (b"a\rb\n", b"a\rb\n", b"a\rb\n", None),
        (b"x\n\ny\n", b"x\n\ny\nz\n", b"x\r\ny", "line 4"),
    ],
)
def test_what_overlaps_is_told_by_our_lines(origin: bytes, ours: bytes, theirs: bytes, lines: str | None) -> None:
    found = merge(origin, ours, theirs)
    if lines is None:
        assert found.content == ours
    else:
        assert found.content is None
        assert [str(overlap) for overlap in found.overlaps] == [lines]


def test_overlaps_are_spelled_as_people_do() -> None:
    assert (str(Overlap(3, 3)), str(Overlap(3, 5))) == ("line 3", "lines 3 to 5")


TEXTS = st.lists(st.sampled_from([b"a\n", b"b\r\n", b"c\r", b"\n", b"\x0c\n", b"\xff\n", b"end"]), max_size=8).map(
    b"".join
)


@given(TEXTS, TEXTS, TEXTS)
def test_a_merge_consists_of_lines_of_both_and_loses_none_that_both_keep(
    origin: bytes, ours: bytes, theirs: bytes
) -> None:
    assert b"".join(lines_of(origin)) == origin
    assert merge(origin, ours, origin).content == ours
    assert merge(origin, origin, theirs).content == theirs
    found = merge(origin, ours, theirs)
    assert (found.content is None) == bool(found.overlaps)
    if found.content is not None:
        assert set(lines_of(found.content)) <= set(lines_of(ours)) | set(lines_of(theirs))


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.data())
def test_edits_of_different_lines_always_merge(sides: list[bool], data: st.DataObject) -> None:
    """Each line is left, changed or removed by one side alone; the result can be said in advance."""
    origin, ours, theirs, wanted = b"", b"", b"", b""
    for number, is_ours in enumerate(sides):
        line = f"line {number}\n".encode()
        new = data.draw(st.sampled_from([line, b"", f"new {number}\n".encode()]))
        origin += line
        ours += new if is_ours else line
        theirs += line if is_ours else new
        wanted += new
    found = merge(origin, ours, theirs)
    assert found.content in (wanted, None)
    apart = all(sides) or not any(sides)
    assert found.content == wanted or not apart
