"""The test kit itself: every assertion holds where it should, and fails where it should with a text that helps."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from dartian_cli.changes import EditFile, MoveFile, Plan, RemoveFile
from dartian_cli.errors import Conflict, NameRefused, OutsideProject, Usage
from dartian_cli.generators.application import plan_application
from dartian_cli.generators.job import plan_job
from dartian_cli.plan import run
from dartian_cli.project import Project
from dartian_cli.testing import MemoryProject, Result
from dartian_cli.workspace import Workspace

THERE = {
    "app/list.py": "one = 1\ntwo = 2\nthree = 3\n",
    "app/old.py": "old = 1\n",
    "app/gone.py": "",
    "mine.txt": "mine",
}
PROJECT = MemoryProject(THERE)


def every_kind(workspace: Workspace) -> Plan:
    """Plan a change of every kind."""
    workspace.create("app/made.py", "made = 1\n")
    workspace.edit("app/list.py", b"one = 1\ntwo = 22\nthree = 3\nfour = 4\n")
    workspace.move("app/old.py", "app/new.py")
    workspace.remove("app/gone.py")
    workspace.note("a note")
    return workspace.plan()


def offer(workspace: Workspace, content: str = "theirs", *, force: bool = False) -> Plan:
    workspace.create("mine.txt", content, force=force)
    return workspace.plan()


EVERY = PROJECT.run_once(every_kind)
SHOWN = """\
  create     app/made.py
  edit       app/list.py
  move       app/old.py -> app/new.py
  remove     app/gone.py
  a note"""


def test_what_holds_is_asserted() -> None:
    EVERY.assert_creates("app/made.py")
    EVERY.assert_creates("app/made.py", "made = 1\n")
    EVERY.assert_creates("app/made.py", b"made = 1\n")
    EVERY.assert_has_patch("app/list.py", "- two = 2\n+ two = 22\n  three = 3\n+ four = 4")
    EVERY.assert_has_patch("app/made.py", "+ made = 1")
    EVERY.assert_moves("app/old.py", "app/new.py")
    EVERY.assert_moves("app/old.py", "app/new.py", "old = 1\n")
    EVERY.assert_removes("app/gone.py")
    EVERY.assert_unchanged("mine.txt")
    PROJECT.run(offer).assert_conflict("mine.txt")
    PROJECT.run(offer, "mine").assert_unchanged()
    assert EVERY.verbs == {
        "app/made.py": "create", "app/list.py": "edit", "app/old.py": "move", "app/gone.py": "remove",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (lambda: EVERY.assert_creates("app/list.py"), f"app/list.py is not created. The plan:\n{SHOWN}"),
        (lambda: EVERY.assert_creates("app/nowhere.py"), f"app/nowhere.py is not created. The plan:\n{SHOWN}"),
        (
            lambda: EVERY.assert_creates("app/made.py", "made = 2\n"),
            "app/made.py has another content:\n  --- expected\n  +++ planned\n  @@ -1 +1 @@\n  -made = 2\n  +made = 1",
        ),
        (
            lambda: EVERY.assert_creates("app/made.py", b"made = 1\r\n"),
            "app/made.py has another content:\n  --- expected\n  +++ planned\n  @@ -1 +1 @@\n"
            "  -made = 1\\r\n  +made = 1",
        ),
        (
            lambda: EVERY.assert_creates("app/made.py", "made = 1"),
            "app/made.py has another content:\n  --- expected\n  +++ planned\n  @@ -1 +1 @@\n"
            "  -made = 1\\ no newline at the end\n  +made = 1",
        ),
        (
            lambda: EVERY.assert_has_patch("app/list.py", "- two = 2\n+ two = 23"),
            "app/list.py has no such patch:\n  - two = 2\n  + two = 23\nWhat changes in it:\n"
            "  - two = 2\n  + two = 22\n  + four = 4",
        ),
        (
            lambda: EVERY.assert_has_patch("app/list.py", "+ two = 22\n+ four = 4"),
            "app/list.py has no such patch:\n  + two = 22\n  + four = 4\nWhat changes in it:\n"
            "  - two = 2\n  + two = 22\n  + four = 4",
        ),
        (
            lambda: EVERY.assert_has_patch("app/list.py", "+ four = 4\n...\n- two = 2"),
            "app/list.py has no such patch:\n  + four = 4\n  ...\n  - two = 2\nWhat changes in it:\n"
            "  - two = 2\n  + two = 22\n  + four = 4",
        ),
        (lambda: EVERY.assert_has_patch("mine.txt", "+ x"), f"mine.txt is not changed. The plan:\n{SHOWN}"),
        (
            lambda: EVERY.assert_unchanged("mine.txt", "app/list.py"),
            "app/list.py is not unchanged: edit\n  --- a/app/list.py\n  +++ b/app/list.py\n  @@ -1,3 +1,4 @@\n"
            "   one = 1\n  -two = 2\n  +two = 22\n   three = 3\n  +four = 4\n",
        ),
        (
            lambda: PROJECT.run(offer).assert_unchanged(),
            "mine.txt is not unchanged: conflict\n  --- a/mine.txt\n  +++ b/mine.txt\n  @@ -1 +1 @@\n"
            "  -mine\n  \\ No newline at end of file\n  +theirs\n  \\ No newline at end of file\n",
        ),
        (
            lambda: EVERY.assert_unchanged("mine.text"),
            "There was no mine.text. There are:\n  app/gone.py\n  app/list.py\n  app/old.py\n  mine.txt",
        ),
        (lambda: EVERY.assert_removes("app/old.py"), f"app/old.py is not removed. The plan:\n{SHOWN}"),
        (lambda: EVERY.assert_moves("app/gone.py", "x"), f"app/gone.py is not moved. The plan:\n{SHOWN}"),
        (lambda: EVERY.assert_moves("app/old.py", "x"), "app/old.py is moved to app/new.py, and not to x"),
        (
            lambda: EVERY.assert_moves("app/old.py", "app/new.py", "new = 1\n"),
            "app/new.py has another content:\n  --- expected\n  +++ planned\n  @@ -1 +1 @@\n  -new = 1\n  +old = 1",
        ),
        (lambda: EVERY.assert_conflict("mine.txt"), f"mine.txt is no conflict. The plan:\n{SHOWN}"),
        (
            lambda: PROJECT.assert_refuses(Conflict, offer),
            "It does not refuse with Conflict. The plan:\n  conflict   mine.txt",
        ),
        (
            lambda: MemoryProject({"a": ""}).text("b"),
            "There is no b. There are:\n  a",
        ),
    ],
)
def test_what_does_not_hold_is_said(check: Callable[[], object], said: str) -> None:
    with pytest.raises(AssertionError) as failure:
        check()
    assert str(failure.value) == said


@pytest.mark.parametrize(
    "patch",
    [
        "- two = 2",
        "+ two = 22",
        "  one = 1\n- two = 2\n+ two = 22\n  three = 3\n+ four = 4\n",
        "- two = 2\n...\n+ four = 4",
        """
        - two = 2
        + two = 22
          three = 3
        """,
    ],
)
def test_a_patch_is_found_wherever_it_is(patch: str) -> None:
    EVERY.assert_has_patch("app/list.py", patch)


def test_a_patch_of_indented_and_empty_lines() -> None:
    before = MemoryProject({"a.py": "class A:\n    x = 1\n\n    y = 2\r\n"})

    def insert(workspace: Workspace) -> Plan:
        workspace.edit("a.py", b"class A:\n    x = 1\n\n    y = 2\r\n\n    z = 3\n")
        return workspace.plan()

    before.run(insert).assert_has_patch(
        "a.py",
        """
              x = 1

              y = 2
        +
        +     z = 3
        """,
    )


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ("-two = 2", 'each line of a patch begins with "- ", "+ " or two spaces, and this one does not: -two = 2'),
        (
            "- two = 2\n three",
            'each line of a patch begins with "- ", "+ " or two spaces, and this one does not:  three',
        ),
        ("...", 'a patch has a line that begins with "- " or "+ "'),
        ("", 'a patch has a line that begins with "- " or "+ "'),
    ],
)
def test_a_patch_that_could_match_anything_is_a_mistake(patch: str, said: str) -> None:
    with pytest.raises(ValueError) as mistake:
        EVERY.assert_has_patch("app/list.py", patch)
    assert str(mistake.value) == said


def test_a_file_that_moves_is_found_by_either_path() -> None:
    def rename(workspace: Workspace) -> Plan:
        workspace.edit("app/old.py", b"new = 1\n")
        workspace.move("app/old.py", "app/new.py")
        return workspace.plan()

    result = PROJECT.run_once(rename)
    for path in ("app/old.py", "app/new.py"):
        result.assert_has_patch(path, "- old = 1\n+ new = 1")
        with pytest.raises(AssertionError, match=r"^app/old.py is not unchanged: move"):
            result.assert_unchanged("app/old.py")


def test_the_result_is_a_project_to_go_on_with() -> None:
    assert dict(EVERY.project.files) == {
        "app/list.py": b"one = 1\ntwo = 22\nthree = 3\nfour = 4\n", "app/made.py": b"made = 1\n",
        "app/new.py": b"old = 1\n", "mine.txt": b"mine",
    }  # fmt: skip
    assert EVERY.project.text("app/new.py") == "old = 1\n"
    assert dict(PROJECT.files) == {path: content.encode() for path, content in THERE.items()}
    assert PROJECT.run(offer).project.files == PROJECT.files, "a conflict applies nothing"


def test_answers_and_edits_by_hand() -> None:
    assert PROJECT.answering({"mine.txt": "keep"}).run(offer).verbs == {"mine.txt": "keep"}
    overwritten = PROJECT.answering({"mine.txt": "overwrite"}).run(offer)
    assert overwritten.verbs == {"mine.txt": "overwrite"}
    assert overwritten.project.text("mine.txt") == "theirs"
    assert overwritten.project.with_files({"mine.txt": "by hand"}).run(offer).project.text("mine.txt") == "theirs"
    assert PROJECT.with_files({"mine.txt": "theirs"}).run(offer).verbs == {"mine.txt": "identical"}
    assert PROJECT.run(offer, force=True).verbs == {"mine.txt": "overwrite"}


def test_the_project_is_read_from_its_own_settings() -> None:
    project = MemoryProject({"pyproject.toml": '[tool.dartian]\njobs = "src/shop/jobs"\n'}, name="corner").project
    assert [package.dotted for package in project.jobs] == ["shop.jobs"]
    assert project.root == Path("/in-memory/corner")


def test_a_refusal_is_returned() -> None:
    assert "HandleValueError" in str(PROJECT.assert_refuses(NameRefused, plan_job, "ValueError"))


def test_a_path_out_of_the_project_is_refused() -> None:
    PROJECT.assert_refuses(OutsideProject, lambda workspace: (workspace.create("../x", ""), workspace.plan())[1])


def plan_number(numbers: Iterator[int]) -> Callable[[Workspace], Plan]:
    def generator(workspace: Workspace) -> Plan:
        workspace.create("number.txt", str(next(numbers)), force=True)
        return workspace.plan()

    return generator


def append(workspace: Workspace) -> Plan:
    workspace.edit("app/list.py", (workspace.read("app/list.py") or b"") + b"more = 1\n")
    return workspace.plan()


def refuse_once_made(workspace: Workspace) -> Plan:
    if workspace.is_file("made.txt"):
        raise Usage("made.txt is there already\nRemove it.")
    workspace.create("made.txt", "")
    return workspace.plan()


def break_python(workspace: Workspace) -> Plan:
    workspace.create("app/broken.py", "def f(:\n")
    return workspace.plan()


def refuse_otherwise(numbers: Iterator[int]) -> Callable[[Workspace], Plan]:
    def generator(workspace: Workspace) -> Plan:
        raise Usage(f"number {next(numbers)}")

    return generator


def refuse_at_length(workspace: Workspace) -> Plan:
    raise Usage("1\n2\n3\n4")


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (
            lambda: PROJECT.run(plan_number(count())),
            "The generator is not pure: two runs on the same files plan two things\n"
            "  --- the first time\n  +++ the second time\n",
        ),
        (
            lambda: PROJECT.run(append),
            "The generator is not idempotent: on its own result it plans\n  edit       app/list.py\n"
            "  --- a/app/list.py",
        ),
        (
            lambda: PROJECT.run(refuse_once_made),
            "The generator is not idempotent: on its own result it refuses:\n  made.txt is there already\n  Remove it.",
        ),
        (
            lambda: PROJECT.run(break_python),
            "What is planned is no Python: app/broken.py:1:7: invalid syntax",
        ),
        (
            lambda: PROJECT.run(lambda workspace: workspace.create("x", "")),  # type: ignore[arg-type, return-value]
            "The generator returned None, and no Plan: end it with return workspace.plan()",
        ),
        (
            lambda: PROJECT.assert_refuses(Usage, refuse_otherwise(count(1))),
            "The generator is not pure: it refuses otherwise the second time:\nnumber 1\nnumber 2",
        ),
        (
            lambda: PROJECT.assert_refuses(Usage, refuse_at_length),
            "A refusal has three lines at most, and this one has more:\n1\n2\n3\n4",
        ),
        (
            lambda: PROJECT.run(lambda _: Plan((RemoveFile("app/old.py", b"what it was"),))),
            "app/old.py is not what the plan says that it changes:\n  remove     app/old.py",
        ),
        (
            lambda: PROJECT.run(
                lambda _: Plan((MoveFile("app/gone.py", "x", b"", b""), EditFile("app/gone.py", b"", b"1\n")))
            ),
            "app/gone.py is changed twice by one plan:\n  move       app/gone.py -> x\n  edit       app/gone.py",
        ),
    ],
)
def test_what_is_checked_for_free(check: Callable[[], object], said: str) -> None:
    with pytest.raises(AssertionError) as failure:
        check()
    assert str(failure.value).startswith(said)


@pytest.mark.parametrize(
    "generator",
    [
        plan_application,
        lambda workspace: plan_job(workspace, "podcasts/Publish", ["podcast_id:int"], {"tries": 3}),
        lambda workspace: (plan_application(workspace), plan_job(workspace, "Publish"))[1],
        every_kind,
        lambda workspace: offer(workspace, force=True),
    ],
    ids=["new", "make:job", "both", "every kind", "forced"],
)
def test_memory_and_disk_agree(tmp_path: Path, generator: Callable[[Workspace], Plan]) -> None:
    root = tmp_path / "shop"
    for path, content in THERE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    result: Result = PROJECT.run_once(generator)
    assert run(Project.at(root), generator) == result.plan
    found = (path for path in root.rglob("*") if path.is_file() and ".dartian" not in path.parts)
    assert {path.relative_to(root).as_posix(): path.read_bytes() for path in found} == result.project.files
