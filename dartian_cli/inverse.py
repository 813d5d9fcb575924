"""The plan that takes an earlier one back, and keeps what was edited by hand since.

For each file three texts are merged: what the plan wrote, what is there now, and what was there before. Where that
cannot be decided nothing is taken back at all, unless forced: then the file is as before the plan. It writes nothing.
"""

import ast
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from dartian_cli.changes import Change, CreateFile, EditFile, MoveFile, Plan, RemoveFile, diff_of
from dartian_cli.errors import Conflict, shown_path
from dartian_cli.history import Done, History, Past
from dartian_cli.merging import Overlap, merge
from dartian_cli.project import Project
from dartian_cli.workspace import Workspace

__all__ = ["Clash", "HandEdited", "plan_inverse"]

_Read: TypeAlias = Callable[[str], bytes | None]


class Clash(msgspec.Struct, frozen=True):
    """A file that cannot be taken back without losing something."""

    path: str
    reason: str
    """What is so, after the path: ``was edited since, in line 3``."""
    diff: str
    """What was changed since the plan, as a unified diff; not escaped."""
    lines: tuple[Overlap, ...] = ()
    """The lines that were edited by hand and by the plan."""


class HandEdited(Conflict):
    """Files were changed since the plan, where it would be taken back; each is one of ``clashes``."""

    def __init__(self, number: int, clashes: tuple[Clash, ...]) -> None:
        first, more = clashes[0], len(clashes) - 1
        others = f" (and {more} more)" if more else ""
        super().__init__(
            f"{shown_path(first.path)} {first.reason}{others}: plan {number} is not taken back\n"
            f"Nothing was changed. Take it back by hand where that is, or lose what was done since: "
            f"dartian undo {number} --force"
        )
        self.clashes = clashes


def plan_inverse(project: Project, number: int, workspace: Workspace, *, force: bool = False) -> Plan:
    """Return the plan that takes plan ``number`` back; HandEdited where something would be lost, unless ``force``.

    One that was taken back already is a plan that changes nothing, and says so.
    """
    history = History.read(project)
    past = history.get(number)
    if (by := history.undone_by(number)) is not None:
        return Plan((), (f"Plan {number} was taken back already, by plan {by}. To have it again: dartian undo {by}",))
    clashes: list[Clash] = []
    changes: list[Change] = []
    for done in reversed(past.changes):
        found = _inverse(done, workspace.read)
        if isinstance(found, Clash):
            clashes.append(found)
            changes += _forced(done, workspace.read)
        elif found is not None:
            changes.append(found)
    if clashes and not force:
        raise HandEdited(number, tuple(reversed(clashes)))
    return Plan(tuple(changes), _notes(past, changes), emptied=past.folders, undoes=number)


def _notes(past: Past, changes: list[Change]) -> tuple[str, ...]:
    if any(change.steps() for change in changes):
        return ()
    return (f"Nothing of plan {past.number} is left to take back.",)


def _inverse(done: Done, read: _Read) -> Change | Clash | None:
    """Return what takes one change back, or why that would lose something; None where nothing is left of it."""
    if done.verb == "create":
        return _of_created(done, read)
    if done.verb == "remove":
        return _of_removed(done, read)
    if done.verb == "move":
        return _of_moved(done, read)
    now, before = read(done.path), _wanted(done.before)
    if now is None:
        return Clash(done.path, "was removed since", _since(done.path, done.after, None))
    merged = _merged(done, done.path, now)
    if isinstance(merged, Clash):
        return merged
    if done.verb == "overwrite" and merged == before:
        return CreateFile(done.path, now, merged, "overwrite")
    return EditFile(done.path, now, merged)


def _of_created(done: Done, read: _Read) -> Change | Clash | None:
    now = read(done.path)
    if now is None:
        return None
    if now != done.after:
        return Clash(done.path, "was edited since it was created", _since(done.path, done.after, now))
    return RemoveFile(done.path, now)


def _of_removed(done: Done, read: _Read) -> Change | Clash | None:
    now, before = read(done.path), _wanted(done.before)
    if now == before:
        return None
    if now is not None:
        return Clash(done.path, "was made anew since it was removed", _since(done.path, None, now))
    return CreateFile(done.path, None, before, mode=done.mode)


def _of_moved(done: Done, read: _Read) -> Change | Clash | None:
    to = done.to or done.path
    now, there = read(to), read(done.path)
    if now is None:
        if there == done.before:
            return None
        return Clash(to, "was removed or moved on since", _since(to, done.after, None))
    if there is not None:
        return Clash(done.path, f"was made anew since it was moved to {shown_path(to)}", _since(done.path, None, there))
    merged = _merged(done, to, now)
    return merged if isinstance(merged, Clash) else MoveFile(to, done.path, now, merged)


def _forced(done: Done, read: _Read) -> list[Change]:
    """Return what makes it as it was before the plan, whatever is there now."""
    changes: list[Change] = []
    if done.to is not None and (moved := read(done.to)) is not None:
        changes.append(RemoveFile(done.to, moved))
    now = read(done.path)
    if done.before is not None and now != done.before:
        mode = done.mode if now is None else None
        changes.append(CreateFile(done.path, now, done.before, "overwrite", mode))
    elif done.before is None and now is not None:
        changes.append(RemoveFile(done.path, now))
    return changes


def _merged(done: Done, path: str, now: bytes) -> bytes | Clash:
    """Return what is there now without what the plan had made of it."""
    found = merge(_wanted(done.after), now, _wanted(done.before))
    if found.content is None:
        lines = ", ".join(map(str, found.overlaps))
        since = _since(path, done.after, now)
        return Clash(path, f"was edited since where the plan had edited it, in {lines}", since, found.overlaps)
    is_mixed = found.content not in (now, done.before)
    if is_mixed and path.endswith(".py") and _parses(now) and not _parses(found.content):
        since = _since(path, done.after, now)
        return Clash(path, "was edited since, and would be no valid Python without the plan's lines", since)
    return found.content


def _parses(content: bytes) -> bool:
    try:
        ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _since(path: str, then: bytes | None, now: bytes | None) -> str:
    """Return what was done since the plan as a unified diff."""
    if then is None:
        return diff_of(CreateFile(path, None, _wanted(now)))
    return diff_of(RemoveFile(path, then) if now is None else EditFile(path, then, now))


def _wanted(content: bytes | None) -> bytes:
    """Return the bytes of which the history says that they are there, as it was checked when it was read."""
    return b"" if content is None else content
