"""An isolate: takes attempts one after the other, marks each before it begins, and reports its outcome.

It never opens a store, never settles, and cannot be trusted to police itself: deadlines are its worker's affair.
"""

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import msgspec

from dartian_queue.attempt import Attempt, perform, run_failed
from dartian_queue.context import JobContext, active
from dartian_queue.errors import JobCrashed, JobTimeout
from dartian_queue.isolates.application import Application, import_application
from dartian_queue.isolates.interruption import Interruption
from dartian_queue.isolates.latest import Latest
from dartian_queue.isolates.output import install
from dartian_queue.isolates.processes import (
    become_subreaper,
    children,
    die_with_parent,
    heed_signals_in_forks,
    ignore_signals,
)
from dartian_queue.isolates.protocol import (
    Adopted,
    Boot,
    Channel,
    Ended,
    Failing,
    HookEnded,
    Interrupted,
    Output,
    Progress,
    RawRest,
    Run,
    RunHook,
    ToIsolate,
)
from dartian_queue.isolates.raw_output import PIPEFUL
from dartian_queue.isolates.recycling import Recycling, Service, bound_memory, granted
from dartian_queue.isolates.reserve import Reserve, let_go
from dartian_queue.outcome import Failed, report_of
from dartian_queue.receipt import flush_dispatches
from dartian_queue.stores.marks import Marks

if TYPE_CHECKING:
    import asyncio

__all__ = ["Isolate", "PlainStart", "run_isolate"]


class PlainStart(msgspec.Struct, frozen=True):
    """What a plainly started isolate is told on its standard input."""

    boot: Boot
    zygote: int
    """The pid of the zygote that starts it."""
    slot: int
    channel: int
    output: int
    raw_output: int


class Isolate:
    """The loop of one isolate, over the application that its process has imported."""

    def __init__(
        self,
        application: Application,
        channel: Channel[ToIsolate],
        raw_output: int,
        marks: Marks,
        slot: int,
        recycling: Recycling,
    ) -> None:
        self._channel = channel
        self._raw_output = raw_output
        self._registry = application.registry
        self._root = application.settings.root
        self._attempt_ended = application.settings.attempt_ended
        self._marks = marks
        self._slot = slot
        self._memory = recycling.memory
        self._reserve = Reserve(wanted=bool(recycling.memory))
        self._service = Service(recycling)
        self._runner: asyncio.Runner | None = None
        self._running: Run | None = None
        self._streams = application.streams
        self._progress = Latest(channel.send)
        self._is_copy = False
        self._household: frozenset[int] = frozenset(children(os.getpid()))
        """The processes that isolate_started() has started for good."""
        self._files = _standard_files()
        os.register_at_fork(after_in_child=self._become_copy)
        for stream in self._streams:
            stream.adopt(self._print)
        install(self._streams)
        self._interruption = Interruption(self._asked, self._tell_place)
        self._interruption.install()

    def serve(self) -> None:
        """Run what comes until the worker closes the channel, or winds this isolate up."""
        self._channel.send(Adopted(os.getpid()))
        with contextlib.suppress(EOFError, BrokenPipeError, ConnectionError):
            while (frame := self._channel.receive(wait=True)) is not None:
                if isinstance(frame, Run):
                    if self._run(frame):
                        return
                elif isinstance(frame, RunHook):
                    if self._run_hook(frame):
                        return
                else:
                    return

    def _run(self, run: Run) -> bool:
        """Make one attempt; return whether this isolate shall end."""
        envelope = run.envelope
        attempt = Attempt(
            envelope, run.limits, run.tries, run.exceptions, run.held_for, root=self._root, memory=self._memory
        )
        context = JobContext(
            id=envelope.id,
            name=envelope.name,
            attempt=run.tries + 1,
            tries=run.limits.most_tries,
            queue=envelope.queue,
            connection=run.connection,
            tags=envelope.tags,
            report=partial(self._report, run),
            asked=self._asked,
        )
        self._running = run
        self._marks.begin(self._slot, envelope.id, run.token)
        self._interruption.begin(run.limits.timeout or 0.0)
        self._reserve.hold()
        started = time.perf_counter()
        outcome = perform(attempt, self._registry, context, self._finish, time.time, self._handled, self._tell_failing)
        duration = time.perf_counter() - started
        self._handled()  # once more: failed() may have forked, too
        self._tidy()
        self._flush()
        self._service.count()
        fresh = "fresh" if run.limits.isolate == "fresh" else ""
        retire = fresh or self._retirement() or self._service.reason_to_end()
        self._marks.clear(self._slot)
        self._running = None
        try:
            self._channel.send(Ended(envelope.id, run.token, outcome, duration, retire))
        except BaseException:
            self._marks.begin(self._slot, envelope.id, run.token)  # a job that breaks the channel is charged for it
            raise
        return bool(retire)

    def _handled(self) -> str:
        """Take the process back from the job, and return why that was interrupted; end a copy that it has forked."""
        self._make_room()
        if self._is_copy:
            end_copy(sys.exception())
        signal.setitimer(signal.ITIMER_REAL, 0)  # an alarm that the job has left would strike the next one
        install(self._streams)
        self._interruption.install()
        return self._interruption.wish

    def _tidy(self) -> None:
        """Let the application tidy up what an attempt leaves open; what that raises is only printed."""
        if self._attempt_ended is None:
            return
        try:
            self._attempt_ended()
        except BaseException as broken:
            print(f"attempt_ended() raised:\n{report_of(broken).traceback}", file=sys.stderr)
        self._handled()

    def _make_room(self) -> None:
        """See to it that there is memory for what follows, whatever the job has used up."""
        self._reserve.release()
        if self._memory:
            let_go(sys.exception())

    def _become_copy(self) -> None:
        """In a child that a job forks: know nothing of the worker, so that no job runs and nothing is sent here."""
        self._is_copy = True
        self._running = None
        self._channel.close()

    def _run_hook(self, hook: RunHook) -> bool:
        """Call ``failed()`` of a job that failed elsewhere; return whether this isolate shall end."""
        error = JobTimeout(hook.error.message) if hook.error.type == "JobTimeout" else JobCrashed(hook.error.message)
        run_failed(self._registry, hook.envelope, error, self._finish)
        self._handled()
        self._tidy()
        self._flush()
        retire = self._retirement() or self._service.reason_to_end()
        self._channel.send(HookEnded(hook.envelope.id, retire))
        return bool(retire)

    def _retirement(self) -> str:
        """Return why what has run here leaves the process in no state for a job; empty where it does not."""
        if self._interruption.wish:
            return "its job was interrupted"  # somewhere, perhaps with a lock held
        with contextlib.suppress(ChildProcessError):
            while os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG) is not None:
                pass  # what has ended and nobody waited for would stay as a zombie
            if not self._household.issuperset(children(os.getpid())):
                return "it left processes behind"
        if _standard_files() != self._files:
            return "it changed its standard input or output"
        return ""

    def _finish(self, coroutine: Coroutine[object, object, object]) -> object:
        """Run a coroutine to its end, and end the tasks that it left, in a loop that is kept for the next one."""
        import asyncio

        if self._runner is None or self._runner.get_loop().is_closed():
            self._runner = asyncio.Runner()
        loop = self._runner.get_loop()
        try:
            return self._runner.run(self._tracked(coroutine), context=copy_context())
        finally:
            self._interruption.task = None
            left = () if self._is_copy or loop.is_closed() else asyncio.all_tasks(loop)
            if left:
                for one in left:
                    one.cancel()
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    async def _tracked(self, coroutine: Coroutine[object, object, object]) -> object:
        import asyncio

        self._interruption.task = asyncio.current_task()
        try:
            return await coroutine
        finally:
            self._make_room()  # now: the loop needs some to hand on what has become of it

    def _asked(self) -> str:
        run = self._running
        return "" if run is None else self._marks.asked(self._slot, run.envelope.id, run.token)

    def _tell_place(self, error: BaseException) -> None:
        run = self._running
        if run is not None:
            report = report_of(error, root=self._root, attempt=run.tries + 1, at=time.time())
            self._channel.try_send(Interrupted(run.envelope.id, run.token, report))

    def _tell_failing(self, outcome: Failed) -> None:
        run = self._running
        if run is not None:
            self._channel.send(Failing(run.envelope.id, run.token, outcome))

    def _report(self, run: Run, done: float, total: float | None, note: str) -> None:
        if run is not self._running:
            return  # a thread goes on reporting, though its job has ended or it is in a fork
        note = str(note)[:200].encode("utf-8", "backslashreplace").decode()
        whole = None if total is None else float(total)
        self._progress.note(Progress(run.envelope.id, run.token, float(done), whole, note))

    def _print(self, stream: str, text: str) -> None:
        run = self._running  # a thread may print when its job has ended
        with contextlib.suppress(OSError):
            self._channel.send(Output(run.envelope.id if run else "", stream, text))

    def _flush(self) -> None:
        """Let out all that the job has given: what it dispatched, awaited or not, what it printed, its progress."""
        flush_dispatches()
        with contextlib.suppress(OSError):
            # The worker could not tell whether it is this job's or the next one's.
            self._channel.send(RawRest(os.read(self._raw_output, PIPEFUL)))
        for stream in self._streams:
            stream.flush()
            stream.begin()
        self._progress.flush()


def run_isolate(
    application: Application, boot: Boot, slot: int, sock: socket.socket, output: int, raw_output: int
) -> NoReturn:
    """Turn this process into an isolate and end it when there is no more to run.

    ``output`` becomes descriptors 1 and 2, ``raw_output`` is the other end of that pipe, from which the worker reads.
    """
    _settle_in(output)
    settings = application.settings
    marks = Marks(boot.marks_path)
    marks.clear(slot)
    channel: Channel[ToIsolate] = Channel(sock, ToIsolate)
    status = 0
    try:
        recycling = granted(boot.recycling)
        bound_memory(recycling.memory)
        if settings.isolate_started is not None:
            pid = os.getpid()
            settings.isolate_started()
            if os.getpid() != pid:
                end_copy(None)
        isolate = Isolate(application, channel, raw_output, marks, slot, recycling)
        isolate.serve()
    except BaseException as error:
        show(error)
        status = 70
    end_process(status)


def _standard_files() -> list[tuple[int, int]]:
    """Return what stands behind descriptors 0 to 2; a closed one would be the next file's that a job opens."""
    found: list[tuple[int, int]] = []
    for descriptor in range(3):
        with contextlib.suppress(OSError):
            status = os.fstat(descriptor)
            found.append((status.st_dev, status.st_ino))
    return found


def show(error: BaseException) -> None:
    """Print an error where the worker will see it, whatever has become of the streams."""
    with contextlib.suppress(OSError):
        os.write(2, report_of(error).traceback.encode())


def end_copy(error: BaseException | None) -> NoReturn:
    """End a process that a job has forked as Python ends one: with the status of SystemExit, or 1 for another error."""
    if error is None:
        end_process(0)
    if isinstance(error, SystemExit) and (error.code is None or isinstance(error.code, int)):
        end_process((error.code or 0) & 0xFF)
    show(error)
    end_process(1)


def end_process(status: int) -> NoReturn:
    """End this process without the application's exit handlers, which are not meant for a fork."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def _settle_in(output: int) -> None:
    """Give the process its own streams and signals: what is meant for the worker does not reach it."""
    become_subreaper()
    os.dup2(output, 1)
    os.dup2(output, 2)
    if output > 2:
        os.close(output)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    ignore_signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
    heed_signals_in_forks()  # as multiprocessing ends the processes of its pools
    sys.breakpointhook = _no_breakpoint


def _no_breakpoint(*arguments: object, **keywords: object) -> None:
    """Refuse to wait for a debugger where no terminal is; PYTHONBREAKPOINT may name one that needs none, or 0."""
    if os.environ.get("PYTHONBREAKPOINT"):
        sys.__breakpointhook__(*arguments, **keywords)
        return
    name = context.name if (context := active()) else "NAME"
    raise RuntimeError(
        f"breakpoint() has no terminal in an isolate; run the job in yours: dartian job:run {name} field=value"
    )


def main() -> None:
    """Start plainly, where the application cannot be forked: import it here, as the zygote told on standard input."""
    start = msgspec.json.decode(sys.stdin.buffer.read(), type=PlainStart)
    die_with_parent(start.zygote)
    application = import_application(start.boot)
    sock = socket.socket(fileno=start.channel)
    sock.set_inheritable(False)
    os.set_inheritable(start.raw_output, False)
    run_isolate(application, start.boot, start.slot, sock, start.output, start.raw_output)


if __name__ == "__main__":
    main()
