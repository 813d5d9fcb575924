"""Where the project is, what its pyproject.toml says, and what lies inside."""

import os
from pathlib import Path

import pytest

from dartian_cli.errors import BrokenSource, OutsideProject, Usage
from dartian_cli.project import Project


def write(root: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def at(root: Path, settings: str, *packages: str) -> Project:
    write(root, {"pyproject.toml": settings.encode(), **{f"{package}/__init__.py": b"" for package in packages}})
    return Project.at(root)


@pytest.mark.parametrize("marker", ["config/queue.py", "app/jobs/__init__.py"])
def test_the_nearest_marked_folder_is_the_root(tmp_path: Path, marker: str) -> None:
    write(tmp_path, {marker: b"", "sub/pyproject.toml": b"", "sub/deep/x.py": b""})
    assert Project.find(tmp_path / "sub" / "deep", environ={}).root == tmp_path


def test_a_table_of_our_own_marks_the_root(tmp_path: Path) -> None:
    write(tmp_path, {"app/jobs/__init__.py": b"", "sub/pyproject.toml": b"[tool.dartian]\n", "sub/deep/x.py": b""})
    assert Project.find(tmp_path / "sub" / "deep", environ={}).root == tmp_path / "sub"


def test_any_pyproject_will_do_where_nothing_is_marked(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": b"", "deep/x.py": b""})
    assert Project.find(tmp_path / "deep", environ={}).root == tmp_path


def test_no_project_is_said(tmp_path: Path) -> None:
    with pytest.raises(Usage, match="is in no application") as refusal:
        Project.find(tmp_path, environ={})
    assert str(refusal.value).endswith("\nTo start one: dartian new PATH; in a project that you have: dartian init")


def test_the_environment_decides(tmp_path: Path) -> None:
    write(tmp_path, {"here/pyproject.toml": b"", "there/x": b""})
    assert Project.find(tmp_path / "here", environ={"DARTIAN_ROOT": str(tmp_path / "there")}).root == tmp_path / "there"
    with pytest.raises(Usage, match="which is no folder"):
        Project.find(tmp_path, environ={"DARTIAN_ROOT": str(tmp_path / "nowhere")})


@pytest.mark.parametrize(
    ("folder", "packages", "dotted", "import_root"),
    [
        ("app/jobs", [], "app.jobs", "."),
        ("app/jobs", ["app"], "app.jobs", "."),
        ("src/shop/jobs", ["src/shop"], "shop.jobs", "src"),
        ("src/shop/jobs", [], "shop.jobs", "src"),
        ("src/jobs", [], "jobs", "src"),
        ("jobs", [], "jobs", "."),
        ("backend/billing/jobs", ["backend/billing"], "billing.jobs", "backend"),
        ("backend/billing/jobs", [], "backend.billing.jobs", "."),
    ],
)
def test_the_name_of_a_jobs_folder(
    tmp_path: Path, folder: str, packages: list[str], dotted: str, import_root: str
) -> None:
    (package,) = at(tmp_path, f'[tool.dartian]\njobs = "{folder}"\n', *packages).jobs
    assert (package.dotted, package.import_root) == (dotted, import_root)


def test_the_runtime_gives_the_same_names(tmp_path: Path) -> None:
    from dartian_queue.root import jobs_packages

    folders = ["app/jobs", "src/shop/jobs", "backend/billing/jobs", "loose/jobs"]
    project = at(tmp_path, f"[tool.dartian]\njobs = {folders}\n", "app", "src/shop", "backend/billing")
    assert jobs_packages(str(tmp_path), None)[0] == tuple(package.dotted for package in project.jobs)


@pytest.mark.parametrize(
    ("folders", "packages", "owners"),
    [
        (["podcasts/jobs", "src/billing/jobs"], [], ["podcasts", "billing"]),
        (["podcasts/jobs"], [], [""]),
        (["app/jobs", "billing/jobs"], ["app/jobs/billing"], ["app", ""]),
        (["a/shop/jobs", "b/shop/jobs", "mail/jobs"], [], ["", "", "mail"]),
        (["jobs", "mail/jobs"], [], ["", "mail"]),
    ],
)
def test_the_folder_around_a_jobs_folder_stands_for_it_where_that_is_clear(
    tmp_path: Path, folders: list[str], packages: list[str], owners: list[str]
) -> None:
    project = at(tmp_path, f"[tool.dartian]\njobs = {folders}\n", *packages)
    assert [package.owner for package in project.jobs] == owners
    assert [spellings[3:] for spellings in project.spellings()] == [(owner,) if owner else () for owner in owners]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[tool.dartian]\njob = 1\n", "pyproject.toml:2: [tool.dartian] has no setting 'job'; did you mean 'jobs'?"),
        ("[tool.dartian]\n\njobs = []\n", "pyproject.toml:3: jobs is empty"),
        ("[tool.dartian]\njobs = 3\n", "pyproject.toml:2: jobs takes folders below this file, not '3'"),
        ("[tool.dartian]\njobs = '../x'\n", "pyproject.toml:2: jobs takes folders below this file, not '../x'"),
        ("[tool.dartian]\njobs = '/etc'\n", "jobs takes folders below this file, not '/etc'"),
        ("[tool.dartian]\njobs = 'my-app/jobs'\n", "jobs takes folders below this file, not 'my-app/jobs'"),
        ("[tool.dartian]\njobs = ['a/jobs', './a/jobs/']\n", "jobs names a folder twice"),
        ("[tool]\ndartian = 3\n", "[tool.dartian] is a table, not 3"),
        ("[tool\n", "pyproject.toml:1:6: not valid TOML"),
    ],
)
def test_a_broken_setting_names_its_line(tmp_path: Path, settings: str, said: str) -> None:
    with pytest.raises(BrokenSource) as refusal:
        at(tmp_path, settings)
    assert said in str(refusal.value)
    assert refusal.value.exit_code == 3


def test_a_file_that_is_not_utf8_names_its_line(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": b"[tool.x]\na = '\xe9'\n"})
    with pytest.raises(BrokenSource, match=r"pyproject.toml:2: not UTF-8"):
        Project.at(tmp_path)


def test_inside_follows_symbolic_links(tmp_path: Path) -> None:
    project = at(tmp_path / "shop", "", "app")
    outside = tmp_path / "outside"
    outside.mkdir()
    os.symlink(outside, project.root / "app" / "jobs")
    os.symlink(project.root / "app", project.root / "other")
    assert project.inside("other/x.py") == project.root / "app" / "x.py"
    for path in ("app/jobs/x.py", "../x", "/etc/passwd", "app/../../x"):
        with pytest.raises(OutsideProject, match="leads out of the project"):
            project.inside(path)


def test_a_project_is_read_from_given_content_and_not_from_the_disk(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": b'[tool.dartian]\njobs = "other/jobs"\n', "other/__init__.py": b""})
    pyproject = b'[tool.dartian]\njobs = "backend/billing/jobs"\n'
    project = Project.of(tmp_path, pyproject, lambda path: path == "backend/billing/__init__.py")
    assert [(package.folder, package.import_root) for package in project.jobs] == [("backend/billing/jobs", "backend")]
    with pytest.raises(BrokenSource, match=r"pyproject.toml:2: jobs is empty"):
        Project.of(tmp_path, b"[tool.dartian]\njobs = []\n", lambda _: False)
