"""What the tests of all web applications need."""

from collections.abc import Iterator

import pytest

from tests.examples.gate import Gate


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A server for the jobs to talk to, shut at first."""
    made = Gate()
    yield made
    made.close()
