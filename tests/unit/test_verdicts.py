"""What becomes of a job whose isolate could not say so itself, and what is told of it."""

from typing import cast

import pytest

from dartian_queue.envelope import Envelope
from dartian_queue.events import AttemptEnded, Event, Notice
from dartian_queue.isolates.pool import Pool
from dartian_queue.isolates.slot import Hook, InFlight, KillReason
from dartian_queue.ledger import Ledger, Settled
from dartian_queue.options import Limits
from dartian_queue.outcome import Cancelled, Crashed, Failed, Outcome, Released, Retry
from dartian_queue.states import State
from dartian_queue.stores.store import Claim, Expired
from dartian_queue.teller import Teller
from dartian_queue.verdicts import judge_death


class Desk:
    """Takes what is owed, and the hooks that are to be called first."""

    def __init__(self) -> None:
        self.owed: list[Outcome] = []
        self.hooks: list[Hook] = []

    def owe(self, _in_flight: InFlight, outcome: Outcome, _duration: float) -> None:
        self.owed.append(outcome)

    def call_failed(self, hook: Hook) -> None:
        self.hooks.append(hook)


def in_flight(*, tries: int = 1, crashes: int = 0, fail_on_timeout: bool = False) -> InFlight:
    limits = Limits(tries=tries, timeout=5.0, backoff=0.0, fail_on_timeout=fail_on_timeout)
    return InFlight(Claim(1, Envelope("7f3a", "Note", "{}"), 0, crashes, 0, 0.0, 0.0), limits)


def judge(one: InFlight, killed: KillReason | None, status: int = -9, *, cut_off: bool = False) -> Desk:
    desk = Desk()
    judge_death(one, killed, status, cut_off=cut_off, pool=cast("Pool", desk), ledger=cast("Ledger", desk))
    return desk


def test_a_timeout_is_a_try_and_the_last_one_calls_the_hook_first() -> None:
    (outcome,) = judge(in_flight(tries=2), "timeout").owed
    assert isinstance(outcome, Retry)
    assert outcome.error.type == "JobTimeout"
    for one in (in_flight(tries=1), in_flight(tries=9, fail_on_timeout=True)):
        desk = judge(one, "timeout")
        assert desk.owed == []
        assert isinstance(desk.hooks[0].outcome, Failed)
        assert desk.hooks[0].outcome.reason == "timeout"


@pytest.mark.parametrize("killed", ["stop", "lost"])
def test_what_the_worker_ended_for_its_own_sake_costs_nothing(killed: KillReason) -> None:
    assert judge(in_flight(), killed).owed == [Released()]


def test_nor_does_what_the_zygote_ended_since_the_worker_was_silent() -> None:
    assert judge(in_flight(), None, cut_off=True).owed == [Released()]
    assert judge(in_flight(), "garbled", cut_off=True).owed == [Released()]


def test_a_job_that_was_cancelled_is_cancelled_however_it_ended() -> None:
    assert judge(in_flight(), "cancel").owed == [Cancelled()]
    asked = in_flight()
    asked.cancel_asked = True
    assert judge(asked, None).owed == judge(asked, "timeout").owed == [Cancelled()]


@pytest.mark.parametrize(
    ("status", "killed", "told"),
    [
        (-11, None, "its process was killed by SIGSEGV"),
        (-64, None, "its process was killed by "),
        (-99, None, "its process was killed by signal 99"),
        (0, None, "its process ended with exit code 0"),
        (-9, "garbled", "its process wrote on its worker's channel"),
    ],
)
def test_a_crash_is_told_as_what_it_was(status: int, killed: KillReason | None, told: str) -> None:
    (outcome,) = judge(in_flight(), killed, status).owed
    assert isinstance(outcome, Crashed)
    assert outcome.error.message.startswith(told)


def test_the_third_crash_calls_the_hook_first() -> None:
    assert judge(in_flight(crashes=1), None).hooks == []
    desk = judge(in_flight(crashes=2), None)
    assert desk.owed == []
    assert desk.hooks[0].error.type == "JobCrashed"


def test_each_settled_outcome_is_told_once_and_a_lost_one_with_a_warning() -> None:
    told: list[Event] = []
    teller = Teller(told.append)
    teller.settled(Settled(in_flight(crashes=2), judge(in_flight(crashes=2), None).hooks[0].outcome, 0.5, True))
    teller.settled(Settled(in_flight(), Released(), 0.0, False))
    ended = [event for event in told if isinstance(event, AttemptEnded)]
    assert [(event.outcome, event.reason) for event in ended] == [("failed", "crashed"), ("lost", "")]
    (notice,) = [event for event in told if isinstance(event, Notice)]
    assert (notice.level, "taken over" in notice.text) == ("warning", True)


def test_a_store_that_is_out_of_reach_is_complained_of_now_and_then() -> None:
    told: list[Event] = []
    teller = Teller(told.append)
    for _ in range(100):
        teller.complain("locked")
    assert len(told) == 1


def test_a_watcher_that_breaks_is_dropped_and_the_work_goes_on() -> None:
    told: list[Event] = []

    def watch(event: Event) -> None:
        told.append(event)
        raise BrokenPipeError

    teller = Teller(watch)
    teller.notice("info", "one")
    teller.notice("info", "two")
    assert len(told) == 1


def test_what_was_expired_is_told_without_control_characters() -> None:
    told: list[Event] = []
    envelope = Envelope("7f3a", "No\x1bte", "{}")
    Teller(told.append).expired(Expired(envelope, State.FAILED, True, 3, "1-a"))
    Teller(told.append).expired(Expired(envelope, State.WAITING, False, 0, "1-a"))
    levels = [(event.level, "\x1b" in event.text) for event in told if isinstance(event, Notice)]
    assert levels == [("error", False), ("info", False)]
