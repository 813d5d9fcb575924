"""The documents say what the code says."""

import re
from pathlib import Path

import pytest

from dartian_queue.states import TRANSITIONS
from docs.made import PARTS, page, proofs

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", PARTS)
def test_what_pages_show_of_the_code_is_made_from_it(name: str) -> None:
    assert page(name) == (ROOT / "docs" / name).read_text(), "run: python -m docs.made"


def test_every_file_that_internals_names_exists() -> None:
    text = (ROOT / "docs" / "internals.md").read_text()
    rooms = ("dartian_queue", "dartian_cli", "bench", "docs", "tests")
    files = [path.relative_to(ROOT).as_posix() for room in rooms for path in (ROOT / room).rglob("*.py")]
    named = set(re.findall(r"`([a-z_/]+\.py)`", text))
    assert not {name for name in named if not any(f"/{file}".endswith(f"/{name}") for file in files)}


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "docs/faults.md", "docs/lifecycle.md"])
def test_every_test_that_a_page_names_exists(page: str) -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / page).read_text()))
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert named
    assert not {name for name in named if f"def {name}(" not in tests}


def test_every_row_and_every_invariant_of_the_lifecycle_has_a_test_of_its_name() -> None:
    text = (ROOT / "docs" / "lifecycle.md").read_text()
    invariants = re.findall(r"^\| (I\d) \| (?!`test_)", text, re.MULTILINE)
    assert len(invariants) == 8
    tested = re.findall(r"^\| (\w+) \| `test_", proofs(), re.MULTILINE)
    assert tested == [
        *sorted({row.key for row in TRANSITIONS}, key=lambda key: (len(key.rstrip("bc")), key)),
        *invariants,
    ]


def test_no_page_names_the_machine_it_was_written_on() -> None:
    suspicious = re.compile(r"/(?:root|home/\w+|work)/|index-url|pypi\.org/simple")
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "pyproject.toml", ROOT / "Makefile"]:
        assert not suspicious.search(path.read_text()), path
