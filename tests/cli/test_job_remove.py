"""``job:remove`` in a real application: what is in the way is told, undo brings all back, and folders go too."""

from pathlib import Path

import pytest

from tests.cli.test_source import tree
from tests.cli.typing_at import Terminal, dartian

AGAIN = "\nTo have it back: dartian undo\nRestart the workers, so that they forget it: dartian queue:restart\n"
FORCE = "  All the same: dartian job:remove ProcessPodcast --force\n"


def source(shop: Path) -> dict[str, bytes]:
    """Return all files but those of the store and of the history."""
    return {path: content for path, content in tree(shop).items() if not path.startswith(("storage", ".dartian"))}


def folders(shop: Path) -> set[str]:
    found = {path.relative_to(shop).as_posix() for path in shop.rglob("*") if path.is_dir()}
    return {path for path in found if not path.startswith(("storage", ".dartian")) and "__pycache__" not in path}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    dartian(tmp_path, "new", "shop")
    return tmp_path / "shop"


@pytest.mark.parametrize("name", ["ProcessPodcast", "audio/deep/ProcessPodcast"])
def test_the_application_is_as_it_was_and_undo_brings_the_job_back(name: str, shop: Path) -> None:
    before, places = source(shop), folders(shop)
    dartian(shop, "make:job", name, "podcast_id:int", "--queue", "media")
    dartian(shop, "job:run", name.replace("/", "."), "podcast_id=1")
    made = source(shop)
    removed = dartian(shop, "job:remove", "process-podcast")
    assert "  remove     app/jobs/" in removed.out
    assert removed.out.endswith(AGAIN)
    assert source(shop) == before
    assert folders(shop) == places
    assert "No jobs in app.jobs." in dartian(shop, "job:list").out
    dartian(shop, "undo")
    assert source(shop) == made
    dartian(shop, "job:run", name.replace("/", "."), "podcast_id=1")


def test_jobs_that_wait_are_in_the_way_in_every_store(shop: Path) -> None:
    dartian(shop, "make:job", "ProcessPodcast", "podcast_id:int")
    (shop / "config/queue.py").write_text(
        "from dartian_queue import Config, Connection\n\n"
        'far = Connection(driver="isolate", store="storage/far.sqlite3")\n'
        'config = Config(connections={"isolate": Connection(driver="isolate"), "far": far})\n'
    )
    made = source(shop)
    refused = "error: ProcessPodcast is not removed: {} of its name {}\n"
    dartian(shop, "job:dispatch", "ProcessPodcast", "podcast_id=1", "--connection", "far", "--delay", "1h")
    assert dartian(shop, "job:remove", "ProcessPodcast", code=5).err == (
        refused.format("1 job", "waits or runs")
        + "  Nothing was changed. Run them: dartian queue:work, or dartian queue:cancel ID\n"
        + FORCE
    )
    dartian(shop, "job:dispatch", "ProcessPodcast", "podcast_id=1")
    assert refused.format("2 jobs", "wait or run") in dartian(shop, "job:remove", "ProcessPodcast", code=5).err
    assert source(shop) == made
    forced = dartian(shop, "job:remove", "ProcessPodcast", "--force")
    assert "  left in the store: 2 jobs, which no class can run any more\n" in forced.out
    dartian(shop, "undo")
    dartian(shop, "queue:clear", "--yes")
    dartian(shop, "queue:clear", "far", "--yes")
    dartian(shop, "job:remove", "ProcessPodcast")
    assert not (shop / "app/jobs/process_podcast.py").exists()


def test_a_store_is_never_made_and_one_that_cannot_be_asked_holds_nobody_up_who_forces(shop: Path) -> None:
    dartian(shop, "make:job", "ProcessPodcast")
    dartian(shop, "job:remove", "ProcessPodcast", "--dry-run")
    assert not (shop / "storage/queue.sqlite3").exists()
    (shop / "storage").mkdir(exist_ok=True)
    (shop / "storage/queue.sqlite3").write_text("no database" * 100)
    assert "queue.sqlite3" in dartian(shop, "job:remove", "ProcessPodcast", code=4).err
    forced = dartian(shop, "job:remove", "ProcessPodcast", "--force")
    assert forced.err.startswith("The stored jobs were not counted: ")
    assert not (shop / "app/jobs/process_podcast.py").exists()


def test_what_was_edited_and_what_names_it_is_told(shop: Path) -> None:
    dartian(shop, "make:job", "ProcessPodcast", "podcast_id:int")
    job = shop / "app/jobs/process_podcast.py"
    job.write_text(job.read_text().replace("print(", "return print("))
    (shop / "app/api.py").write_text("from app.jobs import ProcessPodcast\n\njobs = [ProcessPodcast(1)]\n")
    made = source(shop)
    assert dartian(shop, "job:remove", "ProcessPodcast", code=5).err == (
        "error: ProcessPodcast is not removed: it was edited by hand (app/jobs/process_podcast.py:13); "
        "it is named in app/api.py:1, app/api.py:3\n"
        "  Nothing was changed. Take it out there first.\n" + FORCE
    )
    assert source(shop) == made
    shown = dartian(shop, "job:remove", "ProcessPodcast", "--force", "--dry-run").out
    assert "  left as it is: app/api.py:3 names ProcessPodcast\n" in shown
    assert "-        return print(" in shown
    dartian(shop, "job:remove", "ProcessPodcast", "--force", "--check", code=1)
    assert source(shop) == made
    data = dartian(shop, "job:remove", "ProcessPodcast", "--force", "--json").data()
    assert {change["path"]: change["verb"] for change in data["changes"]} == {
        "app/jobs/__init__.py": "edit",
        "app/jobs/process_podcast.py": "remove",
        "tests/jobs/__init__.py": "remove",
        "tests/jobs/test_process_podcast.py": "remove",
    }
    assert len(data["notes"]) == 2
    assert "did you mean" not in dartian(shop, "job:remove", "ProcessPodcast", code=2).err


@pytest.mark.parametrize(("answer", "stays"), [("n", True), ("", False), ("y", False)])
def test_on_a_terminal_it_is_shown_and_asked(answer: str, stays: bool, shop: Path) -> None:
    dartian(shop, "make:job", "ProcessPodcast")
    typing = Terminal(shop, "job:remove", "ProcessPodcast")
    try:
        typing.wait_for("Remove ProcessPodcast? [yes/no]")
        typing.type(f"{answer}\r")
        assert typing.end() == stays
    finally:
        typing.close()
    assert (shop / "app/jobs/process_podcast.py").exists() == stays
    if stays:
        assert "Nothing was changed." in typing.text
        dartian(shop, "job:remove", "ProcessPodcast", "--yes")
        assert not (shop / "app/jobs/process_podcast.py").exists()
