"""A folder for one measurement of one contender, and the processes that run in it; nothing of either is left."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.contender import Contender
from bench.experiment import NotMeasured
from bench.marks import VARIABLE, Mark, count_marks, read_marks

__all__ = ["Site", "processes_of"]

_PATIENCE = 600.0
_GRACE = 5.0


class Site:
    """Runs one contender's programs; ``variables`` say where it finds its server."""

    def __init__(self, contender: Contender, variables: dict[str, str]) -> None:
        if not contender.python.exists():
            raise NotMeasured(f"{contender.name} is not installed")
        self.contender = contender
        self.folder = Path(tempfile.mkdtemp(prefix="dartian-bench-"))
        self._marks = self.folder / "marks"
        self._workers: list[subprocess.Popen[bytes]] = []
        self._environment = {
            **contender.environment(),
            **variables,
            VARIABLE: str(self._marks),
            "BENCH_FOLDER": str(self.folder),
            "DARTIAN_ROOT": str(self.folder),
        }

    def __enter__(self) -> Self:
        try:
            self.contender.prepare(self.folder)
            if self.contender.setup is not None:
                self.run(*self.contender.program(self.contender.setup))
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.end_workers()
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *command: str) -> str:
        """Run a program to its end, and return what it printed; NotMeasured where it fails."""
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
        if ended.returncode:
            last = (ended.stderr.strip() or "it said nothing").splitlines()[-1]
            raise NotMeasured(f"{self.contender.name} failed: {last}")
        return ended.stdout

    def python(self, *arguments: str) -> str:
        """Run the contender's interpreter."""
        return self.run(str(self.contender.python), *arguments)

    def dispatch(self, operation: str, count: int) -> float:
        """Dispatch jobs as ``bench.drive`` does, and return the seconds that it took."""
        return float(self.python("-m", "bench.drive", self.contender.app, operation, str(count)))

    def start_workers(self, count: int) -> None:
        """Start workers, each in a session of its own."""
        with (self.folder / "output").open("ab") as output:
            for command in self.contender.workers(count):
                self._workers.append(
                    subprocess.Popen(
                        self.contender.program(command),
                        cwd=self.folder,
                        env=self._environment,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=output,
                        start_new_session=True,
                    )
                )

    def end_workers(self) -> None:
        """Ask the workers to end, and end what is left of them."""
        for worker in self._workers:
            with contextlib.suppress(ProcessLookupError):
                worker.terminate()
        until = time.monotonic() + _GRACE
        for worker in self._workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(max(0.0, until - time.monotonic()))
        self.kill_workers()

    def kill_workers(self) -> None:
        """End all processes of the workers at once, with a signal that none can catch."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for worker in self._workers:
            worker.wait()
        self._workers.clear()

    def processes(self) -> list[int]:
        """Return the processes of all workers."""
        return [pid for worker in self._workers for pid in processes_of(worker.pid)]

    def marks(self) -> list[Mark]:
        """Return what has run here."""
        return read_marks(self._marks)

    def wait_for_marks(self, count: int, patience: float = 30.0) -> list[Mark]:
        """Return the marks when there are so many; NotMeasured where no further one comes for ``patience`` seconds."""
        seen, until = 0, time.monotonic() + patience
        while (found := count_marks(self._marks)) < count:
            if found > seen:
                seen, until = found, time.monotonic() + patience
            if time.monotonic() > until:
                raise NotMeasured(f"{self.contender.name} ran {found} jobs of {count}")
            time.sleep(0.02)
        return self.marks()


def processes_of(leader: int) -> list[int]:
    """Return a process that leads a session, all below it, and what is left of either elsewhere in the session."""
    found = [leader]
    parents = dict(_parents())
    for known in found:
        found += [pid for pid, (parent, session) in parents.items() if known in (parent, session) and pid not in found]
    return [pid for pid in found if pid in parents]


def _parents() -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield for each process of this machine its parent and its session."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
                yield int(entry), (int(fields[1]), int(fields[3]))
