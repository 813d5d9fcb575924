"""The values that options and arguments offer to the shell: jobs, queues, ids and connections of this application.

Each is given to a parameter as its ``autocompletion``. They read the configuration, the jobs' source and the store
where there is one; they import no job, make no store, and hardly wait for one that is busy.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import typer

from dartian_cli.completion.offers import FilesMeant
from dartian_queue.states import State

if TYPE_CHECKING:
    from dartian_queue.stores.store import Store, StoredJob

__all__ = ["connections", "field_values", "files", "ids", "jobs", "queue_list", "queues"]

Values: TypeAlias = list[tuple[str, str]]
"""What is offered, each with a few words for the shells that show them."""

_MOST = 100
_PATIENCE = 0.2
"""Seconds that a locked store is waited for."""


def files() -> NoReturn:
    """Let the shell offer the names of files."""
    raise FilesMeant


def jobs() -> Values:
    """Offer the names of jobs, each with the first line of its docstring."""
    from dartian_cli.completion.job_names import job_names
    from dartian_queue import config

    settings = config.current()
    return list(job_names(settings.jobs, settings.import_paths).items())


def field_values(context: typer.Context, incomplete: str) -> Values:
    """Offer the fields of the job that the line names and that have no value yet; what a value is, the shell knows."""
    from dartian_cli.completion.job_fields import job_fields
    from dartian_queue import config

    if "=" in incomplete:
        raise FilesMeant
    settings = config.current()
    given = {word.partition("=")[0] for word in context.params.get("fields") or ()}
    known = job_fields(context.params.get("name") or "", settings.jobs, settings.import_paths)
    return [(f"{name}=", kind) for name, kind in known.items() if name not in given]


def connections() -> Values:
    """Offer the connections of the configuration, each with its driver."""
    from dartian_queue import config

    known = config.current().connections
    return [(name, f"driver {known[name].driver}") for name in sorted(known)]


def queues(context: typer.Context) -> Values:
    """Offer the queues on which jobs are or were, each with how many wait."""
    store = _store(context)
    return [(one.queue, f"{one.waiting} waiting") for one in store.counts().queues] if store else []


def queue_list(context: typer.Context, incomplete: str) -> Values:
    """Offer the queues for a list with commas, without those that stand there already."""
    there, comma, _ = incomplete.rpartition(",")
    return [(f"{there}{comma}{name}", remark) for name, remark in queues(context) if name not in there.split(",")]


def ids(*states: State, words: tuple[str, ...] = ()) -> Callable[[typer.Context, str], Values]:
    """Return what offers the ids of the latest jobs in these states, after words that may stand for them."""

    def offered(context: typer.Context, incomplete: str) -> Values:
        store = _store(context)
        return [*((word, "") for word in words), *(_named(job) for job in _latest(store, states, incomplete))]

    return offered


def _latest(store: "Store | None", states: tuple[State, ...], incomplete: str) -> "list[StoredJob]":
    if store is None:
        return []
    if incomplete:
        return [job for job in store.find(incomplete, limit=_MOST) if job.state in states]
    return [job for state in states for job in store.jobs(state=state, limit=_MOST, newest_first=True)]


def _named(job: "StoredJob") -> tuple[str, str]:
    return job.envelope.id, f"{job.envelope.name}, {job.state.value}"


def _store(context: typer.Context) -> "Store | None":
    """Return the store of the connection that the line names, or of the default one, where it is there."""
    from dartian_cli import application

    named = context.params.get("connection")
    return application.existing_store(application.connection_named(named), _PATIENCE)
