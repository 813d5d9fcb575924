"""dispatch in the process of the caller, on a real store."""

import asyncio
import logging
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from dartian_queue import Job, dispatch, dispatch_many, exponential
from dartian_queue.config import adopt, configured, current, handover, reset
from dartian_queue.delays import Exponential
from dartian_queue.envelope import Envelope
from dartian_queue.errors import (
    ConfigError,
    DuplicateId,
    InvalidOption,
    InvalidPayload,
    NotRegistered,
    PayloadTooLarge,
    StoreBusy,
    StoreUnusable,
)
from dartian_queue.options import Limits
from dartian_queue.stores import open_store
from dartian_queue.stores.store import Store
from dartian_queue.substitute import substitute


class Plain(Job):
    number: int
    text: str = ""

    def handle(self) -> None: ...


class Full(
    Job,
    queue="media",
    priority=3,
    tries=5,
    backoff=exponential(2, cap=30),
    timeout=90,
    fail_on_timeout=True,
    retry_until=3600,
    max_exceptions=2,
    delay=60,
    tags=["podcast:{number}"],
    isolate="fresh",
):
    number: int

    def handle(self) -> None: ...


class Urgent(Job, retry_until=60, backoff=20, retry_on={ConnectionError: 10}):
    def handle(self) -> None: ...


class Elsewhere(Job, connection="second", name="given.Name"):
    def handle(self) -> None: ...


for _one in (Plain, Full, Elsewhere, Urgent):
    _one.__module__ = "shopjobs.media.made"


class Unregistered(Job):
    def handle(self) -> None: ...


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    module = ModuleType("shopjobs.media.made")
    for one in (Plain, Full, Elsewhere, Urgent):
        setattr(module, one.__name__, one)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "queue.py").write_text(
        "from dartian_queue import Config, Connection\n"
        "config = Config(jobs=['shopjobs'], max_payload=1000, connections={\n"
        "    'first': Connection(driver='isolate', store='first.sqlite3', queue='standard', wait=0.2),\n"
        "    'second': Connection(driver='isolate', store='second.sqlite3'),\n"
        "}, default='first')\n"
    )
    before = substitute(None)
    with configured(root=str(tmp_path), companion=False):
        yield tmp_path
    substitute(before)


@pytest.fixture
def store(root: Path) -> Iterator[Store]:
    opened = open_store(str(root / "first.sqlite3"))
    yield opened
    opened.close()


def stored(store: Store, job_id: str) -> Envelope:
    (job,) = store.find(job_id)
    return job.envelope


def test_the_job_is_stored_when_dispatch_returns(store: Store) -> None:
    receipt = dispatch(Plain(1, "a"))
    assert (receipt.queue, receipt.connection, receipt.duplicate) == ("standard", "first", False)
    envelope = stored(store, receipt.id)
    assert (envelope.name, envelope.payload, envelope.queue) == ("media.Plain", '{"number":1,"text":"a"}', "standard")
    assert (envelope.priority, envelope.tags, envelope.origin) == (0, (), "")
    assert envelope.limits == Limits(), "what nobody said is for the worker to fill in"
    assert receipt.stored() is receipt


def test_what_the_class_says(store: Store) -> None:
    before = time.time()
    receipt = dispatch(Full(7))
    (job,) = store.find(receipt.id)
    envelope = job.envelope
    assert (receipt.queue, envelope.queue, envelope.priority, envelope.tags) == ("media", "media", 3, ("podcast:7",))
    assert 59 < job.available_at - before < 62
    limits = envelope.limits
    assert (limits.tries, limits.timeout, limits.fail_on_timeout, limits.max_exceptions) == (5, 90.0, True, 2)
    assert (limits.backoff, limits.isolate) == (Exponential(2.0, 30.0), "fresh")
    assert limits.backoff_wins is None
    assert limits.retry_until is not None
    assert 3599 < limits.retry_until - before < 3602


def test_what_dispatch_says_comes_first(store: Store) -> None:
    receipt = dispatch(
        Full(7),
        queue="slow",
        priority=-1,
        delay=timedelta(minutes=2),
        tries=1,
        timeout=timedelta(seconds=1),
        backoff=[1, timedelta(seconds=2)],
        id="mine",
        tags=["extra", "podcast:7"],
    )
    (job,) = store.find("mine")
    envelope = job.envelope
    assert (receipt.id, envelope.queue, envelope.priority) == ("mine", "slow", -1)
    assert envelope.tags == ("podcast:7", "extra")
    assert 118 < job.available_at - time.time() <= 120
    assert (envelope.limits.tries, envelope.limits.timeout, envelope.limits.backoff) == (1, 1.0, (1.0, 2.0))
    assert envelope.limits.backoff_wins


def test_a_zero_is_something_that_was_said(store: Store) -> None:
    receipt = dispatch(Full(7), delay=0, tries=0, timeout=0, priority=0)
    (job,) = store.find(receipt.id)
    assert job.available_at <= time.time()
    assert (job.envelope.limits.tries, job.envelope.limits.timeout, job.envelope.priority) == (0, 0.0, 0)


def test_a_moment(store: Store) -> None:
    moment = datetime.now(UTC) + timedelta(hours=1)
    receipt = dispatch(Plain(7), delay=moment)
    (job,) = store.find(receipt.id)
    assert abs(job.available_at - moment.timestamp()) < 0.001
    with pytest.raises(InvalidOption, match=r"has no time zone.*\nWrite datetime.now\(timezone.utc\)"):
        dispatch(Plain(1), delay=datetime(2030, 1, 1))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"dealy": 3}, "dispatch() has no option 'dealy'; did you mean 'delay'?"),
        ({"queue": "no spaces"}, "dispatch(): queue takes 1 to 64 letters, digits or _ . : -, not 'no spaces'"),
        ({"priority": 10**6}, "dispatch(): priority takes a whole number from -1000 to 1000, not 1000000"),
        ({"delay": -1}, "dispatch(): delay takes seconds from 0 to ten years, not -1"),
        ({"id": "a b"}, "dispatch(): id takes 1 to 64 letters, digits or _ . : -, not 'a b'"),
        ({"tags": "one"}, "dispatch(): tags takes a list of strings, not 'one'\nWrite tags=['one']"),
    ],
)
def test_a_wrong_option_stores_nothing(store: Store, options: dict[str, object], text: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        dispatch(Plain(1), **options)  # type: ignore[arg-type]
    assert str(caught.value) == text
    assert store.counts().total.waiting == 0


LATE = "with retry_until=60, counted from the dispatch: no second try could be made"


@pytest.mark.parametrize(
    ("options", "late"),
    [
        ({"delay": 61}, "delay=61 and a backoff of 10 s or more"),
        ({"delay": timedelta(seconds=51)}, "delay=51 and a backoff of 10 s or more"),
        ({"delay": 61, "backoff": 0}, "delay=61"),
        ({"backoff": [61, 1]}, "a backoff of 61 s or more"),
    ],
)
def test_what_leaves_no_time_for_a_second_try_is_refused(store: Store, options: dict[str, object], late: str) -> None:
    with pytest.raises(InvalidOption) as refusal:
        dispatch(Urgent(), **options)  # type: ignore[arg-type]
    assert str(refusal.value) == (
        f"dispatch(): class Urgent: {late} {LATE}\nPut it off for less, or give the class a longer retry_until."
    )
    with pytest.raises(InvalidOption):
        dispatch_many([Plain(1), Urgent()], **options)  # type: ignore[arg-type]
    assert store.jobs() == []


def test_a_moment_beyond_the_deadline_is_refused_and_one_before_it_is_not(store: Store) -> None:
    with pytest.raises(InvalidOption, match=LATE):
        dispatch(Urgent(), delay=datetime.now(UTC) + timedelta(seconds=90))
    dispatch(Urgent(), delay=datetime.now(UTC) + timedelta(seconds=40))
    dispatch(Urgent(), delay=50)
    dispatch(Urgent(), delay=60, backoff=0)
    assert len(store.jobs()) == 3


def test_an_unknown_connection_names_the_known_ones() -> None:
    with pytest.raises(Exception, match=r"no connection of config/queue.py and no driver; did you mean 'second'\?"):
        dispatch(Plain(1), connection="secnd")


def test_the_class_chooses_its_connection_and_name(root: Path) -> None:
    receipt = dispatch(Elsewhere())
    assert receipt.connection == "second"
    other = open_store(str(root / "second.sqlite3"))
    assert stored(other, receipt.id).name == "given.Name"
    other.close()


def test_what_is_no_job() -> None:
    with pytest.raises(TypeError, match=r"dispatch\(\) takes a job, not a class\nWrite dispatch\(Plain\(...\)\)\."):
        dispatch(Plain)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"takes a job, not text\nThe class of a job"):
        dispatch("text")  # type: ignore[arg-type]


def test_values_that_do_not_fit_store_nothing(store: Store) -> None:
    with pytest.raises(InvalidPayload, match=r"Plain\.number"):
        dispatch(Plain("one"))  # type: ignore[arg-type]
    with pytest.raises(PayloadTooLarge):
        dispatch(Plain(1, "x" * 1001))
    assert store.counts().total.waiting == 0


def test_a_class_that_no_worker_would_find_is_refused() -> None:
    with pytest.raises(NotRegistered, match=r'Config\(jobs=\["'):
        dispatch(Unregistered())
    Unregistered.__module__ = "__main__"
    with pytest.raises(NotRegistered, match=r"defined in the program that runs.*\nMove it"):
        dispatch(Unregistered())


def test_the_same_id_again(store: Store) -> None:
    assert not dispatch(Plain(1), id="one").duplicate
    assert dispatch(Plain(1), id="one").duplicate
    with pytest.raises(DuplicateId):
        dispatch(Plain(2), id="one")
    assert store.counts().total.waiting == 1


def test_many_are_one_transaction(store: Store, root: Path) -> None:
    receipts = dispatch_many([Plain(1), Elsewhere(), Full(2), Plain(3)], tags=["all"])
    assert [receipt.connection for receipt in receipts] == ["first", "second", "first", "first"]
    assert receipts.stored() is receipts
    names = [stored(store, receipt.id).name for receipt in receipts if receipt.connection == "first"]
    assert names == ["media.Plain", "media.Full", "media.Plain"]
    assert stored(store, receipts[2].id).tags == ("podcast:2", "all")
    assert list(dispatch_many([])) == []


def test_of_many_all_or_none_are_stored(store: Store) -> None:
    with pytest.raises(InvalidPayload):
        dispatch_many([Plain(1), Plain("two")])  # type: ignore[arg-type]
    assert store.counts().total.waiting == 0


def test_a_store_that_stays_locked_is_store_busy_and_nothing_is_stored(store: Store, root: Path) -> None:
    dispatch(Plain(0))
    other = sqlite3.connect(root / "first.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy):
        dispatch(Plain(1))
    other.execute("COMMIT")
    other.close()
    assert store.counts().total.waiting == 1


def test_a_store_that_cannot_be_made_raises_where_dispatch_was_called(root: Path) -> None:
    (root / "first.sqlite3").write_bytes(b"no database, but some text that is long enough to be one" * 100)
    with pytest.raises(StoreUnusable):
        dispatch(Plain(1))


def test_from_threads(store: Store) -> None:
    def go() -> None:
        for number in range(25):
            dispatch(Plain(number))

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert store.counts().total.waiting == 200


def test_under_a_loop(store: Store) -> None:
    async def main() -> None:
        receipt = dispatch(Plain(1))
        assert receipt.id
        assert receipt.queue == "standard"
        assert await receipt is receipt
        assert not receipt.duplicate
        assert stored(store, receipt.id).name == "media.Plain"
        assert await receipt is receipt, "again"
        many = await dispatch_many([Plain(2), Plain(3)])
        assert [stored(store, one.id).payload[:11] for one in many] == ['{"number":2', '{"number":3']
        assert dispatch(Plain(4)).stored().duplicate is False
        with pytest.raises(DuplicateId):
            await dispatch(Plain(9), id=receipt.id)
        assert (await dispatch(Plain(1), id=receipt.id)).duplicate
        with pytest.raises(InvalidPayload):
            dispatch(Plain("x"))  # type: ignore[arg-type]

    asyncio.run(main())
    assert store.counts().total.waiting == 4


def test_an_error_under_a_loop_is_the_awaiter_s_alone(store: Store, root: Path) -> None:
    dispatch(Plain(0), id="taken")

    async def main() -> list[object]:
        jobs = [dispatch(Plain(1)), dispatch(Plain(2), id="taken"), dispatch(Plain(3))]
        return await asyncio.gather(*jobs, return_exceptions=True)

    ends = asyncio.run(main())
    assert [type(end).__name__ for end in ends] == ["Receipt", "DuplicateId", "Receipt"]
    assert store.counts().total.waiting == 3


def test_a_forgotten_await_stores_the_job_and_logs_its_error(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    dispatch(Plain(0), id="taken")

    async def main() -> None:
        dispatch(Plain(1), id="forgotten")
        dispatch(Plain(1), id="taken")
        await asyncio.sleep(0.3)

    with caplog.at_level(logging.ERROR, logger="dartian"):
        asyncio.run(main())
    assert stored(store, "forgotten")
    (record,) = caplog.records
    text = "dispatch of media.Plain taken failed, and nothing awaited it: The id taken belongs to a job with another"
    assert record.getMessage().startswith(text)


def test_a_locked_store_does_not_block_the_loop(store: Store, root: Path) -> None:
    dispatch(Plain(0))
    with configured(wait=10):
        other = sqlite3.connect(root / "first.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        async def main() -> float:
            longest, last = 0.0, time.perf_counter()
            receipt = asyncio.ensure_future(_await(dispatch(Plain(1))))
            until = last + 0.5
            while time.perf_counter() < until:
                await asyncio.sleep(0.001)
                now = time.perf_counter()
                longest, last = max(longest, now - last), now
            assert not receipt.done()
            other.execute("COMMIT")
            await receipt
            return longest

        async def _await(receipt: object) -> None:
            await receipt  # type: ignore[misc]

        assert asyncio.run(main()) < 0.3, "ten times and more what a busy machine needs"
        other.close()
    assert store.counts().total.waiting == 2


def test_a_module_that_was_loaded_anew_can_be_dispatched(store: Store) -> None:
    dispatch(Plain(1))

    class Plain2(Job):
        number: int

        def handle(self) -> None: ...

    Plain2.__name__ = Plain2.__qualname__ = "Plain"
    Plain2.__module__ = "shopjobs.media.made"
    setattr(sys.modules["shopjobs.media.made"], "Plain", Plain2)  # noqa: B010
    assert stored(store, dispatch(Plain2(1)).id).name == "media.Plain"


def test_what_was_dispatched_before_configure_stays_where_it_was(root: Path) -> None:
    first = dispatch(Plain(1))
    with configured(store="third.sqlite3"):
        second = dispatch(Plain(2))
        assert current().default.store == "third.sqlite3"
    for name, receipt in (("first", first), ("third", second)):
        store = open_store(str(root / f"{name}.sqlite3"))
        assert [job.envelope.id for job in store.jobs()] == [receipt.id]
        store.close()


def test_windows_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ConfigError, match=r"'isolate' is not tested on Windows yet\nSet QUEUE_DRIVER=sync"):
        dispatch(Plain(1))


def test_a_memory_store_has_no_companion(capfd: pytest.CaptureFixture[str]) -> None:
    with configured(store="memory://unit", companion=True):
        receipt = dispatch(Plain(1))
    assert [job.envelope.id for job in open_store("memory://unit").jobs()] == [receipt.id]
    assert capfd.readouterr().err == ""


def test_origin_is_that_of_a_companion_s_owner_in_its_isolates(store: Store, root: Path) -> None:
    with configured(root=str(root)):
        handed = handover(current(), "the owner")
        adopt(handed)
        try:
            assert stored(store, dispatch(Plain(1)).id).origin == "the owner"
        finally:
            reset()
