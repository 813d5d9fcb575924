"""What pytest needs so that generated tests find the project: the note holds it, and with it the real pytest passes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dartian_cli.generators.initial import plan_init
from dartian_cli.generators.job import plan_job
from dartian_cli.plan import preview, run
from dartian_cli.project import Project
from dartian_cli.testing import MemoryProject
from tests.cli.typing_at import clean
from tests.generators.conftest import Files, write

DARTIAN = b'[tool.dartian]\njobs = "src/shop/jobs"\n'
SRC: Files = {"pyproject.toml": DARTIAN, "src/shop/__init__.py": b""}
OPTIONS = b'[tool.pytest.ini_options]\naddopts = ["-ra"]\n'
PLAIN: Files = {"pyproject.toml": b"", "app/__init__.py": b"", "tests/test_old.py": b""}
_WANTED = re.compile(r"write in (\S+?)(?: below (\[.+\]))?: (pythonpath = .+)$")

UNFOUND: dict[str, tuple[Files, str]] = {
    "no settings": (SRC, 'pyproject.toml below [tool.pytest.ini_options]: pythonpath = ["src"]'),
    "others": (
        {**SRC, "pyproject.toml": OPTIONS + DARTIAN},
        'pyproject.toml below [tool.pytest.ini_options]: pythonpath = ["src"]',
    ),
    "other folders": (
        {**SRC, "pyproject.toml": DARTIAN + b'[tool.pytest.ini_options]\npythonpath = "lib tools"\n'},
        'pyproject.toml: pythonpath = ["lib", "tools", "src"]',
    ),
    "pytest.ini": ({**SRC, "pytest.ini": b"[pytest]\naddopts = -ra\n"}, "pytest.ini below [pytest]: pythonpath = src"),
    "pytest.ini, empty": ({**SRC, "pytest.ini": b""}, "pytest.ini below [pytest]: pythonpath = src"),
    "pytest.ini, first": (
        {**SRC, "pytest.ini": b"[pytest]\npythonpath = lib\n", "pyproject.toml": OPTIONS + DARTIAN},
        "pytest.ini: pythonpath = lib src",
    ),
    "tox.ini": ({**SRC, "tox.ini": b"[tox]\n[pytest]\naddopts=-ra\n"}, "tox.ini below [pytest]: pythonpath = src"),
    "tox.ini of another": (
        {**SRC, "tox.ini": b"[tox]\n", "setup.cfg": b"[tool:pytest]\naddopts = -ra\n"},
        "setup.cfg below [tool:pytest]: pythonpath = src",
    ),
    "tests in plain folders": (PLAIN, 'pyproject.toml below [tool.pytest.ini_options]: pythonpath = ["."]'),
    "tests imported by their paths": (
        {"pyproject.toml": b'[tool.pytest.ini_options]\naddopts = "--import-mode=importlib"\n'},
        'pyproject.toml below [tool.pytest.ini_options]: pythonpath = ["."]',
    ),
}
FOUND: dict[str, Files] = {
    "it is told": {**SRC, "pyproject.toml": DARTIAN + b'[tool.pytest.ini_options]\npythonpath = ["./src/"]\n'},
    "it is told elsewhere": {**SRC, "setup.cfg": b"[tool:pytest]\npythonpath =\n    lib\n    src\n"},
    "a conftest sees to it": {**SRC, "tests/conftest.py": b"import sys\nsys.path.insert(0, 'src')\n"},
    "tests that are packages": {"pyproject.toml": b"", "tests/__init__.py": b""},
    "no tests yet": {"pyproject.toml": b""},
    "a conftest in the root": {**PLAIN, "conftest.py": b""},
}


def passes(root: Path) -> bool:
    """Run the tests as ``pytest`` does, which leaves the current folder out of sys.path."""
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=root, env=clean(), capture_output=True, text=True, timeout=60, check=False)
    return done.returncode == 0


@pytest.mark.parametrize("case", UNFOUND)
def test_what_the_note_says_lets_the_generated_test_pass(tmp_path: Path, case: str) -> None:
    files, wanted = UNFOUND[case]
    write(tmp_path, files)
    project = Project.at(tmp_path)
    (note,) = run(project, lambda workspace: plan_job(workspace, "Publish", ["podcast_id:int"])).notes
    assert note.startswith("tests import from ")
    assert note.endswith(f", where pytest does not look: install the project, or write in {wanted}")
    assert not passes(tmp_path)
    found = _WANTED.search(note)
    assert found is not None
    path, section, line = found.groups()
    content = (tmp_path / path).read_text()
    if section is None:
        content = re.sub("(?m)^pythonpath = .+", line, content)
    elif section in content:
        content = content.replace(f"{section}\n", f"{section}\n{line}\n")
    else:
        content += f"{section}\n{line}\n"
    (tmp_path / path).write_text(content)
    assert passes(tmp_path)
    assert preview(project, lambda workspace: plan_job(workspace, "Publish", ["podcast_id:int"])).notes == ()


@pytest.mark.parametrize("case", FOUND)
def test_where_pytest_finds_the_project_nothing_is_said(tmp_path: Path, case: str) -> None:
    write(tmp_path, FOUND[case])
    assert run(Project.at(tmp_path), plan_init).notes == ()
    assert run(Project.at(tmp_path), lambda workspace: plan_job(workspace, "Publish", ["podcast_id:int"])).notes == ()
    assert passes(tmp_path)


def test_it_is_said_with_the_first_test_of_a_folder_only() -> None:
    shop = MemoryProject(SRC)
    assert len(shop.run(plan_init).plan.notes) == 1
    first = shop.run(plan_job, "First")
    assert len(first.plan.notes) == 1
    assert first.project.run(plan_job, "Second").plan.notes == ()
    assert shop.run(plan_job, "First", test=False).plan.notes == ()


def test_settings_that_cannot_be_read_stop_nothing() -> None:
    result = MemoryProject({**SRC, "pytest.toml": b"[pytest\n"}).run(plan_job, "First")
    (note,) = result.plan.notes
    assert note.startswith("not looked into: pytest.toml:1:8: not valid TOML: ")
    result.assert_creates("tests/jobs/test_first.py")
