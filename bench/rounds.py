"""Runs experiments in rounds: what is set in relation is measured within a minute, since machines are never still."""

import sys
from collections.abc import Sequence

from bench.experiment import Experiment, NotMeasured, Side
from bench.results import Measured, Row, row_of

__all__ = ["measure", "rows"]

_ASK_FOR_IT = "takes a minute or more (--slow)"


def measure(experiments: Sequence[Experiment], rounds: int, *, slow: bool) -> dict[str, dict[str, Measured]]:
    """Measure every side once a round, in the other order each second round; say on standard error how it goes."""
    measured = {one.key: {side.name: Measured() for side in one.sides} for one in experiments}
    for number in range(rounds):
        for experiment in experiments:
            for side in experiment.sides[:: -1 if number % 2 else 1]:
                into = measured[experiment.key][side.name]
                if side.slow and (not slow or number > 0):
                    into.reason = into.reason if slow else _ASK_FOR_IT
                else:
                    _measure(experiment, side, into, f"{number + 1}/{rounds}")
    return measured


def rows(experiments: Sequence[Experiment], measured: dict[str, dict[str, Measured]]) -> list[Row]:
    """Return the row of each goal."""
    return [row_of(one, number, measured[one.key]) for one in experiments for number in range(len(one.goals))]


def _measure(experiment: Experiment, side: Side, into: Measured, place: str) -> None:
    """Add a reading; a side that could not be measured once has no figure at all, and is not tried again."""
    if into.reason:
        return
    try:
        reading = side.measure()
    except NotMeasured as reason:
        into.reason = str(reason)
        into.readings.clear()
        said = f"not measured: {reason}"
    else:
        into.readings.append(reading)
        shown = zip(reading.figures, experiment.goals, strict=False)
        said = ", ".join(f"{figure:,.4g} {goal.unit}" for figure, goal in shown if figure is not None)
    print(f"{place}  {experiment.key:<10} {side.name:<18} {said}", file=sys.stderr, flush=True)
