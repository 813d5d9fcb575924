"""Commands that change source, over packages that nobody wrote for this test: no byte changes that was not meant.

Each command is applied to a copy of each package on disk. What differs then has to be what the command is for, the
command that is its opposite brings back what was there, and so does ``dartian undo``, to the byte.
"""

import ast
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from difflib import SequenceMatcher
from functools import partial
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from dartian_cli.changes import MoveFile
from dartian_cli.edits.source import parse
from dartian_cli.errors import CliError
from dartian_cli.files import MemoryFiles
from dartian_cli.generators.adding_fields import plan_add_fields
from dartian_cli.generators.initial import plan_init
from dartian_cli.generators.job import plan_job
from dartian_cli.generators.publishing import plan_stubs
from dartian_cli.generators.removal import plan_removal
from dartian_cli.generators.removing_fields import plan_remove_fields
from dartian_cli.generators.renaming import plan_rename
from dartian_cli.generators.renaming_field import plan_rename_field
from dartian_cli.inverse import plan_inverse
from dartian_cli.plan import Plan, run
from dartian_cli.project import Project
from dartian_cli.testing import MemoryProject, Result
from dartian_cli.workspace import Workspace
from tests.faults.instruments import FULL
from tests.generators.real_packages import Copy, copies, packages
from tests.generators.test_unregister_job import is_like

NEW, STEM = "QuiteAnotherName", "quite_another_name"
FIELD, OTHER = "quite_new_field", "quite_another_field"
ENOUGH = 20
TOKENS = re.compile(r"\w+|\s|[^\w\s]")
SIGNS = set(",.:=\"'[](){} \r\n\t")
"""What may come with the words that come."""

Build = Callable[[Workspace, Copy], Plan]
Files = Mapping[str, bytes]


class Piece(msgspec.Struct, frozen=True):
    """Words and signs of a file that went, and what came in their place."""

    path: str
    gone: str
    come: str


class Command(msgspec.Struct, frozen=True):
    """A command, what it may do to a file that is there, and what it may make."""

    build: Build
    comes: str = ""
    """The words that may come into a file, as a pattern."""
    goes: str = "(?!)"
    """What may go besides space, as a pattern."""
    anew: Callable[[Copy], Mapping[str, str]] = lambda copy: {}
    """Words that may be written anew, with what they are then."""
    makes: str = ""
    """New files, and those that are moved, as a pattern of their paths."""
    first: Build | None = None
    """What is done before, for there to be something to do."""
    back: Build | None = None
    """The command that is its opposite."""
    keeps: str = "(?!)"
    """What the class remembers of a command that was taken back by its opposite, as a pattern."""
    sorts: bool = False
    """Whether imports, and the names in ``__all__``, may come in another order."""
    without: tuple[str, ...] = ()
    """Files that the project has not yet."""


def added(workspace: Workspace, copy: Copy) -> Plan:
    return plan_add_fields(workspace, copy.class_name, [f"{FIELD}:int=0"])


COMMANDS = {
    "make:job": Command(
        lambda workspace, copy: plan_job(workspace, "PublishRealPodcast", ["podcast_id:int"]),
        comes="from|import|as|__all__|PublishRealPodcast|publish_real_podcast|{package}",
        makes=r"(\w+/|tests/(\w+/)?)(test_)?publish_real_podcast\.py|tests/(\w+/)?__init__\.py",
    ),
    "job:rename": Command(
        lambda workspace, copy: plan_rename(workspace, copy.class_name, NEW),
        comes=f"aliases|{NEW}|{{package}}",
        anew=lambda copy: {copy.stem: STEM, copy.class_name: NEW},
        makes=rf".*/{STEM}\.py",
        back=lambda workspace, copy: plan_rename(workspace, NEW, copy.class_name),
        keeps=r",?aliases=\[[^\]]*\]",
        sorts=True,
    ),
    "job:field add, and remove": Command(
        added,
        comes=f"{FIELD}|int|0|self",
        goes=r"pass|\.\.\.",
        back=lambda workspace, copy: plan_remove_fields(workspace, copy.class_name, [FIELD]),
        keeps=r",?removed_fields=\[[^\]]*\]|pass|\.\.\.",
    ),
    "job:field rename": Command(
        lambda workspace, copy: plan_rename_field(workspace, copy.class_name, copy.field or FIELD, OTHER),
        comes=f"renamed_fields|{OTHER}",
        anew=lambda copy: {copy.field or FIELD: OTHER},
        first=lambda workspace, copy: workspace.plan() if copy.field else added(workspace, copy),
        back=lambda workspace, copy: plan_rename_field(workspace, copy.class_name, OTHER, copy.field or FIELD),
        keeps=r",?renamed_fields=\{[^}]*\}",
    ),
    "stub:publish": Command(lambda workspace, copy: plan_stubs(workspace), makes=r"stubs/.*\.jinja"),
    "init": Command(
        lambda workspace, copy: plan_init(workspace, [f"{copy.package}/jobs"]),
        makes=r"pyproject\.toml",
        without=("pyproject.toml",),
    ),
}
"""Every command that changes source. A new one is one row."""


def read(root: Path) -> Files:
    """Return every file of a project but Dartian's own."""
    paths = [path for path in root.rglob("*") if path.is_file()]
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    return {path: content for path, content in files.items() if not path.startswith(".dartian/")}


def pieces(path: str, before: bytes, after: bytes) -> Iterator[Piece]:
    """Yield where two contents of a file differ, first by lines, then by words and signs in these."""
    old, new = (text.decode("latin-1").splitlines(keepends=True) for text in (before, after))
    for gone, come in differing(old, new):
        words = (TOKENS.findall("".join(lines)) for lines in (gone, come))
        for went, came in differing(*words):
            yield Piece(path, "".join(went), "".join(came))


def in_one_order(content: bytes) -> bytes:
    """Return a file with the words of imports that follow one another, and those of ``__all__``, sorted."""
    lines = content.splitlines(keepends=True)
    runs: list[tuple[int, int]] = []
    for node in ast.walk(ast.parse(content)):
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        if is_import or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"):
            runs.append((node.lineno - 1, node.end_lineno or node.lineno))
    for start, end in sorted(runs, reverse=True):
        if end < len(lines) and lines[end].startswith(b"\0"):  # the run that begins right below
            lines[start:end] = [b"\0" + b"".join(lines[start:end]) + lines.pop(end)[1:]]
        else:
            lines[start:end] = [b"\0" + b"".join(lines[start:end])]
    return b"".join(
        b" ".join(sorted(re.findall(rb"[\w.]+", line))) + b"\n" if line.startswith(b"\0") else line for line in lines
    )


def differing(old: list[str], new: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield old[a:b], new[c:d]


def refuse_what_was_not_meant(copy: Copy, command: Command, plan: Plan, before: Files, after: Files) -> None:
    moved = {change.path: change.to for change in plan.changes if isinstance(change, MoveFile)}
    words = command.anew(copy)
    pattern = re.compile(rf"\b(?:{'|'.join(words)})\b".encode() if words else b"(?!)")
    for path, content in before.items():
        now = after[moved.get(path, path)]
        if now == content:
            continue
        assert command.comes, (copy.package, path)
        assert comments(content) == comments(now), (copy.package, path)
        texts = [pattern.sub(lambda found: words[found[0].decode()].encode(), text) for text in (content, now)]
        for piece in pieces(path, *(map(in_one_order, texts) if command.sorts else texts)):
            meant = command.comes.format(package="|".join(path.split("/")[:-1]))
            come = [each for each in TOKENS.findall(piece.come) if not re.fullmatch(meant, each)]
            assert set(come) <= SIGNS, (copy.package, piece)
            assert re.fullmatch(rf"(\s|{command.goes})*", piece.gone), (copy.package, piece)
        parse(path, now)
    for path in after.keys() - (before.keys() - moved.keys()):
        assert re.fullmatch(command.makes, path), (copy.package, path)


def comments(content: bytes) -> list[str]:
    """Return the comments of a file, which no command writes."""
    tokens = tokenize.tokenize(BytesIO(content).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def refuse_another_beginning(copy: Copy, command: Command, before: Files, after: Files) -> None:
    """Refuse that the opposite of a command leaves anything behind but what the class has to remember."""
    assert before.keys() == after.keys(), copy.package
    kept = re.compile(command.keeps.encode())
    for path, content in before.items():
        if after[path] != content:
            assert path == copy.path, (copy.package, path)
            bare = (kept.sub(b"", re.sub(rb"\s", b"", text)).replace(b",)", b")") for text in (content, after[path]))
            assert len(set(bare)) == 1, (copy.package, path)


def project_of(files: Mapping[str, bytes], root: Path) -> Project:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return Project.at(root)


def carry_out(project: Project, plan: Plan) -> None:
    run(project, lambda _: plan)


def result_of(build: Build, copy: Copy, project: MemoryProject) -> Result:
    return Result(project, build(Workspace(project.project, files=MemoryFiles(project.files)), copy))


def was_carried_out(copy: Copy, command: Command, root: Path) -> bool:
    """Try a command, its opposite and undo on one package; return whether it was not refused."""
    start = MemoryProject({path: content for path, content in copy.files.items() if path not in command.without})
    results: list[Result] = []
    try:
        if command.first is not None:
            results.append(result_of(command.first, copy, start))
        results.append(result_of(command.build, copy, results[-1].project if results else start))
    except CliError:
        return False
    before, there = results[-1].before.files, results[-1].project
    refuse_what_was_not_meant(copy, command, results[-1].plan, before, there.files)
    if command.back is not None:
        with suppress(CliError):  # what is used by now is not given up
            results.append(result_of(command.back, copy, there))
            refuse_another_beginning(copy, command, before, results[-1].project.files)
    project = project_of(start.files, root)
    for result in results:
        carry_out(project, result.plan)
        assert read(root) == result.project.files, copy.package
    for number in range(sum(result.plan.writes for result in results), 0, -1):
        run(project, partial(plan_inverse, project, number))
    assert read(root) == start.files, copy.package
    return True


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_changes_that_was_not_meant(name: str, tmp_path: Path) -> None:
    done, refused = list[str](), list[str]()
    for package in packages():
        each = (was_carried_out(copy, COMMANDS[name], tmp_path / package / copy.class_name) for copy in copies(package))
        (done if any(each) else refused).append(package)
        if len(done) == ENOUGH and not FULL:
            break
    assert len(done) >= ENOUGH, refused


def test_a_job_that_is_made_and_removed_leaves_every_byte_but_line_breaks() -> None:
    removed = 0
    for copy in (copy for package in packages() for copy in copies(package)[:1]):
        project = MemoryProject(dict(copy.files))
        try:
            made = project.run_once(plan_job, "audio/PublishRealPodcast", ["podcast_id:int"]).project
            made = made.run_once(plan_job, "PublishRealPodcast", ["podcast_id:int"]).project
        except CliError:
            continue
        left = made.run_once(plan_removal, "audio/PublishRealPodcast").project
        left = left.run_once(plan_removal, "PublishRealPodcast").project
        assert set(left.files) - set(project.files) <= {"tests/__init__.py"}
        registry = f"{copy.package}/__init__.py"
        assert {path for path in project.files if left.files[path] != project.files[path]} <= {registry}
        assert is_like(left.files[registry], project.files[registry]), "a list that has grown too long stays broken"
        removed += 1
        if removed == ENOUGH and not FULL:
            break
    assert removed >= ENOUGH
