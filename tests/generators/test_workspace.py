"""Generators in turn over one workspace: whatever they want of a file, the plan has it once, and right."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dartian_cli.changes import Change, CreateFile, EditFile, MoveFile, RemoveFile
from dartian_cli.errors import Conflict, OutsideProject
from dartian_cli.files import MemoryFiles
from dartian_cli.plan import run
from dartian_cli.project import Project
from dartian_cli.workspace import Answer, Workspace

Files = dict[str, bytes]
Want = Callable[[Workspace], object]

THERE: Files = {"a": b"A", "b": b"B", "deep/c": b"C"}


def over(files: Files, *wants: Want, answers: dict[str, Answer] | None = None) -> Workspace:
    workspace = Workspace(Project.of(Path("/shop"), b"", files.__contains__), answers, MemoryFiles(files))
    for want in wants:
        want(workspace)
    return workspace


def create(path: str, content: bytes, *, force: bool = False) -> Want:
    return lambda workspace: workspace.create(path, content, force=force)


def edit(path: str, old: bytes, new: bytes) -> Want:
    """Edit as a generator does: what is read, changed."""
    return lambda workspace: workspace.edit(path, (workspace.read(path) or b"").replace(old, new))


def move(path: str, to: str) -> Want:
    return lambda workspace: workspace.move(path, to)


def remove(path: str) -> Want:
    return lambda workspace: workspace.remove(path)


CASES: dict[str, tuple[list[Want], list[Change], Files]] = {
    "edited then moved": (
        [edit("a", b"A", b"A1"), move("a", "x")],
        [MoveFile("a", "x", b"A", b"A1")],
        {"x": b"A1", "b": b"B", "deep/c": b"C"},
    ),
    "moved then edited": (
        [move("a", "x"), edit("x", b"A", b"A1")],
        [MoveFile("a", "x", b"A", b"A1")],
        {"x": b"A1", "b": b"B", "deep/c": b"C"},
    ),
    "moved twice, edited before, between and after": (
        [edit("a", b"A", b"A1"), move("a", "x"), edit("x", b"1", b"12"), move("x", "y/z"), edit("y/z", b"2", b"23")],
        [MoveFile("a", "y/z", b"A", b"A123")],
        {"y/z": b"A123", "b": b"B", "deep/c": b"C"},
    ),
    "moved there and back": ([move("a", "x"), move("x", "a")], [EditFile("a", b"A", b"A")], THERE),
    "moved there and back, edited on the way": (
        [move("a", "x"), edit("x", b"A", b"A1"), move("x", "a")],
        [EditFile("a", b"A", b"A1")],
        {**THERE, "a": b"A1"},
    ),
    "moved then removed": ([move("a", "x"), remove("x")], [RemoveFile("a", b"A")], {"b": b"B", "deep/c": b"C"}),
    "made then moved": ([create("x", b"X"), move("x", "y")], [CreateFile("y", None, b"X")], {**THERE, "y": b"X"}),
    "made then removed": ([create("x", b"X"), remove("x")], [], THERE),
    "made then edited by the next": (
        [create("x", b"X"), edit("x", b"X", b"X1"), edit("x", b"1", b"12")],
        [CreateFile("x", None, b"X12")],
        {**THERE, "x": b"X12"},
    ),
    "edited by two": (
        [edit("a", b"A", b"A1"), edit("b", b"B", b"B1"), edit("a", b"1", b"12")],
        [EditFile("a", b"A", b"A12"), EditFile("b", b"B", b"B1")],
        {"a": b"A12", "b": b"B1", "deep/c": b"C"},
    ),
    "edited, and the edit taken back": (
        [edit("a", b"A", b"A1"), edit("a", b"A1", b"A")],
        [EditFile("a", b"A", b"A")],
        THERE,
    ),
    "removed then made": (
        [remove("a"), create("a", b"new")],
        [CreateFile("a", b"A", b"new", "overwrite")],
        {**THERE, "a": b"new"},
    ),
    "removed then made as it was": (
        [remove("a"), create("a", b"A")],
        [CreateFile("a", b"A", b"A", "overwrite")],
        THERE,
    ),
    "moved, and something else left in its place": (
        [move("a", "x"), create("a", b"from x import *")],
        [CreateFile("x", None, b"A"), CreateFile("a", b"A", b"from x import *", "overwrite")],
        {**THERE, "x": b"A", "a": b"from x import *"},
    ),
    "moved to where something was": (
        [move("b", "x"), move("a", "b")],
        [CreateFile("x", None, b"B"), CreateFile("b", b"B", b"A", "overwrite"), RemoveFile("a", b"A")],
        {"x": b"B", "b": b"A", "deep/c": b"C"},
    ),
    "moved to where something was removed": (
        [remove("b"), move("a", "b")],
        [CreateFile("b", b"B", b"A", "overwrite"), RemoveFile("a", b"A")],
        {"b": b"A", "deep/c": b"C"},
    ),
    "two change places": (
        [move("a", "x"), move("b", "a"), move("x", "b")],
        [CreateFile("b", b"B", b"A", "overwrite"), CreateFile("a", b"A", b"B", "overwrite")],
        {"a": b"B", "b": b"A", "deep/c": b"C"},
    ),
    "made by two alike": ([create("x", b"X"), create("x", b"X")], [CreateFile("x", None, b"X")], {**THERE, "x": b"X"}),
    "made by two, the second by force": (
        [create("x", b"X"), create("x", b"Y", force=True)],
        [CreateFile("x", None, b"Y", "overwrite")],
        {**THERE, "x": b"Y"},
    ),
    "there already, then edited by the next": (
        [create("a", b"A"), edit("a", b"A", b"A1")],
        [EditFile("a", b"A", b"A1")],
        {**THERE, "a": b"A1"},
    ),
    "forced, then edited by the next": (
        [create("a", b"new", force=True), edit("a", b"new", b"new1")],
        [CreateFile("a", b"A", b"new1", "overwrite")],
        {**THERE, "a": b"new1"},
    ),
    "forced, then moved": (
        [create("a", b"new", force=True), move("a", "x")],
        [MoveFile("a", "x", b"A", b"new")],
        {"x": b"new", "b": b"B", "deep/c": b"C"},
    ),
    "moved, then forced": (
        [move("a", "x"), create("x", b"new", force=True)],
        [MoveFile("a", "x", b"A", b"new")],
        {"x": b"new", "b": b"B", "deep/c": b"C"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wanted_in_turn_is_one_change_a_file(case: str) -> None:
    wants, changes, _ = CASES[case]
    assert sorted(over(THERE, *wants).plan().changes, key=str) == sorted(changes, key=str)


@pytest.mark.parametrize("case", CASES)
def test_and_that_plan_can_be_applied(case: str, project: Project, write: Callable[[Files], None]) -> None:
    """With real files: each path has one change, and modes go where files go."""
    wants, _, after = CASES[case]
    write(THERE)

    def build(workspace: Workspace) -> object:
        for want in wants:
            want(workspace)
        return workspace.plan()

    run(project, build)  # type: ignore[arg-type]
    found = (path for path in project.root.rglob("*") if path.is_file() and ".dartian" not in path.parts)
    files = {path.relative_to(project.root).as_posix(): path.read_bytes() for path in found}
    assert {path: files[path] for path in files if path not in ("pyproject.toml", "app/__init__.py")} == after


def test_what_was_edited_by_hand_is_asked_about_once_with_all_that_is_wanted() -> None:
    wants = [create("a", b"new"), edit("a", b"new", b"new1")]
    assert over(THERE, *wants).plan().changes == (CreateFile("a", b"A", b"new1", "ask"),)
    overwritten = over(THERE, *wants, answers={"a": "overwrite"}).plan()
    assert overwritten.changes == (CreateFile("a", b"A", b"new1", "overwrite"),)


def test_what_is_kept_is_what_the_next_generator_edits() -> None:
    wants = [create("a", b"new"), edit("a", b"A", b"A1")]
    assert over(THERE, *wants, answers={"a": "keep"}).plan().changes == (EditFile("a", b"A", b"A1"),)
    assert over(THERE, wants[0], answers={"a": "keep"}).plan().changes == (CreateFile("a", b"A", b"new", "keep"),)
    moved = over(THERE, wants[0], move("a", "x"), answers={"a": "keep"}).plan()
    assert moved.changes == (MoveFile("a", "x", b"A", b"A"),)


def test_conflicts_of_several_generators_are_all_in_the_plan() -> None:
    plan = over(THERE, create("a", b"new"), create("x", b"X"), create("b", b"new")).plan()
    assert [(change.path, change.verb) for change in plan.changes] == [
        ("a", "conflict"), ("x", "create"), ("b", "conflict"),
    ]  # fmt: skip
    assert [change.path for change in plan.conflicts] == ["a", "b"]


@pytest.mark.parametrize(
    ("wants", "said"),
    [
        ([create("x", b"1"), create("x", b"2")], "x is wanted with two contents by what is planned together\nLet one"),
        ([edit("a", b"A", b"A1"), create("a", b"2")], "a is wanted with two contents"),
        ([move("a", "x"), create("x", b"2")], "x is wanted with two contents"),
        ([create("a", b"2"), move("a", "x")], "a exists already and differs from what would be generated, so it stays"),
        ([create("a", b"2"), remove("a")], "a exists already and differs from what would be generated, so it stays"),
        ([move("nowhere", "x")], "nowhere does not exist, so it cannot be moved"),
        ([remove("a"), move("a", "x")], "a does not exist, so it cannot be moved"),
        ([move("a", "b")], "b exists already\nMove it away, or choose another name."),
        ([create("x", b""), move("a", "x")], "x exists already"),
        ([create("x", b""), create("x/y", b"")], "x is a file, and a folder is needed there\nMove or rename it."),
        ([create("x/y/z", b""), create("x/y", b"")], "x/y exists and is no file\nMove or rename it."),
        ([create("x/y", b""), move("a", "x")], "x exists and is no file"),
        ([create("a/x", b"")], "a is a file, and a folder is needed there"),
    ],
)
def test_what_cannot_be_together_is_a_conflict(wants: list[Want], said: str) -> None:
    with pytest.raises(Conflict) as refusal:
        over(THERE, *wants)
    assert str(refusal.value).startswith(said)
    assert len(str(refusal.value).splitlines()) <= 3


def test_a_name_has_one_spelling(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"A")
    for workspace in (over(THERE), Workspace(Project.at(tmp_path))):
        workspace.edit("./a", b"A1")
        workspace.edit("a", b"A12")
        assert [change.path for change in workspace.plan().changes] == ["a"]
        for path in ("deep/../a", "/shop/a", str(tmp_path / "a")):
            with pytest.raises(OutsideProject, match="leads out of the project"):
                workspace.read(path)


def test_what_is_wanted_is_what_is_read() -> None:
    workspace = over(THERE, move("deep/c", "far/d"), create("far/e.py", b""), remove("a"))
    assert workspace.read("far/d") == b"C"
    assert workspace.read("deep/c") is None
    assert workspace.is_folder("far")
    assert not workspace.is_file("a")
    assert workspace.python_files("far") == ("far/e.py",)


def test_the_entries_of_a_folder_are_those_that_would_be_there() -> None:
    workspace = over({**THERE, "deep/words.txt": b"", "deep/er/x.py": b""})
    assert workspace.entries("deep") == ("c", "er", "words.txt")
    workspace.create("deep/new/file.py", b"")
    workspace.remove("deep/c")
    workspace.move("a", "deep/a")
    assert workspace.entries("deep") == ("a", "er", "new", "words.txt")
    assert workspace.entries("nowhere") == ()
