"""New code is as the project's own formatter, linter and import sorter want it: the real ruff has nothing to say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dartian_cli.errors import BrokenSource
from dartian_cli.generators.job import plan_job
from dartian_cli.layout import laid_out
from dartian_cli.plan import run
from dartian_cli.project import Project
from dartian_cli.style import find_style
from dartian_cli.workspace import Workspace
from tests.generators.conftest import write
from tests.generators.test_generated_code import EVERY_TYPE, MODELS

CHECKED = (
    'select = ["D", "E4", "E7", "E9", "F", "I", "N", "Q", "RUF", "W"]\nignore = ["D203", "D206", "D213", "W191"]\n'
)

SETTINGS: dict[str, str] = {
    "plain": "",
    "narrow": "[tool.ruff]\nline-length = 60\n",
    "wide": "[tool.ruff]\nline-length = 140\n",
    "single": '[tool.ruff.format]\nquote-style = "single"\n[tool.ruff.lint.flake8-quotes]\ninline-quotes = "single"\n',
    "preserve": (
        '[tool.ruff.format]\nquote-style = "preserve"\n[tool.ruff.lint.flake8-quotes]\ninline-quotes = "single"\n'
    ),
    "tabs": '[tool.ruff]\nline-length = 70\n[tool.ruff.format]\nindent-style = "tab"\n',
    "two": "[tool.ruff]\nindent-width = 2\nline-length = 60\n",
    "wide-tabs": '[tool.ruff]\nindent-width = 8\nline-length = 72\n[tool.ruff.format]\nindent-style = "tab"\n',
    "crlf": '[tool.ruff.format]\nline-ending = "cr-lf"\n',
    "collapse": "[tool.ruff.format]\nskip-magic-trailing-comma = true\n",
    "single-line": '[tool.ruff.lint.isort]\nforce-single-line = true\nsingle-line-exclusions = ["typing"]\n',
    "mixed": "[tool.ruff.lint.isort]\nforce-sort-within-sections = true\n",
    "cases": "[tool.ruff.lint.isort]\ncase-sensitive = true\norder-by-type = false\n",
    "untyped": "[tool.ruff.lint.isort]\norder-by-type = false\n",
    "two-after": "[tool.ruff.lint.isort]\nlines-after-imports = 2\n",
    "between": "[tool.ruff.lint.isort]\nlines-between-types = 1\nfrom-first = true\n",
    "lengths": "[tool.ruff.lint.isort]\nlength-sort = true\n",
    "known": '[tool.ruff.lint.isort]\nknown-first-party = ["dartian_q*"]\nknown-third-party = ["app"]\n',
    "custom": (
        "[tool.ruff.lint.isort]\n"
        'section-order = ["future", "standard-library", "first-party", "queue", "third-party", "local-folder"]\n'
        '[tool.ruff.lint.isort.sections]\nqueue = ["dartian_queue"]\n'
    ),
    "together": '[tool.ruff.lint.isort]\nno-lines-before = ["first-party"]\nforce-to-top = ["app"]\n',
    "no-sections": "[tool.ruff.lint.isort]\nno-sections = true\n",
    "default-own": '[tool.ruff.lint.isort]\ndefault-section = "first-party"\n',
    "required": '[tool.ruff.lint.isort]\nrequired-imports = ["from __future__ import annotations"]\n',
    "elsewhere": '[tool.ruff]\nsrc = ["backend"]\n',
    "all-at-once": (
        '[tool.ruff]\nline-length = 64\nindent-width = 2\n[tool.ruff.format]\nquote-style = "single"\n'
        'line-ending = "cr-lf"\n[tool.ruff.lint.flake8-quotes]\ninline-quotes = "single"\n'
        "[tool.ruff.lint.isort]\nforce-single-line = true\nforce-sort-within-sections = true\n"
        'lines-after-imports = 2\nrequired-imports = ["from __future__ import annotations"]\n'
    ),
}
LONG = "TranscribeEveryPodcastThatWasUploadedSinceTheDayBefore"


def make_project(root: Path, settings: str, file: str = "pyproject.toml") -> Project:
    """A project with these settings, and jobs of every kind in it."""
    lint = "[lint]\n" if file != "pyproject.toml" else "[tool.ruff.lint]\n"
    text = "[tool.dartian]\n" if file == "pyproject.toml" else ""
    write(root, {file: f"{text}{settings}\n{lint}{CHECKED}".encode()})
    project = Project.at(root)
    options = {"queue": "media", "tries": 5, "tags": ["p:{podcast_id}", "it's"], "timeout": 120, "name": "a.Publish"}
    run(project, lambda workspace: plan_job(workspace, "Publish", ["podcast_id:int"], options))
    write(root, {"app/models.py": MODELS.encode()})
    run(project, lambda workspace: plan_job(workspace, "podcasts/Publish", ['title:str=say "it"', "note:str?"]))
    run(project, lambda workspace: plan_job(workspace, f"names/{LONG}", ["x:str"], {"queue": "m"}))
    run(project, lambda workspace: plan_job(workspace, "types/Every", EVERY_TYPE, sync=True))
    run(project, lambda workspace: plan_job(workspace, "audit/Close", ["account:list:app.models.Account"]))
    return project


def ruff(root: Path, *arguments: str) -> str:
    """Return what ruff has to say, with the settings of each project."""
    command = [sys.executable, "-m", "ruff", *arguments, "--no-cache", "--exclude", "models.py", "."]
    done = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project for each of the settings."""
    root = tmp_path_factory.mktemp("styles")
    for name, settings in SETTINGS.items():
        make_project(root / name, settings)
    return root


def test_ruff_has_nothing_to_change_with_the_projects_own_settings(projects: Path) -> None:
    assert ruff(projects, "format", "--diff") == ""


def test_ruff_finds_nothing_with_the_projects_own_settings(projects: Path) -> None:
    assert ruff(projects, "check", "--output-format", "concise") == ""


CHECKED_WHOLE = ("all-at-once", "required", "tabs")


def check(root: Path, *command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=root, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", CHECKED_WHOLE)
def test_mypy_finds_nothing_and_its_own_tests_pass(projects: Path, name: str) -> None:
    root = projects / name
    check(root, "mypy", "--strict", "--explicit-package-bases", "app", "tests")
    tests = ("pytest", "-q", "-p", "no:cacheprovider", "--ignore=tests/jobs/audit", "--rootdir", ".")
    check(root, *tests, "--import-mode=importlib", "-o", "pythonpath=.")


def test_pyright_finds_nothing(projects: Path) -> None:
    settings = {
        "typeCheckingMode": "strict",
        "include": [f"{name}/{folder}" for name in CHECKED_WHOLE for folder in ("app", "tests")],
        "executionEnvironments": [{"root": name} for name in CHECKED_WHOLE],
    }
    (projects / "pyrightconfig.json").write_text(json.dumps(settings))
    check(projects, "pyright", "--pythonpath", sys.executable)


@pytest.mark.parametrize("file", ["ruff.toml", ".ruff.toml"])
def test_settings_in_a_file_of_ruffs_own_are_found(tmp_path: Path, file: str) -> None:
    make_project(tmp_path, "line-length = 60\n[format]\nquote-style = 'single'\n", file)
    assert ruff(tmp_path, "format", "--diff") == ""


def test_settings_are_found_where_ruff_finds_them(tmp_path: Path) -> None:
    files = {
        "ruff.toml": b"line-length = 100\nindent-width = 2\n[format]\nquote-style = 'single'\n",
        "shop/pyproject.toml": b"[tool.dartian]\n[tool.black]\nline-length = 70\n",
        "shop/tests/.ruff.toml": b"extend = '../../ruff.toml'\nline-length = 60\n[format]\nindent-style = 'tab'\n",
        "shop/tests/ruff.toml": b"line-length = 50\n",
    }
    write(tmp_path, files)
    workspace = Workspace(Project.at(tmp_path / "shop"))
    assert (style := find_style(workspace, "app/jobs")).quote == "'"
    assert (style.line_length, style.indent) == (100, "  ")
    style = find_style(workspace, "tests/jobs")
    assert (style.line_length, style.indent, style.indent_width, style.quote) == (60, "\t", 2, "'")


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        ("[tool.black]\nline-length = 100\n", "line_length", 100),
        ("[tool.black]\nline-length = 100\n[tool.ruff]\nline-length = 99\n", "line_length", 99),
        ("[tool.ruff]\nline-length = 'x'\n", "line_length", 88),
        ("[tool.ruff.lint.flake8-quotes]\ninline-quotes = 'single'\n", "quote", "'"),
        ("[tool.ruff.flake8-quotes]\ninline-quotes = 'single'\n", "quote", "'"),
        ("[tool.black]\n[tool.ruff.lint.flake8-quotes]\ninline-quotes = 'single'\n", "quote", '"'),
        (
            "[tool.black]\nskip-string-normalization = true\n"
            "[tool.ruff.lint.flake8-quotes]\ninline-quotes = 'single'\n",
            "quote",
            "'",
        ),
        ("[tool.black]\nskip-magic-trailing-comma = true\n", "magic_comma", False),
    ],
)
def test_what_each_tool_says(tmp_path: Path, settings: str, name: str, value: object) -> None:
    write(tmp_path, {"pyproject.toml": settings.encode()})
    assert getattr(find_style(Workspace(Project.at(tmp_path)), "app/jobs"), name) == value


@pytest.mark.parametrize(
    ("settings", "imports"),
    [
        (
            'force_single_line = true\nforce_sort_within_sections = true\nsingle_line_exclusions = ["typing"]\n',
            "from dartian_queue import Job\nfrom dartian_queue import field\n",
        ),
        ('profile = "google"\n', "from dartian_queue import field\nfrom dartian_queue import Job\n"),
        ('profile = "black"\nadd_imports = ["from __future__ import annotations"]\n', "from __future__ import anno"),
        (
            'sections = ["FUTURE", "FIRSTPARTY"]\nknown_first_party = ["dartian_queue"]\n',
            "from dartian_queue import Job",
        ),
    ],
)
def test_what_isort_is_told(tmp_path: Path, settings: str, imports: str) -> None:
    write(tmp_path, {"pyproject.toml": f"[tool.dartian]\n[tool.isort]\n{settings}".encode()})
    run(Project.at(tmp_path), lambda workspace: plan_job(workspace, "Publish", ["day:date", "tags:list:str=[]"]))
    text = (tmp_path / "app" / "jobs" / "publish.py").read_text()
    assert text.partition("\n\n")[2].startswith(imports) or f"import date\n\n{imports}" in text, text


def test_broken_settings_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": b"", "ruff.toml": b"line-length =\n"})
    with pytest.raises(BrokenSource, match=r"ruff.toml:1:14: not valid TOML"):
        find_style(Workspace(Project.at(tmp_path)), "app/jobs")


def test_a_stub_of_the_project_keeps_its_own_style(tmp_path: Path) -> None:
    stub = b"class {{ class_name }}:\n        x = 'mine'\n        y: str = \"mine too\"\n"
    write(tmp_path, {"ruff.toml": b"indent-width = 2\n", "pyproject.toml": b"", "stubs/job.py.jinja": stub})
    run(Project.at(tmp_path), lambda workspace: plan_job(workspace, "Publish", test=False))
    assert (tmp_path / "app" / "jobs" / "publish.py").read_bytes() == stub.replace(b"{{ class_name }}", b"Publish")


def test_what_is_short_enough_or_not_understood_is_left(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": b"[tool.ruff]\nline-length = 30\n"})
    style = find_style(Workspace(Project.at(tmp_path)), "app")
    for code in (
        "x = [1,\n  2]\n",
        f'"""{"long " * 20}"""\n',
        f"x = {list(range(30))}\n",
        f"if {list(range(30))}: pass\n",
    ):
        assert laid_out(code, style) == code
    assert laid_out(f"print('{'a' * 40}')\n", style) == f"print(\n    '{'a' * 40}'\n)\n"
