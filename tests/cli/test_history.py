"""``dartian history`` and ``dartian undo``, as they are typed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.cli.test_source import tree
from tests.cli.typing_at import Terminal, clean, dartian
from tests.scene import Scene


def test_what_a_command_wrote_is_listed_shown_and_taken_back(shop: Scene) -> None:
    assert dartian(shop.root, "history").out == "No plan was applied yet.\n"
    assert dartian(shop.root, "history", "--json").data() == []
    before = tree(shop.root)
    dartian(shop.root, "make:job", "Podcast", "title:str=a b")
    after = tree(shop.root)
    heading, row = dartian(shop.root, "history").out.splitlines()
    assert heading.split() == ["plan", "age", "command", "what", "it", "did"]
    assert row.split()[0] == "1"
    assert "dartian make:job Podcast 'title:str=a b'" in row
    assert "create app/jobs/podcast.py, " in row
    assert row.endswith("; edit app/jobs/__init__.py")
    shown = dartian(shop.root, "history", "1").out
    assert "  create     app/jobs/podcast.py\n" in shown
    assert "+class Podcast(Job):" in shown
    undone = dartian(shop.root, "undo").out
    assert "  remove     app/jobs/podcast.py\n" in undone
    assert "  edit       app/jobs/__init__.py\n" in undone
    assert tree(shop.root) == before
    assert dartian(shop.root, "undo").out == "There is nothing to undo.\n"
    again = dartian(shop.root, "undo", "1").out
    assert again == "  Plan 1 was taken back already, by plan 2. To have it again: dartian undo 2\n"
    dartian(shop.root, "undo", "2")
    assert tree(shop.root) == after
    rows = dartian(shop.root, "history").out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["3", "2", "1"]
    assert "takes plan 2 back; create " in rows[0]
    assert "takes plan 1 back, taken back by plan 3; " in rows[1]


def test_the_history_as_json(shop: Scene) -> None:
    dartian(shop.root, "make", "job", "Podcast", "--no-test")
    (plan,) = dartian(shop.root, "history", "--json").data()
    assert (plan["number"], plan["command"]) == (1, ["dartian", "make", "job", "Podcast", "--no-test"])
    assert (plan["undoes"], plan["undone_by"]) == (None, None)
    assert plan["when"].endswith("Z")
    assert plan["changes"] == [
        {"verb": "create", "path": "app/jobs/podcast.py", "to": None},
        {"verb": "edit", "path": "app/jobs/__init__.py", "to": None},
    ]
    one = dartian(shop.root, "history", "1", "--json").data()
    assert set(one) == set(plan)
    assert "+class Podcast(Job):" in one["changes"][0]["diff"]


def test_a_dry_run_and_a_check_of_an_undo_touch_nothing(shop: Scene) -> None:
    assert dartian(shop.root, "undo", "--check").out == "There is nothing to undo.\n"
    assert dartian(shop.root, "undo", "--json").data() == {"changes": [], "notes": ["There is nothing to undo."]}
    dartian(shop.root, "make:job", "Dry")
    before = tree(shop.root)
    shown = dartian(shop.root, "undo", "--dry-run", env={"FORCE_COLOR": "1"}).out
    assert "\x1b[31m-class Dry(Job):" in shown
    dartian(shop.root, "undo", "--check", code=1)
    plan = dartian(shop.root, "undo", "--dry-run", "--json").data()
    assert plan["changes"][0]["verb"] == "edit"
    assert tree(shop.root) == before
    assert dartian(shop.root, "undo", "--json").data() == plan
    assert not (shop.root / "app" / "jobs" / "dry.py").exists()


def test_an_edit_by_hand_that_overlaps_is_refused_with_its_diff(shop: Scene) -> None:
    dartian(shop.root, "make:job", "Mine")
    path = shop.root / "app" / "jobs" / "mine.py"
    path.write_text(path.read_text() + "# by hand\n")
    before = tree(shop.root)
    refused = dartian(shop.root, "undo", code=5)
    assert refused.err == (
        "error: app/jobs/mine.py was edited since it was created: plan 1 is not taken back\n"
        "  Nothing was changed. Take it back by hand where that is, or lose what was done since: "
        "dartian undo 1 --force\n"
    )
    assert refused.out.startswith(
        "  conflict   app/jobs/mine.py was edited since it was created\n--- a/app/jobs/mine.py\n"
    )
    assert refused.out.endswith("+# by hand\n")
    (conflict,) = dartian(shop.root, "undo", "--json", code=5).data()["conflicts"]
    assert set(conflict) == {"path", "reason", "lines", "diff"}
    dartian(shop.root, "undo", "--yes", code=5)
    assert tree(shop.root) == before
    assert "  remove     app/jobs/mine.py\n" in dartian(shop.root, "undo", "--force").out
    assert not path.exists()


def test_an_undo_asks_on_a_terminal(shop: Scene, terminal: Callable[..., Terminal]) -> None:
    dartian(shop.root, "make:job", "Asked", "--no-test")
    path = shop.root / "app" / "jobs" / "asked.py"
    shown = terminal("undo")
    shown.wait_for("Take plan 1 back? [yes/no]")
    shown.type("no\n")
    assert shown.end() == 1
    assert path.exists()
    shown = terminal("undo")
    shown.wait_for("Take plan 1 back? [yes/no]")
    shown.type("\n")
    assert shown.end() == 0
    assert not path.exists()
    dartian(shop.root, "undo", "2")
    assert terminal("undo", "--yes").end() == 0
    assert not path.exists()


def test_a_damaged_entry_is_named_and_left_out(shop: Scene) -> None:
    dartian(shop.root, "make:job", "First", "--no-test")
    shop.write(".dartian/history/000002.json", "{")
    listed = dartian(shop.root, "history")
    assert listed.err.startswith(".dartian/history/000002.json is damaged (")
    assert listed.err.endswith("): plan 2 is left out.\n")
    assert len(listed.out.splitlines()) == 2
    for arguments in (["undo"], ["undo", "2"], ["history", "2"]):
        assert "so plan 2 cannot be taken back" in dartian(shop.root, *arguments, code=3).err
    dartian(shop.root, "undo", "1")
    shop.write(".dartian/history/000009.json", '{"format": 2, "version": "9.0.0"}')
    assert "was written by Dartian 9.0.0 in a form that" in dartian(shop.root, "undo", code=3).err
    assert "there is no plan 77 in the history" in dartian(shop.root, "undo", "77", code=2).err
    assert "at least 1" in dartian(shop.root, "undo", "0", code=2).err


def test_a_damaged_journal_is_told_by_the_history_and_refused_by_undo(shop: Scene) -> None:
    dartian(shop.root, "make:job", "First", "--no-test")
    shop.write(".dartian/journal.json", "{")
    listed = dartian(shop.root, "history")
    assert listed.err.endswith(
        "/.dartian/journal.json is damaged, so a plan that was interrupted cannot be completed. "
        "Look at the project with git status, then delete that file.\n"
    )
    assert len(listed.out.splitlines()) == 2
    assert "journal.json is damaged" in dartian(shop.root, "undo", code=3).err


def test_a_password_that_was_typed_is_not_shown(shop: Scene) -> None:
    dartian(shop.root, "make:job", "Secret", "url:str=redis://me:hunter2@host", "--no-test")
    for arguments in (["history"], ["history", "--json"]):
        out = dartian(shop.root, *arguments).out
        assert "hunter2" not in out
        assert "***" in out


def test_twenty_commands_at_once_register_all_twenty(shop: Scene) -> None:
    names = [f"Job{number}" for number in range(20)]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "dartian_cli", "make:job", name], cwd=shop.root, env=clean(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        for name in names
    ]  # fmt: skip
    ends = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * 20, ends
    assert {job["name"] for job in dartian(shop.root, "job:list", "--json").data()} >= set(names)
    history = dartian(shop.root, "history", "--json").data()
    assert [plan["number"] for plan in history] == list(range(20, 0, -1))
    assert {plan["command"][2] for plan in history} == set(names)


def test_a_jobs_folder_that_leads_out_is_refused(shop: Scene, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (shop.root / "app" / "jobs").rename(outside)
    (shop.root / "app" / "jobs").symlink_to(outside)
    before = tree(outside)
    assert "leads out of the project" in dartian(shop.root, "make:job", "Evil", code=2).err
    assert tree(outside) == before
