"""The pytest plugin: two fixtures, and a safeguard, so that no test writes to the application's real store.

While pytest runs, what would be stored is recorded by a fake queue instead, which each test begins anew; jobs on the
driver ``sync`` run as they always do. ``dartian_queue = "real"`` in pytest's configuration turns the safeguard off.
Of a failure only the frames of the test and of the job are shown.
The plugin is imported wherever Dartian is installed, so it imports nothing before a job is dispatched.
"""

import os
from collections.abc import Generator
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import TYPE_CHECKING

import pytest

from dartian_queue.substitute import substitute

if TYPE_CHECKING:
    from dartian_queue.drivers.driver import Driver
    from dartian_queue.settings import Connection
    from dartian_queue.testing import FakeQueue, RealQueue

__all__ = [
    "pytest_addoption",
    "pytest_configure",
    "pytest_runtest_makereport",
    "pytest_runtest_teardown",
    "pytest_unconfigure",
    "queue",
    "real_queue",
]

_OUR_CHECKOUT = os.path.dirname(os.path.dirname(__file__))
_OUR_FOLDER = os.path.dirname(__file__) + os.sep
_EVENT_LOOP = os.path.join(os.path.dirname(os.__file__), "asyncio", "")


class _Safeguard:
    """Takes what would be stored, into one fake queue a test."""

    def __init__(self) -> None:
        self._fake: FakeQueue | None = None

    def __call__(self, connection: "Connection") -> "Driver | None":
        return None if connection.driver == "sync" else self.fake(connection)

    def fake(self, connection: "Connection") -> "Driver":
        if self._fake is None:
            from dartian_queue.testing import FakeQueue

            self._fake = FakeQueue()
        return self._fake(connection)

    def begin_anew(self) -> None:
        self._fake = None


_safeguard = _Safeguard()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting that turns the safeguard off."""
    parser.addini("dartian_queue", "where tests dispatch to: fake (the default) or real", default="fake")


def pytest_configure(config: pytest.Config) -> None:
    """Set the safeguard up for the whole run, so that collection and session fixtures are covered."""
    chosen = config.getini("dartian_queue")
    if chosen not in ("fake", "real"):
        raise pytest.UsageError(f"dartian_queue takes fake or real, not {chosen!r}")
    if chosen == "fake":
        substitute(_safeguard)


def pytest_unconfigure() -> None:
    """Take the safeguard away."""
    substitute(None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Leave out of a failure what lies between the test and the job that it ran, as job:run does.

    All of it is there with pytest's ``--full-trace``, and where Dartian itself is under test.
    """
    if call.excinfo is None or item.config.getoption("fulltrace") or str(item.config.rootpath) == _OUR_CHECKOUT:
        return
    if any(frame.f_code.co_filename.startswith(_OUR_FOLDER) for frame, _ in walk_tb(call.excinfo.tb)):
        _leave_out(call.excinfo.tb, (_OUR_FOLDER, _EVENT_LOOP))


def _leave_out(trace: TracebackType | None, folders: tuple[str, ...]) -> None:
    """Take the frames of code in these folders out of a traceback, where they are not its first."""
    while trace is not None:
        while (below := trace.tb_next) is not None and below.tb_frame.f_code.co_filename.startswith(folders):
            trace.tb_next = below.tb_next
        trace = trace.tb_next


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Let the next test begin with an empty queue."""
    _safeguard.begin_anew()


@pytest.fixture
def queue() -> "Generator[FakeQueue]":
    """Record what is dispatched, whatever the driver; see dartian_queue.testing.FakeQueue."""
    from dartian_queue.testing import fake_queue

    with fake_queue() as fake:
        yield fake


@pytest.fixture
def real_queue(tmp_path: Path) -> "Generator[RealQueue]":
    """Dispatch into a store of this test's own; see dartian_queue.testing.RealQueue."""
    from dartian_queue import testing

    with testing.real_queue(tmp_path) as real:
        yield real
