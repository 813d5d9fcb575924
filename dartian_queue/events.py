"""What a worker tells whoever watches it: the display, the plain lines, the JSON lines, a companion's owner.

Frozen facts, each with the wall clock's time. Watching never changes what the worker does.
"""

from typing import TypeAlias

import msgspec

from dartian_queue.outcome import ErrorReport

__all__ = [
    "AttemptEnded",
    "AttemptStarted",
    "CodeChange",
    "Event",
    "JobOutput",
    "JobProgress",
    "Notice",
    "WorkerPaused",
    "WorkerReady",
    "WorkerStopped",
    "WorkerStopping",
]


class WorkerReady(msgspec.Struct, frozen=True, tag="worker_ready"):
    """The application is imported, and the worker claims."""

    at: float
    worker: str
    store: str
    connection: str
    queues: tuple[str, ...]
    isolates: int
    jobs: int
    """How many job classes it knows."""
    plain_isolates: str = ""
    """Why isolates are started plainly and not forked; empty where they are forked."""


class AttemptStarted(msgspec.Struct, frozen=True, tag="attempt_started"):
    """An isolate has begun a job."""

    at: float
    id: str
    name: str
    queue: str
    attempt: int
    """1 for the first."""
    tries: int
    """How many are allowed; 0 without bound."""
    isolate: int


class JobProgress(msgspec.Struct, frozen=True, tag="job_progress"):
    """A running job says how far it has come."""

    at: float
    id: str
    name: str
    done: float
    total: float | None
    note: str


class JobOutput(msgspec.Struct, frozen=True, tag="job_output"):
    """Lines that a job has printed, or logged, without the last line's ending."""

    at: float
    id: str
    """Empty where no job ran in that isolate."""
    name: str
    stream: str
    """``stdout`` or ``stderr``."""
    text: str


class AttemptEnded(msgspec.Struct, frozen=True, tag="attempt_ended"):
    """An attempt has ended and its outcome is stored; or a row has failed that no job can be made of."""

    at: float
    id: str
    name: str
    queue: str
    outcome: str
    """done, retry, failed, released, cancelled, crashed, held, or lost: another holder had taken the job over."""
    attempt: int
    """0 where none was made."""
    tries: int
    duration: float
    """Seconds in ``handle``."""
    delay: float = 0.0
    """Seconds until it is available again."""
    error: ErrorReport | None = None
    reason: str = ""
    """Why it failed, or is held."""


class Notice(msgspec.Struct, frozen=True, tag="notice"):
    """Something that the person who runs the worker should know."""

    at: float
    level: str
    """info, warning or error."""
    text: str


class CodeChange(msgspec.Struct, frozen=True, tag="code"):
    """The application's code was edited since it was loaded, or is loaded anew."""

    at: float
    state: str
    """edited, loading, loaded, or broken: it could not be loaded, and what was loaded before goes on."""
    files: tuple[str, ...]
    """Those that differ from what was loaded before, below the application's root."""
    error: str = ""
    """Why it could not be loaded."""
    duration: float = 0.0
    """Seconds that loading took."""
    jobs: int = 0
    """How many job classes there are now."""
    appeared: tuple[str, ...] = ()
    """The names of jobs that were not known before."""
    gone: tuple[str, ...] = ()
    """The names of jobs that are not known any more."""


class WorkerPaused(msgspec.Struct, frozen=True, tag="worker_paused"):
    """This worker alone takes no new jobs, or takes some again; the running ones go on."""

    at: float
    paused: bool


class WorkerStopping(msgspec.Struct, frozen=True, tag="worker_stopping"):
    """No new jobs are taken; the running ones have until the grace is over."""

    at: float
    reason: str
    """signal, once, empty, max_jobs, max_time, drained, owner_gone, broken or restart."""
    running: int
    grace: float


class WorkerStopped(msgspec.Struct, frozen=True, tag="worker_stopped"):
    """The worker has ended, with nothing left behind."""

    at: float
    reason: str
    done: int
    retried: int
    failed: int
    released: int


Event: TypeAlias = (
    WorkerReady
    | AttemptStarted
    | JobProgress
    | JobOutput
    | AttemptEnded
    | Notice
    | CodeChange
    | WorkerPaused
    | WorkerStopping
    | WorkerStopped
)
