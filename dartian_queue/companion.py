"""The private worker of a process that has dispatched jobs where no other worker is live.

It is ``python -m dartian_queue``, known here only as a command. A pipe ties it to its owner: when the owner dies, the
pipe ends, and the companion puts back what has not run. It is never inherited by a forked child.
"""

import contextlib
import os
import subprocess
import sys
import time
from threading import Lock
from typing import cast

import msgspec

from dartian_queue.config import handover
from dartian_queue.envelope import new_id
from dartian_queue.errors import DartianError
from dartian_queue.remarks import remark
from dartian_queue.settings import Connection, Settings
from dartian_queue.stores.store import Store

__all__ = ["Companion", "Drain", "Orders", "companion_of", "end_companions", "forget_companions"]

SOON = 5.0
"""A companion that ends within so many seconds of its start is not started again at once."""
LONGEST_BACKOFF = 60.0
MARGIN = 5.0
"""Seconds beyond drain_timeout in which a companion must have ended."""


class Orders(msgspec.Struct, frozen=True):
    """The first line on a companion's standard input."""

    handover: str
    connection: str
    owner: int
    origin: str


class Drain(msgspec.Struct, frozen=True):
    """A later line: finish the due jobs of your owner within so many seconds, then end."""

    drain: float


class Companion:
    """One store's companion, as its owner sees it."""

    def __init__(self, settings: Settings, connection: Connection, store: Store) -> None:
        self.origin = new_id()
        """The owner's name on the jobs that it dispatched."""
        self._settings = settings
        self._connection = connection
        self._store = store
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._failures = 0
        self._again_at = 0.0
        self._announced = False
        self._starting = Lock()

    @property
    def lives(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start its process unless it runs, or has just ended by itself; what is wrong with it, it prints."""
        with self._starting:
            if not self.lives and time.monotonic() >= self._back_off():
                self._start()

    def _start(self) -> None:
        """Start it; the jobs are stored already, so whatever fails here is told and not raised."""
        self._started_at = time.monotonic()
        try:
            orders = Orders(handover(self._settings, self.origin), self._connection.name, os.getpid(), self.origin)
            self._process = _spawn()
        except (OSError, TypeError, ValueError) as error:
            self._again_at = self._started_at + LONGEST_BACKOFF
            remark(f"no worker could be started ({error}); the jobs stay stored: `dartian queue:work` runs them")
            return
        self._tell(orders)
        if not self._announced:
            self._announced = True
            remark(
                f"no worker is live, so this process has started one of its own (pid {self._process.pid}); "
                f"QUEUE_COMPANION=0 turns that off"
            )

    def end(self) -> None:
        """Let it finish what its owner has dispatched and is due, unless Ctrl-C ended the owner; then let it go."""
        try:
            due = self._store.due_of(self.origin) if self._announced and not _interrupted() else 0
            if due:
                self._drain(due)
        except KeyboardInterrupt:
            remark("the rest is left for `dartian queue:work`")
        except DartianError as error:
            remark(f"jobs may be left for `dartian queue:work`: {error}")
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Close the pipe: it puts back what has not run, and ends."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.returncode = process.returncode or 0  # so that Popen says nothing of a child that is still there

    def _drain(self, due: int) -> None:
        if not self.lives:
            remark(f"its worker has ended; {_jobs(due)} not run and stored: `dartian queue:work` runs them")
            return
        timeout = cast("float", self._connection.drain_timeout)
        remark(f"finishing {_jobs(due)}; Ctrl-C leaves {'it' if due == 1 else 'them'} for `dartian queue:work`")
        self._tell(Drain(timeout))
        process = self._process
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout + MARGIN)
        left = self._store.due_of(self.origin)
        if left:
            remark(f"{_jobs(left)} not finished within {timeout:g} s and stored: `dartian queue:work` runs them")

    def _tell(self, message: Orders | Drain) -> None:
        stdin = None if self._process is None else self._process.stdin
        if stdin is not None:
            with contextlib.suppress(OSError):  # it has ended, which the next look at it shows
                stdin.write(msgspec.json.encode(message) + b"\n")

    def _back_off(self) -> float:
        """Return the moment before which it is not started again."""
        if self._process is not None:  # it has ended, and this is the first look at it
            self._process = None
            now = time.monotonic()
            self._failures = self._failures + 1 if now - self._started_at < SOON else 0
            self._again_at = now + min(LONGEST_BACKOFF, 2.0**self._failures) if self._failures else now
        return self._again_at


_companions: dict[str, Companion] = {}


def companion_of(settings: Settings, connection: Connection, store: Store) -> Companion:
    """Return this process's companion for a store, which is started when it is needed."""
    return _companions.setdefault(store.url, Companion(settings, connection, store))


def end_companions() -> None:
    """Let all companions finish what is due, and go."""
    while _companions:
        _, companion = _companions.popitem()
        companion.end()


def forget_companions() -> None:
    """Let go of the companions of the process that this one was forked from; they notice nothing."""
    for companion in _companions.values():
        companion.let_go()
    _companions.clear()


def _spawn() -> subprocess.Popen[bytes]:
    """Start the process out of the terminal's reach, with its output where this process's errors go."""
    return subprocess.Popen(
        [_python(), "-P", "-m", "dartian_queue"],
        stdin=subprocess.PIPE,
        stdout=_error_output(),
        stderr=_error_output(),
        bufsize=0,
        start_new_session=True,
        env=_environment(),
    )


def _python() -> str:
    """Return the interpreter; where Python is embedded in another program, sys.executable is that program."""
    if "py" in os.path.basename(sys.executable or ""):
        return sys.executable
    return os.path.join(sys.prefix, "bin", "python3")


def _error_output() -> int:
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2


def _environment() -> dict[str, str]:
    """Return the environment, in which Dartian can be imported also where it is not installed but lies on a path."""
    environment = dict(os.environ)
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if os.path.basename(folder) not in ("site-packages", "dist-packages"):
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (environment.get("PYTHONPATH"), folder)))
    return environment


def _interrupted() -> bool:
    """Return whether this process ends for a Ctrl-C; at a prompt, one only ended a statement."""
    last = getattr(sys, "last_type", None)
    return isinstance(last, type) and issubclass(last, KeyboardInterrupt) and not hasattr(sys, "ps1")


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
