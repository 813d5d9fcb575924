"""``dartian about``: the facts that a bug report needs. It changes nothing, and tells what is broken in its place."""

import os
import platform
import sys
from pathlib import Path
from typing import Annotated, cast

import typer

import dartian_queue
from dartian_cli import application, ui, wording
from dartian_cli.flags import AsJson
from dartian_cli.stubs import FOLDER
from dartian_queue import config
from dartian_queue.errors import DartianError
from dartian_queue.settings import Settings

__all__ = ["EXAMPLES", "about"]

EXAMPLES = ("dartian about", "dartian about --json", "dartian about --no-jobs")

Facts = dict[str, object]


def about(
    no_jobs: Annotated[bool, typer.Option("--no-jobs", help="Do not import the application's jobs.")] = False,
    json: AsJson = False,
) -> None:
    """Show the facts that a bug report needs.

    The jobs are imported, to count them and to see whether isolates can be forked.
    """
    facts: Facts = {
        "dartian": dartian_queue.__version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        **_application_facts(no_jobs),
    }
    if json:
        ui.emit(facts)
        return
    ui.facts([(name.replace("_", " "), _cell(value)) for name, value in facts.items()])


def _application_facts(no_jobs: bool) -> Facts:
    """Return what is so of the application; where its configuration is broken, that instead."""
    try:
        settings = config.current()
    except DartianError as error:
        return {"configuration": f"broken: {error}"}
    facts: Facts = {
        "root": settings.root,
        "root_found_by": settings.root_from,
        "configuration": settings.config_file or "none: the defaults hold",
        "connection": settings.default.name,
        "connection_chosen_by": settings.default_from,
        "driver": settings.default.driver,
    }
    if settings.default.driver != "sync":
        facts |= _store_facts(settings)
    facts["jobs_packages"] = list(settings.jobs)
    if not no_jobs:
        facts |= _jobs_facts(settings)
    facts["own_stubs"] = _own_stubs(settings.root)
    return facts


def _store_facts(settings: Settings) -> Facts:
    connection = settings.default
    facts: Facts = {
        "store": application.shown_store(connection),
        "store_chosen_by": settings.store_from,
        "durability": _DURABILITY[connection.durability],
        "companion": "started where no worker is live" if connection.companion else "off",
    }
    if "://" not in connection.store or connection.store.startswith("sqlite:"):
        facts["sqlite"] = _sqlite()
    try:
        store = application.existing_store(connection)
        if store is None:
            return {**facts, "store_size": "not made yet"}
        path = settings.store_file(connection)
        size = "in memory or elsewhere" if path is None else wording.bytes_of(os.path.getsize(path))
        workers = [f"{worker.name} (pid {worker.pid})" for worker in store.workers()]
        return {**facts, "store_size": size, "jobs_waiting": store.counts().total.waiting, "workers": workers}
    except DartianError as error:
        return {**facts, "store_size": f"out of reach: {error}"}


_DURABILITY = {"power": "survives a power cut", "process": "survives the end of any process, not a power cut"}


def _sqlite() -> str:
    from dartian_queue.stores.sqlite_version import has_wal_reset_bug, sqlite_version

    if not has_wal_reset_bug():
        return sqlite_version()
    return f"{sqlite_version()}, has the WAL-reset bug (sqlite.org/wal.html), which our own checkpoints avoid"


def _jobs_facts(settings: Settings) -> Facts:
    from dartian_queue.isolates.application import import_application
    from dartian_queue.isolates.protocol import Boot

    try:
        found = import_application(Boot(config.handover(settings), settings.default.name, "", ()))
    except DartianError as error:
        return {"jobs": f"broken: {error}"}
    why = f"started plainly, since {found.plain}" if found.plain else "forked"
    return {"jobs": len(found.registry), "isolates": why}


def _own_stubs(root: str) -> list[str]:
    folder = Path(root) / FOLDER
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jinja")) if folder.is_dir() else []


def _cell(value: object) -> ui.Cell:
    if isinstance(value, list):
        return ", ".join(cast("list[str]", value)) or "none"
    text = "; ".join(str(value).split("\n"))
    return (text, "red") if text.startswith(("broken:", "out of reach:")) else text
