"""Commands that change source, over packages that nobody wrote for this test: no byte changes that was not meant."""

import ast
import re
import sysconfig
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from dartian_cli.errors import CliError
from dartian_cli.generators.job import plan_job
from dartian_cli.generators.removal import plan_removal
from dartian_cli.generators.renaming import plan_rename
from dartian_cli.testing import MemoryProject
from tests.generators.test_unregister_job import is_like

SITE = Path(sysconfig.get_path("purelib"))
LARGEST = 700_000
"""Bytes of source: what is larger takes a second and more for each command."""
NEW = "QuiteAnotherName"


def packages(largest: int = LARGEST) -> list[str]:
    """Return the packages of the test environment that have modules, and no more source than this."""
    sizes = {
        path.parent.name: sum(file.stat().st_size for file in path.parent.rglob("*.py"))
        for path in SITE.glob("*/__init__.py")
        if path.parent.name.isidentifier() and len(list(path.parent.glob("*.py"))) > 2
    }
    return sorted(name for name, size in sizes.items() if size < largest and not name.startswith("_"))


@cache
def project_of(package: str) -> MemoryProject:
    """Return a project whose jobs folder is a copy of the package."""
    files: dict[str, str | bytes] = {"pyproject.toml": f'[tool.dartian]\njobs = "{package}"\n'}
    for path in sorted((SITE / package).rglob("*.py")):
        if "__pycache__" not in path.parts:
            files[path.relative_to(SITE).as_posix()] = path.read_bytes()
    return MemoryProject(files)


def most_used_class(project: MemoryProject) -> str | None:
    """Return the class with bases whose name is written most often, of those that are there once."""
    classes: Counter[str] = Counter()
    for path, content in project.files.items():
        if path.endswith(".py"):
            try:
                tree = ast.parse(content)
            except (SyntaxError, ValueError):
                continue
            classes.update(node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.bases)
    words = Counter(re.findall(rb"[A-Za-z_]\w+", b"\n".join(project.files.values())))
    usable = [
        name for name, count in classes.items() if count == 1 and re.fullmatch(r"[A-Z][a-z]+([A-Z][a-z]+)+", name)
    ]
    return max(usable, key=lambda name: (words[name.encode()], name), default=None)


def test_there_are_enough() -> None:
    assert len(packages()) >= 20, packages()


@pytest.mark.parametrize("package", packages())
def test_make_job_adds_to_the_registry_and_touches_nothing_else(package: str) -> None:
    project = project_of(package)
    try:
        result = project.run(plan_job, "PublishRealPodcast", ["podcast_id:int"])
    except CliError:
        return  # refused, with nothing changed: test_register_job.py has what such a refusal says
    changed = {path for path in project.files if result.project.files[path] != project.files[path]}
    assert changed <= {f"{package}/__init__.py"}
    before, after = (each.files[f"{package}/__init__.py"] for each in (project, result.project))
    kept = iter(after)
    assert all(byte in kept for byte in before), "what was there is there, in its order"


@pytest.mark.parametrize("package", packages())
def test_a_job_that_is_made_and_removed_leaves_every_byte_but_line_breaks(package: str) -> None:
    project = project_of(package)
    try:
        made = project.run_once(plan_job, "audio/PublishRealPodcast", ["podcast_id:int"]).project
        made = made.run_once(plan_job, "PublishRealPodcast", ["podcast_id:int"]).project
    except CliError:
        return
    left = made.run_once(plan_removal, "audio/PublishRealPodcast").project
    left = left.run_once(plan_removal, "PublishRealPodcast").project
    assert set(left.files) - set(project.files) <= {"tests/__init__.py"}
    registry = f"{package}/__init__.py"
    assert {path for path in project.files if left.files[path] != project.files[path]} <= {registry}
    assert is_like(left.files[registry], project.files[registry]), "a list that has grown too long stays broken"


@pytest.mark.parametrize("package", packages(50_000))
def test_a_class_that_is_renamed_and_renamed_back_leaves_every_byte(package: str) -> None:
    project = project_of(package)
    old = most_used_class(project)
    if old is None:
        pytest.skip("no class of which the name could be a job's")
    try:
        there = project.run_once(plan_rename, old, NEW)
    except CliError:
        return
    for path, content in there.project.files.items():
        if path.endswith(".py"):
            ast.parse(content)
    back = there.project.run_once(plan_rename, NEW, old).project
    differing = {path for path in project.files if back.files.get(path) != project.files[path]}
    assert set(back.files) == set(project.files)
    assert len(differing) <= 1, differing
    for path in differing:  # the class itself, which remembers the name that it had in between
        alias = re.compile(rb",?\s*aliases=\[[^\]]*\],?\s*")
        assert re.sub(rb"\s", b"", alias.sub(b"", back.files[path])) == re.sub(rb"[\s]", b"", project.files[path]), path
