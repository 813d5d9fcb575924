"""The states of a job and the transitions between them: the single truth, from which the diagram in the docs is made.

It never touches a store: a store carries a transition out, this says which there are.
"""

from enum import StrEnum
from typing import NamedTuple

__all__ = ["CRASH_CAP", "FINAL", "TRANSITIONS", "State", "Transition", "sources"]

CRASH_CAP = 3
"""After so many attempts that took their process down, a job has failed (T9)."""


class State(StrEnum):
    """Where a job is. "Scheduled" is waiting for a time, "held" is waiting with a reason: neither needs a mover."""

    WAITING = "waiting"
    """To be claimed once its time has come. A crash of anything changes nothing about it."""
    RUNNING = "running"
    """Claimed by a holder with a lease. A crash of the holder brings it back to waiting, or to failed (T8, T9)."""
    DONE = "done"
    """Settled; kept for a while to be looked at."""
    FAILED = "failed"
    """No try is left, or it cannot work; kept until it is retried, forgotten or pruned."""
    CANCELLED = "cancelled"
    """Taken back before it was done."""


FINAL = frozenset({State.DONE, State.FAILED, State.CANCELLED})


class Transition(NamedTuple):
    """One row of the table: ``source`` or ``target`` is None where the job is not in the store."""

    key: str
    source: State | None
    target: State | None
    by: str
    """Who makes it: an operation of the store, with the outcome where it is a settle."""
    guard: str
    effect: str


_W, _R, _D, _F, _C = State.WAITING, State.RUNNING, State.DONE, State.FAILED, State.CANCELLED

TRANSITIONS: tuple[Transition, ...] = (
    Transition("T1", None, _W, "dispatch", "payload valid", "insert; returns after commit"),
    Transition(
        "T2", _W, _R, "claim", "time has come, queue not paused, name known to this worker", "claims+1, holder, lease"
    ),
    Transition("T3", _R, _R, "renew", "its token", "lease"),
    Transition("T4", _R, _D, "settle Done", "its token", "settled_at; follow-ups in the same transaction"),
    Transition(
        "T5",
        _R,
        _W,
        "settle Retry",
        "its token, a try is left, deadline not passed when the attempt ended",
        "tries+1, backoff, error",
    ),
    Transition("T6", _R, _F, "settle Failed", "its token", "tries+1, error; follow-ups in the same transaction"),
    Transition("T7", _R, _W, "settle Released", "its token", "no counter; after the delay, or in its old place"),
    Transition("T8", _R, _W, "expire", "holder dead or lease lapsed, begun, crashes+1 < cap", "crashes+1"),
    Transition("T8b", _R, _W, "expire", "holder dead or lease lapsed, not begun", "no counter"),
    Transition("T9", _R, _F, "expire", "holder dead or lease lapsed, begun, crashes+1 >= cap", "reason crashed"),
    Transition("T8c", _R, _W, "settle Crashed", "its token, crashes+1 < cap", "crashes+1"),
    Transition("T9c", _R, _F, "settle Crashed", "its token, crashes+1 >= cap", "reason crashed"),
    Transition("T10", _W, _C, "cancel", "", "settled_at"),
    Transition("T11", _R, _C, "settle Cancelled", "its token", "settled_at"),
    Transition("T12", _F, _W, "retry", "", "tries = crashes = 0, claims kept"),
    Transition("T12", _C, _W, "retry", "", "tries = crashes = 0, claims kept"),
    Transition("T13", _D, None, "forget", "", "delete"),
    Transition("T13", _F, None, "forget", "", "delete"),
    Transition("T13", _C, None, "forget", "", "delete"),
    Transition("T14", _R, _W, "settle Held", "its token", "held_reason, available after 60 s, no counter"),
)


def sources(by: str) -> frozenset[State | None]:
    """Return the states from which ``by`` leads anywhere; everything else is refused."""
    return frozenset(transition.source for transition in TRANSITIONS if transition.by == by)
