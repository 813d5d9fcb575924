"""``job:field NAME rename``: a field by another name wherever the project means it; its old payloads still load."""

import ast
from pathlib import PurePosixPath

from dartian_cli.changes import Plan
from dartian_cli.edits.constructor_calls import Place, attribute_lines, keyword_places
from dartian_cli.edits.job_fields import Declared, declarations, keeps_as_attribute, own_uses, parameter_places
from dartian_cli.edits.old_names import follow_rename, names_told, remember_renamed
from dartian_cli.edits.rename import renamed
from dartian_cli.edits.source import Source
from dartian_cli.errors import FieldRefused, shown_path
from dartian_cli.fields import parse_fields
from dartian_cli.generators.family import Family, Member
from dartian_cli.generators.field_places import (
    binding_line,
    declared_in,
    once_had,
    refuse_bound,
    refuse_looked_up,
    string_places,
    tag_places,
)
from dartian_cli.generators.found import FoundJob, find_job
from dartian_cli.style import find_style
from dartian_cli.wording import listed
from dartian_cli.workspace import Workspace

__all__ = ["plan_rename_field"]


def plan_rename_field(workspace: Workspace, name: str, old: str, new: str) -> Plan:
    """Return the plan that gives a field of a job another name.

    Jobs that wait still load: the class keeps the old name in ``renamed_fields``. What may be the field and cannot be
    known is noted. Usage: there is no such field, or the new name cannot be. Conflict: the new name is taken.
    """
    _refuse_no_name(new)
    job = find_job(workspace, name)
    family = Family(workspace, job, old)
    told, _ = names_told(family.job.text.source, job.class_name)
    if family.job.text.field(new) is not None and (old == new or told.get(old) == new):
        workspace.note(f"{family.job.text.place()}: {job.class_name}.{new} is called so already")
        return workspace.plan()
    field = declared_in(family, old, f"rename {old} {new}")
    for member in [*family.members, *family.above]:
        _refuse_taken(member, old, new)
    _Renaming(workspace, family, field, new).carry_out()
    return workspace.plan()


def _refuse_no_name(new: str) -> None:
    """Refuse what ``make:job`` would refuse as a field's name, in its words."""
    typed = f"{new}:{'int' if new == 'bool' else 'bool'}"
    try:
        parse_fields([typed])
    except FieldRefused as refusal:
        raise FieldRefused(str(refusal).replace(typed, new)) from None


def _refuse_taken(member: Member, old: str, new: str) -> None:
    """Refuse a name that a class of the family has for something else, or that payloads hold for another field."""
    text, owner = member.text, member.job.class_name
    line = binding_line(text, new)
    used = own_uses(text.source, owner, new)
    if used and not line:
        line = text.source.line_of(used[0])
    if text.init is not None and not line:
        names = (node for node in ast.walk(text.init) if isinstance(node, ast.Name) and node.id == new)
        line = next((node.lineno for node in names), 0)
    refuse_bound(text, new, line)
    refuse_looked_up(text, new)
    told, removed = names_told(text.source, owner)
    if new in removed or told.get(new, old) != old:
        raise once_had(text, new)


class _Renaming:
    """The renaming of one field."""

    def __init__(self, workspace: Workspace, family: Family, field: Declared, new: str) -> None:
        self._workspace = workspace
        self._family = family
        self._field = field
        self._old, self._new = field.name, new
        self._job: FoundJob = family.job.job
        self._is_attribute = keeps_as_attribute(family.job.text, field.name)
        self._places: dict[str, set[int]] = {}
        self._maybe: list[str] = []

    def carry_out(self) -> None:
        """Want the new name in every file that means the field."""
        for member in self._family.members:
            self._in_class(member)
        self._in_calls()
        self._note_reads()
        if self._maybe:
            self._workspace.note(f"left as it is, and may be {self._old}: {listed(self._maybe)}")
        for path, places in self._places.items():
            self._workspace.edit(path, renamed(self._family.source(path), places, {self._old: self._new}))
        self._remember()

    def _rename(self, source: Source, *places: int) -> None:
        self._places.setdefault(source.path, set()).update(places)

    def _in_class(self, member: Member) -> None:
        text, source = member.text, member.text.source
        if member is self._family.job and text.init is not None:
            self._rename(source, *parameter_places(source, member.job.class_name, self._old))
        if self._is_attribute:
            self._rename(source, *own_uses(source, member.job.class_name, self._old))
            self._rename(source, *declarations(text, self._old))
        self._maybe += string_places(text, self._old)
        if not self._family.makes(member):
            return
        for at in tag_places(text, self._old):
            if at >= 0:
                self._rename(source, at)
            else:
                self._maybe.append(f"{text.place()} (its tags are computed)")

    def _in_calls(self) -> None:
        for named in self._family.named:
            makes = self._family.makes(named.member)
            places: list[Place] = []
            for place in named.found.others:
                if place.kind == "name" and not self._is_attribute:
                    self._maybe.append(f"{named.source.place(place.at)} ({place.why})")
                elif makes or place.kind == "name":
                    places.append(place)
            for call in named.found.calls if makes else ():
                places += keyword_places(named.source, call, self._old)
            for place in places:
                self._in_place(named.source, place)

    def _in_place(self, source: Source, place: Place) -> None:
        if place.kind == "name":
            self._rename(source, place.at)
        elif place.why != "matches fields by their position":
            self._maybe.append(f"{source.place(place.at)} ({place.why})")

    def _note_reads(self) -> None:
        """Tell where something is asked for such an attribute, which may be this job's."""
        for path in dict.fromkeys(named.source.path for named in self._family.named):
            source = self._family.source(path)
            lines = attribute_lines(source, self._old, self._places.get(path, ()))
            if lines:
                places = listed([f"{shown_path(path)}:{line}" for line in lines])
                self._workspace.note(f"look at .{self._old}, which may be this field: {places}")

    def _remember(self) -> None:
        """Let the class keep the old name, and those that were renamed to it mean the new one."""
        path, style = self._job.path, find_style(self._workspace, PurePosixPath(self._job.path).parent)
        content = self._workspace.read(path) or b""
        content = remember_renamed(path, content, self._job.class_name, self._old, self._new, style)
        self._workspace.edit(path, content)
        for member in self._family.below:
            if self._family.makes(member):
                path = member.job.path
                content = self._workspace.read(path) or b""
                self._workspace.edit(path, follow_rename(path, content, member.job.class_name, self._old, self._new))
