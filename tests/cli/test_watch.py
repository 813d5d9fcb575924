"""queue:status --watch on a real terminal, read from its screen."""

import os
import signal
import termios
import time
from collections.abc import Callable

import pytest

from tests.cli.typing_at import Terminal
from tests.scene import Scene


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
def test_the_whole_picture(columns: int, rows: int, shop: Scene, terminal: Callable[..., Terminal]) -> None:
    job_ids = [shop.put("Slow", '{"seconds": 4}') for _ in range(2)]
    shop.put("Slow", queue="later", delay=3600)
    shop.worker("--name", "mill", "--isolates", "2").ready()
    shown = terminal("queue:status", "--watch", "--every", "0.2", columns=columns, rows=rows)
    shown.wait_for("mixing down")
    for job_id in job_ids:
        (line,) = [line for line in shown.lines if line.startswith(job_id[:4])]
        assert line.split()[1:4] == ["Slow", "default", "1"]
        assert "━" in line
    assert shown.lines[0] == "isolate · storage/queue.sqlite3"
    assert shown.text.count("in all") == 1
    assert any(line.startswith("mill") for line in shown.lines)
    shown.wait_for("0.4/s")
    assert "mixing down" not in shown.text
    shown.type("q")
    assert shown.end() == 0
    assert shown.raw.endswith(b"\x1b[?7h\x1b[?2004l\x1b[?25h\x1b[?1049l")


def test_many_of_everything_leave_room_for_each_other(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    for number in range(30):
        shop.put("Slow", queue=f"queue-{number:02}")
    shown = terminal("queue:status", "--watch")
    text = shown.wait_for("No live worker. To run what waits: dartian queue:work")
    assert shown.lines[0] == "isolate · storage/queue.sqlite3"
    assert "and 27 more" in text
    assert "in all" in text
    shown.resize(100, 44)
    shown.wait_for("and 20 more")
    shown.type("\x03")
    assert shown.end() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_the_terminal_is_given_back(
    number: signal.Signals, code: int, shop: Scene, terminal: Callable[..., Terminal]
) -> None:
    shop.put("Slow")
    shown = terminal("queue:status", "--watch")
    shown.wait_for("default")
    modes = termios.tcgetattr(shown.descriptor)[3]
    assert not modes & (termios.ECHO | termios.ICANON)
    os.kill(shown.pid, number)
    assert shown.end() == code
    modes = termios.tcgetattr(shown.descriptor)[3]
    assert modes & termios.ECHO
    assert modes & termios.ICANON
    assert shown.raw.count(b"\x1b[?1049h") == shown.raw.count(b"\x1b[?1049l") == 1


def test_a_store_that_appears_is_seen(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    shown = terminal("queue:status", "--watch", "--every", "0.1")
    shown.wait_for("The store is made when the first one is dispatched.")
    shop.put("Slow")
    shown.wait_for("default")
    until = time.monotonic() + 10
    while "No jobs." in shown.text:
        assert time.monotonic() < until, shown.text
        shown.read()
    shown.type("q")
    assert shown.end() == 0
