"""The commands that write source: make:job, new and stub:publish."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dartian_cli.stubs import packaged_stubs
from tests.cli.typing_at import Terminal, clean, dartian
from tests.scene import Scene


def tree(root: Path) -> dict[str, bytes]:
    """Return every file of a folder, but for what Python and Dartian keep for themselves."""
    own = {"__pycache__", ".dartian"}
    paths = (path for path in root.rglob("*") if path.is_file() and not own & set(path.parts))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def test_from_an_empty_folder_to_a_finished_job(tmp_path: Path) -> None:
    made = dartian(tmp_path, "new", "shop")
    assert "  create     app/jobs/__init__.py" in made.out
    assert made.out.endswith("Next:\n  cd shop\n  dartian make:job ProcessPodcast podcast_id:int\n")
    shop = tmp_path / "shop"
    job = dartian(shop, "make:job", "ProcessPodcast", "podcast_id:int", "quality:str=high", "--queue", "media")
    assert job.out.endswith(
        "Next:\n"
        "  dartian job:run ProcessPodcast podcast_id=123       here and now\n"
        "  dartian job:dispatch ProcessPodcast podcast_id=123  for dartian queue:work\n"
    )
    commands = [line.split("  ")[1].split() for line in job.out.splitlines()[-2:]]
    for command in commands:
        dartian(shop, *command[1:])
    worked = dartian(shop, "queue:work", "--stop-when-empty", "--isolates", "1")
    assert "output    ProcessPodcast" in worked.out
    assert "  done      ProcessPodcast" in worked.out


def test_every_option_becomes_its_class_keyword(shop: Scene) -> None:
    options = (
        "--queue media --connection isolate --priority -5 --tries 3 --backoff 3,10,1m --timeout 2m --fail-on-timeout "
        "--retry-until 2h --max-exceptions 2 --delay 1.5 --tags podcast:{podcast_id},loud --isolate fresh "
        "--sync --no-test"
    )
    dartian(shop.root, "make:job", "Everything", "podcast_id:int", *options.split())
    text = (shop.root / "app" / "jobs" / "everything.py").read_text()
    keywords = [
        'connection="isolate"', 'queue="media"', "priority=-5", "tries=3", "backoff=[3, 10, 60]", "timeout=120",
        "fail_on_timeout=True", "retry_until=7200", "max_exceptions=2", "delay=1.5",
        'tags=["podcast:{podcast_id}", "loud"]', 'isolate="fresh"',
    ]  # fmt: skip
    assert all(keyword in text for keyword in keywords), text
    assert "    def handle(self)" in text
    assert not (shop.root / "tests").exists()
    assert '"Everything"' in (shop.root / "app" / "jobs" / "__init__.py").read_text()
    (facts,) = [job for job in dartian(shop.root, "job:list", "--json").data() if job["name"] == "Everything"]
    assert facts["options"]["timeout"] == "120"


def test_twice_is_identical_and_a_conflict_is_exit_5(shop: Scene) -> None:
    dartian(shop.root, "make:job", "Again")
    before = tree(shop.root)
    assert dartian(shop.root, "make:job", "Again").out.count("  identical  ") == 3
    refused = dartian(shop.root, "make:job", "Again", "count:int", code=5)
    assert refused.err == (
        "error: app/jobs/again.py and 1 more exist already and differ from what would be generated\n"
        "  What is there is yours: edit it by hand. To see the difference add --dry-run, to replace it add --force.\n"
        "  To change the fields of the class that is there: dartian job:field Again add count:int\n"
    )
    plan = dartian(shop.root, "make:job", "Again", "count:int", "--dry-run", "--json").data()
    assert plan["notes"] == ["To change the fields of the class that is there: dartian job:field Again add count:int"]
    assert tree(shop.root) == before
    forced = dartian(shop.root, "make:job", "Again", "count:int", "--force")
    assert "  overwrite  app/jobs/again.py" in forced.out
    assert "count: int" in (shop.root / "app" / "jobs" / "again.py").read_text()


def test_a_dry_run_and_a_check_touch_nothing(shop: Scene) -> None:
    before = tree(shop.root)
    shown = dartian(shop.root, "make:job", "Dry", "--dry-run").out
    assert "+class Dry(Job):" in shown
    assert "\x1b" not in shown
    assert "Next:" not in shown
    assert (
        "\x1b[32m+class Dry(Job):" in dartian(shop.root, "make:job", "Dry", "--dry-run", env={"FORCE_COLOR": "1"}).out
    )
    dartian(shop.root, "make:job", "Dry", "--check", code=1)
    assert tree(shop.root) == before
    dartian(shop.root, "make:job", "Dry")
    dartian(shop.root, "make:job", "Dry", "--check", code=0)
    dartian(shop.root, "make:job", "Dry", "count:int", "--check", code=1)


def test_the_plan_as_json(shop: Scene) -> None:
    plan = dartian(shop.root, "make:job", "Plan", "--json", "--dry-run").data()
    assert set(plan) == {"changes", "notes"}
    assert all(set(change) == {"verb", "path", "to", "diff"} for change in plan["changes"])
    assert not (shop.root / "app" / "jobs" / "plan.py").exists()
    assert dartian(shop.root, "make:job", "Plan", "--json").data() == plan
    assert (shop.root / "app" / "jobs" / "plan.py").exists()


def test_a_missing_name_is_asked_for_on_a_terminal_only(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    err = dartian(shop.root, "make:job", code=2).err
    assert err == "error: make:job needs a NAME\n  For example: dartian make:job ProcessPodcast podcast_id:int\n"
    shown = terminal("make:job")
    shown.wait_for("What is the job called")
    shown.type("Asked\n")
    shown.wait_for("Which fields does it have")
    shown.type("count:int\n")
    assert shown.end() == 0
    assert "count: int" in (shop.root / "app" / "jobs" / "asked.py").read_text()


@pytest.mark.parametrize(("answer", "kept"), [("k", True), ("o", False), ("\n", True)])
def test_a_conflict_asks_on_a_terminal(answer: str, kept: bool, shop: Scene, terminal: Callable[..., Terminal]) -> None:
    dartian(shop.root, "make:job", "Mine", "--no-test")
    path = shop.root / "app" / "jobs" / "mine.py"
    path.write_text(path.read_text() + "# by hand\n")
    shown = terminal("make:job", "Mine", "count:int", "--no-test")
    shown.wait_for("To change the fields of the class that is there")
    shown.wait_for("app/jobs/mine.py exists and differs: [keep/overwrite/diff]")
    shown.type("d\n")
    shown.wait_for("-# by hand")
    shown.type(answer if answer == "\n" else f"{answer}\n")
    assert shown.end() == 0
    assert ("# by hand" in path.read_text()) is kept


def test_ctrl_c_at_a_question_changes_nothing(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    before = tree(shop.root)
    shown = terminal("make:job")
    shown.wait_for("What is the job called")
    shown.type("\x03")
    assert shown.end() == 130
    assert tree(shop.root) == before


@pytest.mark.parametrize("name", ["class", "ValueError", "Job", "../Evil", "1st"])
def test_a_name_that_cannot_work_is_exit_2(name: str, shop: Scene) -> None:
    before = tree(shop.root)
    answer = dartian(shop.root, "make:job", name, code=2)
    assert 1 <= len(answer.err.splitlines()) <= 3
    assert tree(shop.root) == before


def test_new_refuses_what_is_there_already(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    (tmp_path / "file").touch()
    assert "full is not empty: it holds notes.txt" in dartian(tmp_path, "new", "full", code=5).err
    assert "file is a file" in dartian(tmp_path, "new", "file", code=5).err
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes.txt"]
    dartian(tmp_path, "new", "shop")
    before = tree(tmp_path / "shop")
    assert "  identical  " in dartian(tmp_path, "new", "shop").out
    assert tree(tmp_path / "shop") == before


def test_new_refuses_an_empty_path(tmp_path: Path) -> None:
    answer = dartian(tmp_path, "new", "", code=2)
    assert answer.err == "error: PATH is empty\n  For the folder that you are in: dartian new .\n"
    assert not list(tmp_path.iterdir())


def test_new_where_only_git_has_been(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert "cd " not in dartian(tmp_path, "new", ".").out


def test_the_tests_of_a_new_application_pass(tmp_path: Path) -> None:
    dartian(tmp_path, "new", "shop")
    dartian(tmp_path / "shop", "make:job", "ProcessPodcast", "podcast_id:int")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "shop", env=clean(), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "shop" / "storage").exists()


def test_stubs_are_published_and_win(shop: Scene) -> None:
    out = dartian(shop.root, "stub:publish").out
    assert all(f"  create     stubs/{name}.jinja" in out for name in packaged_stubs())
    stub = shop.root / "stubs" / "job.py.jinja"
    stub.write_text(stub.read_text() + "# ours\n")
    made = dartian(shop.root, "make:job", "Ours", "--no-test").out
    assert "from your own stub stubs/job.py.jinja" in made
    assert (shop.root / "app" / "jobs" / "ours.py").read_text().endswith("# ours\n")
    assert "stubs/job.py.jinja exists already" in dartian(shop.root, "stub:publish", "job.py", code=5).err
    err = dartian(shop.root, "stub:publish", "jop.py", code=2).err
    assert err.startswith("error: there is no stub 'jop.py'; did you mean 'job.py'?\n")
