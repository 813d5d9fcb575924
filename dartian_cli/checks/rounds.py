"""All checks in their order, by section. It shows nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from dartian_cli import application
from dartian_cli.checks import configuration, dotenv, environment, jobs, plans, stores, waiting
from dartian_cli.checks.findings import failed
from dartian_cli.project import Project
from dartian_queue.errors import DartianError, StoreError, shown
from dartian_queue.settings import Connection, Settings
from dartian_queue.stores.store import Check, Store

__all__ = ["Section", "examine", "examine_without_settings"]

Section: TypeAlias = tuple[str, list[Check]]
"""A subject, and what was looked at."""


def examine_without_settings(error: DartianError) -> list[Section]:
    """Return what can be said where the configuration cannot be understood."""
    why = "Every dispatch, command and worker reads the configuration first, and goes no further."
    broken = failed("the configuration can be understood", error, why=why)
    return [("environment", [environment.of_platform()]), ("configuration", [broken])]


def examine(settings: Settings) -> list[Section]:
    """Return all checks; the jobs come last, since their code is run."""
    root = settings.root
    of_environment = [environment.of_platform(), environment.of_virtual_environment(root), environment.of_path()]
    of_configuration = [
        Check(f"the root is {shown(root, 200)}, found by {settings.root_from}"),
        Check("config/queue.py is understood" if settings.config_file else "no config/queue.py: the defaults hold"),
        configuration.of_variables(settings),
        configuration.of_durations(settings),
        configuration.of_stores(settings),
        dotenv.of_dotenv(root),
        *_of_source(root),
    ]
    connections = application.storing_connections(settings)
    of_stores = [(f"store of {shown(one.name)}", stores.of_store(one)) for one in connections]
    reached = [one for one, (_, found) in zip(connections, of_stores, strict=True) if not found[0].findings]
    return [
        ("environment", of_environment),
        ("configuration", of_configuration),
        *of_stores,
        ("jobs", _of_jobs(settings, reached)),
    ]


def _of_source(root: str) -> list[Check]:
    try:
        project = Project.at(Path(root))
        return [plans.of_plans(project), plans.of_history(project)]
    except DartianError as error:
        return [failed("pyproject.toml is understood", error, "correct pyproject.toml")]


def _of_jobs(settings: Settings, connections: list[Connection]) -> list[Check]:
    registry, checks = jobs.import_jobs(settings)
    found: list[Store] = [store for one in connections if (store := application.existing_store(one)) is not None]
    held = _read("no job is held", lambda: waiting.of_held(found))
    pauses = _read("nothing waits on a queue that is paused", lambda: waiting.of_pauses(found))
    if registry is None:
        return [*checks, held, pauses]
    return [
        *checks,
        jobs.of_origin(registry, settings),
        jobs.of_files(registry),
        jobs.of_classes(registry),
        jobs.of_exports(registry),
        jobs.of_connections(registry, settings),
        jobs.of_timeouts(registry, settings),
        _read("every name that waits is known", lambda: waiting.of_names(found, registry)),
        held,
        pauses,
    ]


def _read(title: str, look: Callable[[], Check]) -> Check:
    """Return what a look at stores finds; a store that fails under it is a finding too."""
    try:
        return look()
    except StoreError as error:
        return failed(title, error)
