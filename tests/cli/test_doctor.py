"""dartian doctor: everything holds in a sound application, and each thing that is broken is found with its remedy."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from textwrap import wrap

import pytest

from dartian_cli.checks import environment
from dartian_queue.envelope import Envelope
from tests.cli.typing_at import Answer, dartian
from tests.scene import Scene

HERE = {"VIRTUAL_ENV": "", "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
"""The environment of a person who has this Python's virtual environment on PATH."""

Finding = dict[str, str]


def doctor(shop: Scene, *options: str, code: int = 0, **env: str) -> Answer:
    return dartian(shop.root, "doctor", *options, env={**HERE, **env}, code=code)


def findings(shop: Scene, code: int = 0, **env: str) -> list[Finding]:
    """Return what the doctor finds, and check that the numbers and the exit code fit."""
    data = doctor(shop, "--json", code=code, **env).data()
    assert list(data) == ["errors", "warnings", "checks"]
    found = [finding for check in data["checks"] for finding in check["findings"]]
    assert data["errors"] == sum(one["severity"] == "error" for one in found)
    assert data["warnings"] == sum(one["severity"] == "warning" for one in found)
    assert all(list(check) == ["section", "title", "holds", "findings"] for check in data["checks"])
    assert all(check["holds"] == (not check["findings"]) for check in data["checks"])
    assert all(list(one) == ["severity", "what", "why", "remedy"] and one["remedy"] for one in found)
    assert code == bool(data["errors"])
    return found


def only(shop: Scene, severity: str, **env: str) -> Finding:
    (finding,) = findings(shop, code=severity == "error", **env)
    assert finding["severity"] == severity
    return finding


def config(shop: Scene, text: str) -> None:
    shop.write("config/queue.py", f"from dartian_queue import Config, Connection\nconfig = Config({text})\n")


# The whole


def test_all_holds_before_and_after_the_first_job(shop: Scene) -> None:
    out = doctor(shop).out
    assert "storage/queue.sqlite3 is made when the first job is dispatched" in out
    assert not shop.store_path.exists()
    number = out.count("✔")
    assert out.endswith(f"\nAll {number} checks hold.\n")
    shop.put("Greet", '{"name": "Ada"}')
    shop.put("Break")
    shop.work()
    out = doctor(shop).out
    assert out.count("✔") > number
    assert out.endswith(f"\nAll {out.count('✔')} checks hold.\n")
    assert "\x1b" not in out


def test_it_changes_nothing(shop: Scene) -> None:
    shop.put("Gone")
    shop.store.close()
    os.chmod(shop.store_path, 0o644)
    shop.write(".env", "QUEUE_DIRVER=sync")
    before = sqlite3.connect(shop.store_path).execute("SELECT * FROM jobs").fetchall()
    doctor(shop)
    assert sqlite3.connect(shop.store_path).execute("SELECT * FROM jobs").fetchall() == before
    assert os.stat(shop.store_path).st_mode & 0o777 == 0o644


def test_findings_are_shown_with_reason_and_remedy_and_counted(shop: Scene) -> None:
    os.chmod(shop.write(".env", ""), 0o644)
    shop.put("Gone\x1b[2J")
    lines = doctor(shop).out.splitlines()
    at = lines.index("  ▲ .env has the rights 644")
    assert lines[at + 1 : at + 3] == [
        "    Others on this machine can read the passwords in it.",
        "    Remedy: chmod 600 .env",
    ]
    assert any("Gone\\x1b[2J" in line for line in lines)
    assert lines[-1].startswith("2 warnings; ")
    assert lines[-1].endswith(" checks hold.")


def test_on_a_terminal_no_line_is_too_long(shop: Scene) -> None:
    from tests.cli.typing_at import Terminal

    shop.put("Gone")
    (long,) = [finding["why"] for finding in findings(shop)]
    assert len(long) > 80
    screen = Terminal(shop.root, "doctor", rows=60, **HERE)
    try:
        assert screen.end() == 0
        for line in wrap(long, 76):
            assert f"    {line}\n" in screen.text
        assert b"\x1b[33m" in screen.raw
    finally:
        screen.close()


# Configuration


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("Config(greace=3)", "2: there is no setting 'greace'; did you mean 'grace'?", "Correct its name, or take it"),
        ("1 +", "2: invalid syntax", "Correct the line, then try again."),
        ("{}['nope']", "2: KeyError: 'nope'", "Correct that line, or what it calls. The whole traceback: dartian q"),
        ("Config(default='isolte')", " names 'isolte', no connection", "Name one that is there: isolate, sync."),
        ("Config(grace=-1)", "2: grace takes", "Correct the value there, then try again."),
    ],
)
def test_a_broken_configuration_is_an_error_with_its_reason_and_a_remedy(
    text: str, what: str, remedy: str, shop: Scene
) -> None:
    shop.write("config/queue.py", f"from dartian_queue import Config\nconfig = {text}\n")
    finding = only(shop, "error")
    assert f"config/queue.py{':' if what[0] == '2' else ''}{what}" in finding["what"]
    assert finding["why"] == "Every dispatch, command and worker reads the configuration first, and goes no further."
    assert finding["remedy"].startswith(remedy)


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("QUEUE_DRIVER", "isolte", "Name one that is there: isolate, sync."),
        ("QUEUE_COMPANION", "perhaps", "Set it to 0 for no companion, or take it away."),
    ],
)
def test_a_variable_that_cannot_be_understood_is_an_error_with_a_remedy(
    name: str, value: str, remedy: str, shop: Scene
) -> None:
    finding = only(shop, "error", **{name: value})
    assert finding["what"].startswith(name)
    assert finding["remedy"] == remedy


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("timeout=120, grace=30", "Jobs may run 2 min, and have 30s when a worker stops", "grace=120 in config"),
        ("timeout=0", "Jobs may run without bound, and have 25s", "grace=a number above your longest job"),
        ("failed_kept=60.0", "Failed jobs are kept for 60s", "failed_kept="),
        ("connections={'isolate': Connection(driver='isolate', poll=60.0)}", "'isolate' polls every 60s", "poll=1.0"),
        (
            "connections={'isolate': Connection(driver='isolate', drain_timeout=0)}",
            "'isolate' starts companions, and gives them no time",
            "companion=False, or",
        ),
        (
            "connections={'a': Connection(driver='isolate'), 'b': Connection(driver='isolate')}",
            "The connections a, b share one store",
            "give each a store=",
        ),
    ],
)
def test_settings_that_work_against_each_other_are_warnings(text: str, what: str, remedy: str, shop: Scene) -> None:
    config(shop, text)
    finding = only(shop, "warning")
    assert what in finding["what"]
    assert finding["remedy"].startswith(remedy)


@pytest.mark.parametrize(
    "other", ["./storage/q.db", "sqlite:storage/q.db", "sqlite://{root}/storage/q.db", "linked/q.db"]
)
def test_one_store_that_is_written_in_two_ways_is_one(other: str, shop: Scene) -> None:
    (shop.root / "storage").mkdir()
    (shop.root / "linked").symlink_to("storage")
    place = other.format(root=shop.root)
    config(
        shop,
        "default='a', connections={'a': Connection(driver='isolate', store='storage/q.db'), "
        f"'b': Connection(driver='isolate', store={place!r})}}",
    )
    assert only(shop, "warning")["what"] == "The connections a, b share one store"
    sections = {check["section"] for check in doctor(shop, "--json").data()["checks"]}
    assert "store of a" in sections
    assert "store of b" not in sections


def test_settings_that_fit_are_left_alone(shop: Scene) -> None:
    config(shop, "timeout=100, grace=100, connections={'a': Connection(driver='isolate', store='a.sqlite3')}")
    assert findings(shop) == []


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("QUEUE_DIRVER", "QUEUE_DIRVER is set, and not read; did you mean 'QUEUE_DRIVER'?"),
        ("DARTIAN_ROOTS", "DARTIAN_ROOTS is set, and not read; did you mean 'DARTIAN_ROOT'?"),
        ("QUEUE_CONNECTION", "QUEUE_CONNECTION is set, and not read"),
    ],
)
def test_misspelt_variables_are_warnings(name: str, what: str, shop: Scene) -> None:
    assert only(shop, "warning", **{name: "x"})["what"] == what
    os.chmod(shop.write(".env", f"{name}=x\n"), 0o600)
    assert only(shop, "warning")["what"] == what
    os.chmod(shop.write(".env", "QUEUE_LIMIT_OF_MINE=x\n"), 0o600)
    assert findings(shop) == []


def test_a_root_that_is_said_where_it_is_not_read_is_a_warning(shop: Scene) -> None:
    os.chmod(shop.write(".env", "DARTIAN_ROOT=/elsewhere\n"), 0o600)
    finding = only(shop, "warning")
    assert finding["what"] == "DARTIAN_ROOT is set in .env, and not read there"
    assert finding["remedy"] == "export DARTIAN_ROOT, and take it out of .env"
    assert findings(shop, DARTIAN_ROOT=str(shop.root)) == []


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_an_env_file_that_git_tracks_is_a_warning(shop: Scene) -> None:
    os.chmod(shop.write(".env", "SECRET=hunter2\n"), 0o600)
    subprocess.run(["git", "init", "-q", shop.root], check=True)
    assert findings(shop) == []
    subprocess.run(["git", "-C", shop.root, "add", ".env"], check=True)
    finding = only(shop, "warning")
    assert finding["what"] == ".env is tracked by git"
    assert finding["remedy"] == "git rm --cached .env && echo .env >> .gitignore"
    assert "hunter2" not in doctor(shop).out


def test_a_plan_that_was_left_half_applied_is_an_error_that_fix_mends(shop: Scene) -> None:
    journal = '{"token": "0123abcd", "folders": [], "entries": [], "staged": true}'
    shop.write(".dartian/journal.json", journal)
    finding = only(shop, "error")
    assert (finding["what"], finding["remedy"]) == (
        "A command that writes source was ended half way",
        "dartian doctor --fix",
    )
    answer = doctor(shop, "--fix")
    assert answer.err == "The plan was completed.\n"
    assert answer.out.endswith(" checks hold.\n")
    assert doctor(shop, "--fix").err == "There was nothing to fix.\n"


@pytest.mark.parametrize(
    "journal", ["{", '{"token": "0123abcd", "folders": [', '{"token": "../../x", "folders": [], "entries": []}']
)
def test_a_journal_that_is_damaged_is_an_error_with_what_to_do(shop: Scene, journal: str) -> None:
    shop.write(".dartian/journal.json", journal)
    finding = only(shop, "error")
    assert finding["what"].endswith(
        "/.dartian/journal.json is damaged, so a plan that was interrupted cannot be completed"
    )
    assert finding["remedy"] == "Look at the project with git status, then delete that file."
    assert "is damaged, so a plan" in doctor(shop, "--fix", code=3).err
    (shop.root / ".dartian" / "journal.json").unlink()
    assert findings(shop) == []


DAMAGED = {
    "truncated": (lambda whole: whole[: len(whole) // 2], " is damaged (", "rm .dartian/history/000002.json"),
    "empty": (lambda whole: "", " is damaged (", "rm .dartian/history/000002.json"),
    "of another number": (
        lambda whole: whole.replace('"number":2', '"number":7'),
        " is damaged (it says that it is plan 7)",
        "rm .dartian/history/000002.json",
    ),
    "of a later Dartian": (
        lambda whole: whole.replace('"format":1', '"format":9'),
        " was written by Dartian ",
        "update Dartian, or: rm .dartian/history/000002.json",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_plan_of_the_history_that_cannot_be_read_is_a_warning(shop: Scene, case: str) -> None:
    damage, what, remedy = DAMAGED[case]
    for name in ("one/First", "two/Second"):
        dartian(shop.root, "make:job", name, "--no-test")
    assert findings(shop) == []
    path = shop.root / ".dartian" / "history" / "000002.json"
    path.write_text(damage(path.read_text()))
    finding = only(shop, "warning")
    assert finding["what"].startswith(f".dartian/history/000002.json{what}")
    assert finding["why"].startswith("Plan 2 cannot be taken back.")
    assert finding["remedy"] == remedy
    assert len(dartian(shop.root, "history", "--json").data()) == 1
    dartian(shop.root, "undo", "1")
    assert not (shop.root / "app" / "jobs" / "one").exists()
    assert (shop.root / "app" / "jobs" / "two" / "second.py").exists()
    path.unlink()
    assert findings(shop) == []


# Stores


def test_a_store_that_cannot_be_used_is_an_error(shop: Scene) -> None:
    shop.write("storage/queue.sqlite3", "no database, but long enough to be looked at as one" * 30)
    finding = only(shop, "error")
    assert "is not a sound SQLite database" in finding["what"]
    assert finding["remedy"].endswith("or restore this file from a backup.")


def test_a_store_that_ends_with_its_process_is_an_error(shop: Scene) -> None:
    finding = only(shop, "error", QUEUE_STORE="memory:")
    assert finding["what"].startswith("the connection 'isolate' has the store 'memory:', which ends with its process")


def test_a_broken_invariant_is_an_error(shop: Scene) -> None:
    shop.store.add([Envelope("id-1", "Break", "{}")])
    meddling = sqlite3.connect(shop.store_path)
    meddling.execute("UPDATE jobs SET crashes = 7")
    meddling.commit()
    finding = only(shop, "error")
    assert finding["what"].startswith("Job id-1 has been tried more often than its own limit, or has crashed")
    assert finding["remedy"] == "dartian queue:cancel id-1; dartian queue:retry id-1"
    for command in finding["remedy"].split("; "):
        dartian(shop.root, *command.split()[1:])
    assert findings(shop) == []


def test_every_configured_store_is_looked_at_once(shop: Scene) -> None:
    config(
        shop,
        "default='a', connections={'a': Connection(driver='isolate', store='a.sqlite3'), "
        "'b': Connection(driver='isolate', store='b.sqlite3'), 'sync': Connection(driver='sync')}",
    )
    checks = doctor(shop, "--json").data()["checks"]
    assert [check["title"] for check in checks if check["section"].startswith("store of")] == [
        "a.sqlite3 is made when the first job is dispatched",
        "b.sqlite3 is made when the first job is dispatched",
    ]


# Jobs

LOOK = "dartian job:list -v"


@pytest.mark.parametrize(
    ("source", "what", "remedy"),
    [
        ("1 +", "the jobs module 'app.jobs.more' cannot be imported: SyntaxError", LOOK),
        (
            "class Greet(Job):\n    def handle(self) -> None: ...",
            "two job classes have the name 'Greet'",
            'Rename one, or give it a name of its own: class Greet(Job, name="...")',
        ),
        ("class Bad(Job):\n    field: complex\n    def handle(self) -> None: ...", "Bad.field", LOOK),
        ("class Bad(Job, tires=3):\n    def handle(self) -> None: ...", "did you mean 'tries'?", LOOK),
    ],
)
def test_jobs_that_cannot_be_loaded_are_an_error(source: str, what: str, remedy: str, shop: Scene) -> None:
    shop.write("app/jobs/more.py", f"from dartian_queue import Job\n{source}\n")
    finding = only(shop, "error")
    assert what in finding["what"]
    assert finding["remedy"] == remedy


def test_what_jobs_print_when_they_are_imported_does_not_disturb(shop: Scene) -> None:
    shop.write("app/jobs/loud.py", "print('loud')\n")
    answer = doctor(shop, "--json")
    assert answer.data()["errors"] == 0
    assert answer.err == "loud\n"


def test_jobs_of_another_project_are_a_warning(shop: Scene) -> None:
    shop.write("elsewhere/root.txt", "")
    finding = only(shop, "warning", DARTIAN_ROOT=str(shop.root / "elsewhere"), PYTHONPATH=str(shop.root))
    assert finding["what"] == f"app.jobs is imported from {shop.root}/app/jobs/__init__.py"


def test_a_file_that_no_worker_imports_is_a_warning(shop: Scene) -> None:
    shop.write("app/jobs/old.jobs/lost.py", "")
    shop.write("app/jobs/__main__.py", "")
    finding = only(shop, "warning")
    assert finding["what"].endswith("app/jobs/old.jobs/lost.py is not imported")


def test_a_class_that_cannot_be_dispatched_is_a_warning_unless_it_is_extended(shop: Scene) -> None:
    shop.jobs("class Import(Job):\n    row: int\n\n\nclass Csv(Import):\n    def handle(self) -> None: ...\n", "more")
    assert findings(shop) == []
    shop.jobs("class Import(Job):\n    row: int\n", "more")
    finding = only(shop, "warning")
    assert finding["what"] == "app.jobs.more.Import cannot be dispatched"
    assert (finding["why"], finding["remedy"]) == ("It has no handle().", "Write async def handle(self) -> None")


def test_a_job_that_is_not_registered_beside_others_is_a_warning(shop: Scene) -> None:
    names = "Break, Greet, Noisy"
    shop.write("app/jobs/__init__.py", f"from .few import {names}\n__all__ = {names.split(', ')}\n")
    finding = only(shop, "warning")
    assert finding["what"] == "Slow is not in __all__ of app.jobs"
    assert finding["remedy"] == "add to app/jobs/__init__.py: from app.jobs.few import Slow, and its name"


def test_a_connection_that_does_not_exist_is_an_error(shop: Scene) -> None:
    shop.jobs('class Far(Job, connection="rediss"):\n    def handle(self) -> None: ...\n', "more")
    assert only(shop, "error")["what"] == "Far has connection='rediss', which does not exist"


def test_jobs_longer_than_the_grace_are_a_warning(shop: Scene) -> None:
    shop.jobs("class Long(Job, timeout=600):\n    def handle(self) -> None: ...\n", "more")
    finding = only(shop, "warning")
    assert finding["what"].startswith("Long (timeout=600) may run for longer than the 25s")
    assert finding["remedy"].startswith("dartian queue:work --grace 600")
    config(shop, "grace=600.0")
    assert findings(shop) == []


def test_what_waits_on_a_paused_queue_is_a_warning(shop: Scene) -> None:
    shop.store.add([Envelope("id-1", "Greet", '{"name": "Ada"}', queue="mail")])
    shop.store.pause(["mail", "post"])
    finding = only(shop, "warning")
    assert finding["what"] == "The queue mail is paused, and 1 job waits on it"
    assert finding["remedy"] == "dartian queue:resume mail"
    shop.store.resume(["mail", "post"])
    shop.store.pause([])
    shop.store.add([Envelope("id-2", "Greet", '{"name": "Ada"}')])
    finding = only(shop, "warning")
    assert finding["what"] == "All queues are paused, and 2 jobs wait"
    assert finding["remedy"] == "dartian queue:resume --all"


def test_jobs_under_unknown_names_and_held_ones_are_warnings(shop: Scene) -> None:
    shop.store.add([Envelope("id-1", "Greeet", "{}"), Envelope("id-2", "Greet", '{"nam": 1}')])
    worker = shop.worker().ready()
    worker.wait("attempt_ended", outcome="held")
    unknown, held = findings(shop)
    assert unknown["what"] == "Jobs wait under the name Greeet, which no class has; did you mean 'Greet'?"
    assert "aliases=['Greeet']" in unknown["remedy"]
    assert held["what"].startswith("Greet id-2 is held: ")
    assert held["remedy"] == "dartian queue:show id-2"


# Environment


def test_another_virtual_environment_is_a_warning(shop: Scene, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert only(shop, "warning", VIRTUAL_ENV=str(other))["what"].endswith(f"is another: {other}")
    (shop.root / ".venv" / "bin").mkdir(parents=True)
    finding = only(shop, "warning")
    assert finding["what"] == "The application has a virtual environment in .venv, and this is not it"
    assert findings(shop, VIRTUAL_ENV=sys.prefix) == []


def test_another_dartian_on_path_is_a_warning(shop: Scene, tmp_path: Path) -> None:
    other = tmp_path / "bin" / "dartian"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    finding = only(shop, "warning", PATH=f"{other.parent}:{HERE['PATH']}")
    assert finding["what"] == f"dartian on PATH is that of another Python: {other}"


@pytest.mark.parametrize(("name", "severity"), [("linux", None), ("darwin", "warning"), ("win32", "error")])
def test_the_platform(name: str, severity: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", name)
    assert [finding.severity for finding in environment.of_platform().findings] == ([severity] if severity else [])
