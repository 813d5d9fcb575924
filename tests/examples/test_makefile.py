"""The Makefile lists what it can do, and runs what it promises; nothing here installs anything."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def test_make_alone_lists_every_target_in_one_line_each() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    ended = make()
    listed = re.findall(r"^  make (\w+) +\S.*$", ended.stdout, re.MULTILINE)
    assert sorted(listed) == sorted(phony[1].split())
    assert len(listed) == len(ended.stdout.splitlines())
    assert max(map(len, ended.stdout.splitlines())) <= 100


def test_make_test_runs_every_check_and_the_tests_last() -> None:
    lines = make("-n", "test").stdout.splitlines()[-5:]
    assert [line.removeprefix(".venv/bin/") for line in lines] == [
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "pyright",
        "pytest --numprocesses 3 --dist worksteal",
    ]


def test_ci_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "exec make test"


def test_no_file_of_the_build_names_an_address() -> None:
    for name in ("Makefile", ".ci/run", "pyproject.toml"):
        assert "://" not in (ROOT / name).read_text()


@pytest.mark.parametrize("python", ["no-such-python", "false"])
def test_a_python_that_will_not_do_is_refused_with_what_to_type(python: str, tmp_path: Path) -> None:
    ended = make(f"PYTHON={python}", f"VENV={tmp_path}/venv", f"{tmp_path}/venv/python-")
    assert ended.returncode == 2
    assert f"Dartian needs Python 3.11 or later, and {python} is not. Try: make PYTHON=python3.13" in ended.stderr
    assert not (tmp_path / "venv").exists()
