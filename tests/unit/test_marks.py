"""Marks: what an isolate has begun, and what its worker wishes of that very job."""

from pathlib import Path

import pytest

from dartian_queue.envelope import new_id
from dartian_queue.stores.marks import SIZE, SLOTS, Marks, read_marks


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "marks")


def test_what_has_begun_is_seen_by_everybody_until_it_is_cleared(path: str) -> None:
    isolate, worker = Marks(path), Marks(path)
    ids = {slot: new_id() for slot in (0, 7, SLOTS - 1)}
    for slot, job_id in ids.items():
        isolate.begin(slot, job_id, slot + 1)
    assert read_marks(path) == {(job_id, slot + 1) for slot, job_id in ids.items()}
    assert worker.get(7) == (ids[7], 8)
    isolate.clear(7)
    assert worker.get(7) is None
    assert len(read_marks(path)) == 2
    assert Path(path).stat().st_size == SIZE


def test_the_longest_id_and_the_largest_token_fit_beside_a_wish(path: str) -> None:
    marks = Marks(path)
    marks.begin(3, "x" * 64, 2**63)
    marks.ask(3, "stop", "x" * 64, 2**63)
    assert read_marks(path) == {("x" * 64, 2**63)}
    assert marks.asked(3, "x" * 64, 2**63) == "stop"
    assert marks.get(2) is None
    assert marks.get(4) is None


def test_a_wish_reaches_only_the_job_that_it_is_meant_for(path: str) -> None:
    marks = Marks(path)
    marks.ask(0, "cancel", "one", 1)
    assert marks.asked(0, "one", 1) == "cancel"
    assert marks.asked(0, "two", 1) == ""
    assert marks.asked(0, "one", 2) == ""
    assert marks.asked(1, "one", 1) == ""
    marks.ask(0, "stop", "two", 1)
    assert (marks.asked(0, "one", 1), marks.asked(0, "two", 1)) == ("", "stop")


def test_a_file_that_is_gone_is_said(path: str) -> None:
    with pytest.raises(FileNotFoundError):
        read_marks(path)
