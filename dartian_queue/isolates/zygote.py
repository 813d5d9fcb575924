"""The zygote: imports the application once, forks isolates from it, and ends them with all their descendants.

It has one thread and opens no store. It watches its worker: when the channel closes, or no heartbeat comes before the
leases lapse, all isolates are ended. Started by exec, as ``python -m dartian_queue.isolates.zygote DESCRIPTOR WORKER``.
"""

import contextlib
import fcntl
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from typing import IO, NoReturn, cast

import msgspec

from dartian_queue.config import current
from dartian_queue.errors import ConfigError, DartianError
from dartian_queue.isolates.application import Application, import_application
from dartian_queue.isolates.interruption import SIGNAL
from dartian_queue.isolates.isolate import PlainStart, run_isolate, show
from dartian_queue.isolates.processes import (
    become_subreaper,
    children,
    die_with_parent,
    end_tree,
    ignore_signals,
    live_without_parent,
)
from dartian_queue.isolates.protocol import (
    AskIsolate,
    Boot,
    Broken,
    Channel,
    Exited,
    Garbled,
    Heartbeat,
    KillIsolate,
    Quit,
    Ready,
    Started,
    StartIsolate,
    ToZygote,
)
from dartian_queue.isolates.recycling import check_memory
from dartian_queue.isolates.sources import Sources, drop_bytecode, loaded_sources
from dartian_queue.job import has_failed_hook, is_async
from dartian_queue.outcome import report_of

__all__ = ["Zygote", "main"]

NOT_STARTED = 71
"""The exit code that stands for an isolate which the system did not let us start."""
ORPHANS_WAIT = 2.0
"""Seconds for processes that were killed to be gone."""


class _Child(msgspec.Struct):
    isolate: int
    generation: int
    ended_by: str = ""


class Zygote:
    """Forks, supervises and ends isolates at the word of one worker."""

    def __init__(
        self, channel: Channel[ToZygote], boot: Boot, application: Application, wakeup: tuple[int, int]
    ) -> None:
        self._channel = channel
        self._boot = boot
        self._application = application
        self._wakeup, self._waker = wakeup
        self._children: dict[int, _Child] = {}
        self._until = float("inf")
        self._quit = False
        self._household = frozenset(children(os.getpid()))
        """The processes that the application has started at import: they live as long as this one."""
        self._readable = select.poll()
        self._readable.register(channel.fileno(), select.POLLIN)
        self._readable.register(self._wakeup, select.POLLIN)

    def serve(self) -> None:
        """Do what the worker asks until it is gone; whatever the reason, nobody is left behind."""
        try:
            while not self._quit:
                self._wait()
                self._obey()
                self._reap()
                self._end_the_cut_off()
        except (EOFError, OSError, Garbled):
            pass
        finally:
            self._household = frozenset[int]()
            self._end_all("worker")

    def _wait(self) -> None:
        patience = None if self._until == float("inf") else max(0.0, self._until - time.monotonic()) * 1000
        if any(descriptor == self._wakeup for descriptor, _ in self._readable.poll(patience)):
            with contextlib.suppress(BlockingIOError):
                os.read(self._wakeup, 4096)

    def _obey(self) -> None:
        while True:
            frame, descriptors = self._channel.receive_with(3)
            match frame:
                case None:
                    return
                case StartIsolate():
                    self._start(frame, descriptors)
                case AskIsolate():
                    self._interrupt(frame)
                case KillIsolate():
                    self._kill(frame)
                case Heartbeat():
                    self._until = frame.until
                case Quit():
                    self._quit = True
                    return
                case Boot():
                    raise EOFError

    def _start(self, frame: StartIsolate, descriptors: list[int]) -> None:
        """Start an isolate; where the system has no process or descriptor left, say so as if it had ended."""
        try:
            channel, output, raw_output = descriptors  # ValueError where they did not fit into this process
            start = self._spawn if self._application.plain else self._fork
            pid = start(frame, channel, output, raw_output)
        except (OSError, ValueError) as error:
            _say(f"an isolate cannot be started: {error}")
            self._channel.send(Exited(frame.isolate, frame.generation, NOT_STARTED))
        else:
            self._children[pid] = _Child(frame.isolate, frame.generation)
            self._channel.send(Started(frame.isolate, frame.generation, pid))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _fork(self, frame: StartIsolate, channel: int, output: int, raw_output: int) -> int:
        zygote = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_isolate(zygote, frame, channel, output, raw_output)
        return pid

    def _become_isolate(self, zygote: int, frame: StartIsolate, channel: int, output: int, raw_output: int) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with_parent(zygote)
            os.setsid()
            self._channel.close()
            os.close(self._wakeup)
            os.close(self._waker)
            sock = socket.socket(fileno=channel)
            run_isolate(self._application, self._boot, frame.isolate, sock, output, raw_output)
        except BaseException as error:
            os.dup2(output, 2)
            show(error)
        finally:
            os._exit(NOT_STARTED)

    def _spawn(self, frame: StartIsolate, channel: int, output: int, raw_output: int) -> int:
        """Start an isolate that imports the application itself."""
        import subprocess

        start = PlainStart(self._boot, os.getpid(), frame.isolate, channel, output, raw_output)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dartian_queue.isolates.isolate"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=(channel, output, raw_output),
            start_new_session=True,
        )
        pipe = cast("IO[bytes]", process.stdin)
        with contextlib.suppress(BrokenPipeError):
            pipe.write(msgspec.json.encode(start))
            pipe.close()
        process.returncode = 0  # reaped by _reap, not by subprocess
        return process.pid

    def _interrupt(self, frame: AskIsolate) -> None:
        if (pid := self._pid_of(frame)) is not None:
            with contextlib.suppress(OSError):
                os.kill(pid, SIGNAL)

    def _kill(self, frame: KillIsolate) -> None:
        if (pid := self._pid_of(frame)) is not None:
            child = self._children[pid]
            child.ended_by = child.ended_by or "worker"
            end_tree(pid)

    def _pid_of(self, frame: AskIsolate | KillIsolate) -> int | None:
        """Return the process of the isolate that the frame means; None where it has ended."""
        wanted = (frame.isolate, frame.generation)
        return next((pid for pid, one in self._children.items() if (one.isolate, one.generation) == wanted), None)

    def _end_the_cut_off(self) -> None:
        if time.monotonic() >= self._until:
            self._until = float("inf")
            self._end_all("zygote")

    def _end_all(self, by: str) -> None:
        for pid, child in self._children.items():
            child.ended_by = child.ended_by or by
            end_tree(pid)
        while self._children:
            self._reap(wait=True)
        self._end_orphans()

    def _reap(self, *, wait: bool = False) -> None:
        """Collect what has ended, end what it left behind, and only then tell the worker."""
        ended: list[tuple[_Child, int]] = []
        flags = 0 if wait else os.WNOHANG
        while True:
            try:
                pid, status = os.waitpid(-1, flags)
            except ChildProcessError:
                break
            if pid == 0:
                break
            flags = os.WNOHANG
            if (child := self._children.pop(pid, None)) is not None:
                ended.append((child, os.waitstatus_to_exitcode(status)))
        if ended:
            self._end_orphans()
        with contextlib.suppress(OSError):
            for child, code in ended:
                self._channel.send(Exited(child.isolate, child.generation, code, child.ended_by))

    def _end_orphans(self) -> None:
        """End the processes that ended isolates have left: children of ours that are no isolates."""
        until = time.monotonic() + ORPHANS_WAIT
        while orphans := set(children(os.getpid())) - self._children.keys() - self._household:
            for pid in orphans:
                end_tree(pid)
            for pid in orphans:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            if time.monotonic() > until:
                self._household |= orphans  # another user's, or stuck in the kernel: not worth the isolates
                return
            time.sleep(0.001)


def main() -> NoReturn:
    """Import the application as the first frame says, then serve; exit when the worker is gone."""
    become_subreaper()
    die_with_parent(int(sys.argv[2]))
    ignore_signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
    channel: Channel[ToZygote] = Channel(socket.socket(fileno=int(sys.argv[1])), ToZygote)
    channel.sock.set_inheritable(False)
    boot = channel.receive(wait=True)
    if not isinstance(boot, Boot):
        raise SystemExit("the zygote is started by a worker: dartian queue:work")
    locks = [_locked(path) for path in boot.lock_paths]
    drop_bytecode(boot.edited)
    began = time.time_ns()
    try:
        application = import_application(boot)
        check_memory(boot.recycling.memory)
    except BaseException as error:
        _flush()
        with contextlib.suppress(OSError):
            channel.send(_broken(error, began))
        os._exit(3)
    if any(is_async(cls) for _, cls in application.registry.classes()):
        importlib.import_module("asyncio")  # here once, and not in each isolate
    _flush()
    live_without_parent()
    registry = application.registry
    names = tuple(sorted(registry.known_names()))
    hooked = tuple(name for name in names if has_failed_hook(registry.get(name)))
    settings = application.settings
    sources = loaded_sources(settings.root, settings.jobs, filter(None, (settings.config_file,)), began)
    channel.send(Ready(names, len(registry), application.plain, hooked, sources))
    Zygote(channel, boot, application, _wakeup_on_child()).serve()
    os._exit(len(locks) and 0)


def _locked(path: str) -> int:
    """Hold a record lock for as long as this process lives: the proof that it does. Zygotes of one worker share it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.lockf(descriptor, fcntl.LOCK_SH)
    return descriptor


def _flush() -> None:
    """Let out what the application has printed, before it would be printed by each fork."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(2, f"{text}\n".encode("utf-8", "backslashreplace"))


def _wakeup_on_child() -> tuple[int, int]:
    """Return a descriptor that is readable when a child may have ended, and its other end."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    ignore_signals(signal.SIGCHLD)
    gc.collect()
    gc.freeze()
    return reader, writer


def _broken(error: BaseException, began: int) -> Broken:
    sources = Sources()
    with contextlib.suppress(DartianError):
        settings = current()
        sources = loaded_sources(settings.root, settings.jobs, filter(None, (settings.config_file,)), began, error)
    if isinstance(error, DartianError):
        return Broken(str(error), error.exit_code, sources)
    report = report_of(error)
    told = f"the application cannot be imported: {report.type}: {report.message}\n{report.traceback}"
    return Broken(told, ConfigError.exit_code, sources)


if __name__ == "__main__":
    main()
