"""``job:field NAME remove``: a job without a field, in its class and in the calls; its old payloads still load."""

import ast
from collections.abc import Sequence
from pathlib import PurePosixPath

import msgspec

from dartian_cli.changes import Plan
from dartian_cli.edits.class_keywords import classes_called
from dartian_cli.edits.constructor_calls import Call, Removal, attribute_lines, hands_on, removal_from
from dartian_cli.edits.field_lines import without_field_splices
from dartian_cli.edits.job_fields import Declared, own_uses, parameter_places
from dartian_cli.edits.name_imports import without_import
from dartian_cli.edits.old_names import names_told, remember_removed
from dartian_cli.edits.source import Source, Splice
from dartian_cli.edits.trees import is_grown
from dartian_cli.errors import Conflict, shown_path
from dartian_cli.generators.family import Family
from dartian_cli.generators.field_places import declared_in, string_places, tag_places
from dartian_cli.generators.found import FoundJob, find_job
from dartian_cli.style import find_style
from dartian_cli.wording import listed
from dartian_cli.workspace import Workspace
from dartian_queue.errors import shown

__all__ = ["plan_remove_fields"]


def plan_remove_fields(workspace: Workspace, name: str, fields: Sequence[str], *, force: bool = False) -> Plan:
    """Return the plan that takes fields from a job, and their values from the calls that make it.

    Jobs that wait still load: the class keeps the names in ``removed_fields``. Conflict: something needs a field in a
    way that no edit can change; with ``force`` that is left as it is, and noted.
    """
    job = find_job(workspace, name)
    for field in dict.fromkeys(fields):
        family = Family(workspace, job, field)
        _, removed = names_told(family.job.text.source, job.class_name)
        if field in removed and family.job.text.field(field) is None:
            workspace.note(f"{family.job.text.place()}: {job.class_name} has no {shown(field)} any more")
            continue
        _Removing(workspace, family, declared_in(family, field, f"remove {field}")).carry_out(force=force)
    return workspace.plan()


class _Edits(msgspec.Struct):
    """What goes from one file."""

    splices: list[Splice] = []
    gone: list[ast.AST] = []


class _Removing:
    """The removal of one field."""

    def __init__(self, workspace: Workspace, family: Family, field: Declared) -> None:
        self._workspace = workspace
        self._family = family
        self._field = field
        self._name = field.name
        self._job: FoundJob = family.job.job
        self._edits: dict[str, _Edits] = {}

    def carry_out(self, *, force: bool) -> None:
        """Want the files without the field."""
        needed = [*self._in_classes(), *self._in_calls()]
        if needed and not force:
            raise Conflict(
                f"{self._job.class_name}.{self._name} is still needed: {listed(needed)}\n"
                f"Change what is there first, or add --force: it is left as it is then."
            )
        if needed:
            self._workspace.note(f"left as it is, and needs {self._name}: {listed(needed)}")
        self._note_reads()
        splices, gone = without_field_splices(self._family.job.text, self._field)
        self._take(self._job.path, splices, gone)
        for path, edits in self._edits.items():
            if edits.splices:
                self._workspace.edit(path, _without(self._family.source(path), edits, self._job.class_name))
                self._drop_imports(path, edits)
        self._remember()

    def _take(self, path: str, splices: Sequence[Splice], gone: Sequence[ast.AST]) -> None:
        edits = self._edits.setdefault(path, _Edits())
        edits.splices += splices
        edits.gone += gone

    def _in_classes(self) -> list[str]:
        """Return where the classes of the family themselves need the field."""
        needed: list[str] = []
        for member in self._family.members:
            source, own = member.text.source, member is self._family.job
            if own and member.text.init is not None:
                places = parameter_places(source, member.job.class_name, self._name)[1:]
            else:
                places = own_uses(source, member.job.class_name, self._name)
            places += [at for at in tag_places(member.text, self._name) if at >= 0]
            if not own and (again := member.text.field(self._name)) is not None and member.text.init is None:
                places.append(source.start_of(again.node.lineno))
            if not own and self._name in names_told(source, member.job.class_name)[0].values():
                places.append(source.start_of(member.text.node.lineno))
            needed += [source.place(at) for at in sorted(places)]
        return needed

    def _in_calls(self) -> list[str]:
        """Take the values out of the calls; return where that is not certain."""
        needed: list[str] = []
        removals: list[tuple[Source, Call, Removal]] = []
        for named in self._family.named:
            source, makes = named.source, self._family.makes(named.member)
            others = [place for place in named.found.others if makes or place.kind == "name"]
            needed += [f"{source.place(place.at)} ({place.why})" for place in others]
            position = named.member.position(self._name)
            keyword_only = self._field.keyword_only
            needed += [
                f"{source.place(call.at)} (hands it on with values by position)"
                for call in named.found.handed_on
                if makes and not keyword_only and hands_on(source, call, position)
            ]
            for call in named.found.calls if makes else ():
                removal = removal_from(source, call, self._name, position, keyword_only=keyword_only)
                removals.append((source, call, removal))
        gone = [(source, source.span_of(value)) for source, _, removal in removals for value in removal.values]
        for source, call, removal in removals:
            if any(source is other and start <= call.at < end for other, (start, end) in gone):
                continue  # it is an argument that goes
            if removal.unsure:
                needed.append(f"{source.place(call.at)} ({removal.unsure})")
            self._take(source.path, removal.splices, removal.gone)
            for value in removal.lost:
                text = shown(ast.unparse(value), 60)
                self._workspace.note(f"{source.place(call.at)}: {text} is not computed any more")
        return needed

    def _note_reads(self) -> None:
        """Tell where something is asked for such an attribute, which may be this job's."""
        for member in self._family.members:
            for place in string_places(member.text, self._name):
                self._workspace.note(f"look at {place}, which may be this field")
        for path in dict.fromkeys(named.source.path for named in self._family.named):
            source = self._family.source(path)
            places = [f"{shown_path(path)}:{line}" for line in attribute_lines(source, self._name, [])]
            if places:
                self._workspace.note(f"look at .{self._name}, which may be this field: {listed(places)}")

    def _remember(self) -> None:
        style = find_style(self._workspace, PurePosixPath(self._job.path).parent)
        content = self._workspace.read(self._job.path) or b""
        content = remember_removed(self._job.path, content, self._job.class_name, self._name, style)
        self._workspace.edit(self._job.path, content)

    def _drop_imports(self, path: str, edits: _Edits) -> None:
        """Take out imports that only what has gone needed, unless another module may have them from this one."""
        parts = (each for node in edits.gone for each in ast.walk(node))
        names = {each.id for each in parts if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
        pure = PurePosixPath(path)
        stem = (pure.parent if pure.name == "__init__.py" else pure).stem.encode()
        for name in sorted(names):
            others = (other for other in self._workspace.all_python_files() if other != path)
            contents = (self._workspace.read(other) or b"" for other in others)
            if not any(stem in content and name.encode() in content for content in contents):
                content = self._workspace.read(path) or b""
                self._workspace.edit(path, without_import(path, content, name))


def _without(source: Source, edits: _Edits, class_name: str) -> bytes:
    def proves(old: ast.Module, new: ast.Module) -> bool:
        if is_grown(new, old, edits.gone):
            return True
        for node in classes_called(new, class_name):
            if isinstance(node.body[0], ast.Pass):
                node.body = node.body[1:]  # which stands where nothing else was left
        return is_grown(new, old, edits.gone)

    return source.spliced(edits.splices, proves)
