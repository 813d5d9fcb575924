"""G, seen from the store: rows that somebody else wrote never stop the others, and have a readable reason."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dartian_queue.clock import ManualClock
from dartian_queue.outcome import Done
from dartian_queue.states import State
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.store import Renewal
from tests.conformance.making import ending, job, only, worker


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(str(tmp_path / "queue.sqlite3"))
    yield made
    made.close()


def _poison(store: SqliteStore, statement: str, *values: object) -> None:
    connection = sqlite3.connect(store.url.removeprefix("sqlite://"))
    with connection:
        connection.execute(statement, values)
    connection.close()


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("payload", b"\x00\xff", "payload: Expected `str`, got `bytes`"),
        ("payload", "x" * (1024 * 1024 + 1), "payload: larger than the 1,048,576 characters"),
        ("name", b"Job", "name: not a text"),
        ("name", "N" * 10_000, "name: Expected `str` of length <= 200"),
        ("id", b"bad", "id: Expected `str`, got `bytes`"),
        ("id", "id\0with nul", "id: Expected `str` matching"),
        ("queue", "no such\nqueue", "queue: Expected `str` matching"),
        ("priority", 10**15, "priority: Expected `int` <= 1000"),
        ("priority", "high", "priority: not a whole number"),
        ("tags", "{nonsense", "tags: "),
        ("tags", "[1]", "tags: "),
        ("limits", '{"tries": -1}', "limits: a number that is not possible"),
        ("limits", '{"backoff": []}', "limits: a number that is not possible"),
        ("limits", '{"timeout": "soon"}', "limits: "),
        ("limits", "[" * 100_000, "limits: "),
        ("claims", "many", "claims: Expected `int`, got `str`"),
        ("claims", 9_223_372_036_854_775_807, "claims: Expected `int`"),
        ("tries", -4, "tries: Expected `int` >= 0"),
        ("crashes", 1.5, "crashes: Expected `int`"),
        ("held_at", "yesterday", "held_at: Expected `float | null`"),
        ("dispatched_at", b"", "dispatched_at: Expected `float`"),
        ("available_at", -1e300, "available_at: Expected `float`"),
    ],
)
def test_a_row_that_no_job_can_be_made_of_has_failed_and_the_others_run(
    store: SqliteStore, column: str, value: object, reason: str
) -> None:
    seat = store.join(worker())
    bad, good = job(priority=5), [job() for _ in range(20)]
    store.add([bad, *good])
    _poison(store, f"UPDATE jobs SET {column} = ? WHERE id = ?", value, bad.id)
    claims = store.claim(seat, 10)
    claims += store.claim(seat, 20)
    assert [claim.id for claim in claims] == [one.id for one in good]
    assert store.settle(seat, [ending(claim, Done()) for claim in claims]) == [True] * 20
    (failed,) = store.jobs(state=State.FAILED)
    assert failed.failed_reason == "unloadable"
    assert reason in failed.errors[-1].message
    (told,) = store.take_unreadable()
    assert told.error == failed.errors[-1]
    assert failed.envelope.id.startswith(told.id)
    assert (told.name, told.queue) == (failed.envelope.name[:200], failed.envelope.queue)
    assert store.take_unreadable() == []
    assert store.counts().total.failed == 1
    assert store.expire(seat) == []
    seat.leave()


def test_a_name_that_was_edited_goes_to_the_workers_that_know_it(store: SqliteStore) -> None:
    seat = store.join(worker())
    one = job("Job")
    store.add([one, job("Job")])
    for name in ("os.system", "../../etc/passwd", "__import__", "a\0b", "\u202etxt.exe"):
        _poison(store, "UPDATE jobs SET name = ? WHERE id = ?", name, one.id)
        assert one.id not in [claim.id for claim in store.claim(seat, 9, names=["Job"])]
        assert only(store, one.id).state is State.WAITING
        assert name in store.waiting_names()
        assert {counts.name: counts.waiting for counts in store.unfinished()}[name] == 1
    seat.leave()


def test_a_row_that_was_written_by_hand_is_run(store: SqliteStore) -> None:
    seat = store.join(worker())
    _poison(store, "INSERT INTO jobs (id, name, payload) VALUES ('by-hand', 'Job', '{}')")
    _poison(store, "INSERT INTO jobs (id, name, payload) VALUES ('spoilt', x'00', '{}')")
    assert [claim.id for claim in store.claim(seat, 9, names=["Job"])] == ["by-hand"]
    assert only(store, "spoilt").state is State.FAILED
    seat.leave()


def test_g5_a_payload_of_50_mb_is_not_read_into_the_worker(store: SqliteStore) -> None:
    import tracemalloc

    seat = store.join(worker())
    bad, good = job(), job()
    store.add([bad, good])
    _poison(store, "UPDATE jobs SET payload = ? WHERE id = ?", "x" * 50_000_000, bad.id)
    tracemalloc.start()
    started = time.monotonic()
    claims = store.claim(seat, 10)
    took, (_, peak) = time.monotonic() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [claim.id for claim in claims] == [good.id]
    assert peak < 5_000_000
    assert took < 20
    assert store.jobs(state=State.FAILED)[0].failed_reason == "unloadable"
    seat.leave()


def test_what_cannot_be_read_can_still_be_looked_at_and_deleted(store: SqliteStore) -> None:
    store.add([job(id="poison")])
    for column in ("errors", "progress", "tags", "limits", "holder", "held_reason", "name", "priority", "queue"):
        _poison(store, f"UPDATE jobs SET {column} = ? WHERE id = 'poison'", b"\xff\x00junk")
    (found,) = store.find("poison")
    assert found.envelope.id == "poison"
    assert len(store.jobs()) == 1
    assert len(store.counts().queues) == 1
    store.waiting_names()
    assert [counts.waiting for counts in store.unfinished()] == [1]
    store.next_due()
    store.cancel(["poison"])
    assert store.forget(["poison"]) == ["poison"]


@pytest.mark.parametrize("name", ["../../../etc/passwd", "", "a\0b", b"\xff", 7])
def test_a_holder_with_an_impossible_name_is_only_dead(store: SqliteStore, name: object) -> None:
    seat = store.join(worker())
    store.add([job()])
    store.claim(seat, 1)
    _poison(store, "UPDATE jobs SET holder = ?", name)
    store.check()
    assert len(store.expire(seat)) == 1
    seat.leave()


def test_f1_a_step_back_of_the_clock_runs_nothing_early(tmp_path: Path) -> None:
    clock = ManualClock()
    store = SqliteStore(str(tmp_path / "clock.sqlite3"), clock=clock)
    seat = store.join(worker())
    store.add([job(delay=60.0)])
    clock.step_wall(-3600)
    assert store.claim(seat, 1) == []
    assert store.next_due() == 3660.0
    clock.step_wall(7200)
    assert len(store.claim(seat, 1)) == 1
    seat.leave()


@pytest.mark.parametrize(
    "column", ["id", "name", "payload", "queue", "tags", "limits", "origin", "held_reason", "errors"]
)
def test_text_that_is_no_utf_8_stops_nobody_and_is_shown_with_escapes(store: SqliteStore, column: str) -> None:
    seat = store.join(worker())
    bad, good = job(priority=5), [job() for _ in range(20)]
    store.add([bad, *good])
    _poison(store, f"UPDATE jobs SET {column} = CAST(x'ff61' AS TEXT) WHERE id = ?", bad.id)
    _poison(store, "INSERT INTO pauses VALUES (CAST(x'fe' AS TEXT))")
    claims = [claim for _ in range(2) for claim in store.claim(seat, 20, names=["Job"])]
    assert [claim.id for claim in claims if claim.envelope.priority == 0] == [one.id for one in good]
    (found,) = (one for one in store.jobs() if one.envelope.priority == 5)
    assert "\\xffa" in f"{found}" or found.state is State.FAILED or column == "errors"
    assert store.counts().paused == ("\\xfe",)
    assert store.counts().total.running == len(claims)
    seat.leave()


@pytest.mark.parametrize("value", ["9e999", "-9e999", "1e300", "-1e300", "9223372036854775807", "-5", "'x'", "x'ff'"])
def test_numbers_that_are_none_end_no_worker_and_can_be_looked_at(store: SqliteStore, value: str) -> None:
    gone, seat = store.join(worker()), store.join(worker())
    store.add([job(id="held"), job(id="spoilt"), job(id="waiting", delay=60)])
    _poison(store, f"UPDATE jobs SET available_at = {value} WHERE id = 'waiting'")
    assert 0 <= (store.counts().total.oldest or 0.0) < 1e13
    store.claim(gone, 2)
    columns = ("available_at", "dispatched_at", "claims", "tries", "crashes", "exceptions", "priority", "held_at")
    _poison(store, f"UPDATE jobs SET {', '.join(f'{column} = {value}' for column in columns)} WHERE id <> 'held'")
    _poison(store, f"UPDATE jobs SET settled_at = {value}, lease_until = {value}")
    _poison(store, f"UPDATE jobs SET {', '.join(f'{column} = {value}' for column in columns[3:])} WHERE id = 'held'")
    gone.leave()
    store.expire(seat)
    assert store.counts().total.running == 0
    store.claim(seat, 9)
    failed = {one.envelope.id for one in store.jobs(state=State.FAILED) if one.failed_reason == "unloadable"}
    assert {one.id for one in store.take_unreadable()} == failed
    for one in store.jobs():
        assert abs(one.available_at) <= 1e12
        assert min(one.claims, one.tries, one.crashes) >= 0
    seat.leave()


@pytest.mark.parametrize("state", ["'x'", "3.5", "-1", "9", "x'ff'", "9e999"])
def test_a_state_that_is_none_counts_as_failed(store: SqliteStore, state: str) -> None:
    store.add([job(id="lost"), job()])
    _poison(store, f"UPDATE jobs SET state = {state} WHERE id = 'lost'")
    store.counts()
    assert only(store, "lost").state is State.FAILED
    (finding,) = (finding for check in store.check() for finding in check.findings)
    assert finding.what.startswith("Job lost is in no state that exists")


@pytest.mark.parametrize("column", ["holder", "id", "boot_id", "claims", "lease_until"])
def test_a_running_row_with_text_that_is_no_utf_8_is_taken_over_and_its_worker_has_lost_it(
    store: SqliteStore, column: str
) -> None:
    seat, other = store.join(worker()), store.join(worker())
    store.add([job(id="bad"), job(id="good")])
    bad, good = store.claim(seat, 2, lease=0.0)
    store.renew(seat, [Renewal("good", good.token)])
    _poison(store, f"UPDATE jobs SET {column} = CAST(x'ff61' AS TEXT) WHERE id = 'bad'")
    assert "\\xff" in f"{store.jobs(state=State.RUNNING)}" or column in ("boot_id", "claims", "lease_until")
    expired = store.expire(other)
    assert [one.envelope.id for one in expired] == ([] if column == "id" else ["bad"])
    assert [one.envelope.id for one in store.jobs(state=State.RUNNING)] == ["good"]
    assert store.renew(seat, [Renewal("bad", bad.token)]).lost == (Renewal("bad", bad.token),)
    assert store.settle(seat, [ending(bad, Done()), ending(good, Done())]) == [False, True]
    if column != "id":
        assert only(store, "bad").state is State.WAITING
    seat.leave()
    other.leave()


@pytest.mark.parametrize("value", ["CAST(x'ff61' AS TEXT)", "x'6162'", "'with space'", "''", "'a' || char(0)"])
def test_an_id_that_nobody_can_type_is_found_and_the_remedy_gives_it_another(store: SqliteStore, value: str) -> None:
    store.add([job(id="bad"), job(id="good")])
    store.clear()
    _poison(store, f"UPDATE jobs SET id = {value} WHERE id = 'bad'")
    (finding,) = (finding for check in store.check() for finding in check.findings)
    assert finding.what.startswith("1 job has an id that no dispatch gives: ")
    _poison(store, finding.remedy.partition('"')[2].rstrip('"'))
    assert [finding for check in store.check() for finding in check.findings] == []
    assert sorted(one.envelope.id for one in store.jobs()) == ["good", "renamed-1"]
    assert store.forget(["renamed-1"]) == ["renamed-1"]
