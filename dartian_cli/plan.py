"""Apply a plan, all or nothing. This is the only file that writes source.

Everything new is staged beside its target and the old file is linked beside it, then a journal says so, then the
files are swapped. A process that dies on the way leaves a journal, from which the next apply (or ``dartian
doctor``) completes the plan, or takes it back where a file was changed since. It never writes outside the project,
and never over a file that is not as it was when the plan was made.
"""

import os
import re
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from dartian_cli.changes import Change, CreateFile, EditFile, MoveFile, Plan, RemoveFile, Step
from dartian_cli.errors import BrokenSource, CliError, Conflict, shown_path
from dartian_cli.project import Project
from dartian_cli.workspace import Answer, Workspace

__all__ = [
    "Build",
    "Change",
    "CreateFile",
    "EditFile",
    "MoveFile",
    "Plan",
    "RemoveFile",
    "pending",
    "preview",
    "recover",
    "run",
]

Build: TypeAlias = Callable[[Workspace], Plan]

FOLDER = ".dartian"
_LOCK, _JOURNAL = f"{FOLDER}/lock", f"{FOLDER}/journal.json"
_PATIENCE = 60.0
"""Seconds to wait for another command that applies a plan; each takes well below one."""
_TOKEN = re.compile(r"[0-9a-f]{8}")


class _Entry(msgspec.Struct, frozen=True):
    """One file of a plan that is being applied: its path, and digests of what is there before and after."""

    path: str
    before: str | None
    after: str | None


class _Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan is about to do, or is doing once everything is ``staged``."""

    token: str
    folders: tuple[str, ...]
    """The folders that are made, outermost first."""
    entries: tuple[_Entry, ...]
    staged: bool = False


class _Place(msgspec.Struct, frozen=True):
    """A target, and its two names beside it while a plan is applied."""

    target: Path
    new: Path
    old: Path


def preview(project: Project, build: Build, answers: Mapping[str, Answer] | None = None) -> Plan:
    """Return the plan as it would be applied now; nothing is touched."""
    return build(Workspace(project, answers))


def run(
    project: Project, build: Build, answers: Mapping[str, Answer] | None = None, *, seen: Plan | None = None
) -> Plan:
    """Build the plan and apply it, and return what was done.

    It is built under the lock from what is on disk then, so that commands which run at once do not undo each
    other. Where ``seen`` is what the user was shown, a file to be overwritten has to be as it was there. Conflict:
    a file exists and differs, or was changed meanwhile; nothing is changed then. Where nothing would change nothing
    is touched.
    """
    if not pending(project):
        plan = preview(project, build, answers)
        _refuse_conflicts(plan)
        if not plan.writes:
            return plan
    with _locked(project):
        _recover(project)
        plan = preview(project, build, answers)
        _refuse_conflicts(plan)
        if seen is not None:
            _refuse_unseen(plan, seen)
        if plan.writes:
            _apply(project, plan)
        return plan


def pending(project: Project) -> bool:
    """Return whether a command died while it applied a plan, so that :func:`recover` has something to do."""
    return project.inside(_JOURNAL).is_file()


def recover(project: Project) -> Literal["nothing", "completed", "undone"]:
    """Complete the plan of a command that died, or take it back where a file was changed since."""
    if not pending(project):
        return "nothing"
    with _locked(project):
        return _recover(project)


def _refuse_conflicts(plan: Plan) -> None:
    if not plan.conflicts:
        return
    first, more = shown_path(plan.conflicts[0].path), len(plan.conflicts) - 1
    what = f"{first} and {more} more exist already and differ" if more else f"{first} exists already and differs"
    raise Conflict(
        f"{what} from what would be generated\n"
        f"What is there is yours: edit it by hand. To see the difference add --dry-run, to replace it add --force."
    )


def _refuse_unseen(plan: Plan, seen: Plan) -> None:
    were = {change.path: change.before for change in seen.changes}
    for change in plan.changes:
        if change.verb == "overwrite" and change.before != were.get(change.path):
            raise Conflict(f"{shown_path(change.path)} was changed after it was shown\nRun the command again.")


@contextmanager
def _locked(project: Project) -> Generator[None, None, None]:
    """Hold the project's lock, which dies with the process."""
    import fcntl

    try:
        project.inside(FOLDER).mkdir(parents=True, exist_ok=True)
        ignore = project.inside(f"{FOLDER}/.gitignore")
        if not ignore.exists():
            ignore.write_text("*\n", "utf-8")
        lock = os.open(project.inside(_LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise _failed(error, project) from None
    try:
        give_up_at = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up_at:
                    raise Conflict("Another dartian command is writing here and does not end\nStop it first.") from None
                time.sleep(0.01)
        yield
    finally:
        os.close(lock)


def _apply(project: Project, plan: Plan) -> None:
    """Stage, note in the journal, swap; whatever goes wrong, take everything back."""
    steps = _by_target(project, plan)
    journal = _Journal(
        os.urandom(4).hex(),
        tuple(_missing_folders(project, list(steps))),
        tuple(
            _Entry(target.relative_to(project.root).as_posix(), _digest(step.before), _digest(step.after))
            for target, step in steps.items()
        ),
    )
    try:
        _write_journal(project, journal)
        for folder in journal.folders:
            project.inside(folder).mkdir(exist_ok=True)
        for entry, step in zip(journal.entries, steps.values(), strict=True):
            _stage(project, _place(project, journal, entry), step)
        _sync_folders(project, journal)
        journal = msgspec.structs.replace(journal, staged=True)
        _write_journal(project, journal)
        for entry in journal.entries:
            _swap(_place(project, journal, entry), entry)
    except OSError as error:
        _undo(project, journal)
        raise _failed(error, project) from None
    except BaseException:
        _undo(project, journal)
        raise
    _finish(project, journal)


def _by_target(project: Project, plan: Plan) -> dict[Path, Step]:
    """Return what is written, by the file that it is written to: two paths may be links to one."""
    steps: dict[Path, Step] = {}
    for step in (step for change in plan.changes for step in change.steps()):
        target = project.inside(step.path)
        if target in steps:
            first = shown_path(steps[target].path)
            raise Conflict(f"{first} and {shown_path(step.path)} are one file, and two changes are planned for it")
        steps[target] = step
    return steps


def _missing_folders(project: Project, targets: list[Path]) -> list[str]:
    """Return the folders that have to be made, outermost first."""
    missing = {
        parent
        for target in targets
        for parent in target.parents
        if project.root in parent.parents and not parent.exists()
    }
    return sorted(path.relative_to(project.root).as_posix() for path in missing)


def _place(project: Project, journal: _Journal, entry: _Entry) -> _Place:
    """Return a target with its names; the one place that decides where is written, so the check is here."""
    target = project.inside(entry.path)
    beside = f".{target.name}.{journal.token}"
    return _Place(target, target.with_name(f"{beside}.new"), target.with_name(f"{beside}.old"))


def _stage(project: Project, place: _Place, step: Step) -> None:
    if step.before is not None:
        _refuse_changed(place.target, _digest(step.before))
        if not os.access(place.target, os.W_OK) or not place.target.stat().st_mode & 0o222:
            raise Conflict(f"{shown_path(place.target)} is read-only\nMake it writable: chmod u+w {place.target.name}")
        _link(place.target, place.old)
    if step.after is not None:
        like = project.inside(step.like) if step.like else place.target
        _write_durably(place.new, step.after, like if like.exists() else None)


def _link(existing: Path, second: Path) -> None:
    """Give a file a second name, so that it can be put back without needing space; copy it where links are not had."""
    try:
        os.link(existing, second)
    except OSError:
        _write_durably(second, existing.read_bytes(), existing)


def _write_durably(path: Path, content: bytes, like: Path | None) -> None:
    """Write a new file, with the mode and the owner of ``like``."""
    with open(path, "xb") as file:
        if like is not None:
            found = like.stat()
            os.fchmod(file.fileno(), found.st_mode & 0o7777)
            with suppress(PermissionError):
                os.fchown(file.fileno(), found.st_uid, found.st_gid)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _swap(place: _Place, entry: _Entry) -> None:
    """Put the new file in the place of the old one; again after a crash, where it was done already, it does nothing."""
    if entry.after is None:
        if place.target.exists():
            _refuse_changed(place.target, entry.before)
            place.target.unlink()
    elif entry.before is None:
        _put_where_nothing_is(place)
    else:
        _refuse_changed(place.target, entry.before)
        place.new.replace(place.target)


def _put_where_nothing_is(place: _Place) -> None:
    try:
        os.link(place.new, place.target)
    except FileExistsError:
        if not place.target.samefile(place.new):
            raise Conflict(f"{shown_path(place.target)} was made meanwhile\nRun the command again.") from None
    except OSError:
        if place.target.exists():
            raise Conflict(f"{shown_path(place.target)} was made meanwhile\nRun the command again.") from None
        place.new.rename(place.target)
        return
    place.new.unlink()


def _refuse_changed(target: Path, digest: str | None) -> None:
    if _digest_of(target) != digest:
        raise Conflict(f"{shown_path(target)} was changed meanwhile\nRun the command again.")


def _recover(project: Project) -> Literal["nothing", "completed", "undone"]:
    journal = _read_journal(project)
    if journal is None:
        return "nothing"
    try:
        if not journal.staged or not all(_is_due(_place(project, journal, entry), entry) for entry in journal.entries):
            _undo(project, journal)
            return "undone"
        for entry in journal.entries:
            place = _place(project, journal, entry)
            if entry.after is None or place.new.exists():
                _swap(place, entry)
        _finish(project, journal)
        return "completed"
    except OSError as error:
        raise _failed(error, project) from None


def _is_due(place: _Place, entry: _Entry) -> bool:
    """Return whether this file was swapped already, or is still as it was."""
    if entry.after is None:
        return not place.target.exists() or _digest_of(place.target) == entry.before
    if not place.new.exists():
        return _digest_of(place.target) == entry.after
    if place.target.exists() and place.target.samefile(place.new):
        return True
    return _digest_of(place.target) == entry.before


def _undo(project: Project, journal: _Journal) -> None:
    """Put back every file that is as the plan made it; one that was changed by hand since is left."""
    for entry in reversed(journal.entries):
        place = _place(project, journal, entry)
        if entry.before is None:
            ours = place.target.exists() and (
                place.target.samefile(place.new) if place.new.exists() else _was_created(journal, place, entry)
            )
            if ours:
                place.target.unlink()
        elif place.old.exists() and _digest_of(place.target) in (entry.after, entry.before):
            place.old.replace(place.target)
        place.new.unlink(missing_ok=True)
        place.old.unlink(missing_ok=True)
    for folder in reversed(journal.folders):
        with suppress(OSError):
            project.inside(folder).rmdir()
    project.inside(_JOURNAL).unlink(missing_ok=True)


def _was_created(journal: _Journal, place: _Place, entry: _Entry) -> bool:
    """Return whether a file without a staged twin is the plan's: once all is staged, only a swap takes twins away."""
    return journal.staged and _digest_of(place.target) == entry.after


def _finish(project: Project, journal: _Journal) -> None:
    """Make the swaps durable, and only then forget how to repeat them."""
    _sync_folders(project, journal)
    for entry in journal.entries:
        _place(project, journal, entry).old.unlink(missing_ok=True)
    project.inside(_JOURNAL).unlink(missing_ok=True)


def _sync_folders(project: Project, journal: _Journal) -> None:
    """Make names durable: a power cut must not keep the journal and lose what it speaks of."""
    touched = {project.inside(entry.path).parent for entry in journal.entries}
    for folder in touched | {project.inside(name).parent for name in journal.folders}:
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_journal(project: Project, journal: _Journal) -> None:
    path = project.inside(_JOURNAL)
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    _write_durably(draft, msgspec.json.encode(journal), None)
    draft.replace(path)
    _sync_folder(path.parent)


def _read_journal(project: Project) -> _Journal | None:
    path = project.inside(_JOURNAL)
    try:
        journal = msgspec.json.decode(path.read_bytes(), type=_Journal)
        if not _TOKEN.fullmatch(journal.token):
            raise ValueError(journal.token)
        return journal
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise BrokenSource(
            f"{shown_path(path)} is damaged, so a plan that was interrupted cannot be completed\n"
            f"Look at the project with git status, then delete that file."
        ) from None


def _digest(content: bytes | None) -> str | None:
    return None if content is None else sha256(content).hexdigest()


def _digest_of(path: Path) -> str | None:
    try:
        return _digest(path.read_bytes())
    except FileNotFoundError:
        return None


def _failed(error: OSError, project: Project) -> CliError:
    """Say what the system refused; by then everything is as it was."""
    import shutil

    free = shutil.disk_usage(project.root).free if project.root.exists() else 0
    where = shown_path(error.filename or project.root)
    return CliError(f"{where} cannot be written: {error.strerror}; {free:,} bytes are free\nNothing was changed.")
