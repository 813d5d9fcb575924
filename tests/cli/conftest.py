"""What the tests of the command line share."""

from collections.abc import Callable, Iterator

import pytest

from tests.cli.typing_at import Terminal
from tests.scene import Scene

JOBS = """
class Greet(Job, queue="mail", tries=3, tags=["to:{name}"]):
    '''Say hello to somebody.'''

    name: str
    times: int = 1
    note_: str | None = None

    def handle(self) -> None:
        print("hello", self.name, self.times, self.note_)


class Break(Job):
    async def handle(self) -> None:
        def deeper() -> None:
            raise ValueError("bad row 17")

        deeper()


class Slow(Job):
    seconds: float = 1.0

    def handle(self) -> None:
        steps = 20
        for step in range(steps):
            progress(step, steps, "mixing down")
            time.sleep(self.seconds / steps)


class Noisy(Job):
    lines: int = 3

    def handle(self) -> None:
        for number in range(self.lines):
            print(f"\\x1b[31mline\\x1b[0m {number} \\x1b]0;title\\x07 [bold]播客🎧")
"""


@pytest.fixture
def shop(scene: Scene) -> Scene:
    """An application with a few jobs."""
    scene.jobs(JOBS, "few")
    return scene


@pytest.fixture
def terminal(shop: Scene) -> Iterator[Callable[..., Terminal]]:
    """Open terminals in the application's folder; they are closed afterwards."""
    opened: list[Terminal] = []

    def open_terminal(*arguments: str, **options: object) -> Terminal:
        made = Terminal(shop.root, *arguments, **options)  # type: ignore[arg-type]
        opened.append(made)
        return made

    yield open_terminal
    for one in opened:
        one.close()
