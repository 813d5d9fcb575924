"""job:list, job:run and job:dispatch."""

from collections.abc import Callable

import pytest

from dartian_queue.states import State
from tests.cli.typing_at import Terminal, dartian
from tests.scene import Scene

SHAPE = "  Its fields: name=... [times=...] [note_=...]\n"


def test_the_list_shows_fields_options_and_place(shop: Scene) -> None:
    out = dartian(shop.root, "job:list").out
    greet = next(line for line in out.splitlines() if line.startswith("Greet"))
    assert "name: str, times: int = 1, note_: str | None = None" in greet
    assert "app/jobs/few.py:" in greet
    assert "queue=mail" in out
    assert "tries=3" in out


def test_the_list_as_json(shop: Scene) -> None:
    shop.put("Greet", '{"name": "Ada"}')
    plain = dartian(shop.root, "job:list", "--json").data()
    greet = next(job for job in plain if job["name"] == "Greet")
    assert set(greet) == {"name", "class", "file", "line", "doc", "async", "fields", "options"}
    assert greet["class"] == "app.jobs.few.Greet"
    assert greet["doc"] == "Say hello to somebody."
    assert greet["fields"][0] == {"name": "name", "type": "str", "default": None}
    counted = dartian(shop.root, "job:list", "--waiting", "--json").data()
    assert {job["name"]: job["waiting"] for job in counted} == {"Break": 0, "Greet": 1, "Noisy": 0, "Slow": 0}


def test_without_jobs_the_list_says_how_to_make_one(scene: Scene) -> None:
    assert (
        dartian(scene.root, "job:list").out
        == "No jobs in app.jobs. To make one: dartian make:job ProcessPodcast podcast_id:int\n"
    )


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        (["name=Ada"], "hello Ada 1 None"),
        (["name=123", "times=2", "note_=null"], "hello 123 2 None"),
        (['name="quoted"', "note_=text"], "hello quoted 1 text"),
        (["name=a=b", "note_=None"], "hello a=b 1 None"),
        (["name=", "times=2"], "hello  2 None"),
    ],
)
def test_a_job_runs_here_and_now(typed: list[str], printed: str, shop: Scene) -> None:
    answer = dartian(shop.root, "job:run", "Greet", *typed)
    assert answer.out == f"{printed}\n"
    assert answer.err.startswith("done Greet in ")
    assert not shop.store_path.exists()


@pytest.mark.parametrize("command", ["job:run", "job:dispatch"])
@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["Greet"], f"error: Greet needs a value for name\n{SHAPE}"),
        (["Greet", "nmae=x"], f"error: Greet has no field 'nmae'; did you mean 'name'?\n{SHAPE}"),
        (["Greet", "Ada"], f"error: 'Ada' is no field=value\n{SHAPE}"),
        (["Greet", "name=a", "name=b"], "error: the field 'name' is given twice\n"),
        (["Greet", "name=a", "times=x"], "error: Greet.times: expected int, got str; the field holds 'x'\n"),
        (
            ["Gret", "name=a"],
            "error: no job is called 'Gret'; did you mean 'Greet'?\n  See all of them: dartian job:list\n",
        ),
    ],
)
def test_what_does_not_fit_is_exit_2_and_changes_nothing(
    command: str, typed: list[str], message: str, shop: Scene
) -> None:
    assert dartian(shop.root, command, *typed, code=2).err == message
    assert not shop.store_path.exists()


def test_a_failure_shows_the_frames_of_the_user(shop: Scene) -> None:
    answer = dartian(shop.root, "job:run", "Break", code=1)
    assert "Traceback (most recent call last):" in answer.err
    assert "in deeper" in answer.err
    assert 'raise ValueError("bad row 17")' in answer.err
    assert "dartian_queue" not in answer.err
    assert "asyncio" not in answer.err
    last = answer.err.splitlines()[-1]
    assert last.startswith("error: Break failed after ")
    assert last.endswith("ValueError: bad row 17")


def test_breakpoint_works(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    shop.jobs(
        """
        class Stop(Job):
            def handle(self) -> None:
                secret = 42
                breakpoint()
                print("went on")
        """,
        "stop",
    )
    shown = terminal("job:run", "Stop")
    shown.wait_for("(Pdb)")
    shown.type("p secret + 1\n")
    shown.wait_for("43")
    shown.type("c\n")
    assert shown.end() == 0
    assert "went on" in shown.text


def test_dispatch_stores_and_says_who_runs_it(shop: Scene) -> None:
    answer = dartian(
        shop.root, "job:dispatch", "Greet", "name=Ada", "--delay", "1h", "--priority", "5", "--tags", "a, b"
    )
    assert answer.out.splitlines()[1] == "No live worker serves it. To run it: dartian queue:work"
    assert "is stored on the queue mail." in answer.out
    assert answer.err == ""
    (job,) = shop.store.jobs(state=State.WAITING)
    assert job.envelope.id in answer.out
    assert job.envelope.priority == 5
    assert set(job.envelope.tags) == {"to:Ada", "a", "b"}
    assert job.available_at == pytest.approx(job.dispatched_at + 3600, abs=30)


def test_dispatch_as_json_names_a_live_worker(shop: Scene) -> None:
    worker = shop.worker("--queue", "other")
    worker.ready()
    first = dartian(shop.root, "job:dispatch", "Greet", "name=Ada", "--id", "mine", "--json").data()
    assert first == {
        "id": "mine",
        "name": "Greet",
        "queue": "mail",
        "connection": "isolate",
        "duplicate": False,
        "worker": None,
    }
    again = dartian(shop.root, "job:dispatch", "Greet", "name=Ada", "--id", "mine", "--queue", "mail", "--json").data()
    assert again["duplicate"] is True
    served = dartian(shop.root, "job:dispatch", "Greet", "name=Bo", "--queue", "other", "--json").data()
    assert served["worker"] == worker.pid
    other = dartian(shop.root, "job:dispatch", "Greet", "name=Eve", "--id", "mine", code=5)
    assert "The id mine belongs to a job with another name or other values" in other.err


def test_dispatch_on_another_connection_starts_no_companion_there_either(shop: Scene) -> None:
    shop.write(
        "config/queue.py",
        """
        from dartian_queue import Config, Connection

        config = Config(
            connections={
                "isolate": Connection(driver="isolate"),
                "other": Connection(driver="isolate", store="storage/other.sqlite3", queue="odd"),
            }
        )
        """,
    )
    answer = dartian(shop.root, "job:dispatch", "Slow", "--connection", "other", "--json")
    assert (answer.data()["connection"], answer.data()["queue"], answer.err) == ("other", "odd", "")
    assert not shop.store_path.exists()
    status = dartian(shop.root, "queue:status", "--connection", "other", "--json").data()
    assert (status["store"], status["total"]["ready"], status["workers"]) == ("storage/other.sqlite3", 1, [])


def test_dispatch_on_sync_runs_here(shop: Scene) -> None:
    answer = dartian(shop.root, "job:dispatch", "Greet", "name=Ada", env={"QUEUE_DRIVER": "sync"})
    assert answer.out.startswith("hello Ada 1 None\nGreet ")
    assert answer.out.endswith("has run here, at once: the connection sync stores nothing.\n")


@pytest.mark.parametrize("verbose", [(), ("-v",)])
def test_no_local_variable_is_shown_of_a_job_that_was_run_here(verbose: tuple[str, ...], shop: Scene) -> None:
    shop.jobs(
        """
        class OpenSafe(Job):
            def handle(self) -> None:
                secret = "swordfish" * 2
                raise ValueError(len(secret))
        """,
        "safe",
    )
    answer = dartian(shop.root, "job:run", "OpenSafe", *verbose, code=1)
    assert "raise ValueError(len(secret))" in answer.err
    assert "swordfishswordfish" not in answer.out + answer.err
