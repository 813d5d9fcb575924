"""Where the files of a project name one job class, or its module: by scope, through every import between them.

It changes nothing. A file that cannot be read as Python is noted and left out.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from dartian_cli.edits.analysis import Analysis
from dartian_cli.edits.scope import every_statement
from dartian_cli.edits.source import Source, parse
from dartian_cli.edits.uses import LOCAL, Mention, Names, Use, mentions_in, names_in
from dartian_cli.edits.words import has_word
from dartian_cli.errors import CliError, Conflict
from dartian_cli.generators.found import FoundJob
from dartian_cli.modules import Modules
from dartian_cli.workspace import Workspace

__all__ = ["References", "Referring"]

_OFTEN = 2
"""For how many questions a file is analysed by itself: all of it takes longer than they do, and answers them all."""


class Referring(msgspec.Struct, frozen=True):
    """A file that names the class or its module."""

    source: Source
    to_class: tuple[Use, ...]
    """Where the class is meant, under whatever name."""
    to_module: tuple[Use, ...]
    others: tuple[Use, ...]
    """Where the same words, and those that were asked about besides, mean something else."""
    mentions: tuple[Mention, ...]
    """Where strings hold the class's own name, or its module's path, and nothing looks it up."""

    @property
    def path(self) -> str:
        """The file, from the project's root on."""
        return self.source.path


class _Import(msgspec.Struct, frozen=True):
    """One name that an import gives."""

    module: tuple[str, ...]
    """The parts of what it is imported from."""
    name: tuple[str, ...]
    """The parts of what it is; a star can be anything."""
    bound: str
    """What it is called from then on."""


class References:
    """The references between the files of a workspace, each of which is read once for all questions.

    It answers for the files as they were when it was first asked.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.modules = Modules(workspace)
        self._workspace = workspace
        self._sources: dict[str, Source] = {}
        self._asked: Counter[str] = Counter()
        self._imports: dict[str, tuple[_Import, ...]] = {}

    def source(self, path: str) -> Source:
        """Return a file as it is before anything is changed."""
        if path not in self._sources:
            self._sources[path] = Source(path, self._workspace.read(path) or b"")
        return self._sources[path]

    def to(
        self, job: FoundJob, *, besides: Iterable[str] = (), suffixes: tuple[str, ...] = (".py",)
    ) -> list[Referring]:
        """Return every file that names the job, its own first, then by path; those whose names end so.

        ``besides`` are more words of which it is told where they mean something else. Conflict: a name means the job
        in one run of the program and something else in another, so that nobody can say.
        """
        paths = [job.path, *(path for path in self._workspace.all_python_files(suffixes) if path != job.path)]
        asked = {path for path in paths if self._imports_word(path, job.stem)}
        found, known, names = dict[str, Referring](), set[str](), {job.class_name}
        while names:
            known |= names
            asked |= {path for path in paths if self._has_word(path, names)}
            for path in sorted(asked):
                if (referring := self._read(path, job, known.union(besides))) is not None:
                    found[path] = referring
            texts = {use.text for referring in found.values() for use in referring.to_class}
            asked, names = set[str](), texts - known  # ``import ProcessPodcast as PP``, for others to import
        return [found[path] for path in paths if path in found]

    def names(self, source: Source, words: set[str]) -> Names:
        """Return what a file names, of the words; it may be one as it would be."""
        return names_in(Analysis(source, words), words, *self._place(source.path))

    def _place(self, path: str) -> tuple[str, str]:
        return self.modules.name_of(path), self.modules.package_of(path)

    def _has_word(self, path: str, words: Iterable[str]) -> bool:
        return has_word(self._workspace.read(path) or b"", words)

    def _imports_word(self, path: str, word: str) -> bool:
        """Return whether a file imports what is called so, or something from it."""
        return self._has_word(path, [word]) and any(word in each.module + each.name for each in self._imported(path))

    def _imported(self, path: str) -> tuple[_Import, ...]:
        if path not in self._imports:
            try:
                tree = parse(path, self._workspace.read(path) or b"")
                self._imports[path] = tuple(_imports_of(tree))
            except CliError as error:
                self._workspace.note_unread(error)
                self._imports[path] = ()
        return self._imports[path]

    def _read(self, path: str, job: FoundJob, names: set[str]) -> Referring | None:
        """Return what a file names, or None where it does not name the job."""
        try:
            source = self.source(path)
            words = names | self._leading_to(source, names, job.stem)
            found = self._names(source, words, job)
            mentions = mentions_in(source, found, _spellings(job))
        except CliError as error:
            self._workspace.note_unread(error)
            return None
        sorts: dict[str, list[Use]] = {"class": [], "module": [], "other": []}
        for use in found.uses:
            if use.text == job.stem or use.text in words:
                sorts[self._sort(source, use, job)].append(use)
        if not (sorts["class"] or sorts["module"] or mentions):
            return None
        return Referring(source, tuple(sorts["class"]), tuple(sorts["module"]), tuple(sorts["other"]), tuple(mentions))

    def _names(self, source: Source, words: set[str], job: FoundJob) -> Names:
        """Return what a file names: of the words, or all where they are not the first that it is asked about."""
        path = source.path
        self._asked[path] += 1
        if self._asked[path] <= _OFTEN:
            return _named(
                path, source.content, frozenset({job.module, *words}), frozenset({job.stem, *words}), *self._place(path)
            )
        return _named(path, source.content, None, None, *self._place(path))

    def _leading_to(self, source: Source, names: set[str], stem: str) -> set[str]:
        """Return what else a file may call the class, and what stands before its name or its module's: shop.Job."""
        ends = "|".join(map(re.escape, {stem, *names}))
        dotted = re.compile(rf"(?<![\w.])(\w+)(?:\s*\.\s*\w+)*?\s*\.\s*(?:{ends})(?!\w)")
        roots = {stem, *(found[1] for found in dotted.finditer(source.text))}
        imported = self._imported(source.path)
        if any(each.bound == "*" for each in imported):
            return roots.union(each.bound for each in imported if not names.isdisjoint(each.name))
        return {each.bound for each in imported if each.bound in roots or not names.isdisjoint(each.name)}

    def _sort(self, source: Source, use: Use, job: FoundJob) -> str:
        origins = frozenset(self._origins(use))
        if job.target in origins:
            if len(origins) > 1:
                raise Conflict(
                    f"{source.place(use.at)}: {use.text} is the job {job.class_name} and something "
                    f"else too, depending on what ran before\nGive one of them another name first."
                )
            return "class"
        return "module" if origins and all(self._is_module(origin, job) for origin in origins) else "other"

    def _origins(self, use: Use) -> Iterator[str]:
        for meaning in use.meanings:
            if meaning == LOCAL:
                yield LOCAL
            else:
                yield from self.modules.origins(meaning)

    def _is_module(self, origin: str, job: FoundJob) -> bool:
        return origin.endswith(job.stem) and self.modules.file_of(origin) == job.path


@lru_cache(maxsize=256)
def _named(
    path: str, content: bytes, kept: frozenset[str] | None, words: frozenset[str] | None, module: str, package: str
) -> Names:
    """Return what a file names. It is kept for the next plan too: one is made to be shown, and again to be applied."""
    return names_in(Analysis(Source(path, content), kept), words, module, package)


def _spellings(job: FoundJob) -> tuple[str, ...]:
    """Return what a string may say to mean the job."""
    return job.class_name, job.module, job.target, f"{job.package}.{job.class_name}"


def _imports_of(tree: ast.Module) -> Iterator[_Import]:
    for statement in every_statement(tree.body):
        if isinstance(statement, ast.Import | ast.ImportFrom):
            module = tuple((getattr(statement, "module", None) or "").split("."))
            for each in statement.names:
                name = tuple(each.name.split("."))
                yield _Import(module, name, each.asname or name[0])
