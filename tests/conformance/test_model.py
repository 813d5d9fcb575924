"""Any sequence of operations by two holders leaves every store where a tiny model of states.TRANSITIONS is.

The model below is written from the table of lifecycle.md, and shares nothing with the code that it checks.
"""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dartian_queue.clock import ManualClock
from dartian_queue.errors import IllegalTransition
from dartian_queue.options import Limits
from dartian_queue.outcome import Cancelled, Crashed, Done, Failed, Held, Outcome, Released, Retry
from dartian_queue.states import CRASH_CAP, FINAL, TRANSITIONS, State
from dartian_queue.stores.lifecycle import claims_of
from dartian_queue.stores.marks import Marks
from dartian_queue.stores.store import LEASE, Claim, Renewal, Seat, Settlement, Store
from tests.conformance.making import STORES, error, job, worker

TRIES = 3
EDGES = {(one.source, one.target) for one in TRANSITIONS}
W, R = State.WAITING, State.RUNNING


class _Model:
    """One job as the table has it."""

    def __init__(self, available_at: float, order: int) -> None:
        self.state: State = W
        self.available_at = available_at
        self.order = order
        self.claims = self.tries = self.crashes = 0
        self.holder: Seat | None = None
        self.lease_until = 0.0
        self.begun = False
        self.asked = False
        self.path: list[State] = [W]

    def move(self, state: State) -> None:
        if state is W and self.asked:
            self.path.append(W)
            state = State.CANCELLED
        self.path.append(state)
        self.state = state
        if state is not R:
            self.holder = None


class StoreMachine(RuleBasedStateMachine):
    """Two holders, a few jobs, time, death, and operators."""

    kind = "memory"

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.store: Store = STORES[self.kind](Path(self.folder.name), self.clock)
        self.seats = [self.store.join(worker()), self.store.join(worker())]
        self.jobs: dict[str, _Model] = {}
        self.claims: list[tuple[Seat, Claim]] = []
        self.added = self.deleted = self.begins = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            for seat in self.seats:
                seat.leave()
            self.store.close()
            self.folder.cleanup()

    @rule(delay=st.sampled_from([0.0, 0.0, 5.0]), number=st.integers(1, 3))
    def add(self, delay: float, number: int) -> None:
        batch = [job(delay=delay, limits=Limits(tries=TRIES)) for _ in range(number)]
        self.store.add(batch)
        for one in batch:
            self._know(one.id, self.clock.wall() + delay)

    @rule(duration=st.sampled_from([1.0, 6.0, LEASE / 2, LEASE + 1]))
    def pass_time(self, duration: float) -> None:
        self.clock.advance(duration)

    @rule(number=st.integers(0, 1), limit=st.integers(1, 4))
    def claim(self, number: int, limit: int) -> None:
        due = [one for one in self.jobs.items() if one[1].state is W and one[1].available_at <= self.clock.wall()]
        due.sort(key=lambda one: (one[1].available_at, one[1].order))
        claims = self.store.claim(self.seats[number], limit)
        assert [claim.id for claim in claims] == [id_ for id_, _ in due[:limit]]
        for claim in claims:
            model = self.jobs[claim.id]
            assert claims_of(claim.token) == model.claims + 1
            assert (claim.tries, claim.crashes) == (model.tries, model.crashes)
            model.claims += 1
            model.holder, model.lease_until = self.seats[number], self.clock.monotonic() + LEASE
            model.begun = not self.seats[number].marks_path
            model.move(R)
            self.claims.append((self.seats[number], claim))

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        seat, claim = data.draw(st.sampled_from(self.claims))
        if seat.marks_path and self._stands(seat, claim):
            Marks(seat.marks_path).begin(self.begins, claim.id, claim.token)
            self.begins += 1
            self.jobs[claim.id].begun = True

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), kind=st.sampled_from(["done", "retry", "failed", "released", "cancelled", "crashed", "held"]))
    def settle(self, data: st.DataObject, kind: str) -> None:
        seat, claim = data.draw(st.sampled_from(self.claims))
        delay = data.draw(st.sampled_from([0.0, 7.0]))
        follow_up = job(limits=Limits(tries=TRIES))
        stands, model = self._stands(seat, claim), self.jobs.get(claim.id)
        settlement = Settlement(claim.id, claim.token, _outcome(kind, delay), (follow_up,))
        if stands and model and kind == "retry" and model.tries + 1 >= TRIES:
            with pytest.raises(IllegalTransition):
                self.store.settle(seat, [settlement])
            return
        assert self.store.settle(seat, [settlement]) == [stands]
        assert bool(self.store.find(follow_up.id)) is stands
        if stands and model:
            self._know(follow_up.id, self.clock.wall())
            self._end(model, kind, delay)

    def _end(self, model: _Model, kind: str, delay: float) -> None:
        now = self.clock.wall()
        if kind in ("retry", "failed"):
            model.tries += 1
        if kind == "crashed":
            model.crashes += 1
        if kind in ("retry", "released"):
            model.available_at = now + delay
        if kind == "held":
            model.available_at = now + 60
        target = {"done": State.DONE, "failed": State.FAILED, "cancelled": State.CANCELLED}.get(kind, W)
        if kind == "crashed" and model.crashes >= CRASH_CAP:
            target = State.FAILED
        model.move(target)

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        seat, claim = data.draw(st.sampled_from(self.claims))
        stands = self._stands(seat, claim)
        held = Renewal(claim.id, claim.token)
        renewed = self.store.renew(seat, [held])
        assert renewed.lost == (() if stands else (held,))
        assert renewed.cancel_asked == ((held,) if stands and self.jobs[claim.id].asked else ())
        if stands:
            self.jobs[claim.id].lease_until = self.clock.monotonic() + LEASE

    @rule(number=st.integers(0, 1))
    def expire(self, number: int) -> None:
        lapsed = {
            id_: model
            for id_, model in self.jobs.items()
            if model.state is R and (model.holder not in self.seats or model.lease_until <= self.clock.monotonic())
        }
        expired = {one.envelope.id: one for one in self.store.expire(self.seats[number])}
        assert expired.keys() == lapsed.keys()
        for id_, model in lapsed.items():
            assert expired[id_].begun is model.begun
            model.crashes += model.begun
            model.move(State.FAILED if model.begun and model.crashes >= CRASH_CAP else W)
            assert (expired[id_].state, expired[id_].crashes) == (model.state, model.crashes)

    @rule(number=st.integers(0, 1))
    def die(self, number: int) -> None:
        self.seats[number].leave()
        self.seats[number] = self.store.join(worker())

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.jobs)))
        model = self.jobs[id_]
        assert self.store.cancel([id_]) == {id_: model.state}
        if model.state is W:
            model.move(State.CANCELLED)
        elif model.state is R:
            model.asked = True

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.jobs)))
        model = self.jobs[id_]
        possible = model.state in (State.FAILED, State.CANCELLED)
        assert self.store.retry([id_]) == ([id_] if possible else [])
        if possible:
            model.tries = model.crashes = 0
            model.asked = False
            model.available_at = self.clock.wall()
            model.move(W)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.jobs)))
        possible = self.jobs[id_].state in FINAL
        assert self.store.forget([id_]) == ([id_] if possible else [])
        if possible:
            self.deleted += 1
            del self.jobs[id_]

    @invariant()
    def the_store_is_where_the_model_is(self) -> None:
        if not hasattr(self, "store"):
            return
        found = self.store.jobs(limit=1000)
        assert [one.envelope.id for one in found] == sorted(self.jobs, key=lambda id_: self.jobs[id_].order)
        for one in found:
            model = self.jobs[one.envelope.id]
            assert (one.state, one.claims, one.tries, one.crashes, one.available_at) == (
                model.state,
                model.claims,  # I1: the model's only grows
                model.tries,
                model.crashes,
                model.available_at,
            )
            assert one.tries <= TRIES  # I6
            assert one.crashes <= CRASH_CAP
            assert (one.state is R) == bool(one.holder)  # I7
            assert (one.settled_at is not None) == (one.state in FINAL)
        total = self.store.counts().total
        states = (total.waiting, total.running, total.done, total.failed, total.cancelled)
        assert sum(states) == self.added - self.deleted  # I8

    @invariant()
    def every_step_is_in_the_table(self) -> None:
        for model in getattr(self, "jobs", {}).values():
            assert EDGES.issuperset(zip(model.path, model.path[1:], strict=False)), model.path

    def _know(self, id_: str, available_at: float) -> None:
        self.jobs[id_] = _Model(available_at, self.added)
        self.added += 1

    def _stands(self, seat: Seat, claim: Claim) -> bool:
        model = self.jobs.get(claim.id)
        return (
            model is not None and model.state is R and model.claims == claims_of(claim.token) and model.holder is seat
        )


def _outcome(kind: str, delay: float) -> Outcome:
    outcomes: dict[str, Outcome] = {
        "done": Done(),
        "retry": Retry(error(), delay),
        "failed": Failed(error()),
        "released": Released(delay),
        "cancelled": Cancelled(),
        "crashed": Crashed(error()),
        "held": Held("?"),
    }
    return outcomes[kind]


@pytest.mark.parametrize("kind", sorted(STORES))
def test_every_store_agrees_with_the_model(kind: str) -> None:
    machine = type("Machine", (StoreMachine,), {"kind": kind})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=120 if kind == "memory" else 40,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
