"""A plan is applied all or nothing, over nothing that changed, and never outside: with real files and real kills."""

import io
import os
import resource
import shlex
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from dartian_cli.errors import BrokenSource, CliError, Conflict, OutsideProject
from dartian_cli.history import History
from dartian_cli.inverse import plan_inverse
from dartian_cli.plan import Plan, pending, preview, recover, run
from dartian_cli.project import Project
from dartian_cli.workspace import Workspace
from tests.faults.instruments import FULL

Files = dict[str, bytes]
Write = Callable[[Files], None]
Read = Callable[[], Files]

OLD: Files = {
    "app/edited.py": b"a = 1\n",
    "app/forced.py": b"b = 1\n",
    "app/gone.py": b"c = 1\n",
    "app/old.py": b"d = 1\n",
}
NEW: Files = {
    "app/edited.py": b"a = 2\n",
    "app/forced.py": b"b = 2\n",
    "app/new.py": b"d = 1\n",
    "app/jobs/deep/made.py": b"e = 2\n",
    "app/jobs/made.py": b"f = 2\n",
}


def five_kinds(workspace: Workspace) -> Plan:
    """A plan with a change of every kind."""
    workspace.create("app/jobs/deep/made.py", "e = 2\n")
    workspace.create("app/forced.py", "b = 2\n", force=True)
    workspace.edit("app/edited.py", b"a = 2\n")
    workspace.move("app/old.py", "app/new.py")
    workspace.remove("app/gone.py")
    workspace.create("app/jobs/made.py", "f = 2\n")
    return workspace.plan()


def beside(files: Files) -> Files:
    return {"pyproject.toml": b'[tool.dartian]\njobs = "app/jobs"\n', "app/__init__.py": b'"""App."""\n', **files}


def test_every_kind_of_change(project: Project, write: Write, read: Read) -> None:
    write(OLD)
    plan = run(project, five_kinds)
    assert [change.verb for change in plan.changes] == ["create", "overwrite", "edit", "move", "remove", "create"]
    assert read() == beside(NEW)
    assert not pending(project)


FILLED: Files = {
    "app/only/deep/moved.py": b"a = 1\n",
    "app/only/deep/removed.py": b"b = 1\n",
    "app/full/moved.py": b"c = 1\n",
    "app/full/kept.txt": b"kept\n",
}
MOVED: Files = {"lib/deep/moved.py": b"a = 1\n", "lib/full.py": b"c = 1\n", "app/full/kept.txt": b"kept\n"}


def empties(workspace: Workspace) -> Plan:
    """A plan that takes all files out of two folders, and one of two out of another."""
    workspace.move("app/only/deep/moved.py", "lib/deep/moved.py")
    workspace.remove("app/only/deep/removed.py")
    workspace.move("app/full/moved.py", "lib/full.py")
    return workspace.plan()


def test_folders_that_a_plan_empties_go_and_come_back(project: Project, write: Write, read: Read) -> None:
    write({**FILLED, "app/only/deep/__pycache__/moved.cpython-311.pyc": b"compiled"})
    run(project, empties)
    assert read() == beside(MOVED)
    assert not (project.root / "app" / "only").exists()
    run(project, partial(plan_inverse, project, 1))
    assert read() == beside(FILLED)
    assert not (project.root / "lib").exists()
    run(project, partial(plan_inverse, project, 2))
    assert read() == beside(MOVED)
    assert not (project.root / "app" / "only").exists()


@pytest.mark.parametrize("kept", [".hidden", "__pycache__/notes.txt", "empty/"])
def test_folders_that_hold_anything_else_stay(project: Project, write: Write, kept: str) -> None:
    write(FILLED)
    path = project.root / "app" / "only" / "deep" / kept
    if kept.endswith("/"):
        path.mkdir()
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text("kept\n")
    run(project, empties)
    assert path.exists()
    assert not (project.root / "app" / "only" / "deep" / "moved.py").exists()


def test_a_folder_that_was_empty_before_is_nobodys_to_remove(project: Project, write: Write) -> None:
    write({"app/full/moved.py": b"c = 1\n"})
    (project.root / "app" / "jobs").mkdir()
    run(project, lambda workspace: (workspace.create("app/jobs/made.py", "x = 1\n"), workspace.plan())[1])
    run(project, partial(plan_inverse, project, 1))
    assert list((project.root / "app" / "jobs").iterdir()) == []


def test_a_kill_of_a_plan_that_empties_folders_leaves_all_old_or_all_new(tmp_path: Path) -> None:
    for step in steps(1, 2):
        scratch = Project.at(tmp_path / f"copy{step}")
        _copy(beside(FILLED), scratch.root)
        died = die_at(step, lambda scratch=scratch: run(scratch, empties))
        recover(scratch)
        found = _files(scratch.root)
        assert found in (beside(FILLED), beside(MOVED)), f"killed at step {step}"
        assert (scratch.root / "app" / "only").exists() == (found == beside(FILLED)), step
        assert (scratch.root / "lib").exists() == (found == beside(MOVED)), step
        if not died:
            assert step > 80
            return
    pytest.fail("the plan never came to its end")


def test_a_preview_touches_nothing(project: Project, write: Write, read: Read) -> None:
    write(OLD)
    plan = preview(project, five_kinds)
    assert plan.writes
    assert read() == beside(OLD)
    assert not (project.root / ".dartian").exists()


def test_the_plan_as_a_diff_and_as_data(project: Project, write: Write) -> None:
    write({"app/a.py": b"one\r\ntwo"})
    plan = preview(project, lambda workspace: (workspace.edit("app/a.py", b"one\r\n2"), workspace.plan())[1])
    assert plan.diff() == (
        "--- a/app/a.py\n+++ b/app/a.py\n@@ -1,2 +1,2 @@\n one\r\n"
        "-two\n\\ No newline at end of file\n+2\n\\ No newline at end of file\n"
    )
    assert plan.as_data() == {
        "changes": [{"verb": "edit", "path": "app/a.py", "to": None, "diff": plan.diff()}],
        "notes": [],
    }


def test_identical_keeps_times_and_makes_no_folder(project: Project, write: Write) -> None:
    write({"app/a.py": b"x = 1\n"})
    path = project.root / "app" / "a.py"
    os.utime(path, ns=(1_000, 1_000))
    plan = run(project, lambda workspace: (workspace.create("app/a.py", "x = 1\n"), workspace.plan())[1])
    assert [change.verb for change in plan.changes] == ["identical"]
    assert path.stat().st_mtime_ns == 1_000
    assert not (project.root / ".dartian").exists()


def test_modes_are_kept(project: Project, write: Write) -> None:
    write(OLD)
    (project.root / "app" / "edited.py").chmod(0o750)
    (project.root / "app" / "old.py").chmod(0o600)
    run(project, five_kinds)
    assert (project.root / "app" / "edited.py").stat().st_mode & 0o777 == 0o750
    assert (project.root / "app" / "new.py").stat().st_mode & 0o777 == 0o600
    umask = os.umask(0)
    os.umask(umask)
    assert (project.root / "app" / "jobs" / "made.py").stat().st_mode & 0o777 == 0o666 & ~umask


def wants(content: str) -> Callable[[Workspace], Plan]:
    def build(workspace: Workspace) -> Plan:
        workspace.create("app/a.py", content)
        workspace.create("app/b.py", content)
        return workspace.plan()

    return build


def test_a_file_that_differs_is_a_conflict(project: Project, write: Write, read: Read) -> None:
    write({"app/a.py": b"mine\n"})
    with pytest.raises(Conflict) as refusal:
        run(project, wants("theirs\n"))
    assert str(refusal.value) == (
        "app/a.py exists already and differs from what would be generated\n"
        "What is there is yours: edit it by hand. To see the difference add --dry-run, to replace it add --force."
    )
    assert refusal.value.exit_code == 5
    assert read() == beside({"app/a.py": b"mine\n"})


@pytest.mark.parametrize(("answer", "kept"), [("keep", b"mine\n"), ("overwrite", b"theirs\n")])
def test_an_answer_decides_a_conflict(project: Project, write: Write, read: Read, answer: str, kept: bytes) -> None:
    write({"app/a.py": b"mine\n"})
    plan = run(project, wants("theirs\n"), {"app/a.py": answer})  # type: ignore[dict-item]
    assert [change.verb for change in plan.changes] == [answer, "create"]
    assert read() == beside({"app/a.py": kept, "app/b.py": b"theirs\n"})


def test_what_was_shown_must_be_what_is_overwritten(project: Project, write: Write, read: Read) -> None:
    write({"app/a.py": b"mine\n"})
    seen = preview(project, wants("theirs\n"))
    write({"app/a.py": b"mine, edited\n"})
    with pytest.raises(Conflict, match=r"app/a.py was changed after it was shown"):
        run(project, wants("theirs\n"), {"app/a.py": "overwrite"}, seen=seen)
    assert read() == beside({"app/a.py": b"mine, edited\n"})


def test_a_file_that_changes_while_the_plan_is_made_is_not_overwritten(
    project: Project, write: Write, read: Read
) -> None:
    write(OLD)
    edits: list[bytes] = []

    def build(workspace: Workspace) -> Plan:
        plan = five_kinds(workspace)
        edits.append(f"by hand, {len(edits)}\n".encode())
        write({"app/edited.py": edits[-1]})
        return plan

    with pytest.raises(Conflict, match=r"app/edited.py was changed meanwhile\nRun the command again"):
        run(project, build)
    assert read() == beside({**OLD, "app/edited.py": edits[-1]})
    assert not (project.root / "app" / "jobs").exists()


def test_a_file_that_appears_while_the_plan_is_made_is_not_overwritten(
    project: Project, write: Write, read: Read
) -> None:
    def build(workspace: Workspace) -> Plan:
        plan = wants("theirs\n")(workspace)
        write({"app/b.py": b"by hand\n"})
        return plan

    with pytest.raises(Conflict):
        run(project, build)
    assert read() == beside({"app/b.py": b"by hand\n"})


def test_a_read_only_file_is_not_replaced(project: Project, write: Write, read: Read) -> None:
    write(OLD)
    path = project.root / "app" / "edited.py"
    path.chmod(0o444)
    with pytest.raises(Conflict) as refusal:
        run(project, five_kinds)
    assert read() == beside(OLD)
    remedy = f"chmod u+w {shlex.quote(str(path))}"
    assert str(refusal.value) == f"{path} is read-only\nMake it writable: {remedy}"
    subprocess.run(remedy, shell=True, check=True, cwd="/")
    run(project, five_kinds)


def test_a_folder_or_a_file_in_the_way(project: Project, write: Write) -> None:
    write({"app/jobs": b"a file"})
    with pytest.raises(Conflict, match="app/jobs is a file, and a folder is needed there"):
        preview(project, five_kinds)
    (project.root / "app" / "a.py").mkdir()
    with pytest.raises(Conflict, match=r"app/a.py exists and is no file"):
        preview(project, wants("x\n"))


@pytest.mark.parametrize("path", ["../x.py", "/tmp/x.py", "app/jobs/x.py", "app/link.py"])
def test_nothing_is_written_outside(project: Project, tmp_path: Path, path: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file.py").write_text("x = 1\n")
    (project.root / "app" / "jobs").symlink_to(outside)
    (project.root / "app" / "link.py").symlink_to(outside / "file.py")
    with pytest.raises(OutsideProject):
        run(project, lambda workspace: (workspace.create(path, "y\n", force=True), workspace.plan())[1])
    assert [child.name for child in outside.iterdir()] == ["file.py"]
    assert (outside / "file.py").read_text() == "x = 1\n"


def test_a_link_inside_is_written_through(project: Project, write: Write) -> None:
    write({"app/real.py": b"a = 1\n"})
    link = project.root / "app" / "link.py"
    link.symlink_to("real.py")
    run(project, lambda workspace: (workspace.edit("app/link.py", b"a = 2\n"), workspace.plan())[1])
    assert link.is_symlink()
    assert (project.root / "app" / "real.py").read_bytes() == b"a = 2\n"


def test_two_links_to_one_file_are_not_written_twice(project: Project, write: Write, read: Read) -> None:
    write({"app/real.py": b"a = 1\n"})
    (project.root / "app" / "link.py").symlink_to("real.py")

    def build(workspace: Workspace) -> Plan:
        workspace.edit("app/real.py", b"a = 2\n")
        workspace.edit("app/link.py", b"a = 3\n")
        return workspace.plan()

    with pytest.raises(Conflict, match=r"app/real.py and app/link.py are one file"):
        run(project, build)
    assert read()["app/real.py"] == b"a = 1\n"


def test_a_folder_of_our_own_that_leads_out_is_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (project.root / ".dartian").symlink_to(tmp_path / "outside")
    with pytest.raises(OutsideProject):
        run(project, wants("x\n"))
    assert list((tmp_path / "outside").iterdir()) == []


EVENTS = {"open", "os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.chown"}
"""What the interpreter tells of, for a signal or an error at one of them."""

READS_ONLY = {
    "access", "close", "fspath", "fstat", "get_blocking", "getpid", "getuid", "listdir", "lseek", "lstat", "read",
    "readlink", "scandir", "stat", "urandom",
}  # fmt: skip
"""Functions of ``os`` that change nothing on disk: a kill before one is a kill after what was called before it."""


def is_step(function: object) -> bool:
    """Return whether a function that Python is about to call may change what is on disk, or makes it durable."""
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    if isinstance(owner, ModuleType):
        made_by = owner.__name__
        if made_by in ("io", "_io"):
            return name == "open"
        return made_by in ("posix", "fcntl") and name not in READS_ONLY and not name.startswith("_path_")
    return name in ("write", "flush", "close", "__exit__") and isinstance(owner, io.IOBase)  # slow, so asked last


def die_at(number: int, action: Callable[[], object]) -> bool:
    """Do the action in a fork that kills itself before its ``number``-th step on files; return whether it died.

    Every call is counted that the process makes into the system to change something there: fsync, write and flock too.
    """
    pid = os.fork()
    if pid == 0:
        left = number

        def count(_frame: object, event: str, function: object) -> None:
            nonlocal left
            if event == "c_call" and is_step(function):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        try:
            action()
        finally:
            os._exit(0)
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status) or status == 0, status
    return os.WIFSIGNALED(status)


def steps(full: int, part: int) -> range:
    """Return the steps at which there is a kill: all, or each so-manieth, in `make faults`; in `make test` fewer."""
    return range(0, 400, full if FULL else part)


def test_a_kill_at_any_step_leaves_all_old_or_all_new_and_the_history_agrees(tmp_path: Path) -> None:
    outcomes = set[str]()
    for step in steps(1, 2):
        scratch = Project.at(tmp_path / f"copy{step}")
        _copy(beside(OLD), scratch.root)
        died = die_at(step, lambda scratch=scratch: run(scratch, five_kinds, command=("dartian", "five:kinds")))
        if died:
            outcomes.add(recover(scratch))
        found = _files(scratch.root)
        assert found in (beside(OLD), beside(NEW)), f"killed at step {step}"
        history = History.read(scratch)
        assert [past.command for past in history.entries] == [("dartian", "five:kinds")] * (found == beside(NEW)), step
        assert not history.damaged
        assert _rest(scratch.root) <= {".gitignore", "lock", "history", "000001.json", "journal.draft"}, step
        assert recover(scratch) == "nothing"
        if not died:
            break
    else:
        pytest.fail("the plan never came to its end")
    assert step > 80
    assert outcomes == {"nothing", "undone", "completed"}


def test_a_kill_of_an_undo_leaves_all_of_it_or_nothing(tmp_path: Path) -> None:
    for step in steps(2, 5):
        scratch = Project.at(tmp_path / f"copy{step}")
        _copy(beside(OLD), scratch.root)
        run(scratch, five_kinds)
        inverse = partial(plan_inverse, scratch, 1)
        died = die_at(step, lambda scratch=scratch, inverse=inverse: run(scratch, inverse))
        recover(scratch)
        found = _files(scratch.root)
        assert found in (beside(OLD), beside(NEW)), f"killed at step {step}"
        assert (History.read(scratch).undone_by(1) == 2) == (found == beside(OLD)), step
        assert (scratch.root / "app" / "jobs").exists() == (found == beside(NEW)), step
        if not died:
            return
    pytest.fail("the undo never came to its end")


@pytest.mark.parametrize(
    "path", ["app/edited.py", "app/forced.py", "app/gone.py", "app/old.py", "app/jobs/deep/made.py"]
)
def test_what_an_editor_saved_between_a_kill_and_the_recovery_is_kept(tmp_path: Path, path: str) -> None:
    """It writes into the file where it is, as some editors do, or puts another in its place, as others do."""
    outcomes = set[str]()
    for step in steps(5, 13):
        for in_place in (True, False):
            scratch = Project.at(tmp_path / f"copy{step}{in_place}")
            _copy(beside(OLD), scratch.root)
            died = die_at(step, lambda scratch=scratch: run(scratch, five_kinds))
            file = scratch.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if not in_place:
                file.unlink(missing_ok=True)
            file.write_bytes(b"by hand\n")
            outcomes.add(recover(scratch))
            found = _files(scratch.root)
            assert found.pop(path) == b"by hand\n", f"killed at step {step}"
            others = [{**beside(files)} for files in (OLD, NEW)]
            for other in others:
                other.pop(path, None)
            assert found in others, f"killed at step {step}"
            assert bool(History.read(scratch).entries) == (found == others[1]), step
        if not died:
            assert "undone" in outcomes
            return
    pytest.fail("the plan never came to its end")


def _rest(root: Path) -> set[str]:
    """Return what lies around beside the project's own files: nothing of a plan may."""
    return {
        path.name
        for path in root.rglob("*")
        if ".dartian" in path.parts[:-1] or ".new" in path.name or ".old" in path.name
    }


def test_a_kill_of_the_recovery_leaves_all_old_or_all_new(tmp_path: Path) -> None:
    for step in steps(13, 23):
        finished = False
        for second in steps(3, 7):
            scratch = Project.at(tmp_path / f"copy{step}-{second}")
            _copy(beside(OLD), scratch.root)
            died = die_at(step, lambda scratch=scratch: run(scratch, five_kinds))
            finished = not died
            again = die_at(second, lambda scratch=scratch: recover(scratch))
            recover(scratch)
            assert _files(scratch.root) in (beside(OLD), beside(NEW)), f"killed at {step}, then at {second}"
            if not again:
                break
        if finished:
            return


def _copy(files: Files, root: Path) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def _files(root: Path) -> Files:
    found = (path for path in root.rglob("*") if path.is_file() and ".dartian" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def test_the_next_command_recovers_first(project: Project, write: Write, read: Read) -> None:
    write(OLD)
    for step in range(200):
        if die_at(step, lambda: run(project, five_kinds)) and pending(project):
            break
    assert pending(project)
    run(project, wants("more\n"))
    assert read() == beside({**OLD, "app/a.py": b"more\n", "app/b.py": b"more\n"})


def test_a_damaged_journal_is_named_and_not_followed(project: Project, write: Write, read: Read) -> None:
    for journal in (b"{", b'{"token":"../../../x","folders":[],"entries":[]}'):
        write({".dartian/journal.json": journal})
        with pytest.raises(BrokenSource, match=r"journal.json is damaged"):
            run(project, wants("x\n"))
    entry = b'{"path":"../x","before":null,"after":null}'
    write({".dartian/journal.json": b'{"token":"00000000","folders":[],"entries":[' + entry + b"]}"})
    with pytest.raises(OutsideProject):
        recover(project)
    assert read() == beside({})


def test_a_full_disk_takes_everything_back(project: Project, write: Write, read: Read) -> None:
    write(OLD)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

    def build(workspace: Workspace) -> Plan:
        five_kinds(workspace)
        workspace.create("app/large.py", "#" * 200_000)
        return workspace.plan()

    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(CliError, match=r"cannot be written: File too large; [\d,]+ bytes are free") as refusal:
            run(project, build)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert refusal.value.exit_code == 1
    assert read() == beside(OLD)
    assert not pending(project)


def test_a_history_that_finds_no_room_takes_everything_back(project: Project, write: Write, read: Read) -> None:
    """Its entry holds the files as text, and so is larger than all of them."""
    write(OLD)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(CliError, match=r"cannot be written: File too large"):
            run(project, wants("#" * 40_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert read() == beside(OLD)
    assert History.read(project) == History()
    assert not pending(project)


def test_a_link_put_there_while_the_plan_is_made_is_not_followed_out(
    project: Project, write: Write, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_bytes(b"mine\n")
    write({"app/deep/a.py": b"mine\n"})
    deep = project.root / "app" / "deep"

    def build(workspace: Workspace) -> Plan:
        workspace.edit("app/deep/a.py", b"theirs\n")
        workspace.create("app/deep/b.py", b"theirs\n")
        plan = workspace.plan()
        if not deep.is_symlink():
            deep.rename(tmp_path / "moved")
            deep.symlink_to(outside)
        return plan

    with pytest.raises(OutsideProject):
        run(project, build)
    assert [path.name for path in outside.iterdir()] == ["a.py"]
    assert (outside / "a.py").read_bytes() == b"mine\n"
    assert (tmp_path / "moved" / "a.py").read_bytes() == b"mine\n"


def test_the_times_of_what_is_not_changed_are_kept(project: Project, write: Write) -> None:
    write({**OLD, "app/other.py": b"x = 1\n"})
    paths = [project.root / "app" / name for name in ("other.py", "__init__.py")]
    for path in paths:
        os.utime(path, ns=(1_000, 1_000))

    def build(workspace: Workspace) -> Plan:
        workspace.create("app/__init__.py", b'"""App."""\n')
        return five_kinds(workspace)

    run(project, build)
    assert [path.stat().st_mtime_ns for path in paths] == [1_000, 1_000]


def test_an_interrupt_takes_everything_back(project: Project, write: Write, read: Read) -> None:
    write(OLD)
    for number in range(5, 60, 5):
        code = textwrap.dedent(
            f"""
            import sys
            from pathlib import Path
            from dartian_cli.plan import run
            from dartian_cli.project import Project
            sys.path.insert(0, {str(Path(__file__).parent)!r})
            from test_plan import EVENTS, five_kinds
            left = {number}
            def count(event, arguments):
                global left
                left -= event in EVENTS
                if left == 0:
                    left = -1
                    raise KeyboardInterrupt
            sys.addaudithook(count)
            try:
                run(Project.at(Path({str(project.root)!r})), five_kinds)
            except KeyboardInterrupt:
                sys.exit(130)
            """
        )
        done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
        assert done.returncode in (0, 130), done.stderr
        recover(project)
        assert read() in (beside(OLD), beside(NEW)), number
        if done.returncode == 0:
            return
        if read() == beside(NEW):
            return


def test_twenty_at_once_lose_none(project: Project, write: Write, read: Read) -> None:
    """Each adds its line to one file; what each planned before it had the lock is planned again."""
    write({"app/list.py": b""})

    def add(name: str) -> Callable[[Workspace], Plan]:
        def build(workspace: Workspace) -> Plan:
            workspace.create(f"app/{name}.py", f"{name} = 1\n")
            workspace.edit("app/list.py", (workspace.read("app/list.py") or b"") + f"{name}\n".encode())
            return workspace.plan()

        return build

    pids: list[int] = []
    for number in range(20):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                run(project, add(f"job{number}"))
                status = 0
            finally:
                os._exit(status)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 20
    assert sorted(read()["app/list.py"].split()) == sorted(f"job{number}".encode() for number in range(20))
    assert len(read()) == 3 + 20
