"""What is wrong around the command line gets one clear error, the right exit code, and changes nothing."""

import pytest

from tests.cli.typing_at import dartian
from tests.scene import Scene

READING = ["job:list", "job:run Greet name=Ada", "job:dispatch Greet name=Ada", "queue:work"]
STORING = ["queue:status", "queue:failed", "queue:retry all", "job:dispatch Greet name=Ada", "queue:work"]


def refused(shop: Scene, command: str, code: int, env: dict[str, str] | None = None) -> str:
    answer = dartian(shop.root, *command.split(), code=code, env=env)
    assert answer.out == ""
    assert answer.err.startswith("error: ")
    assert len(answer.err.splitlines()) <= 3
    assert "Traceback" not in answer.err
    return answer.err


@pytest.mark.parametrize("command", READING)
def test_a_jobs_file_with_a_syntax_error(command: str, shop: Scene) -> None:
    shop.write("app/jobs/broken.py", "\ndef x(:\n")
    err = refused(shop, command, 3)
    assert "SyntaxError" in err
    assert "app/jobs/broken.py:2" in err
    assert not (shop.store_path.exists() and shop.store.counts().total.waiting)


@pytest.mark.parametrize("command", READING)
def test_boot_that_raises(command: str, shop: Scene) -> None:
    shop.write("config/queue.py", "from dartian_queue import Config\nconfig = Config()\ndef boot(): 1 / 0\n")
    err = refused(shop, command, 3)
    assert "raised ZeroDivisionError: division by zero" in err
    assert "config/queue.py:3" in err


@pytest.mark.parametrize("command", [*READING, *STORING])
@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def x(:\n", "config/queue.py:1"),
        ("config = 3\n", "It takes: config = Config(...)"),
        ("from dartian_queue import Config\nconfig = Config(trise=3)\n", "did you mean 'tries'?"),
    ],
)
def test_a_broken_configuration(command: str, source: str, told: str, shop: Scene) -> None:
    shop.write("config/queue.py", source)
    assert told in refused(shop, command, 3)
    assert not shop.store_path.exists()


@pytest.mark.parametrize("command", ["job:list", "queue:work", "queue:status"])
def test_an_unknown_driver(command: str, shop: Scene) -> None:
    assert "did you mean 'isolate'?" in refused(shop, command, 3, env={"QUEUE_DRIVER": "isolat"})


@pytest.mark.parametrize("command", ["queue:work isolte", "queue:status --connection isolte"])
def test_an_unknown_connection(command: str, shop: Scene) -> None:
    err = refused(shop, command, 2)
    assert err == "error: there is no connection 'isolte'; did you mean 'isolate'?\n  There are: isolate, sync\n"


@pytest.mark.parametrize("command", ["queue:work", "queue:clear"])
def test_a_queue_where_a_connection_belongs(command: str, shop: Scene) -> None:
    assert refused(shop, f"{command} media", 2) == (
        "error: there is no connection 'media'\n"
        "  There are: isolate, sync\n"
        f"  For a queue: dartian {command} --queue media\n"
    )
    assert "For a queue" not in refused(shop, f"{command} a/b", 2)
    assert "For a queue" not in refused(shop, "queue:status --connection media", 2)


@pytest.mark.parametrize("command", STORING)
def test_a_store_that_is_no_database(command: str, shop: Scene) -> None:
    shop.store_path.parent.mkdir()
    shop.store_path.write_text("this is no database, whatever its name says, and it is long enough to look at")
    before = shop.store_path.read_bytes()
    assert "is not a sound SQLite database" in refused(shop, command, 4)
    assert shop.store_path.read_bytes() == before


@pytest.mark.parametrize("command", ["queue:work", "queue:pause mail"])
def test_a_folder_that_is_no_application_gets_no_store(command: str, shop: Scene) -> None:
    shop.write("pyproject.toml", '[tool.dartian]\njobs = "elsewhere/jobs"\n')
    assert refused(shop, command, 3) == (
        f"error: {shop.root} is no application: it has neither config/queue.py nor elsewhere.jobs\n"
        f"  Go to the root of one, or start one: dartian new PATH\n"
    )
    assert not shop.store_path.parent.exists()


@pytest.mark.parametrize("command", STORING)
def test_a_store_that_cannot_be_written(command: str, shop: Scene) -> None:
    shop.store_path.mkdir(parents=True)
    assert "is a folder" in refused(shop, command, 4)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (
            "queue:work --once --max-jobs 5",
            "error: --once runs one job, and --max-jobs 5 runs 5: only one of them can hold\n"
            "  For so many jobs: dartian queue:work --max-jobs 5\n",
        ),
        (
            "queue:work --plain --json",
            "error: --plain and --json are two forms of the same lines\n  For programs: dartian queue:work --json\n",
        ),
        (
            "queue:work --backoff exponential:900",
            "error: exponential(900, cap=600) begins above its cap, so every delay would be the cap\n"
            "  Write exponential(900, cap=7200), or the number 600 alone.\n",
        ),
        (
            "make:job Zip --timeout 0 --fail-on-timeout",
            "error: class Zip: fail_on_timeout=True with timeout=0: what runs without bound never runs out of time\n"
            "  Give it a timeout above 0, or leave fail_on_timeout out.\n",
        ),
    ],
)
def test_flags_that_contradict_each_other(command: str, told: str, shop: Scene) -> None:
    assert refused(shop, command, 2) == told
    assert not shop.store_path.exists()


@pytest.mark.parametrize("command", ["job:dispatch Greet name=Ada", "queue:work --once", "queue:status"])
def test_a_store_that_ends_with_its_process(command: str, shop: Scene) -> None:
    err = refused(shop, command, 3, env={"QUEUE_STORE": "memory:"})
    assert err.startswith("error: the connection 'isolate' has the store 'memory:', which ends with its process\n")
    assert err.endswith("to a path such as storage/queue.sqlite3.\n")
    sync = {"QUEUE_STORE": "memory:", "QUEUE_DRIVER": "sync"}
    assert "has run here" in dartian(shop.root, "job:dispatch", "Greet", "name=Ada", env=sync).out


@pytest.mark.parametrize("command", READING)
def test_a_class_whose_keywords_contradict_each_other(command: str, shop: Scene) -> None:
    shop.jobs("class Odd(Job, tries=2, max_exceptions=3):\n    def handle(self) -> None: ...\n", "more")
    assert "class Odd: max_exceptions=3 with tries=2: " in refused(shop, command, 2)


def test_about_tells_what_is_broken_in_its_place(shop: Scene) -> None:
    shop.write("app/jobs/broken.py", "def x(:\n")
    assert "broken: the jobs module 'app.jobs.broken'" in dartian(shop.root, "about").out
    shop.store_path.mkdir(parents=True)
    assert "out of reach: " in dartian(shop.root, "about").out
    shop.write("config/queue.py", "config = 3\n")
    assert "broken: " in dartian(shop.root, "about").out


def test_about(shop: Scene) -> None:
    worker = shop.worker("--name", "mill").ready()
    facts = dartian(shop.root, "about", "--json").data()
    assert facts["root"] == str(shop.root)
    assert facts["root_found_by"] == "the current folder, upwards"
    assert facts["connection_chosen_by"] == facts["store_chosen_by"] == "the default"
    assert facts["workers"] == [f"mill (pid {worker.pid})"]
    assert (facts["jobs"], facts["isolates"], facts["jobs_packages"]) == (4, "forked", ["app.jobs"])
    assert set(dartian(shop.root, "about", "--json", "--no-jobs").data()) == set(facts) - {"jobs", "isolates"}


def test_about_says_why_isolates_are_plain(shop: Scene) -> None:
    shop.jobs(
        "import threading\nthreading.Thread(target=time.sleep, args=(5,), daemon=True, name='poller').start()\n", "busy"
    )
    assert (
        "started plainly, since the application starts threads when it is imported" in dartian(shop.root, "about").out
    )
