"""Where the configuration comes from, what wins, and what a wrong one says."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dartian_queue import config
from dartian_queue.config import Config, Connection, Settings, adopt, configure, configured, current, env, handover
from dartian_queue.delays import Exponential
from dartian_queue.errors import ConfigError, InvalidOption
from dartian_queue.stores import open_store


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in [name for name in os.environ if name.startswith(("QUEUE_", "DARTIAN_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    config.reset()
    yield tmp_path.resolve()
    config.reset()


def write(root: Path, text: str, path: str = "config/queue.py") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_with_nothing_at_all(root: Path) -> None:
    settings = current()
    assert (settings.root, settings.root_from) == (str(root), "the current folder")
    assert settings.default == Connection(driver="isolate", name="isolate")
    assert settings.default_from == "the default"
    assert settings.store_url(settings.default) == str(root / "storage/queue.sqlite3")
    assert (settings.jobs, settings.import_paths) == (("app.jobs",), (str(root),))
    assert settings.config_file == ""


def test_the_defaults_are_those_of_the_contract() -> None:
    limits = Config().limits()
    assert (limits.tries, limits.timeout, limits.backoff) == (1, 60.0, Exponential(3.0, 600.0))
    defaults = Config()
    assert (defaults.max_payload, defaults.lease, defaults.grace) == (1024 * 1024, 30.0, 25.0)
    assert (defaults.done_kept, defaults.failed_kept) == (24 * 3600.0, 7 * 24 * 3600.0)
    connection = Connection(driver="isolate")
    assert (connection.drain_timeout, connection.wait, connection.poll, connection.isolates) == (25.0, 10.0, 1.0, 0)
    assert connection.companion


def test_the_file_is_run_by_its_path_with_env_and_hooks(root: Path) -> None:
    write(root, "QUEUE_FROM_FILE = 'yes'\nQUEUE_STORE = sub/store.sqlite3\n", ".env")
    path = write(
        root,
        "from datetime import timedelta\n"
        "from dartian_queue import Config, Connection, env, exponential\n"
        "config = Config(default='main', jobs=['shop.jobs'], tries=3, backoff=exponential(1),"
        " timeout=timedelta(minutes=2),"
        " connections={'main': Connection(driver='isolate', queue=env('QUEUE_FROM_FILE', 'no'))})\n"
        "def boot(): return 'booted'\n"
        "def isolate_started(): return 'started'\n"
        "def attempt_ended(): return 'ended'\n",
    )
    settings = current()
    assert settings.config_file == str(path)
    assert (settings.default.name, settings.default.queue) == ("main", "yes")
    assert settings.default_from == "config/queue.py"
    assert settings.store_url(settings.default) == str(root / "sub/store.sqlite3")
    assert (settings.config.tries, settings.config.timeout) == (3, 120.0)
    assert settings.boot is not None
    assert settings.isolate_started is not None
    assert settings.attempt_ended is not None
    assert (settings.boot(), settings.isolate_started(), settings.attempt_ended()) == ("booted", "started", "ended")
    assert "QUEUE_FROM_FILE" not in os.environ, ".env is never written into os.environ"
    assert env("QUEUE_FROM_FILE") == "yes"


def test_the_line_of_those_who_choose_the_driver(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        root,
        "from dartian_queue import Config, Connection\n"
        "c = Connection(driver='isolate')\n"
        "config = Config(default='one', connections=dict(one=c, two=c, three=c))\n",
    )
    assert (current().default.name, current().default_from) == ("one", "config/queue.py")
    write(root, "QUEUE_DRIVER=two\n", ".env")
    configure()
    assert (current().default.name, current().default_from) == ("two", "QUEUE_DRIVER in .env")
    monkeypatch.setenv("QUEUE_DRIVER", "three")
    configure()
    assert (current().default.name, current().default_from) == ("three", "QUEUE_DRIVER")
    configure(driver="sync")
    assert (current().default.name, current().default.driver) == ("sync", "sync")
    assert current().default_from == "configure()"


def test_the_line_of_those_who_say_where_the_store_is(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert current().store_from == "the default"
    write(
        root,
        "from dartian_queue import Config, Connection\n"
        "config = Config(connections=dict(isolate=Connection(driver='isolate', store='filed.sqlite3')))\n",
    )
    configure()
    assert (current().default.store, current().store_from) == ("filed.sqlite3", "config/queue.py")
    write(root, "QUEUE_STORE=dotted.sqlite3\n", ".env")
    configure()
    assert (current().default.store, current().store_from) == ("dotted.sqlite3", "QUEUE_STORE in .env")
    monkeypatch.setenv("QUEUE_STORE", "said.sqlite3")
    configure()
    assert (current().default.store, current().store_from) == ("said.sqlite3", "QUEUE_STORE")
    configure(store="called.sqlite3")
    assert (current().default.store, current().store_from) == ("called.sqlite3", "configure()")


def test_the_environment_wins_over_dotenv(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, "QUEUE_COMPANION=1\nA=file\n", ".env")
    monkeypatch.setenv("QUEUE_COMPANION", "0")
    monkeypatch.setenv("A", "environment")
    assert not current().default.companion
    assert not current().connection("sync").companion, "of every connection"
    assert (env("A"), env("B", "given")) == ("environment", "given")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config = Config(\n", "config/queue.py:2: '(' was never closed\nCorrect the line, then try again."),
        ("x = 1\n\nx = 1 / 0\n", "config/queue.py:4: ZeroDivisionError: division by zero"),
        (
            "x = 1\n",
            "config/queue.py has no `config`\nIt takes: config = Config(...), from dartian_queue import Config.",
        ),
        ("config = {}\n", "config/queue.py has a `config` that is {}\nIt takes: config = Config(...), from "),
        ("config = Config(tires=3)\n", "there is no setting 'tires'; did you mean 'tries'?"),
        ("config = Config(tries='x')\n", "tries takes a whole number from 0 to 1000000, not 'x'"),
        ("config = Config(lease=1)\n", "lease takes at least 3 seconds, not 1.0"),
        (
            "config = Config(connections={'a': Connection(driver='isolat')})\n",
            "driver takes isolate or sync (did you mean 'isolate'?), not 'isolat'",
        ),
        ("config = Config(connections={'a': {}})\n", "connections['a'] takes a Connection(...), not {}"),
        (
            "config = Config(default='isolte')\n",
            "names 'isolte', no connection of config/queue.py and no driver; did you",
        ),
        ("config = Config(jobs='app.jobs')\n", "jobs takes a list of packages, such as [\"app.jobs\"], not 'app.jobs'"),
        (
            "config = Config(jobs=[3])\n",
            'config/queue.py:2: jobs takes a list of packages, such as ["app.jobs"], not [3]',
        ),
        (
            "config = Config(jobs=[])\n",
            'config/queue.py:2: jobs takes a list of packages, such as ["app.jobs"], not []',
        ),
        (
            "config = Config(jobs=['a.jobs', 'b.jobs', 'a.jobs'])\n",
            "config/queue.py:2: jobs has 'a.jobs' twice\nKeep one of them, or write the package that was meant.",
        ),
        (
            "config = Config(connections={'sync': Connection(driver='isolate')})\n",
            "config/queue.py: connections['sync'] has the driver 'isolate', and sync is itself a driver\n"
            "Give the connection another name, or write Connection(driver='sync').",
        ),
        (
            "config = Config(connections={'here': Connection(driver='sync', store='jobs.sqlite3')})\n",
            "config/queue.py: connections['here'] has driver='sync' with store='jobs.sqlite3': sync runs a job where "
            "it is dispatched, and stores none\n"
            "Write driver='isolate', or leave store out.",
        ),
        (
            "config = Config(connections={'here': Connection(driver='sync', store='pg://me:secret@h/d')})\n",
            "with store='pg://me:***@h/d'",
        ),
        (
            "from dartian_queue import exponential\nconfig = Config(backoff=exponential(900))\n",
            "config/queue.py:3: exponential(900, cap=600) begins above its cap, so every delay would be the cap\n"
            "Write exponential(900, cap=7200), or the number 600 alone.",
        ),
        ("config = Config()\nboot = 3\n", "boot takes a function without parameters, not 3"),
        ("config = Config()\nasync def boot(): ...\n", "not one that is async or yields"),
        ("config = Config()\ndef isolate_started(): yield\n", "not one that is async or yields"),
        ("config = Config()\ndef boot(a, b=1, *, c, d=2): ...\n", "not boot(a, c)"),
        (
            "raise SystemExit(3)\n",
            "config/queue.py:2: the file ends the process (SystemExit: 3)\n"
            "Take that out: whoever reads the configuration goes on after it.",
        ),
        (
            "x = {}['nope']\n",
            "config/queue.py:2: KeyError: 'nope'\n"
            "Correct that line, or what it calls. The whole traceback: dartian queue:status -v",
        ),
        ("import nowhere_to_be_found\n", "-m pip install nowhere_to_be_found"),
        ("from dartian_queue import Confg\n", "\nCorrect the name; did you mean 'Config'?"),
        ("x = env('A')\n", "NameError: name 'env' is not defined\nWrite above it: from dartian_queue import env"),
        (
            "config = Config(tires=3)\n",
            "config/queue.py:2: there is no setting 'tires'; did you mean 'tries'?\nCorrect its name, or take it out.",
        ),
        (
            "config = Config(isolates=3)\n",
            "'isolates' is a setting of Connection, not of Config\nMove it to a Connection(...).",
        ),
        (
            "config = Config(connections={'a': Connection(driver='sync', lease=9)})\n",
            "'lease' is a setting of Config, not of Connection\nMove it to a Config(...).",
        ),
        (
            "config = Config(connections={'a': Connection(store='x')})\n",
            'a Connection without a driver\nWrite Connection(driver="isolate"), or driver="sync".',
        ),
        (
            "config = Config('isolate')\n",
            "Config and Connection take keywords alone\nWrite the name before the value: ",
        ),
        ("config = Config(tries=-1)\n", "not -1\nCorrect the value there, then try again."),
        ("config = Config(default=3)\n", "default takes the name of a connection, not 3\n"),
        ("config = Config(default='isolte')\n", "config/queue.py names 'isolte'"),
        (
            "config = Config(connections=[Connection(driver='sync')])\n",
            "config/queue.py: connections takes a dict by name, not [Connection(driver='sync', ",
        ),
        ("config = Config(connections={1: Connection(driver='sync')})\n", "connections takes a dict by name, not {1: "),
    ],
)
def test_a_file_that_cannot_be_understood(root: Path, text: str, message: str) -> None:
    write(root, "from dartian_queue import Config, Connection\n" + text)
    with pytest.raises(ConfigError) as caught:
        current()
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3
    assert caught.value.exit_code == 3


def test_an_unreadable_file_and_dotenv(root: Path) -> None:
    path = write(root, "")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"config/queue\.py"):
        current()
    path.unlink()
    (root / ".env").write_bytes(b"A=\xff\n")
    with pytest.raises(ConfigError, match=r"\.env cannot be read"):
        current()


@pytest.mark.parametrize("line", ["QUEUE_DRIVER sync", 'QUEUE_DRIVER="sync', "export QUEUE_DRIVER: sync"])
def test_a_line_of_dotenv_that_is_ours_is_not_passed_over(root: Path, line: str) -> None:
    write(root, f"A=1\n\n{line}\nQUEUE_COMPANION=0\n", ".env")
    with pytest.raises(ConfigError, match=r"\.env:3: QUEUE_DRIVER is not understood") as caught:
        current()
    assert "sync" not in str(caught.value), "a value may be a secret"


def test_dotenv_is_read_from_the_root_only(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "shop" / "app" / "jobs").mkdir(parents=True)
    for folder in (".", "shop/app", "shop/app/jobs", "shop/config"):
        write(root, "QUEUE_DRIVER=sync\nA=not this one\n", f"{folder}/.env")
    monkeypatch.chdir(root / "shop" / "app" / "jobs")
    assert (current().root, current().default.driver, env("A")) == (str(root / "shop"), "isolate", "")
    write(root, "A=this one\n", "shop/.env")
    configure()
    current()
    assert env("A") == "this one"


def test_a_line_of_dotenv_that_is_not_ours_does_no_harm(root: Path) -> None:
    write(root, "what is this\nQUEUE_DRIVER=sync\n", ".env")
    assert current().default.driver == "sync"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"drivr": "sync"}, "configure() has no option 'drivr'; did you mean 'driver'?"),
        ({"timeout": -1}, "Config: timeout takes seconds from 0 to ten years, not -1"),
        ({"durability": "none"}, 'durability takes "power" or "process", not \'none\''),
        ({"isolates": 1000}, "isolates takes a number from 0 to 256, not 1000"),
        ({"companion": 0}, "companion takes True or False, not 0"),
        ({"queue": "a b"}, "queue takes 1 to 64 letters, digits or _ . : -, not 'a b'"),
        ({"store": ""}, "store takes a path or URL, not ''"),
        (
            {"jobs": ["app.jobs", "app.jobs"]},
            "jobs has 'app.jobs' twice\nKeep one of them, or write the package that was meant.",
        ),
        ({"root": 3}, "root takes the path of a folder, not 3"),
    ],
)
def test_a_wrong_configure_raises_there_and_changes_nothing(overrides: dict[str, object], message: str) -> None:
    configure(tries=4)
    with pytest.raises(InvalidOption) as caught:
        configure(**overrides)  # type: ignore[arg-type]
    assert str(caught.value) == message
    assert current().config.tries == 4


def test_each_configure_adds_to_the_last() -> None:
    configure(tries=4, queue="a")
    configure(queue="b")
    assert (current().config.tries, current().default.queue) == (4, "b")
    with configured(tries=5):
        assert current().config.tries == 5
    assert current().config.tries == 4


def test_listeners_hear_of_every_change() -> None:
    heard: list[int] = []
    config.on_change(lambda: heard.append(1))
    configure(tries=2)
    config.reset()
    assert len(heard) == 2


def test_an_unknown_driver_names_the_near_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUE_DRIVER", "isolte")
    with pytest.raises(ConfigError) as caught:
        current()
    assert str(caught.value) == (
        "QUEUE_DRIVER names 'isolte', no connection of config/queue.py and no driver; did you mean 'isolate'?\n"
        "Name one that is there: isolate, sync."
    )
    monkeypatch.setenv("QUEUE_DRIVER", "sync")
    monkeypatch.setenv("QUEUE_COMPANION", "perhaps")
    with pytest.raises(ConfigError, match=r"^QUEUE_COMPANION takes 1 or 0, not 'perhaps'"):
        current()


def test_a_wrong_switch_is_told_with_its_file(root: Path) -> None:
    write(root, "QUEUE_COMPANION=perhaps\n", ".env")
    with pytest.raises(ConfigError, match=r"^QUEUE_COMPANION in \.env takes 1 or 0, not 'perhaps'"):
        current()


def test_the_line_of_those_who_choose_the_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = root / "shop" / "app" / "jobs" / "deep"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert (current().root, current().root_from) == (str(root / "shop"), "the current folder, upwards")
    other = root / "other" / "package"
    other.mkdir(parents=True)
    (other / "__init__.py").touch()
    config.reset()
    settings = current(near=str(other / "made.py"))
    assert (settings.root, settings.root_from) == (str(root / "other"), "the jobs package")
    monkeypatch.setenv("DARTIAN_ROOT", str(root / "shop"))
    config.reset()
    settings = current(near=str(other / "made.py"))
    assert (settings.root, settings.root_from) == (str(root / "shop"), "DARTIAN_ROOT")
    configure(root=str(root))
    assert (current().root, current().root_from) == (str(root), "configure()")
    monkeypatch.setenv("DARTIAN_ROOT", str(root / "nowhere"))
    config.reset()
    with pytest.raises(ConfigError, match=r"DARTIAN_ROOT is '.*nowhere', which is no folder"):
        current()


@pytest.mark.parametrize("mark", ["config/queue.py", "pyproject.toml"])
def test_what_marks_a_root(root: Path, monkeypatch: pytest.MonkeyPatch, mark: str) -> None:
    text = "from dartian_queue import Config\nconfig = Config()\n" if mark.endswith(".py") else "[tool.dartian]\n"
    write(root / "marked", text, mark)
    (root / "marked" / "sub").mkdir()
    monkeypatch.chdir(root / "marked" / "sub")
    assert current().root == str(root / "marked")


@pytest.mark.parametrize(
    ("given", "jobs", "paths"),
    [
        ('jobs = "app/jobs"', ("app.jobs",), ("",)),
        ('jobs = ["src/shop/jobs", "billing/jobs/"]', ("shop.jobs", "billing.jobs"), ("", "src")),
        ('jobs = "./shop/tasks"', ("shop.tasks",), ("",)),
        ("", ("app.jobs",), ("",)),
    ],
)
def test_the_jobs_packages(root: Path, given: str, jobs: tuple[str, ...], paths: tuple[str, ...]) -> None:
    write(root, f"[tool.dartian]\n{given}\n", "pyproject.toml")
    assert current().jobs == jobs
    assert current().import_paths == tuple(str(root / path).rstrip("/") for path in paths)


def test_a_jobs_package_is_imported_from_above_its_outermost_package(root: Path) -> None:
    write(root, '[tool.dartian]\njobs = "backend/shop/jobs"\n', "pyproject.toml")
    write(root, "", "backend/shop/__init__.py")
    assert current().jobs == ("shop.jobs",)
    assert current().import_paths == (str(root), str(root / "backend"))


def test_names_that_are_configured_are_imported_from_where_pyproject_says(root: Path) -> None:
    write(root, '[tool.dartian]\njobs = "src/shop/jobs"\n', "pyproject.toml")
    configure(jobs=["shop.jobs", "shop.main"])
    assert current().jobs == ("shop.jobs", "shop.main")
    assert current().import_paths == (str(root), str(root / "src"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.dartian\n", "pyproject.toml is not valid TOML"),
        ("[tool.dartian]\njobs = 3\n", '[tool.dartian] jobs takes folders, such as "app/jobs", not 3'),
        (
            '[tool.dartian]\njobs = ["app/jobs", "./app/jobs/"]\n',
            "pyproject.toml: [tool.dartian] jobs has 'app.jobs' twice\nKeep one of them, or write the package that was",
        ),
        ("[tool.dartian]\njobs = []\n", '[tool.dartian] jobs takes folders, such as "app/jobs", not []'),
    ],
)
def test_a_pyproject_that_cannot_be_understood(root: Path, text: str, message: str) -> None:
    write(root, text, "pyproject.toml")
    with pytest.raises(ConfigError) as caught:
        current()
    assert message in str(caught.value)


def test_a_password_is_never_shown() -> None:
    url = "redis://user:s3cr3t@host:6379/0"
    connection = Connection(driver="isolate", store=url)
    for text in (repr(connection), str(connection), f"{connection}", repr(Config(connections={"a": connection}))):
        assert "s3cr3t" not in text
        assert "redis://user:***@host:6379/0" in text


def test_the_handover_leads_another_process_to_the_same_settings(root: Path) -> None:
    write(root, "from dartian_queue import Config\nconfig = Config(tries=9)\n")
    configure(
        driver="isolate", store="other.sqlite3", timeout=timedelta(seconds=5), backoff=[1, timedelta(seconds=2)], wait=3
    )
    before: Settings = current()
    text = handover(before, "me")
    os.chdir("/")
    config.reset()
    after = adopt(text)
    assert after.store_url(after.default) == before.store_url(before.default)
    assert (after.root, after.config, after.jobs) == (before.root, before.config, before.jobs)
    assert (after.default.wait, after.default.companion) == (3.0, False), "a worker's process starts no companion"
    assert config.adopted_origin() == "me"
    assert json.loads(handover(after))["origin"] == "me", "and hands it on"


def test_the_handover_carries_the_import_path(root: Path) -> None:
    sys.path.insert(0, str(root / "first"))
    sys.path.insert(1, "")
    text = handover(current())
    sys.path[:] = ["/there/already"]
    adopt(text)
    assert sys.path[:2] == [str(root / "first"), str(root)]
    assert sys.path[-1] == "/there/already"


@pytest.mark.parametrize("store", ["sqlite:storage/q.db", "./storage/q.db", "storage/../storage/q.db"])
def test_a_relative_store_lies_below_the_root_however_it_is_written(root: Path, store: str) -> None:
    configure(store=store)
    settings = current()
    with contextlib.closing(open_store(settings.store_url(settings.default))):
        assert (root / "storage/q.db").is_file()
    assert not (root / "sqlite:storage").exists()
