"""``dartian job:list``: every registered job with its fields, its options and its place."""

import os
from typing import Annotated

import typer

from dartian_cli import application, ui
from dartian_cli.flags import AsJson
from dartian_queue import config
from dartian_queue.registry import FieldFacts, JobDescription
from dartian_queue.states import State

__all__ = ["EXAMPLES", "job_list"]

EXAMPLES = ("dartian job:list", "dartian job:list --waiting", "dartian job:list --json")

_MOST_WAITING = 1000


def job_list(
    waiting: Annotated[bool, typer.Option("--waiting", help="Count the jobs of each name that wait.")] = False,
    json: AsJson = False,
) -> None:
    """List the jobs that are registered."""
    settings = config.current()
    registry = application.load_jobs(settings)
    jobs = [registry.describe(name) for name in registry.names()]
    counts = _waiting([job.name for job in jobs]) if waiting else None
    if json:
        ui.emit([_facts(job, counts, settings.root) for job in jobs])
        return
    if not jobs:
        ui.say(f"No jobs in {', '.join(settings.jobs)}. To make one: dartian make:job ProcessPodcast podcast_id:int")
        return
    headings = ["job", "fields and options", *(["waiting"] if counts is not None else []), "place"]
    rows: list[list[ui.Cell]] = []
    for job in jobs:
        middle: list[ui.Cell] = [_capped(counts.get(job.name, 0))] if counts is not None else []
        fields = ", ".join(_field(field) for field in job.fields)
        rows.append([(job.name, "bold"), fields or "no fields", *middle, (_place(job, settings.root), "cyan")])
        if job.options:
            options = ", ".join(f"{name}={value}" for name, value in job.options.items())
            rows.append(["", (options, "dim"), *([""] if middle else []), ""])
    ui.table(headings, rows, right=(2,) if counts is not None else (), gives=(1,))


def _waiting(names: list[str]) -> dict[str, int]:
    """Return how many jobs of each name wait, counted up to a bound."""
    connection = config.current().default
    store = application.existing_store(connection) if connection.driver != "sync" else None
    if store is None:
        return {}
    present = set(store.waiting_names())
    return {
        name: len(store.jobs(state=State.WAITING, name=name, limit=_MOST_WAITING)) for name in names if name in present
    }


def _capped(number: int) -> str:
    return f"{number}+" if number == _MOST_WAITING else str(number)


def _field(field: FieldFacts) -> str:
    return f"{field.name}: {field.type}" + ("" if field.default is None else f" = {field.default}")


def _place(job: JobDescription, root: str) -> str:
    return f"{job.file.removeprefix(root + os.sep)}:{job.line}"


def _facts(job: JobDescription, counts: dict[str, int] | None, root: str) -> dict[str, object]:
    return {
        "name": job.name,
        "class": job.class_name,
        "file": job.file.removeprefix(root + os.sep),
        "line": job.line,
        "doc": job.doc,
        "async": job.is_async,
        "fields": [{"name": field.name, "type": field.type, "default": field.default} for field in job.fields],
        "options": job.options,
        **({"waiting": counts.get(job.name, 0)} if counts is not None else {}),
    }
