"""job:list, job:show, job:run and job:dispatch."""

import json
import re
import shlex
from collections.abc import Callable

import pytest

from dartian_queue.envelope import Envelope
from dartian_queue.outcome import Done, ErrorReport, Failed
from dartian_queue.states import State
from dartian_queue.stores.store import Settlement, WorkerInfo
from tests.cli.typing_at import Terminal, dartian
from tests.scene import Scene

SHAPE = "  Its fields: name=... [times=...] [note_=...]\n"


def test_the_list_shows_fields_options_place_and_what_waits(shop: Scene) -> None:
    shop.jobs(
        """
        from dartian_queue import exponential
        class Everything(Job, aliases=["Old"], backoff=exponential(3), fail_on=OSError, retry_on={ValueError: 60},
                         timeout=1.5, renamed_fields={"id": "id_"}):
            id_: int
            def handle(self) -> None: ...
        """,
        "all",
    )
    shop.put("Greet", '{"name": "Ada"}')
    shop.put("Greet", '{"name": "Bo"}', queue="other", delay=60.0)
    shop.put("Old", id_=1)
    assert dartian(shop.root, "job:list").out == (
        "job         waiting  fields and options\n"
        "Break             0  no fields\n"
        "  app/jobs/few.py:21\n"
        "Everything        1  id_: int\n"
        "                     aliases=['Old'], backoff=exponential(3, 600), timeout=1.5, fail_on=OSError, "
        "retry_on={ValueError: 60}, renamed_fields={'id': 'id_'}\n"
        "  app/jobs/all.py:11\n"
        "Greet             2  name: str, times: int = 1, note_: str | None = None\n"
        "                     queue=mail, tries=3, tags=['to:{name}']\n"
        "  app/jobs/few.py:10\n"
        "Noisy             0  lines: int = 3\n"
        "  app/jobs/few.py:39\n"
        "Slow              0  seconds: float = 1.0\n"
        "  app/jobs/few.py:29\n"
    )


def test_the_list_as_json(shop: Scene) -> None:
    assert {job["waiting"] for job in dartian(shop.root, "job:list", "--json").data()} == {0}
    assert not shop.store_path.exists(), "it counts, and makes no store for that"
    for number in range(3):
        shop.put("Greet", f'{{"name": "{number}"}}')
    seat = shop.store.join(WorkerInfo("w", 1, "here"))
    shop.store.claim(seat, 1)
    jobs = {job["name"]: job for job in dartian(shop.root, "job:list", "--json").data()}
    greet = jobs["Greet"]
    assert set(greet) == {
        "name", "class", "file", "line", "doc", "async", "fields", "options", "waiting", "running"
    }  # fmt: skip
    assert greet["class"] == "app.jobs.few.Greet"
    assert greet["doc"] == "Say hello to somebody."
    assert greet["fields"][0] == {"name": "name", "type": "str", "default": None}
    assert {name: (job["waiting"], job["running"]) for name, job in jobs.items()} == {
        "Break": (0, 0), "Greet": (2, 1), "Noisy": (0, 0), "Slow": (0, 0)
    }  # fmt: skip
    seat.leave()


def test_what_waits_is_counted_in_every_store(shop: Scene) -> None:
    shop.write(
        "config/queue.py",
        """
        from dartian_queue import Config, Connection

        config = Config(
            default="sync",
            tries=3,
            connections={
                "isolate": Connection(driver="isolate", queue="odd"),
                "other": Connection(driver="isolate", store="storage/other.sqlite3"),
                "same": Connection(driver="isolate"),
                "here": Connection(driver="isolate", store="memory:"),
            },
        )
        """,
    )
    shop.put("Slow")
    dartian(shop.root, "job:dispatch", "Slow", "--connection", "other")
    jobs = {job["name"]: job["waiting"] for job in dartian(shop.root, "job:list", "--json").data()}
    assert jobs["Slow"] == 2
    shown = dartian(shop.root, "job:show", "Slow", "--json").data()
    assert shown["jobs"] == {"waiting": 2, "running": 0, "failed": 0}
    assert shown["effective"]["tries"] == {"value": "3", "said_by": "config/queue.py"}
    assert shown["effective"]["connection"] == {"value": "sync", "said_by": "config/queue.py"}
    assert shown["retries"] == ["3 tries, backoff exponential(3, 600)"]


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
@pytest.mark.parametrize("command", [("job:list",), ("job:show", "long_name")])
def test_no_line_is_broken_on_a_terminal(
    command: tuple[str, ...], columns: int, rows: int, shop: Scene, terminal: Callable[..., Terminal]
) -> None:
    shop.jobs(
        "class LongNameOfAJobThatDoesALotForManyCustomers(Job, name='long_name', queue='media', tries=5,\n"
        "    tags=['customer:{customer_id}', 'a-tag-of-many-letters-for-those-who-search', 'another-one-of-these']):\n"
        "    customer_id: int\n    address: str\n    language: str = 'a language that nobody would ever speak at all'\n"
        "    def handle(self): ...\n",
        "a_module_with_a_name_so_long_that_no_terminal_of_eighty_columns_would_show_it_whole_in_one_line",
    )
    shown = terminal(*command, columns=columns, rows=rows)
    assert shown.end() == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown.raw.decode()).splitlines()
    long = [line for line in lines if len(line) > columns]
    assert [line for line in long if not line.startswith(("class ", "  dartian "))] == [], "what is copied stays whole"
    assert any("…" in line for line in lines)


SHOWN = """\
Greet  app/jobs/few.py:10
Say hello to somebody.

class    app.jobs.few.Greet
handle   def
test     tests/jobs/test_greet.py
retries  3 tries, backoff exponential(3, 600)
jobs     1 waiting, 1 failed

field  type        default
name   str         needed
times  int         1
note_  str | None  None

option           value                said by
queue            mail                 class
tries            3                    class
tags             ['to:{name}']        class
name             Greet                default
connection       isolate              default
priority         0                    default
delay            0                    default
backoff          exponential(3, 600)  default
timeout          60                   default
fail_on_timeout  False                default
isolate          warm                 default
retry_on         every exception      default
none: aliases, retry_until, max_exceptions, fail_on, renamed_fields, removed_fields

  dartian job:run Greet name=...       here and now
  dartian job:dispatch Greet name=...  for dartian queue:work
  dartian queue:failed --name Greet    what went wrong
"""


@pytest.mark.parametrize("name", ["Greet", "greet", "app.jobs.few.Greet", "app/jobs/greet.py"])
def test_a_job_is_shown_whole_by_every_name_it_has(name: str, shop: Scene) -> None:
    shop.write("tests/jobs/test_greet.py", "")
    failed = shop.put("Greet", '{"name": "Ada"}')
    shop.put("Greet", '{"name": "Bo"}', delay=60.0)
    seat = shop.store.join(WorkerInfo("w", 1, "here"))
    (claim,) = shop.store.claim(seat, 1)
    assert claim.id == failed
    report = ErrorReport("ValueError")
    shop.store.settle(seat, [Settlement(failed, claim.token, Failed(report))])
    seat.leave()
    assert dartian(shop.root, "job:show", name).out == SHOWN


def test_a_job_that_is_done_is_not_said_to_be_stored_nowhere(shop: Scene) -> None:
    shop.put("Greet", '{"name": "Ada"}')
    seat = shop.store.join(WorkerInfo("w", 1, "here"))
    (claim,) = shop.store.claim(seat, 1)
    shop.store.settle(seat, [Settlement(claim.id, claim.token, Done())])
    seat.leave()
    assert "\njobs     none waits, runs or has failed\n" in dartian(shop.root, "job:show", "Greet").out


def test_names_of_old_and_names_of_its_own_are_understood(shop: Scene) -> None:
    shop.jobs(
        """
        class Pay(Job, name="money.pay", aliases=["Charge", "Cash"], max_exceptions=2, tries=5, backoff=[1, 2.5],
                  retry_on=(OSError, KeyError), fail_on=(FileNotFoundError, ValueError), fail_on_timeout=True):
            async def handle(self) -> None: ...

        class Later(Pay, name="later", retry_until=7200): ...
        """,
        "pay",
    )
    shop.put("Charge")
    for name in ("money.pay", "Cash", "Pay", "pay", "app.jobs.pay.Pay"):
        shown = dartian(shop.root, "job:show", name, "--json").data()
        assert (shown["name"], shown["aliases"], shown["jobs"]["waiting"]) == ("money.pay", ["Charge", "Cash"], 1)
    assert shown["retries"] == [
        "5 tries, backoff [1, 2.5]",
        "no more after 2 exceptions",
        "only after OSError, KeyError",
        "never after FileNotFoundError, ValueError",
        "never after a timeout",
    ]
    assert shown["options"]["fail_on"] == "(FileNotFoundError, ValueError)"
    assert shown["options"]["retry_on"] == "(OSError, KeyError)"
    assert shown["options"]["backoff"] == "[1, 2.5]"
    assert shown["test"] is None
    later = dartian(shop.root, "job:show", "later", "--json").data()
    assert (later["aliases"], later["retries"][0]) == ([], "until 2 h after the dispatch, backoff [1, 2.5]")
    assert later["effective"]["aliases"] == {"value": None, "said_by": "default"}
    assert "no fields\n" in dartian(shop.root, "job:show", "Pay").out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Gret", "There is no job 'Gret' in app/jobs; did you mean 'Greet'?\n  To see them all: dartian job:list\n"),
        ("audio/Gret", "There is no job 'audio/Gret' in app/jobs; did you mean 'Greet'?\n  To see them all: "),
        ("Quality", "no job is called 'Quality'\n  See all of them: dartian job:list\n"),
    ],
)
def test_a_name_that_no_job_has_is_exit_2(name: str, message: str, shop: Scene) -> None:
    shop.write("app/jobs/quality.py", "from enum import Enum\n\nclass Quality(Enum):\n    LOW = 1\n")
    assert dartian(shop.root, "job:show", name, code=2).err.startswith(f"error: {message}")


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


def test_what_failed_is_run_here_by_the_command_that_queue_show_prints(shop: Scene) -> None:
    shop.jobs(
        """
        class Odd(Job):
            text: str
            either: int | str
            maybe: str | None
            rows: list[str]
            share: float = 0.5

            def handle(self) -> None:
                note(repr(self))
                raise ValueError("odd")
        """,
        "odd",
    )
    for text, either in (("it's", "7"), ('"quoted"', "None"), ("true", "true"), ("$HOME `id` \\", "[1]"), ("", "x=y")):
        payload = {"text": text, "either": either, "maybe": None, "rows": ["a b", "ü"], "share": 1e-9}
        failed = shop.put("Odd", json.dumps(payload, ensure_ascii=False))
        shop.work()
        (line,) = (one for one in dartian(shop.root, "queue:show", failed).out.splitlines() if "job:run" in one)
        told, _, typed = line.partition(": ")
        assert told == "To run it here and now"
        dartian(shop.root, *shlex.split(typed)[1:], code=1)
        in_the_worker, here = shop.notes()[-2:]
        assert in_the_worker == here


@pytest.mark.parametrize("payload", ['{"name": "%s"}' % ("x" * 200), '{"name": "a\\u001b[2J"}', "[1]", "no json"])
def test_no_command_is_printed_that_nobody_could_type(payload: str, shop: Scene) -> None:
    shop.store.add([Envelope("id-1", "Greet", payload)])
    seat = shop.store.join(WorkerInfo(name="made-up", pid=1, host="here"))
    (claim,) = shop.store.claim(seat, 1)
    shop.store.settle(seat, [Settlement("id-1", claim.token, Failed(ErrorReport("ValueError", "odd")))])
    seat.leave()
    out = dartian(shop.root, "queue:show", "id-1").out
    assert "job:run" not in out
    assert out.endswith("To try again: dartian queue:retry id-1\n")


def test_a_debugger_that_is_left_shows_no_traceback_of_its_own(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    shop.jobs("class Stop(Job):\n    def handle(self) -> None:\n        breakpoint()\n        note('on')\n", "stop")
    shown = terminal("job:run", "Stop")
    shown.wait_for("(Pdb)")
    shown.type("q\n")
    assert shown.end() == 1
    assert "error: Stop failed after " in shown.text
    assert shown.text.rstrip().endswith(": it was left in the debugger")
    assert "Traceback" not in shown.text
    assert shop.notes() == []


def test_dispatch_stores_and_says_who_runs_it(shop: Scene) -> None:
    answer = dartian(
        shop.root, "job:dispatch", "Greet", "name=Ada", "--delay", "1h", "--priority", "5", "--tags", "a, b"
    )
    assert answer.out.splitlines()[1] == "No live worker serves it. To run it: dartian queue:work"
    assert "is stored on the queue mail, due in 60 min.\n" in answer.out
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
