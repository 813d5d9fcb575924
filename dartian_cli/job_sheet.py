"""One stored job as a person reads it, its whole history on a page, and as data for programs. It reads no store."""

import shlex
import time
from collections.abc import Iterator, Sequence

import msgspec

from dartian_cli import ui, wording
from dartian_cli.arguments import as_arguments
from dartian_cli.stored import errors_of, payload_of, progress_data
from dartian_cli.stored_frames import own_frames
from dartian_queue import config
from dartian_queue.delays import Exponential
from dartian_queue.errors import shown
from dartian_queue.options import Limits
from dartian_queue.outcome import ErrorReport
from dartian_queue.states import CRASH_CAP, FINAL, State
from dartian_queue.stores.store import StoredJob, WorkerInfo

__all__ = ["sheet_data", "show_sheet"]

_LONGEST_COMMAND = 200
"""Characters that a person would still copy."""
_STYLES: dict[State, ui.Style] = {State.DONE: "green", State.FAILED: "red", State.RUNNING: "cyan"}


def show_sheet(job: StoredJob, holder: WorkerInfo | None, *, unknown: bool, all_frames: bool) -> None:
    """Print everything about a job.

    ``holder`` is the live worker that runs it, None for none; ``unknown`` says that no class here has its name.
    """
    ui.say(f"{ui.escaped(job.envelope.name)} {ui.styled(ui.escaped(job.envelope.id), 'dim')}", "bold")
    ui.facts([(name, cell) for name, cell in _facts(job, holder) if cell])
    if unknown:
        ui.say()
        ui.say("No job class here has this name: no worker of this application claims it.", "yellow")
        ui.say("To see what is wrong: dartian doctor", "dim")
    _show_payload(job)
    for error, is_anew in _by_rounds(job.errors):
        if is_anew:
            ui.say()
            ui.say("put back by queue:retry", "dim")
        _show_error(error, all_frames=all_frames)
    if remedies := _remedies(job):
        ui.say()
        for remedy in remedies:
            ui.say(remedy, "dim")


def sheet_data(job: StoredJob, holder: WorkerInfo | None) -> dict[str, object]:
    """Return everything about a job as data."""
    envelope = job.envelope
    return {
        "id": envelope.id,
        "name": envelope.name,
        "state": job.state.value,
        "queue": envelope.queue,
        "priority": envelope.priority,
        "tags": list(envelope.tags),
        "payload": payload_of(job),
        "options": msgspec.to_builtins(envelope.limits),
        "tries": job.tries,
        "crashes": job.crashes,
        "claims": job.claims,
        "dispatched_at": job.dispatched_at,
        "available_at": job.available_at,
        "settled_at": job.settled_at,
        "reason": job.failed_reason,
        "held_reason": job.held_reason,
        "cancel_asked": job.cancel_asked,
        "worker": {"name": holder.name, "pid": holder.pid} if holder else None,
        "progress": progress_data(job),
        "errors": errors_of(job),
    }


def _facts(job: StoredJob, holder: WorkerInfo | None) -> list[tuple[str, ui.Cell]]:
    """Return what is so of the job; facts without a text do not apply."""
    envelope, ended = job.envelope, job.state in FINAL
    return [
        ("state", (_state(job), _STYLES.get(job.state, ""))),
        ("held", (job.held_reason, "yellow") if job.held_reason else ""),
        ("queue", f"{envelope.queue}, priority {envelope.priority}" if envelope.priority else envelope.queue),
        ("tags", ", ".join(envelope.tags)),
        ("options", ", ".join(f"{name}={value}" for name, value in _options(envelope.limits))),
        ("tries", _tries(job)),
        ("dispatched", _moment(job.dispatched_at)),
        ("available", "" if ended or job.state is State.RUNNING else _moment(job.available_at)),
        ("settled", _moment(job.settled_at) if ended and job.settled_at is not None else ""),
        ("worker", _holder(job, holder)),
        ("progress", _progress(job)),
    ]


def _state(job: StoredJob) -> str:
    if job.state is State.WAITING:
        if job.held_reason:
            return "waiting, held"
        return "waiting, scheduled" if job.available_at > time.time() else "waiting, due"
    if job.state is State.FAILED and job.failed_reason:
        return f"failed ({job.failed_reason})"
    asked = ", asked to end" if job.state is State.RUNNING and job.cancel_asked else ""
    return f"{job.state.value}{asked}"


def _options(limits: Limits) -> list[tuple[str, str]]:
    """Return what dispatch and class have said of how it is run."""
    said = [(name, getattr(limits, name)) for name in limits.__struct_fields__]
    return [(name, _option(value)) for name, value in said if value is not None and name != "backoff_wins"]


def _option(value: object) -> str:
    if isinstance(value, Exponential):
        return f"exponential({value.base:g}, cap {value.cap:g})"
    return f"{value:g}" if isinstance(value, float) else shown(value)


def _tries(job: StoredJob) -> str:
    limits = job.envelope.limits.over(config.current().config.limits())
    bound = f" of {limits.most_tries}" if limits.most_tries else ""
    until = f" until {wording.moment(limits.retry_until)}" if limits.retry_until is not None else ""
    crashes = f", crashed {wording.of(job.crashes, 'time')}" if job.crashes else ""
    return f"{job.tries}{bound}{until}{crashes}, claimed {wording.of(job.claims, 'time')}"


def _moment(at: float) -> str:
    passed = time.time() - at
    distance = f"{wording.duration(passed)} ago" if passed >= 0 else f"in {wording.duration(-passed)}"
    return f"{wording.moment(at)} ({distance})"


def _holder(job: StoredJob, holder: WorkerInfo | None) -> str:
    if job.state is not State.RUNNING:
        return ""
    if holder is None:
        return f"{job.holder} is gone; another takes the job over"
    return f"{holder.name} (pid {holder.pid})"


def _progress(job: StoredJob) -> str:
    report = job.progress
    if report is None:
        return ""
    of = f"{report.done:g} of {report.total:g}" if report.total is not None else f"{report.done:g}"
    share = f" ({report.done / report.total:.0%})" if report.total else ""
    return f"{of}{share} {' '.join(report.note.split())}".rstrip()


def _show_payload(job: StoredJob) -> None:
    payload = payload_of(job)
    ui.say()
    if payload == {}:
        ui.say("no fields", "dim")
        return
    ui.say("fields", "dim")
    text = job.envelope.payload
    if not (isinstance(payload, str) and payload == text):
        text = msgspec.json.format(text, indent=2)
    for line in text.splitlines():
        ui.say(f"  {ui.escaped(line)}")


def _by_rounds(errors: Sequence[ErrorReport]) -> Iterator[tuple[ErrorReport, bool]]:
    """Yield each error, and whether the job was put back with all its tries before it.

    A crash costs no try, so the attempt after it has the same number; as many as are allowed have failed the job.
    """
    lowest, crashes = 0, 0
    for error in errors:
        is_anew = crashes == CRASH_CAP or 0 < error.attempt < lowest
        has_crashed = error.type == "JobCrashed"
        crashes = (0 if is_anew else crashes) + has_crashed
        lowest = error.attempt if has_crashed else error.attempt + 1
        yield error, is_anew


def _show_error(error: ErrorReport, *, all_frames: bool) -> None:
    """Print one attempt's error: its traceback, or what is known where there is none."""
    ui.say()
    crashed = " crashed, which costs no try" if error.type == "JobCrashed" else ""
    head = f"attempt {error.attempt}{crashed}" if error.attempt else "error"
    ui.say(f"{head}, {wording.moment(error.at)}{f', at {ui.escaped(error.where)}' if error.where else ''}", "dim")
    lines, left_out = own_frames(error.traceback, config.current().root, all_frames=all_frames)
    for line in lines or [f"{error.type}: {' '.join(error.message.split())}".removesuffix(": ")]:
        is_frame = line.startswith((" ", "Traceback"))
        ui.say(f"  {ui.escaped(line)}", "" if is_frame else "red")
    if left_out:
        ui.say(f"  {wording.of(left_out, 'frame')} of libraries left out; to see all: --all", "dim")
    if error.output:
        ui.say("  it printed", "dim")
        for line in error.output.splitlines():
            ui.say(f"  | {ui.escaped(line)}")


def _remedies(job: StoredJob) -> list[str]:
    short = shlex.quote(ui.escaped(wording.short_id(job.envelope.id)))
    if job.state in (State.FAILED, State.CANCELLED):
        here = _run_here(job) if job.state is State.FAILED else ""
        run = [f"To run it here and now: {here}"] if here else []
        return [*run, f"To try again: dartian queue:retry {short}"]
    if job.state in (State.WAITING, State.RUNNING) and not job.cancel_asked:
        return [f"To take it back: dartian queue:cancel {short}"]
    return []


def _run_here(job: StoredJob) -> str:
    """Return the command that runs a job of these values here and now; empty where it is too long to be typed."""
    arguments = as_arguments(job.envelope.payload)
    if arguments is None:
        return ""
    typed = f"dartian job:run {shlex.join([job.envelope.name, *arguments])}"
    return typed if len(typed) <= _LONGEST_COMMAND and ui.escaped(typed) == typed else ""
