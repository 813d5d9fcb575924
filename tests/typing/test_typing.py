"""Type checkers see of a job what users rely on: its constructor, its options, and every mistake in either."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def revealed_types(checker: str) -> list[str]:
    """Return what ``right.py`` says, above each reveal_type, that this checker shall reveal."""
    return re.findall(rf"^# seen by {checker}: (.*)$", (HERE / "right.py").read_text(), re.MULTILINE)


def wrong_lines() -> set[int]:
    """Return the numbers of the lines that ``wrong.py`` marks as errors."""
    lines = (HERE / "wrong.py").read_text().splitlines()
    return {number for number, line in enumerate(lines, start=1) if line.endswith("  # E")}


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files in a folder without configuration: what is asserted must not depend on the project's own."""
    folder = tmp_path_factory.mktemp("typing")
    for name in ("right.py", "wrong.py"):
        shutil.copy(HERE / name, folder)
    return folder


def run(*command: str, folder: Path) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


@pytest.fixture(scope="module")
def mypy(copies: Path) -> dict[str, list[tuple[int, str, str]]]:
    text = run(sys.executable, "-m", "mypy", "--strict", "--output=json", "right.py", "wrong.py", folder=copies)
    found: dict[str, list[tuple[int, str, str]]] = {"right.py": [], "wrong.py": []}
    for line in text.splitlines():
        note = json.loads(line)
        found[Path(note["file"]).name].append((note["line"], note["severity"], note["message"]))
    return found


@pytest.fixture(scope="module")
def pyright(copies: Path) -> dict[str, list[tuple[int, str, str]]]:
    (copies / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    command = (sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson")
    text = run(*command, folder=copies)
    found: dict[str, list[tuple[int, str, str]]] = {"right.py": [], "wrong.py": []}
    for note in json.loads(text)["generalDiagnostics"]:
        line = note["range"]["start"]["line"] + 1
        found[Path(note["file"]).name].append((line, note["severity"], note["message"]))
    return found


def check_right(checker: str, notes: list[tuple[int, str, str]]) -> None:
    assert [note for note in notes if note[1] == "error"] == []
    revealed = [text for _, _, text in notes if "Revealed type" in text or text.startswith("Type of")]
    expected = revealed_types(checker)
    assert len(expected) == len(revealed) > 0
    for text, found in zip(expected, revealed, strict=True):
        assert text in found


def check_wrong(notes: list[tuple[int, str, str]]) -> None:
    assert {line for line, severity, _ in notes if severity == "error"} == wrong_lines() != set()


def test_mypy_accepts_what_is_right(mypy: dict[str, list[tuple[int, str, str]]]) -> None:
    check_right("mypy", mypy["right.py"])


def test_mypy_refuses_what_is_wrong(mypy: dict[str, list[tuple[int, str, str]]]) -> None:
    check_wrong(mypy["wrong.py"])


def test_pyright_accepts_what_is_right(pyright: dict[str, list[tuple[int, str, str]]]) -> None:
    check_right("pyright", pyright["right.py"])


def test_pyright_refuses_what_is_wrong(pyright: dict[str, list[tuple[int, str, str]]]) -> None:
    check_wrong(pyright["wrong.py"])
