"""What docs/web.md shows lies in examples/, and its commands make all of that which is not written by hand."""

import re
import shutil
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser, SectionProxy
from pathlib import Path

import pytest

from tests.examples.page_blocks import DOCS, blocks_of
from tests.examples.site import Site

ROOT = Path(__file__).parents[2]
PAGE = (DOCS / "web.md").read_text()
BLOCKS = blocks_of("web.md")


def named(*languages: str) -> list[tuple[str, str]]:
    """Return the blocks of these languages, each with the place in its first line."""
    found = [block.text.partition("\n") for block in BLOCKS if block.language in languages]
    return [(first.removeprefix("# "), text) for first, _, text in found]


EXCERPTS = named("python", "procfile")
COMMANDS = {path.removeprefix("examples/"): text.splitlines() for path, text in named("sh")}


@pytest.fixture
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    made = Site(getattr(request, "param", "fastapi"), tmp_path)
    yield made
    made.close()


def test_every_block_is_of_a_kind_that_is_tested_here() -> None:
    assert {block.language for block in BLOCKS} == {"ini", "procfile", "python", "sh"}
    assert PAGE.count("```") == 2 * len(BLOCKS)


@pytest.mark.parametrize(("path", "text"), EXCERPTS, ids=[path for path, _ in EXCERPTS])
def test_an_excerpt_stands_in_its_file(path: str, text: str) -> None:
    assert f"\n{text}" in "\n" + (ROOT / path).read_text()


@pytest.mark.parametrize("site", COMMANDS, indirect=True)
def test_the_commands_make_what_the_example_has(site: Site) -> None:
    """Take away what they make, and let them make it again: the same files, registries, and classes with options."""
    name = site.root.name
    kept = site.root.with_name("kept")
    shutil.copytree(site.root, kept)
    for path in [*site.root.glob("*/jobs"), site.root / "tests", site.root / "config"]:
        shutil.rmtree(path, ignore_errors=True)
    pyproject = site.root / "pyproject.toml"
    settings, ours, after = re.split(r"(\[tool\.dartian\]\n.*\n\n)", pyproject.read_text())
    pyproject.write_text(settings + after)
    assert "jobs = " in ours
    before = sources(site.root)
    for command in COMMANDS[name]:
        site.run(command)
    assert tomllib.loads(pyproject.read_text()) == tomllib.loads((kept / "pyproject.toml").read_text())
    made = sources(site.root) - before
    assert len(made) >= 5
    for path in made:
        generated, example = (site.root / path).read_text(), (kept / path).read_text()
        if path.name in ("__init__.py", "queue.py"):
            assert generated == example, path
        for line in re.findall(
            r"^class .*\(Job.*|^def test_is_dispatched.*|^def test_does_its_work", generated, re.MULTILINE
        ):
            assert line in example, path


def sources(root: Path) -> set[Path]:
    return {path.relative_to(root) for path in root.rglob("*.py")}


def test_the_unit_of_the_web_server_is_like_its_procfile_and_goes_with_that_of_the_worker(site: Site) -> None:
    (web,) = (unit_of(text) for language, text in BLOCKS if language == "ini")
    (worker,) = (unit_of(text) for language, text in blocks_of("deploying.md") if language == "ini")
    environment, _, command = site.procfile("web").partition(" ")
    assert web["ExecStart"] == f"{web['WorkingDirectory']}/.venv/bin/{command.replace('${PORT:-8000}', '8000')}"
    assert web["Environment"].split() == [environment, *worker["Environment"].split()]
    for shared in ("User", "WorkingDirectory", "StateDirectory", "StateDirectoryMode", "Restart"):
        assert web[shared] == worker[shared]


def unit_of(text: str) -> SectionProxy:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text)
    return unit["Service"]


def test_the_page_names_only_what_there_is() -> None:
    for path in re.findall(r"\]\((?!#)([^)#]+)", PAGE):
        assert (ROOT / "docs" / path).exists(), path
    headings = {line.lstrip("# ").lower().replace(" ", "-") for line in PAGE.splitlines() if line.startswith("#")}
    assert set(re.findall(r"\]\(#([^)]+)", PAGE)) <= headings
