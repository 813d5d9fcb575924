"""Writes a run's table and plots into a page, between the marks that it has for them; all else in it stays."""

import re
from pathlib import Path

from bench.plots import plots
from bench.results import Results
from bench.table import as_markdown

__all__ = ["write_page"]

_TABLE = ("<!-- measured by: python -m bench --write docs/performance.md -->\n", "<!-- end of the table -->\n")
_PLOTS = ("<!-- drawn by: python -m bench --write docs/performance.md -->\n", "<!-- end of the plots -->\n")


def write_page(page: Path, results: Results) -> list[Path]:
    """Write the page and the plots beside it; return what was written. ValueError where the marks are missing."""
    text = _between(page.read_text(), _TABLE, as_markdown(results), page)
    folder = page.with_suffix("")
    drawn = plots(results)
    pictures = "\n\n".join(f"![{plot.title}]({folder.name}/{plot.name}.svg)" for plot in drawn)
    page.write_text(_between(text, _PLOTS, pictures, page))
    folder.mkdir(exist_ok=True)
    for plot in drawn:
        (folder / f"{plot.name}.svg").write_text(plot.svg())
    return [page, *(folder / f"{plot.name}.svg" for plot in drawn)]


def _between(text: str, marks: tuple[str, str], new: str, page: Path) -> str:
    start, end = map(re.escape, marks)
    part = re.compile(f"({start}).*?({end})", re.DOTALL)
    written, count = part.subn(lambda found: f"{found[1]}\n{new}\n\n{found[2]}", text)
    if count != 1:
        raise ValueError(f"{page} needs the lines {marks[0].strip()} and {marks[1].strip()}, once each")
    return written
