"""The plans that were applied, as they are kept in ``.dartian/history/``: one file each, with all bytes.

It reads, and says what is to be written; the journal writes it together with the plan, so that there is both or
neither. What it reads is data from a disk: an entry that does not hold together is named and not used, and its paths
are resolved like any others before something is written.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, TypeAlias, cast

import msgspec

from dartian_cli.changes import Change, CreateFile, EditFile, MoveFile, Plan, RemoveFile, Step
from dartian_cli.errors import BrokenSource, Conflict, Usage, shown_path
from dartian_cli.journal import FOLDER as OWN_FOLDER
from dartian_cli.project import Project
from dartian_queue import __version__
from dartian_queue.errors import shown

__all__ = ["Damaged", "Done", "History", "Past", "outdated", "step_for"]

FOLDER = f"{OWN_FOLDER}/history"
MOST, MOST_BYTES = 50, 32_000_000
"""How many plans are kept, and how large they are together; the latest is kept however large it is."""

_FORMAT: Literal[1] = 1
_FILE = re.compile(r"(\d{6,12})\.json")
_NEVER_WRITTEN = frozenset({"..", ".git", OWN_FOLDER})
_Verb: TypeAlias = Literal["create", "overwrite", "edit", "move", "remove"]


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One change that was made; ``before`` and ``after`` are whole files, None where there was none."""

    verb: _Verb
    path: str
    before: bytes | None
    after: bytes | None
    to: str | None = None
    mode: Annotated[int, msgspec.Meta(ge=0, le=0o777)] | None = None
    """The mode of the file before, where there was one."""

    def change(self) -> Change | None:
        """Return it as it stood in its plan; None where it contradicts itself."""
        match self.verb, self.before, self.after, self.to:
            case "create", None, bytes(after), None:
                return CreateFile(self.path, None, after)
            case "overwrite", bytes(before), bytes(after), None:
                return CreateFile(self.path, before, after, "overwrite")
            case "edit", bytes(before), bytes(after), None:
                return EditFile(self.path, before, after)
            case "move", bytes(before), bytes(after), str(to):
                return MoveFile(self.path, to, before, after)
            case "remove", bytes(before), None, None:
                return RemoveFile(self.path, before)
            case _:
                return None


class Past(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan that was applied."""

    format: Literal[1]
    number: int
    when: Annotated[datetime, msgspec.Meta(tz=True)]
    command: tuple[str, ...]
    """The command line as it was typed; empty where a program applied the plan."""
    version: str
    """Dartian's own."""
    folders: tuple[str, ...]
    """The folders that were made, outermost first."""
    changes: tuple[Done, ...]
    undoes: int | None = None
    """The number of the plan that was taken back."""

    def plan(self) -> Plan:
        """Return it as a plan, to be shown; only what it wrote is in there."""
        return Plan(tuple(change for done in self.changes if (change := done.change())))


class Damaged(msgspec.Struct, frozen=True):
    """An entry that is there and cannot be used."""

    number: int
    path: str
    reason: str
    is_newer: bool = False
    """Whether nothing is wrong with it but that a later Dartian wrote it."""

    def refusal(self) -> BrokenSource:
        """Return the error for whoever needs this entry."""
        return BrokenSource(
            f"{shown_path(self.path)} {self.reason}, so plan {self.number} cannot be taken back\n"
            f"To take another one back: dartian undo N. To be rid of this one, delete the file."
        )


class History(msgspec.Struct, frozen=True):
    """All that is kept, the latest last."""

    entries: tuple[Past, ...] = ()
    damaged: tuple[Damaged, ...] = ()

    @classmethod
    def read(cls, project: Project) -> "History":
        """Return what is there; nothing is a history too."""
        entries: list[Past] = []
        damaged: list[Damaged] = []
        for number, path in _files(project):
            found = _read(path, number, f"{FOLDER}/{path.name}")
            if isinstance(found, Past):
                entries.append(found)
            else:
                damaged.append(found)
        return cls(tuple(entries), tuple(damaged))

    def undone_by(self, number: int) -> int | None:
        """Return the number of the plan that took this one back, None while it stands: taking that back restores it."""
        for entry in self.entries:
            if entry.undoes == number and self.undone_by(entry.number) is None:
                return entry.number
        return None

    def get(self, number: int) -> Past:
        """Return one plan; Usage where there is none of this number, BrokenSource where its entry is damaged."""
        for entry in self.entries:
            if entry.number == number:
                return entry
        for broken in self.damaged:
            if broken.number == number:
                raise broken.refusal()
        kept = [entry.number for entry in self.entries]
        which = f"It has {min(kept)} to {max(kept)}" if kept else "It is empty"
        raise Usage(f"there is no plan {number} in the history\n{which}. To see it: dartian history")

    def last(self) -> Past | None:
        """Return the last plan that stands and takes none back; BrokenSource where a damaged entry may be that one."""
        standing = [entry for entry in self.entries if entry.undoes is None and self.undone_by(entry.number) is None]
        last = standing[-1] if standing else None
        later = [entry for entry in self.damaged if last is None or entry.number > last.number]
        if later:
            raise later[-1].refusal()
        return last


def step_for(project: Project, plan: Plan, folders: Sequence[str], command: Sequence[str]) -> Step:
    """Return what has to be written so that the history has this plan; the lock has to be held."""
    number = max((number for number, _ in _files(project)), default=0) + 1
    past = Past(
        _FORMAT,
        number,
        datetime.now(UTC).replace(microsecond=0),
        tuple(part.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") for part in command),
        __version__,
        tuple(folders),
        tuple(_done(project, change) for change in plan.changes if change.steps()),
        plan.undoes,
    )
    return Step(f"{FOLDER}/{number:06}.json", None, msgspec.json.encode(past), mode=0o600)


def outdated(project: Project) -> tuple[str, ...]:
    """Return the paths of the entries that are not kept any longer, by number and by size."""
    found: list[str] = []
    size = 0
    for later, (_, path) in enumerate(reversed(_files(project))):
        size += path.lstat().st_size
        if later and (later >= MOST or size > MOST_BYTES):
            found.append(f"{FOLDER}/{path.name}")
    return tuple(found)


def _done(project: Project, change: Change) -> Done:
    after = None if isinstance(change, RemoveFile) else change.after
    mode = None if change.before is None else project.inside(change.path).stat().st_mode & 0o777
    return Done(cast("_Verb", change.verb), change.path, change.before, after, getattr(change, "to", None), mode)


def _files(project: Project) -> list[tuple[int, Path]]:
    """Return the entries' files with their numbers, the latest last."""
    folder = project.inside(FOLDER)
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise Conflict(f"{FOLDER} is a file, and a folder is needed there\nMove it away, or delete it.")
    try:
        return sorted((int(named[1]), path) for path in folder.iterdir() if (named := _FILE.fullmatch(path.name)))
    except OSError as error:
        raise BrokenSource(f"{FOLDER} cannot be read: {error.strerror}\nTry: chmod -R u+rwX {FOLDER}") from None


class _Head(msgspec.Struct, frozen=True):
    """What every format of an entry begins with."""

    format: int
    version: str


def _read(path: Path, number: int, shown_as: str) -> Past | Damaged:
    try:
        content = path.read_bytes()
        head = msgspec.json.decode(content, type=_Head)
        if head.format != _FORMAT:
            by = f"was written by Dartian {shown(head.version, 40)} in a form that {__version__} does not know"
            return Damaged(number, shown_as, by, is_newer=head.format > _FORMAT)
        past = msgspec.json.decode(content, type=Past)
    except (OSError, ValueError, RecursionError) as error:
        return Damaged(number, shown_as, f"is damaged ({shown(str(error), 100)})")
    wrong = _contradiction(past, number)
    return Damaged(number, shown_as, f"is damaged ({wrong})") if wrong else past


def _contradiction(past: Past, number: int) -> str:
    """Return what does not hold together, and no plan has ever written; empty where all is well."""
    if past.number != number:
        return f"it says that it is plan {past.number}"
    for done in past.changes:
        if done.change() is None:
            return f"the change of {shown_path(done.path)} does not hold together"
    paths = [path for done in past.changes for path in (done.path, done.to) if path is not None]
    for path in (*paths, *past.folders):
        if not PurePosixPath(path).parts or "\0" in path or _NEVER_WRITTEN & set(PurePosixPath(path).parts):
            return f"no plan writes {shown_path(path)}"
    if past.undoes is not None and past.undoes >= number:
        return f"it says that it takes plan {past.undoes} back"
    return ""
