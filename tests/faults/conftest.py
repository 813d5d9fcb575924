"""How often each experiment runs: once in ``make test``, twenty times in ``make faults``, which tells the counts."""

import platform
import re
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.instruments import FULL

RUNS = 20
PAGE = Path(__file__).parent.parent.parent / "docs" / "faults.md"


def pytest_configure(config: pytest.Config) -> None:
    """Tell what the markers of this folder mean."""
    config.addinivalue_line("markers", "repeated: depends on chance, so make faults runs it twenty times")
    config.addinivalue_line("markers", "long: has its rounds within itself, and is run once")
    if FULL:
        config.pluginmanager.register(_Tally(), "dartian-faults-tally")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what depends on chance twenty times."""
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    if FULL and "repeated" in marks and "long" not in marks:
        metafunc.fixturenames.append("run_number")
        metafunc.parametrize("run_number", range(RUNS), indirect=True)


@pytest.fixture
def run_number(request: pytest.FixtureRequest) -> int:
    """Return which of the runs this is."""
    number: int = request.param
    return number


def _experiments() -> dict[str, str]:
    """Return the experiment of each test that docs/faults.md names in its tables."""
    rows = re.findall(r"^\| ([A-I]\d\S*)(.*)$", PAGE.read_text(), re.MULTILINE)
    return {test: letter.rstrip(",") for letter, rest in rows for test in re.findall(r"`(test_\w+)`", rest)}


class _Tally:
    """Counts the rounds of each experiment, also those that a test has within itself, and tells them at the end."""

    def __init__(self) -> None:
        self._experiments = _experiments()
        self._runs: Counter[tuple[str, str]] = Counter()
        self._failed: Counter[tuple[str, str]] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.rpartition("::")[2].partition("[")[0]
        key = (self._experiments.get(name, "beyond the list"), name)
        if report.when == "call" and not report.skipped:
            self._runs[key] += dict(report.user_properties).get("rounds", 1)
        if report.failed:
            self._failed[key] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        tell = terminalreporter.write_line
        tell("")
        tell(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.system()}")
        tell("| experiment | test | rounds | failed |")
        tell("|---|---|---|---|")
        for (experiment, name), runs in sorted(self._runs.items()):
            tell(f"| {experiment} | `{name}` | {runs} | {self._failed[experiment, name]} |")
