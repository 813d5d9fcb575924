"""What the pages of docs/ show is run as it stands there, block after block, in an application like the reader's."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from dartian_queue import JobContext
from dartian_queue.options import DispatchOptions, JobOptions
from dartian_queue.testing import FakeQueue
from tests.examples.commands import BIN, run
from tests.examples.page_blocks import CHECKS, DOCS, NOT_RUN, Reader, blocks_of, understand
from tests.faults import test_storage_users

PAGES = ["first-job.md", "configuration.md", "testing.md", "deploying.md", "coming-from.md"]
FROM_NOTHING = {"first-job.md"}
"""Pages whose reader has no application yet."""


@pytest.fixture
def reader(tmp_path: Path, page: str) -> Reader:
    if page in FROM_NOTHING:
        return Reader(tmp_path, companion=True)
    return shop_in(tmp_path)


def shop_in(folder: Path) -> Reader:
    """Return the reader of a new application, in which one job waits."""
    dartian(folder, "new", "shop")
    shop = folder / "shop"
    dartian(shop, "make:job", "ProcessPodcast", "podcast_id:int")
    dartian(shop, "job:dispatch", "ProcessPodcast", "podcast_id=1", "--id", "first")
    return Reader(shop)


def dartian(folder: Path, *words: str) -> str:
    done = run([str(BIN / "dartian"), *words], folder)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


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


@pytest.mark.parametrize("page", [*PAGES, "../README.md"])
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    text = (DOCS / page).read_text()
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert link.startswith("https://") or (DOCS / page).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_names_is_understood(page: str) -> None:
    for command in sorted(set(re.findall(r"`dartian ([a-z]+:?[a-z]*[^`]*)`", (DOCS / page).read_text()))):
        understand(["dartian", *shlex.split(command)])


def test_what_a_newcomer_is_told_to_write_is_there() -> None:
    page = (DOCS / "coming-from.md").read_text()
    named = {kind: set(re.findall(rf"`{kind}\.(\w+)", page)) for kind in ("context", "queue")}
    assert named["context"] <= set(dir(JobContext)) | {"id", "attempt"}
    assert named["queue"] == {"drain", "assert_dispatched"} <= set(dir(FakeQueue))
    written = " ".join(re.findall(r"`(?:await )?dispatch\(\w+(?:\(\w+\))?, ([^`]+)\)`", page))
    assert set(re.findall(r"(\w+)=", written)) <= set(DispatchOptions.__struct_fields__)
    ours = "\n".join(row.split(" | ")[1] for row in re.findall(r"^\| .* \|$", page, re.MULTILINE))
    keywords = set(re.findall(r"`([a-z_]+)=", ours))
    assert keywords <= set(JobOptions.__struct_fields__)
    assert {"tries", "backoff", "fail_on", "retry_on", "retry_until"} <= keywords


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the program sqlite3 is not installed")
@pytest.mark.parametrize("language", ["sh", "python"])
def test_the_backup_of_the_page_is_restored_as_it_says(language: str, tmp_path: Path) -> None:
    reader = shop_in(tmp_path)
    about = [block for block in blocks_of("deploying.md") if "backups/" in block.text]
    (backup,) = [block for block in about if block.language == language and "unfinished" in block.text]
    (restore,) = [block for block in about if "unfinished" not in block.text]
    reader.take(backup)
    dartian(reader.folder, "job:dispatch", "ProcessPodcast", "podcast_id=2", "--id", "second")
    dartian(reader.folder, "queue:work", "--stop-when-empty")
    reader.take(restore)
    assert '"ready":1' in dartian(reader.folder, "queue:status", "--json").replace(" ", "")
    assert "ProcessPodcast 1" in dartian(reader.folder, "queue:work", "--stop-when-empty")


def test_the_modes_of_the_page_are_those_of_the_experiment_with_two_users() -> None:
    page = (DOCS / "deploying.md").read_text()
    source = Path(test_storage_users.__file__).read_text()
    for mode in re.findall(r"(?:install.* -m|chmod) (2770|660) .*shop", page):
        assert f"0o{mode}" in source
    assert len(re.findall(r"(?:install.* -m|chmod) (?:2770|660) ", page)) == 4
