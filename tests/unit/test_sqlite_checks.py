"""What a SQLite store finds wrong with itself: each test breaks one thing in a real file."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dartian_queue.envelope import Envelope
from dartian_queue.errors import StoreUnusable
from dartian_queue.options import Limits
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.sqlite_checks import of_files
from dartian_queue.stores.store import Finding, WorkerInfo
from tests.conformance.making import worker


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "queue.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(str(path))
    made.add([Envelope(f"job-{number}", "Job", "{}", limits=Limits(tries=2)) for number in range(3)])
    yield made
    made.close()


def meddle(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def found(store: SqliteStore) -> list[Finding]:
    return [finding for check in store.check() for finding in check.findings]


@pytest.mark.parametrize(
    ("statement", "what", "remedy"),
    [
        ("UPDATE jobs SET tries = 3 WHERE seq < 3", "Job job-0, job-1 has been tried more often", "queue:retry job-0"),
        ("UPDATE jobs SET crashes = 4 WHERE seq = 2", "Job job-1 has been tried more often", "queue:retry job-1"),
        ("UPDATE jobs SET state = 1 WHERE seq = 1", "Job job-0 is running without a holder", "queue:work"),
        ("UPDATE jobs SET state = 9 WHERE seq = 1", "Job job-0 is in no state that exists", "queue:show job-0"),
        ("UPDATE jobs SET state = 2 WHERE seq = 3", "Job job-2 is in no state that exists", "queue:show job-2"),
        ("DELETE FROM lanes", "3 waiting jobs are in a lane that does not exist, job-0", "SET lane = 0"),
        ("DROP INDEX held", "index held is missing", "schema.sql"),
        ("DROP TRIGGER edited", "trigger edited is missing", "schema.sql"),
    ],
)
def test_what_was_broken_by_hand_is_found(
    statement: str, what: str, remedy: str, store: SqliteStore, path: Path
) -> None:
    meddle(path, statement)
    (finding,) = found(store)
    assert finding.severity == "error"
    assert finding.what.startswith(what)
    assert remedy in finding.remedy
    assert finding.why


def test_the_remedies_for_rows_are_ones(store: SqliteStore, path: Path) -> None:
    meddle(path, "UPDATE jobs SET tries = 3", "DELETE FROM lanes")
    lanes, tries = found(store)
    meddle(path, lanes.remedy.partition('"')[2].rstrip('"'))
    assert found(store) == [tries]
    store.cancel(["job-0", "job-1", "job-2"])
    store.retry(["job-0", "job-1", "job-2"])
    assert found(store) == []


def test_a_deadline_bounds_instead_of_tries(store: SqliteStore, path: Path) -> None:
    store.add([Envelope("timed", "Job", "{}", limits=Limits(tries=1, retry_until=9e9))])
    meddle(path, "UPDATE jobs SET tries = 9 WHERE id = 'timed'", "UPDATE jobs SET limits = '{' WHERE id = 'job-0'")
    assert found(store) == []


def test_an_index_that_lost_a_row_is_found(store: SqliteStore, path: Path) -> None:
    meddle(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'state = 0', 'state = 7') WHERE name = 'ready'",
    )
    meddle(path, "REINDEX ready")
    meddle(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'state = 7', 'state = 0') WHERE name = 'ready'",
    )
    assert [finding.what for finding in found(store)][-1:] == ["The index ready is wrong"]


def test_a_row_that_only_an_index_has_is_told_by_the_checks_and_not_shown(store: SqliteStore, path: Path) -> None:
    meddle(
        path,
        "CREATE TABLE fewer AS SELECT * FROM jobs WHERE 0",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'fewer') "
        "WHERE name = 'jobs'",
        "DELETE FROM sqlite_master WHERE name = 'fewer'",
    )
    store.close()
    assert store.find("job-1") == []
    assert any(finding.severity == "error" for finding in found(store))
    with pytest.raises(StoreUnusable, match="its index names a row that is not there"):
        store.claim(store.join(worker()), 9)


def test_damaged_pages_are_errors(store: SqliteStore, path: Path) -> None:
    store.add([Envelope(f"more-{number}", "Job", '"' + "x" * 3000 + '"') for number in range(200)])
    store.close()
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        for offset in range(40_960, size, 4096):
            file.seek(offset)
            file.write(b"\xff" * 512)
    (finding,) = found(store)
    assert finding.severity == "error"
    assert finding.what.startswith("The file is damaged, in 100 or more places: Page ")
    assert ".recover" in finding.remedy
    with open(path, "r+b") as file:
        file.write(b"\xff" * 4096)
    store.close()
    with pytest.raises(StoreUnusable, match="not a sound SQLite database"):
        store.check()


def test_rights_that_are_too_wide_are_warnings(store: SqliteStore, path: Path) -> None:
    os.chmod(path, 0o644)
    os.chmod(path.parent, 0o777)
    file, folder = found(store)
    assert (file.severity, file.remedy) == ("warning", f"chmod 600 {path}")
    assert file.what == f"{path} has the rights 644"
    assert (folder.severity, folder.remedy) == ("warning", f"chmod 755 {path.parent}")


def test_a_store_of_a_group_is_meant_for_it_and_for_nobody_else(store: SqliteStore, path: Path) -> None:
    store.close()
    os.chmod(path, 0o660)
    os.chmod(path.parent, 0o2770)
    assert found(store) == []
    store.close()
    os.chmod(path, 0o664)
    remedies = [finding.remedy for finding in found(store)]
    assert (remedies[0], remedies[-1]) == (f"chmod 600 {path}", f"chmod 750 {path.parent}")
    store.close()
    os.chmod(path, 0o660)
    os.chmod(path.parent, 0o777)
    assert [finding.remedy for finding in found(store)] == [f"chmod 775 {path.parent}"]


def test_a_worker_that_died_is_told_until_another_takes_over(store: SqliteStore, path: Path) -> None:
    program = f"""
import os
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.store import WorkerInfo
store = SqliteStore({str(path)!r})
seat = store.join(WorkerInfo(name="dead", pid=os.getpid(), host="here"))
store.claim(seat, 1)
os._exit(1)
"""
    died = subprocess.Popen([sys.executable, "-c", program])
    died.wait(20)
    (finding,) = found(store)
    assert finding.what == f"1 dead worker left files or claims (pid {died.pid})"
    assert finding.remedy == "dartian queue:work --stop-when-empty"
    seat = store.join(WorkerInfo(name="next", pid=os.getpid(), host="here"))
    store.expire(seat)
    store.expire(seat)
    assert found(store) == []
    seat.leave()


def test_a_large_wal_is_a_warning(path: Path, store: SqliteStore) -> None:
    other = path.with_name("other.sqlite3")
    with open(f"{other}-wal", "wb") as file:
        file.truncate(200_000_000)
    os.chmod(f"{other}-wal", 0o600)
    (finding,) = [finding for check in of_files(str(other), []) for finding in check.findings]
    assert finding.what == "The write-ahead log has 200 MB"
