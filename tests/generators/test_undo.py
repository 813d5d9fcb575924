"""Taking a plan back: byte for byte where nothing was edited since, around what was, and not at all where both meet."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from dartian_cli import history as kept
from dartian_cli.checks.plans import of_history
from dartian_cli.errors import BrokenSource, Conflict, OutsideProject, Usage
from dartian_cli.history import History
from dartian_cli.inverse import HandEdited, plan_inverse
from dartian_cli.plan import Plan, run
from dartian_cli.project import Project
from dartian_cli.workspace import Workspace
from dartian_queue import __version__
from tests.generators.conftest import somebody_else

Files = dict[str, bytes]
Write = Callable[[Files], None]
Read = Callable[[], Files]
Change = Callable[[Workspace], object]

START: Files = {
    "pyproject.toml": b'[tool.dartian]\njobs = "app/jobs"\n',
    "app/__init__.py": b'"""App."""\n',
    "app/bom.py": b"\xef\xbb\xbf# \x0c\r\na = 1\r\nb = 2\rc = 3",
    "app/forced.py": b"\xff latin\n",
    "app/gone.py": b"c = 1\n",
    "app/old.py": b"one = 1\ntwo = 2\nthree = 3\n",
}


def apply(project: Project, *changes: Change, command: tuple[str, ...] = ()) -> Plan:
    def build(workspace: Workspace) -> Plan:
        for change in changes:
            change(workspace)
        return workspace.plan()

    return run(project, build, command=command)


def undo(project: Project, number: int, *, force: bool = False) -> Plan:
    return run(project, lambda workspace: plan_inverse(project, number, workspace, force=force))


def everything(project: Project) -> None:
    """Apply plan 1, with a change of every kind."""
    apply(
        project,
        lambda workspace: workspace.create("app/jobs/deep/made.py", "e = 2\n"),
        lambda workspace: workspace.create("app/forced.py", "b = 2\n", force=True),
        lambda workspace: workspace.edit("app/bom.py", b"\xef\xbb\xbf# \x0c\r\na = 9\r\nb = 2\rc = 3"),
        lambda workspace: workspace.move("app/old.py", "app/new.py"),
        lambda workspace: workspace.edit("app/new.py", b"one = 1\ntwo = 22\nthree = 3\n"),
        lambda workspace: workspace.remove("app/gone.py"),
        command=("dartian", "make:things", "\udcff"),
    )


def test_every_kind_of_change_is_taken_back_to_the_byte_and_done_again(
    project: Project, write: Write, read: Read
) -> None:
    write(START)
    (project.root / "app" / "gone.py").chmod(0o640)
    (project.root / "app" / "bom.py").chmod(0o750)
    everything(project)
    after = read()
    plan = undo(project, 1)
    assert {change.verb for change in plan.changes} == {"remove", "overwrite", "edit", "move", "create"}
    assert read() == START
    assert not (project.root / "app" / "jobs").exists()
    assert (project.root / "app" / "gone.py").stat().st_mode & 0o777 == 0o640
    assert (project.root / "app" / "bom.py").stat().st_mode & 0o777 == 0o750
    undo(project, 2)
    assert read() == after
    undo(project, 3)
    assert read() == START


def test_what_the_history_keeps(project: Project, write: Write) -> None:
    write(START)
    (project.root / "app" / "gone.py").chmod(0o640)
    everything(project)
    (past,) = History.read(project).entries
    assert (past.number, past.command, past.version, past.undoes) == (
        1,
        ("dartian", "make:things", r"\xff"),
        __version__,
        None,
    )
    assert past.folders == ("app/jobs", "app/jobs/deep")
    assert datetime.now(past.when.tzinfo) - past.when < timedelta(minutes=1)
    assert past.when.utcoffset() == timedelta(0)
    done = {change.path: change for change in past.changes}
    assert (done["app/gone.py"].before, done["app/gone.py"].after, done["app/gone.py"].mode) == (
        b"c = 1\n",
        None,
        0o640,
    )
    assert (done["app/forced.py"].verb, done["app/forced.py"].before) == ("overwrite", b"\xff latin\n")
    assert (done["app/old.py"].verb, done["app/old.py"].to) == ("move", "app/new.py")
    assert [change.verb for change in past.plan().changes] == ["create", "overwrite", "edit", "move", "remove"]


def test_only_its_owner_reads_the_history_and_git_does_not_see_it(project: Project) -> None:
    apply(project, lambda workspace: workspace.create("app/a.py", "a = 1\n"))
    own = project.root / ".dartian"
    assert (own / ".gitignore").read_text() == "*\n"
    assert (own / "history").stat().st_mode & 0o777 == 0o700
    assert (own / "history" / "000001.json").stat().st_mode & 0o777 == 0o600


def test_identical_and_kept_files_leave_no_entry(project: Project, write: Write) -> None:
    write({"app/a.py": b"a = 1\n"})
    apply(project, lambda workspace: workspace.create("app/a.py", "a = 1\n"))
    assert History.read(project) == History()


def test_the_history_is_bounded_in_number_and_in_size(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 3)
    monkeypatch.setattr(kept, "MOST_BYTES", 10_000)
    for number in range(5):
        apply(project, lambda workspace, number=number: workspace.create(f"app/a{number}.py", f"a = {number}\n"))
    assert [past.number for past in History.read(project).entries] == [3, 4, 5]
    apply(project, lambda workspace: workspace.create("app/large.py", "#" * 20_000))
    assert [past.number for past in History.read(project).entries] == [6]
    apply(project, lambda workspace: workspace.create("app/small.py", "#"))
    assert [past.number for past in History.read(project).entries] == [7]
    assert len(list((project.root / ".dartian" / "history").iterdir())) == 1


MADE = b"import a\nimport b\nimport c\n\nx = 1\n"
PLANNED = b"import a\nimport b\nimport new\nimport c\n\nx = 1\n"


@pytest.mark.parametrize(
    ("edited", "merged"),
    [
        (b"# by hand\n" + PLANNED, b"# by hand\n" + MADE),
        (PLANNED + b"y = 2\n", MADE + b"y = 2\n"),
        (PLANNED.replace(b"import c\n", b"import d\nimport c\n"), MADE.replace(b"import c\n", b"import d\nimport c\n")),
        (PLANNED.replace(b"import b\n", b"import hand\n"), MADE.replace(b"import b\n", b"import hand\n")),
        (MADE, MADE),
        (MADE + b"y = 2\n", MADE + b"y = 2\n"),
        (PLANNED.replace(b"\n", b"\r\n").replace(b"new\r\n", b"new\n"), None),
    ],
)  # fmt: skip
def test_an_edit_by_hand_is_kept_where_it_does_not_overlap(
    project: Project, write: Write, read: Read, edited: bytes, merged: bytes | None
) -> None:
    write({"app/a.py": MADE})
    apply(project, lambda workspace: workspace.edit("app/a.py", PLANNED))
    write({"app/a.py": edited})
    undo(project, 1)
    assert read()["app/a.py"] == (edited.replace(b"import new\n", b"") if merged is None else merged)
    assert History.read(project).undone_by(1) == 2


def test_a_moved_file_moves_back_with_what_was_edited_by_hand(project: Project, write: Write, read: Read) -> None:
    write(START)
    everything(project)
    write({"app/new.py": b"one = 1\ntwo = 22\nthree = 3\nfour = 4\n"})
    undo(project, 1)
    assert read() == {**START, "app/old.py": b"one = 1\ntwo = 2\nthree = 3\nfour = 4\n"}


CLASHES: dict[str, tuple[Files, set[str], str]] = {
    "the same line": (
        {"app/new.py": b"one = 1\ntwo = 2222\nthree = 3\n"},
        set(),
        "app/new.py was edited since where the plan had edited it, in line 2",
    ),
    "a created file": (
        {"app/jobs/deep/made.py": b"e = 2\nf = 3\n"},
        set(),
        "app/jobs/deep/made.py was edited since it was created",
    ),
    "a removed file": ({"app/gone.py": b"another\n"}, set(), "app/gone.py was made anew since it was removed"),
    "a moved file": ({"app/old.py": b"another\n"}, set(), "app/old.py was made anew since it was moved to app/new.py"),
    "a moved file that is gone": ({}, {"app/new.py"}, "app/new.py was removed or moved on since"),
    "an edited file that is gone": ({}, {"app/bom.py"}, "app/bom.py was removed since"),
    "an overwritten file": (
        {"app/forced.py": b"b = 3\n"},
        set(),
        "app/forced.py was edited since where the plan had edited it, in line 1",
    ),
}


@pytest.mark.parametrize("case", CLASHES)
def test_where_something_would_be_lost_nothing_is_taken_back_unless_forced(
    project: Project, write: Write, read: Read, case: str
) -> None:
    files, removed, told = CLASHES[case]
    write(START)
    everything(project)
    write(files)
    for path in removed:
        (project.root / path).unlink()
    before = read()
    with pytest.raises(HandEdited) as refusal:
        undo(project, 1)
    assert str(refusal.value) == (
        f"{told}: plan 1 is not taken back\n"
        "Nothing was changed. Take it back by hand where that is, or lose what was done since: dartian undo 1 --force"
    )
    assert refusal.value.exit_code == 5
    (clash,) = refusal.value.clashes
    assert clash.diff.startswith("--- ")
    assert read() == before
    assert len(History.read(project).entries) == 1
    undo(project, 1, force=True)
    assert read() == START
    undo(project, 2)
    assert read() == before


def test_several_clashes_are_counted(project: Project, write: Write) -> None:
    write(START)
    everything(project)
    write({"app/gone.py": b"another\n", "app/jobs/deep/made.py": b"by hand\n"})
    with pytest.raises(HandEdited, match=r"made.py was edited since it was created \(and 1 more\): plan 1") as refusal:
        undo(project, 1)
    assert [clash.path for clash in refusal.value.clashes] == ["app/jobs/deep/made.py", "app/gone.py"]


def test_what_would_be_no_python_is_not_left(project: Project, write: Write, read: Read) -> None:
    write({"app/a.py": b"x = 1\n"})
    apply(project, lambda workspace: workspace.edit("app/a.py", b"x = 1\nif x:\n    y = 1\n"))
    write({"app/a.py": b"x = 1\nif x:\n    y = 1\nelse:\n    y = 2\n"})
    with pytest.raises(HandEdited, match="would be no valid Python without the plan's lines"):
        undo(project, 1)
    assert read()["app/a.py"].endswith(b"else:\n    y = 2\n")


def test_folders_go_where_only_compiled_python_is_left_and_stay_where_more_is(project: Project, read: Read) -> None:
    made: tuple[Change, ...] = tuple(
        lambda workspace, name=name: workspace.create(f"app/{name}/x.py", "x = 1\n")
        for name in ("cached", "full", "odd")
    )
    apply(project, *made)
    for name, file in (("cached", "x.cpython-311.pyc"), ("odd", "notes.txt")):
        (project.root / "app" / name / "__pycache__").mkdir()
        (project.root / "app" / name / "__pycache__" / file).touch()
    (project.root / "app" / "full" / "by_hand.py").touch()
    undo(project, 1)
    assert not (project.root / "app" / "cached").exists()
    assert (project.root / "app" / "odd" / "__pycache__" / "notes.txt").exists()
    assert [path.name for path in (project.root / "app" / "full").iterdir()] == ["by_hand.py"]


def test_an_older_plan_is_taken_back_beneath_a_later_one(project: Project, write: Write, read: Read) -> None:
    write({"app/a.py": b"a\n"})
    apply(project, lambda workspace: workspace.edit("app/a.py", b"a\nb\n"))
    apply(project, lambda workspace: workspace.edit("app/a.py", b"a\nb\nc\n"))
    undo(project, 1)
    assert read()["app/a.py"] == b"a\nc\n"
    assert History.read(project).last() == History.read(project).get(2)


def test_twice_says_so_and_changes_nothing(project: Project, write: Write, read: Read) -> None:
    apply(project, lambda workspace: workspace.create("app/a.py", "a = 1\n"))
    undo(project, 1)
    before = read()
    plan = undo(project, 1)
    assert plan == Plan((), ("Plan 1 was taken back already, by plan 2. To have it again: dartian undo 2",))
    assert read() == before
    assert len(History.read(project).entries) == 2


def test_what_was_taken_back_by_hand_counts_as_taken_back(project: Project, read: Read) -> None:
    apply(project, lambda workspace: workspace.create("app/a.py", "a = 1\n"))
    (project.root / "app" / "a.py").unlink()
    assert undo(project, 1).notes == ("Nothing of plan 1 is left to take back.",)
    assert History.read(project).last() is None


def test_the_last_that_stands_is_chosen_and_a_redo_makes_it_stand_again(project: Project) -> None:
    for name in "ab":
        apply(project, lambda workspace, name=name: workspace.create(f"app/{name}.py", "a = 1\n"))

    def last() -> int | None:
        found = History.read(project).last()
        return found and found.number

    assert last() == 2
    undo(project, 2)
    assert last() == 1
    undo(project, 3)
    assert last() == 2
    undo(project, 2)
    undo(project, 1)
    assert last() is None


def entry(project: Project, **other: object) -> bytes:
    """Return the entry of plan 1 with other values, as somebody may have written it."""
    data = msgspec.json.decode((project.root / ".dartian" / "history" / "000001.json").read_bytes())
    change = {**data["changes"][0], **{name: other.pop(name) for name in ("verb", "path", "after") if name in other}}
    return msgspec.json.encode({**data, "changes": [change], **other})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is damaged ("),
        (b"\xff{", "is damaged ("),
        (b"[" * 100_000, "is damaged ("),
        (b'{"format": 1, "version": "0.1.0"}', "is damaged (Object missing required field `number`)"),
        (b'{"format": 9, "version": "9.9.9", "new": []}',
         f"was written by Dartian 9.9.9 in a form that {__version__} does not know"),
        ({"number": 7}, "is damaged (it says that it is plan 7)"),
        ({"verb": "remove"}, "is damaged (the change of app/a.py does not hold together)"),
        ({"path": "app/../../x"}, "is damaged (no plan writes app/../../x)"),
        ({"path": ".git/hooks/pre-commit"}, "is damaged (no plan writes .git/hooks/pre-commit)"),
        ({"path": "app/\0"}, r"is damaged (no plan writes app/\x00)"),
        ({"folders": ["../x"]}, "is damaged (no plan writes ../x)"),
        ({"undoes": 1}, "is damaged (it says that it takes plan 1 back)"),
        ({"extra": 1}, "is damaged (Object contains unknown field `extra`)"),
    ],
)  # fmt: skip
def test_a_damaged_entry_is_named_skipped_and_refused(
    project: Project, write: Write, read: Read, content: bytes | dict[str, object], reason: str
) -> None:
    apply(project, lambda workspace: workspace.create("app/a.py", "a = 1\n"))
    write({".dartian/history/000001.json": content if isinstance(content, bytes) else entry(project, **content)})
    history = History.read(project)
    assert history.entries == ()
    (damaged,) = history.damaged
    assert damaged.reason.startswith(reason)
    for refused in (lambda: undo(project, 1), history.last):
        with pytest.raises(BrokenSource) as refusal:
            refused()
        assert str(refusal.value) == (
            f".dartian/history/000001.json {damaged.reason}, so plan 1 cannot be taken back\n"
            "To take another one back: dartian undo N. To be rid of this one, delete the file."
        )
    assert read()["app/a.py"] == b"a = 1\n"
    apply(project, lambda workspace: workspace.create("app/b.py", "b = 1\n"))
    assert [past.number for past in History.read(project).entries] == [2]
    assert History.read(project).last() == History.read(project).get(2)


def test_a_history_that_cannot_be_read_says_what_to_do_and_is_found_by_the_doctor(project: Project) -> None:
    apply(project, lambda workspace: workspace.create("app/a.py", "a = 1\n"))
    folder = project.root / ".dartian" / "history"
    folder.chmod(0)
    try:
        with somebody_else(project.root):
            with pytest.raises(BrokenSource) as refusal:
                History.read(project)
            (finding,) = of_history(project).findings
    finally:
        folder.chmod(0o700)
    assert str(refusal.value) == (
        ".dartian/history cannot be read: Permission denied\nTry: chmod -R u+rwX .dartian/history"
    )
    assert (finding.severity, finding.remedy) == ("error", "Try: chmod -R u+rwX .dartian/history")


@pytest.mark.parametrize("path", ["/etc/dartian-was-here", "app/link/x.py"])
def test_a_path_in_the_history_that_leads_out_is_refused(
    project: Project, write: Write, tmp_path: Path, path: str
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.py").write_text("a = 1\n")
    apply(project, lambda workspace: workspace.create("app/a.py", "a = 1\n"))
    (project.root / "app" / "link").symlink_to(tmp_path / "outside")
    write({".dartian/history/000001.json": entry(project, path=path)})
    with pytest.raises(OutsideProject, match="leads out of the project"):
        undo(project, 1)
    assert (tmp_path / "outside" / "x.py").read_text() == "a = 1\n"


def test_a_history_that_leads_out_is_refused(project: Project, tmp_path: Path, read: Read) -> None:
    (tmp_path / "outside").mkdir()
    (project.root / ".dartian").mkdir()
    (project.root / ".dartian" / "history").symlink_to(tmp_path / "outside")
    before = read()
    with pytest.raises(OutsideProject):
        apply(project, lambda workspace: workspace.create("app/a.py", "a = 1\n"))
    assert read() == before
    assert not list((tmp_path / "outside").iterdir())


def test_a_file_in_the_place_of_the_history_stops_the_plan(project: Project, write: Write, read: Read) -> None:
    write({".dartian/history": b"a file"})
    with pytest.raises(Conflict, match=r"\.dartian/history is a file, and a folder is needed there\nMove it away"):
        apply(project, lambda workspace: workspace.create("app/a.py", "a = 1\n"))
    assert "app/a.py" not in read()


def test_a_number_that_is_not_there(project: Project) -> None:
    with pytest.raises(Usage, match=r"there is no plan 3 in the history\nIt is empty. To see it: dartian history"):
        undo(project, 3)
    apply(project, lambda workspace: workspace.create("app/a.py", "a = 1\n"))
    with pytest.raises(Usage, match=r"there is no plan 3 in the history\nIt has 1 to 1."):
        undo(project, 3)


def test_an_owner_comes_back(project: Project, write: Write) -> None:
    if os.geteuid():
        pytest.skip("only root may give files away")
    write({"app/a.py": b"a = 1\n"})
    os.chown(project.root / "app" / "a.py", 4321, 4321)
    apply(project, lambda workspace: workspace.edit("app/a.py", b"a = 2\n"))
    undo(project, 1)
    assert (project.root / "app" / "a.py").stat().st_uid == 4321
