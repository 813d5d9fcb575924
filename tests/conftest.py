"""What tests of every room may ask for."""

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests import canary
from tests.scene import Scene

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs the tests in the background ignores both
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

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


@pytest.fixture(scope="session", autouse=True)
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let every mypy that a test starts find what an earlier one learned of the standard library."""
    os.environ["MYPY_CACHE_DIR"] = str(tmp_path_factory.getbasetemp() / "mypy")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """An application in a folder of its own; its workers are killed afterwards."""
    made = Scene(tmp_path / "application")
    yield made
    made.close()
