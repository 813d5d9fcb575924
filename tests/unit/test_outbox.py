"""Shared commits: nobody waits for ever, nobody pays for another's fault, and a lone dispatch waits for nobody."""

import asyncio
import random
import threading
import time
from collections.abc import Sequence

import pytest

from dartian_queue.drivers.outbox import Outbox
from dartian_queue.envelope import Envelope
from dartian_queue.errors import DispatchUncertain, DuplicateId, StoreBusy
from dartian_queue.receipt import Delivery
from dartian_queue.stores.store import Added


class Shelf:
    """Keeps batches, and does in between what a test wants."""

    def __init__(self, pause: float = 0.0) -> None:
        self.batches: list[list[str]] = []
        self.threads: list[threading.Thread] = []
        self.pause = pause
        self.errors: list[BaseException] = []
        self.guilty: set[str] = set()
        self.busy = threading.Lock()

    def add(self, envelopes: Sequence[Envelope]) -> list[Added]:
        assert self.busy.acquire(blocking=False), "two batches at a time"
        try:
            time.sleep(self.pause)
            self.threads.append(threading.current_thread())
            if self.errors:
                raise self.errors.pop(0)
            ids = [envelope.id for envelope in envelopes]
            if guilty := self.guilty.intersection(ids):
                raise DuplicateId(f"the id {guilty.pop()} is taken")
            self.batches.append(ids)
            return [Added(one, one.startswith("again")) for one in ids]
        finally:
            self.busy.release()

    @property
    def ids(self) -> list[str]:
        return [one for batch in self.batches for one in batch]


def envelope(job_id: str) -> Envelope:
    return Envelope(job_id, "Made", "{}")


def put(outbox: Outbox, *ids: str) -> tuple[bool, ...]:
    delivery = Delivery(ids[0])
    outbox.post_and_wait([envelope(one) for one in ids], delivery)
    return delivery.result()


def test_a_lone_dispatch_is_stored_by_its_own_thread() -> None:
    shelf = Shelf()
    outbox = Outbox("test", shelf.add)
    assert put(outbox, "a", "again-b") == (False, True)
    assert shelf.threads == [threading.current_thread()]


def test_those_who_come_meanwhile_share_the_next_commit() -> None:
    shelf = Shelf(pause=0.1)
    outbox = Outbox("test", shelf.add)
    threads = [threading.Thread(target=put, args=(outbox, str(number))) for number in range(20)]
    threads[0].start()
    time.sleep(0.05)
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert shelf.batches[0] == ["0"]
    assert len(shelf.batches) <= 4
    assert sorted(shelf.ids) == sorted(map(str, range(20)))


def test_no_wake_up_is_lost_among_threads_and_loops() -> None:
    shelf = Shelf()
    outbox = Outbox("test", shelf.add)
    asked: list[str] = []

    def from_thread(number: int) -> None:
        for step in range(200):
            name = f"t{number}-{step}"
            asked.append(name)
            put(outbox, name)

    async def one(name: str) -> None:
        asked.append(name)
        delivery = Delivery(name)
        outbox.post([envelope(name)], delivery)
        if random.random() < 0.5:
            await asyncio.sleep(0)
        assert await delivery == (False,)

    def from_loop(number: int) -> None:
        async def all_of_them() -> None:
            for step in range(20):
                await asyncio.gather(*[one(f"l{number}-{step}-{each}") for each in range(10)])

        asyncio.run(all_of_them())

    threads = [threading.Thread(target=from_thread, args=(number,)) for number in range(4)]
    threads += [threading.Thread(target=from_loop, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert sorted(shelf.ids) == sorted(asked)


def test_only_the_guilty_dispatch_fails() -> None:
    shelf = Shelf(pause=0.05)
    shelf.guilty = {"bad"}
    outbox = Outbox("test", shelf.add)
    ends: dict[str, object] = {}

    def go(name: str) -> None:
        try:
            ends[name] = put(outbox, name)
        except DuplicateId as error:
            ends[name] = str(error)

    threads = [threading.Thread(target=go, args=(name,)) for name in ("first", "good", "bad", "better")]
    for thread in threads:
        thread.start()
        time.sleep(0.005)
    for thread in threads:
        thread.join(10)
    assert ends == {"first": (False,), "good": (False,), "bad": "the id bad is taken", "better": (False,)}


def test_a_store_out_of_reach_fails_all_who_shared_the_commit_once() -> None:
    shelf = Shelf(pause=0.1)
    outbox = Outbox("test", shelf.add)
    caught: list[Exception] = []

    def go(name: str) -> None:
        try:
            put(outbox, name)
        except StoreBusy as error:
            caught.append(error)

    first = threading.Thread(target=go, args=("first",))
    first.start()
    time.sleep(0.02)
    shelf.errors = [StoreBusy("locked"), StoreBusy("locked")]
    others = [threading.Thread(target=go, args=(str(number),)) for number in range(3)]
    for thread in others:
        thread.start()
    for thread in (first, *others):
        thread.join(10)
    assert [str(error) for error in caught] == ["locked"] * 4
    assert len({id(error) for error in caught}) == 4, "each thread has an error of its own"
    assert shelf.batches == []


def test_where_a_commit_is_uncertain_each_is_told_its_own_ids() -> None:
    shelf = Shelf(pause=0.05)
    outbox = Outbox("", shelf.add)
    found: dict[str, DispatchUncertain] = {}

    def dispatch(*ids: str) -> None:
        try:
            put(outbox, *ids)
        except DispatchUncertain as error:
            found[ids[0]] = error

    threads = [threading.Thread(target=dispatch, args=ids) for ids in (("a",), ("b",), ("c", "d"))]
    shelf.errors = [DispatchUncertain("the disk failed\nThe jobs may be stored or not.") for _ in range(3)]
    for thread in threads:
        thread.start()
        time.sleep(0.01)  # those who come while the first one is being stored share the next commit
    for thread in threads:
        thread.join(10)
    assert {id: error.ids for id, error in found.items()} == {"a": ("a",), "b": ("b",), "c": ("c", "d")}
    assert str(found["b"]) == (
        'the disk failed\nThe job may be stored or not; dispatch it again with id="b", which is safe.'
    )
    assert str(found["c"]) == (
        "the disk failed\n"
        "The jobs may be stored or not; dispatch each again with its id, from the error's ids, which is safe."
    )


def test_an_interrupted_leader_leaves_the_others_to_be_stored() -> None:
    shelf = Shelf(pause=0.1)
    outbox = Outbox("test", shelf.add)
    ends: list[object] = []

    def go(name: str) -> None:
        try:
            ends.append(put(outbox, name))
        except KeyboardInterrupt:
            ends.append("interrupted")

    threads = [threading.Thread(target=go, args=(name,)) for name in ("a", "b", "c")]
    threads[0].start()
    time.sleep(0.02)
    shelf.errors = [KeyboardInterrupt()]
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert ends.count("interrupted") == 1
    assert ends.count((False,)) == 2
    assert sorted(shelf.ids) == ["b", "c"]
    assert put(outbox, "d") == (False,), "the lead was passed on"


def test_an_interrupted_follower_is_not_stored_and_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(pause=0.2)
    outbox = Outbox("test", shelf.add)
    leader = threading.Thread(target=put, args=(outbox, "leader"))
    leader.start()
    time.sleep(0.05)

    def interrupt() -> None:
        time.sleep(0.05)
        import _thread

        _thread.interrupt_main()

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        put(outbox, "follower")
    leader.join(10)
    assert put(outbox, "next") == (False,)
    assert shelf.ids == ["leader", "next"]


def test_flush_waits_for_what_was_posted() -> None:
    shelf = Shelf(pause=0.1)
    outbox = Outbox("test", shelf.add)
    for number in range(5):
        outbox.post([envelope(str(number))], Delivery(str(number)))
    outbox.flush()
    assert sorted(shelf.ids) == ["0", "1", "2", "3", "4"]


async def _two_awaiters(outbox: Outbox) -> list[object]:
    delivery = Delivery("a")
    outbox.post([envelope("a")], delivery)

    async def wait() -> object:
        return await delivery

    cancelled = asyncio.create_task(wait())
    other = asyncio.create_task(wait())
    await asyncio.sleep(0.02)
    cancelled.cancel()
    return await asyncio.gather(cancelled, other, return_exceptions=True)


def test_an_awaiter_that_is_cancelled_undoes_nothing() -> None:
    shelf = Shelf(pause=0.1)
    ends = asyncio.run(_two_awaiters(Outbox("test", shelf.add)))
    assert isinstance(ends[0], asyncio.CancelledError)
    assert ends[1] == (False,)
    assert shelf.ids == ["a"]


def test_a_loop_that_was_closed_meanwhile_harms_nobody() -> None:
    shelf = Shelf(pause=0.2)
    outbox = Outbox("test", shelf.add)

    async def forget() -> None:
        delivery = Delivery("a")
        outbox.post([envelope("a")], delivery)
        waiting = asyncio.ensure_future(_wait(delivery))
        await asyncio.sleep(0.01)
        waiting.cancel()

    async def _wait(delivery: Delivery) -> None:
        await delivery

    asyncio.run(forget())
    outbox.flush()
    assert shelf.ids == ["a"]
    assert put(outbox, "b") == (False,)
