"""Tests of generators: a project in memory, what a generator plans for it, and assertions about that.

Every run checks, besides what the test asserts, that the generator is pure, that its plan can be applied, that the
Python it leaves can be parsed, and that a second run has nothing left to do. Nothing is read from or written to disk.
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher, unified_diff
from pathlib import Path
from textwrap import dedent, indent
from types import MappingProxyType
from typing import Concatenate, ParamSpec, TypeVar

from dartian_cli.changes import Change, CreateFile, MoveFile, Plan, RemoveFile
from dartian_cli.edits.source import parse
from dartian_cli.errors import BrokenSource
from dartian_cli.files import MemoryFiles
from dartian_cli.project import Project
from dartian_cli.workspace import Answer, Workspace
from dartian_queue.errors import DartianError

__all__ = ["MemoryProject", "Result"]

_P = ParamSpec("_P")
_E = TypeVar("_E", bound=DartianError)
_NOWHERE = Path("/in-memory")


class MemoryProject:
    """A project whose files are a mapping from paths below its root to their content; text is UTF-8.

    It never changes: a run, more files or answers give another one. ``name`` is that of its root folder.
    """

    def __init__(
        self,
        files: Mapping[str, str | bytes] | None = None,
        *,
        name: str = "shop",
        answers: Mapping[str, Answer] | None = None,
    ) -> None:
        self.files: Mapping[str, bytes] = MappingProxyType(
            {path: content.encode() if isinstance(content, str) else content for path, content in (files or {}).items()}
        )
        self._name = name
        self.answers: Mapping[str, Answer] = MappingProxyType(dict(answers or {}))
        self._below = MemoryFiles(self.files)

    @property
    def project(self) -> Project:
        """Return what a generator sees as ``workspace.project``, read from this project's own pyproject.toml."""
        pyproject = self.files.get("pyproject.toml", b"")
        return Project.of(_NOWHERE / self._name, pyproject, self.files.__contains__)

    def text(self, path: str) -> str:
        """Return what a file says; AssertionError where there is none."""
        if path not in self.files:
            raise AssertionError(f"There is no {path}. There are:\n{_indented(sorted(self.files))}")
        return self.files[path].decode()

    def with_files(self, files: Mapping[str, str | bytes]) -> "MemoryProject":
        """Return this project with more files, or with others in their place, as if edited by hand."""
        return MemoryProject({**self.files, **files}, name=self._name, answers=self.answers)

    def answering(self, answers: Mapping[str, Answer]) -> "MemoryProject":
        """Return this project with what a person answers for single files that exist and differ."""
        return MemoryProject(self.files, name=self._name, answers={**self.answers, **answers})

    def run(
        self, generator: Callable[Concatenate[Workspace, _P], Plan], *args: _P.args, **kwargs: _P.kwargs
    ) -> "Result":
        """Return what ``generator(workspace, *args, **kwargs)`` plans, after all the checks that are for free.

        Idempotence is one of them: where the plan could be applied, the generator is run on what comes out of it,
        and may plan nothing but "identical" and "keep". Where that is not meant, take :meth:`run_once`.
        """
        result = self.run_once(generator, *args, **kwargs)
        if not result.plan.conflicts:
            _refuse_second_thoughts(self._plan_again(result, generator, *args, **kwargs))
        return result

    def run_once(
        self, generator: Callable[Concatenate[Workspace, _P], Plan], *args: _P.args, **kwargs: _P.kwargs
    ) -> "Result":
        """Do what :meth:`run` does for a generator that is not meant to be run twice, such as one that renames."""
        plan = self._plan(generator, *args, **kwargs)
        _refuse_other_plan(plan, self._plan(generator, *args, **kwargs))
        _refuse_broken_python(plan)
        return Result(self, plan)

    def assert_refuses(
        self,
        error: type[_E],
        generator: Callable[Concatenate[Workspace, _P], Plan],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _E:
        """Assert that the generator refuses with this error, twice alike and in three lines at most; return it."""
        refusals: list[_E] = []
        for _ in range(2):
            try:
                plan = self._plan(generator, *args, **kwargs)
            except error as refusal:
                refusals.append(refusal)
            else:
                raise AssertionError(f"It does not refuse with {error.__name__}. The plan:\n{_shown(plan)}")
        first, second = (str(refusal) for refusal in refusals)
        if first != second:
            raise AssertionError(f"The generator is not pure: it refuses otherwise the second time:\n{first}\n{second}")
        if len(first.splitlines()) > 3:
            raise AssertionError(f"A refusal has three lines at most, and this one has more:\n{first}")
        return refusals[0]

    def _plan(self, generator: Callable[Concatenate[Workspace, _P], Plan], *args: _P.args, **kwargs: _P.kwargs) -> Plan:
        plan = generator(Workspace(self.project, self.answers, self._below), *args, **kwargs)
        _refuse_no_plan(plan)
        return plan

    def _plan_again(
        self,
        result: "Result",
        generator: Callable[Concatenate[Workspace, _P], Plan],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Plan:
        try:
            return result.project._plan(generator, *args, **kwargs)
        except DartianError as refusal:
            raise AssertionError(
                f"The generator is not idempotent: on its own result it refuses:\n{indent(str(refusal), '  ')}"
            ) from refusal


class Result:
    """What a generator planned for a project. Each assertion fails with the plan, or the difference, in its text."""

    def __init__(self, before: MemoryProject, plan: Plan) -> None:
        self.plan = plan
        self.before = before
        self.project = before if plan.conflicts else _applied(before, plan)
        """The project once the plan is applied; the same as before where a conflict stands in the way."""

    @property
    def verbs(self) -> dict[str, str]:
        """The verb of each change, by its path, in the order of the plan."""
        return {change.path: change.verb for change in self.plan.changes}

    def assert_creates(self, path: str, content: str | bytes | None = None) -> None:
        """Assert that a file is made, and with exactly this content where one is given."""
        change = self._change(path, "create", f"{path} is not created")
        if content is not None:
            _refuse_other_content(path, content, _after(change))

    def assert_has_patch(self, path: str, patch: str) -> None:
        """Assert that a file is changed so; the patch is a part of its diff, found wherever in the file it is.

        Each line begins with "- " (goes), "+ " (comes) or two spaces (stays); lines of ``...`` stand for any number
        of lines. The patch may be indented as a whole. For a file that moves, either path will do.
        """
        hunks = _hunks(patch)
        change = self._find(path)
        if change is None or not change.steps():
            raise AssertionError(f"{path} is not changed. The plan:\n{_shown(self.plan)}")
        lines = list(_marked(change.before or b"", _after(change)))
        if not _has(lines, hunks):
            asked = indent(dedent(patch).strip("\n"), "  ")
            found = _indented([line for line in lines if not line.startswith("  ")])
            raise AssertionError(f"{path} has no such patch:\n{asked}\nWhat changes in it:\n{found}")

    def assert_unchanged(self, *paths: str) -> None:
        """Assert that these files stay as they are; without any, that nothing changes at all."""
        for path in paths:
            if path not in self.before.files:
                raise AssertionError(f"There was no {path}. There are:\n{_indented(sorted(self.before.files))}")
        written = [change for change in self.plan.changes if change.steps() or change.verb == "conflict"]
        touched = [change for change in written if not paths or {change.path, _to(change)} & set(paths)]
        if touched:
            diff = Plan(tuple(touched)).diff()
            raise AssertionError(f"{touched[0].path} is not unchanged: {touched[0].verb}\n{indent(diff, '  ')}")

    def assert_removes(self, *paths: str) -> None:
        """Assert that these files go away."""
        for path in paths:
            self._change(path, "remove", f"{path} is not removed")

    def assert_moves(self, path: str, to: str, content: str | bytes | None = None) -> None:
        """Assert that a file gets another path, and this content on the way; without one, that it keeps its own."""
        change = self._change(path, "move", f"{path} is not moved")
        if _to(change) != to:
            raise AssertionError(f"{path} is moved to {_to(change)}, and not to {to}")
        _refuse_other_content(to, self.before.files[path] if content is None else content, _after(change))

    def assert_conflict(self, *paths: str) -> None:
        """Assert that these files exist, differ, and are asked about; nothing is applied then."""
        for path in paths:
            self._change(path, "conflict", f"{path} is no conflict")

    def _change(self, path: str, verb: str, otherwise: str) -> Change:
        change = self._find(path)
        if change is None or change.verb != verb:
            raise AssertionError(f"{otherwise}. The plan:\n{_shown(self.plan)}")
        return change

    def _find(self, path: str) -> Change | None:
        """Return the change of a file, which may be named by where it goes."""
        own = (change for change in self.plan.changes if change.path == path)
        moved = (change for change in self.plan.changes if _to(change) == path)
        return next(own, next(moved, None))


def _applied(before: MemoryProject, plan: Plan) -> MemoryProject:
    """Return the project with the plan applied, as the engine would; AssertionError where it could not be."""
    files, done = dict(before.files), set[str]()
    for step in (step for change in plan.changes for step in change.steps()):
        if step.path in done:
            raise AssertionError(f"{step.path} is changed twice by one plan:\n{_shown(plan)}")
        done.add(step.path)
        if files.get(step.path) != step.before:
            raise AssertionError(f"{step.path} is not what the plan says that it changes:\n{_shown(plan)}")
        if step.after is None:
            del files[step.path]
        else:
            files[step.path] = step.after
    return MemoryProject(files, name=before.project.root.name, answers=before.answers)


def _refuse_no_plan(plan: object) -> None:
    if not isinstance(plan, Plan):
        raise AssertionError(f"The generator returned {plan!r}, and no Plan: end it with return workspace.plan()")


def _refuse_other_plan(first: Plan, second: Plan) -> None:
    if first == second:
        return
    diff = _diff(_told(first), _told(second), "the first time", "the second time")
    raise AssertionError(f"The generator is not pure: two runs on the same files plan two things\n{diff}")


def _refuse_second_thoughts(plan: Plan) -> None:
    if any(change.verb not in ("identical", "keep") for change in plan.changes):
        raise AssertionError(
            f"The generator is not idempotent: on its own result it plans\n{_shown(plan)}\n{indent(plan.diff(), '  ')}"
        )


def _refuse_broken_python(plan: Plan) -> None:
    for change in plan.changes:
        path = _to(change) or change.path
        if change.steps() and path.endswith(".py") and not isinstance(change, RemoveFile):
            try:
                parse(path, change.after)
            except BrokenSource as error:
                raise AssertionError(f"What is planned is no Python: {error}\n{indent(plan.diff(), '  ')}") from None


def _refuse_other_content(path: str, wanted: str | bytes, found: bytes) -> None:
    expected = wanted.encode() if isinstance(wanted, str) else wanted
    if found != expected:
        raise AssertionError(f"{path} has another content:\n{_diff(expected, found, 'expected', 'planned')}")


def _after(change: Change) -> bytes:
    return b"" if isinstance(change, RemoveFile) else change.after


def _to(change: Change) -> str | None:
    return change.to if isinstance(change, MoveFile) else None


def _told(plan: Plan) -> bytes:
    """Return all that a plan says: its verbs, its notes, its diff, and what it would rather have than what is kept."""
    kept = [change.after for change in plan.changes if isinstance(change, CreateFile) and change.verb == "keep"]
    return b"\n".join([_shown(plan).encode(), plan.diff().encode(), *kept])


def _shown(plan: Plan) -> str:
    """Return a plan as the command line shows it."""
    lines = [
        f"{change.verb:<10} {change.path}" + (f" -> {_to(change)}" if _to(change) else "") for change in plan.changes
    ]
    return _indented([*lines, *plan.notes] or ["(nothing)"])


def _indented(lines: list[str]) -> str:
    return indent("\n".join(lines), "  ", lambda _: True)


def _lines(content: bytes) -> list[str]:
    """Return the lines with their endings shown where they are not the usual one, and bytes that are no UTF-8 too."""
    text = content.decode("utf-8", "backslashreplace").replace("\r", "\\r")
    lines = text.split("\n")
    last = lines.pop()
    return [*lines, f"{last}\\ no newline at the end"] if last else lines


def _diff(before: bytes, after: bytes, old: str, new: str) -> str:
    lines = unified_diff(_lines(before), _lines(after), old, new, lineterm="")
    return _indented(list(lines) or ["(the same when shown)"])


def _marked(before: bytes, after: bytes) -> Iterator[str]:
    """Yield every line of both contents as a patch writes it."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from (f"  {_line(line)}" for line in old[first:last])
        else:
            yield from (f"- {_line(line)}" for line in old[first:last])
            yield from (f"+ {_line(line)}" for line in new[start:end])


def _line(content: bytes) -> str:
    return content.rstrip(b"\r\n").decode("utf-8", "backslashreplace")


def _hunks(patch: str) -> list[list[str]]:
    """Return the patch's runs of lines; ValueError where a line has no mark, since it could match nothing."""
    hunks: list[list[str]] = [[]]
    for line in dedent(patch).strip("\n").split("\n"):
        if line == "...":
            hunks.append([])
        elif line[:2].rstrip() in ("-", "+") and line[1:2] in ("", " "):
            hunks[-1].append(line if len(line) > 1 else f"{line} ")
        elif not line[:2].strip():
            hunks[-1].append(line if line.strip() else "  ")
        else:
            raise ValueError(
                f'each line of a patch begins with "- ", "+ " or two spaces, and this one does not: {line}'
            )
    if not any(line[0] in "-+" for hunk in hunks for line in hunk):
        raise ValueError('a patch has a line that begins with "- " or "+ "')
    return [hunk for hunk in hunks if hunk]


def _has(lines: list[str], hunks: list[list[str]]) -> bool:
    """Return whether the runs of lines are there, one after the other."""
    start = 0
    for hunk in hunks:
        places = range(start, len(lines) - len(hunk) + 1)
        found = next((place for place in places if lines[place : place + len(hunk)] == hunk), None)
        if found is None:
            return False
        start = found + len(hunk)
    return True
