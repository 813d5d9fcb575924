"""``dartian history``: the plans that were applied, so that one can be taken back. It changes nothing."""

import shlex
import time
from typing import Annotated

import typer

from dartian_cli import ui, wording
from dartian_cli.errors import BrokenSource
from dartian_cli.flags import AsJson
from dartian_cli.history import History, Past
from dartian_cli.plan import pending, refuse_damaged
from dartian_cli.planning import show_changes
from dartian_cli.project import Project
from dartian_queue.errors import without_passwords

__all__ = ["EXAMPLES", "history"]

EXAMPLES = ("dartian history", "dartian history 7", "dartian history --json")


def history(
    number: Annotated[int | None, typer.Argument(metavar="N", min=1, help="Show the diff of this plan.")] = None,
    json: AsJson = False,
) -> None:
    """List the plans that were applied, or show one.

    The last fifty are kept, in .dartian/history. dartian undo N takes one back.
    """
    project = Project.find()
    kept = History.read(project)
    if number is not None:
        _show_one(kept, kept.get(number), json=json)
        return
    for entry in kept.damaged:
        ui.note(f"{ui.escaped(entry.path)} {ui.escaped(entry.reason)}: plan {entry.number} is left out.")
    if pending(project):
        ui.note(ui.escaped(_interrupted(project)))
    latest = kept.entries[::-1]
    if json:
        ui.emit([_as_data(kept, past) for past in latest])
    elif not latest:
        ui.say("No plan was applied yet.")
    else:
        rows = [(str(past.number), _age(past), _command(past), _what(kept, past)) for past in latest]
        ui.table(("plan", "age", "command", "what it did"), rows, right=(0, 1), gives=(2, 3))


def _interrupted(project: Project) -> str:
    """Return what is known of a plan that is half applied."""
    try:
        refuse_damaged(project)
    except BrokenSource as error:
        return " ".join(f"{line}." for line in str(error).removesuffix(".").splitlines())
    return "A command that writes source was ended half way: dartian doctor --fix completes it, or takes it back."


def _show_one(kept: History, past: Past, *, json: bool) -> None:
    if json:
        ui.emit(_as_data(kept, past) | {"changes": past.plan().as_data()["changes"]})
        return
    pairs: list[tuple[str, ui.Cell]] = [
        ("plan", str(past.number)),
        ("when", f"{wording.moment(past.when.timestamp())} ({_age(past)} ago)"),
        ("command", _command(past)),
        ("dartian", ui.escaped(past.version)),
    ]
    if standing := _standing(kept, past):
        pairs.append(("note", standing))
    ui.facts(pairs)
    ui.say()
    show_changes(past.plan())
    ui.diff(past.plan().diff())


def _as_data(kept: History, past: Past) -> dict[str, object]:
    return {
        "number": past.number,
        "when": past.when,
        "command": [without_passwords(part) for part in past.command],
        "version": past.version,
        "changes": [{"verb": done.verb, "path": done.path, "to": done.to} for done in past.changes],
        "undoes": past.undoes,
        "undone_by": kept.undone_by(past.number),
    }


def _age(past: Past) -> str:
    return wording.duration(time.time() - past.when.timestamp())


def _command(past: Past) -> str:
    return without_passwords(shlex.join(past.command)) if past.command else "-"


def _what(kept: History, past: Past) -> str:
    """Return what a plan did in one line: each verb once, with its paths."""
    verbs: dict[str, list[str]] = {}
    for done in past.changes:
        verbs.setdefault(done.verb, []).append(done.path if done.to is None else f"{done.path} -> {done.to}")
    words = [f"{verb} {', '.join(paths)}" for verb, paths in verbs.items()]
    standing = _standing(kept, past)
    return "; ".join([standing, *words] if standing else words)


def _standing(kept: History, past: Past) -> str:
    """Return in words what it has to do with other plans, empty for nothing."""
    by = kept.undone_by(past.number)
    words = [f"takes plan {past.undoes} back"] if past.undoes is not None else []
    return ", ".join([*words, f"taken back by plan {by}"] if by is not None else words)
