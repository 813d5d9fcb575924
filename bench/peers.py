"""The other queues: what each needs to be installed, and how each is run at its best settings for these measurements.

Each has a virtual environment of its own, since what they require of one another's libraries cannot be had at once.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import TypeAlias

from bench.contender import Command, Contender

__all__ = ["PACKAGES", "Peers", "Workers", "install"]

Workers: TypeAlias = Callable[[int], list[Command]]

PACKAGES = {
    "arq": ["arq"],
    "dramatiq": ["dramatiq[redis]"],
    "huey": ["huey", "redis"],
    "procrastinate": ["procrastinate", "psycopg[binary]"],
    "saq": ["saq[redis,hiredis]", "typing-extensions"],
    "streaq": ["streaq"],
    "taskiq": ["taskiq", "taskiq-redis"],
}
_DONE = "installed"
_TITLES = {"redis": "Redis", "sqlite": "SQLite"}


def install(folder: Path) -> list[str]:
    """Make the virtual environments that are missing; return what could not be installed, each with the reason."""
    failed: list[str] = []
    for name, packages in PACKAGES.items():
        place = folder / name
        wanted = f"{sys.version}\n{packages}\n"
        if (place / _DONE).is_file() and (place / _DONE).read_text() == wanted:
            continue
        print(f"Installing {name}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", place], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install", "--quiet", *packages]
        ended = subprocess.run(pip, capture_output=True, text=True, check=False)
        if ended.returncode:
            failed.append(f"{name}: {ended.stderr.strip().splitlines()[-1]}")
            shutil.rmtree(place)
        else:
            (place / _DONE).write_text(wanted)
    return failed


class Peers:
    """The peers that are installed below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def versions(self) -> dict[str, str]:
        """Return the versions of the peers that are there."""
        found: dict[str, str] = {}
        for name in PACKAGES:
            places = [str(place) for place in self._folder.glob(f"{name}/lib/*/site-packages")]
            found |= {one.name: one.version for one in distributions(path=places) if one.name == name}
        return found

    def huey(self, store: str) -> Contender:
        """Return Huey on ``redis`` or ``sqlite``; a worker is a process, or ten threads where there is one."""

        def workers(count: int) -> list[Command]:
            many = ["-k", "thread", "-w", "10"] if count == 1 else ["-k", "process", "-w", str(count)]
            return [["huey_consumer", "bench.apps.huey.huey", *many, "-q"]]

        server = "redis" if store == "redis" else ""
        return self._peer("huey", f"Huey ({_TITLES[store]})", workers, variant=store, server=server)

    def saq(self) -> Contender:
        """Return SAQ on Redis."""
        return self._peer(
            "saq", "SAQ", lambda count: [["saq", "bench.apps.saq.settings", "--workers", str(count), "--quiet"]]
        )

    def taskiq(self, kind: str) -> Contender:
        """Return Taskiq over a ``stream`` or a ``list`` of Redis, ten jobs at a time in each process."""

        def workers(count: int) -> list[Command]:
            options = ["--workers", str(count), "--max-async-tasks", "10", "--log-level", "ERROR"]
            return [["taskiq", "worker", "bench.apps.taskiq:queue", *options]]

        return self._peer("taskiq", f"Taskiq ({kind})", workers, variant=kind, fill="tasks")

    def procrastinate(self) -> Contender:
        """Return Procrastinate on PostgreSQL."""
        application = ["procrastinate", "--app=bench.apps.procrastinate.app"]
        return self._peer(
            "procrastinate",
            "Procrastinate",
            lambda count: [[*application, "worker", "--concurrency", "10"]] * count,
            server="postgres",
            setup=[*application, "schema", "--apply"],
        )

    def arq(self) -> Contender:
        """Return arq on Redis."""
        return self._peer("arq", "arq", lambda count: [["arq", "bench.apps.arq.WorkerSettings"]] * count)

    def dramatiq(self) -> Contender:
        """Return Dramatiq on Redis."""
        return self._peer(
            "dramatiq", "Dramatiq", lambda count: [["dramatiq", "bench.apps.dramatiq", "-p", str(count), "-t", "10"]]
        )

    def streaq(self) -> Contender:
        """Return streaq on Redis."""
        return self._peer("streaq", "streaq", lambda count: [["streaq", "run", "bench.apps.streaq:worker"]] * count)

    def _peer(
        self,
        package: str,
        name: str,
        workers: Workers,
        *,
        variant: str = "",
        server: str = "redis",
        fill: str = "single",
        setup: Command | None = None,
    ) -> Contender:
        return Contender(
            name=name,
            python=self._folder / package / "bin" / "python",
            app=package,
            workers=workers,
            fill=fill,
            server=server,
            variables={"BENCH_VARIANT": variant},
            setup=setup,
        )


def main(arguments: Sequence[str]) -> None:
    """Install all peers below a folder; one that cannot be had is said, and is a missing row later."""
    for reason in install(Path(arguments[0])):
        print(f"Not installed: {reason}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
