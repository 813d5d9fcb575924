"""open_store: which store a URL means, and what is said of one that means none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dartian_queue.errors import ConfigError
from dartian_queue.stores import open_store
from dartian_queue.stores.memory import MemoryStore
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.stores.store import WorkerInfo
from tests.conformance.making import job


def test_a_path_is_a_sqlite_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stores = [open_store("storage/q.sqlite3"), open_store(f"{tmp_path}/storage/q.sqlite3")]
    stores += [open_store(f"sqlite://{tmp_path}/storage/q.sqlite3")]
    assert all(isinstance(store, SqliteStore) for store in stores)
    assert {store.url for store in stores} == {f"sqlite://{tmp_path}/storage/q.sqlite3"}
    stores[0].add([job()])
    assert stores[2].counts().total.ready == 1


def test_a_file_that_is_reached_by_a_symbolic_link_is_the_same_store_with_the_same_workers(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "q.sqlite3"))
    (tmp_path / "link.sqlite3").symlink_to("q.sqlite3")
    linked = open_store(str(tmp_path / "link.sqlite3"))
    assert linked.url == store.url
    seat = store.join(WorkerInfo("w", os.getpid(), "here"))
    assert [worker.pid for worker in linked.workers()] == [os.getpid()]
    seat.leave()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["q.sqlite3-workers"]


def test_memory_is_one_store_a_name() -> None:
    first = open_store("memory://one")
    assert isinstance(first, MemoryStore)
    assert open_store("memory://one") is first
    assert open_store("memory://two") is not first
    assert open_store("memory:") is open_store("memory://")
    assert first.url == "memory://one"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlit:///a/b", r"No store is known for 'sqlit'; did you mean 'sqlite'\?\nSet QUEUE_STORE, or store= in "),
        ("mongodb://h/db", r"No store is known for 'mongodb'\nSet QUEUE_STORE, or store= in "),
        ("sqlite://queue.sqlite3", "takes an absolute path, with three slashes\nWrite sqlite:///data/queue.sqlite3"),
        ("sqlite:///", "takes an absolute path"),
        ("sqlite:///:memory:", "memory: for a store that nobody keeps"),
        ("", "is not the path of a file"),
        ("storage/", "is not the path of a file, such as storage/queue.sqlite3"),
        ("a\0b", r"Store 'a\\+x00b' is not the path"),
    ],
)
def test_what_is_no_store_is_said_with_what_to_write(url: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        open_store(url)


def test_a_durability_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'power' or 'process', not 'proces'; did you mean 'process'\?"):
        open_store(str(tmp_path / "q"), durability="proces")  # type: ignore[arg-type]
    assert not (tmp_path / "q").exists()


def test_sqlite3_is_imported_only_for_a_sqlite_store() -> None:
    program = (
        "import sys; from dartian_queue.stores import open_store; open_store('memory:');"
        "print(sorted({'sqlite3', 'asyncio', 'dataclasses', 'logging', 'importlib.metadata'} & sys.modules.keys()))"
    )
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert said.strip() == "[]"
