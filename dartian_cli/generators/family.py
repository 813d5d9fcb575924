"""A job class with the classes that it extends and those that extend it, and where the project names any of them.

It reads source and changes nothing.
"""

import ast
import builtins
import sys

import msgspec

from dartian_cli.edits.constructor_calls import Found, Place, calls_in, super_calls_in
from dartian_cli.edits.job_fields import Declared, JobSource, read_job
from dartian_cli.edits.source import Source
from dartian_cli.errors import CliError, NotUnderstood, Usage, shown_path
from dartian_cli.generators.found import FoundJob
from dartian_cli.generators.references import References
from dartian_cli.workspace import Workspace

__all__ = ["Family", "Member", "Named"]

_ROOTS = frozenset({"dartian_queue.Job", "dartian_queue.job.Job"})
_FIELDLESS = sys.stdlib_module_names | {"typing_extensions"}
"""Modules whose classes are no jobs, and so have no fields."""


class Member(msgspec.Struct, frozen=True):
    """A class of the family, and all fields of its constructor in order."""

    job: FoundJob
    text: JobSource
    fields: tuple[Declared, ...] | None
    """None where a class that it extends is not the project's, and may have fields."""
    maker: FoundJob | None
    """The class whose own ``__init__`` makes it, if one does."""
    parents: tuple["Member", ...] = ()

    def position(self, name: str) -> int | None:
        """Return the place of a field among those that are given by position, or None where that is not known."""
        names = [field.name for field in self.fields or () if not field.keyword_only]
        return names.index(name) if name in names else None


class Named(msgspec.Struct, frozen=True):
    """What one file does with one class of the family."""

    member: Member
    source: Source
    found: Found


class Family:
    """The classes around one job, for a question about one of its fields."""

    def __init__(self, workspace: Workspace, job: FoundJob, field: str) -> None:
        self._references = References(workspace)
        self._modules = self._references.modules
        self._field = field
        self._known: dict[str, Member | None] = {}
        self.job = self._read(job)
        self.below: list[Member] = []
        """Those that extend it."""
        self.named: list[Named] = []
        """Where the project names any of them."""
        self._search(self.job)

    def source(self, path: str) -> Source:
        """Return a file as it is before anything is changed."""
        return self._references.source(path)

    def module_of(self, path: str) -> tuple[str, str]:
        """Return the dotted names of a file's module and of its package."""
        return self._modules.name_of(path), self._modules.package_of(path)

    @property
    def members(self) -> list[Member]:
        """The job, and the classes that extend it."""
        return [self.job, *self.below]

    @property
    def above(self) -> list[Member]:
        """The classes of the project that the job extends, the nearest first."""
        found, waiting = list[Member](), list(self.job.parents)
        while waiting:
            found.append(member := waiting.pop(0))
            waiting += member.parents
        return found

    def makes(self, member: Member) -> bool:
        """Return whether the constructor of a member takes the fields of the job itself."""
        return member.maker == (None if self.job.text.init is None else self.job.job)

    def _read(self, job: FoundJob) -> Member:
        """Read a class that is meant as a job; Usage where it is none."""
        member = self._member(job)
        if member is None:
            raise Usage(f"{shown_path(job.path)}:{job.line}: {job.class_name} is no job: it does not extend Job")
        return member

    def _member(self, job: FoundJob) -> Member | None:
        """Read a class and those that it extends; None where it is certainly no job."""
        if job.target in self._known:
            return self._known[job.target]
        text = read_job(self.source(job.path), job.class_name)
        fields: dict[str, Declared] = {}
        is_known, is_job, maker, parents = True, False, None, list[Member]()
        for base in reversed(text.node.bases):
            origin = self._origin(job, base)
            if origin in _ROOTS:
                is_job = True
            elif (parent := self._found(job, origin)) is None:
                builtin = origin.removeprefix(f"{job.module}.") in dir(builtins)
                is_known = is_known and (builtin or origin.partition(".")[0] in _FIELDLESS)
            elif (above := self._member(parent)) is not None:
                parents.insert(0, above)
                fields |= {field.name: field for field in above.fields or ()}
                is_known, maker = is_known and above.fields is not None, above.maker or maker
                is_job = True
        if is_known and not is_job:
            return self._known.setdefault(job.target, None)
        if text.init is not None:
            fields, maker, is_known = {}, job, True
        fields |= {field.name: field for field in text.fields}
        member = Member(job, text, tuple(fields.values()) if is_known else None, maker, tuple(parents))
        self._known[job.target] = member
        return member

    def _origin(self, job: FoundJob, base: ast.expr) -> str:
        node = base.value if isinstance(base, ast.Subscript) else base
        origins = self._modules.origins(f"{job.module}.{ast.unparse(node)}")
        return next(iter(origins)) if len(origins) == 1 else ""

    def _found(self, job: FoundJob, origin: str) -> FoundJob | None:
        """Return the class of the project that a dotted path means."""
        module, _, name = origin.rpartition(".")
        path = self._modules.file_of(module) if module else None
        if path is None:
            return None
        body = self.source(path).tree.body
        node = next((each for each in body if isinstance(each, ast.ClassDef) and each.name == name), None)
        if node is None:
            return None
        return msgspec.structs.replace(job, path=path, module=module, class_name=name, line=node.lineno)

    def _search(self, member: Member) -> None:
        """Find where a member is named, and the classes that extend it, down to the last."""
        for referring in self._references.to(member.job):
            source = self.source(referring.path)
            ends = [
                (use.at, use.at + len(use.text))
                for use in referring.to_class
                if use.kind == "name" and use.text == source.text[use.at : use.at + len(use.text)]
            ]
            found = calls_in(source, ends, self._field)
            self.named.append(Named(member, source, found))
            for node in found.subclasses:
                self._extended(member, source, node, found)

    def _extended(self, member: Member, source: Source, node: ast.ClassDef, found: Found) -> None:
        module = self._modules.name_of(source.path)
        if node not in source.tree.body:
            why = f"{node.name} extends it inside a block"
            found.others.append(Place(source.span_of(node)[0], "maybe", why))
            return
        job = msgspec.structs.replace(
            member.job, path=source.path, module=module, class_name=node.name, line=node.lineno
        )
        if any(each.job.target == job.target for each in self.below):
            return
        try:
            child = self._read(job)
        except CliError as refusal:
            raise NotUnderstood(str(refusal)) from None
        self.below.append(child)
        if child.text.init is not None:
            calls = super_calls_in(source, node)
            self.named.append(Named(member, source, Found(calls=calls)))
        self._search(child)
