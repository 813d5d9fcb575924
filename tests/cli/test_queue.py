"""queue:status, queue:failed and queue:retry."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from dartian_queue.options import Limits
from dartian_queue.outcome import Done
from dartian_queue.states import State
from dartian_queue.stores.store import Settlement, WorkerInfo
from tests.cli.typing_at import PATIENCE, Terminal, clean, dartian
from tests.scene import Scene, wait_for


@pytest.fixture
def broken(shop: Scene) -> Scene:
    """An application with two jobs that have failed, and one that waits."""
    shop.put("Break", limits=Limits(tries=1))
    shop.put("Break", queue="media", limits=Limits(tries=2, backoff=0.0))
    shop.work()
    shop.put("Greet", '{"name": "Ada"}', delay=3600)
    return shop


def test_status_of_nothing(shop: Scene) -> None:
    out = dartian(shop.root, "queue:status").out
    assert "isolate · storage/queue.sqlite3" in out
    assert "No jobs. The store is made when the first one is dispatched." in out
    assert "No live worker." in out
    assert not shop.store_path.exists()


def test_status_counts_by_queue(broken: Scene) -> None:
    lines = dartian(broken.root, "queue:status").out.splitlines()
    assert lines[2].split() == ["queue", "ready", "scheduled", "running", "failed", "oldest"]
    assert [line.split() for line in lines[3:6]] == [
        ["default", "0", "1", "0", "1"],
        ["media", "0", "0", "0", "1"],
        ["in", "all", "0", "1", "0", "2"],
    ]
    assert "No live worker. To run what waits: dartian queue:work" in lines
    assert lines[-1] == "To see what failed: dartian queue:failed"


def test_status_as_json(broken: Scene) -> None:
    worker = broken.worker("--name", "mill", "--queue", "media,mail", "--isolates", "2").ready()
    data = dartian(broken.root, "queue:status", "--json").data()
    assert list(data) == [
        "connection", "store", "queues", "total", "rate", "paused", "running", "held", "unknown_names", "workers"
    ]  # fmt: skip
    assert (data["paused"], data["held"], data["unknown_names"]) == ({"all": False, "queues": []}, [], [])
    names = ["queue", "ready", "scheduled", "held", "running", "done", "failed", "cancelled", "oldest", "paused"]
    assert list(data["total"]) == names
    assert data["total"]["failed"] == 2
    (seen,) = data["workers"]
    assert set(seen) == {"name", "pid", "host", "queues", "isolates", "companion_of", "started_at"}
    assert (seen["name"], seen["pid"], seen["queues"], seen["isolates"]) == ("mill", worker.pid, ["media", "mail"], 2)
    text = dartian(broken.root, "queue:status").out
    assert "mill" in text
    assert "media, mail" in text


def test_status_tells_a_companion_by_its_name_once(shop: Scene) -> None:
    seat = shop.store.join(WorkerInfo(name="companion of 7", pid=os.getpid(), host="here", companion_of=7, isolates=2))
    row = dartian(shop.root, "queue:status").out.splitlines()[-1]
    assert row.split()[:-1] == ["companion", "of", "7", str(os.getpid()), "all", "queues", "2"], row
    seat.leave()


def test_status_shows_what_runs_and_how_far_it_is(shop: Scene) -> None:
    job_ids = [shop.put("Slow", '{"seconds": 20}', queue="media") for _ in range(2)]
    worker = shop.worker("--name", "mill", "--isolates", "2").ready()
    wait_for(lambda: all((seen := shop.job(one).progress) and seen.done >= 2 for one in job_ids), what="progress")
    data = dartian(shop.root, "queue:status", "--json").data()
    assert data["total"]["running"] == 2
    first = data["running"][0]
    assert set(first) == {"id", "name", "queue", "try", "claimed_at", "cancel_asked", "worker", "progress"}
    assert [one["id"] for one in data["running"]] == job_ids
    assert (first["name"], first["queue"], first["try"], first["worker"]) == ("Slow", "media", 1, "mill")
    assert (first["progress"]["total"], first["progress"]["note"]) == (20, "mixing down")
    assert 0 <= time.time() - first["claimed_at"] < 60
    out = dartian(shop.root, "queue:status").out
    (line,) = [line for line in out.splitlines() if line.startswith(job_ids[0][:4])]
    assert line.split()[1:4] == ["Slow", "media", "1"]
    assert "━" in line
    assert "% " in line
    assert line.endswith("mixing down")
    worker.kill()
    orphaned = dartian(shop.root, "queue:status").out
    assert orphaned.count("no live worker has it") == 2


def test_status_shows_ten_running_jobs_and_how_many_more(shop: Scene) -> None:
    seat = shop.store.join(WorkerInfo("mill", os.getpid(), "here"))
    for _ in range(13):
        shop.put("Slow")
    claims = shop.store.claim(seat, 13)
    out = dartian(shop.root, "queue:status").out
    assert sum(line.split()[1:2] == ["Slow"] for line in out.splitlines()) == 10
    assert "and 3 more\n" in out
    shop.store.settle(seat, [Settlement(one.id, one.token, Done()) for one in claims])
    out = dartian(shop.root, "queue:status").out
    assert "· 2.6/s\n" in out
    assert "Slow" not in out
    seat.leave()


@pytest.mark.parametrize("form", ["text", "json"])
def test_status_is_looked_at_again_and_again_off_a_terminal(shop: Scene, form: str) -> None:
    shop.put("Slow")
    command = [sys.executable, "-m", "dartian_cli", "queue:status", "--watch", "--every", "0.1"]
    command += ["--json"] if form == "json" else []
    with subprocess.Popen(command, cwd=shop.root, env=clean(), stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        lines = [watch.stdout.readline() for _ in range(3 if form == "json" else 20)]
        watch.send_signal(signal.SIGINT)
        rest = watch.stdout.read()
        assert watch.wait(PATIENCE) == 0
    if form == "json":
        assert [json.loads(line)["total"]["ready"] for line in [*lines, *rest.splitlines()]][:3] == [1, 1, 1]
    else:
        assert lines.count("isolate · storage/queue.sqlite3\n") >= 2
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--every 2", "--every says how often to look again, which --watch does"),
        ("--watch --every 0", "--every takes 0.1 seconds or more, not 0"),
        ("--watch --every soon", "--every takes seconds, or a duration such as 90s, 5m, 2h or 1d, not 'soon'"),
    ],
)
def test_every_is_refused_where_it_means_nothing(shop: Scene, options: str, told: str) -> None:
    assert told in dartian(shop.root, "queue:status", *options.split(), code=2).err


def test_status_says_which_switch_holds(broken: Scene) -> None:
    broken.store.pause(["media"])
    out = dartian(broken.root, "queue:status").out
    assert "media (paused)" in out
    assert "default (paused)" not in out
    assert "Paused: media. To go on: dartian queue:resume media\n" in out
    broken.store.pause()
    out = dartian(broken.root, "queue:status").out
    assert "All queues are paused: no job begins. To go on: dartian queue:resume --all\n" in out
    assert "Paused one by one: media. To go on: dartian queue:resume media\n" in out
    assert "default (paused)" not in out
    assert dartian(broken.root, "queue:status", "--json").data()["paused"] == {"all": True, "queues": ["media"]}


def test_held_jobs_are_shown_with_their_reasons(shop: Scene) -> None:
    identity = shop.put("Greet", '{"nam": "Ada"}')
    worker = shop.worker().ready()
    worker.wait("attempt_ended", outcome="held")
    out = dartian(shop.root, "queue:status").out
    (line,) = [line for line in out.splitlines() if line.startswith(identity[:4])]
    assert line.split()[:3] == [identity[:4], "Greet", "default"]
    assert "name" in line
    (held,) = dartian(shop.root, "queue:status", "--json").data()["held"]
    assert list(held) == ["id", "name", "queue", "reason", "available_at"]
    failed = dartian(shop.root, "queue:failed").out
    assert failed.endswith("Jobs are held, since no worker can load them. To see why: dartian queue:status\n")


def test_late_jobs_under_unknown_names_are_told(shop: Scene) -> None:
    from dartian_queue.envelope import Envelope

    shop.put("Gone")
    assert dartian(shop.root, "queue:status", "--json").data()["unknown_names"] == []
    shop.store.add([Envelope("late", "Goner\x1b[2J", "{}", available_at=1.0), Envelope("l2", "Greet", "{}")])
    assert dartian(shop.root, "queue:status", "--json").data()["unknown_names"] == ["Gone", "Goner\x1b[2J"]
    out = dartian(shop.root, "queue:status").out
    assert "No job class is called Gone, Goner\\x1b[2J: what waits so is not claimed.\n" in out
    shop.write("app/jobs/broken.py", "1 +")
    assert "No job class" not in dartian(shop.root, "queue:status").out


def test_failed_shows_error_place_and_remedy(broken: Scene) -> None:
    out = dartian(broken.root, "queue:failed").out
    latest, first = broken.store.jobs(state=State.FAILED, newest_first=True)
    lines = out.splitlines()
    assert lines[1].split()[:4] == [latest.envelope.id[:4], "Break", "media", "2"]
    assert "ValueError: bad row 17" in lines[1]
    assert lines[2].strip().startswith("app/jobs/few.py:")
    assert lines[3].split()[0] == first.envelope.id[:4]
    assert lines[-1] == "To try again: dartian queue:retry ID, or dartian queue:retry all"


LONG = "app/jobs/processing_of_podcasts_and_their_recordings.py"


@pytest.fixture
def long(shop: Scene) -> Scene:
    """An application with a failed job whose names, place and line of source are long."""
    shop.jobs(
        """
        class ProcessAllEpisodesOfAPodcast(Job, queue="media-processing-slow"):
            def handle(self) -> None:
                raise ValueError("no recording was found of the episode, whatever was promised before its upload")
        """,
        LONG.removeprefix("app/jobs/").removesuffix(".py"),
    )
    shop.put("ProcessAllEpisodesOfAPodcast", queue="media-processing-slow")
    shop.work()
    return shop


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal_failed_keeps_the_file_and_the_line(
    columns: int, long: Scene, terminal: Callable[..., Terminal]
) -> None:
    shown = terminal("queue:failed", columns=columns)
    shown.end()
    (place,) = [line.strip() for line in shown.lines if LONG in line]
    assert place.removeprefix(f"{LONG}:").isdigit()
    assert all(len(line) <= columns for line in shown.lines)


def test_on_a_narrow_terminal_failed_cuts_the_front_of_a_place(long: Scene, terminal: Callable[..., Terminal]) -> None:
    shown = terminal("queue:failed", columns=50)
    shown.end()
    (job,) = long.store.jobs(state=State.FAILED)
    line = job.errors[-1].where.rpartition(":")[2]
    (place,) = [line.strip() for line in shown.lines if ".py:" in line]
    assert place.startswith("…")
    assert place.endswith(f"_and_their_recordings.py:{line}")


def test_on_a_terminal_show_leaves_the_wrapping_of_a_traceback_to_it(
    long: Scene, terminal: Callable[..., Terminal]
) -> None:
    (job,) = long.store.jobs(state=State.FAILED)
    shown = terminal("queue:show", job.envelope.id, columns=80)
    shown.end()
    lines = shown.raw.decode().splitlines()
    assert any(line.startswith(f'    File "{long.root}/{LONG}", line ') for line in lines), "a path is on one line"
    assert any(line.endswith('whatever was promised before its upload")') for line in lines)


def test_failed_filters_and_limits(broken: Scene) -> None:
    assert "There are more: dartian queue:failed --limit 10" in dartian(broken.root, "queue:failed", "--limit", "1").out
    assert len(dartian(broken.root, "queue:failed", "--queue", "media", "--json").data()) == 1
    assert dartian(broken.root, "queue:failed", "--name", "Greet").out == "No such job has failed.\n"


def test_failed_as_json_is_in_full(broken: Scene) -> None:
    job, _ = dartian(broken.root, "queue:failed", "--json").data()
    names = "id name queue priority tags tries crashes reason dispatched_at failed_at payload errors"
    assert list(job) == names.split()
    assert job["payload"] == {}
    assert [error["attempt"] for error in job["errors"]] == [1, 2]
    assert all(
        set(error) == {"type", "message", "where", "traceback", "attempt", "at", "output"} for error in job["errors"]
    )


def test_retry_takes_the_beginning_of_an_id(broken: Scene) -> None:
    job = broken.store.jobs(state=State.FAILED)[0]
    out = dartian(broken.root, "queue:retry", job.envelope.id[:6]).out
    assert out == "1 job put back, due now.\nNo live worker. To run what waits: dartian queue:work\n"
    assert broken.job(job.envelope.id).state is State.WAITING


def test_retry_all_with_filters(broken: Scene) -> None:
    some = dartian(broken.root, "queue:retry", "all", "--queue", "media", "--json").data()
    assert len(some["retried"]) == 1
    none = dartian(broken.root, "queue:retry", "all", "--queue", "media")
    assert none.out == "No such job has failed: there is nothing to retry.\n"
    rest = dartian(broken.root, "queue:retry", "all", "--json").data()
    assert len(rest["retried"]) == 1
    assert dartian(broken.root, "queue:retry", "all").out == "No job has failed: there is nothing to retry.\n"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["zzzz"], "error: no job has the id 'zzzz'\n  To see what failed: dartian queue:failed\n"),
        (["all", "7f2e"], "error: all stands alone: it already means every failed job\n"),
        (
            ["7f2e", "--queue", "x"],
            "error: --queue and --name choose among all failed jobs\n  Write: dartian queue:retry all --name ...\n",
        ),
    ],
)
def test_what_cannot_be_retried_is_exit_2(typed: list[str], message: str, broken: Scene) -> None:
    assert dartian(broken.root, "queue:retry", *typed, code=2).err == message


def test_an_id_that_means_several_or_another_state_changes_nothing(broken: Scene) -> None:
    from dartian_queue.envelope import Envelope

    broken.store.add([Envelope("twin-1", "Break", "{}"), Envelope("twin-2", "Break", "{}")])
    broken.work()
    waiting = broken.store.jobs(state=State.WAITING)[0].envelope.id
    several = dartian(broken.root, "queue:retry", "twin-1", "twin", code=2).err
    assert several.startswith("error: 'twin' is the beginning of 2 ids: twin-1 (Break), twin-2 (Break)")
    other = dartian(broken.root, "queue:retry", "twin-1", waiting[:8], code=2).err
    assert other == f"error: Greet {waiting[:8]} is waiting, and only what failed or was cancelled can be retried\n"
    assert broken.job("twin-1").state is State.FAILED


@pytest.mark.parametrize("command", [
        "queue:status", "queue:failed", "queue:work", "queue:retry all", "queue:show 7f2e", "queue:forget 7f2e",
        "queue:flush", "queue:prune", "queue:clear", "queue:cancel 7f2e", "queue:monitor", "queue:pause media",
        "queue:pause --all", "queue:resume media", "queue:restart",
    ],
)  # fmt: skip
def test_a_connection_that_stores_nothing_is_refused_with_what_to_type(command: str, shop: Scene) -> None:
    err = dartian(shop.root, *command.split(), env={"QUEUE_DRIVER": "sync"}, code=2).err
    assert err.startswith("error: the connection 'sync' (chosen by QUEUE_DRIVER) runs jobs where they are dispatched")
    flag = "" if command in ("queue:work", "queue:clear") else " --connection"
    assert err.splitlines()[1] == f"  For one that stores jobs: dartian {command}{flag} isolate"


def test_data_cannot_move_the_cursor(shop: Scene) -> None:
    from dartian_queue.envelope import Envelope

    shop.store.add([Envelope("id-1", "Evil\x1b[2J[bold]", "{}", queue="q\u202eq", limits=Limits(tries=1))])
    with pytest.raises(AssertionError):
        dartian(shop.root, "queue:retry", "id-1")
    out = dartian(shop.root, "queue:status").out
    assert "\x1b" not in out
    assert "q\\u202eq" in out


def test_a_job_runs_in_the_folder_in_which_its_worker_was_started(shop: Scene) -> None:
    shop.jobs("class Where(Job):\n    def handle(self) -> None:\n        print('in', os.getcwd())\n", "where")
    shop.put("Where")
    folder = shop.root / "reports"
    folder.mkdir()
    assert f"| in {folder}\n" in dartian(folder, "queue:work", "--stop-when-empty").out
