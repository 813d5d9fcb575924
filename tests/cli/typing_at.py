"""Type command lines as a person, a script or a terminal does."""

import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path

import pyte

from tests import canary

PATIENCE = 30.0
DARTIAN = (sys.executable, "-m", "dartian_cli")


class Answer:
    """What one command line came to."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def data(self) -> object:
        return json.loads(self.out)

    def __repr__(self) -> str:
        return f"exit {self.code}\n{self.out}\n{self.err}"


def clean(env: dict[str, str] | None = None) -> dict[str, str]:
    ours = ("QUEUE_", "DARTIAN_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | (env or {})


def dartian(root: Path, *arguments: str, env: dict[str, str] | None = None, code: int | None = 0) -> Answer:
    """Run ``dartian`` off a terminal, and check its exit code."""
    done = subprocess.run(
        [*DARTIAN, *arguments],
        cwd=root,
        env=clean(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    canary.refuse(done.stdout + done.stderr, f"dartian {' '.join(arguments)}")
    answer = Answer(done.returncode, done.stdout, done.stderr)
    assert code is None or answer.code == code, answer
    return answer


class Terminal:
    """``dartian``, or another program, on a terminal of its own, whose screen can be read."""

    screen_kind: type[pyte.HistoryScreen] = pyte.HistoryScreen

    def __init__(
        self,
        root: Path,
        *arguments: str,
        columns: int = 80,
        rows: int = 24,
        program: tuple[str, ...] = DARTIAN,
        **env: str,
    ) -> None:
        self.screen = self.screen_kind(columns, rows, history=2000)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        pid, self.descriptor = pty.fork()
        if pid == 0:
            os.chdir(root)
            environment = clean({"TERM": "xterm-256color", **env})
            os.execve(program[0], [*program, *arguments], environment)
        self.pid = pid
        self.code: int | None = None
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def read(self, duration: float = 0.1) -> None:
        """Take in what is written within a while."""
        until = time.monotonic() + duration
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.descriptor], [], [], left)[0]:
                return
            try:
                data = os.read(self.descriptor, 65536)
            except OSError:
                data = b""
            if not data:
                return
            self.raw += data
            self._stream.feed(data.replace(b"\x1b[?2026h", b"").replace(b"\x1b[?2026l", b""))

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def history(self) -> str:
        """Everything that scrolled by, and the screen."""
        columns = self.screen.columns
        gone = ["".join(row[column].data for column in range(columns)).rstrip() for row in self.screen.history.top]
        return "\n".join([*gone, *self.lines])

    def wait_for(self, text: str) -> str:
        """Read until the text is on the screen, and return the screen."""
        self.wait_until(lambda: text in self.text, f"that {text!r} is on the screen")
        return self.text

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Read until something is so."""
        until = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < until, f"{what} is not so:\n{self.text}"
            self.read()

    def end(self, patience: float = PATIENCE) -> int:
        """Wait for the end of the command, and return its exit code."""
        until = time.monotonic() + patience
        while self.code is None:
            assert time.monotonic() < until, self.text
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        self.read(0.2)
        return self.code

    def close(self) -> None:
        if self.code is None:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
            self.code = -9
        os.close(self.descriptor)
        canary.refuse(self.raw, "a terminal")
