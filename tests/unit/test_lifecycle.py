"""The pure life of a job against states.TRANSITIONS: every edge that it can make is in the table, all others raise."""

import itertools

import pytest

from dartian_queue.errors import IllegalTransition
from dartian_queue.options import Limits
from dartian_queue.outcome import Cancelled, Crashed, Done, ErrorReport, Failed, Held, Outcome, Released, Retry
from dartian_queue.states import CRASH_CAP, TRANSITIONS, State
from dartian_queue.stores.lifecycle import (
    Standing,
    after_cancel,
    after_claim,
    after_expiry,
    after_retry,
    after_settle,
    append_error,
    bounded,
    storable,
)
from dartian_queue.stores.store import ProgressReport

REPORT = ErrorReport("ValueError", "bad row 17")
OUTCOMES: list[Outcome] = [
    Done(),
    Retry(REPORT, 3.0),
    Failed(REPORT),
    Released(),
    Cancelled(),
    Crashed(REPORT),
    Held("?"),
]
UNBOUND = Limits(tries=0)
STATES = list(State)


def _edges(by: str) -> set[tuple[State | None, State | None]]:
    return {(one.source, one.target) for one in TRANSITIONS if one.by == by}


@pytest.mark.parametrize(("state", "outcome"), [*itertools.product(STATES, OUTCOMES)])
def test_settling_makes_the_edges_of_the_table_and_no_other(state: State, outcome: Outcome) -> None:
    by = f"settle {type(outcome).__name__}"
    for crashes in range(CRASH_CAP):
        standing = Standing(state, 0.0, claims=1, crashes=crashes)
        if state is not State.RUNNING:
            with pytest.raises(IllegalTransition, match=f"{by} needs a running job; this one is {state}"):
                after_settle(standing, outcome, UNBOUND, 10.0)
            continue
        after = after_settle(standing, outcome, UNBOUND, 10.0)
        assert (state, after.state) in _edges(by)
        assert after.claims == standing.claims


@pytest.mark.parametrize("state", STATES)
def test_the_other_operations_make_the_edges_of_the_table_and_no_other(state: State) -> None:
    standing = Standing(state, 0.0, claims=4, tries=2, crashes=1, exceptions=2)
    if state is State.WAITING:
        assert after_claim(standing) == Standing(State.RUNNING, 0.0, claims=5, tries=2, crashes=1, exceptions=2)
    else:
        with pytest.raises(IllegalTransition):
            after_claim(standing)
    for begun in (True, False):
        if state is State.RUNNING:
            after = after_expiry(standing, begun=begun, now=9.0)
            assert (after.state, after.crashes, after.tries) == (State.WAITING, 1 + begun, 2)
            assert (state, after.state) in _edges("expire")
        else:
            with pytest.raises(IllegalTransition):
                after_expiry(standing, begun=begun, now=9.0)
    if (state, State.WAITING) in _edges("retry"):
        assert after_retry(standing, 9.0) == Standing(State.WAITING, 9.0, claims=4)
    else:
        with pytest.raises(IllegalTransition):
            after_retry(standing, 9.0)
    cancelled = after_cancel(standing, 9.0)
    assert cancelled.state is (State.CANCELLED if (state, State.CANCELLED) in _edges("cancel") else state)
    assert cancelled.cancel_asked is (state is State.RUNNING)


@pytest.mark.parametrize(
    ("limits", "tries", "at", "left"),
    [
        (Limits(), 99, 0.0, True),
        (Limits(tries=0), 99, 0.0, True),
        (Limits(tries=3), 1, 0.0, True),
        (Limits(tries=3), 2, 0.0, False),
        (Limits(tries=1), 0, 0.0, False),
        (Limits(tries=1, retry_until=100.0), 50, 100.0, True),
        (Limits(retry_until=100.0), 0, 100.1, False),
    ],
)
def test_a_retry_needs_a_try_left(limits: Limits, tries: int, at: float, left: bool) -> None:
    standing = Standing(State.RUNNING, 0.0, claims=1, tries=tries)
    outcome = Retry(ErrorReport("E", at=at), 1.0)
    if left:
        assert after_settle(standing, outcome, limits, 200.0).tries == tries + 1
    else:
        with pytest.raises(IllegalTransition, match="settle it as Failed"):
            after_settle(standing, outcome, limits, 200.0)


def test_errors_are_bounded_whatever_they_hold() -> None:
    monster = ErrorReport("\ud800" * 500, "m" * 10**6, "w" * 10**4, "t" * 10**6)
    errors: tuple[ErrorReport, ...] = ()
    for _ in range(50):
        errors = append_error(errors, monster)
        assert sum(len(one.type + one.message + one.where + one.traceback) for one in errors) <= 64 * 1024
    assert len(errors) >= 2
    errors = ()
    for number in range(50):
        errors = append_error(errors, ErrorReport("E", str(number)))
    assert [one.message for one in errors] == [str(number) for number in range(30, 50)]


def test_the_output_of_old_attempts_goes_before_an_error_does() -> None:
    errors: tuple[ErrorReport, ...] = ()
    for number in range(12):
        errors = append_error(errors, ErrorReport("E", str(number), output="o" * 9_000))
    assert [one.message for one in errors] == [str(number) for number in range(12)]
    kept = [one.message for one in errors if one.output]
    assert kept == [str(number) for number in range(12 - len(kept), 12)]
    assert 5 <= len(kept) <= 7
    (large,) = append_error((), ErrorReport("E", output="o" * 1_000_000))
    assert len(large.output) <= 10 * 1024


def test_a_bounded_text_keeps_its_head_and_its_end() -> None:
    assert bounded("short", 10) == "short"
    assert bounded("a" * 50 + "z" * 50, 21) == "aaaaaaa [...] zzzzzzz"
    assert bounded("\udfff", 10) == "?"


def test_progress_is_finite_and_short() -> None:
    told = storable(ProgressReport("id", 1, float("nan"), float("inf"), "n" * 10_000))
    assert (told.done, told.total) == (0.0, None)
    assert 490 < len(told.note) <= 500
