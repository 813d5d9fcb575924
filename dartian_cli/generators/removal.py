"""``job:remove``: the project as it was before ``make:job`` made the job, as a plan.

All goes, or nothing: a class that is left without its registration would be worth nothing. What a person would lose,
and what would break, is refused with its places; forced, it is left as it is and told.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from dartian_cli.changes import Plan
from dartian_cli.edits.class_keywords import class_called, keyword_of
from dartian_cli.edits.scope import text_of
from dartian_cli.edits.source import Source
from dartian_cli.edits.unregister_job import registered_at, unregister_job
from dartian_cli.errors import Conflict, shown_path
from dartian_cli.generators.found import FoundJob, find_job
from dartian_cli.generators.handwork import by_hand_in_job, by_hand_in_test
from dartian_cli.generators.packages import test_paths, unmake_packages
from dartian_cli.generators.references import References
from dartian_cli.generators.registry import registration_of
from dartian_cli.names import JobName
from dartian_cli.wording import listed, of
from dartian_cli.workspace import Workspace
from dartian_queue.errors import shown

__all__ = ["plan_removal"]


def plan_removal(
    workspace: Workspace, name: str, *, live: Mapping[str, int] | None = None, force: bool = False
) -> Plan:
    """Return the plan that removes a job; ``name`` is as it was typed, ``live`` how many jobs of a name wait or run.

    The class's module, its generated test, its registration, and the packages that were made for them go. Usage: there
    is no such job. Conflict: a person has written in these files, something names the job, or jobs of its name wait;
    with ``force`` that is told only. A file that holds another job too is a Conflict in any case.
    """
    removal = _Removal(workspace, find_job(workspace, name))
    removal.refuse_shared_file()
    removal.weigh(live or {}, force=force)
    return removal.carry_out()


class _Removal:
    """One removal, step by step."""

    def __init__(self, workspace: Workspace, job: FoundJob) -> None:
        self._workspace = workspace
        self._job = job
        self._source = Source(job.path, workspace.read(job.path) or b"")
        self._package = workspace.project.jobs[job.folder]
        self._name = JobName(job.class_name, job.packages, job.folder)
        self._tests = [
            str(path) for path in test_paths(workspace, self._package, self._name) if workspace.is_file(path)
        ]
        path = PurePosixPath(job.path)
        self._registration = registration_of(workspace, path.parent, job.package, path.stem, job.class_name)

    def refuse_shared_file(self) -> None:
        """Refuse to take another job away, and a package whose modules would be gone with it."""
        if self._job.path == self._registration.path:
            raise Conflict(
                f"{self._place(self._job.line)}: {self._job.class_name} is defined in the package itself\n"
                f"Nothing was changed. Take it out by hand."
            )
        if (other := next(self._other_jobs(), None)) is not None:
            raise Conflict(
                f"{self._place(other.lineno)}: the job {other.name} is in the same file, and would go too\n"
                f"Nothing was changed. Move one of the two into a file of its own first."
            )

    def _other_jobs(self) -> Iterator[ast.ClassDef]:
        """Yield the classes of the file that extend Job, this one or each other, or that have a ``handle``."""
        known = {"Job", self._job.class_name}
        for node in self._source.tree.body:
            if isinstance(node, ast.ClassDef) and node.name != self._job.class_name:
                extended = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                if extended & known or any(getattr(each, "name", "") == "handle" for each in node.body):
                    known.add(node.name)
                    yield node

    def weigh(self, live: Mapping[str, int], *, force: bool) -> None:
        """Refuse what would be lost or would break; where it is forced, tell what is left."""
        by_hand, places, number = list(self._by_hand()), self._references(), self._live(live)
        reasons = [f"it was edited by hand ({listed(by_hand)})"] if by_hand else []
        reasons += [f"it is named in {listed(places)}"] if places else []
        if number:
            reasons.append(f"{of(number, 'job')} of its name {'waits or runs' if number == 1 else 'wait or run'}")
        if reasons and not force:
            raise Conflict(
                f"{self._job.name} is not removed: {'; '.join(reasons)}\n"
                f"Nothing was changed. {_advice(named=bool(places), waited_for=number > 0)}\n"
                f"All the same: dartian job:remove {self._job.name} --force"
            )
        for place in dict.fromkeys(places):
            self._workspace.note(f"left as it is: {place} names {self._job.class_name}")
        if number:
            self._workspace.note(f"left in the store: {of(number, 'job')}, which no class can run any more")

    def _by_hand(self) -> Iterator[str]:
        if (line := by_hand_in_job(self._workspace, self._job, self._source)) is not None:
            yield self._place(line)
        for path in self._tests:
            if (line := by_hand_in_test(self._workspace, self._job, self._source, path)) is not None:
                yield f"{shown_path(path)}:{line}"

    def _references(self) -> list[str]:
        """Return where the rest of the project names the job, and note where strings do."""
        places: list[str] = []
        for referring in References(self._workspace).to(self._job):
            if referring.path in (self._job.path, *self._tests):
                continue
            source, spans = referring.source, list[tuple[int, int]]()
            if referring.path == self._registration.path:
                spans = registered_at(source, self._registration)
            uses = sorted((*referring.to_class, *referring.to_module), key=lambda use: use.at)
            places += [source.place(use.at) for use in uses if not any(start <= use.at < end for start, end in spans)]
            for mention in referring.mentions:
                place, text = source.place(mention.at), shown(mention.text)
                self._workspace.note(f"left as it is: {place} says {text} in a string")
        return places

    def _live(self, live: Mapping[str, int]) -> int:
        """Return how many stored jobs this class would run, under its name and under those that it once had."""
        node = class_called(self._source, self._job.class_name)
        given, aliases = keyword_of(node, "name"), keyword_of(node, "aliases")
        own = self._job.name if given is None else text_of(given)
        if given is not None and own is None:
            self._workspace.note(f"{self._place(given.lineno)}: the name is computed, so its jobs were not counted")
        others = aliases.elts if isinstance(aliases, ast.List | ast.Tuple) else []
        return sum(live.get(name, 0) for name in {own, *map(text_of, others)} if name is not None)

    def carry_out(self) -> Plan:
        """Want everything gone."""
        workspace, path = self._workspace, self._registration.path
        if (content := workspace.read(path)) is not None:
            workspace.edit(path, unregister_job(content, self._registration))
        for gone in (self._job.path, *self._tests):
            workspace.remove(gone)
        unmake_packages(workspace, self._package, self._name)
        return workspace.plan()

    def _place(self, line: int) -> str:
        return f"{shown_path(self._job.path)}:{line}"


def _advice(*, named: bool, waited_for: bool) -> str:
    """Return what to do first."""
    if named:
        return "Take it out there first."
    if waited_for:
        return "Run them: dartian queue:work, or dartian queue:cancel ID"
    return "Move what you want to keep to another file first."
