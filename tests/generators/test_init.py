"""``dartian init``: what a project is, where its jobs go, and that pyproject.toml keeps every other byte."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dartian_cli.edits.tool_table import with_jobs
from dartian_cli.errors import BrokenSource, CliError, Conflict, NotUnderstood, Usage
from dartian_cli.generators.initial import plan_init
from dartian_cli.generators.job import plan_job
from dartian_cli.plan import preview, run
from dartian_cli.project import Project
from dartian_cli.surroundings import look_around
from dartian_cli.workspace import Workspace
from tests.generators.conftest import Files, read, write

HATCH = b'[tool.hatch.build.targets.wheel]\npackages = ["lib/shop"]\n'
POETRY = b'[tool.poetry]\nname = "x"\npackages = [{include = "shop", from = "lib"}]\n'
SETUPTOOLS = b'[tool.setuptools]\npackages = ["shop", "shop.x"]\npackage-dir = {"" = "lib"}\n'
PYPROJECT = b'[project]\nname = "shop"\n'
MANAGE = b"import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n"
DJANGO: Files = {
    "manage.py": MANAGE,
    "mysite/__init__.py": b"",
    "mysite/settings.py": b"",
    "billing/__init__.py": b"",
    "billing/apps.py": b"",
    "polls/__init__.py": b"",
    "polls/models.py": b"",
}


def look(root: Path, files: Files) -> tuple[str, tuple[str, ...]]:
    write(root, files)
    found = look_around(Workspace(Project.at(root)))
    return found.kind, found.folders


@pytest.mark.parametrize(
    ("files", "kind", "folders"),
    [
        ({"src/shop/__init__.py": b""}, "a src layout", ["src/shop/jobs"]),
        ({"src/shop/x.py": b"", "src/shop.egg-info/x.py": b""}, "a src layout", ["src/shop/jobs"]),
        ({"src/a/x.py": b"", "src/shop/x.py": b"", "pyproject.toml": PYPROJECT}, "a src layout", ["src/shop/jobs"]),
        ({"src/acme/shop/__init__.py": b""}, "a src layout", ["src/acme/shop/jobs"]),
        ({"src/main.py": b""}, "a src layout without a package", ["src/jobs"]),
        ({"shop/__init__.py": b"", "tests/__init__.py": b"", "docs/conf.py": b""}, "a project", ["shop/jobs"]),
        ({"app/main.py": b"from fastapi import FastAPI\n", "alembic/env.py": b""}, "a project", ["app/jobs"]),
        ({"app/jobs/__init__.py": b""}, "a project", ["app/jobs"]),
        ({"main.py": b"from fastapi import FastAPI\n"}, "modules without a package", ["jobs"]),
        ({"app.py": b"", "config.py": b""}, "modules without a package", ["jobs"]),
        ({"setup.py": b""}, "an empty project", ["app/jobs"]),
        ({}, "an empty project", ["app/jobs"]),
        ({"backend/shop/__init__.py": b""}, "a project", ["backend/shop/jobs"]),
        (DJANGO, "a Django project", ["billing/jobs", "polls/jobs"]),
        (
            {f"backend/{path}": content for path, content in DJANGO.items()},
            "a Django project",
            ["backend/billing/jobs", "backend/polls/jobs"],
        ),
        ({"manage.py": MANAGE, "mysite/__init__.py": b""}, "a Django project", ["mysite/jobs"]),
        ({**DJANGO, "polls/jobs.py": b""}, "a Django project", ["billing/jobs"]),
        ({"manage.py": b"print('no Django')\n", "shop/__init__.py": b""}, "a project", ["shop/jobs"]),
        (
            {"pyproject.toml": HATCH, "lib/shop/a.py": b"", "x/y.py": b""},
            "a project with a package",
            ["lib/shop/jobs"],
        ),
        (
            {"pyproject.toml": POETRY, "lib/shop/a.py": b"", "y/y.py": b""},
            "a project with a package",
            ["lib/shop/jobs"],
        ),
        (
            {"pyproject.toml": SETUPTOOLS, "lib/shop/a.py": b""},
            "a project with a package",
            ["lib/shop/jobs"],
        ),
    ],
)
def test_what_a_project_is(tmp_path: Path, files: Files, kind: str, folders: list[str]) -> None:
    assert look(tmp_path, files) == (kind, tuple(folders))


@pytest.mark.parametrize(
    ("files", "given", "error", "said"),
    [
        (
            {"a/__init__.py": b"", "b/__init__.py": b""},
            [],
            Usage,
            "This is a project of several packages: the jobs could go to a/jobs, b/jobs\n"
            "Choose: dartian init --jobs a/jobs",
        ),
        (
            {"app.py": b"", "app/x.py": b""},
            [],
            Usage,
            "app.py has the name that the package app needs\n"
            "Name another place for the jobs: dartian init --jobs background/jobs",
        ),
        ({"main.py": b"", "jobs.py": b""}, [], Usage, "jobs.py has the name that the package jobs needs"),
        ({"src/shop/x.py": b"", "src/shop/jobs.py": b""}, [], Usage, "src/shop/jobs.py has the name that the package"),
        (
            {"app.py": b""},
            ["app/jobs"],
            Conflict,
            "app.py has the name that the package app needs: Python would import only one of them",
        ),
        (
            {"pyproject.toml": b'[tool.dartian]\njobs = "app/jobs"\n'},
            ["shop/jobs"],
            Conflict,
            'pyproject.toml: [tool.dartian] names its jobs already, and not jobs = "shop/jobs"\n'
            "Change that line by hand.",
        ),
    ],
)
def test_a_refusal_touches_nothing(
    tmp_path: Path, files: Files, given: list[str], error: type[CliError], said: str
) -> None:
    write(tmp_path, files)
    with pytest.raises(CliError) as refusal:
        run(Project.at(tmp_path), lambda workspace: plan_init(workspace, given))
    assert type(refusal.value) is error
    assert said in str(refusal.value)
    assert len(str(refusal.value).splitlines()) <= 3
    assert read(tmp_path) == files


TABLE = b'[tool.dartian]\njobs = "app/jobs"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, TABLE),
        (b"", TABLE),
        (PYPROJECT, PYPROJECT + b"\n" + TABLE),
        (PYPROJECT + b"\n", PYPROJECT + b"\n" + TABLE),
        (b'[project]\nname = "x"', b'[project]\nname = "x"\n\n' + TABLE),
        (b"[tool.x]\r\na = 1\r\n", b'[tool.x]\r\na = 1\r\n\r\n[tool.dartian]\r\njobs = "app/jobs"\r\n'),
        (b"# only a comment\n", b"# only a comment\n\n" + TABLE),
        (b"[[tool.x]]\na = 1 # \xc3\xa9\n# the end\n", b"[[tool.x]]\na = 1 # \xc3\xa9\n# the end\n\n" + TABLE),
        (b"[tool.dartian]\n", TABLE),
        (b"[tool.dartian] # ours\n\n[tool.x]\n", b'[tool.dartian] # ours\njobs = "app/jobs"\n\n[tool.x]\n'),
        (b"[ tool . dartian ]", b'[ tool . dartian ]\njobs = "app/jobs"\n'),
        (TABLE, TABLE),
        (b'tool.dartian.jobs = ["app/jobs"]\n', b'tool.dartian.jobs = ["app/jobs"]\n'),
        (b'[tool]\ndartian = {jobs = "app/jobs"}\n', b'[tool]\ndartian = {jobs = "app/jobs"}\n'),
    ],
)
def test_the_table_is_spliced_in(before: bytes | None, after: bytes) -> None:
    assert with_jobs("pyproject.toml", before, ["app/jobs"]) == after
    assert with_jobs("pyproject.toml", after, ["app/jobs"]) == after


def test_several_folders_are_a_list() -> None:
    result = with_jobs("pyproject.toml", None, ["billing/jobs", "polls/jobs"])
    assert result == b'[tool.dartian]\njobs = ["billing/jobs", "polls/jobs"]\n'


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (b"tool = {x = 1}\n", NotUnderstood, "Write [tool.dartian] into it, and below that:\njobs = "),
        (b"[tool]\ndartian = {}\n", NotUnderstood, "not edited by guesswork"),
        (b'x = """\n[tool.dartian]\n"""\n[tool.y]\n', NotUnderstood, "not edited by guesswork"),
        (b"[tool\n", BrokenSource, "pyproject.toml:1:6: not valid TOML"),
        (b"\xef\xbb\xbf[tool.x]\n", BrokenSource, "pyproject.toml:1: begins with a byte order mark"),
        (b"a = '\xe9'\n", BrokenSource, "pyproject.toml:1: not UTF-8"),
    ],
)
def test_a_file_that_is_not_understood_is_left(content: bytes, error: type[CliError], said: str) -> None:
    with pytest.raises(CliError) as refusal:
        with_jobs("pyproject.toml", content, ["app/jobs"])
    assert type(refusal.value) is error
    assert said in str(refusal.value)
    assert len(str(refusal.value).splitlines()) <= 3


lines = st.sampled_from(
    [
        "",
        "# note",
        "[a]",
        "[tool.b]",
        "[[tool.c]]",
        "[tool.dartian]",
        "x = 1",
        'y = """',
        '"""',
        "z = [",
        "]",
        "  ",
        "tool = {}",
    ]
)


@given(st.lists(lines, max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_whatever_the_file_looks_like_only_the_table_is_added(parts: list[str], newline: str, ends: bool) -> None:
    content = (newline.join(parts) + (newline if ends else "")).encode()
    try:
        result = with_jobs("pyproject.toml", content, ["app/jobs"])
    except BrokenSource:
        return
    before, after = tomllib.loads(content.decode()), tomllib.loads(result.decode())
    assert after["tool"]["dartian"].pop("jobs") == "app/jobs"
    assert {**before, "tool": {"dartian": {}, **before.get("tool", {})}} == after
    assert with_jobs("pyproject.toml", result, ["app/jobs"]) == result


def test_init_touches_nothing_else_and_twice_is_identical(tmp_path: Path) -> None:
    files = {"src/shop/__init__.py": b"", "pyproject.toml": PYPROJECT, "README.md": b"hello\r\n"}
    write(tmp_path, files)
    project = Project.at(tmp_path)
    plan = run(project, plan_init)
    assert [(change.verb, change.path) for change in plan.changes] == [("edit", "pyproject.toml")]
    assert plan.notes == (
        "tests import from src/, where pytest does not look: install the project, or write in pyproject.toml below "
        '[tool.pytest.ini_options]: pythonpath = ["src"]',
    )
    assert {**read(tmp_path), "pyproject.toml": PYPROJECT} == files
    again = preview(Project.at(tmp_path), plan_init)
    assert [change.verb for change in again.changes] == ["identical"]
    assert [package.dotted for package in Project.at(tmp_path).jobs] == ["shop.jobs"]


def test_a_src_layout_whose_tests_find_it_is_told_nothing(tmp_path: Path) -> None:
    settings = b'[tool.pytest.ini_options]\npythonpath = ["src"]\n'
    write(tmp_path, {"src/shop/__init__.py": b"", "pyproject.toml": settings})
    assert preview(Project.at(tmp_path), plan_init).notes == ()


def test_django_gets_a_configuration_that_sets_it_up(tmp_path: Path) -> None:
    write(tmp_path, {**DJANGO, "polls/jobs.py": b"", "config.py": b"X = 1\n"})
    plan = run(Project.at(tmp_path), plan_init)
    assert [(change.verb, change.path) for change in plan.changes] == [
        ("create", "pyproject.toml"),
        ("create", "config/queue.py"),
    ]
    assert plan.notes == ("left out: polls/jobs.py has the name that the package polls/jobs needs",)
    text = (tmp_path / "config" / "queue.py").read_text()
    assert 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")\n    django.setup()\n' in text
    run(Project.at(tmp_path), lambda workspace: plan_job(workspace, "Publish"))
    assert [change.verb for change in run(Project.at(tmp_path), plan_init).changes] == ["identical"]


def test_a_configuration_that_is_there_stays_and_is_told_what_it_lacks(tmp_path: Path) -> None:
    write(tmp_path, {**DJANGO, "config/queue.py": b"# mine\n"})
    plan = run(Project.at(tmp_path), plan_init)
    assert [change.path for change in plan.changes] == ["pyproject.toml"]
    assert plan.notes == ("config/queue.py is yours: let its boot() call django.setup(), or no job can use a model",)
