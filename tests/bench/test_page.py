"""The page and its plots: what lies between the marks is written, nothing else is."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.experiment import Reading
from bench.page import write_page
from bench.plots import plots
from bench.results import Measured, Results, Series

SVG = "{http://www.w3.org/2000/svg}"
MARKS = (
    "<!-- measured by: python -m bench --write docs/performance.md -->\n<!-- end of the table -->\n"
    "<!-- drawn by: python -m bench --write docs/performance.md -->\n<!-- end of the plots -->\n"
)


def results() -> Results:
    delays = Measured([Reading((0.5, 2.0), tuple(0.4 + 0.1 * number for number in range(20)))])
    isolates = [Series("Dartian", [(1, 20_000.0), (2, 30_000.0)]), Series("bare <workers>", [(1, 50_000.0)])]
    depth = [Series("Dartian", [(10_000, 20_000.0), (100_000, 19_000.0), (1_000_000, 18_500.0)])]
    return Results({}, 1, [], {"waiting": {"Dartian": delays}}, {"isolates": isolates, "depth": depth})


def test_a_page_is_written_between_its_marks_as_often_as_one_likes(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"# Before\n\n{MARKS}\nAfter\n")
    written = write_page(page, results())
    once = page.read_text()
    assert once.startswith("# Before\n\n<!-- measured")
    assert once.endswith("<!-- end of the plots -->\n\nAfter\n")
    assert "| what | Dartian |" in once
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "performance.md",
        "performance/isolates.svg",
        "performance/depth.svg",
        "performance/waiting.svg",
    ]
    assert all(f"({path.relative_to(tmp_path)})" in once for path in written[1:])
    write_page(page, results())
    assert page.read_text() == once


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here")
    with pytest.raises(ValueError, match=r"page\.md needs the lines <!-- measured by"):
        write_page(page, results())
    assert page.read_text() == "nothing here"
    assert list(tmp_path.iterdir()) == [page]


def test_a_plot_shows_its_points_where_they_belong() -> None:
    (isolates, depth, waiting) = plots(results())
    drawn = ET.fromstring(isolates.svg())
    lines = [line.get("points", "").split() for line in drawn.iter(f"{SVG}polyline")]
    (low, high), (bare,) = ([tuple(map(float, point.split(","))) for point in line] for line in lines)
    assert low[0] == bare[0] < high[0]
    assert low[1] > high[1] > bare[1], "what is more lies higher"
    assert "bare <workers>" in [text.text for text in drawn.iter(f"{SVG}text")]
    along = [
        point.split(",")[0]
        for point in next(ET.fromstring(depth.svg()).iter(f"{SVG}polyline")).get("points", "").split()
    ]
    first, second, third = map(float, along)
    assert abs((second - first) - (third - second)) < 0.2, "each power of ten is as wide"
    assert len(next(ET.fromstring(waiting.svg()).iter(f"{SVG}polyline")).get("points", "").split()) == 20


def test_a_run_without_series_has_no_plots() -> None:
    assert plots(Results({}, 1, [], {})) == []
