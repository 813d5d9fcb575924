"""The display without a terminal: the board, the picture, the lines of text and JSON."""

import io
import json
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dartian_cli.display.board import Board
from dartian_cli.display.depth import Depth
from dartian_cli.display.jsonl import JsonDisplay
from dartian_cli.display.output import output_lines
from dartian_cli.display.picture import Picture
from dartian_cli.display.plain import PlainDisplay
from dartian_cli.display.watching import Watching
from dartian_cli.ui import cells
from dartian_queue.errors import StoreBusy, StoreError
from dartian_queue.events import (
    AttemptEnded,
    AttemptStarted,
    CodeChange,
    Event,
    JobOutput,
    JobProgress,
    Notice,
    WorkerPaused,
    WorkerReady,
    WorkerStopped,
    WorkerStopping,
)
from dartian_queue.outcome import ErrorReport
from dartian_queue.stores.store import Counts, QueueCounts

NOW = 1_000_000.0
READY = WorkerReady(NOW, "w", "/s", "isolate", (), 4, 12)
ERROR = ErrorReport("ValueError", "bad row 17", "app/jobs/import_csv.py:22")


def started(id: str, name: str = "Job", *, ago: float = 1.0, isolate: int = 0, attempt: int = 1) -> AttemptStarted:
    return AttemptStarted(NOW - ago, id, name, "default", attempt, 3, isolate)


def ended(id: str, outcome: str = "done", name: str = "Job", *, ago: float = 0.0, **facts: object) -> AttemptEnded:
    event = AttemptEnded(NOW - ago, id, name, "default", outcome, 1, 3, 0.31)
    return msgspec.structs.replace(event, **facts)


def hexed(start: str) -> str:
    return start + "0" * (20 - len(start))


def board(*events: Event) -> Board:
    made = Board(NOW - 134)
    for event in (READY, *events):
        made.take(event)
    return made


def drawn(made: Board, columns: int = 80, rows: int = 24, depth: Counts | None = None) -> list[str]:
    lines = Picture("isolate", "storage/queue.sqlite3").draw(made, depth, NOW, columns, rows)
    assert all(cells(line.text) == line.width < columns for line in lines)
    assert len(lines) < rows
    return [line.text.rstrip() for line in lines]


def waiting(*, ready: int = 0, oldest: float | None = None, paused: bool = False) -> Counts:
    return Counts((), QueueCounts("*", ready=ready, oldest=oldest, paused=paused))


# The board


def test_a_job_runs_from_its_start_to_its_end() -> None:
    made = board(started("a", isolate=0), started("b", isolate=1, ago=5))
    assert [event.id for event in made.running] == ["b", "a"]
    made.take(JobProgress(NOW, "a", "Job", 1, 2, ""))
    made.take(ended("a"))
    assert [event.id for event in made.running] == ["b"]
    assert not made.progress
    assert made.counts["done"] == 1


def test_an_isolate_runs_one_job_even_where_the_end_of_the_last_is_not_settled_yet() -> None:
    made = board(started("a"), started("b"), started("c"))
    assert [event.id for event in made.running] == ["c"]
    made.take(ended("a"))
    assert [event.id for event in made.running] == ["c"]
    made.take(ended("c"))
    made.take(ended("b"))
    assert made.running == []
    assert made.counts["done"] == 3


def test_progress_of_a_job_that_does_not_run_is_dropped() -> None:
    assert not board(JobProgress(NOW, "gone", "Job", 1, 2, "")).progress


def test_the_rate_is_an_average_over_seconds() -> None:
    made = board()
    made.tick(NOW)
    for second in range(1, 4):
        for number in range(10 * second):
            made.take(ended(f"{second}-{number}"))
        made.tick(NOW + second - 0.5)  # within a second nothing is noted
        made.tick(NOW + second)
    assert list(made.rates)[-3:] == [10.0, 20.0, 30.0]
    made.tick(NOW - 50)
    assert made.rate > 0, "a clock that was set back breaks nothing"


def test_ten_thousand_events_cost_little() -> None:
    events: list[Event] = []
    for number in range(5000):
        events += [started(str(number)), ended(str(number))]
    made = board()
    begun = time.process_time()
    for event in events:
        made.take(event)
    assert time.process_time() - begun < 0.15, "it takes 0.006 on this kind of machine"


# The picture


def test_the_picture_at_80_columns() -> None:
    made = board(
        started(hexed("7f3a"), "ProcessPodcast", ago=12.4),
        JobProgress(NOW, hexed("7f3a"), "ProcessPodcast", 68, 100, "mixing down"),
        started(hexed("7f41"), "SendWelcome", ago=0.2, isolate=1),
        ended(hexed("7f2e"), "failed", "ImportCsv", ago=3, error=ERROR, reason="exception"),
        ended(hexed("7f3c"), "retry", "ChargeCard", ago=2, delay=9.0, error=ERROR),
        ended(hexed("7f40"), "done", "ResizeImage", ago=1),
    )
    made.counts["done"] = 1204
    assert drawn(made, depth=waiting(ready=86, oldest=4.0)) == [
        " dartian queue:work · isolate · storage/queue.sqlite3     up 02:14 · 4 isolates",
        "─ running ─────────────────────────────────────────────────────────────────────",
        "  ProcessPodcast  #7f3a  default  ━━━━━━━╸───   68%  mixing down          12.4s",
        "  SendWelcome     #7f41  default  ───────────     ·                       0.20s",
        "─ finished ────────────────────────────────────────────────────────────────────",
        "  ✔ ResizeImage     #7f40   0.31s",
        "  ↻ ChargeCard      #7f3c  try 2 of 3 in 9s  ValueError: bad row 17",
        "      app/jobs/import_csv.py:22",
        "  ✘ ImportCsv       #7f2e  ValueError: bad row 17",
        "      app/jobs/import_csv.py:22  dartian queue:retry 7f2e",
        "─ done 1,204 · retried 1 · failed 1 · waiting 86 (oldest 4s) · 0/s ────────────",
    ]


def test_a_long_place_loses_its_front_and_neither_its_line_nor_the_remedy() -> None:
    far = msgspec.structs.replace(ERROR, where="src/orders/jobs/reports/generate_statement_of_the_quarter.py:1041")
    lines = drawn(board(ended(hexed("7f2e"), "failed", error=far), ended(hexed("7f3c"), "retry", delay=9.0, error=far)))
    assert "      …orts/generate_statement_of_the_quarter.py:1041  dartian queue:retry 7f2e" in lines
    assert f"      {far.where}" in lines


def test_a_wide_terminal_shows_more_facts() -> None:
    made = board(ended(hexed("7f2e"), "failed", "ImportCsv", ago=3, error=ERROR), started("order-17", attempt=2))
    text = "\n".join(drawn(made, 140, 40))
    assert "all queues · 12 jobs known · up 02:14 · 4 isolates" in text
    failure = next(line for line in text.splitlines() if "✘" in line)
    assert "ValueError: bad row 17  app/jobs/import_csv.py:22  dartian queue:retry 7f2e" in failure
    assert failure.endswith("3s ago")
    assert "try 2 of 3" in text


def test_a_thousand_successes_do_not_push_a_failure_out() -> None:
    made = board(ended(hexed("7f2e"), "failed", "ImportCsv", ago=9, error=ERROR), *(ended(str(n)) for n in range(1000)))
    assert any("dartian queue:retry 7f2e" in line for line in drawn(made))


def test_more_jobs_than_rows_are_counted() -> None:
    made = board(*(started(f"job-{n}", isolate=n) for n in range(16)))
    lines = drawn(made)
    assert any(line.endswith(" more") for line in lines)
    assert len(lines) <= 16


def test_the_rows_of_running_jobs_do_not_jump() -> None:
    picture = Picture("isolate", "s")
    made = board(started("a", isolate=0), started("b", isolate=1))
    high = len(picture.draw(made, None, NOW, 80, 24))
    made.take(ended("a"))
    made.take(ended("b"))
    assert len(picture.draw(made, None, NOW + 1, 80, 24)) >= high
    made.take(started("c"))
    assert len(picture.draw(made, None, NOW + 1, 80, 24)) >= high


def test_stopping_says_what_it_waits_for() -> None:
    made = board(started("a", isolate=0), started("b", isolate=1), WorkerStopping(NOW - 7, "signal", 2, 25.0))
    assert drawn(made)[0] == " stopping: 2 running, 18 s left; Ctrl-C again stops at once"


@pytest.mark.parametrize(
    ("events", "header"),
    [
        ([CodeChange(NOW, "edited", ("a.py",))], " edited, r loads it anew: a.py"),
        ([CodeChange(NOW, "loading", ())], " loading anew: the code"),
        (
            [CodeChange(NOW, "edited", ("a.py",)), WorkerPaused(NOW, paused=True)],
            " paused; p resumes · edited, r loads it anew: a.py",
        ),
        ([WorkerPaused(NOW, paused=True)], " paused: no new jobs begin here"),
        ([CodeChange(NOW, "edited", ("a.py",)), CodeChange(NOW, "edited", ())], " dartian queue:work"),
        ([CodeChange(NOW, "broken", ("a.py",)), CodeChange(NOW, "loaded", ())], " dartian queue:work"),
        ([CodeChange(NOW, "edited", ("a.py",)), READY], " dartian queue:work"),
    ],
)
def test_the_header_says_what_is_unusual(events: list[Event], header: str) -> None:
    assert drawn(board(*events))[0].startswith(header)


@pytest.mark.parametrize(
    ("events", "depth", "header"),
    [
        ([], Counts((), QueueCounts("*"), ("mail",)), " paused: mail; dartian queue:resume mail"),
        ([], Counts((), QueueCounts("*"), ("mail", "post")), " paused: mail, post; dartian queue:resume mail post"),
        (
            [],
            Counts((), QueueCounts("*", paused=True), ("mail",)),
            " all queues are paused; dartian queue:resume --all",
        ),
        (
            [CodeChange(NOW, "edited", ("a.py",))],
            Counts((), QueueCounts("*"), ("mail",)),
            " paused: mail; dartian queue:resume mail · edited, r loads it anew: a.py",
        ),
        (
            [WorkerPaused(NOW, paused=True)],
            Counts((), QueueCounts("*"), ("mail",)),
            " paused: no new jobs begin here, those that run go on; p resumes",
        ),
    ],
)
def test_the_header_says_which_queues_are_paused_and_how_they_go_on(
    events: list[Event], depth: Counts, header: str
) -> None:
    assert drawn(board(*events), depth=depth)[0] == header


def test_a_worker_whose_queues_are_all_paused_does_not_say_that_it_waits_for_jobs() -> None:
    assert "waiting for jobs" in drawn(board(), depth=waiting())[2]
    assert drawn(board(), depth=waiting(paused=True))[2] == ""


def test_the_last_picture_has_no_running_jobs() -> None:
    made = board(ended("a"), WorkerStopped(NOW, "signal", 1, 0, 0, 0))
    lines = drawn(made)
    assert lines[0].endswith("stopped after 2 min")
    assert not any("running" in line for line in lines)


@pytest.mark.parametrize("total", [0.0, -1.0, float("nan"), float("inf"), None])
def test_progress_without_a_whole_has_no_share(total: float | None) -> None:
    made = board(started("a"), JobProgress(NOW, "a", "Job", 1204, total, ""))
    assert "%" not in drawn(made)[2]


@pytest.mark.parametrize(("done", "share"), [(-5.0, "0%"), (250.0, "100%"), (99.9, "99%"), (float("nan"), "·")])
def test_progress_stays_within_its_bar(done: float, share: str) -> None:
    made = board(started("a"), JobProgress(NOW, "a", "Job", done, 100.0, ""))
    assert f" {share} " in drawn(made)[2]


TEXTS = st.text(max_size=60) | st.sampled_from(["播客" * 20, "\x1b[2J\x1b[31m", "[bold]", "a\nb", "🎧" * 30])


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, TEXTS, st.integers(1, 200), st.integers(2, 60))
def test_no_line_is_ever_broken(name: str, note: str, message: str, columns: int, rows: int) -> None:
    error = ErrorReport(message, note, name)
    made = board(started("a", name), JobProgress(NOW, "a", name, 3, 7, note), ended("b", "failed", name, error=error))
    for line in drawn(made, columns, rows, waiting(ready=10**9, oldest=1e7)):
        assert all(letter.isprintable() or letter == "\u200d" for letter in line)


# Output


def test_output_keeps_lines_and_drops_what_a_terminal_obeys() -> None:
    assert output_lines("one\ntwo\n") == ["one", "two"]
    assert output_lines("\x1b[31mred\x1b[0m \x1b[2J") == ["red \\x1b[2J"]
    assert output_lines("10%\r50%\r100%\r\n") == ["100%"]
    assert output_lines("a\tb") == ["a       b"]


# Lines of text


def plain(*events: Event) -> list[str]:
    stream = io.StringIO()
    display = PlainDisplay(stream)
    for event in events:
        display.watch(event)
    display.close()
    lines = stream.getvalue().splitlines()
    assert all(line[4] == "-" and line[13] == ":" and line[19:21] == "  " for line in lines)
    return [line[21:] for line in lines]


def test_one_line_an_event() -> None:
    failed = ended(hexed("7f2e"), "failed", "ImportCsv", error=ERROR)
    assert plain(
        READY,
        started(hexed("7f3a"), "ProcessPodcast"),
        started(hexed("7f3a"), "ProcessPodcast", attempt=2),
        JobProgress(NOW, hexed("7f3a"), "ProcessPodcast", 3, 12, "mixing"),
        JobProgress(NOW + 1, hexed("7f3a"), "ProcessPodcast", 4, 12, "mixing"),
        JobOutput(NOW, hexed("7f3a"), "ProcessPodcast", "stdout", "one\ntwo"),
        ended(hexed("7f3a"), "done", "ProcessPodcast"),
        ended(hexed("7f3c"), "retry", "ChargeCard", delay=9.0, error=ERROR),
        failed,
        ended(hexed("7f50"), "held", "Old", delay=60.0, reason="no such field", duration=0.0),
        Notice(NOW, "warning", "the store is slow"),
        CodeChange(NOW, "edited", ("app/a.py", "app/b.py", "app/c.py")),
        CodeChange(NOW, "edited", ()),
        CodeChange(NOW, "loading", ("app/a.py",)),
        CodeChange(NOW, "broken", ("app/a.py",), error="cannot be imported: SyntaxError\n/shop/app/a.py:3"),
        CodeChange(NOW, "loading", ()),
        CodeChange(NOW, "loaded", (), duration=0.3, jobs=1),
        CodeChange(NOW, "loaded", ("app/a.py",), duration=0.31, jobs=12, appeared=("New",), gone=("Old", "Older")),
        WorkerPaused(NOW, paused=True),
        WorkerPaused(NOW, paused=False),
        WorkerStopping(NOW, "signal", 2, 25.0),
        WorkerStopped(NOW, "signal", 1, 1, 1, 0),
    ) == [
        "ready     isolate /s, all queues, 4 isolates, 12 jobs known",
        "started   ProcessPodcast  #7f3a  default",
        "started   ProcessPodcast  #7f3a  default  try 2 of 3",
        "progress  ProcessPodcast  #7f3a  3 of 12  mixing",
        "output    ProcessPodcast  #7f3a  | one",
        "output    ProcessPodcast  #7f3a  | two",
        "done      ProcessPodcast  #7f3a  default   0.31s",
        "retry     ChargeCard      #7f3c  default   0.31s  try 2 of 3 in 9s  ValueError: bad row 17  "
        "app/jobs/import_csv.py:22",
        "failed    ImportCsv       #7f2e  default   0.31s  ValueError: bad row 17  app/jobs/import_csv.py:22  "
        "dartian queue:retry 7f2e",
        "held      Old             #7f50  default   <1 ms  again in 60s  no such field",
        "warning   the store is slow",
        "edited    app/a.py, app/b.py and 1 more: dartian queue:restart loads it anew, --watch by itself",
        "edited    nothing any more: the files are as they were loaded",
        "loading   app/a.py",
        "broken    cannot be imported: SyntaxError",
        "broken    /shop/app/a.py:3",
        "broken    the code that was loaded before goes on",
        "loading   all code",
        "loaded    all code in 0.30s, 1 job known",
        "loaded    app/a.py in 0.31s, 12 jobs known, new: New, gone: Old, Older",
        "paused    this worker takes no new jobs; those that run go on",
        "resumed   this worker takes jobs again",
        "stopping  signal, up to 25 s for 2 jobs",
        "stopped   signal: done 1, retried 1, failed 1, put back 0",
    ]


def test_plain_lines_are_escaped() -> None:
    evil = "\x1b[2J\u202e"
    error = ErrorReport(evil, evil, evil)
    events = (
        started(evil, evil),
        JobProgress(NOW, evil, evil, 1, 2, evil),
        JobOutput(NOW, evil, evil, "stdout", evil),
        ended(evil, "failed", evil, error=error),
        Notice(NOW, evil, evil),
        *(CodeChange(NOW, state, (evil,), error=evil, gone=(evil,)) for state in ("edited", "loaded", "broken")),
    )
    assert all(line.isprintable() for line in plain(*events))


# Lines of JSON


def test_json_lines_hold_the_whole_event() -> None:
    stream = io.BytesIO()
    display = JsonDisplay(stream)
    for event in (READY, ended("a", error=ERROR), JobOutput(NOW, "a", "Job", "stdout", "lone \udc80")):
        display.watch(event)
    display.close()
    ready, end, output = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (ready["type"], ready["at"], ready["isolates"]) == ("worker_ready", NOW, 4)
    assert (end["type"], end["error"]["where"]) == ("attempt_ended", ERROR.where)
    assert output["text"] == "lone \udc80"


# The guard


class Reader:
    """A display that keeps what it is shown, until its reader goes away."""

    interval = 0.1

    def __init__(self) -> None:
        self.seen: list[Event] = []
        self.gone = False

    def watch(self, event: Event) -> None:
        if self.gone:
            raise BrokenPipeError
        self.seen.append(event)

    def tick(self) -> None:
        if self.gone:
            raise BrokenPipeError

    def close(self) -> None:
        self.tick()


def test_quiet_passes_on_what_deserves_attention() -> None:
    reader = Reader()
    watching = Watching(reader, quiet=True)
    wanted = [
        JobOutput(NOW, "a", "Job", "stdout", "text"),
        ended("a", "retry"),
        ended("a", "failed"),
        ended("a", "lost"),
        Notice(NOW, "warning", "text"),
        CodeChange(NOW, "edited", ("app/a.py",)),
        CodeChange(NOW, "broken", (), error="text"),
    ]
    passed_over = [
        started("a"),
        ended("a"),
        ended("a", "released"),
        Notice(NOW, "info", "text"),
        CodeChange(NOW, "loaded", ()),
    ]
    for event in (READY, *wanted, *passed_over):
        watching.watch(event)
    assert reader.seen == wanted


@pytest.mark.parametrize("how", ["watch", "tick"])
def test_a_reader_that_is_gone_stops_the_worker_once(how: str) -> None:
    reader = Reader()
    watching = Watching(reader)
    stopped: list[str] = []
    watching.when_unseen(lambda: stopped.append("stop"))
    watching.watch(READY)
    reader.gone = True
    for _ in range(3):
        watching.tick() if how == "tick" else watching.watch(started("a"))
    watching.close()
    assert stopped == ["stop"]


@pytest.fixture
def unready() -> tuple[Reader, Watching]:
    reader = Reader()
    return reader, Watching(reader)


def test_what_keeps_a_worker_from_starting_is_kept_apart(unready: tuple[Reader, Watching]) -> None:
    reader, watching = unready
    events = (
        Notice(NOW, "error", "broken"),
        WorkerStopping(NOW, "broken", 0, 0.0),
        WorkerStopped(NOW, "broken", 0, 0, 0, 0),
    )
    for event in events:
        watching.watch(event)
    assert watching.broken == "broken"
    assert reader.seen == []


def test_an_error_of_a_worker_that_runs_is_shown(unready: tuple[Reader, Watching]) -> None:
    reader, watching = unready
    error = Notice(NOW, "error", "the store is full")
    watching.watch(READY)
    watching.watch(error)
    assert (watching.broken, reader.seen) == ("", [READY, error])


# The depth


def test_depth_is_asked_apart_and_a_store_that_is_out_of_reach_breaks_nothing() -> None:
    answers = iter([waiting(ready=7), StoreBusy("locked")])
    closed: list[bool] = []

    def ask() -> Counts:
        answer = next(answers)
        if isinstance(answer, StoreError):
            raise answer
        return answer

    depth = Depth(ask, lambda: closed.append(True))
    depth.start()
    until = time.monotonic() + 5
    while (latest := depth.latest()) is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert latest.total.ready == 7
    depth.stop()
    assert (depth.latest(), closed) == (None, [True])
