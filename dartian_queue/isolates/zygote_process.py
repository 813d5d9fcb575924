"""The zygote as its worker sees it: started by exec, spoken to over a channel, ended with all that came from it.

It never forks this process, and never trusts the zygote to have cleaned up after itself: a worker is the subreaper of
its zygote, so that whatever outlives that becomes the worker's own child, and is ended.
"""

import contextlib
import os
import subprocess
import sys
import time

from dartian_queue.isolates.processes import become_subreaper, children, end_tree
from dartian_queue.isolates.protocol import Boot, Channel, FromZygote, Quit, StartIsolate, channel_pair

__all__ = ["ZygoteProcess"]

_zygotes: set[int] = set()
"""The zygotes of this process: what has come from one of them is no business of the others."""
QUIT_WAIT = 1.0
"""Seconds for a zygote to end its isolates before it is killed itself, and they with it."""
CLEAN_UP_WAIT = 5.0
"""Seconds for what a zygote has left to be gone."""


class ZygoteProcess:
    """A running zygote; ``channel`` gives its frames, ``output`` is what the application prints when imported."""

    def __init__(self, boot: Boot) -> None:
        become_subreaper()
        self._others = frozenset(children(os.getpid()))
        """The children that this process had before."""
        ours, theirs = channel_pair()
        self.output, output = os.pipe()
        os.set_blocking(self.output, False)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dartian_queue.isolates.zygote", str(theirs.fileno()), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(theirs.fileno(),),
            env=_environment(),
            start_new_session=True,
        )
        _zygotes.add(self._process.pid)
        theirs.close()
        os.close(output)
        self.channel: Channel[FromZygote] = Channel(ours, FromZygote)
        with contextlib.suppress(OSError):
            self.channel.send(boot)

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Return whether it has, also where a process that it left behind keeps its channel open."""
        return self._process.poll() is not None

    def start_isolate(self, frame: StartIsolate, descriptors: list[int]) -> None:
        """Ask for an isolate with this channel, output, and the other end of that output, without waiting."""
        with contextlib.suppress(OSError):
            self.channel.send_with(frame, descriptors)

    def post(self, frame: object) -> None:
        """Send a frame without waiting; a zygote that is gone is noticed by the reader of its channel."""
        with contextlib.suppress(OSError):
            self.channel.post(frame)

    def read_output(self) -> tuple[str, bool]:
        """Return what the application has printed, and whether nobody can print there any more."""
        try:
            data = os.read(self.output, 1 << 16)
        except BlockingIOError:
            return "", False
        return data.decode("utf-8", "backslashreplace"), not data

    def end(self) -> None:
        """End the zygote, its isolates and whatever came from them. Idempotent."""
        self.post(Quit())
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(QUIT_WAIT)
        self.clean_up()

    def clean_up(self) -> None:
        """Make sure that nothing is left of a zygote that has ended, or will not end."""
        if not self.has_ended:
            end_tree(self._process.pid)
            self._process.wait()
        _zygotes.discard(self._process.pid)
        until = time.monotonic() + CLEAN_UP_WAIT
        while (left := set(children(os.getpid())) - self._others - _zygotes) and time.monotonic() < until:
            for pid in left:
                end_tree(pid)
            time.sleep(0.001)
            for pid in left:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    def close(self) -> None:
        """Close the descriptors."""
        self.channel.close()
        os.close(self.output)


def _environment() -> dict[str, str]:
    """Return the environment, in which Dartian can be imported also where it lies on a path of this process alone."""
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if os.path.basename(folder) in ("site-packages", "dist-packages"):
        return dict(os.environ)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), folder)))}
