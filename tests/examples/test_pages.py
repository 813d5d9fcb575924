"""What the pages of docs/ show is run as it stands there, block after block, in an application like the reader's."""

import re
from pathlib import Path

import pytest

from tests.examples.commands import BIN, run
from tests.examples.page_blocks import CHECKS, DOCS, NOT_RUN, Reader, blocks_of

PAGES = ["configuration.md", "testing.md"]
FROM_NOTHING = {"first-job.md"}
"""Pages whose reader has no application yet."""


@pytest.fixture
def reader(tmp_path: Path, page: str) -> Reader:
    if page in FROM_NOTHING:
        return Reader(tmp_path)
    made = run([str(BIN / "dartian"), "new", "shop"], tmp_path)
    assert made.returncode == 0, made.stderr
    return Reader(tmp_path / "shop")


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_holds(page: str, reader: Reader) -> None:
    for block in blocks_of(page):
        reader.take(block)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_kind_that_is_checked(page: str) -> None:
    text = (DOCS / page).read_text()
    assert text.count("```") == 2 * len(blocks_of(page))
    assert {block.language for block in blocks_of(page)} <= set(CHECKS)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_not_run_says_why(page: str) -> None:
    for block in blocks_of(page):
        if NOT_RUN.strip() in block.text:
            assert block.text.startswith(NOT_RUN)
            assert len(block.text.splitlines()[0]) > len(NOT_RUN)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (DOCS / page).read_text()):
        assert link.startswith("https://") or (DOCS / link).exists(), link
