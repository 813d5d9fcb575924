"""Where a server answers: one that is there, else one of our own, on a free port, whose files go when it ends."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.experiment import NotMeasured

__all__ = ["PrivateServer", "free_port", "server_address"]

_PATIENCE = 20.0


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def server_address(
    title: str, variable: str, usual: str, answers: Callable[[str], bool], start: Callable[[], str]
) -> str:
    """Return where a server answers: as the variable says it, else on its usual port, else one that is started."""
    named = os.environ.get(variable)
    for address in (named, usual):
        if address and answers(address):
            return address
    if named:
        raise NotMeasured(f"no {title} answers where {variable} says")
    return start()


class PrivateServer:
    """A server process and its folder."""

    def __init__(self, name: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"dartian-bench-{name}-"))
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: list[str], answers: Callable[[], bool], user: str | None = None) -> None:
        """Start it, and return when it answers; NotMeasured where it does not."""
        self._process = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user
        )
        until = time.monotonic() + _PATIENCE
        while not answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.close()
                raise NotMeasured(f"{self._name} did not start")
            time.sleep(0.05)

    def close(self) -> None:
        """End it, and remove its folder."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)
