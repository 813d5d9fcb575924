"""A watcher on a thread of its own: it holds nobody up, and loses nothing unless it stands still."""

import threading
import time

from dartian_queue import aside
from dartian_queue.aside import MOST_EVENTS, Aside
from dartian_queue.events import AttemptEnded, AttemptStarted, Event, Notice, WorkerStopping


def notice(number: int) -> Notice:
    return Notice(0.0, "info", str(number))


def texts(seen: list[Event]) -> list[str]:
    return [event.text for event in seen if isinstance(event, Notice)]


def test_a_watcher_that_is_slow_sees_all_in_order_and_is_closed_last() -> None:
    seen: list[Event] = []
    closed: list[int] = []

    def slow(event: Event) -> None:
        if len(seen) % 1000 == 0:
            time.sleep(0.01)
        seen.append(event)

    shown = Aside(slow, interval=0.01, close=lambda: closed.append(len(seen)))
    for number in range(3 * MOST_EVENTS):
        shown.watch(notice(number))
    assert shown.close()
    assert texts(seen) == [str(number) for number in range(3 * MOST_EVENTS)]
    assert closed == [3 * MOST_EVENTS]


def test_a_watcher_that_stands_still_holds_nobody_up_and_is_told_what_it_missed() -> None:
    gate, seen = threading.Event(), list[Event]()

    def stuck(event: Event) -> None:
        gate.wait()
        seen.append(event)

    shown = Aside(stuck, interval=0.01)
    begun = time.monotonic()
    for number in range(4 * MOST_EVENTS):
        shown.watch(notice(number))
    assert time.monotonic() - begun < 10 * aside.PATIENCE
    shown.watch(WorkerStopping(0.0, "signal", 0, 0.0))
    assert not shown.close()
    gate.set()
    assert shown.close()
    missed = 4 * MOST_EVENTS + 1 - (len(seen) - 1)
    assert missed > MOST_EVENTS
    assert texts(seen)[-1].startswith(f"{missed} events are not shown")


def test_a_watcher_that_breaks_is_closed_all_the_same() -> None:
    closed: list[bool] = []

    def broken(_event: Event) -> None:
        raise RuntimeError

    shown = Aside(broken, interval=0.01, close=lambda: closed.append(True))
    shown.watch(notice(1))
    assert shown.close()
    assert closed == [True]


def test_what_runs_is_known_after_a_gap() -> None:
    """A job whose end fell into the gap would be shown as running for ever, one that began in it not at all."""
    gate, seen = threading.Event(), list[Event]()

    def stuck(event: Event) -> None:
        gate.wait()
        seen.append(event)

    def begun(job_id: str, attempt: int = 1) -> AttemptStarted:
        return AttemptStarted(0.0, job_id, "Job", "default", attempt, 3, 0)

    def ended(job_id: str, attempt: int = 1) -> AttemptEnded:
        return AttemptEnded(0.0, job_id, "Job", "default", "done", attempt, 3, 0.1)

    shown = Aside(stuck, interval=0.01)
    for job_id in ("ends in the gap", "retried in the gap", "goes on"):
        shown.watch(begun(job_id))
    for number in range(3 * MOST_EVENTS):
        shown.watch(notice(number))
    for event in (
        begun("comes and goes"),
        ended("ends in the gap"),
        ended("retried in the gap"),
        ended("comes and goes"),
        begun("retried in the gap", 2),
        begun("begins in the gap"),
    ):
        shown.watch(event)
    gate.set()
    assert shown.close()
    running: dict[str, int] = {}
    for event in seen:
        if isinstance(event, AttemptStarted):
            running[event.id] = event.attempt
        elif isinstance(event, AttemptEnded):
            del running[event.id]
    assert running == {"goes on": 1, "retried in the gap": 2, "begins in the gap": 1}
