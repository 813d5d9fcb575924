"""The pool with a real zygote and real isolates: who gets which job, what is taken back, who is ended."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dartian_queue import config
from dartian_queue.envelope import Envelope, new_id
from dartian_queue.isolates import slot, zygote_watch
from dartian_queue.isolates.endings import sort_out
from dartian_queue.isolates.pool import FAILED_STARTS, Pool
from dartian_queue.isolates.processes import children
from dartian_queue.isolates.protocol import Boot, Progress, Ready
from dartian_queue.isolates.slot import Hook, InFlight, KillReason
from dartian_queue.loop import Loop
from dartian_queue.options import Limits
from dartian_queue.outcome import Done, ErrorReport, Failed, Outcome
from dartian_queue.stores.store import Claim
from tests.scene import PATIENCE, Scene, is_alive

SET_CHILD_SUBREAPER = 36
JOBS = """
import contextlib

class Note(Job):
    text: str = ""
    def handle(self) -> None:
        note(f"{os.getpid()} {self.text}")

class Sleep(Job):
    duration: float
    def handle(self, context: JobContext) -> None:
        until = time.monotonic() + self.duration
        while time.monotonic() < until and not context.stopping:
            time.sleep(0.005)
        note(f"cancelled {context.cancelled} stopping {context.stopping}")

class Deaf(Job):
    def handle(self) -> None:
        while True:
            with contextlib.suppress(Exception):
                time.sleep(600)

class Hooked(Job):
    def handle(self) -> None:
        pass
    def failed(self, error: BaseException) -> None:
        note(f"failed {type(error).__name__}: {error}")
"""


class Recorder:
    """What a worker would be told."""

    def __init__(self) -> None:
        self.ready: Ready | None = None
        self.broken = ""
        self.trouble: list[str] = []
        self.begun: list[InFlight] = []
        self.ended: list[tuple[InFlight, Outcome]] = []
        self.died: list[tuple[InFlight, KillReason | None, int, bool]] = []
        self.returned: list[InFlight] = []
        self.hooks: list[Hook] = []
        self.output = ""
        self.give_again: Callable[[list[InFlight]], object] = list

    def on_ready(self, ready: Ready) -> None:
        self.ready = ready

    def on_broken(self, text: str, exit_code: int) -> None:
        self.broken = f"{exit_code}: {text}"

    def on_trouble(self, text: str) -> None:
        self.trouble.append(text)

    def on_begun(self, in_flight: InFlight, slot: int) -> None:
        self.begun.append(in_flight)

    def on_progress(self, in_flight: InFlight, progress: Progress) -> None: ...

    def on_output(self, in_flight: InFlight | None, stream: str, text: str) -> None:
        self.output += text

    def on_ended(self, in_flight: InFlight, outcome: Outcome, duration: float) -> None:
        self.ended.append((in_flight, outcome))

    def on_died(self, in_flight: InFlight, killed: KillReason | None, status: int, *, cut_off: bool) -> None:
        self.died.append((in_flight, killed, status, cut_off))

    def on_returned(self, in_flight: list[InFlight]) -> None:
        self.returned.extend(in_flight)
        self.give_again(in_flight)

    def on_hook_ended(self, hook: Hook) -> None:
        self.hooks.append(hook)


class Stage:
    """A pool over an application, driven by hand."""

    def __init__(self, scene: Scene, size: int) -> None:
        with config.configured(root=str(scene.root)):
            self.boot = Boot(config.handover(config.current()), "isolate", str(scene.root / "marks"), ())
        self.loop = Loop()
        self.told = Recorder()
        self.pool = Pool(self.boot, "isolate", size, self.loop, self.told)
        self.told.give_again = self.pool.waiting.extend
        self.pool.heartbeat(time.monotonic() + 600)
        self.pool.start()

    def until(self, condition: Callable[[], object]) -> None:
        give_up_at = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < give_up_at, vars(self.told)
            self.loop.turn(0.01)
            self.pool.flush()
            self.pool.end_overdue()
            self.pool.distribute()

    def until_it_runs(self, in_flight: InFlight) -> None:
        """Wait until its isolate says so, which the worker only supposes."""
        mark = (in_flight.claim.id, in_flight.claim.token)
        self.until(lambda: any(self.pool._marks.get(number) == mark for number in range(self.pool.size)))

    def give(self, name: str, payload: str = "{}", **limits: object) -> InFlight:
        claim = Claim(1, Envelope(new_id(), name, payload), 0, 0, 0, 0.0, 0.0)
        in_flight = InFlight(claim, Limits(**{"tries": 1, "timeout": 60.0, **limits}))  # type: ignore[arg-type]
        self.pool.give([in_flight])
        return in_flight

    def run(self, name: str, payload: str = "{}", **limits: object) -> Outcome:
        """Give one job and see it to its end."""
        in_flight = self.give(name, payload, **limits)
        self.until(lambda: any(one is in_flight for one, _ in self.told.ended))
        return next(outcome for one, outcome in self.told.ended if one is in_flight)

    def be_quick(self) -> None:
        """Let it know by experience that its jobs are short."""
        for _ in range(30):
            self.run("Note")
        assert self.pool._pace.ahead() > 3


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Callable[[int], Stage]]:
    scene = Scene(tmp_path / "application")
    scene.jobs(JOBS)
    made: list[Stage] = []

    def make(size: int) -> Stage:
        made.append(Stage(scene, size))
        made[-1].until(lambda: made[-1].told.ready)
        return made[-1]

    yield make
    for stage in made:
        stage.pool.close()
        stage.loop.close()
    scene.close()
    ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 0, 0, 0, 0)  # the pool made this process the parent of all orphans


def notes(tmp_path: Path) -> list[str]:
    return (tmp_path / "application" / "ledger").read_text().splitlines()


def zygote() -> int:
    return children(os.getpid())[-1]


def test_an_isolate_is_reused_and_a_fresh_job_has_one_for_itself(
    stages: Callable[[int], Stage], tmp_path: Path
) -> None:
    stage = stages(1)
    for isolate in ("warm", "warm", "fresh", "fresh", "warm"):
        assert stage.run("Note", isolate=isolate) == Done()
    pids = [line.split()[0] for line in notes(tmp_path)]
    assert pids[0] == pids[1]
    assert len(set(pids)) == 4


def test_each_fresh_job_costs_one_warm_isolate(stages: Callable[[int], Stage]) -> None:
    stage = stages(4)
    for _ in range(4):
        stage.give("Sleep", '{"duration": 0.2}')
    stage.until(lambda: len(stage.told.ended) == 4)
    warm = {slot.generation for slot in stage.pool._slots.values()}
    stage.run("Note", isolate="fresh")
    assert len(warm & {slot.generation for slot in stage.pool._slots.values() if slot.is_open}) == 3
    for _ in range(3):
        stage.give("Sleep", '{"duration": 0.5}', isolate="fresh")
    stage.until(lambda: len(stage.told.ended) == 8)
    assert warm & {slot.generation for slot in stage.pool._slots.values()}, "the place of the first one was free"


def test_what_has_not_begun_is_taken_back_and_never_runs(
    stages: Callable[[int], Stage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot, "AHEAD_TIME", 60.0)
    stage = stages(1)
    stage.be_quick()
    long = stage.give("Sleep", '{"duration": 0.5}')
    stage.until_it_runs(long)
    ahead = [stage.give("Note", '{"text": "ahead"}') for _ in range(3)]
    assert not stage.pool.waiting
    assert stage.pool.withdraw(ahead[1])
    assert not stage.pool.withdraw(long)
    assert stage.pool.take_back_all() == [ahead[0], ahead[2]]
    stage.until(lambda: any(one is long for one, _ in stage.told.ended))
    assert stage.pool.is_empty
    assert not [line for line in notes(tmp_path) if "ahead" in line]


def test_more_than_the_buffer_takes_is_taken_back_too(stages: Callable[[int], Stage]) -> None:
    stage = stages(1)
    stage.be_quick()
    long = stage.give("Sleep", '{"duration": 0.5}')
    stage.until_it_runs(long)
    payload = '{"text": "' + "x" * 8_000 + '"}'
    given = [stage.give("Note", payload) for _ in range(60)]
    assert stage.pool.take_back_all() == given
    stage.until(lambda: stage.pool.is_empty)
    assert stage.told.ended[-1][0] is long


def test_a_deadline_ends_the_isolate_of_the_job_that_has_passed_it_and_no_other_job_pays(
    stages: Callable[[int], Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot, "AHEAD_TIME", 60.0)
    stage = stages(1)
    stage.be_quick()
    slow = stage.give("Deaf", timeout=0.3)
    stage.until_it_runs(slow)
    behind = stage.give("Note")
    stage.until(lambda: stage.told.died)
    ((one, killed, status, cut_off),) = stage.told.died
    assert (one, killed, status, cut_off) == (slow, "timeout", -signal.SIGKILL, False)
    assert stage.told.returned == [behind]
    assert behind.started_at == 0


def test_a_job_that_is_cancelled_sees_it_and_the_next_one_does_not(
    stages: Callable[[int], Stage], tmp_path: Path
) -> None:
    stage = stages(1)
    stage.be_quick()
    running = stage.give("Sleep", '{"duration": 30}')
    stage.until_it_runs(running)
    after = stage.give("Sleep", '{"duration": 0.01}')
    assert stage.pool.ask_to_cancel(running)
    assert not stage.pool.ask_to_cancel(after)
    stage.until(lambda: stage.pool.is_empty)
    assert notes(tmp_path)[-2:] == ["cancelled True stopping True", "cancelled False stopping False"]


def test_a_job_that_begins_while_the_worker_stops_sees_that(stages: Callable[[int], Stage], tmp_path: Path) -> None:
    stage = stages(1)
    stage.give("Sleep", '{"duration": 30}')  # its isolate is not there yet
    stage.pool.ask_to_stop()
    stage.until(lambda: stage.pool.is_empty)
    assert notes(tmp_path)[-1] == "cancelled False stopping True"


def test_a_failure_that_no_isolate_could_report_calls_the_hook_in_another(
    stages: Callable[[int], Stage], tmp_path: Path
) -> None:
    stage = stages(1)
    in_flight = InFlight(Claim(1, Envelope(new_id(), "Hooked", "{}"), 0, 0, 0, 0.0, 0.0), Limits())
    error = ErrorReport("JobTimeout", "too long")
    stage.pool.call_failed(Hook(in_flight, error, Failed(error, "timeout"), 1.0))
    assert stage.pool.in_flight == [in_flight]
    assert stage.pool.take_back_all() == []
    stage.until(lambda: stage.told.hooks)
    assert notes(tmp_path) == ["failed JobTimeout: too long"]


def test_a_failure_of_a_class_without_a_hook_waits_for_no_isolate(stages: Callable[[int], Stage]) -> None:
    stage = stages(1)
    in_flight = InFlight(Claim(1, Envelope(new_id(), "Note", "{}"), 0, 0, 0, 0.0, 0.0), Limits())
    error = ErrorReport("JobTimeout", "too long")
    stage.pool.call_failed(Hook(in_flight, error, Failed(error, "timeout"), 1.0))
    assert [hook.in_flight for hook in stage.told.hooks] == [in_flight]
    assert stage.pool.is_empty


def test_nothing_begins_under_leases_that_may_have_lapsed(stages: Callable[[int], Stage]) -> None:
    stage = stages(1)
    stage.pool.heartbeat(time.monotonic() - 1)
    in_flight = stage.give("Note")
    for _ in range(20):
        stage.loop.turn(0.01)
        stage.pool.distribute()
    assert list(stage.pool.waiting) == [in_flight]
    stage.pool.heartbeat(time.monotonic() + 600)
    stage.until(lambda: stage.told.ended)


def test_the_zygote_ends_what_runs_when_the_heartbeat_stays_away(stages: Callable[[int], Stage]) -> None:
    stage = stages(1)
    in_flight = stage.give("Sleep", '{"duration": 30}')
    stage.until_it_runs(in_flight)
    stage.pool.heartbeat(time.monotonic() + 0.2)
    stage.until(lambda: stage.told.died)
    assert stage.told.died == [(in_flight, None, -signal.SIGKILL, True)]


def test_a_zygote_that_is_gone_is_replaced_and_its_isolates_with_it(stages: Callable[[int], Stage]) -> None:
    stage = stages(1)
    in_flight = stage.give("Sleep", '{"duration": 30}')
    stage.until_it_runs(in_flight)
    gone = zygote()
    isolates = children(gone)
    os.kill(gone, signal.SIGKILL)
    stage.until(lambda: stage.told.died)
    assert stage.told.died == [(in_flight, None, -signal.SIGKILL, False)]
    assert not any(map(is_alive, isolates))
    stage.told.ready = None
    stage.until(lambda: stage.told.ready)
    assert stage.run("Note") == Done()


def test_a_job_before_which_isolates_end_again_and_again_is_held_to_be_the_reason(
    stages: Callable[[int], Stage],
) -> None:
    """Nobody knows why: perhaps it was left by the job before. It must not go on for ever at no cost."""
    stage = stages(1)
    stage.be_quick()
    (taken,) = stage.pool._slots.values()
    in_flight = InFlight(Claim(1, Envelope(new_id(), "Note", "{}"), 0, 0, 0, 0.0, 0.0), Limits())
    for _ in range(2):
        taken.queue.clear()
        taken.queue.append(in_flight)
        begun, rest = sort_out(taken, None, by_itself=True)
        assert (begun, rest) == ([], [in_flight])
    assert sort_out(taken, None, by_itself=True) == ([in_flight], [])
    taken.queue.clear()


def test_isolates_that_cannot_start_are_tried_with_pauses_and_then_given_up(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "application")
    scene.jobs(JOBS)
    scene.write(
        "config/queue.py",
        """
        from dartian_queue import Config
        config = Config()
        def isolate_started() -> None:
            raise RuntimeError("no connection")
        """,
    )
    stage = Stage(scene, 1)
    stage.until(lambda: stage.told.ready)
    started_at = time.monotonic()
    in_flight = stage.give("Note")
    stage.until(lambda: stage.told.broken)
    assert stage.told.broken.startswith("3: no isolate comes up")
    assert stage.told.output.count("no connection") >= FAILED_STARTS
    assert time.monotonic() - started_at >= 0.2 + 0.4
    assert stage.told.returned == [in_flight] * FAILED_STARTS or in_flight in stage.told.returned
    assert stage.told.died == []
    stage.pool.close()
    scene.close()


def test_an_isolate_that_never_comes_up_is_ended_and_its_job_goes_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """isolate_started() hangs, the first time: the job had not begun, and nobody is charged."""
    monkeypatch.setattr(slot, "START_WAIT", 1.5)
    scene = Scene(tmp_path / "application")
    scene.jobs(JOBS)
    scene.write(
        "config/queue.py",
        f"""
        import os, time
        from dartian_queue import Config
        config = Config()
        def isolate_started() -> None:
            if not os.path.exists({str(tmp_path / "once")!r}):
                open({str(tmp_path / "once")!r}, "w").close()
                time.sleep(600)
        """,
    )
    stage = Stage(scene, 1)
    stage.until(lambda: stage.told.ready)
    assert stage.run("Note") == Done()
    assert ["not up after" in text for text in stage.told.trouble] == [True]
    assert (len(stage.told.returned), stage.told.died, stage.told.broken) == (1, [], "")
    stage.pool.close()
    scene.close()


def test_a_long_import_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zygote_watch, "LONG_IMPORT", 0.2)
    scene = Scene(tmp_path / "application")
    scene.jobs("time.sleep(1.5)\n" + JOBS)
    stage = Stage(scene, 1)

    def is_ready() -> bool:
        stage.pool.look_after_zygote()
        return stage.told.ready is not None

    stage.until(is_ready)
    assert ["still being imported" in text for text in stage.told.trouble] == [True]
    stage.pool.close()
    scene.close()


def test_closing_leaves_no_process_and_no_descriptor(stages: Callable[[int], Stage]) -> None:
    before = set(os.listdir("/proc/self/fd"))
    stage = stages(2)
    stage.give("Sleep", '{"duration": 30}')
    stage.give("Sleep", '{"duration": 30}')
    stage.until(lambda: len(stage.told.begun) == 2)
    pids = [zygote(), *children(zygote())]
    assert len(pids) == 3
    stage.pool.close()
    stage.loop.close()
    assert not any(map(is_alive, pids))
    assert len(os.listdir("/proc/self/fd")) <= len(before)
    stage.pool._marks = type(stage.pool._marks)(str(stage.boot.marks_path))  # closed once more by the fixture
