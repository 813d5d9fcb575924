"""What a workspace lies over: disk and memory answer alike; the walk finds what a person may have written."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dartian_cli.errors import BrokenSource, CliError, Conflict, OutsideProject
from dartian_cli.files import LARGEST, DiskFiles, Entry, Files, MemoryFiles, walk
from dartian_cli.project import Project
from dartian_cli.workspace import Workspace
from tests.generators.conftest import somebody_else

Mapping = dict[str, bytes]
Make = Callable[[Mapping], Files]


def on_disk(root: Path, files: Mapping) -> DiskFiles:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return DiskFiles(Project.at(root))


@pytest.fixture(params=["disk", "memory"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    return (lambda files: on_disk(tmp_path, files)) if request.param == "disk" else MemoryFiles


def test_a_file_is_read_byte_for_byte(make: Make) -> None:
    files = make({"app/a.py": b"\xef\xbb\xbfa\r\n\x0c\xff", "empty": b""})
    assert files.read("app/a.py") == b"\xef\xbb\xbfa\r\n\x0c\xff"
    assert files.read("./app//a.py") == files.read("app/a.py")
    assert files.read("empty") == b""
    assert files.read("app/b.py") is None
    assert files.read("nowhere/at/all.py") is None


def test_folders(make: Make) -> None:
    files = make({"app/jobs/a.py": b""})
    assert [files.is_folder(path) for path in ("app", "app/jobs", ".", "app/jobs/a.py", "ap", "tests")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


def test_a_listing_is_sorted(make: Make) -> None:
    files = make({"b.py": b"12", "a/x/y.py": b"", "a/z.py": b"", "c": b""})
    assert files.listing(".") == (Entry("a", "folder", 0), Entry("b.py", "file", 2), Entry("c", "file", 0))
    assert [entry.name for entry in files.listing("a")] == ["x", "z.py"]
    assert files.listing("nowhere") == ()
    assert files.listing("b.py") == ()


@pytest.mark.parametrize("path", ["../x.py", "/elsewhere/x.py", "app/../../x.py"])
def test_a_path_out_of_the_project_is_refused(make: Make, path: str) -> None:
    files = make({"app/a.py": b""})
    for ask in (files.read, files.is_folder, files.listing):
        with pytest.raises(OutsideProject, match="leads out of the project"):
            ask(path)


def test_memory_takes_no_file_from_outside() -> None:
    with pytest.raises(OutsideProject) as refusal:
        MemoryFiles({"../x.py": b""})
    assert str(refusal.value) == (
        "../x.py leads out of the project\nPaths begin at its root, and have no '..' in them."
    )


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("app", "app exists and is no file\nMove or rename it."),
        ("app/a.py/b.py", "app/a.py is a file, and a folder is needed there\nMove or rename it."),
    ],
)
def test_what_is_in_the_way(make: Make, path: str, said: str) -> None:
    with pytest.raises(Conflict) as refusal:
        make({"app/a.py": b""}).read(path)
    assert str(refusal.value) == said


def test_the_walk_finds_what_a_person_wrote(make: Make) -> None:
    wanted = ["a.py", "app/__init__.py", "app/build/x.py", "build/deep/y.py", "docs/conf.py", "src/shop/jobs/z.py"]
    others = [
        "app/data.txt", ".venv/x.py", ".hidden/x.py", "env/pyvenv.cfg", "env/lib/x.py", "app/__pycache__/x.py",
        "web/node_modules/gyp/x.py", "old/site-packages/x.py", "dist/x.py", "dist/shop/__init__.py",
    ]  # fmt: skip
    files = make(dict.fromkeys([*wanted, *others, "build/__init__.py"], b""))
    assert walk(files).paths == tuple(sorted([*wanted, "build/__init__.py"]))
    assert walk(files).skipped == ()


def test_the_walk_names_what_is_too_large(make: Make) -> None:
    files = make({"app/tables.py": b"#" * (LARGEST + 1), "app/rows.py": b"#" * LARGEST, "app/data.bin": b"#" * LARGEST})
    found = walk(files)
    assert found.paths == ("app/rows.py",)
    assert found.skipped == ("not looked into: app/tables.py has 2,000,001 bytes",)


def test_the_walk_follows_no_links_and_names_what_leads_out(tmp_path: Path) -> None:
    on_disk(tmp_path / "outside", {"far.py": b"", "deep/far.py": b""})
    root = tmp_path / "shop"
    files = on_disk(root, {"app/a.py": b"", "app/deep/b.py": b""})
    for link, target in {
        "app/link.py": "a.py", "app/broken.py": "nowhere", "app/out.py": str(tmp_path / "outside" / "far.py"),
        "out": str(tmp_path / "outside"), "inside": "app", "app/deep/up": "..", "app/folder.py": "deep",
    }.items():  # fmt: skip
        (root / link).symlink_to(target)
    os.mkfifo(root / "app" / "pipe.py")
    (root / "app" / "kept.py").mkdir()
    found = walk(files)
    assert found.paths == ("app/a.py", "app/deep/b.py")
    assert found.skipped == ("not looked into: app/out.py leads out of the project",)


def test_the_walk_names_what_cannot_be_read(tmp_path: Path) -> None:
    files = on_disk(tmp_path, {"app/a.py": b"", "app/closed.py": b"", "locked/x.py": b"", "app/closed.txt": b""})
    for name in ("app/closed.py", "app/closed.txt", "locked"):
        (tmp_path / name).chmod(0)
    try:
        with somebody_else(tmp_path):
            found = walk(files)
            with pytest.raises(BrokenSource, match=r"^app/closed.py cannot be read: Permission denied\nCheck its perm"):
                files.read("app/closed.py")
    finally:
        (tmp_path / "locked").chmod(0o755)
    assert found.paths == ("app/a.py",)
    assert found.skipped == (
        "not looked into: app/closed.py cannot be read: Permission denied",
        "not looked into: locked cannot be read: Permission denied",
    )


def test_a_workspace_walks_over_what_is_wanted_too(make: Make, tmp_path: Path) -> None:
    files = make({"app/a.py": b"", "app/b.py": b"", ".venv/x.py": b"", "app/big.py": b"#" * (LARGEST + 1)})
    workspace = Workspace(Project.at(tmp_path), files=files)
    workspace.create("app/made.py", "")
    workspace.create("app/made.txt", "")
    workspace.remove("app/b.py")
    workspace.move("app/a.py", "app/z.py")
    assert workspace.read(".venv/x.py") == b""
    assert workspace.all_python_files() == ("app/made.py", "app/z.py")
    assert workspace.plan().notes == ("not looked into: app/big.py has 2,000,001 bytes",)


def test_a_workspace_over_memory_never_looks_at_the_disk(tmp_path: Path) -> None:
    (tmp_path / "on_disk.py").write_text("")
    workspace = Workspace(Project.at(tmp_path), files=MemoryFiles({"in_memory.py": b"x = 1\n"}))
    assert not workspace.is_file("on_disk.py")
    assert workspace.python_files(".") == workspace.all_python_files() == ("in_memory.py",)
    with pytest.raises(CliError, match="leads out of the project"):
        workspace.create("../x.py", "")
