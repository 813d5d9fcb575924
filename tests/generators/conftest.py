"""A project on disk for each test, and what tests ask of one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def somebody_else(folder: Path) -> Iterator[None]:
    """Be a user whom modes hold back, which root is not, and who may look into this folder."""
    if os.geteuid() != 0:
        yield
        return
    modes = {path: path.stat().st_mode & 0o7777 for path in (folder, *folder.parents)}
    shut = {path: mode for path, mode in modes.items() if mode & 0o055 != 0o055}
    try:
        for path, mode in shut.items():
            path.chmod(mode | 0o055)
        os.seteuid(65534)
        yield
    finally:
        os.seteuid(0)
        for path, mode in shut.items():
            path.chmod(mode)


@pytest.fixture(name="write")
def write_files(project: Project) -> Callable[[Files], None]:
    return lambda files: write(project.root, files)


@pytest.fixture(name="read")
def read_files(project: Project) -> Callable[[], Files]:
    return lambda: read(project.root)
