"""Every world that two jobs and two holders can come to, by any operations in any order, searched to the end.

The graph is made of the pure functions of stores/lifecycle.py; what is asserted here is written from the table and the
invariants of docs/lifecycle.md. That stores go where the graph goes is for tests/conformance/test_walks.py.
"""

from collections import defaultdict, deque
from typing import get_args

import pytest

from dartian_queue.outcome import Done, Outcome, Retry
from dartian_queue.states import CRASH_CAP, FINAL, TRANSITIONS, State
from dartian_queue.stores.lifecycle import Standing
from tests.lifecycle_model import HOLDERS, OUTCOMES, TRIES, Deed, Graph, Life, Step, World, act, graph


@pytest.fixture(params=[False, True], ids=["without marks", "with marks"])
def searched(request: pytest.FixtureRequest) -> Graph:
    """The graph of two jobs, in a store that knows what had begun, and in one that does not."""
    return graph(2, marks=request.param)


def _rows_taken(searched: Graph) -> set[tuple[str, State | None, State | None]]:
    return {(row.key, row.source, row.target) for step in searched.steps for row in step.rows}


def _standing(life: Life | None) -> Standing:
    assert life is not None
    return life.standing


def _lived(searched: Graph) -> list[tuple[Step, Standing, Standing]]:
    """Return the steps of jobs that were in the store and still are, with their standing before and after."""
    stayed = [step for step in searched.steps if step.before is not None and step.after is not None]
    return [(step, _standing(step.before), _standing(step.after)) for step in stayed]


def test_the_search_has_not_shrunk(searched: Graph) -> None:
    assert len(searched.worlds) >= (70_000 if searched.marks else 15_000)
    assert len(searched.lives) >= (190 if searched.marks else 85)
    assert len(searched.ops) >= 110
    assert {place for jobs, _ in searched.worlds for place in jobs} == set(range(len(searched.lives)))


def test_every_row_of_the_table_is_taken_and_no_other_way(searched: Graph) -> None:
    """A step that no row leads along is refused while the graph is made."""
    rows = {(row.key, row.source, row.target) for row in TRANSITIONS}
    assert rows - _rows_taken(searched) == (set() if searched.marks else {("T8b", State.RUNNING, State.WAITING)})


def test_a_step_is_refused_exactly_where_no_row_leads(searched: Graph) -> None:
    """Only a mark, a wish to cancel what runs, and time change something that is no row."""
    for step in searched.steps:
        if step.rows or step.deed.by in ("begin", "pass"):
            continue
        if step.deed.by == "cancel" and step.before is not None and step.before.standing.state is State.RUNNING:
            assert _standing(step.after).cancel_asked
        else:
            assert step.after == step.before, step


def test_each_deed_is_refused_in_every_state_that_the_table_does_not_name(searched: Graph) -> None:
    allowed = {(row.by, row.source) for row in TRANSITIONS}
    for step in searched.steps:
        state = step.before.standing.state if step.before else None
        if step.rows:
            assert (step.deed.row, state) in allowed, step
    taken = {
        (step.deed.row, step.before.standing.state if step.before else None) for step in searched.steps if step.rows
    }
    assert taken == allowed


def test_i1_claims_only_grow_and_only_by_a_claim(searched: Graph) -> None:
    for step, before, after in _lived(searched):
        assert after.claims - before.claims == (step.deed.by == "claim" and bool(step.rows)), step


def test_i2_and_i3_one_holder_with_the_newest_token_can_settle_what_runs_and_nobody_else(searched: Graph) -> None:
    settled: dict[Life | None, set[tuple[int, bool]]] = defaultdict(set)
    for step in searched.steps:
        if step.rows and isinstance(step.deed.outcome, Done):
            settled[step.before].add((step.deed.holder, step.deed.old))
    for life in searched.lives:
        runs = life is not None and life.standing.state is State.RUNNING
        assert settled[life] == ({(life.holder, False)} if life is not None and runs else set()), life


def test_i2_a_settlement_that_stands_takes_effect_but_for_a_retry_without_a_try_left(searched: Graph) -> None:
    for step in searched.steps:
        outcome, before = step.deed.outcome, step.before
        if outcome is None or before is None or before.standing.state is not State.RUNNING:
            continue
        stands = before.holder == step.deed.holder and not step.deed.old
        spent = isinstance(outcome, Retry) and before.standing.tries + 1 >= TRIES
        assert bool(step.rows) is (stands and not spent), step


def test_i4_done_is_left_by_deleting_only(searched: Graph) -> None:
    left = {
        (step.deed.by, step.after)
        for step in searched.steps
        if step.before is not None and step.before.standing.state is State.DONE and step.after != step.before
    }
    assert left == {("forget", None), ("prune", None)}


def test_i5_a_follow_up_comes_exactly_with_its_settlement(searched: Graph) -> None:
    operations = [op for op in searched.ops if op.follows]
    assert len(operations) == 8
    for world in searched.worlds:
        for op in operations:
            (settled, _), (following, _) = op.deeds
            (before, _), (after, _) = world, searched.after(world, op)
            if before[following] == 0:
                assert (after[following] != 0) is (after[settled] != before[settled])
            else:
                assert after[following] == before[following]


def test_i6_counters_stay_in_their_bounds_and_rise_by_their_own_rows_only(searched: Graph) -> None:
    for step, before, after in _lived(searched):
        keys = {row.key for row in step.rows}
        assert after.tries <= TRIES, step
        assert after.crashes <= CRASH_CAP, step
        if "T12" in keys:
            assert (after.tries, after.crashes) == (0, 0), step
        else:
            assert after.tries - before.tries == bool(keys & {"T5", "T6"}), step
            assert after.crashes - before.crashes == bool(keys & {"T8", "T8c", "T9", "T9c"}), step
        if after.crashes == CRASH_CAP:
            assert (after.state, after.failed_reason) == (State.FAILED, "crashed"), step


def test_i7_exactly_what_runs_has_a_holder_and_what_has_ended_a_moment(searched: Graph) -> None:
    for step in searched.steps:
        if step.after is not None:
            standing, holder, _, begun = step.after
            assert (holder in HOLDERS) is (standing.state is State.RUNNING), step
            assert (standing.settled_at is not None) is (standing.state in FINAL), step
            assert not begun or standing.state is State.RUNNING, step


def test_i8_a_job_is_there_from_its_dispatch_until_it_is_deleted(searched: Graph) -> None:
    for step in searched.steps:
        if step.before is None or step.after is None:
            keys = {row.key for row in step.rows}
            assert keys == {(True, False): {"T1"}, (False, True): {"T13"}}.get(
                (step.before is None, step.after is None), set()
            )


def test_workers_alone_can_bring_every_job_to_its_end_from_everywhere(searched: Graph) -> None:
    """No livelock: with no operator but one who resumes, nothing dispatched anew, and no more than a worker must do."""
    operations = [op for op in searched.ops if op.pause is False or (not op.follows and _must_happen(op.deeds))]
    before: dict[World, list[World]] = defaultdict(list)
    for world in searched.worlds:
        for op in operations:
            before[searched.after(world, op)].append(world)
    resting = {place for place, life in enumerate(searched.lives) if life is None or life.standing.state in FINAL}
    reached = {world for world in searched.worlds if resting.issuperset(world[0])}
    ahead = deque(reached)
    while ahead:
        for world in before[ahead.popleft()]:
            if world not in reached:
                reached.add(world)
                ahead.append(world)
    assert not searched.worlds.keys() - reached


def _must_happen(deeds: tuple[tuple[int, Deed], ...]) -> bool:
    """Say whether a worker that does its work does this: claims what is due, settles as done, expires, waits."""
    if not deeds:
        return False
    _, deed = deeds[0]
    if deed.by == "settle":
        return isinstance(deed.outcome, Done) and not deed.old
    return deed.by in ("expire", "pass") or (deed.by == "claim" and deed.holder == 0 and len(deeds) > 1)


@pytest.mark.parametrize("marks", [False, True])
def test_a_job_whose_every_attempt_dies_has_failed_after_the_crash_cap(marks: bool) -> None:
    life = act(None, Deed("dispatch"), 0.0, paused=False, marks=marks)
    for number in range(1, CRASH_CAP + 1):
        for deed in (Deed("claim"), Deed("begin"), Deed("expire")):
            life = act(life, deed, number * 1e9 + (deed.by == "expire") * 1e8, paused=False, marks=marks)
        assert _standing(life).crashes == number
    assert _standing(life).state is State.FAILED


def test_every_kind_of_outcome_is_tried() -> None:
    assert {type(outcome) for outcome in OUTCOMES} == set(get_args(Outcome))
