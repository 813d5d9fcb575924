"""The driver sync: here and now, under the rules of an attempt."""

import asyncio
import contextlib
import logging
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest

from dartian_queue import Job, JobContext, dispatch, dispatch_many, run_now
from dartian_queue.config import configured
from dartian_queue.errors import DartianError, DispatchFailed, InvalidPayload, JobTimeout
from dartian_queue.substitute import substitute

# By default pytest-timeout uses the process's one timer, which this driver then leaves alone.
pytestmark = pytest.mark.timeout(120, method="thread")

SEEN: list[object] = []


@pytest.fixture(autouse=True)
def _sync() -> Iterator[None]:
    SEEN.clear()
    before = substitute(None)
    with configured(driver="sync"):
        yield
    substitute(before)


class Note(Job):
    text: str

    def handle(self) -> None:
        SEEN.append((self.text, threading.current_thread() is threading.main_thread()))


class NoteAsync(Job):
    text: str

    async def handle(self) -> None:
        await asyncio.sleep(0)
        SEEN.append((self.text, asyncio.get_running_loop()))


class Fail(Job):
    def handle(self) -> None:
        raise ValueError("bad row 17")

    def failed(self, error: BaseException) -> None:
        SEEN.append(f"failed {error}")


class FailAsync(Job):
    async def handle(self) -> None:
        raise ValueError("bad row 17")

    async def failed(self, error: BaseException) -> None:
        await asyncio.sleep(0)
        SEEN.append(f"failed {error}")


class Sleep(Job):
    duration: float

    def handle(self) -> None:
        until = time.monotonic() + self.duration
        while time.monotonic() < until:
            time.sleep(0.01)
        SEEN.append("slept")

    def failed(self, error: BaseException) -> None:
        SEEN.append(type(error).__name__)


class SleepAsync(Job, timeout=0.1):
    async def handle(self) -> None:
        await asyncio.sleep(10)

    def failed(self, error: BaseException) -> None:
        SEEN.append(type(error).__name__)


class ShowContext(Job, queue="media", tags=["n:{number}"]):
    number: int

    def handle(self, context: JobContext) -> None:
        SEEN.append(
            (context.name, context.attempt, context.tries_left, context.queue, context.connection, context.tags)
        )


class GiveUp(Job):
    def handle(self, context: JobContext) -> None:
        context.fail("no such podcast")

    def failed(self, error: BaseException) -> None:
        SEEN.append("failed")


class Release(Job):
    def handle(self, context: JobContext) -> None:
        context.release(5)


class Outer(Job, timeout=5):
    def handle(self) -> None:
        dispatch(Sleep(10.0), timeout=0.1)


class Pairs(Job):
    pairs: list[tuple[int, str]]
    loaded: ClassVar[list[object]] = []

    def handle(self) -> None:
        SEEN.append(self)


def test_it_runs_before_dispatch_returns() -> None:
    receipt = dispatch(Note("now"), delay=3600)
    assert SEEN == [("now", True)]
    assert (receipt.connection, receipt.duplicate) == ("sync", False)


def test_the_job_has_been_through_its_payload() -> None:
    given = Pairs([(1, "a")])
    dispatch(given)
    assert [given] == SEEN
    assert SEEN[0] is not given
    with pytest.raises(InvalidPayload):
        dispatch(Pairs([(1, 2)]))  # type: ignore[list-item]


def test_an_exception_reaches_the_caller_after_failed() -> None:
    with pytest.raises(ValueError, match="bad row 17"):
        dispatch(Fail())
    assert SEEN == ["failed bad row 17"]


def test_an_async_handle_is_run_to_its_end_where_no_loop_runs() -> None:
    dispatch(NoteAsync("now"))
    assert SEEN[0][0] == "now"  # type: ignore[index]
    with pytest.raises(ValueError, match="bad row 17"):
        dispatch(FailAsync())
    assert SEEN[1] == "failed bad row 17"


def test_under_a_loop_an_async_handle_runs_in_it_and_a_sync_one_in_a_thread() -> None:
    async def main() -> None:
        await dispatch(NoteAsync("loop"))
        assert [("loop", asyncio.get_running_loop())] == SEEN
        await dispatch(Note("thread"))
        assert SEEN[1] == ("thread", False)
        for job in (Fail(), FailAsync()):
            with pytest.raises(ValueError, match="bad row 17"):
                await dispatch(job)
        assert SEEN[2:] == ["failed bad row 17"] * 2

    asyncio.run(main())


def test_under_a_loop_a_sync_handle_does_not_block_it() -> None:
    async def main() -> int:
        receipt = dispatch(Sleep(0.3))
        ticks = 0
        while not SEEN:
            await asyncio.sleep(0.01)
            ticks += 1
        await receipt
        return ticks

    assert asyncio.run(main()) > 10


def test_stored_would_block_the_loop_that_the_job_needs() -> None:
    async def main() -> None:
        receipt = dispatch(NoteAsync("a"))
        with pytest.raises(DartianError, match=r"await dispatch\(\.\.\.\)"):
            receipt.stored()
        await receipt

    asyncio.run(main())


def test_a_forgotten_job_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        dispatch(FailAsync())
        await asyncio.sleep(0.05)

    with caplog.at_level(logging.ERROR, logger="dartian"):
        asyncio.run(main())
    assert "bad row 17" in caplog.text
    assert "FailAsync" in caplog.text


def test_a_loop_that_ends_before_its_job_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        dispatch(SleepAsync(), timeout=60)
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert re.search("the event loop ended before SleepAsync [0-9a-f]{20} did", caplog.text)


@pytest.mark.parametrize("where", ["main thread", "thread", "loop"])
def test_a_timeout_ends_a_sync_handle(where: str) -> None:
    caught: list[BaseException] = []

    def run() -> None:
        try:
            dispatch(Sleep(10.0), timeout=0.1)
        except JobTimeout as error:
            caught.append(error)

    async def on_loop() -> None:
        with pytest.raises(JobTimeout) as caught_there:
            await dispatch(Sleep(10.0), timeout=0.1)
        caught.append(caught_there.value)

    started = time.monotonic()
    if where == "main thread":
        run()
    elif where == "thread":
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(10)
    else:
        asyncio.run(on_loop())
    assert time.monotonic() - started < 3
    assert [str(error) for error in caught] == ["Sleep ran longer than its timeout of 0.1 s"]
    assert SEEN == ["JobTimeout"]


def test_a_timeout_ends_an_async_handle() -> None:
    with pytest.raises(JobTimeout, match=r"SleepAsync ran longer than its timeout of 0\.1 s"):
        dispatch(SleepAsync())

    async def main() -> None:
        with pytest.raises(JobTimeout):
            await dispatch(SleepAsync())

    asyncio.run(main())
    assert SEEN == ["JobTimeout"] * 2


def test_a_job_within_a_job_has_a_timeout_of_its_own() -> None:
    with pytest.raises(JobTimeout, match="Sleep ran longer"):
        dispatch(Outer())


def test_a_timer_that_the_program_uses_is_left_alone() -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(JobTimeout):
            dispatch(Sleep(10.0), timeout=0.1)
        time.sleep(0.4)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung == [signal.SIGALRM]


def test_no_timeout_arrives_after_the_job() -> None:
    for _ in range(50):
        with contextlib.suppress(JobTimeout):
            dispatch(Sleep(0.02), timeout=0.02)
    thread_ends: list[str] = []

    def in_thread() -> None:
        for _ in range(50):
            with contextlib.suppress(JobTimeout):
                dispatch(Sleep(0.02), timeout=0.02)
            for _ in range(1000):
                os.getpid()
        thread_ends.append("sound")

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join(30)
    assert thread_ends == ["sound"]
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


def test_the_class_s_timeout_holds_over_the_configuration_s() -> None:
    with configured(timeout=0.05):
        dispatch(Sleep(0.2), timeout=0)
        with pytest.raises(JobTimeout, match=r"0\.05 s"):
            dispatch(Sleep(1.0))


def test_the_context() -> None:
    dispatch(ShowContext(7), tags=["extra"])
    assert SEEN == [("ShowContext", 1, 0, "media", "sync", ("n:7", "extra"))]


def test_what_a_job_wishes_comes_to_an_error_here() -> None:
    with pytest.raises(DispatchFailed, match="GiveUp has failed: no such podcast"):
        dispatch(GiveUp())
    assert SEEN == ["failed"]
    with pytest.raises(DispatchFailed, match="released itself, but the driver sync has no store"):
        dispatch(Release())


def test_of_many_the_first_error_ends_the_rest() -> None:
    with pytest.raises(ValueError, match="bad row"):
        dispatch_many([Note("before"), Fail(), Note("after")])
    assert SEEN == [("before", True), "failed bad row 17"]


def test_run_now_runs_whatever_the_driver() -> None:
    with configured(driver="isolate"):
        run_now(Note("here"))
    assert SEEN == [("here", True)]
