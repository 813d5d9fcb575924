"""An application in a folder of its own, its store, and real workers as processes: the stage of the process tests."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

from dartian_queue.envelope import Envelope, new_id
from dartian_queue.isolates.processes import children
from dartian_queue.options import Limits
from dartian_queue.states import State
from dartian_queue.stores import open_store
from dartian_queue.stores.store import Store, StoredJob
from tests import canary

PATIENCE = 20.0
"""Seconds for anything that is expected to happen; ten times and more what it takes."""

JobEvent = dict[str, object]


class Scene:
    """An application with jobs, and the store in which they wait."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "app" / "jobs").mkdir(parents=True)
        (root / "app" / "__init__.py").touch()
        (root / "app" / "jobs" / "__init__.py").touch()
        self.write(".env", f"PAYMENTS_URL={canary.URL}\n").chmod(0o600)
        self.store_path = root / "storage" / "queue.sqlite3"
        self.ledger = root / "ledger"
        self._store: Store | None = None
        self.workers: list[WorkerProcess] = []

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
        return file

    def jobs(self, source: str, module: str = "made") -> None:
        """Write job classes; ``note(line)`` is there to append a line to the ledger."""
        head = f"""\
            import asyncio, os, signal, subprocess, sys, time
            from dartian_queue import Job, JobContext, progress, track

            def note(line: str) -> None:
                descriptor = os.open({str(self.ledger)!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
                os.write(descriptor, (line + "\\n").encode())
                os.close(descriptor)
            """
        self.write(f"app/jobs/{module}.py", dedent(head) + "\n" + dedent(source))

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = open_store(str(self.store_path))
        return self._store

    def put(
        self,
        name: str,
        payload: str | None = None,
        *,
        queue: str = "default",
        priority: int = 0,
        delay: float = 0.0,
        limits: Limits | None = None,
        **fields: object,
    ) -> str:
        """Store one job, and return its id."""
        job_id = new_id()
        text = json.dumps(fields) if payload is None else payload
        self.store.add(
            [Envelope(job_id, name, text, queue=queue, priority=priority, delay=delay, limits=limits or Limits())]
        )
        return job_id

    def worker(self, *options: str, env: dict[str, str] | None = None) -> "WorkerProcess":
        """Start ``dartian queue:work --json``."""
        return self.start("-m", "dartian_cli", "queue:work", "--json", *options, env=env)

    def start(self, *arguments: str, env: dict[str, str] | None = None) -> "WorkerProcess":
        """Start a Python program that is a worker and prints its events as JSON."""
        worker = WorkerProcess(self.root, arguments, env or {})
        self.workers.append(worker)
        return worker

    def work(self, *options: str, isolates: int = 1, env: dict[str, str] | None = None) -> list[JobEvent]:
        """Work until the store is empty, and return the events."""
        worker = self.worker("--stop-when-empty", "--isolates", str(isolates), *options, env=env)
        assert worker.end() == 0, worker.errors
        return worker.seen

    def job(self, job_id: str) -> StoredJob:
        (job,) = self.store.find(job_id)
        return job

    def wait_until(self, job_id: str, state: State, patience: float = PATIENCE) -> StoredJob:
        wait_for(lambda: self.job(job_id).state is state, patience, f"{job_id} to be {state}")
        return self.job(job_id)

    def notes(self) -> list[str]:
        return self.ledger.read_text().splitlines() if self.ledger.exists() else []

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
        if self._store is not None:
            self._store.close()
        for worker in self.workers:
            canary.refuse("".join((*worker.lines, worker.errors)), "a worker")


class WorkerProcess:
    """A worker as a process, and the events that it has told."""

    def __init__(self, root: Path, arguments: tuple[str, ...], env: dict[str, str]) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("QUEUE_", "DARTIAN_"))}
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=root,
            env={**clean, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.seen: list[JobEvent] = []
        self.lines: list[str] = []
        self.errors = ""
        self._arriving: queue.Queue[JobEvent | None] = queue.Queue()
        self._threads = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self._arriving.put(json.loads(line))
        self._arriving.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors = self.process.stderr.read()

    def events(self, patience: float = PATIENCE) -> Iterator[JobEvent]:
        """Yield events as they come, until the worker has ended."""
        until = time.monotonic() + patience
        while True:
            try:
                event = self._arriving.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no more events; seen: {self.seen[-10:]}\n{self.errors}") from None
            if event is None:
                self._arriving.put(None)
                return
            self.seen.append(event)
            yield event

    def wait(self, type: str, patience: float = PATIENCE, **facts: object) -> JobEvent:
        """Return the next event of this type with these facts."""
        for event in self.events(patience):
            if event["type"] == type and all(event.get(name) == value for name, value in facts.items()):
                return event
        raise AssertionError(f"the worker ended without {type} {facts}; seen: {self.seen[-10:]}\n{self.errors}")

    def ready(self) -> "WorkerProcess":
        self.wait("worker_ready")
        return self

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def send_to(self, pid: int, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to one of its processes."""
        assert pid in self.descendants()
        os.kill(pid, number)

    def end(self, patience: float = PATIENCE) -> int:
        """Wait for its end, and return the exit code."""
        for _event in self.events(patience):
            pass
        code = self.process.wait(patience)
        for thread in self._threads:
            thread.join(patience)
        return code

    def descendants(self) -> list[int]:
        found = [self.pid]
        for pid in found:
            found.extend(children(pid))
        return found[1:]

    def isolates(self) -> list[int]:
        return children(self.zygote())

    def zygote(self) -> int:
        (zygote,) = children(self.pid)
        return zygote

    def kill(self) -> None:
        """Kill the worker alone; what a test has frozen below it is let go on, so that it can see that and end."""
        below = self.descendants()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(PATIENCE)
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        for thread in self._threads:
            thread.join(PATIENCE)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def wait_for(condition: Callable[[], bool], patience: float = PATIENCE, what: str = "the condition") -> None:
    until = time.monotonic() + patience
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"waited {patience:g} s for {what}")
        time.sleep(0.01)
