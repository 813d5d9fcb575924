"""The context of a running job: what it knows, what it may wish, and that deep code finds it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable

import pytest

from dartian_queue.context import FailAttempt, JobContext, ReleaseAttempt, entered, left, progress, track

Reports = list[tuple[float, float | None, str]]


@pytest.fixture
def reports() -> Reports:
    return []


def context(reports: Reports | None = None, wish: str = "", *, attempt: int = 1, tries: int = 3) -> JobContext:
    return JobContext(
        id="7f3a",
        name="Note",
        attempt=attempt,
        tries=tries,
        queue="media",
        connection="isolate",
        tags=("a",),
        report=None if reports is None else lambda *report: reports.append(report),
        asked=lambda: wish,
    )


def test_it_counts_the_tries_that_are_left() -> None:
    assert context(attempt=1, tries=3).tries_left == 2
    assert context(attempt=3, tries=3).tries_left == 0
    assert context(attempt=9, tries=3).tries_left == 0
    assert context(attempt=9, tries=0).tries_left is None


@pytest.mark.parametrize(
    ("wish", "stopping", "cancelled"), [("", False, False), ("stop", True, False), ("cancel", True, True)]
)
def test_a_wish_of_the_worker_is_seen(wish: str, stopping: bool, cancelled: bool) -> None:
    assert (context(wish=wish).stopping, context(wish=wish).cancelled) == (stopping, cancelled)


def test_release_and_fail_pass_a_broad_except() -> None:
    def swallow(wish: Callable[[], object]) -> None:
        with contextlib.suppress(Exception):
            wish()

    with pytest.raises(ReleaseAttempt) as released:
        swallow(lambda: context().release(1.5))
    assert released.value.delay == 1.5
    with pytest.raises(FailAttempt) as failed:
        swallow(lambda: context().fail("no such podcast"))
    assert failed.value.reason == "no such podcast"


def test_deep_code_finds_the_running_job_and_nothing_outside_of_one(reports: Reports) -> None:
    progress(1, 2, "nobody")
    token = entered(context(reports))
    progress(1, 2, "half")
    left(token)
    progress(2, 2, "nobody")
    assert reports == [(1, 2, "half")]


def test_so_does_a_coroutine_and_its_threads(reports: Reports) -> None:
    async def handle() -> None:
        progress(1)
        await asyncio.to_thread(progress, 2)

    token = entered(context(reports))
    asyncio.run(handle())
    left(token)
    assert [done for done, _, _ in reports] == [1, 2]


def test_a_thread_of_its_own_is_outside(reports: Reports) -> None:
    token = entered(context(reports))
    thread = threading.Thread(target=progress, args=(1,))
    thread.start()
    thread.join()
    left(token)
    assert reports == []


def test_track_reports_before_between_and_after(reports: Reports) -> None:
    token = entered(context(reports))
    assert list(track("ab", note="letters")) == ["a", "b"]
    assert list(track(iter("c"))) == ["c"]
    left(token)
    assert reports == [(0, 2, "letters"), (1, 2, "letters"), (2, 2, "letters"), (0, None, ""), (1, None, "")]


def test_it_shows_no_payload() -> None:
    assert repr(context()) == "<JobContext Note 7f3a attempt 1>"
