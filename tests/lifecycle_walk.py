"""Takes a real store through the graph of `tests.lifecycle_model`, and looks after each step whether it is there too.

What is expected of the store is kept exactly: real tokens, moments and counters, not only the world of the graph.
"""

from collections import deque
from collections.abc import Callable, Container
from random import Random

import msgspec
import pytest

from dartian_queue.clock import ManualClock
from dartian_queue.envelope import Envelope
from dartian_queue.errors import IllegalTransition
from dartian_queue.outcome import Done
from dartian_queue.states import State
from dartian_queue.stores.lifecycle import MOST_ERRORS, Standing, claims_of, error_of
from dartian_queue.stores.marks import Marks
from dartian_queue.stores.store import Renewal, Settlement, Store, StoredJob, WorkerInfo
from tests.lifecycle_model import LEASE, LIMITS, Deed, Graph, Here, Life, Op, World, abstract, act

NAMES = ("First", "Second")
"""A job's id and its name: a claim that knows one name takes one job."""


class Walker:
    """A store, what it should hold, and the world of the graph in which that is."""

    def __init__(self, graph: Graph, store: Store, clock: ManualClock) -> None:
        self._graph, self._store, self._clock = graph, store, clock
        self._seats = [store.join(WorkerInfo(name, number + 1, "here")) for number, name in enumerate(("one", "two"))]
        self._marks = [Marks(seat.marks_path) if seat.marks_path else None for seat in self._seats]
        self._numbers = range(len(graph.start[0]))
        self._lives: list[Here] = [None for _ in self._numbers]
        self._newest = [0 for _ in self._numbers]
        self._errors = [0 for _ in self._numbers]
        self._rows: list[StoredJob | None] = [None for _ in self._numbers]
        self.world = graph.start
        self.path: list[Op] = []

    def close(self) -> None:
        """Give the seats up."""
        for seat, marks in zip(self._seats, self._marks, strict=True):
            if marks:
                marks.close()
            seat.leave()

    def go(self, op: Op) -> None:
        """Carry an operation out, and compare all that can be seen of it."""
        self.path = [*self.path[-20:], op]
        became = self._expect(op)
        self._carry_out(op, became)
        self._look(op, became)
        self._lives = became
        self.world = self._graph.after(self.world, op)
        seen = [abstract(life, self._clock.wall()) for life in self._lives]
        assert seen == [self._graph.lives[place] for place in self.world[0]], self.path

    def _expect(self, op: Op) -> list[Here]:
        became = [*self._lives]
        for number, deed in op.deeds:
            before, now = became[number], self._clock.wall()
            became[number] = act(before, deed, now, paused=self.world[1], marks=self._graph.marks)
            if op.follows and became[number] is before:
                break
        return became

    def _carry_out(self, op: Op, became: list[Here]) -> None:
        if op.pause is not None:
            (self._store.pause if op.pause else self._store.resume)()
            return
        changed = {number for number in self._numbers if became[number] is not self._lives[number]}
        deed = op.deeds[0][1]
        carry_out: Callable[[Op, Deed, set[int], list[Here]], None] = getattr(self, f"_{deed.by}")
        carry_out(op, deed, changed, became)

    def _dispatch(self, op: Op, deed: Deed, changed: set[int], _: list[Here]) -> None:
        number = op.deeds[0][0]
        (added,) = self._store.add([_envelope(number, deed.duration)])
        assert added.duplicate is (number not in changed), self.path
        if number in changed:
            self._begin_a_life(number)

    def _begin_a_life(self, number: int) -> None:
        self._newest[number] = self._errors[number] = 0
        for marks in self._marks:  # tokens begin anew with the job
            if marks:
                marks.clear(number)

    def _claim(self, op: Op, deed: Deed, changed: set[int], became: list[Here]) -> None:
        names = {NAMES[number] for number, _ in op.deeds}
        claims = self._store.claim(self._seats[deed.holder], len(names), names=names, lease=LEASE)
        assert {claim.id for claim in claims} == {NAMES[number] for number in changed}, self.path
        for claim in claims:
            number = NAMES.index(claim.id)
            standing = _standing(became[number])
            counted = (claims_of(claim.token), claim.tries, claim.crashes, claim.exceptions)
            assert counted == (standing.claims, standing.tries, standing.crashes, standing.exceptions), self.path
            held_for = self._clock.wall() - standing.held_at if standing.held_at is not None else 0.0
            assert claim.held_for == held_for, self.path
            self._newest[number] = claim.token

    def _begin(self, op: Op, deed: Deed, changed: set[int], _: list[Here]) -> None:
        """Mark it as an isolate does; one whose claim was lost overwrites nothing of others, having its own slots."""
        number, marks = op.deeds[0][0], self._marks[deed.holder]
        if marks and number in changed:
            marks.begin(number, NAMES[number], self._newest[number])

    def _token(self, number: int, deed: Deed) -> int:
        return self._newest[number] - deed.old

    def _renew(self, op: Op, deed: Deed, changed: set[int], _: list[Here]) -> None:
        """Renew this claim, and with the newest one, as a slow worker might, the one before it."""
        number = op.deeds[0][0]
        held = Renewal(NAMES[number], self._token(number, deed))
        older = [] if deed.old else [Renewal(held.id, held.token - 1)]
        renewed = self._store.renew(self._seats[deed.holder], [*older, held], lease=LEASE)
        life = self._lives[number] if number in changed else None
        assert renewed.lost == (*older, *(() if life else (held,))), self.path
        assert renewed.cancel_asked == ((held,) if life and life.standing.cancel_asked else ()), self.path

    def _settle(self, op: Op, deed: Deed, changed: set[int], _: list[Here]) -> None:
        number, life = op.deeds[0][0], self._lives[op.deeds[0][0]]
        outcome = deed.outcome or Done()
        follow_ups = tuple(_envelope(other, 0.0) for other, _ in op.deeds[1:])
        settlement = Settlement(NAMES[number], self._token(number, deed), outcome, follow_ups)
        stands = life is not None and life.holder == deed.holder and not deed.old
        if stands and number not in changed:
            with pytest.raises(IllegalTransition):
                self._store.settle(self._seats[deed.holder], [settlement])
            return
        assert self._store.settle(self._seats[deed.holder], [settlement]) == [stands], self.path
        self._errors[number] += stands and error_of(outcome) is not None
        for other in changed - {number}:
            self._begin_a_life(other)

    def _expire(self, _: Op, __: Deed, changed: set[int], became: list[Here]) -> None:
        expired = {NAMES.index(one.envelope.id): one for one in self._store.expire(self._seats[0])}
        assert expired.keys() == changed, self.path
        for number, one in expired.items():
            life, standing = self._lives[number], _standing(became[number])
            assert life is not None
            assert (one.state, one.crashes) == (standing.state, standing.crashes), self.path
            assert (one.begun, one.holder) == (life.begun, self._seats[life.holder or 0].holder), self.path
            self._errors[number] += one.begun

    def _cancel(self, op: Op, _: Deed, __: set[int], ___: list[Here]) -> None:
        number = op.deeds[0][0]
        assert self._store.cancel([NAMES[number]]) == {NAMES[number]: _state(self._lives[number])}, self.path

    def _retry(self, op: Op, _: Deed, changed: set[int], __: list[Here]) -> None:
        assert self._store.retry([NAMES[op.deeds[0][0]]]) == [NAMES[number] for number in changed], self.path

    def _forget(self, op: Op, _: Deed, changed: set[int], __: list[Here]) -> None:
        assert self._store.forget([NAMES[op.deeds[0][0]]]) == [NAMES[number] for number in changed], self.path

    def _clear(self, _: Op, __: Deed, changed: set[int], ___: list[Here]) -> None:
        assert self._store.clear() == len(changed), self.path

    def _prune(self, _: Op, __: Deed, changed: set[int], ___: list[Here]) -> None:
        """Keep nothing, not even what has settled at this very moment."""
        assert self._store.prune(done=-1.0, failed=-1.0) == len(changed), self.path

    def _flush(self, _: Op, __: Deed, changed: set[int], ___: list[Here]) -> None:
        assert self._store.flush() == len(changed), self.path

    def _pass(self, _: Op, deed: Deed, __: set[int], ___: list[Here]) -> None:
        self._clock.advance(deed.duration)

    def _look(self, op: Op, became: list[Here]) -> None:
        """Compare each row with what is expected, whole where nothing may have changed, and the sum of all."""
        for number in self._numbers:
            found = self._store.find(NAMES[number])
            row, life = (found[0] if found else None), became[number]
            if life == self._lives[number]:
                assert row == self._rows[number], (op, self.path)
            elif life is not None:
                assert row is not None, self.path
                self._compare(row, number, life)
            else:
                assert row is None, self.path
            self._rows[number] = row
        states = sorted(_state(life) or "" for life in became if life)
        assert sorted(self._states()) == states, self.path

    def _compare(self, row: StoredJob, number: int, life: Life) -> None:
        shown = {name: getattr(row, name) for name in msgspec.structs.asdict(life.standing) if hasattr(row, name)}
        wanted = {name: value for name, value in msgspec.structs.asdict(life.standing).items() if name in shown}
        assert shown == wanted, self.path
        assert len(shown) == 9, "what can be seen of a standing"
        holder = "" if life.holder is None else self._seats[life.holder].holder
        assert (row.holder, len(row.errors)) == (holder, min(self._errors[number], MOST_ERRORS)), self.path

    def _states(self) -> list[State]:
        total = self._store.counts().total
        counted = {state: getattr(total, state.value) for state in State}
        return [state for state, number in counted.items() for _ in range(number)]


def _envelope(number: int, delay: float) -> Envelope:
    return Envelope(id=NAMES[number], name=NAMES[number], payload="{}", delay=delay, limits=LIMITS)


def _standing(life: Here) -> Standing:
    assert life is not None
    return life.standing


def _state(life: Here) -> State | None:
    return life.standing.state if life else None


class _Map:
    """The graph as numbers, so that ways are found fast."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.worlds = [*graph.worlds]
        self.numbers = {world: number for number, world in enumerate(self.worlds)}
        self._near: list[tuple[int, ...] | None] = [None] * len(self.worlds)

    def near(self, number: int) -> tuple[int, ...]:
        """Return the worlds to which one operation leads."""
        known = self._near[number]
        if known is None:
            after = (self.numbers[after] for _, after in self._graph.moves(self.worlds[number]))
            known = self._near[number] = tuple(dict.fromkeys(after))
        return known

    def way(self, start: World, goals: Container[int]) -> list[Op] | None:
        """Return the shortest way to a goal, None where no goal is left."""
        from_ = {self.numbers[start]: -1}
        ahead = deque(from_)
        while ahead:
            number = ahead.popleft()
            if number in goals:
                return self._ops(from_, number)
            for after in self.near(number):
                if after not in from_:
                    from_[after] = number
                    ahead.append(after)
        return None

    def _ops(self, from_: dict[int, int], goal: int) -> list[Op]:
        ops: list[Op] = []
        while (number := from_[goal]) >= 0:
            ops.append(next(op for op, after in self._graph.moves(self.worlds[number]) if after == self.worlds[goal]))
            goal = number
        return ops[::-1]


def walk_every_operation(walker: Walker, graph: Graph, random: Random, limit: int) -> int:
    """Try every operation in every world, also those that are refused; return how many were tried."""
    map_ = _Map(graph)
    ahead = {number: random.sample(graph.ops, len(graph.ops)) for number in range(len(map_.worlds))}
    tried = 0
    while tried < limit and (way := map_.way(walker.world, ahead)) is not None:
        for op in way:
            walker.go(op)
        here = map_.numbers[walker.world]
        walker.go(ahead[here].pop())
        tried += 1
        if not ahead[here]:
            del ahead[here]
    return tried


def walk_every_world(walker: Walker, graph: Graph, random: Random, limit: int) -> int:
    """Go to every world on one way; return how many were come to."""
    map_ = _Map(graph)
    ahead = {*range(len(map_.worlds))} - {map_.numbers[walker.world]}
    come_to = 1
    while ahead and come_to < limit:
        near = [number for number in map_.near(map_.numbers[walker.world]) if number in ahead]
        goals = {random.choice(near)} if near else ahead
        for op in map_.way(walker.world, goals) or ():
            walker.go(op)
            here = map_.numbers[walker.world]
            come_to += here in ahead
            ahead.discard(here)
    return come_to
