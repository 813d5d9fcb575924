"""``job:field`` in a real application: what was dispatched before still runs afterwards, and undo brings all back."""

from pathlib import Path

import pytest

from tests.cli.test_source import tree
from tests.cli.typing_at import Terminal, dartian


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    dartian(tmp_path, "new", "shop")
    dartian(tmp_path / "shop", "make:job", "ProcessPodcast", "podcast:int", "quality:str=high")
    return tmp_path / "shop"


def test_jobs_that_wait_run_with_the_fields_of_now(shop: Path) -> None:
    dartian(shop, "job:dispatch", "ProcessPodcast", "podcast=7", "quality=low")
    before = tree(shop)
    renamed = dartian(shop, "job:field", "process-podcast", "rename", "podcast", "podcast_id")
    assert "  edit       app/jobs/process_podcast.py\n" in renamed.out
    assert "  edit       tests/jobs/test_process_podcast.py\n" in renamed.out
    assert renamed.out.endswith("\nRestart the workers, so that they know the fields: dartian queue:restart\n")
    dartian(shop, "job:field", "ProcessPodcast", "remove", "quality")
    dartian(shop, "job:field", "ProcessPodcast", "add", "tags:list:str=[]")
    job = shop / "app/jobs/process_podcast.py"
    job.write_text(job.read_text().replace("print(", 'print("tags", self.tags, '))
    (listed,) = dartian(shop, "job:list", "--json").data()
    assert [field["name"] for field in listed["fields"]] == ["podcast_id", "tags"]
    assert listed["options"]["renamed_fields"] == "{'podcast': 'podcast_id'}"
    assert listed["options"]["removed_fields"] == "['quality']"
    worked = dartian(shop, "queue:work", "--stop-when-empty", "--isolates", "1")
    assert "tags [] ProcessPodcast 7" in worked.out
    assert "done 1, retried 0, failed 0" in worked.out
    job.write_text(job.read_text().replace('print("tags", self.tags, ', "print("))
    for _ in range(3):
        dartian(shop, "undo")
    after = tree(shop)
    assert {path: content for path, content in after.items() if not path.startswith("storage")} == {
        path: content for path, content in before.items() if not path.startswith("storage")
    }


def test_it_is_shown_before_it_is_done(shop: Path) -> None:
    before = tree(shop)
    shown = dartian(shop, "job:field", "ProcessPodcast", "rename", "podcast", "podcast_id", "--dry-run")
    assert '+class ProcessPodcast(Job, renamed_fields={"podcast": "podcast_id"}):' in shown.out
    dartian(shop, "job:field", "ProcessPodcast", "remove", "quality", "--check", code=1)
    data = dartian(shop, "job:field", "ProcessPodcast", "add", "size:int=3", "--dry-run", "--json").data()
    assert [change["verb"] for change in data["changes"]] == ["edit"]
    assert tree(shop) == before


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["delete", "quality"], 2, "error: job:field has no 'delete', but add, remove and rename\n"),
        (["renam", "a", "b"], 2, "error: job:field has no 'renam'; did you mean 'rename'?\n"),
        (["rename", "podcast"], 2, "error: rename takes the old name and the new one, not 1\n"),
        (["remove"], 2, "error: remove needs a field\n"),
        (["add"], 2, "  For example: dartian job:field ProcessPodcast add quality:str=high\n"),
        (["add", "size:int"], 2, "  Write size:int=0, or size:int? for None\n"),
        (["add", "size:int=1", "--force"], 2, "error: --force is for remove, and add needs none\n"),
        (["remove", "podcast"], 5, "error: ProcessPodcast.podcast is still needed: app/jobs/process_podcast.py:14\n"),
    ],
)
def test_a_mistake_is_told_with_what_to_type(shop: Path, arguments: list[str], code: int, told: str) -> None:
    before = tree(shop)
    assert told in dartian(shop, "job:field", "ProcessPodcast", *arguments, code=code).err
    assert tree(shop) == before


def test_a_default_that_is_missing_is_asked_for_on_a_terminal(shop: Path) -> None:
    typing = Terminal(shop, "job:field", "ProcessPodcast", "add", "size:int")
    try:
        typing.wait_for("Which default has size: int?")
        typing.type("3\r")
        assert typing.end() == 0
    finally:
        typing.close()
    assert "    size: int = 3\n" in (shop / "app/jobs/process_podcast.py").read_text()
