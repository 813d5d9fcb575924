"""The live display on a real terminal, read from its screen; and the painting of its lines."""

import io
import subprocess
import sys
import time
from collections.abc import Callable

import pyte
import pytest

from dartian_cli.display.region import Region
from dartian_cli.display.strip import Strip
from dartian_queue.options import Limits
from dartian_queue.states import State
from tests.cli.typing_at import Terminal, clean
from tests.scene import Scene


class Paper(io.StringIO):
    """A stream onto a screen of ours, of a size that a test may change."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__()
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self._stream = pyte.Stream(self.screen)

    def write(self, text: str) -> int:
        self._stream.feed(text.replace("\x1b[?2026h", "").replace("\x1b[?2026l", ""))
        return len(text)

    @property
    def lines(self) -> list[str]:
        shown = [line.rstrip() for line in self.screen.display]
        while shown and not shown[-1]:
            shown.pop()
        return shown


def strips(*texts: str) -> list[Strip]:
    return [Strip(40).add(text) for text in texts]


def test_lines_are_replaced_and_output_scrolls_above_them() -> None:
    paper = Paper(40, 10)
    region = Region(paper, coloured=False)
    region.paint(strips("one", "two", "three"))
    region.paint(strips("ONE", "TWO"), above="said\nmore\n")
    assert paper.lines == ["said", "more", "ONE", "TWO"]
    region.paint(strips("1", "2", "3", "4"))
    assert paper.lines == ["said", "more", "1", "2", "3", "4"]


def test_output_that_wraps_or_fills_the_screen_breaks_nothing() -> None:
    paper = Paper(20, 6)
    region = Region(paper, coloured=False)
    for number in range(9):
        region.paint(strips("top", "bottom"), above=f"{number}{'x' * 30}\n")
    assert paper.lines[-4:] == ["8" + "x" * 19, "x" * 11, "top", "bottom"]
    assert sum("top" in line for line in paper.lines) == 1


def test_the_end_leaves_the_lines_or_erases_them() -> None:
    for erase, left in ((False, ["kept", "lines", "after"]), (True, ["after"])):
        paper = Paper(40, 6)
        region = Region(paper, coloured=False)
        region.paint(strips("kept", "lines"))
        region.close(erase=erase)
        paper.write("after")
        assert paper.lines == left


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
def test_the_whole_display(columns: int, rows: int, shop: Scene, terminal: Callable[..., Terminal]) -> None:
    shop.put("Noisy")
    failing = shop.put("Break", limits=Limits(tries=1))
    slow = [shop.put("Slow", '{"seconds": 2.5}') for _ in range(2)]
    shown = terminal("queue:work", "--isolates", "2", columns=columns, rows=rows)
    text = shown.wait_for("50%")
    assert "dartian queue:work · isolate · storage/queue.sqlite3" in text
    assert "· 2 isolates" in text
    for job_id in slow:
        assert any(f"#{job_id[:4]}" in line and "━" in line and "mixing down" in line for line in shown.lines)
    assert "✔ Noisy" in text
    assert f"dartian queue:retry {failing[:4]}" in text
    assert "app/jobs/few.py:" in text
    assert "─ done 1 · retried 0 · failed 1 · waiting 0" in text
    for number in range(3):
        assert f"Noisy │ line {number} \\x1b]0;title\\x07 [bold]播客🎧" in shown.history
    assert shown.history.count("─ running ─") == 1
    shown.type("\x03")
    shown.wait_for("stopping: 2 running")
    assert "Ctrl-C again stops at once" in shown.text
    assert shown.end() == 0
    assert "running" not in shown.text
    assert "stopped after" in shown.text
    assert [line for line in shown.lines if line][-2:] == [
        "To see what failed: dartian queue:failed",
        f"To try again: dartian queue:retry {failing[:4]}",
    ]
    assert [shop.job(job_id).state for job_id in slow] == [State.DONE, State.DONE]


def test_the_second_interrupt_stops_at_once_and_loses_nothing(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    job_id = shop.put("Slow", '{"seconds": 30}')
    shown = terminal("queue:work", "--isolates", "1")
    shown.wait_for("mixing down")
    begun = time.monotonic()
    shown.type("\x03")
    shown.wait_for("stopping: 1 running")
    shown.type("\x03")
    assert shown.end() == 130
    assert time.monotonic() - begun < 10
    job = shop.job(job_id)
    assert (job.state, job.tries) == (State.WAITING, 0)


def test_a_window_that_changes_its_size(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    shop.put("Slow", '{"seconds": 20}')
    shown = terminal("queue:work", "--isolates", "1", columns=120, rows=40)
    shown.wait_for("mixing down")
    shown.resize(60, 24)
    shown.screen.reset()
    until = time.monotonic() + 10
    while shown.text.count("─ running ─") != 1 or "· 1 isolate" not in shown.text:
        assert time.monotonic() < until, shown.text
        shown.read()
    assert all(len(line) < 60 for line in shown.lines)


def test_keys_are_not_written_into_the_picture_and_the_terminal_is_given_back(
    shop: Scene, terminal: Callable[..., Terminal]
) -> None:
    shown = terminal("queue:work", "--isolates", "1", "--max-time", "3")
    shown.wait_for("waiting for jobs")
    shown.type("visible\n")
    shown.read(0.6)
    assert "visible" not in shown.text
    assert shown.end() == 0
    assert shown.raw.count(b"\x1b[?25l") == shown.raw.count(b"\x1b[?25h") == 1


def test_an_application_that_is_broken_leaves_one_error(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    shop.write("app/jobs/broken.py", "def x(:\n")
    shown = terminal("queue:work", "--isolates", "1")
    assert shown.end() == 3
    lines = [line for line in shown.lines if line]
    assert lines[0].startswith("error: the jobs module 'app.jobs.broken' cannot be imported: SyntaxError")
    assert "broken.py:1" in shown.text.replace("\n", "")
    assert "─" not in shown.text


def test_no_color_draws_without_colours(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    shop.put("Slow", '{"seconds": 0.5}')
    shown = terminal("queue:work", "--stop-when-empty", "--isolates", "1", NO_COLOR="1")
    assert shown.end() == 0
    assert "✔ Slow" in shown.text
    assert b"\x1b[2m" not in shown.raw
    assert b"\x1b[32m" not in shown.raw


def test_a_terminal_that_cannot_draw_gets_lines(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    shop.put("Noisy")
    for options, env in ((("--plain",), {}), ((), {"TERM": "dumb"})):
        shown = terminal("queue:work", "--stop-when-empty", "--isolates", "1", *options, columns=150, **env)
        assert shown.end() == 0
        assert "  ready     isolate" in shown.text
        assert b"\x1b[?25l" not in shown.raw


def test_a_log_that_nobody_reads_any_more_stops_the_worker(shop: Scene) -> None:
    job_id = shop.put("Slow", '{"seconds": 1}')
    command = f"{sys.executable} -m dartian_cli queue:work --isolates 1 | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=shop.root, env=clean(), capture_output=True, text=True, timeout=30
    )
    assert done.stdout.splitlines()[0][21:26] == "ready"
    assert done.stdout.splitlines()[1:] == ["0"], done.stderr
    assert done.stderr == ""
    job = shop.job(job_id)
    assert job.state is State.DONE or (job.state is State.WAITING and job.tries == job.crashes == 0)
