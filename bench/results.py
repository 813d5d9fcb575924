"""What a run has found, as data that JSON keeps: every reading, and each row of the table that follows from them."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec

from bench.experiment import Against, Experiment, Goal, Reading, Side, Unit

__all__ = ["Column", "Measured", "Results", "Row", "Series", "Spread", "row_of"]


class Measured(msgspec.Struct):
    """The readings of one side, one a round; or why there are none."""

    readings: list[Reading] = []
    reason: str = ""


class Spread(msgspec.Struct):
    """The middle of what the rounds gave, and how far they were apart."""

    middle: float
    lowest: float
    highest: float


class Column(msgspec.Struct):
    """One figure of a row, and whose it is."""

    name: str
    figure: float | None = None
    reason: str = ""
    """Why there is no figure."""


class Row(msgspec.Struct):
    """One goal, and what was measured for it."""

    key: str
    what: str
    unit: Unit
    goal: str
    against: Against
    dartian: Column
    limit: Column | None
    peer: Column | None
    """The best one of this run."""
    of_limit: Spread | None
    of_peer: Spread | None
    of_before: Spread | None
    """Dartian now as a multiple of the revision that was asked for."""
    reached: bool | None
    reason: str = ""
    """Why it is not known whether the goal is reached."""


class Series(msgspec.Struct):
    """Points that a plot shows as one line."""

    name: str
    points: list[tuple[float, float]]


class Results(msgspec.Struct):
    """All of one run."""

    machine: dict[str, str]
    rounds: int
    rows: list[Row]
    measured: dict[str, dict[str, Measured]]
    """The readings, by experiment and side."""
    series: dict[str, list[Series]] = {}

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")

    @staticmethod
    def load(path: Path) -> "Results":
        """Read what ``save`` has written."""
        return msgspec.json.decode(path.read_bytes(), type=Results)


def row_of(experiment: Experiment, number: int, measured: dict[str, Measured]) -> Row:
    """Return the row of an experiment's goal; ratios are taken within each round, then in the middle of the rounds."""
    goal = experiment.goals[number]
    dartian = _figures(measured, experiment.dartian, number)
    limit = _figures(measured, experiment.limit, number)
    peers = {side.name: _figures(measured, side, number) for side in experiment.peers}
    best = _best(peers, goal.unit)
    row = Row(
        key=experiment.key,
        what=goal.what,
        unit=goal.unit,
        goal=_in_words(goal),
        against=goal.against,
        dartian=_column(measured, experiment.dartian, number),
        limit=_column(measured, experiment.limit, number) if experiment.limit else None,
        peer=_peer_column(measured, experiment.peers, best, number),
        of_limit=_spread(dartian, limit),
        of_peer=_spread(dartian, peers.get(best, [])),
        of_before=_spread(dartian, _figures(measured, experiment.before, number)),
        reached=None,
    )
    row.reason = _doubt(goal, row, measured, experiment)
    if not row.reason:
        row.reached = _is_reached(goal, row)
    return row


def _figures(measured: dict[str, Measured], side: Side | None, number: int) -> list[float]:
    """Return what a side gave for a goal; nothing where it has no figure for it."""
    readings = measured[side.name].readings if side is not None else []
    return [figure for reading in readings if (figure := reading.figures[number]) is not None]


def _best(peers: dict[str, list[float]], unit: Unit) -> str:
    """Return whose figures are the best, empty where there are none."""
    middles = sorted((median(figures), name) for name, figures in peers.items() if figures)
    return middles[-1 if unit.more_is_better else 0][1] if middles else ""


def _column(measured: dict[str, Measured], side: Side, number: int) -> Column:
    figures = _figures(measured, side, number)
    return Column(side.name, median(figures) if figures else None, measured[side.name].reason)


def _peer_column(measured: dict[str, Measured], peers: Sequence[Side], best: str, number: int) -> Column | None:
    """Return the best peer, or the first one that is missing, with the reason."""
    columns = [_column(measured, side, number) for side in peers]
    chosen = [column for column in columns if column.name == best]
    missing = [column for column in columns if column.reason]
    return next(iter([*chosen, *missing]), None)


def _spread(ours: list[float], theirs: list[float]) -> Spread | None:
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=False)]
    return Spread(median(ratios), min(ratios), max(ratios)) if ratios else None


def _doubt(goal: Goal, row: Row, measured: dict[str, Measured], experiment: Experiment) -> str:
    """Return why a goal cannot be judged: a peer that is missing is none that was outrun."""
    needed = [experiment.dartian]
    if goal.against is Against.LIMIT and experiment.limit is not None:
        needed.append(experiment.limit)
    if goal.against is Against.PEER:
        needed.extend(experiment.peers)
    reasons = [measured[side.name].reason for side in needed]
    return next((reason for reason in reasons if reason), "" if row.dartian.figure is not None else "nothing measured")


def _is_reached(goal: Goal, row: Row) -> bool | None:
    match goal.against:
        case Against.LIMIT:
            value = row.of_limit.middle if row.of_limit else None
        case Against.PEER:
            value = row.of_peer.middle if row.of_peer else None
        case Against.NOTHING:
            value = row.dartian.figure
    if value is None:
        return None
    return value >= goal.bound if goal.unit.more_is_better else value <= goal.bound


def _in_words(goal: Goal) -> str:
    sign = "≥" if goal.unit.more_is_better else "≤"
    if goal.against is Against.NOTHING:
        return f"{sign} {goal.bound:g} {goal.unit}"
    words = f"{sign} {goal.bound:.3g} × {goal.against}"
    return f"{words} ({goal.said})" if goal.said else words
