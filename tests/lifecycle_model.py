"""The life of one or two jobs under two holders as a finite graph, made of the pure functions of stores/lifecycle.py.

A world is what a store may hold. Time is what matters of it: a job is due or not, a lease has lapsed or not. Tokens are
the newest or an older one. It never touches a store: `tests.lifecycle_walk` takes stores through it.
"""

from collections import deque
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

from dartian_queue.errors import IllegalTransition
from dartian_queue.options import Limits
from dartian_queue.outcome import Cancelled, Crashed, Done, ErrorReport, Failed, Held, Outcome, Released, Retry
from dartian_queue.states import FINAL, TRANSITIONS, State, Transition
from dartian_queue.stores.lifecycle import (
    Standing,
    after_cancel,
    after_claim,
    after_expiry,
    after_retry,
    after_settle,
)

TRIES = 2
LIMITS = Limits(tries=TRIES)
SOON = 1.0
"""For so long something waits that is not due."""
LEASE = 1e7
"""So many waits for something to become due lapse no lease."""
HOLDERS = (0, 1)
REPORT = ErrorReport("ValueError", "bad row 17")
OUTCOMES: tuple[Outcome, ...] = (
    Done(),
    Retry(REPORT, 0.0),
    Retry(REPORT, SOON),
    Failed(REPORT),
    Released(),
    Released(SOON),
    Cancelled(),
    Crashed(REPORT),
    Held("?", SOON),
)


class Life(NamedTuple):
    """A job that is stored: how it stands, and under whose claim."""

    standing: Standing
    holder: int | None = None
    lapses_at: float = 0.0
    begun: bool = False


Here = Life | None
"""A job, or None where it is not in the store."""


class Deed(NamedTuple):
    """What somebody does with one job."""

    by: str
    holder: int = 0
    outcome: Outcome | None = None
    old: bool = False
    """With a token that this job had before its newest one."""
    duration: float = 0.0

    @property
    def row(self) -> str:
        """Return what the table calls it."""
        if self.outcome is not None:
            return f"settle {type(self.outcome).__name__}"
        return {"clear": "cancel", "prune": "forget", "flush": "forget"}.get(self.by, self.by)


class Step(NamedTuple):
    """One job before and after a deed, and the rows of the table that it took; none where it was refused."""

    before: Here
    deed: Deed
    after: Here
    rows: tuple[Transition, ...]


class Op(NamedTuple):
    """What is done at one moment: deeds to the jobs of these numbers, or the switch for all queues."""

    deeds: tuple[tuple[int, Deed], ...] = ()
    pause: bool | None = None
    follows: bool = False
    """Whether the second deed happens exactly if the first has."""


def act(life: Here, deed: Deed, now: float, *, paused: bool, marks: bool) -> Here:
    """Return what the deed makes of a job: the same where the store refuses it, or it passes the job over.

    ``marks`` says whether this store knows what has begun; where it does not, everything that is claimed has.
    """
    if life is None:
        return Life(Standing(State.WAITING, now + deed.duration)) if deed.by == "dispatch" else None
    try:
        return _act(life, deed, now, paused=paused, marks=marks)
    except IllegalTransition:
        return life


def _act(life: Life, deed: Deed, now: float, *, paused: bool, marks: bool) -> Here:
    standing, waits = life.standing, life.standing.state is State.WAITING
    stands = life.holder == deed.holder and not deed.old
    match deed.by:
        case "claim" if standing.available_at <= now and not paused:
            return Life(after_claim(standing), deed.holder, now + LEASE, not marks)
        case "begin" if stands:
            return life._replace(begun=True)
        case "renew" if stands:
            return life._replace(lapses_at=now + LEASE)
        case "settle" if stands and deed.outcome is not None:
            return Life(after_settle(standing, deed.outcome, LIMITS, now))
        case "expire" if life.lapses_at <= now:
            return Life(after_expiry(standing, begun=life.begun, now=now))
        case "cancel":
            return life._replace(standing=after_cancel(standing, now))
        case "clear" if waits:
            return life._replace(standing=after_cancel(standing, now))
        case "retry":
            return Life(after_retry(standing, now))
        case "forget" | "prune" if standing.state in FINAL:
            return None
        case "flush" if standing.state is State.FAILED:
            return None
        case _:
            return life


def rows_of(before: Here, deed: Deed, after: Here) -> tuple[Transition, ...]:
    """Return the rows of the table that lead from one to the other; AssertionError where none does.

    A deed that would let a job wait whose cancel was asked takes two: back to waiting, and T10.
    """
    if after is before or (after == before and deed.by != "renew"):
        return ()
    source, target = (None if life is None else life.standing.state for life in (before, after))
    if deed.row == "begin" or (deed.row == "cancel" and source is State.RUNNING):
        assert source is target, "a mark or a wish moves nothing"
        return ()
    asked = before is not None and before.standing.cancel_asked
    if asked and target is State.CANCELLED and deed.row != "settle Cancelled":
        return (*_rows(deed, State.RUNNING, State.WAITING, before), *_rows(Deed("cancel"), State.WAITING, target, None))
    return _rows(deed, source, target, before)


def _rows(deed: Deed, source: State | None, target: State | None, before: Here) -> tuple[Transition, ...]:
    found = [row for row in TRANSITIONS if (row.by, row.source, row.target) == (deed.row, source, target)]
    if deed.row == "expire":
        unbegun = before is not None and not before.begun
        found = [row for row in found if (row.key == "T8b") is unbegun]
    assert len(found) == 1, f"{deed.row} from {source} to {target} is no row of the table"
    return tuple(found)


def abstract(life: Here, now: float) -> Here:
    """Return the life with only that left of it which its future depends on, as seen at the moment 0."""
    if life is None:
        return None
    standing = life.standing
    runs, waits = standing.state is State.RUNNING, standing.state is State.WAITING
    held = bool(standing.held_reason) and (waits or (runs and not life.begun))
    kept = Standing(
        standing.state,
        SOON if waits and standing.available_at > now else 0.0,
        claims=min(standing.claims, 2 if runs else 1),
        tries=standing.tries if runs or waits else 0,
        crashes=standing.crashes if runs or waits else 0,
        cancel_asked=runs and standing.cancel_asked,
        held_reason="?" if held else "",
        held_at=0.0 if held else None,
        settled_at=None if runs or waits else 0.0,
    )
    return Life(kept, life.holder, LEASE if life.lapses_at > now else 0.0, life.begun) if runs else Life(kept)


def _deeds(*, marks: bool) -> Iterator[Deed]:
    """Return everything that can be done to one job alone, by every holder, with every token."""
    yield from (Deed("dispatch"), Deed("dispatch", duration=SOON))
    for holder in HOLDERS:
        yield Deed("claim", holder)
        if marks:
            yield Deed("begin", holder)
        for old in (False, True):
            yield Deed("renew", holder, old=old)
            yield from (Deed("settle", holder, outcome, old) for outcome in OUTCOMES)
    yield from (Deed(by) for by in ("cancel", "retry", "forget"))


_TO_ALL = (
    Deed("claim", 0),
    Deed("claim", 1),
    Deed("expire"),
    Deed("clear"),
    Deed("prune"),
    Deed("flush"),
    Deed("pass", duration=SOON),
    Deed("pass", duration=LEASE),
)


_SWITCH = {pause: Op(pause=pause) for pause in (True, False)}


def operations(jobs: int, *, marks: bool) -> tuple[Op, ...]:
    """Return everything that can be done at one moment: to one job, to all at once, with a follow-up, to the queues."""
    numbers = range(jobs)
    ops = [Op(((number, deed),)) for number in numbers for deed in _deeds(marks=marks)]
    ops += [Op(tuple((number, deed) for number in numbers)) for deed in _TO_ALL if jobs > 1 or deed.by != "claim"]
    if jobs > 1:
        ends = [Deed("settle", holder, outcome) for holder in HOLDERS for outcome in (Done(), Failed(REPORT))]
        ops += [Op(((number, end), (1 - number, Deed("dispatch"))), follows=True) for number in numbers for end in ends]
    return (*ops, *_SWITCH.values())


World = tuple[tuple[int, ...], bool]
"""What a store holds, as far as it matters: each job by its number in the graph, and whether queues are paused."""


class Graph:
    """Every world that can be reached from an empty store, and what leads from each to which."""

    def __init__(self, jobs: int, *, marks: bool) -> None:
        self.marks = marks
        self.ops = operations(jobs, marks=marks)
        self.lives: list[Here] = [None]
        """Everything that one job can be; a world names them by their places."""
        self.steps: list[Step] = []
        """What each deed makes of each of them, also what is refused."""
        self.start: World = ((0,) * jobs, False)
        self._after = self._close()
        self._alone = self._index()
        self._together = [op for op in self.ops if len(op.deeds) > 1]
        self.worlds: dict[World, tuple[World, Op] | None] = {self.start: None}
        """Each world with where it was reached from first, and how; the start with nothing."""
        self._search()

    def _close(self) -> dict[tuple[Deed, bool], list[int]]:
        """Find all lives of a single job, and return for each deed, under either switch, what becomes of each life."""
        places: dict[Here, int] = {None: 0}
        deeds = list(dict.fromkeys(deed for op in self.ops for _, deed in op.deeds))
        after: dict[tuple[Deed, bool], list[int]] = {(deed, paused): [] for deed in deeds for paused in (False, True)}
        for life in self.lives:  # it grows meanwhile
            for (deed, paused), places_after in after.items():
                became = act(life, deed, 0.0, paused=paused, marks=self.marks)
                self.steps.append(Step(life, deed, became, rows_of(life, deed, became)))
                normal = abstract(became, deed.duration if deed.by == "pass" else 0.0)
                if normal not in places:
                    places[normal] = len(self.lives)
                    self.lives.append(normal)
                places_after.append(places[normal])
        return after

    def _search(self) -> None:
        ahead = deque([self.start])
        while ahead:
            world = ahead.popleft()
            for op, after in self.moves(world):
                if after not in self.worlds:
                    self.worlds[after] = (world, op)
                    ahead.append(after)

    def moves(self, world: World) -> list[tuple[Op, World]]:
        """Return the operations that change this world, each with where it leads."""
        jobs, paused = world
        moves: list[tuple[Op, World]] = [(_SWITCH[not paused], (jobs, not paused))]
        for number, place in enumerate(jobs):
            for op, became in self._alone[number, place, paused]:
                changed = (became, *jobs[1:]) if number == 0 else (*jobs[:1], became)
                moves.append((op, (changed, paused)))
        for op in self._together:
            after = self.after(world, op)
            if after != world:
                moves.append((op, after))
        return moves

    def _index(self) -> dict[tuple[int, int, bool], list[tuple[Op, int]]]:
        """Return for each job, wherever it is, and either switch, what changes it alone, and to what."""
        index: dict[tuple[int, int, bool], list[tuple[Op, int]]] = {}
        for number, place, paused in product(range(len(self.start[0])), range(len(self.lives)), (False, True)):
            alone = [(op, op.deeds[0]) for op in self.ops if len(op.deeds) == 1]
            became = [(op, self._after[deed, paused][place]) for op, (of, deed) in alone if of == number]
            index[number, place, paused] = [(op, after) for op, after in became if after != place]
        return index

    def after(self, world: World, op: Op) -> World:
        """Return where an operation leads; the same world where it is refused."""
        jobs, paused = world
        if op.pause is not None:
            return jobs, op.pause
        changed = list(jobs)
        for number, deed in op.deeds:
            changed[number] = self._after[deed, paused][changed[number]]
            if op.follows and changed[number] == jobs[number]:
                break
        return tuple(changed), paused

    def path(self, world: World) -> list[Op]:
        """Return the operations of a shortest path to a world from the start."""
        path: list[Op] = []
        while (reached := self.worlds[world]) is not None:
            world, op = reached
            path.append(op)
        return path[::-1]


@cache
def graph(jobs: int, *, marks: bool) -> Graph:
    """Return the graph of so many jobs, made once."""
    return Graph(jobs, marks=marks)
