"""H: jobs that do their worst. The worker lives on, the next job runs, the right counter is charged, none is left."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from dartian_queue.options import Limits
from dartian_queue.states import State
from dartian_queue.stores.store import StoredJob
from tests.faults.instruments import FULL, all_gone
from tests.scene import Scene, WorkerProcess, descriptors, is_alive, wait_for

pytestmark = pytest.mark.faults

JOBS = r'''
import ctypes, resource, threading

class Note(Job):
    text: str
    def handle(self) -> None:
        print(f"printed {self.text}")
        os.system(f"echo from below {self.text}")
        note(self.text)

class Segfault(Job):
    def handle(self) -> None:
        ctypes.string_at(0)

class Exit(Job):
    code: int
    def handle(self) -> None:
        os._exit(self.code)

class Spin(Job):
    def handle(self) -> None:
        while True:
            pass

class Stop(Job):
    def handle(self) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(30)

class Allocate(Job):
    def handle(self) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        bytearray(10 << 30)

class Recurse(Job):
    def handle(self) -> None:
        self.handle()

class LeaveChildren(Job):
    def handle(self) -> None:
        for _ in range(3):
            note(f"left {subprocess.Popen(['sleep', '3071']).pid}")

class LeaveDaemon(Job):
    """A daemon as daemons are: forked twice, a session of its own, an empty environment."""
    def handle(self) -> None:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                note(f"left {os.getpid()}")
                os.execve("/bin/sleep", ["sleep", "3071"], {})
            os._exit(0)
        os.wait()
        while not any(line.startswith("left") for line in open(LEDGER)):
            time.sleep(0.01)

class LeaveBurst(Job):
    def handle(self) -> None:
        for _ in range(200):
            if os.fork() == 0:
                time.sleep(3071)
                os._exit(0)

class LeaveFromThread(Job):
    def handle(self) -> None:
        thread = threading.Thread(target=lambda: note(f"left {subprocess.Popen(['sleep', '3071']).pid}"))
        thread.start()
        thread.join()

class Fork(Job):
    """A child that comes out of handle: by returning, by an error, by sys.exit."""
    how: str
    def handle(self) -> None:
        pid = os.fork()
        if pid == 0:
            print("from the child")
            if self.how == "return":
                return
            if self.how == "raise":
                raise ValueError("the child's")
            sys.exit(7)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        note(f"child ended with {status}")
    def failed(self, error: BaseException) -> None:
        note("failed was called")

class ForkAsync(Job):
    async def handle(self) -> None:
        pid = os.fork()
        if pid == 0:
            return
        os.waitpid(pid, 0)

class ForkInFailed(Job):
    def handle(self) -> None:
        raise ValueError("on purpose")
    def failed(self, error: BaseException) -> None:
        if (pid := os.fork()) == 0:
            return
        os.waitpid(pid, 0)
        note("failed was called")

class Multiprocess(Job):
    def handle(self) -> None:
        import multiprocessing
        with multiprocessing.get_context("fork").Pool(2) as pool:
            note(f"sum {sum(pool.map(abs, [-1, -2, -3]))}")

class Terminate(Job):
    def handle(self) -> None:
        import multiprocessing, signal
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        child.start()
        child.terminate()
        child.join(10)
        handled = signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        note(f"child ended with {child.exitcode}, the isolate {'ignores' if handled else 'heeds'} signals")

class CloseAll(Job):
    def handle(self) -> None:
        os.closerange(0, 1000)

class CloseStreams(Job):
    def handle(self) -> None:
        os.close(1)
        os.close(2)
        open(LEDGER + ".other", "w")

class ReplaceStreams(Job):
    def handle(self) -> None:
        sys.stdout.close()
        sys.stdout = open(LEDGER + ".other", "w")
        sys.stderr = None

class Garbage(Job):
    """Write on the worker's channel: every socket that this process has."""
    data: str
    def handle(self) -> None:
        for entry in os.listdir("/proc/self/fd"):
            link = f"/proc/self/fd/{entry}"
            if os.path.lexists(link) and os.readlink(link).startswith("socket:"):
                os.write(int(entry), self.data.encode("latin-1"))

class LeaveAlarm(Job):
    def handle(self) -> None:
        signal.alarm(1)

class Handlers(Job):
    def handle(self) -> None:
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGINT, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        os.chdir("/")

class Flood(Job):
    """More output than anybody wants, below Python and without an end."""
    newline: bool
    def handle(self) -> None:
        data = (b"y\n" if self.newline else b"yy") * 30000
        while True:
            os.write(1, data)

class Print(Job):
    def handle(self) -> None:
        print("x" * 10_000_000)
        for _ in range(100_000):
            print("y", end="")
        sys.stdout.buffer.write(b"\xff\xfe")
        sys.stdout.reconfigure(line_buffering=True)

class CloseLoop(Job):
    """Let a later job close the loop of an earlier one."""
    async def handle(self) -> None:
        loop = asyncio.get_running_loop()
        threading.Timer(0.05, lambda: None).start()
        globals()["kept_loop"] = loop

class CloseKeptLoop(Job):
    def handle(self) -> None:
        globals()["kept_loop"].close()

class StopLoop(Job):
    async def handle(self) -> None:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(30)

class NestedRun(Job):
    def handle(self) -> None:
        asyncio.run(asyncio.sleep(0))

class LeaveTask(Job):
    async def handle(self) -> None:
        asyncio.create_task(asyncio.sleep(3000))

class Async(Job):
    async def handle(self) -> None:
        await asyncio.sleep(0)

class LateThread(Job):
    def handle(self) -> None:
        threading.Thread(target=self.later, daemon=True).start()
    def later(self) -> None:
        time.sleep(0.1)
        print("late")
        progress(1, 2, "late")
        sys.exit("late")

class KillZygote(Job):
    def handle(self) -> None:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(30)

class KillGroup(Job):
    def handle(self) -> None:
        os.killpg(0, signal.SIGKILL)

class Init(Job):
    def __init__(self, what: str) -> None:
        self.what = what
        if what != "fine":
            ERRORS[what]()
    def handle(self) -> None:
        pass

class Raise(Job):
    what: str
    def handle(self) -> None:
        ERRORS[self.what]()

class RaiseAsync(Job):
    what: str
    async def handle(self) -> None:
        ERRORS[self.what]()

class Unpicklable(Exception):
    def __init__(self) -> None:
        super().__init__("has a lock")
        self.lock = threading.Lock()

class ReprRaises(Exception):
    def __repr__(self) -> str: raise ValueError("repr")
    __str__ = __repr__

class ReprExits(Exception):
    def __str__(self) -> str: sys.exit(0)

class ReprRecurses(Exception):
    def __str__(self) -> str: return str(self)

class Huge(Exception):
    def __str__(self) -> str: return "x" * (1 << 30)

class Sly(str):
    def encode(self, *_: object) -> bytes: raise ValueError("encode")
    def __len__(self) -> int: raise ValueError("len")
    def __str__(self) -> str: return self

class SlyText(Exception):
    def __str__(self) -> str: return Sly("sly")

class Notes(Exception):
    def __init__(self) -> None:
        super().__init__("noted")
        self.__notes__ = [ReprRaises()]

class NoCause(Exception):
    @property
    def __cause__(self) -> None: raise ValueError("cause")

def one(error: BaseException):
    def raise_it() -> None: raise error
    return raise_it

def cyclic() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    raise first

def chained() -> None:
    error = ValueError("0")
    for number in range(10_000):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following
    raise error

def deep(depth: int = 900) -> None:
    if depth == 0:
        raise ValueError("deep")
    deep(depth - 1)

ERRORS = {
    "unpicklable": one(Unpicklable()), "repr": one(ReprRaises()), "repr exits": one(ReprExits()),
    "recursive": one(ReprRecurses()), "huge": one(Huge()), "cyclic": cyclic, "chained": chained, "deep": deep,
    "sly": one(SlyText()), "notes": one(Notes()), "cause": one(NoCause()),
    "text": one(ValueError("\ud800 \0 \x1b[31mred\x1b[0m \u202e")), "exit": lambda: sys.exit("out"),
    "interrupt": one(KeyboardInterrupt()), "cancelled": one(asyncio.CancelledError()),
    "generator": one(GeneratorExit()), "group": one(BaseExceptionGroup("many", [ReprRaises(), KeyboardInterrupt()])),
}
'''


class Stage(NamedTuple):
    scene: Scene
    worker: WorkerProcess


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One worker with one isolate, which has to live through all of this."""
    scene = Scene(tmp_path_factory.mktemp("hostile") / "application")
    scene.jobs(JOBS + f"\nLEDGER = {str(scene.ledger)!r}\n")
    yield Stage(scene, scene.worker("--isolates", "1", "--backoff", "0").ready())
    scene.close()


def survive(stage: Stage, name: str, limits: Limits | None = None, **fields: object) -> StoredJob:
    """Let the worker run a hostile job, then a good one; return what has become of the hostile one."""
    scene, worker = stage
    scene.ledger.write_text("")
    job_id = scene.put(name, limits=limits, **fields)
    wait_for(lambda: scene.job(job_id).state in (State.DONE, State.FAILED), 20, f"{name} to end")
    ended_at = time.monotonic()
    after = scene.put("Note", text=job_id)
    scene.wait_until(after, State.DONE, patience=20)
    assert time.monotonic() - ended_at < 20
    assert scene.notes()[-1] == job_id
    wait_for(lambda: all_gone(left(scene)), 20, f"what {name} has left to be gone")
    assert is_alive(worker.pid)
    assert worker.process.poll() is None
    return scene.job(job_id)


def left(scene: Scene) -> list[int]:
    return [int(line.split()[1]) for line in scene.notes() if line.startswith("left")]


def charged(job: StoredJob) -> tuple[State, int, int]:
    return job.state, job.tries, job.crashes


CRASHED = (State.FAILED, 0, 3)
FAILED = (State.FAILED, 1, 0)
DONE = (State.DONE, 0, 0)


@pytest.mark.repeated
@pytest.mark.parametrize(
    ("name", "fields", "told"),
    [
        ("Segfault", {}, "SIGSEGV"),
        ("Exit", {"code": 0}, "exit code 0"),
        ("Exit", {"code": 3}, "exit code 3"),
        ("KillGroup", {}, "SIGKILL"),
        ("CloseAll", {}, "exit code 70"),
        ("KillZygote", {}, "SIGKILL"),
    ],
)
def test_a_job_that_takes_its_process_down_is_charged_a_crash_and_capped(
    stage: Stage, name: str, fields: dict[str, object], told: str
) -> None:
    job = survive(stage, name, **fields)
    assert charged(job) == CRASHED
    assert job.failed_reason == "crashed"
    assert told in job.errors[-1].message


@pytest.mark.parametrize("data", ["nonsense", "\x01" * 9, "\x00\xc1", "\x00\x81\xa4type\xa5ended"])
def test_a_job_that_writes_to_the_worker_loses_its_isolate(stage: Stage, data: str) -> None:
    before = stage.worker.isolates()
    job = survive(stage, "Garbage", data=data)
    assert charged(job) == CRASHED or (job.state, job.tries) == (State.DONE, 0)  # whichever frame was read first
    assert job.state is State.DONE or "channel" in job.errors[-1].message
    assert stage.worker.isolates() != before


@pytest.mark.repeated
@pytest.mark.parametrize(
    ("name", "fields"), [("Spin", {}), ("Stop", {}), ("Flood", {"newline": True}), ("Flood", {"newline": False})]
)
def test_a_job_that_never_yields_runs_into_its_timeout(stage: Stage, name: str, fields: dict[str, object]) -> None:
    job = survive(stage, name, Limits(timeout=0.5), **fields)
    assert charged(job) == FAILED
    assert job.failed_reason == "timeout"


@pytest.mark.repeated
@pytest.mark.parametrize("name", ["LeaveChildren", "LeaveDaemon", "LeaveBurst", "LeaveFromThread"])
def test_no_process_of_a_job_stays_behind(stage: Stage, name: str) -> None:
    assert charged(survive(stage, name)) == DONE
    wait_for(lambda: len(stage.worker.descendants()) <= 2, 20, "only the zygote and one isolate to be left")


@pytest.mark.repeated
@pytest.mark.parametrize(("how", "status"), [("return", 0), ("raise", 1), ("sys.exit", 7)])
def test_a_forked_child_never_becomes_a_second_isolate(stage: Stage, how: str, status: int) -> None:
    assert charged(survive(stage, "Fork", how=how)) == DONE
    assert stage.scene.notes()[:-1] == [f"child ended with {status}"]


@pytest.mark.repeated
def test_nor_does_one_that_was_forked_in_a_coroutine_or_in_the_hook(stage: Stage) -> None:
    assert charged(survive(stage, "ForkAsync")) == DONE
    assert charged(survive(stage, "ForkInFailed")) == FAILED
    assert stage.scene.notes()[:-1] == ["failed was called"]


def test_a_child_that_a_job_forks_can_be_ended_by_a_signal(stage: Stage) -> None:
    assert charged(survive(stage, "Terminate")) == DONE
    assert "child ended with -15, the isolate ignores signals" in stage.scene.notes()


def test_multiprocessing_works_in_a_job(stage: Stage) -> None:
    assert charged(survive(stage, "Multiprocess")) == DONE
    assert stage.scene.notes()[0] == "sum 6"


@pytest.mark.repeated
@pytest.mark.parametrize(
    "name",
    ["CloseStreams", "ReplaceStreams", "LeaveAlarm", "Handlers", "Print", "NestedRun", "LeaveTask", "LateThread"],
)
def test_what_a_job_does_to_its_process_does_not_reach_the_next(stage: Stage, name: str) -> None:
    job = survive(stage, name)
    assert charged(job) == DONE
    if name in ("LeaveAlarm", "LateThread"):
        time.sleep(1.2)
        assert charged(survive(stage, "Async")) == DONE
    stage.worker.wait("job_output", text=f"printed {stage.scene.notes()[-1]}")
    stage.worker.wait("job_output", text=f"from below {stage.scene.notes()[-1]}")
    other = Path(f"{stage.scene.ledger}.other")
    assert not other.exists() or other.read_text() == ""


def test_a_loop_that_was_closed_or_stopped_is_replaced(stage: Stage) -> None:
    assert charged(survive(stage, "CloseLoop")) == DONE
    assert charged(survive(stage, "CloseKeptLoop")) == DONE
    assert charged(survive(stage, "Async")) == DONE
    assert charged(survive(stage, "StopLoop")) == FAILED
    assert charged(survive(stage, "Async")) == DONE


def test_a_flood_of_output_is_cut(stage: Stage) -> None:
    job = survive(stage, "Flood", Limits(timeout=0.5), newline=True)
    stage.worker.wait("attempt_started", id=stage.scene.store.jobs(name="Note", newest_first=True)[0].envelope.id)
    shown = [event for event in stage.worker.seen if event["type"] == "job_output" and event["id"] == job.envelope.id]
    assert sum(len(str(event["text"])) for event in shown) < 300 * 1024
    assert any("dropped" in str(event["text"]) for event in shown)


@pytest.mark.parametrize(
    "what",
    [
        "unpicklable", "repr", "repr exits", "recursive", "huge", "cyclic", "chained", "deep", "sly", "notes", "cause",
        "text", "exit", "interrupt", "cancelled", "generator", "group",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["Raise", "RaiseAsync"])
def test_whatever_is_raised_is_one_failed_try_with_a_bounded_report(stage: Stage, name: str, what: str) -> None:
    job = survive(stage, name, what=what)
    assert charged(job) == FAILED
    (error,) = job.errors
    assert error.type
    assert len(error.message) < 3_000
    assert len(error.traceback) < 20_000
    assert "\0" not in error.message + error.traceback


@pytest.mark.parametrize("what", ["repr", "exit", "interrupt", "fine"])
def test_what_is_raised_when_a_job_is_made_is_its_own_failure_too(stage: Stage, what: str) -> None:
    scene, _ = stage
    job_id = scene.put("Init", what=what)
    wait_for(lambda: scene.job(job_id).state is not State.RUNNING and scene.job(job_id).claims > 0)
    job = scene.job(job_id)
    assert job.crashes == 0
    assert job.state is (State.DONE if what == "fine" else job.state)
    assert what == "fine" or job.held_reason or job.errors


def test_text_that_nobody_can_store_is_escaped(stage: Stage) -> None:
    (error,) = survive(stage, "Raise", what="text").errors
    assert error.message.startswith("\\ud800 \\x00 ")


def test_memory_that_is_not_there_is_an_error_of_the_job(stage: Stage) -> None:
    assert survive(stage, "Allocate", Limits(isolate="fresh")).errors[0].type == "MemoryError"
    assert charged(survive(stage, "Recurse")) == FAILED


@pytest.mark.skipif(not FULL, reason="takes a minute: make faults")
def test_two_thousand_isolates_leak_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "application")
    scene.jobs(JOBS + f"\nLEDGER = {str(scene.ledger)!r}\n")
    worker = scene.worker("--isolates", "2").ready()
    scene.wait_until(scene.put("Async", limits=Limits(isolate="fresh")), State.DONE)
    before = [descriptors(pid) for pid in (worker.pid, worker.zygote())]
    for _ in range(2_000):
        last = scene.put("Async", limits=Limits(isolate="fresh"))
    scene.wait_until(last, State.DONE, patience=120)
    wait_for(lambda: not worker.isolates(), 20)

    def is_as_before() -> bool:  # once the worker has read of the last ones that they are gone
        after = [descriptors(pid) for pid in (worker.pid, worker.zygote())]
        return all(now <= then + 4 for then, now in zip(before, after, strict=True))

    wait_for(is_as_before, 20)
    scene.close()
