"""C5: a file of another schema is migrated whole, or refused and left as it is."""

import sqlite3
from pathlib import Path

import pytest

from dartian_queue.errors import StoreBusy, StoreUnusable
from dartian_queue.stores import sqlite_schema
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.writers_lock import WritersLock
from tests.conformance.making import job, worker
from tests.faults.storage import audit, heard, kill, running


def test_a_newer_schema_is_refused_and_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    store = SqliteStore(str(path))
    store.add([job()])
    store.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreUnusable) as raised:
        SqliteStore(str(path))
    assert str(raised.value).splitlines() == [
        f"Store {path} was written by a newer Dartian (version 999 of the schema, this one knows 2)",
        "It was left as it is. Upgrade with pip install -U dartian, or set another path.",
    ]
    assert path.read_bytes() == before


def test_a_migration_waits_until_nobody_writes(tmp_path: Path) -> None:
    path = str(tmp_path / "queue.sqlite3")
    store = SqliteStore(path)
    store.add([job(id="old")])
    store.close()
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE jobs DROP COLUMN claimed_at")
    connection.execute("PRAGMA user_version = 1")
    other = WritersLock(f"{path}-workers/writer.lock")
    assert other.take(0.0)
    with pytest.raises(StoreBusy, match="stayed locked by another process"):
        SqliteStore(path, wait=0.2)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    other.close()
    migrated = SqliteStore(path, wait=0.2)
    assert [one.envelope.id for one in migrated.claim(migrated.join(worker()), 9)] == ["old"]
    migrated.close()


def test_a_database_of_somebody_else_is_refused_and_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "app.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE users (id INTEGER)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreUnusable, match=r"a SQLite database, but not a store of Dartian's\nIt was left as it"):
        SqliteStore(str(path))
    assert path.read_bytes() == before


def test_an_older_schema_is_migrated_in_one_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "queue.sqlite3"
    store = SqliteStore(str(path))
    store.add([job(id="old")])
    store.close()
    scripts = {"003": "ALTER TABLE jobs ADD COLUMN colour TEXT;\nCREATE TABLE more (a);\nBROKEN;"}
    monkeypatch.setattr(sqlite_schema, "MIGRATIONS", ["schema", "claimed_at", "003"])
    monkeypatch.setattr(sqlite_schema, "script", scripts.__getitem__)
    with pytest.raises(StoreUnusable):
        SqliteStore(str(path))
    assert _tables(path) == {"jobs", "lanes", "pauses"}
    scripts["003"] = scripts["003"].replace("BROKEN;", "")
    migrated = SqliteStore(str(path))
    assert [one.envelope.id for one in migrated.jobs()] == ["old"]
    migrated.close()
    assert _tables(path) == {"jobs", "lanes", "pauses", "more"}


def test_a_journal_mode_that_somebody_changed_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    SqliteStore(str(path)).close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    connection.close()
    SqliteStore(str(path)).add([job()])
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def _tables(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    return names


def test_a_kill_while_the_file_is_made_leaves_one_that_opens(tmp_path: Path) -> None:
    program = """
        from dartian_queue.stores import sqlite_schema
        real = sqlite_schema._split
        def slow(text):
            for number, statement in enumerate(real(text)):
                if number == int(args[0]):
                    say("now")
                    time.sleep(60)
                yield statement
        sqlite_schema._split = slow
        SqliteStore(path)
    """
    for number in (0, 2, 5):
        path = tmp_path / f"{number}.sqlite3"
        with running(program, path, number) as process:
            assert heard(process) == ["now"]
            kill(process)
        SqliteStore(str(path)).add([job()])
        assert audit(path) == {0: 1}
