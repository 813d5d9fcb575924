"""A project on disk for each test, and what tests ask of one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dartian_cli.project import Project

Files = dict[str, bytes]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An application with one package of jobs that has no job yet."""
    root = tmp_path / "shop"
    write(root, {"pyproject.toml": b'[tool.dartian]\njobs = "app/jobs"\n', "app/__init__.py": b'"""App."""\n'})
    return Project.at(root)


def write(root: Path, files: Files) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def read(root: Path) -> Files:
    """Every file of the project, but for Dartian's own folder."""
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and ".dartian" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(name="write")
def write_files(project: Project) -> Callable[[Files], None]:
    return lambda files: write(project.root, files)


@pytest.fixture(name="read")
def read_files(project: Project) -> Callable[[], Files]:
    return lambda: read(project.root)
