"""What the pages of docs/ show is run as it stands there, block after block, in an application like the reader's."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from dartian_queue import JobContext
from dartian_queue.options import DispatchOptions, JobOptions
from dartian_queue.settings import Settings
from dartian_queue.stores.sqlite import SqliteStore
from dartian_queue.testing import FakeQueue
from tests.conformance.making import job
from tests.examples.commands import BIN, run
from tests.examples.page_blocks import CHECKS, DOCS, NOT_RUN, Reader, blocks_of, understand

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


def test_the_configuration_page_has_every_function_that_the_file_may_define() -> None:
    hooks = {name for name in Settings.__struct_fields__ if "Callable[" in str(Settings.__annotations__[name])}
    (shown,) = [block.text for block in blocks_of("configuration.md") if block.path == "config/queue.py"]
    assert set(re.findall(r"^def (\w+)", shown, re.MULTILINE)) == hooks


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
def test_the_commands_that_take_root_leave_the_store_as_two_users_of_a_group_need_it(tmp_path: Path) -> None:
    """As tests/faults/test_storage_users.py has it; the group itself is not made."""
    new, in_use = (block.text for block in blocks_of("deploying.md") if block.text.startswith(NOT_RUN))
    place = tmp_path / "shop"
    path = place / "queue.sqlite3"
    for text in (new, in_use):
        lines = [line for line in text.splitlines() if not line.startswith(("group", "usermod"))]
        script = "\n".join(lines).replace("/var/lib/shop", str(place)).replace("shop-queue", "61000")
        subprocess.run(["bash", "-ec", script.replace("-o shop", "-o 61001")], check=True)
        assert (path.stat().st_mode & 0o7777, path.stat().st_gid) == (0o660, 61_000)
        assert (place.stat().st_mode & 0o7777, place.stat().st_gid) == (0o2770, 61_000)
        store = SqliteStore(str(path))
        store.add([job()])
        assert {file.stat().st_mode & 0o777 for file in place.rglob("*") if file.is_file()} == {0o660}
        store.close()
        shutil.rmtree(place)
        place.mkdir(0o700)
        SqliteStore(str(path)).close()
