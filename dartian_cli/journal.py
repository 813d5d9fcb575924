"""Write the files of a plan, all or nothing: the only file that writes source.

Everything new is staged beside its target and the old file is linked beside it, then a journal says so, then the
files are swapped. A process that dies on the way leaves a journal, from which the next command that writes (or
``dartian doctor --fix``) completes the plan, or takes it back where a file was changed since. It never writes
outside the project, and never over a file that is not as it was when the plan was made; it decides nothing else.
"""

import os
import re
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from dartian_cli.changes import Step
from dartian_cli.errors import BrokenSource, CliError, Conflict, shown_path
from dartian_cli.project import Project

__all__ = ["FOLDER", "Recovery", "apply", "forget", "locked", "missing_folders", "pending", "refuse_damaged", "settle"]

FOLDER = ".dartian"
Recovery: TypeAlias = Literal["nothing", "completed", "undone"]
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
    """What a plan is about to do, is doing once everything is ``staged``, and has done once all is ``swapped``."""

    token: str
    folders: tuple[str, ...]
    """The folders that are made, outermost first."""
    entries: tuple[_Entry, ...]
    staged: bool = False
    swapped: bool = False
    emptied: tuple[str, ...] = ()
    """The folders that go in the end where nothing is left in them, outermost first."""


class _Place(msgspec.Struct, frozen=True):
    """A target, and its two names beside it while a plan is applied."""

    target: Path
    new: Path
    old: Path


def pending(project: Project) -> bool:
    """Return whether a command died while it applied a plan, so that :func:`settle` has something to do."""
    return project.inside(_JOURNAL).is_file()


def refuse_damaged(project: Project) -> None:
    """Raise BrokenSource where what a command left is no journal, so that nobody can tell what it was about to do."""
    _read_journal(project)


@contextmanager
def locked(project: Project) -> Generator[None, None, None]:
    """Hold the project's lock, which dies with the process; Dartian's own folder is made where it is missing."""
    import fcntl

    try:
        project.inside(FOLDER).mkdir(parents=True, exist_ok=True)
        ignore = project.inside(f"{FOLDER}/.gitignore")
        if not ignore.exists() or not ignore.stat().st_size:
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


def apply(project: Project, steps: Iterable[Step], emptied: Sequence[str] = ()) -> None:
    """Take all steps or none: stage, note in the journal, swap; whatever goes wrong, take everything back.

    The folders ``emptied`` go too, where nothing is left in them then. The lock has to be held, and the plan of a
    command that died has to be settled. A crash leaves the journal, and :func:`settle` makes it all or nothing.
    """
    by_target = _by_target(project, steps)
    journal = _Journal(
        os.urandom(4).hex(),
        missing_folders(project, by_target.values()),
        tuple(
            _Entry(target.relative_to(project.root).as_posix(), _digest(step.before), _digest(step.after))
            for target, step in by_target.items()
        ),
        emptied=tuple(emptied),
    )
    try:
        _write_journal(project, journal)
        for folder in journal.folders:
            project.inside(folder).mkdir(_mode_of_folder(folder), exist_ok=True)
        for entry, step in zip(journal.entries, by_target.values(), strict=True):
            _stage(project, _place(project, journal, entry), step)
        _sync_folders(project, journal)
        journal = msgspec.structs.replace(journal, staged=True)
        _write_journal(project, journal)
        for entry in journal.entries:
            _swap(_place(project, journal, entry), entry)
    except OSError as error:
        _take_back(project, journal)
        raise _failed(error, project) from None
    except BaseException:
        _take_back(project, journal)
        raise
    with suppress(OSError):  # all is new; what cannot be tidied up now stays in the journal, for the next command
        _finish(project, journal)


def missing_folders(project: Project, steps: Iterable[Step]) -> tuple[str, ...]:
    """Return the folders that have to be made for the steps, outermost first."""
    missing = {
        parent
        for target in (project.inside(step.path) for step in steps if step.after is not None)
        for parent in target.parents
        if project.root in parent.parents and not parent.exists()
    }
    return tuple(sorted(path.relative_to(project.root).as_posix() for path in missing))


def forget(project: Project, paths: Iterable[str]) -> None:
    """Remove files of Dartian's own folder that nobody needs any more; one that stays the next command removes."""
    for path in paths:
        if path.startswith(f"{FOLDER}/"):
            with suppress(OSError):
                project.inside(path).unlink(missing_ok=True)


def _by_target(project: Project, planned: Iterable[Step]) -> dict[Path, Step]:
    """Return what is written, by the file that it is written to: two paths may be links to one."""
    steps: dict[Path, Step] = {}
    for step in planned:
        target = project.inside(step.path)
        if target in steps:
            first = shown_path(steps[target].path)
            raise Conflict(f"{first} and {shown_path(step.path)} are one file, and two changes are planned for it")
        steps[target] = step
    return steps


def _mode_of_folder(folder: str) -> int:
    """Return who may look into a folder that is made: the history holds what some files let only their owner read."""
    return 0o700 if folder.startswith(f"{FOLDER}/") else 0o777


def _place(project: Project, journal: _Journal, entry: _Entry) -> _Place:
    """Return a target with its names; the one place that decides where is written, so the check is here."""
    target = project.inside(entry.path)
    beside = f".{target.name}.{journal.token}"
    return _Place(target, target.with_name(f"{beside}.new"), target.with_name(f"{beside}.old"))


def _stage(project: Project, place: _Place, step: Step) -> None:
    if step.before is not None:
        _refuse_changed(place.target, _digest(step.before))
        if not os.access(place.target, os.W_OK) or not place.target.stat().st_mode & 0o222:
            raise _read_only(place.target)
        _link(place.target, place.old)
    if step.after is not None:
        like = project.inside(step.like) if step.like else place.target
        _write_durably(place.new, step.after, like if like.exists() else None, step.mode)


def _read_only(target: Path) -> Conflict:
    import shlex

    path = shown_path(target)
    return Conflict(f"{path} is read-only\nMake it writable: chmod u+w {shlex.quote(path)}")


def _link(existing: Path, second: Path) -> None:
    """Give a file a second name, so that it can be put back without needing space; copy it where links are not had."""
    try:
        os.link(existing, second)
    except OSError:
        _write_durably(second, existing.read_bytes(), existing)


def _write_durably(path: Path, content: bytes, like: Path | None = None, mode: int | None = None) -> None:
    """Write a new file, with the mode and the owner of ``like``, else with ``mode``."""
    with open(path, "xb") as file:
        if like is None and mode is not None:
            os.fchmod(file.fileno(), mode)
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


def settle(project: Project) -> Recovery:
    """Complete the plan of a command that died, or take it back where a file was changed since; under the lock."""
    journal = _read_journal(project)
    if journal is None:
        return "nothing"
    try:
        if journal.swapped:
            _finish(project, journal)
            return "completed"
        if not journal.staged or not all(_is_due(_place(project, journal, entry), entry) for entry in journal.entries):
            _take_back(project, journal)
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


def _take_back(project: Project, journal: _Journal) -> None:
    """Put back every file that is as the plan made it; one that was changed by hand since is left."""
    for entry in reversed(journal.entries):
        place = _place(project, journal, entry)
        if entry.before is None:
            if _is_ours(journal, place, entry):
                place.target.unlink()
        elif place.old.exists() and _digest_of(place.target) in (entry.after, entry.before):
            place.old.replace(place.target)
        place.new.unlink(missing_ok=True)
        place.old.unlink(missing_ok=True)
    for folder in reversed(journal.folders):
        with suppress(OSError):
            project.inside(folder).rmdir()
    project.inside(_JOURNAL).unlink(missing_ok=True)


def _is_ours(journal: _Journal, place: _Place, entry: _Entry) -> bool:
    """Return whether a file was made by the plan, and not edited since.

    Its staged twin proves it; one without is the plan's once all is staged, since only a swap takes twins away.
    """
    if _digest_of(place.target) != entry.after:
        return False
    return place.target.samefile(place.new) if place.new.exists() else journal.staged


def _finish(project: Project, journal: _Journal) -> None:
    """Make the swaps durable, and only then forget how to repeat them; from then on nothing can be taken back."""
    if not journal.swapped:
        _sync_folders(project, journal)
        _write_journal(project, msgspec.structs.replace(journal, swapped=True))
    for entry in journal.entries:
        _place(project, journal, entry).old.unlink(missing_ok=True)
    for folder in reversed(journal.emptied):
        _remove_if_empty(project, folder)
    project.inside(_JOURNAL).unlink(missing_ok=True)


def _remove_if_empty(project: Project, name: str) -> None:
    """Remove a folder in which nothing is left but what Python compiled; a link to a folder is left."""
    folder = project.inside(name)
    if folder in (project.root, project.inside(FOLDER)) or folder != project.root / name:
        return
    with suppress(OSError):
        cache = folder / "__pycache__"
        if list(folder.iterdir()) == [cache] and not cache.is_symlink():
            compiled = list(cache.iterdir())
            if any(path.suffix != ".pyc" or not path.is_file() for path in compiled):
                return
            for path in compiled:
                path.unlink()
            cache.rmdir()
        folder.rmdir()


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
    _write_durably(draft, msgspec.json.encode(journal))
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
