"""What a plan consists of: each change of a file, with the bytes before and after it, and how it is shown.

Everything here is data; nothing reads or writes a file.
"""

import re
from typing import Literal, TypeAlias

import msgspec

__all__ = ["Change", "CreateFile", "Decision", "EditFile", "MoveFile", "Plan", "RemoveFile", "Step", "Verb"]

Verb: TypeAlias = Literal["create", "edit", "identical", "conflict", "overwrite", "keep", "move", "remove"]
Decision: TypeAlias = Literal["ask", "keep", "overwrite"]


class Step(msgspec.Struct, frozen=True):
    """One path and what is there before and after; None is no file."""

    path: str
    before: bytes | None
    after: bytes | None
    like: str | None = None
    """The path whose mode the file takes, where that is not the file itself."""
    mode: int | None = None
    """The mode of a new file, where it is not like another."""


class CreateFile(msgspec.Struct, frozen=True):
    """A whole file that is wanted; ``before`` is what stands in its place."""

    path: str
    before: bytes | None
    after: bytes
    answer: Decision = "ask"
    """What happens to a file that exists and differs."""
    mode: int | None = None
    """The mode of a file that had one before it was removed; else what is usual."""
    hint: str = ""
    """What to type instead, where the file exists and differs; one line."""

    @property
    def verb(self) -> Verb:
        """Say in one word what happens to the file."""
        if self.before is None:
            return "create"
        if self.before == self.after:
            return "identical"
        return "conflict" if self.answer == "ask" else self.answer

    def steps(self) -> tuple[Step, ...]:
        """Return what has to be written."""
        step = Step(self.path, self.before, self.after, mode=self.mode)
        return (step,) if self.verb in ("create", "overwrite") else ()


class EditFile(msgspec.Struct, frozen=True):
    """The smallest change of a file that exists."""

    path: str
    before: bytes
    after: bytes

    @property
    def verb(self) -> Verb:
        """Say in one word what happens to the file."""
        return "identical" if self.before == self.after else "edit"

    def steps(self) -> tuple[Step, ...]:
        """Return what has to be written."""
        return (Step(self.path, self.before, self.after),) if self.before != self.after else ()


class MoveFile(msgspec.Struct, frozen=True):
    """A file under another path, perhaps edited on the way."""

    path: str
    to: str
    before: bytes
    after: bytes

    @property
    def verb(self) -> Verb:
        """Say in one word what happens to the file."""
        return "move"

    def steps(self) -> tuple[Step, ...]:
        """Return what has to be written: the new file first."""
        return (Step(self.to, None, self.after, like=self.path), Step(self.path, self.before, None))


class RemoveFile(msgspec.Struct, frozen=True):
    """A file that goes away."""

    path: str
    before: bytes

    @property
    def verb(self) -> Verb:
        """Say in one word what happens to the file."""
        return "remove"

    def steps(self) -> tuple[Step, ...]:
        """Return what has to be written."""
        return (Step(self.path, self.before, None),)


Change: TypeAlias = CreateFile | EditFile | MoveFile | RemoveFile


class Plan(msgspec.Struct, frozen=True):
    """An ordered list of changes, shown as a diff and applied all or nothing."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    """What the output has to say besides, such as the stub that was used."""
    emptied: tuple[str, ...] = ()
    """The folders that go too, outermost first, where nothing is left in them then."""
    undoes: int | None = None
    """The number, in the history, of the plan that this one takes back."""

    @property
    def writes(self) -> bool:
        """Whether applying it would change a file."""
        return any(change.steps() for change in self.changes)

    @property
    def conflicts(self) -> tuple[CreateFile, ...]:
        """The files that exist, differ, and that nobody has decided about."""
        return tuple(change for change in self.changes if isinstance(change, CreateFile) and change.verb == "conflict")

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes, and what can be typed instead of overwriting a file."""
        return (*self.notes, *(change.hint for change in self.conflicts if change.hint))

    def diff(self) -> str:
        """Return the unified diff of all changes, conflicts included; not escaped."""
        return "".join(diff_of(change) for change in self.changes)

    def as_data(self) -> dict[str, object]:
        """Return the plan as ``--json`` prints it: ``changes`` with verb, path, to and diff, and ``notes``."""
        changes = [
            {"verb": change.verb, "path": change.path, "to": getattr(change, "to", None), "diff": diff_of(change)}
            for change in self.changes
        ]
        return {"changes": changes, "notes": list(self.remarks)}


def diff_of(change: Change) -> str:
    """Return a change as a unified diff, empty where nothing would change."""
    from difflib import unified_diff

    after = None if isinstance(change, RemoveFile) else change.after
    to = change.to if isinstance(change, MoveFile) else change.path
    if isinstance(change, CreateFile) and change.verb == "keep":
        return ""
    lines = unified_diff(
        _lines(change.before),
        _lines(after),
        "/dev/null" if change.before is None else f"a/{change.path}",
        "/dev/null" if after is None else f"b/{to}",
    )
    return "".join(line if line.endswith(("\n", "\r")) else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(content: bytes | None) -> list[str]:
    """Return the lines with their endings; only what ends a line in Python does, so no form feed."""
    if content is None:
        return []
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return [line for line in re.split(r"(?<=\n)|(?<=\r)(?!\n)", text) if line]
