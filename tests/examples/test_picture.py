"""The picture and the recording in docs/ are what a real run shows, and can be made anew."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from docs import picture, recording
from tests.faults.instruments import FULL

ROOT = Path(__file__).parents[2]
PARTS = (
    "ProcessPodcast │ Processing podcast 123",
    "dartian queue:work · isolate · storage/queue.sqlite3",
    "4 isolates",
    "─ running ─",
    "SendWelcome",
    "drawing",
    "─ finished ─",
    "✔ ResizeImage",
    "↻ ChargeCard",
    "try 2 of 5 in 60s",
    "✘ ImportCsv",
    "ValueError: bad row 17",
    "app/jobs/import_csv.py:12",
    "dartian queue:retry ",
    "failed 1",
)
"""What the README's picture is to show."""


def text_of(svg: str) -> str:
    """Return the text of an SVG without its spaces; it has to be one that asks nothing of a network."""
    assert "url(http" not in svg
    assert "@import" not in svg
    texts = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return squeezed("".join(element.text or "" for element in texts))


def squeezed(text: str) -> str:
    """Return the text without its spaces, of which an SVG leaves out those between two styles."""
    return "".join(text.split())


def test_the_readme_shows_the_picture_and_names_the_recording() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "](docs/display.svg)" in readme.partition("## ")[0]
    assert "docs/demo.cast" in readme


def test_the_picture_that_is_kept_shows_what_it_is_to_show() -> None:
    told = text_of(picture.PICTURE.read_text())
    assert not [part for part in PARTS if squeezed(part) not in told]


def test_the_picture_can_be_made_anew_from_a_real_run() -> None:
    screen = picture.shown()
    told = text_of(picture.draw(screen))
    assert not [part for part in PARTS if squeezed(part) not in told]
    assert squeezed(screen.plain) in told


def check(cast: str) -> None:
    """Assert that it is an asciicast of the whole demo, which names nothing of the machine and is small."""
    head, *events = [json.loads(line) for line in cast.splitlines()]
    assert (head["version"], head["width"], head["height"]) == (2, 100, 30)
    times = [seconds for seconds, _, _ in events]
    assert times == sorted(times)
    assert {kind for _, kind, _ in events} == {"o"}
    told = "".join(text for _, _, text in events)
    assert "$ dartian new demo" in told
    assert told.index("importing the application") < told.index("running ") < told.index("finished ")
    assert re.search(r"Done in \d+ s\. What happened, and what to try next", told)
    assert len(cast.encode()) < 200_000


def test_the_recording_that_is_kept_is_of_the_whole_demo() -> None:
    cast = recording.RECORDING.read_text()
    check(cast)
    assert not re.search(r"/(?:root|home|tmp|work)/", cast)


@pytest.mark.skipif(not FULL, reason="takes as long as the demo, which test_demo.py runs: DARTIAN_FAULTS=full")
def test_the_recording_can_be_made_anew(tmp_path: Path) -> None:
    check(recording.record(str(tmp_path / "demo")))


def test_silences_are_cut_and_letters_that_came_in_two_pieces_are_whole() -> None:
    arrivals = [(5.0, b"one"), (5.25, b"\xe2\x94"), (99.0, b"\x80"), (99.5, b"two")]
    assert [json.loads(line) for line in recording.events(arrivals)] == [
        [0.0, "o", "one"],
        [0.25, "o", ""],
        [1.75, "o", "─"],
        [2.25, "o", "two"],
    ]
