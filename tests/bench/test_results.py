"""A row of the table: ratios within rounds, the best peer, and no goal that is reached because somebody was missing."""

import re
from pathlib import Path

import pytest

from bench.experiment import Against, Experiment, Goal, NotMeasured, Reading, Side, Unit
from bench.results import Results, Row, Spread
from bench.rounds import measure, rows
from bench.table import as_markdown, as_text


def side(name: str, *figures: float | None, slow: bool = False) -> Side:
    """Return a side that gives one figure a round; None is a round that cannot be measured."""
    left = iter(figures)

    def one() -> Reading:
        figure = next(left)
        if figure is None:
            raise NotMeasured(f"{name} is not there")
        return Reading((figure,))

    return Side(name, one, slow)


def row(goal: Goal, dartian: Side, limit: Side | None = None, *peers: Side, slow: bool = False) -> Row:
    experiment = Experiment("key", (goal,), dartian, limit, peers)
    (only,) = rows([experiment], measure([experiment], 3, slow=slow))
    return only


def test_a_ratio_is_taken_in_each_round_and_the_middle_one_counts() -> None:
    goal = Goal("dispatch", Unit.RATE, Against.LIMIT, 0.5)
    measured = row(goal, side("Dartian", 100, 10, 60), side("limit", 200, 100, 100))
    assert measured.dartian.figure == 60
    assert measured.of_limit == Spread(0.5, 0.1, 0.6)
    assert measured.reached


@pytest.mark.parametrize(
    ("unit", "bound", "reached"),
    [(Unit.RATE, 2.0, True), (Unit.RATE, 2.1, False), (Unit.MILLISECONDS, 2.0, True), (Unit.MILLISECONDS, 1.9, False)],
)
def test_more_of_a_rate_is_better_and_less_of_a_time(unit: Unit, bound: float, reached: bool) -> None:
    measured = row(Goal("it", unit, Against.PEER, bound), side("Dartian", 4, 4, 4), None, side("peer", 2, 2, 2))
    assert measured.reached is reached


@pytest.mark.parametrize(("unit", "best"), [(Unit.RATE, "high"), (Unit.SECONDS, "low")])
def test_the_best_peer_of_the_run_is_the_one_that_counts(unit: Unit, best: str) -> None:
    measured = row(
        Goal("it", unit, Against.PEER, 1.0), side("Dartian", 2, 2, 2), None, side("low", 1, 1, 9), side("high", 3, 3, 3)
    )
    assert measured.peer is not None
    assert measured.peer.name == best


def test_a_peer_that_is_missing_is_not_outrun() -> None:
    goal = Goal("it", Unit.RATE, Against.PEER, 1.0)
    measured = row(goal, side("Dartian", 9, 9, 9), None, side("there", 1, 1, 1), side("gone", 1, None))
    assert measured.reached is None
    assert measured.reason == "gone is not there"
    assert measured.peer is not None
    assert measured.peer.figure == 1


def test_a_missing_peer_does_not_touch_a_goal_that_is_set_against_the_limit() -> None:
    goal = Goal("it", Unit.RATE, Against.LIMIT, 0.5)
    measured = row(goal, side("Dartian", 9, 9, 9), side("limit", 10, 10, 10), side("gone", None))
    assert measured.reached
    assert measured.peer is not None
    assert (measured.peer.figure, measured.peer.reason) == (None, "gone is not there")


def test_what_takes_long_is_measured_once_and_only_if_asked_for() -> None:
    goal = Goal("again", Unit.SECONDS, Against.NOTHING, 1.0)
    unasked = row(goal, side("Dartian", 0.5, 0.5, 0.5), None, side("late", 60, slow=True))
    assert unasked.peer is not None
    assert unasked.peer.reason == "takes a minute or more (--slow)"
    asked = row(goal, side("Dartian", 0.5, 0.5, 0.5), None, side("late", 60, slow=True), slow=True)
    assert asked.peer is not None
    assert asked.peer.figure == 60
    assert asked.reached


def test_each_round_goes_the_other_way_so_that_no_side_is_always_the_first() -> None:
    order: list[str] = []

    def noted(name: str) -> Side:
        def one() -> Reading:
            order.append(name)
            return Reading((1.0,))

        return Side(name, one)

    row(Goal("it", Unit.RATE, Against.LIMIT, 1.0), noted("Dartian"), noted("limit"))
    assert order == ["Dartian", "limit", "limit", "Dartian", "Dartian", "limit"]


def test_the_table_says_what_was_measured_and_what_was_not(tmp_path: Path) -> None:
    goal = Goal("finish `no-op` jobs", Unit.RATE, Against.PEER, 2.0)
    experiment = Experiment("finish", (goal,), side("Dartian", 9000), side("limit", 10000), (side("gone", None),))
    measured = measure([experiment], 1, slow=False)
    results = Results({"Python": "3.13"}, 1, rows([experiment], measured), measured)
    results.save(tmp_path / "new" / "bench.json")
    assert Results.load(tmp_path / "new" / "bench.json") == results
    text = as_text(results).splitlines()
    assert re.split("  +", text[1]) == [
        "finish no-op jobs",
        "9,000/s",
        "10,000/s limit",
        "- gone",
        "0.90",
        "-",
        "≥ 2 × peer",
        "not measured",
    ]
    assert text[2:] == [
        "",
        "not measured: gone in finish: gone is not there",
        "rounds: 1; a ratio is taken in each round, and the middle one shown",
        "Python: 3.13",
    ]
    assert "| finish `no-op` jobs | 9,000/s | 10,000/s limit | - gone | 0.90 | - |" in as_markdown(results)
