"""What tests of every room may ask for."""

import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests import canary
from tests.scene import Scene

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs the tests in the background ignores it

canary.sing()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test during which the password of the environment was printed or logged."""
    report = yield
    if report.passed:
        try:
            canary.refuse("\n".join(text for _, text in report.sections), report.nodeid)
        except AssertionError as shown:
            report.outcome, report.longrepr = "failed", str(shown)
    return report


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """An application in a folder of its own; its workers are killed afterwards."""
    made = Scene(tmp_path / "application")
    yield made
    made.close()
