"""What tests of every room may ask for."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scene import Scene

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs the tests in the background ignores it


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """An application in a folder of its own; its workers are killed afterwards."""
    made = Scene(tmp_path / "application")
    yield made
    made.close()
