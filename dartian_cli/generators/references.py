"""Where the files of a project name one job class, or its module: by scope, through every import between them.

It changes nothing. A file that cannot be read as Python is noted and left out.
"""

import ast
import re
from collections.abc import Iterable, Iterator

import msgspec

from dartian_cli.edits.source import Source, parse
from dartian_cli.edits.uses import LOCAL, Mention, Use, mentions_in, uses_in
from dartian_cli.errors import CliError, Conflict
from dartian_cli.generators.found import FoundJob
from dartian_cli.modules import Modules
from dartian_cli.workspace import Workspace

__all__ = ["Referring", "references_to"]


class Referring(msgspec.Struct, frozen=True):
    """A file that names the class or its module."""

    source: Source
    to_class: tuple[Use, ...]
    """Where the class is meant, under whatever name."""
    to_module: tuple[Use, ...]
    others: tuple[Use, ...]
    """All other names in it."""
    mentions: tuple[Mention, ...]
    """Where strings hold the class's own name, or its module's path, and nothing looks it up."""

    @property
    def path(self) -> str:
        """The file, from the project's root on."""
        return self.source.path


def references_to(workspace: Workspace, job: FoundJob, suffixes: tuple[str, ...] = (".py",)) -> list[Referring]:
    """Return every file that names the job, its own first, then by path; those whose names end so.

    Conflict: a name means the job in one run of the program and something else in another, so that nobody can say.
    """
    reading = _Reading(workspace, job)
    paths = [job.path, *(path for path in workspace.all_python_files(suffixes) if path != job.path)]
    found = {path: referring for path in paths if (referring := reading.of(path)) is not None}
    while more := reading.other_names(found.values()):  # ``import ProcessPodcast as PP``, for others to import
        reading.names |= more
        found |= {path: again for path in paths if path not in found and (again := reading.of(path)) is not None}
    return list(found.values())


class _Reading:
    """One search through a project."""

    def __init__(self, workspace: Workspace, job: FoundJob) -> None:
        self._workspace = workspace
        self._job = job
        self._modules = Modules(workspace)
        self._stem = job.module.rpartition(".")[2]
        self._paths = (job.class_name, job.module, job.target, f"{job.package}.{job.class_name}")
        """What a string may say to mean the job."""
        self.names = {job.class_name}
        """Every name that the class has somewhere."""

    def of(self, path: str) -> Referring | None:
        """Return what a file names, or None where it does not name the job."""
        content = self._workspace.read(path) or b""
        try:
            if not self._may_name(path, content):
                return None
            source = Source(path, content)
            uses = uses_in(source, self._modules.name_of(path), self._modules.package_of(path))
            mentions = mentions_in(source, self._paths, uses)
        except CliError as error:
            self._workspace.note_unread(error)
            return None
        sorts: dict[str, list[Use]] = {"class": [], "module": [], "other": []}
        for use in uses:
            sorts[self._sort(source, use)].append(use)
        if not (sorts["class"] or sorts["module"] or mentions):
            return None
        return Referring(source, tuple(sorts["class"]), tuple(sorts["module"]), tuple(sorts["other"]), tuple(mentions))

    def _may_name(self, path: str, content: bytes) -> bool:
        """Return whether a file is worth the long look: it holds a name of the class, or imports the module's."""
        words = "|".join(map(re.escape, sorted(self.names)))
        if re.search(rf"(?<!\w)(?:{words})(?!\w)".encode(), content):
            return True
        if not re.search(rf"(?<!\w){re.escape(self._stem)}(?!\w)".encode(), content):
            return False
        return any(self._stem in _imported_parts(node) for node in ast.walk(parse(path, content)))

    def other_names(self, found: Iterable[Referring]) -> set[str]:
        """Return the names that the class has in what was found, and that were not searched for."""
        return {use.text for referring in found for use in referring.to_class} - self.names

    def _sort(self, source: Source, use: Use) -> str:
        origins = frozenset(self._origins(use))
        if self._job.target in origins:
            if len(origins) > 1:
                raise Conflict(
                    f"{source.place(use.at)}: {use.text} is the job {self._job.class_name} and something "
                    f"else too, depending on what ran before\nGive one of them another name first."
                )
            return "class"
        return "module" if origins and all(self._is_module(origin) for origin in origins) else "other"

    def _origins(self, use: Use) -> Iterator[str]:
        for meaning in use.meanings:
            if meaning == LOCAL:
                yield LOCAL
            else:
                yield from self._modules.origins(meaning)

    def _is_module(self, origin: str) -> bool:
        return origin.endswith(self._stem) and self._modules.file_of(origin) == self._job.path


def _imported_parts(node: ast.AST) -> set[str]:
    """Return every identifier in an import; nothing for another statement."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return set()
    paths = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
    return {part for path in paths for part in path.split(".")}
