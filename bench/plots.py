"""The plots of a run: throughput against isolates and against depth, and how the delays of a waiting worker are spread.

Each is drawn as SVG, a few lines of text, so that nothing is needed to draw or to show it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bench.results import Measured, Results, Series

__all__ = ["Plot", "plots"]

_WIDTH, _HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 150, 40, 50
_COLOURS = ("#0b6e4f", "#888888", "#c8553d", "#2c5f9e", "#a0782c")
_TICKS = 5


@dataclass(frozen=True)
class Plot:
    """Lines over two axes."""

    name: str
    title: str
    across: str
    up: str
    series: Sequence[Series]
    logarithmic: bool = False
    """Whether the axis across is."""

    def svg(self) -> str:
        """Return it drawn."""
        points = [point for one in self.series for point in one.points]
        across = _Axis([x for x, _ in points], _LEFT, _WIDTH - _RIGHT, logarithmic=self.logarithmic)
        up = _Axis([0.0, *(y for _, y in points)], _HEIGHT - _BOTTOM, _TOP)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
            ' font-size="11">',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
            _text(_WIDTH / 2, 20, self.title, "middle", size=14),
            _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 12, self.across, "middle"),
            _text(_LEFT, _TOP - 8, self.up, "middle"),
            *(_grid(up.place(value), _LEFT - 6, _short(value)) for value in up.ticks()),
            *(_text(across.place(value), _HEIGHT - _BOTTOM + 16, _short(value), "middle") for value in across.ticks()),
        ]
        for number, one in enumerate(self.series):
            parts += _line(one, _COLOURS[number % len(_COLOURS)], number, across, up)
        return "\n".join([*parts, "</svg>"]) + "\n"


class _Axis:
    """Where values lie between two ends of the picture."""

    def __init__(self, values: Sequence[float], start: float, end: float, *, logarithmic: bool = False) -> None:
        self._scale: Callable[[float], float] = math.log10 if logarithmic else float
        self._logarithmic = logarithmic
        self._values = sorted(set(values))
        self._start, self._end = start, end
        self._low, self._high = self._scale(self._values[0]), self._scale(self._values[-1])

    def place(self, value: float) -> float:
        """Return where a value lies."""
        share = (self._scale(value) - self._low) / ((self._high - self._low) or 1.0)
        return self._start + share * (self._end - self._start)

    def ticks(self) -> list[float]:
        """Return the values that are written beside it: powers of ten, or multiples of a round number."""
        if self._logarithmic:
            return [10.0**power for power in range(math.ceil(self._low - 1e-9), math.floor(self._high + 1e-9) + 1)]
        step = _round_up((self._high - self._low) / _TICKS or 1.0)
        return [step * number for number in range(math.ceil(self._low / step), math.floor(self._high / step) + 1)]


def plots(results: Results) -> list[Plot]:
    """Return the plots for which the run has the figures."""
    made: list[Plot] = []
    if isolates := results.series.get("isolates"):
        made.append(Plot("isolates", "Throughput against isolates", "isolates", "jobs/s", isolates))
    if depth := results.series.get("depth"):
        title = "Throughput against depth"
        made.append(Plot("depth", title, "jobs that wait behind", "jobs/s", depth, logarithmic=True))
    if delays := _distributions(results.measured.get("waiting", {})):
        title = "From before dispatch to inside handle, a waiting worker"
        made.append(Plot("waiting", title, "ms", "% of jobs begun", delays, logarithmic=True))
    return made


def _distributions(sides: dict[str, Measured]) -> list[Series]:
    """Return for each side which share of its jobs had begun after what time."""
    series: list[Series] = []
    for name, measured in sides.items():
        samples = sorted(sample for reading in measured.readings for sample in reading.samples)
        if samples:
            share = 100.0 / len(samples)
            series.append(Series(name, [(sample, share * place) for place, sample in enumerate(samples, start=1)]))
    return series


def _line(series: Series, colour: str, number: int, across: _Axis, up: _Axis) -> list[str]:
    places = [(across.place(x), up.place(y)) for x, y in series.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    legend = _TOP + 14 * number + 8
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(dots if len(dots) <= 10 else []),
        f'<rect x="{_WIDTH - _RIGHT + 14}" y="{legend - 8}" width="10" height="10" fill="{colour}"/>',
        _text(_WIDTH - _RIGHT + 30, legend + 1, series.name, "start"),
    ]


def _grid(y: float, x: float, label: str) -> str:
    rule = f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#dddddd"/>'
    return rule + _text(x, y + 4, label, "end")


def _text(x: float, y: float, words: str, anchor: str, size: int = 11) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(words)}</text>'


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"


def _round_up(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)
