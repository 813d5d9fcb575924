"""An example of a web application, copied into a folder of its own, and its real servers and workers as processes."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from dartian_queue.isolates.processes import children
from dartian_queue.states import State
from dartian_queue.stores import open_store
from dartian_queue.stores.store import Store, StoredJob
from tests import canary
from tests.examples.commands import BIN, run
from tests.scene import PATIENCE, is_alive, wait_for

__all__ = ["Site"]

EXAMPLES = Path(__file__).parents[2] / "examples"


class Site:
    """A copy of one example, what it runs, and what it answers."""

    def __init__(self, example: str, root: Path) -> None:
        self.root = root / example
        shutil.copytree(EXAMPLES / example, self.root, ignore=shutil.ignore_patterns("__pycache__", "storage", ".*"))
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._output = self.root.with_suffix(".log")
        self._processes: list[subprocess.Popen[bytes]] = []
        self._store: Store | None = None

    @property
    def output(self) -> str:
        """What the processes have printed, and their companions."""
        return self._output.read_text()

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = open_store(str(self.root / "storage" / "queue.sqlite3"))
        return self._store

    def add_source(self, path: str, source: str) -> None:
        """Edit a file, as somebody does while its server runs."""
        with (self.root / path).open("a") as file:
            file.write(f"\n{source}")

    def procfile(self, name: str) -> str:
        """Return the command that the example's Procfile has under this name."""
        lines = dict(line.split(": ", 1) for line in (self.root / "Procfile").read_text().splitlines())
        return lines[name]

    def start(self, command: str, **env: str) -> subprocess.Popen[bytes]:
        """Start a line of a shell, as a process manager does."""
        with self._output.open("ab") as output:
            process = subprocess.Popen(
                ["sh", "-c", command],
                cwd=self.root,
                env=self._env(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def run(self, command: str, **env: str) -> str:
        """Run a line of a shell to its end, and return what it has printed."""
        done = run(["sh", "-c", command], self.root, **self._env(env))
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, command: str, **env: str) -> subprocess.Popen[bytes]:
        """Start a server, and wait until it accepts connections."""
        process = self.start(command, **env)
        wait_for(lambda: self._accepts() or process.poll() is not None, what="the server")
        assert process.poll() is None, self.output
        return process

    def get(self, path: str) -> object:
        with urlopen(f"{self.url}{path}", timeout=PATIENCE) as answer:
            return _content(answer.read())

    def answers(self, path: str) -> bool:
        """Whether there is a page here; a server that starts anew answers nothing for a while."""
        with contextlib.suppress(OSError):
            self.get(path)
            return True
        return False

    def post(self, path: str, **fields: object) -> tuple[int, object]:
        """Post JSON, and return status and content, whatever the status."""
        return self._send(path, json.dumps(fields).encode(), "application/json")

    def submit(self, path: str, **fields: str) -> tuple[int, object]:
        """Post a form, and return status and content of the page to which that leads."""
        return self._send(path, urlencode(fields).encode(), "application/x-www-form-urlencoded")

    def _send(self, path: str, content: bytes, kind: str) -> tuple[int, object]:
        request = Request(f"{self.url}{path}", content, {"Content-Type": kind})
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, _content(answer.read())
        except HTTPError as error:
            return error.code, _content(error.read())

    def jobs(self, state: State | None = None) -> list[StoredJob]:
        return [job for job in self.store.jobs(limit=1000) if state in (None, job.state)]

    def wait_until_done(self, count: int) -> None:
        wait_for(
            lambda: len(self.jobs(State.DONE)) == count,
            what=f"{count} jobs to be done; there are {self.jobs()}\n{self.output}",
        )

    def companions(self) -> list[int]:
        """Return the companions that were announced."""
        return [int(pid) for pid in re.findall(r"dartian: no worker is live, .* \(pid (\d+)\)", self.output)]

    def family(self, process: subprocess.Popen[bytes]) -> list[int]:
        """Return the process, all that it has started, and what that has started."""
        found = [process.pid]
        for pid in found:
            found.extend(children(pid))
        return found

    def close(self) -> None:
        """Kill all that runs here, and see it gone."""
        family = [pid for process in self._processes for pid in self.family(process)]
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        wait_for(lambda: not any(map(is_alive, family)), what=f"all of {family} to end")
        if self._store is not None:
            self._store.close()
        if self._output.exists():
            canary.refuse(self.output, "a web application, or its worker")

    def _env(self, more: dict[str, str]) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("QUEUE_", "DARTIAN_"))}
        port = self.url.rpartition(":")[2]
        return {**clean, "PATH": f"{BIN}:{os.environ['PATH']}", "PORT": port, "PYTHONUNBUFFERED": "1", **more}

    def _accepts(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2]))):
            return True
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _content(data: bytes) -> object:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode()
