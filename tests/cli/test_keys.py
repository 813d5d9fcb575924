"""The keys of the live display: how they are read, what they mean, and that the terminal is always given back."""

import os
import pty
import shutil
import signal
import sys
import termios
from collections.abc import Callable, Iterator

import pytest

from dartian_cli.display.board import Board, attempt_of
from dartian_cli.display.desk import Desk
from dartian_cli.display.keys import Keys
from dartian_cli.display.picture import Picture
from dartian_cli.ui import cells
from dartian_queue.events import JobOutput, WorkerPaused, WorkerStopping
from dartian_queue.states import State
from tests.cli.test_display import NOW, board, ended, hexed, started
from tests.cli.typing_at import Terminal
from tests.scene import Scene

# Reading them


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], list[str]]]:
    """Press keys at once, and return what is read."""
    master, slave = pty.openpty()
    keys = Keys()
    with open(slave, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        keys.open()

        def press(data: bytes) -> list[str]:
            if data:
                os.write(master, data)
                assert keys.wait(5)
            return keys.read()

        yield press
    os.close(master)


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"p", ["p"]),
        (b"jjk\r", ["j", "j", "k", "enter"]),
        (b"\x1b[A\x1b[B\x1bOA\x1bOB", ["up", "down", "up", "down"]),
        (b"\x1b[5~\x1b[6~\x1b[H\x1b[F\x1b[1~\x1b[4~", ["page up", "page down", "home", "end", "home", "end"]),
        (b"\x1b[1;5Aq", ["q"]),
        (b"\x1b[15~\x1b[200;5uj", ["j"]),
        (b"\x1bq", []),
        (b"\x1b\x1bx", ["escape"]),
        ("qä播p".encode(), ["q", "p"]),
        (b"\x04\x01q", ["q"]),
        (b"\x1b[200~pqr\x1b[A\rq\x1b[201~j", ["j"]),
        (b"q" * 40, []),
    ],
)
def test_keys_have_names_and_a_paste_is_none(data: bytes, keys: list[str], typed: Callable[[bytes], list[str]]) -> None:
    assert typed(data) == keys


def test_a_key_whose_bytes_come_one_by_one_is_one_key(typed: Callable[[bytes], list[str]]) -> None:
    assert typed(b"\x1b") == []
    assert typed(b"[") == []
    assert typed(b"B") == ["down"]
    assert typed(b"\x1b") == []
    assert typed(b"") == ["escape"]
    assert typed(b"") == []
    assert typed(b"\x1b[") == []
    assert typed(b"") == [], "Alt with a bracket is no key of ours"
    assert typed(b"\x1b[200~q") == []
    assert typed(b"p\x1b") == []
    assert typed(b"") == []
    assert typed(b"[201~j") == ["j"]


def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"q")
    keys = Keys()
    with open(reader, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        keys.open()
        assert not keys.are_read
        assert keys.read() == []
        keys.close()
        assert os.read(reader, 10) == b"q"
    os.close(writer)


# What they mean


def press(desk: Desk, made: Board, *keys: str) -> list[str | None]:
    shown = [attempt_of(event) for event in (*made.running, *reversed(made.troubled), *reversed(made.done))]
    return [desk.press(key, shown, made) for key in keys]


def footer(desk: Desk, made: Board, columns: int = 80) -> str:
    line = desk.footer(made, columns)
    assert line.width < columns
    return line.text


def test_p_pauses_and_resumes_and_q_stops_once() -> None:
    desk, made = Desk(), board()
    assert footer(desk, made) == " p pause   r reload   q stop   ↑↓ choose   enter a job's output"
    assert press(desk, made, "p", "x", "space", "r", "q") == ["pause", None, None, "reload", "stop"]
    made.take(WorkerPaused(NOW, paused=True))
    assert footer(desk, made).startswith(" p resume   r reload")
    assert press(desk, made, "p") == ["resume"]
    made.take(WorkerStopping(NOW, "signal", 1, 25.0))
    assert footer(desk, made) == " ↑↓ choose   enter a job's output"
    assert press(desk, made, "p", "r", "q") == [None, None, None]
    assert footer(desk, made, 20) == " ↑↓ choose"


def test_the_choice_stays_with_its_attempt() -> None:
    desk, made = Desk(), board(started("a", isolate=0, ago=9), started("b", isolate=1), ended("c"))
    press(desk, made, "k")
    assert desk.chosen == ("c", 1)
    press(desk, made, "j", "up", "up", "up")
    assert desk.chosen == ("a", 1)
    press(desk, made, "j")
    made.take(ended("b"))
    made.take(started("d", isolate=1))
    assert desk.chosen == ("b", 1)
    press(desk, made, "escape")
    assert desk.chosen is None


def test_two_attempts_of_one_job_are_two_rows() -> None:
    first, second = ended("a", "retry", ago=5), started("a", attempt=2)
    desk, made = Desk(), board(first, second)
    press(desk, made, "j")
    assert desk.chosen == ("a", 2)
    press(desk, made, "j")
    assert desk.chosen == ("a", 1)


def output(id: str, text: str) -> JobOutput:
    return JobOutput(NOW, id, "Job", "stdout", text)


def read(desk: Desk, made: Board, columns: int = 80, rows: int = 23) -> list[str]:
    assert desk.reading is not None
    lines = Picture("isolate", "s").draw_output(made, None, NOW, columns, rows, desk.reading)
    assert all(cells(line.text) == line.width < columns for line in lines)
    assert len(lines) < rows
    return [line.text.rstrip() for line in lines]


def test_enter_reads_the_output_of_what_was_chosen_or_runs_longest() -> None:
    desk, made = Desk(), board(started("a", "Long", ago=9), started("b", isolate=1), output("a", "one\ntwo"))
    press(desk, made, "enter")
    assert read(desk, made)[:5] == [
        " dartian queue:work · isolate · s                         up 02:14 · 4 isolates",
        "  Long  #a     default  ─────────────────────     ·                        9.0s",
        "─ output ──────────────────────────────────────────────────────────────────────",
        "  one",
        "  two",
    ]
    assert footer(desk, made).startswith(" esc back   ↑↓ scroll")
    made.take(output("a", "three"))
    assert "  three" in read(desk, made)
    assert press(desk, made, "q") == [None], "it only goes back"
    assert desk.reading is None
    press(desk, made, "j", "j", "enter")
    assert "  it has printed nothing" in read(desk, made)


def test_output_is_scrolled_and_stands_still_where_it_was_scrolled_to() -> None:
    desk, made = Desk(), board(started("a"))
    made.take(output("a", "\n".join(f"line {number}" for number in range(100))))
    press(desk, made, "enter")
    bottom = read(desk, made)
    assert bottom[-2] == "  line 99"
    press(desk, made, "up", "k")
    assert read(desk, made)[-2] == "  line 97"
    made.take(output("a", "more"))
    assert read(desk, made)[-2] == "  line 97"
    press(desk, made, "page up")
    assert read(desk, made)[-2] == "  line 87"
    press(desk, made, "home")
    assert read(desk, made)[3] == "  line 0"
    press(desk, made, "down", "end")
    assert read(desk, made)[-2] == "  more"


def test_long_lines_are_wrapped_and_hostile_ones_escaped() -> None:
    desk, made = Desk(), board(started("a"))
    made.take(output("a", "播" * 60 + "\n\x1b[2J[bold]"))
    press(desk, made, "enter")
    for columns in (80, 120, 41):
        lines = read(desk, made, columns)
        assert "".join(line[2:] for line in lines if "播" in line) == "播" * 60
        assert "  \\x1b[2J[bold]" in lines


def test_output_is_kept_as_long_as_there_is_a_row_and_within_bounds() -> None:
    made = board(started("a"), output("a", "kept"), ended("a", "failed"))
    for number in range(100):
        for event in (started(str(number)), output(str(number), "x" * 10_000), ended(str(number))):
            made.take(event)
    assert made.printed.of("a") == ("kept", False)
    assert made.printed.of("0") == ("", False)
    assert made.printed.of("99") == ("x" * 10_000, False)
    made.take(started("b"))
    for number in range(50):
        made.take(output("b", f"{number}" * 1000))
    text, is_cut = made.printed.of("b")
    assert is_cut
    assert len(text) < 35_000
    assert text.endswith("49")
    made.take(output("never", "text"))
    assert made.printed.of("never") == ("", False)


def test_what_is_read_stays_when_the_board_forgets_the_job() -> None:
    desk, made = Desk(), board(started("a"), output("a", "kept"))
    press(desk, made, "enter")
    read(desk, made)
    made.take(ended("a"))
    for number in range(50):
        made.take(ended(str(number)))
    lines = read(desk, made)
    assert "has ended, and is no longer among the last" in lines[1]
    assert lines[3] == "  kept"


def test_the_picture_points_at_what_was_chosen() -> None:
    picture = Picture("isolate", "s")
    event = ended(hexed("7f2e"), "failed", "ImportCsv")
    made = board(started(hexed("7f3a")), event)
    for chosen, mark in (((hexed("7f3a"), 1), "▸ Job"), (attempt_of(event), "▸ ✘ ImportCsv")):
        lines = [line.text for line in picture.draw(made, None, NOW, 80, 24, chosen)]
        assert sum("▸" in line for line in lines) == sum(line.startswith(mark) for line in lines) == 1
    assert picture.shown == [(hexed("7f3a"), 1), (hexed("7f2e"), 1)]


# On a terminal


def modes(shown: Terminal) -> int:
    return int(termios.tcgetattr(shown.descriptor)[3]) & (termios.ECHO | termios.ICANON)


def given_back(shown: Terminal) -> bool:
    both = modes(shown) == termios.ECHO | termios.ICANON
    return both and all(shown.raw.rfind(on) < shown.raw.rfind(off) for on, off in ((b"\x1b[?25l", b"\x1b[?25h"),))


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
def test_a_worker_is_paused_read_and_stopped(
    columns: int, rows: int, shop: Scene, terminal: Callable[..., Terminal]
) -> None:
    running = shop.put("Slow", '{"seconds": 4}')
    shown = terminal("queue:work", "--isolates", "1", columns=columns, rows=rows)
    shown.wait_for("mixing down")
    shown.type("p")
    shown.wait_for(" paused: no new jobs begin here, those that run go on; p resumes")
    shown.wait_for(" p resume   r reload   q stop")
    later = shop.put("Noisy")
    shown.wait_for("✔ Slow")
    shown.wait_for("waiting 1")
    assert shop.job(running).state is State.DONE
    assert shop.job(later).state is State.WAITING
    shown.type("p")
    shown.wait_for("✔ Noisy")
    shown.type("j\r")
    shown.wait_for("─ output ─")
    assert "\n  line 2 \\x1b]0;title\\x07 [bold]播客" in shown.text
    assert "✔ Slow" not in shown.text
    shown.type("\x1b")
    shown.wait_for("✔ Slow")
    assert "▸ ✔ Noisy" in shown.text
    assert all(len(line) < columns for line in shown.lines)
    shown.type("q")
    assert shown.end() == 0
    assert "stopped after" in shown.text
    assert "q stop" not in shown.text
    assert given_back(shown)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
def test_edited_code_is_told_and_loaded_at_a_key(
    columns: int, rows: int, shop: Scene, terminal: Callable[..., Terminal]
) -> None:
    shop.jobs("class Tell(Job):\n    def handle(self) -> None:\n        print('first')\n", "tell")
    shown = terminal("queue:work", "--isolates", "1", columns=columns, rows=rows)
    shop.put("Tell")
    shown.wait_for("Tell │ first")
    path = shop.root / "app/jobs/tell.py"
    source = path.read_text()
    path.write_text(source.replace("first", "second") + "    1 +\n")
    shown.wait_for(" edited, r loads it anew: app/jobs/tell.py")
    shown.type("r")
    shown.wait_for(" cannot be loaded, the old code goes on, r tries again: app/jobs/tell.py")
    assert "broken: the jobs module 'app.jobs.tell' cannot be imported: SyntaxError" in shown.history
    assert "app/jobs/tell.py:" in shown.history.replace("\n", "")
    shop.put("Tell")
    shown.wait_for("done 2")
    path.write_text(source.replace("first", "second"))
    shown.wait_for(" edited, r loads it anew: app/jobs/tell.py")
    shown.type("r")
    shown.wait_for("loaded: app/jobs/tell.py in ")
    shop.put("Tell")
    shown.wait_for("Tell │ second")
    shown.wait_for(" dartian queue:work · isolate")
    shown.type("q")
    assert shown.end() == 0


def test_q_waits_for_what_runs_as_the_first_interrupt_does(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    job_id = shop.put("Slow", '{"seconds": 2}')
    shown = terminal("queue:work", "--isolates", "1")
    shown.wait_for("mixing down")
    shown.type("qqq")
    shown.wait_for("stopping: 1 running")
    assert shown.end() == 0
    assert shop.job(job_id).state is State.DONE


def test_what_is_pasted_steers_nothing_and_is_not_seen(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    shown = terminal("queue:work", "--isolates", "1", "--max-time", "3")
    shown.wait_for("waiting for jobs")
    assert b"\x1b[?2004h" in shown.raw
    shown.type("\x1b[200~pause q\r\x1b[201~")
    shown.type("zzz visible ä\x1b[24~")
    shown.read(0.6)
    assert "visible" not in shown.text
    assert "waiting for jobs" in shown.text
    assert shown.end() == 0
    assert "stopped after 3s" in shown.text


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGQUIT, -signal.SIGQUIT)]
)
def test_the_terminal_is_given_back(
    number: signal.Signals, code: int, shop: Scene, terminal: Callable[..., Terminal]
) -> None:
    shown = terminal("queue:work", "--isolates", "1")
    shown.wait_for("waiting for jobs")
    assert modes(shown) == 0
    os.kill(shown.pid, number)
    assert shown.end() == code
    assert given_back(shown)


def test_the_terminal_is_given_back_after_a_crash(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    program = shop.write(
        "crash.py",
        """
        from dartian_cli.app import main
        from dartian_queue.worker import Worker

        def crash(self: Worker) -> None:
            if self._claiming.names:
                raise RuntimeError("the worker is broken")

        Worker._step = crash
        main()
        """,
    )
    shown = terminal("queue:work", program=(sys.executable, str(program)))
    assert shown.end() == 1
    assert "RuntimeError" in shown.text
    assert given_back(shown)


def test_lines_of_text_and_of_json_read_no_keys(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    for option in ("--plain", "--json", "--quiet"):
        shown = terminal("queue:work", "--isolates", "1", "--max-time", "1", option, columns=150)
        shown.type("q")
        assert shown.end() == 0
        assert b"\x1b[?2004h" not in shown.raw
        assert "max_time" in shown.text or option == "--quiet"


def test_a_worker_is_stopped_by_the_shell_goes_on_and_leaves_the_background_alone(
    shop: Scene, terminal: Callable[..., Terminal]
) -> None:
    shown = terminal("--norc", "--noprofile", "-i", program=(shutil.which("bash") or "bash",), PS1="> ")
    shown.type(f"{sys.executable} -m dartian_cli queue:work --isolates 1\n")
    shown.wait_for("waiting for jobs")
    shown.type("\x1a")
    shown.wait_for("Stopped")
    assert b"\x1b[?25h" in shown.raw
    shown.type("echo it is the sh''ell\n")
    shown.wait_for("\nit is the shell")
    shown.type("clear; bg\n")
    job_id = shop.put("Noisy")
    shown.wait_for("Noisy │ line 2")
    shop.wait_until(job_id, State.DONE)
    assert "running" not in shown.text
    shown.type("echo pq; clear\n")
    shown.wait_until(lambda: "Noisy" not in shown.text, "a clear screen")
    shown.type("fg\n")
    shown.wait_for("✔ Noisy")
    shown.wait_for(" p pause   r reload   q stop")
    assert shown.text.count("─ running ─") == 1
    shown.type("q")
    shown.wait_for("stopped after")
    shown.type("exit 7\n")
    assert shown.end() == 7
