"""queue:show, queue:forget, queue:flush, queue:prune, queue:clear and queue:cancel, on a real store."""

import json
import time
from collections.abc import Callable

import pytest

from dartian_queue.delays import Exponential
from dartian_queue.envelope import Envelope
from dartian_queue.options import Limits
from dartian_queue.outcome import Cancelled, Crashed, Done, ErrorReport, Failed, Outcome, Retry
from dartian_queue.states import CRASH_CAP, State
from dartian_queue.stores.store import Settlement, Store, WorkerInfo
from tests.cli.typing_at import Terminal, dartian
from tests.scene import Scene, wait_for

SHOWN = """
    id name state queue priority tags payload options tries crashes claims dispatched_at available_at settled_at
    reason held_reason cancel_asked worker progress errors unknown_name
"""


def ended(store: Store, outcome: object, *jobs: Envelope) -> None:
    """Bring jobs to their end by a worker that is made up."""
    store.add(jobs)
    seat = store.join(WorkerInfo(name="made-up", pid=1, host="here"))
    claims = {claim.id: claim for claim in store.claim(seat, 1000)}
    store.settle(seat, [Settlement(job.id, claims[job.id].token, outcome) for job in jobs])  # type: ignore[arg-type]
    seat.leave()


def failed(*ids: str, name: str = "Break", queue: str = "default") -> list[Envelope]:
    return [Envelope(one, name, "{}", queue=queue) for one in ids]


FAILURE = Failed(ErrorReport("ValueError", "bad row 17", "app/jobs/few.py:1", "", 1, 1.0))


# queue:show


def test_show_tells_the_whole_history_of_a_failure(shop: Scene) -> None:
    limits = Limits(tries=2, backoff=0.0, timeout=30.0)
    shop.store.add([Envelope("id-1", "Break", "{}", queue="media", priority=5, tags=("a", "b"), limits=limits)])
    shop.work()
    lines = dartian(shop.root, "queue:show", "id").out.splitlines()
    assert lines[0] == "Break id-1"
    facts = {line.partition("  ")[0]: line.partition("  ")[2].strip() for line in lines[1:8]}
    assert facts["state"] == "failed (exception)"
    assert facts["queue"] == "media, priority 5"
    assert facts["tags"] == "a, b"
    assert facts["options"] == "tries=2, backoff=0, timeout=30"
    assert facts["tries"] == "2 of 2, claimed 2 times"
    assert set(facts) == {"state", "queue", "tags", "options", "tries", "dispatched", "settled"}
    assert "no fields" in lines
    attempts = [line for line in lines if line.startswith("attempt ")]
    assert [line[:9] for line in attempts] == ["attempt 1", "attempt 2"]
    assert all(", at app/jobs/few.py:" in line for line in attempts)
    assert lines.count("  ValueError: bad row 17") == 2
    frames = [line for line in lines if line.startswith("    File ")]
    assert [line.rpartition(" ")[2] for line in frames] == ["Break.handle", "Break.handle.<locals>.deeper"] * 2
    assert any(line.endswith("of libraries left out; to see all: --all") for line in lines)
    assert lines[-1] == "To try again: dartian queue:retry id-1"


def test_show_tells_crashes_from_tries_and_where_a_job_was_put_back(shop: Scene) -> None:
    def crash(attempt: int) -> ErrorReport:
        return ErrorReport("JobCrashed", "its process ended with exit code 3", attempt=attempt, at=1.0)

    def attempts() -> list[str]:
        lines = dartian(shop.root, "queue:show", "id-1").out.splitlines()
        return [line.partition(", 19")[0] for line in lines if line.startswith(("attempt", "put back"))]

    unbound = Limits(tries=0)
    shop.store.add([Envelope("id-1", "Break", "{}", limits=unbound)])
    seat = shop.store.join(WorkerInfo(name="made-up", pid=1, host="here"))

    def end(outcome: Outcome) -> None:
        (claim,) = shop.store.claim(seat, 1)
        shop.store.settle(seat, [Settlement("id-1", claim.token, outcome)])

    first, second = ErrorReport("ValueError", attempt=1, at=1.0), ErrorReport("ValueError", attempt=2, at=1.0)
    end(Crashed(crash(1)))
    end(Retry(first, 0.0))
    end(Crashed(crash(2)))
    end(Failed(second))
    told = ["attempt 1 crashed, which costs no try", "attempt 1", "attempt 2 crashed, which costs no try", "attempt 2"]
    assert attempts() == told
    shop.store.retry(["id-1"])
    for _ in range(CRASH_CAP):
        end(Crashed(crash(1)))
    told += ["put back by queue:retry", *["attempt 1 crashed, which costs no try"] * CRASH_CAP]
    assert attempts() == told
    shop.store.retry(["id-1"])
    end(Failed(first))
    seat.leave()
    assert attempts() == [*told, "put back by queue:retry", "attempt 1"]


def test_show_all_shows_every_frame(shop: Scene) -> None:
    shop.store.add([Envelope("id-1", "Break", "{}")])
    shop.work()
    out = dartian(shop.root, "queue:show", "id-1", "--all").out
    assert "dartian_queue/attempt.py" in out
    assert "left out" not in out


def test_show_as_json(shop: Scene) -> None:
    limits = Limits(tries=3, backoff=Exponential(1.0, 9.0))
    shop.store.add([Envelope("id-1", "Greet", '{"name": "Ada"}', tags=("t",), limits=limits)])
    data = dartian(shop.root, "queue:show", "id-1", "--json").data()
    assert list(data) == SHOWN.split()
    assert (data["state"], data["payload"], data["tags"], data["settled_at"]) == (
        "waiting",
        {"name": "Ada"},
        ["t"],
        None,
    )
    assert data["options"] == {"tries": 3, "backoff": {"type": "exponential", "base": 1.0, "cap": 9.0}}
    assert (data["worker"], data["progress"], data["errors"]) == (None, None, [])
    shop.store.add([Envelope("id-2", "Break", "{}")])
    shop.work()
    (error,) = dartian(shop.root, "queue:show", "id-2", "--json").data()["errors"]
    assert set(error) == {"type", "message", "where", "traceback", "attempt", "at", "output"}


def test_show_of_a_job_that_runs_has_its_worker_and_progress(shop: Scene) -> None:
    identity = shop.put("Slow", seconds=30.0)
    worker = shop.worker("--name", "mill").ready()
    worker.wait("attempt_started")

    def has_progress() -> bool:
        return shop.job(identity).progress is not None

    wait_for(has_progress, what="progress in the store")
    out = dartian(shop.root, "queue:show", identity[:6]).out
    assert f"worker      mill (pid {worker.pid})\n" in out
    assert " of 20 (" in out
    assert "mixing down" in out
    assert '  {\n    "seconds": 30.0\n  }\n' in out
    assert out.endswith(f"To take it back: dartian queue:cancel {identity[:4]}\n")
    data = dartian(shop.root, "queue:show", identity, "--json").data()
    assert data["worker"] == {"name": "mill", "pid": worker.pid}
    assert set(data["progress"]) == {"done", "total", "note"}


def test_show_of_a_scheduled_and_of_a_held_job(shop: Scene) -> None:
    scheduled = shop.put("Greet", '{"name": "Ada"}', delay=3600)
    out = dartian(shop.root, "queue:show", scheduled).out
    assert "state       waiting, scheduled\n" in out
    assert "(in 60 min)" in out or "(in 59 min)" in out
    held = shop.put("Greet", '{"nam": "Ada"}')
    worker = shop.worker().ready()
    worker.wait("attempt_ended", outcome="held")
    out = dartian(shop.root, "queue:show", held).out
    assert "state       waiting, held\n" in out
    assert "\nheld        " in out


def test_show_of_a_job_whose_name_no_class_has_says_why_it_waits(shop: Scene) -> None:
    unknown, late = (Envelope(name, name, "{}", available_at=time.time() - 60) for name in ("Gone", "Greet"))
    shop.store.add([unknown, late])
    out = dartian(shop.root, "queue:show", "Gone").out
    assert "state       waiting, due\n" in out
    assert "No job class here has this name: no worker of this application claims it.\n" in out
    assert dartian(shop.root, "queue:show", "Gone", "--json").data()["unknown_name"] is True
    assert dartian(shop.root, "queue:show", "Greet", "--json").data()["unknown_name"] is False


@pytest.mark.parametrize("command", ["queue:failed", "queue:retry all", "queue:flush --yes"])
def test_a_queue_that_may_be_misspelt_is_told_where_nothing_of_it_has_failed(command: str, shop: Scene) -> None:
    ended(shop.store, FAILURE, *failed("a-1", queue="media"))
    answer = dartian(shop.root, *command.split(), "--queue", "medai")
    assert answer.err == "No job is on a queue 'medai'; did you mean 'media'?\n"
    assert answer.out.startswith("No such job has failed")
    shop.store.add(failed("a-2", queue="mail"))
    assert dartian(shop.root, *command.split(), "--queue", "mail").err == ""


def test_an_id_may_be_typed_as_a_worker_shows_it(shop: Scene) -> None:
    shop.store.add([Envelope("id-1", "Break", "{}")])
    assert dartian(shop.root, "queue:show", "#id-1").out.startswith("Break id-1\n")


def test_show_escapes_what_comes_from_data(shop: Scene) -> None:
    evil = "\x1b[2J\u202e[bold]"
    report = ErrorReport(
        "E\x1b[2J", f"m{evil}", f"w{evil}", f'Traceback\n{evil}\n  File "{evil}"\r\n\x1b]0;t\x07', 1, 1.0
    )
    ended(shop.store, Failed(report), Envelope("id-1", "Evil", json.dumps({"a": evil}, ensure_ascii=False)))
    ended(shop.store, Failed(report), Envelope("id-2", "Evil\x1b[2J", f"no json {evil}", tags=(evil,)))
    for identity in ("id-1", "id-2"):
        out = dartian(shop.root, "queue:show", identity, env={"NO_COLOR": "1"}).out
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "\r" not in out
        assert "[bold]" in out
    assert dartian(shop.root, "queue:show", "id-2", "--json").data()["payload"] == f"no json {evil}"


def test_show_fits_80_columns_with_colours(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    shop.store.add([Envelope("id-1", "Break", "{}")])
    shop.work()
    screen = terminal("queue:show", "id-1", rows=40)
    assert screen.end() == 0
    assert "ValueError: bad row 17" in screen.text
    assert b"\x1b[31m" in screen.raw


@pytest.mark.parametrize(
    ("command", "look"),
    [
        ("queue:show", "To see what failed: dartian queue:failed"),
        ("queue:forget --yes", "To see what failed: dartian queue:failed"),
        ("queue:cancel", "To see what waits: dartian queue:status"),
    ],
)
def test_an_id_that_is_unknown_empty_or_stands_for_several_is_exit_2(command: str, look: str, shop: Scene) -> None:
    words = command.split()
    before = dartian(shop.root, *words, "nope", code=2).err
    assert before.startswith(f"No store is at {shop.store_path}: ")
    assert before.endswith("\nerror: no job has the id 'nope'\n")
    ended(shop.store, FAILURE, *failed("twin-1", "twin-2"))
    shop.store.add(failed("twon-1", "twon-2"))
    assert (
        dartian(shop.root, *words, "nope\x1b[2J", code=2).err == f"error: no job has the id 'nope\\x1b[2J'\n  {look}\n"
    )
    assert dartian(shop.root, *words, "", code=2).err == f"error: an id is not empty\n  {look}\n"
    assert dartian(shop.root, *words, "#nope", code=2).err == f"error: no job has the id 'nope'\n  {look}\n"
    assert dartian(shop.root, *words, "#", code=2).err == f"error: an id is not empty\n  {look}\n"
    stem = "two" if command == "queue:cancel" else "twi"
    err = dartian(shop.root, *words, stem, code=2).err
    assert err.startswith(f"error: '{stem}' is the beginning of 2 ids: {stem}n-1 (Break), {stem}n-2 (Break)\n")
    assert len(shop.store.jobs(state=State.FAILED)) == len(shop.store.jobs(state=State.WAITING)) == 2


# What destroys


@pytest.mark.parametrize(
    ("command", "question"),
    [
        ("queue:forget old-1", "Delete Break old-1 for good?"),
        ("queue:flush", "Delete 2 failed jobs for good?"),
        ("queue:flush --queue media", "Delete 1 failed job for good?"),
        ("queue:prune --hours 0", "Delete 2 failed jobs for good?"),
        ("queue:clear", "Cancel 2 waiting jobs?"),
        ("queue:clear --queue media,mail", "Cancel 1 waiting job on media, mail?"),
    ],
)
def test_what_destroys_asks_first(command: str, question: str, shop: Scene, terminal: Callable[..., Terminal]) -> None:
    ended(shop.store, FAILURE, *failed("old-1"), *failed("old-2", queue="media"))
    shop.store.add([*failed("new-1"), *failed("new-2", queue="media")])
    refused = dartian(shop.root, *command.split(), code=2)
    assert refused.err == (
        f"error: {question} There is no terminal to answer on\n  To go on without the question, add --yes.\n"
    )
    assert refused.out == ""
    asked = terminal(*command.split())
    asked.wait_for("[no/yes]")
    assert question in asked.text
    asked.type("\n")
    assert asked.end() == 1
    assert "Nothing was changed." in asked.text
    left = {state: shop.store.how_many(state) for state in (State.FAILED, State.WAITING, State.CANCELLED)}
    assert left == {State.FAILED: 2, State.WAITING: 2, State.CANCELLED: 0}
    asked = terminal(*command.split())
    asked.wait_for("[no/yes]")
    asked.type("y\n")
    assert asked.end() == 0
    after = {state: shop.store.how_many(state) for state in (State.FAILED, State.WAITING, State.CANCELLED)}
    assert after != left


def test_ctrl_c_at_the_question_is_130_and_changes_nothing(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    ended(shop.store, FAILURE, *failed("old-1"))
    asked = terminal("queue:flush")
    asked.wait_for("[no/yes]")
    asked.type("\x03")
    assert asked.end() == 130
    assert shop.store.how_many(State.FAILED) == 1


def test_forget_deletes_what_has_ended(shop: Scene) -> None:
    ended(shop.store, FAILURE, *failed("old-1", "old-2", "old-3"))
    ended(shop.store, Done(), *failed("done-1"))
    assert dartian(shop.root, "queue:forget", "old-1", "done", "old-1", "--yes").out == "2 jobs deleted.\n"
    assert dartian(shop.root, "queue:forget", "old-2", "-y", "--json").data() == {"forgotten": ["old-2"]}
    assert [job.envelope.id for job in shop.store.jobs()] == ["old-3"]


def test_forget_refuses_what_has_not_ended_and_then_deletes_nothing(shop: Scene) -> None:
    ended(shop.store, FAILURE, *failed("old-1"))
    shop.store.add(failed("new-1"))
    err = dartian(shop.root, "queue:forget", "old-1", "new-1", "--yes", code=2).err
    assert err == (
        "error: Break new-1 is waiting, and only what has ended can be forgotten\n"
        "  To take it back first: dartian queue:cancel new-1\n"
    )
    assert len(shop.store.jobs()) == 2


def test_flush_deletes_what_failed_by_queue_name_and_age(shop: Scene) -> None:
    ended(shop.store, FAILURE, *failed("a"), *failed("b", queue="media"), *failed("c", name="Greet"))
    ended(shop.store, Cancelled(), *failed("d"))
    nothing = dartian(shop.root, "queue:flush", "--hours", "1")
    assert nothing.out == "No such job has failed: there is nothing to delete.\n"
    assert dartian(shop.root, "queue:flush", "--queue", "media", "--yes").out == "1 failed job deleted.\n"
    assert dartian(shop.root, "queue:flush", "--name", "Greet", "--yes", "--json").data() == {"deleted": 1}
    assert dartian(shop.root, "queue:flush", "--hours", "0", "--yes", "--json").data() == {"deleted": 1}
    assert [job.envelope.id for job in shop.store.jobs()] == ["d"]
    assert dartian(shop.root, "queue:flush", "--json").data() == {"deleted": 0}
    assert dartian(shop.root, "queue:flush").out == "No job has failed: there is nothing to delete.\n"
    refused = dartian(shop.root, "queue:flush", "--hours", "-1", code=2)
    assert refused.err.startswith("error: --hours takes a number of at least 0, not -1")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("queue:flush --hours nan", "--hours takes a number of hours, not nan"),
        ("queue:prune --hours inf", "--hours takes a number of hours, not inf"),
        ("queue:prune --done-hours nan", "--done-hours takes a number of hours, not nan"),
        (
            "queue:failed --limit 99999999999999999999",
            "--limit takes a number from 1 to 1000000, not 99999999999999999999",
        ),
    ],
)
def test_numbers_that_are_none_are_refused(command: str, message: str, shop: Scene) -> None:
    assert dartian(shop.root, *command.split(), code=2).err.startswith(f"error: {message}\n")


def test_prune_goes_by_the_configuration_unless_told(shop: Scene) -> None:
    shop.write(
        "config/queue.py",
        "from dartian_queue import Config\nconfig = Config(done_kept=0.0, failed_kept=3600.0)\n",
    )
    ended(shop.store, FAILURE, *failed("a"))
    ended(shop.store, Cancelled(), *failed("b"))
    ended(shop.store, Done(), *failed("c", "d"))
    refused = dartian(shop.root, "queue:prune", code=2).err
    assert refused.startswith("error: Delete 2 done jobs for good? There is no terminal")
    assert dartian(shop.root, "queue:prune", "--done-hours", "1").out == (
        "Nothing has been kept for longer than that: there is nothing to delete.\n"
    )
    assert dartian(shop.root, "queue:prune", "--yes").out == "2 jobs deleted.\n"
    refused = dartian(shop.root, "queue:prune", "--hours", "0", code=2).err
    assert refused.startswith("error: Delete 1 failed job, 1 cancelled job for good?")
    assert dartian(shop.root, "queue:prune", "--hours", "0", "--yes", "--json").data() == {"deleted": 2}
    assert shop.store.jobs() == []


def test_clear_cancels_what_waits_and_leaves_what_runs(shop: Scene) -> None:
    running = shop.put("Slow", seconds=30.0)
    worker = shop.worker("--isolates", "1").ready()
    worker.wait("attempt_started")
    shop.store.add([*failed("a", queue="media"), *failed("b", queue="mail"), *failed("c", queue="rest")])
    shop.store.pause(["media", "mail", "rest"])
    some = dartian(shop.root, "queue:clear", "isolate", "--queue", "media, mail", "--yes").out
    assert some == "2 jobs cancelled. To put one back: dartian queue:retry ID\n"
    assert dartian(shop.root, "queue:clear", "--yes", "--json").data() == {"cancelled": 1}
    assert shop.job(running).state is State.RUNNING
    assert {shop.job(one).state for one in "abc"} == {State.CANCELLED}
    assert dartian(shop.root, "queue:clear").out == "Nothing waits.\n"
    misspelt = dartian(shop.root, "queue:clear", "--queue", "medai")
    assert misspelt.out == "Nothing waits on medai.\n"
    assert misspelt.err == "No job is on a queue 'medai'; did you mean 'media'?\n"
    err = dartian(shop.root, "queue:clear", "--queue", "a b", code=2).err
    assert err.startswith("error: --queue takes names of queues, separated by commas, not 'a b'\n")


def test_cancel_of_what_waits(shop: Scene) -> None:
    shop.store.add(failed("a-1", "a-2", "a-3"))
    assert dartian(shop.root, "queue:cancel", "a-1", "a-2").out == "2 jobs cancelled.\n"
    data = dartian(shop.root, "queue:cancel", "a-3", "--json").data()
    assert data == {"cancelled": ["a-3"], "asked": [], "ended": []}
    assert {job.state for job in shop.store.jobs()} == {State.CANCELLED}
    err = dartian(shop.root, "queue:cancel", "a-1", code=2).err
    assert err == (
        "error: Break a-1 is cancelled, and only what waits or runs can be cancelled\n"
        "  To see it: dartian queue:show a-1\n"
    )


def test_cancel_reaches_a_running_job_at_once(shop: Scene) -> None:
    shop.jobs(
        """
        class Polite(Job):
            def handle(self, context: JobContext) -> None:
                while not context.cancelled:
                    time.sleep(0.01)
                note("told")
        """,
        "polite",
    )
    identity = shop.put("Polite")
    worker = shop.worker().ready()
    worker.wait("attempt_started")
    data = dartian(shop.root, "queue:cancel", identity[:5], "--json").data()
    assert data == {"cancelled": [], "asked": [identity], "ended": []}
    wait_for(lambda: shop.notes() == ["told"], 3.0, "the job to be told")  # a renewal alone would take ten seconds
    worker.wait("attempt_ended", id=identity)


def test_cancel_ends_a_job_that_does_not_listen(shop: Scene) -> None:
    identity = shop.put("Slow", seconds=60.0)
    worker = shop.worker().ready()
    worker.wait("attempt_started")
    out = dartian(shop.root, "queue:cancel", identity).out
    assert out.splitlines()[0] == "1 running job asked to end; its worker ends it if it does not by itself."
    shown = dartian(shop.root, "queue:show", identity).out
    assert "running, asked to end" in shown
    assert "To take it back" not in shown
    shop.wait_until(identity, State.CANCELLED, 15.0)
    assert dartian(shop.root, "queue:retry", identity, "--json").data() == {"retried": [identity]}


@pytest.mark.parametrize("command", ["queue:flush", "queue:prune", "queue:clear"])
def test_a_store_that_was_not_made_stays_so(command: str, shop: Scene) -> None:
    dartian(shop.root, *command.split())
    assert not shop.store_path.exists()
