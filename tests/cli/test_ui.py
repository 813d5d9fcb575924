"""Printing: escapes, widths, colours."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dartian_cli import ui


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("plain", "plain"),
        ("播客 🎧", "播客 🎧"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u202eevil", "\\u202eevil"),
        ("\udc80", "\\udc80"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("[bold]markup[/]", "[bold]markup[/]"),
    ],
)
def test_data_is_escaped(data: str, shown: str) -> None:
    assert ui.escaped(data) == shown


@given(st.text())
def test_nothing_that_a_terminal_obeys_gets_through(text: str) -> None:
    assert all(letter.isprintable() or letter == "\u200d" for letter in ui.escaped(text))


@given(st.text(st.characters(exclude_categories=["C"])), st.integers(0, 40))
def test_what_is_cut_fits(text: str, size: int) -> None:
    cut = ui.cut(text, size)
    assert ui.cells(cut) <= size
    assert cut == text or cut.endswith("…") or size == 0


def test_wide_characters_count_twice() -> None:
    assert ui.cells("播客") == 4
    assert ui.cut("播客播客", 5) == "播客…"


def test_a_table_is_aligned_in_cells(capsys: pytest.CaptureFixture[str]) -> None:
    ui.table(("name", "n"), [("播客", "7"), ("x\x1b[2J", "1,204")], right=(1,))
    assert capsys.readouterr().out == "name          n\n播客          7\nx\\x1b[2J  1,204\n"


def test_a_narrow_terminal_cuts_the_columns_that_may_be_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui, "width", lambda: 40)
    ui.table(("id", "error", "where"), [("7f2e", "E" * 50, "W" * 20)], gives=(1, 2))
    line = capsys.readouterr().out.splitlines()[1]
    assert len(line) == 40
    assert line.startswith("7f2e  EEEE")
    assert "…" in line


@pytest.mark.parametrize(
    ("columns", "shown"),
    [(None, "app/jobs/process_podcast.py:41"), (30, "…jobs/process_podcast.py:41"), (22, "…cess_podcast.py:41")],
)
def test_a_row_that_continues_another_is_cut_at_its_front(
    columns: int | None, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui, "width", lambda: columns)
    ui.table(("a", "b", "c"), [("7", "x", "y"), ("", ("app/jobs/process_podcast.py:41", "cyan"))], gives=(2,))
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["a  b  c", "7  x  y", f"   {shown}"]


def test_the_front_is_cut_in_cells() -> None:
    assert ui.cut_front("播客播客", 5) == "…播客"
    assert ui.cut_front("播客播客", 4) == "…客"
    assert ui.cut_front("播客", 0) == ""


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("env", "stream", "coloured"),
    [
        ({"TERM": "xterm"}, Tty(), True),
        ({"TERM": "dumb"}, Tty(), False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, Tty(), False),
        ({"TERM": "xterm", "NO_COLOR": ""}, Tty(), True),
        ({"TERM": "xterm"}, io.StringIO(), False),
        ({"TERM": "xterm", "FORCE_COLOR": "1"}, io.StringIO(), True),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    env: dict[str, str], stream: io.StringIO, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert ui.coloured(stream) is coloured


def test_an_error_is_escaped_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    ui.complain("what\x1b\nwhy\nhow")
    assert capsys.readouterr().err == "error: what\\x1b\n  why\n  how\n"


def test_a_stream_that_lacks_a_character_gets_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    ui.prepare()
    ui.say("✔ done")
    sys.stdout.flush()
    assert raw.getvalue() == b"\\u2714 done\n"


def test_a_diff_is_escaped_and_coloured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    ui.diff("--- a\n+++ b\n@@ -1 +1 @@\n-old\x1b[2J\n+new\n")
    out = capsys.readouterr().out
    assert "\x1b[31m-old\\x1b[2J\x1b[0m\n" in out
    assert "\x1b[32m+new\x1b[0m\n" in out
