"""The project's own stubs win, and are told; a broken one is named with its line."""

from collections.abc import Callable

import pytest

from dartian_cli.errors import BrokenSource, OutsideProject
from dartian_cli.project import Project
from dartian_cli.stubs import find_stub, packaged_stubs, render
from dartian_cli.workspace import Workspace

Write = Callable[[dict[str, bytes]], None]


def test_the_packaged_stubs() -> None:
    assert packaged_stubs() == (
        "application/README.md",
        "application/env.example",
        "application/gitignore",
        "application/pyproject.toml",
        "config/queue.py",
        "django/queue.py",
        "job.py",
        "test_job.py",
    )


def test_the_projects_own_wins_and_is_told(project: Project, write: Write) -> None:
    assert find_stub(Workspace(project), "job.py").note == ""
    write({"stubs/job.py.jinja": b"x = {{ value }}\n"})
    stub = find_stub(Workspace(project), "job.py")
    assert stub.own
    assert stub.note == "from your own stub stubs/job.py.jinja"
    assert render(stub, value=3) == "x = 3\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a\n{% if %}\n", "stubs/job.py.jinja:2: Expected an expression"),
        (b"{{ nobody }}\n", "'nobody' is undefined\nKnown here: value."),
        (b"{{ value.nobody }}\n", "has no attribute 'nobody'"),
        (b"{{ 1 / 0 }}\n", "division by zero"),
        (b"x = (\n", "it renders Python with an error in line 1 of its output"),
        (b"\xff\n", "stubs/job.py.jinja"),
    ],
)
def test_a_broken_stub_is_named(project: Project, write: Write, text: bytes, said: str) -> None:
    write({"stubs/job.py.jinja": text})
    with pytest.raises(BrokenSource) as refusal:
        render(find_stub(Workspace(project), "job.py"), value=3)
    assert said in str(refusal.value)
    assert "stubs/job.py.jinja" in str(refusal.value)
    assert str(refusal.value).endswith("Correct it, or delete it to use the packaged one.")


def test_a_stub_that_a_plan_makes_is_used_and_one_outside_of_the_project_is_not(project: Project, write: Write) -> None:
    workspace = Workspace(project)
    workspace.create("stubs/job.py.jinja", "x = 1\n")
    assert find_stub(workspace, "job.py").content == b"x = 1\n"
    (project.root.parent / "elsewhere").mkdir()
    (project.root / "stubs").symlink_to(project.root.parent / "elsewhere")
    with pytest.raises(OutsideProject, match=r"^stubs leads out of the project"):
        find_stub(Workspace(project), "job.py")


def test_a_file_called_stubs_is_no_folder_of_them(project: Project, write: Write) -> None:
    write({"stubs": b"notes\n"})
    assert not find_stub(Workspace(project), "job.py").own
