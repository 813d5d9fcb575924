"""The table of a run, as text for a terminal and as Markdown for a page."""

from bench.experiment import Against, Unit
from bench.results import Column, Results, Row, Spread

__all__ = ["as_markdown", "as_text"]

_TITLES = ("what", "Dartian", "limit", "best peer", "of limit", "of peer", "goal", "reached")
_BEFORE = "of before"


def as_text(results: Results) -> str:
    """Return the table in columns, and below it what was not measured and where all else was."""
    lines = _lines(results, marks=False)
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    written = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    facts = [f"{name}: {value}" for name, value in results.machine.items()]
    return "\n".join([line.rstrip() for line in written] + ["", *_notes(results), *facts])


def as_markdown(results: Results) -> str:
    """Return the table, and below it what was not measured and where all else was."""
    head, *body = ("| " + " | ".join(line) + " |" for line in _lines(results, marks=True))
    rule = "|---" * len(_lines(results, marks=True)[0]) + "|"
    notes = [f"- {note}" for note in _notes(results)]
    facts = [f"- {name}: {value}" for name, value in results.machine.items()]
    return "\n".join([head, rule, *body, "", *notes, *facts])


def _lines(results: Results, *, marks: bool) -> list[tuple[str, ...]]:
    """Return the cells; ``marks`` are the backticks of Markdown."""
    has_before = any(row.of_before for row in results.rows)
    lines = [(*_TITLES, _BEFORE), *map(_cells, results.rows)]
    return [
        tuple(cell if marks else cell.replace("`", "") for cell in (line if has_before else line[:-1]))
        for line in lines
    ]


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        _figure(row.dartian.figure, row.unit),
        _other(row.limit, row.unit),
        _other(row.peer, row.unit),
        _ratio(row.of_limit, decides=row.against is Against.LIMIT),
        _ratio(row.of_peer, decides=row.against is Against.PEER),
        row.goal,
        "not measured" if row.reached is None else "yes" if row.reached else "no",
        _ratio(row.of_before, decides=True),
    )


def _other(column: Column | None, unit: Unit) -> str:
    return "-" if column is None else f"{_figure(column.figure, unit)} {column.name}"


def _figure(figure: float | None, unit: Unit) -> str:
    if figure is None:
        return "-"
    if unit is Unit.RATE:
        return f"{figure:,.0f}/s"
    digits = 2 if figure < 10 else 1 if figure < 100 else 0
    return f"{figure:,.{digits}f} {unit}"


def _ratio(spread: Spread | None, *, decides: bool) -> str:
    """Return the ratio, and of the one that decides how far the rounds were apart."""
    if spread is None:
        return "-"
    return f"{spread.middle:.2f} ({spread.lowest:.2f} to {spread.highest:.2f})" if decides else f"{spread.middle:.2f}"


def _notes(results: Results) -> list[str]:
    """Return what was not measured, and why."""
    found = {
        f"not measured: {name} in {key}: {side.reason}"
        for key, sides in results.measured.items()
        for name, side in sides.items()
        if side.reason
    }
    return [*sorted(found), f"rounds: {results.rounds}; a ratio is taken in each round, and the middle one shown"]
