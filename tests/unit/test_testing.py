"""The kit with which users test, and its safeguard in pytest."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from dartian_queue import Job, dispatch, dispatch_many, run_now
from dartian_queue.config import configured
from dartian_queue.errors import DartianError, DuplicateId, InvalidPayload
from dartian_queue.testing import FakeQueue, fake_queue

RAN: list[str] = []


class Send(Job, queue="mail", priority=1):
    to: str

    def handle(self) -> None:
        RAN.append(f"send {self.to}")


class Publish(Job):
    number: int

    async def handle(self) -> None:
        RAN.append(f"publish {self.number}")
        await dispatch(Send(f"subscriber of {self.number}"))


class Fail(Job):
    def handle(self) -> None:
        raise ValueError("bad row")

    def failed(self, error: BaseException) -> None:
        RAN.append(f"failed {error}")


@pytest.fixture(autouse=True)
def _clean(tmp_path: Path) -> Iterator[None]:
    RAN.clear()
    with configured(root=str(tmp_path), driver="isolate"):
        yield


def test_what_was_dispatched_is_there_as_a_worker_would_load_it(queue: FakeQueue, tmp_path: Path) -> None:
    given = Publish(1)
    receipt = dispatch(given, delay=timedelta(minutes=1), tags=["a"], tries=3)
    dispatch(Send("you"))
    assert queue.dispatched(Publish) == [given]
    assert queue.dispatched(Publish)[0] is not given
    record = queue.records[0]
    assert (record.envelope.id, record.connection, record.envelope.delay) == (receipt.id, "isolate", 60.0)
    assert (record.envelope.tags, record.envelope.limits.tries) == (("a",), 3)
    assert queue.records[1].envelope.queue == "mail"
    assert RAN == []
    assert list(tmp_path.iterdir()) == [], "nothing was written"


def test_the_assertions_that_hold(queue: FakeQueue) -> None:
    queue.assert_nothing_dispatched()
    queue.assert_not_dispatched(Send)
    dispatch_many([Send("you"), Send("me")])
    queue.assert_dispatched(Send)
    assert queue.assert_dispatched(Send, times=1, where=lambda job: job.to == "me") == [Send("me")]
    queue.assert_dispatched(Send, times=2, queue="mail", connection="isolate", delay=0)
    queue.assert_dispatched(Send, times=0, queue="other")
    queue.assert_not_dispatched(Send, where=lambda job: job.to == "them")
    queue.assert_count(2)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (lambda queue: queue.assert_dispatched(Publish), "no such Publish was dispatched"),
        (lambda queue: queue.assert_dispatched(Send, where=lambda job: job.to == "x"), "no such Send was dispatched"),
        (lambda queue: queue.assert_dispatched(Send, times=3), "Send was dispatched twice, not 3"),
        (lambda queue: queue.assert_not_dispatched(Send), "Send was dispatched twice"),
        (lambda queue: queue.assert_nothing_dispatched(), "2 jobs were dispatched, not 0"),
        (lambda queue: queue.assert_count(1), "2 jobs were dispatched, not 1"),
    ],
)
def test_a_failure_shows_what_was_dispatched(queue: FakeQueue, check: object, text: str) -> None:
    dispatch_many([Send("you"), Send("me")])
    with pytest.raises(AssertionError) as caught:
        check(queue)  # type: ignore[operator]
    assert str(caught.value) == f"{text}\nDispatched:\n  Send(to='you') on 'mail'\n  Send(to='me') on 'mail'"


def test_a_failure_where_nothing_was_dispatched_says_so(queue: FakeQueue) -> None:
    with pytest.raises(AssertionError, match=r"no such Send was dispatched\nNothing was dispatched\."):
        queue.assert_dispatched(Send)


def test_what_a_store_would_refuse_is_refused(queue: FakeQueue) -> None:
    with pytest.raises(InvalidPayload):
        dispatch(Publish("one"))  # type: ignore[arg-type]
    assert not dispatch(Publish(1), id="one").duplicate
    assert dispatch(Publish(1), id="one").duplicate
    with pytest.raises(DuplicateId):
        dispatch(Publish(2), id="one")
    queue.assert_count(1)


def test_drain_runs_what_is_due_and_what_that_dispatches(queue: FakeQueue) -> None:
    dispatch_many([Publish(1), Publish(2)])
    dispatch(Send("later"), delay=60)
    dispatch(Send("first"))
    assert queue.drain() == 5
    assert RAN == [
        "send first",
        "publish 1",
        "send subscriber of 1",
        "publish 2",
        "send subscriber of 2",
    ]
    assert queue.drain(delayed=True) == 1
    assert RAN[-1] == "send later"
    queue.assert_dispatched(Send, times=4)


def test_what_a_job_raises_reaches_the_test(queue: FakeQueue) -> None:
    dispatch(Fail())
    with pytest.raises(ValueError, match="bad row"):
        queue.drain()
    assert RAN == ["failed bad row"]


def test_in_an_event_loop(queue: FakeQueue) -> None:
    async def main() -> None:
        await dispatch(Publish(1))
        with pytest.raises(DartianError, match=r"await queue\.drain_async\(\)"):
            queue.drain()
        assert await queue.drain_async() == 2
        with pytest.raises(DuplicateId):
            await dispatch(Publish(2), id=(await dispatch(Publish(1))).id)

    asyncio.run(main())
    assert RAN == ["publish 1", "send subscriber of 1"]


def test_run_now_runs_under_a_fake_queue_too(queue: FakeQueue) -> None:
    run_now(Send("now"))
    assert RAN == ["send now"]
    queue.assert_nothing_dispatched()


def test_fake_queues_nest() -> None:
    with fake_queue() as outer:
        with fake_queue() as inner:
            dispatch(Send("inner"))
        dispatch(Send("outer"))
    assert inner.dispatched(Send) == [Send("inner")]
    assert outer.dispatched(Send) == [Send("outer")]


def run_pytest(folder: Path, source: str, ini: str = "", *options: str) -> "subprocess.CompletedProcess[str]":
    (folder / "app" / "jobs").mkdir(parents=True)
    (folder / "app" / "__init__.py").touch()
    (folder / "app" / "jobs" / "__init__.py").touch()
    (folder / "app" / "jobs" / "made.py").write_text(
        "from dartian_queue import Job\n"
        "class Note(Job):\n"
        "    text: str\n"
        "    def handle(self) -> None:\n"
        "        open('ran', 'a').write(self.text)\n"
    )
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = .\naddopts = --import-mode=importlib\n{ini}\n")
    (folder / "test_made.py").write_text(dedent(source))
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_the_safeguard_keeps_a_project_s_tests_off_its_store(tmp_path: Path) -> None:
    ended = run_pytest(
        tmp_path / "project",
        """
        import pytest, sys
        from dartian_queue import configure, dispatch
        from dartian_queue.substitute import _substitute

        def test_dispatches_as_the_application_does():
            from app.jobs.made import Note
            receipt = dispatch(Note("a"))
            assert receipt.connection == "isolate"

        def test_begins_anew():
            from app.jobs.made import Note
            dispatch(Note("b"), id="same")
            assert _substitute._fake.dispatched(Note) == [Note("b")]

        def test_with_the_fixture(queue):
            from app.jobs.made import Note
            dispatch(Note("b"), id="same")
            queue.assert_dispatched(Note, times=1)

        def test_sync_runs_as_ever():
            from app.jobs.made import Note
            dispatch(Note("sync"), connection="sync")
            assert open("ran").read() == "sync"

        def test_on_a_real_store(real_queue):
            from app.jobs.made import Note
            dispatch(Note("real"))
            assert real_queue.store.counts().total.waiting == 1
            assert real_queue.work() == 0
            assert real_queue.store.counts().total.done == 1
            assert open("ran").read() == "syncreal"
        """,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "5 passed" in ended.stdout
    assert not (tmp_path / "project" / "storage").exists()


def test_the_safeguard_can_be_turned_off(tmp_path: Path) -> None:
    source = """
        from dartian_queue import configure, dispatch
        def test_really():
            from app.jobs.made import Note
            configure(companion=False)
            dispatch(Note("a"))
        """
    ended = run_pytest(tmp_path / "real", source, "dartian_queue = real")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (tmp_path / "real" / "storage" / "queue.sqlite3").exists()
    ended = run_pytest(tmp_path / "wrong", source, "dartian_queue = maybe")
    assert ended.returncode == 4
    assert "dartian_queue takes fake or real, not 'maybe'" in ended.stderr


def test_the_plugin_costs_a_project_without_jobs_nothing(tmp_path: Path) -> None:
    ended = run_pytest(
        tmp_path / "other",
        """
        import sys
        def test_loaded():
            ours = sorted(name for name in sys.modules if name.startswith("dartian"))
            assert ours == ["dartian_queue", "dartian_queue.substitute", "dartian_queue.testing_plugin"]
            assert "msgspec" not in sys.modules
        """,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


FAILING = """
import pytest
from dartian_queue import Job, dispatch, run_now

class Refuse(Job):
    async def handle(self) -> None:
        raise ValueError("bad row")

def test_the_job_fails():
    run_now(Refuse())

def test_nothing_was_dispatched(queue):
    queue.assert_dispatched(Refuse)

def test_it_is_not_told_by_dartian():
    raise ValueError("the test's own")
"""


def test_a_failure_shows_the_test_and_the_job_and_not_what_lies_between(tmp_path: Path) -> None:
    ended = run_pytest(tmp_path / "short", FAILING)
    assert ended.returncode == 1
    for shown in ("run_now(Refuse())", 'raise ValueError("bad row")', "no such Refuse was dispatched", "test's own"):
        assert shown in ended.stdout
    assert "dartian_queue/" not in ended.stdout
    assert "asyncio" not in ended.stdout
    ended = run_pytest(tmp_path / "full", FAILING, "", "--full-trace")
    assert "dartian_queue/drivers/sync.py" in ended.stdout
