"""Who is measured: how its jobs are dispatched and how its workers are started. Measures nothing itself."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ROOT", "Command", "Contender"]

ROOT = Path(__file__).parents[1]

Command = list[str]


@dataclass(frozen=True)
class Contender:
    """A queue, in one version and one configuration."""

    name: str
    python: Path
    """The interpreter that can import it."""
    app: str
    """The file in ``bench.apps`` that holds its job and dispatches it."""
    workers: Callable[[int], list[Command]]
    """The commands that start so many workers, without the folder of the programs."""
    fill: str = "single"
    """The operation of ``bench.drive`` that is used where it does not matter how jobs get there."""
    server: str = ""
    """The server that it needs: ``redis``, ``postgres``, or none."""
    sources: tuple[Path, ...] = (ROOT,)
    """Where its interpreter looks for modules first."""
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    prepare: Callable[[Path], None] = lambda _folder: None
    """Writes what it needs into a new folder."""
    setup: Command | None = None
    """What is to be run once in a new folder."""

    def program(self, command: Command) -> Command:
        """Return a command with the path of its program: one of the interpreter's own."""
        return [str(self.python.parent / command[0]), *command[1:]]

    def environment(self) -> dict[str, str]:
        """Return the variables of its processes."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("QUEUE_", "DARTIAN_"))}
        path = os.pathsep.join(map(str, self.sources))
        return {**clean, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore", "BENCH_VARIANT": "", **self.variables}
