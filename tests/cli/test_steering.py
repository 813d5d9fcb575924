"""queue:monitor, queue:pause, queue:resume and queue:restart, on a real store with real workers."""

import os
import time
from collections.abc import Callable

import pytest

from dartian_queue.envelope import Envelope
from dartian_queue.states import State
from dartian_queue.stores.store import QueueCounts, WorkerInfo
from tests.cli.typing_at import Terminal, dartian
from tests.scene import Scene, wait_for


def put(shop: Scene, queue: str, number: int, age: float = 0.0) -> None:
    at = time.time() - age
    shop.store.add([Envelope(f"{queue}-{one}", "Break", "{}", queue=queue, available_at=at) for one in range(number)])


# queue:monitor


def test_monitor_is_well_below_its_bounds(shop: Scene) -> None:
    shop.store.add([])
    assert dartian(shop.root, "queue:monitor").out == "No jobs: all is well.\n"
    put(shop, "media", 3)
    shop.put("Break", queue="later", delay=3600)
    out = dartian(shop.root, "queue:monitor", "--max", "3", "--max-age", "1h").out
    heading, later, media = (line.split() for line in out.splitlines())
    assert heading == ["queue", "due", "held", "scheduled", "running", "oldest"]
    assert later == ["later", "0", "0", "1", "0", "ok"]
    assert media[:5] == ["media", "3", "0", "0", "0"]
    assert media[5].endswith("s")  # some seconds, as busy as the machine is
    assert media[6:] == ["ok"]


def absence_of(shop: Scene) -> str:
    return (
        f"No store is at {shop.store_path}: nothing was dispatched yet, or the application lies elsewhere, "
        "or runs with another QUEUE_STORE.\n"
    )


@pytest.mark.parametrize("json", [(), ("--json",)])
def test_where_no_store_is_monitor_says_so_and_does_not_say_that_all_is_well(
    json: tuple[str, ...], shop: Scene
) -> None:
    absence = absence_of(shop)
    answer = dartian(shop.root, "queue:monitor", *json, code=4)
    assert answer.out == ""
    assert answer.err == (
        f"error: {absence}"
        "  The root was found by the current folder, upwards. "
        "For another: cd there, or set DARTIAN_ROOT or QUEUE_STORE.\n"
    )
    for looking in ("queue:status", "queue:failed"):
        assert dartian(shop.root, looking, *json).err == absence
    assert not shop.store_path.exists()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("queue:restart",), 0),
        (("queue:resume", "--all"), 0),
        (("queue:retry", "all"), 0),
        (("queue:clear",), 0),
        (("queue:flush",), 0),
        (("queue:prune",), 0),
        (("queue:cancel", "1a"), 2),
        (("queue:forget", "1a"), 2),
        (("queue:show", "1a"), 2),
    ],
)
def test_who_would_change_what_is_in_a_store_that_is_not_there_learns_so(
    command: tuple[str, ...], code: int, shop: Scene
) -> None:
    """A shell in which nobody has set QUEUE_STORE, after a deployment: the workers would go on with the old code."""
    assert dartian(shop.root, *command, code=code).err.startswith(absence_of(shop))
    assert not shop.store_path.exists()


def test_monitor_alerts_by_size_and_by_age(shop: Scene) -> None:
    put(shop, "media", 3, age=100.0)
    put(shop, "mail", 1, age=500.0)
    assert "ALERT: size\n" in dartian(shop.root, "queue:monitor", "--max", "2", code=1).out
    out = dartian(shop.root, "queue:monitor", "--max", "2", "--max-age", "90", code=1).out
    assert out.splitlines()[1].endswith("ALERT: age")
    assert out.splitlines()[2].endswith("ALERT: size and age")
    dartian(shop.root, "queue:monitor", "media", "--max-age", "2m", code=0)
    dartian(shop.root, "queue:monitor", "media,mail", "--max-age", "2m", code=1)
    dartian(shop.root, "queue:monitor", "--max", "0", code=1)


def test_monitor_as_json(shop: Scene) -> None:
    put(shop, "media", 3, age=100.0)
    data = dartian(shop.root, "queue:monitor", "media", "other", "--max", "2", "--json", code=1).data()
    assert list(data) == ["connection", "alert", "queues"]
    assert (data["connection"], data["alert"]) == ("isolate", True)
    media, other = data["queues"]
    assert list(media) == [*QueueCounts.__struct_fields__, "alerts"]
    assert (media["queue"], media["ready"], media["alerts"]) == ("media", 3, ["size"])
    assert (other["queue"], other["ready"], other["alerts"]) == ("other", 0, [])


def test_monitor_remarks_on_a_queue_that_is_not_there(shop: Scene) -> None:
    put(shop, "media", 1)
    answer = dartian(shop.root, "queue:monitor", "medai")
    assert answer.err == "No job is on a queue 'medai'; did you mean 'media'?\n"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("queue:monitor a/b", "error: QUEUE takes names of queues, separated by commas, not 'a/b'\n"),
        ("queue:monitor --max-age ages", "error: --max-age takes seconds, or a duration"),
        ("queue:monitor --max -1", "error: --max takes a number of at least 0, not -1\n"),
        ("queue:pause", "error: name the queues to pause\n  For the switch for all: dartian queue:pause --all\n"),
        ("queue:pause a --all", "error: --all is a switch of its own, beside the pauses of single queues\n"),
        ("queue:pause \x1b[2J", "error: QUEUE takes names of queues, separated by commas, not '\\x1b[2J'\n"),
        ("queue:resume", "error: name the queues to resume\n"),
        ("queue:resume a --all", "error: --all is a switch of its own, beside the pauses of single queues\n"),
        ("queue:restart now", "error: got unexpected extra argument"),
    ],
)
def test_wrong_usage_is_exit_2(typed: str, message: str, shop: Scene) -> None:
    answer = dartian(shop.root, *typed.split(), code=2)
    assert answer.err.startswith(message)
    assert answer.out == ""
    assert not shop.store_path.exists()


# queue:pause and queue:resume


def test_pause_and_resume_reach_a_live_worker_at_once(shop: Scene) -> None:
    worker = shop.worker().ready()
    out = dartian(shop.root, "queue:pause", "media").out
    assert out == "Paused: media. To go on: dartian queue:resume media\n"
    paused = shop.put("Greet", '{"name": "Ada"}', queue="media")
    other = shop.put("Greet", '{"name": "Ada"}', queue="other")
    shop.wait_until(other, State.DONE)
    assert shop.job(paused).state is State.WAITING
    assert dartian(shop.root, "queue:resume", "media").out == "media is not paused any more.\n"
    worker.wait("attempt_ended", id=paused, outcome="done")


def test_the_switch_for_all_and_single_pauses_are_separate(shop: Scene) -> None:
    dartian(shop.root, "queue:pause", "media", "mail,post")
    data = dartian(shop.root, "queue:pause", "--all", "--json").data()
    assert data == {"all": True, "queues": ["mail", "media", "post"]}
    shop.worker().ready()
    blocked = shop.put("Greet", '{"name": "Ada"}', queue="media")
    free = shop.put("Greet", '{"name": "Ada"}', queue="other")
    out = dartian(shop.root, "queue:resume", "mail", "post", "medai").out
    assert out == (
        "mail is not paused any more.\npost is not paused any more.\nmedai was not paused; did you mean 'media'?\n"
        "All queues are paused: no job begins. To go on: dartian queue:resume --all\n"
        "Paused one by one: media. To go on: dartian queue:resume media\n"
    )
    assert {shop.job(one).state for one in (blocked, free)} == {State.WAITING}
    assert dartian(shop.root, "queue:resume", "--all", "--json").data() == {"all": False, "queues": ["media"]}
    shop.wait_until(free, State.DONE)
    assert shop.job(blocked).state is State.WAITING
    assert dartian(shop.root, "queue:resume", "--all").out.startswith("The switch for all was not set.\n")


def test_a_pause_may_come_before_the_first_job(shop: Scene) -> None:
    assert dartian(shop.root, "queue:resume", "media", "--json").data() == {"all": False, "queues": []}
    assert not shop.store_path.exists()
    answer = dartian(shop.root, "queue:pause", "media")
    assert answer.err == "No job is on a queue 'media'.\n"
    assert shop.store.counts().paused == ("media",)


def test_whoever_puts_a_job_on_a_paused_queue_is_told_and_a_worker_tells_when_it_starts(shop: Scene) -> None:
    dartian(shop.root, "queue:pause", "mail", "post")
    out = dartian(shop.root, "job:dispatch", "Greet", "name=Ada").out
    assert out.splitlines()[1:] == [
        "No live worker serves it. To run it: dartian queue:work",
        "Paused: mail. To go on: dartian queue:resume mail",
    ]
    assert "aused" not in dartian(shop.root, "job:dispatch", "Greet", "name=Ada", "--queue", "other").out
    told = "Paused: mail, post. To go on: dartian queue:resume mail post\n"
    for shape in ("--plain", "--json"):
        assert dartian(shop.root, "queue:work", "--stop-when-empty", shape).err == told
    served = dartian(shop.root, "queue:work", "--stop-when-empty", "--queue", "other,post").err
    assert served == "Paused: post. To go on: dartian queue:resume post\n"
    failed = shop.put("Break", queue="mail")
    dartian(shop.root, "queue:resume", "--all")
    dartian(shop.root, "queue:cancel", failed)
    assert dartian(shop.root, "queue:retry", failed).out.endswith(told)


def test_the_display_says_which_queues_are_paused(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    dartian(shop.root, "queue:pause", "mail")
    shown = terminal("queue:work", "--isolates", "1")
    shown.wait_for(" paused: mail; dartian queue:resume mail")
    dartian(shop.root, "queue:pause", "--all")
    shown.wait_for(" all queues are paused; dartian queue:resume --all")
    assert "waiting for jobs" not in shown.text
    dartian(shop.root, "queue:resume", "--all")
    dartian(shop.root, "queue:resume", "mail")
    shown.wait_for("· 1 isolate")
    assert "waiting for jobs" in shown.text


def test_what_runs_goes_on_under_a_pause(shop: Scene) -> None:
    running = shop.put("Slow", seconds=1.0)
    worker = shop.worker().ready()
    worker.wait("attempt_started")
    dartian(shop.root, "queue:pause", "--all")
    shop.wait_until(running, State.DONE)


# queue:restart


def test_restart_lets_workers_finish_and_exit_0(shop: Scene) -> None:
    assert dartian(shop.root, "queue:restart").out == "No live worker: there is nothing to restart.\n"
    assert not shop.store_path.exists()
    running, waiting = shop.put("Slow", seconds=4), shop.put("Greet", '{"name": "Ada"}')
    first = shop.worker("--name", "mill", "--isolates", "1").ready()
    first.wait("attempt_started", id=running)
    idle = shop.worker("--name", "idle", "--queue", "none").ready()
    out = dartian(shop.root, "queue:restart").out
    assert out == (
        f"2 workers asked to finish and end: mill (pid {first.pid}), idle (pid {idle.pid})\n"
        "They exit 0; what keeps them running, such as systemd, has to start them again.\n"
    )
    assert idle.end() == 0
    assert shop.job(running).state is State.RUNNING
    assert first.wait("worker_stopping")["reason"] == "restart"
    assert first.end() == 0
    assert shop.job(running).state is State.DONE
    assert (shop.job(waiting).state, shop.job(waiting).tries) == (State.WAITING, 0)
    assert not [name for name in os.listdir(f"{shop.store_path}-workers") if name.endswith(".restart")]


def test_who_starts_after_a_restart_was_not_asked(shop: Scene) -> None:
    first = shop.worker().ready()
    dartian(shop.root, "queue:restart")
    second = shop.worker().ready()
    assert first.end() == 0
    done = shop.put("Greet", '{"name": "Ada"}')
    shop.wait_until(done, State.DONE)
    assert second.process.poll() is None


def test_restart_is_seen_although_the_wake_up_was_lost(shop: Scene) -> None:
    worker = shop.worker().ready()
    (info,) = shop.store.workers()
    open(f"{shop.store_path}-workers/{info.holder}.restart", "w").close()
    assert worker.end(5.0) == 0


def test_restart_as_json_leaves_companions_alone(shop: Scene) -> None:
    assert dartian(shop.root, "queue:restart", "--json").data() == {"asked": []}
    companion = shop.store.join(WorkerInfo(name="companion", pid=os.getpid(), host="here", companion_of=1))
    worker = shop.worker("--name", "mill").ready()
    (asked,) = dartian(shop.root, "queue:restart", "--json").data()["asked"]
    assert list(asked) == ["name", "pid", "host", "queues", "isolates", "companion_of", "started_at"]
    assert (asked["name"], asked["pid"]) == ("mill", worker.pid)
    assert not companion.restart_asked()
    companion.leave()
    wait_for(lambda: shop.store.workers() == [], what="the worker to leave")


def test_on_a_terminal_it_fits_80_columns(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    put(shop, "a-queue-with-a-very-long-name-that-wants-more-than-its-share-of-it", 2)
    screen = terminal("queue:monitor", "--max", "1")
    assert screen.end() == 1
    assert "ALERT: size" in screen.lines[1]
    assert b"\x1b[31m" in screen.raw
    plain = terminal("queue:monitor", "--max", "1", NO_COLOR="1")
    assert plain.end() == 1
    assert b"\x1b[31m" not in plain.raw
