"""``job:rename``: a job under another name everywhere in the project, and under its old one for the jobs that wait.

Names are changed where they mean the class, by scope; strings that merely hold the word are told.
"""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from dartian_cli.changes import Plan
from dartian_cli.edits.captures import first_captured
from dartian_cli.edits.class_keywords import class_called, classes_called, keyword_of, keyword_splices
from dartian_cli.edits.import_order import sorted_again
from dartian_cli.edits.rename import renamed
from dartian_cli.edits.scope import is_docstring, text_of
from dartian_cli.edits.source import Source
from dartian_cli.edits.taken_names import refuse_module_name
from dartian_cli.edits.trees import is_grown
from dartian_cli.edits.words import has_word
from dartian_cli.errors import Conflict, Usage, shown_path
from dartian_cli.generators.found import FoundJob, find_job
from dartian_cli.generators.imports import own_modules
from dartian_cli.generators.job import refuse_duplicate, summary_of
from dartian_cli.generators.packages import test_paths
from dartian_cli.generators.references import References, Referring
from dartian_cli.literals import quoted
from dartian_cli.names import JobName, class_words, folder_before, snake_case
from dartian_cli.style import find_style
from dartian_cli.workspace import Workspace
from dartian_queue.errors import shown

__all__ = ["plan_rename"]

_SAYS_BEFORE, _SAYS_AFTER = "The job ", " can be dispatched"
"""What the packaged stubs say beside the class's name in their docstrings."""


def plan_rename(workspace: Workspace, old: str, new: str, *, strings: bool = False) -> Plan:
    """Return the plan that renames a job; both names are as they were typed.

    The class, its module and its generated test if they are called after it, its registration, every import and
    reference, and what its own docstrings say. With ``strings`` other strings that hold the name too; without, they
    are noted. Usage: there is no such job, or the new name cannot be. Conflict: the new name is taken somewhere.
    """
    job, name = find_job(workspace, old), JobName.parse(new, folders=workspace.project.spellings())
    if _is_elsewhere(workspace, job, new, name):
        inside = "/".join((*job.packages, name.class_name))
        raise Usage(
            f"{job.name} is in {shown_path(PurePosixPath(job.path).parent)}, and job:rename leaves a job where it is\n"
            f"To rename it there: dartian job:rename {job.name} {inside}"
        )
    if name.class_name == job.class_name:
        workspace.note(f"{job.name} is called so already")
        return workspace.plan()
    renaming = _Renaming(workspace, job, name.class_name)
    renaming.refuse_what_is_taken()
    for referring in renaming.referring:
        renaming.edit(referring, strings=strings)
    renaming.keep_old_name()
    renaming.retell()
    renaming.move()
    return workspace.plan()


def _is_elsewhere(workspace: Workspace, job: FoundJob, new: str, name: JobName) -> bool:
    """Return whether the new name says another place than the job's; a word alone says none."""
    folder = folder_before(new, workspace.project.spellings())
    if folder is None:
        return bool(name.packages) and name.packages != job.packages
    return (folder, name.packages) != (job.folder, job.packages)


class _Renaming:
    """One renaming, step by step."""

    def __init__(self, workspace: Workspace, job: FoundJob, class_name: str) -> None:
        self._workspace = workspace
        self._job = job
        self._new = class_name
        self._folder = PurePosixPath(job.path).parent
        stem = PurePosixPath(job.path).stem
        self._moves = stem == snake_case(job.class_name) != snake_case(class_name)
        self._words = {job.class_name: class_name, f"{job.package}.{job.class_name}": f"{job.package}.{class_name}"}
        self._target = self._folder / f"{snake_case(class_name)}.py" if self._moves else PurePosixPath(job.path)
        if self._moves:
            self._words[stem] = self._target.stem
            self._words[job.module] = f"{job.package}.{self._target.stem}"
        self._words[job.target] = f"{self._words.get(job.module, job.module)}.{class_name}"
        self._beside = self._moves_beside()
        self._own = frozenset({job.module.partition(".")[0], *own_modules(workspace)})
        self._identifiers = {job.class_name: class_name, **({stem: self._target.stem} if self._moves else {})}
        self._references = References(workspace)
        self.referring = self._references.to(job, besides=self._identifiers.values(), suffixes=(".py", ".pyi"))

    def _moves_beside(self) -> dict[str, str]:
        """Return what is called after the module, under its old and its new path: the generated test, the ``.pyi``."""
        if not self._moves:
            return {}
        package = self._workspace.project.jobs[self._job.folder]
        names = [JobName(each, self._job.packages) for each in (self._job.class_name, self._new)]
        tests = zip(*(test_paths(self._workspace, package, name) for name in names), strict=True)
        pairs = [*tests, (PurePosixPath(self._job.path).with_suffix(".pyi"), self._target.with_suffix(".pyi"))]
        return {str(old): str(new) for old, new in pairs if self._workspace.is_file(old)}

    def refuse_what_is_taken(self) -> None:
        """Refuse a file that exists, and a file in which the new name means something already."""
        for path in (str(self._target), *self._beside.values()):
            if path != self._job.path and self._workspace.is_file(path):
                raise Conflict(f"{shown_path(path)} exists already\nMove it away, or choose another name.")
        name = JobName(self._new, self._job.packages, self._job.folder)
        refuse_duplicate(self._workspace, name, self._target)
        self._refuse_module_names()
        for referring in self.referring:
            ours = {use.text for use in (*referring.to_class, *referring.to_module) if use.scoped}
            for old, new in self._identifiers.items():
                taken = next((use for use in referring.others if use.scoped and use.text == new), None)
                if old in ours and taken is not None:
                    raise _taken(referring.source, taken.at, new)

    def _refuse_module_names(self) -> None:
        """Refuse a package in which something else is called as the module is, or would be."""
        path = str(self._folder / "__init__.py")
        if self._moves and self._workspace.is_file(path):
            for module in (self._job.stem, self._target.stem):
                refuse_module_name(path, self._references.source(path).tree, self._job.package, module)

    def edit(self, referring: Referring, *, strings: bool) -> None:
        """Write the new names into one file."""
        places = {use.at for use in referring.to_class if use.text == self._job.class_name}
        if self._moves:
            places |= {use.at for use in referring.to_module if use.text == self._job.stem}
        places |= set(self._docs(referring))
        if strings:
            places |= {mention.at for mention in referring.mentions if mention.text in self._words}
        self._note_strings(referring, places)
        content = renamed(referring.source, places, self._words)
        if content != referring.source.content:
            self._refuse_captured(referring.source, content)
            self._workspace.edit(referring.path, sorted_again(referring.source, content, self._own))

    def _refuse_captured(self, source: Source, content: bytes) -> None:
        """Refuse a file in which an argument or a variable has the new name, where the job's is used."""
        if not has_word(source.content, self._identifiers.values()):
            return
        words = {*self._identifiers, *self._identifiers.values()}
        path = str(self._target) if source.path == self._job.path else source.path
        before, after = (self._references.names(each, words) for each in (source, Source(path, content)))
        if (captured := first_captured(before, after, self._identifiers)) is not None:
            raise _taken(source, captured.at, self._identifiers.get(captured.text, captured.text))

    def _docs(self, referring: Referring) -> Iterator[int]:
        """Yield where the docstrings of the job's own file, its test and its ``.pyi`` speak of it.

        A name of one word is a word of English too, and is meant only where the stubs write it.
        """
        if referring.path != self._job.path and referring.path not in self._beside:
            return
        text = referring.source.text
        for mention in referring.mentions:
            end = mention.at + len(mention.text)
            is_ours = text.startswith(_SAYS_AFTER, end) or text.endswith(_SAYS_BEFORE, 0, mention.at)
            if mention.is_doc and mention.text in self._words and (len(class_words(mention.text)) > 1 or is_ours):
                yield mention.at

    def _note_strings(self, referring: Referring, places: set[int]) -> None:
        left = [mention for mention in referring.mentions if mention.at not in places and mention.text in self._words]
        moves = {self._job.path: str(self._target), **self._beside}
        for mention in left:
            place = f"{shown_path(moves.get(referring.path, referring.path))}:{referring.source.line_of(mention.at)}"
            self._workspace.note(f"left as it is: {place} says {shown(mention.text)} in a string (--strings)")

    def keep_old_name(self) -> None:
        """Leave the old name in the class's aliases, so that jobs which are stored under it still load."""
        path = self._job.path
        source = Source(path, self._workspace.read(path) or b"")
        node = class_called(source, self._new)
        if keyword_of(node, "name") is not None:
            return
        old, new = (".".join((*self._job.packages, each)) for each in (self._job.class_name, self._new))
        aliases = keyword_of(node, "aliases")
        if isinstance(aliases, ast.List | ast.Tuple):
            listed = {item.value: item for item in aliases.elts if isinstance(item, ast.Constant)}
            if new in listed:  # it is renamed back: its own name cannot be an alias
                self._workspace.edit(path, _exchanged(source, listed[new], new, old))
                return
        style = find_style(self._workspace, self._folder)
        item = quoted(old, style.quote)
        splices = keyword_splices(source, self._new, "aliases", item, style.line_length)
        self._workspace.edit(path, source.spliced(splices, lambda before, after: _gains(before, after, self._new, old)))

    def retell(self) -> None:
        """Let a docstring that is nothing but the name as a sentence be the new one."""
        path, old = self._job.path, summary_of(self._job.class_name)
        source = Source(path, self._workspace.read(path) or b"")
        node = class_called(source, self._new)
        if is_docstring(node.body[0]) and ast.get_docstring(node) == old:
            at = source.text.index(old, source.span_of(node.body[0])[0])
            self._workspace.edit(path, renamed(source, [at], {old: summary_of(self._new)}))

    def move(self) -> None:
        """Let the module, its test and its ``.pyi`` be called after the class."""
        if self._moves:
            self._workspace.move(self._job.path, self._target)
        for old, new in self._beside.items():
            self._workspace.move(old, new)


def _taken(source: Source, at: int, name: str) -> Conflict:
    return Conflict(
        f"{source.place(at)}: {name} means something else here\nChoose another name, or rename what is there."
    )


def _exchanged(source: Source, item: ast.expr, new: str, old: str) -> bytes:
    """Write the old name where the new one was listed as an alias."""
    start, end = source.span_of(item)
    at = start + source.text[start:end].index(new)
    return renamed(source, [at], {new: old})


def _gains(before: ast.Module, after: ast.Module, class_name: str, alias: str) -> bool:
    """Return whether the class has one alias more, and nothing else differs."""
    (was,), (now,) = (classes_called(tree, class_name) for tree in (before, after))
    (given,) = (keyword for keyword in now.keywords if keyword.arg == "aliases")
    if not isinstance(given.value, ast.List | ast.Tuple) or text_of(given.value.elts[-1]) != alias:
        return False
    return is_grown(before, after, [given if keyword_of(was, "aliases") is None else given.value.elts[-1]])
