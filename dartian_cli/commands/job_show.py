"""``dartian job:show``: one job class on a page, with what its options come to. It runs no job and makes no store."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from dartian_cli import application, ui, wording
from dartian_cli.class_sheet import Sheet, effective_options, sheet_data, show_sheet
from dartian_cli.completion import sources
from dartian_cli.flags import AsJson
from dartian_cli.generators.found import all_jobs, find_job
from dartian_cli.generators.packages import test_paths
from dartian_cli.names import JobName
from dartian_cli.project import Project
from dartian_cli.workspace import Workspace
from dartian_queue import config
from dartian_queue.job import options_of
from dartian_queue.options import JobOptions, Limits, option_text
from dartian_queue.registry import Registry
from dartian_queue.settings import Settings
from dartian_queue.states import State

__all__ = ["EXAMPLES", "job_show"]

EXAMPLES = ("dartian job:show ProcessPodcast", "dartian job:show podcasts/publish", "dartian job:show Publish --json")


def job_show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="The job as it is called, in any spelling, or its file.",
            autocompletion=sources.jobs,
        ),
    ],
    json: AsJson = False,
) -> None:
    """Show one job class: fields, options, place, jobs.

    Of each option that the class leaves out it shows what holds instead, and who says so.
    """
    settings = config.current()
    registry = application.load_jobs(settings)
    workspace = Workspace(Project.at(Path(settings.root)))
    sheet = _sheet(registry, _registered(registry, workspace, name), workspace, settings)
    if json:
        ui.emit(sheet_data(sheet, settings.root))
    else:
        show_sheet(sheet, settings.root)


def _registered(registry: Registry, workspace: Workspace, text: str) -> str:
    """Return the registered name of the job that is meant; Usage or UnknownJob where there is none, or several."""
    if text in registry.known_names():
        return text
    targets = {_target(cls): name for name, cls in registry.classes()}
    if text in targets:
        return targets[text]
    found = find_job(workspace, text)
    return targets.get(found.target) or registry.name_of(registry.get(text))


def _target(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _sheet(registry: Registry, name: str, workspace: Workspace, settings: Settings) -> Sheet:
    said, job = options_of(registry.get(name)), registry.describe(name)
    return Sheet(
        job=job,
        options=effective_options(job.name, said, settings),
        retries=tuple(_retries(said, settings.config.limits())),
        test=_test_of(workspace, job.class_name),
        aliases=said.aliases,
        counts=_counts(settings, (job.name, *said.aliases)),
    )


def _test_of(workspace: Workspace, target: str) -> str | None:
    job = next((job for job in all_jobs(workspace) if job.target == target), None)
    if job is None:
        return None
    package, name = workspace.project.jobs[job.folder], JobName(job.class_name, job.packages, job.folder)
    paths: tuple[PurePosixPath, ...] = test_paths(workspace, package, name)
    return next((str(path) for path in paths if workspace.is_file(path)), None)


def _counts(settings: Settings, names: tuple[str, ...]) -> dict[str, int]:
    """Return how many jobs wait, run and have failed under these names, in all stores; nothing where there is none."""
    found: dict[str, int] = {}
    for store in application.existing_stores(settings):
        for state in (State.WAITING, State.RUNNING, State.FAILED):
            number = sum(store.how_many(state, name=name) for name in names)
            found[state.value] = found.get(state.value, 0) + number
    return found


def _retries(said: JobOptions, weaker: Limits) -> Iterator[str]:
    """Yield in words when a job of the class is tried again."""
    tries = (weaker.tries if said.tries is None else said.tries) or 0
    backoff = option_text(weaker.backoff if said.backoff is None else said.backoff)
    if said.retry_until is not None:
        yield f"until {wording.duration(said.retry_until)} after the dispatch, backoff {backoff}"
    elif tries == 1:
        yield "none: it is tried once"
        return
    else:
        yield f"{f'{wording.count(tries)} tries' if tries else 'without bound'}, backoff {backoff}"
    if said.max_exceptions:
        yield f"no more after {wording.of(said.max_exceptions, 'exception')}"
    if said.retry_on:
        yield f"only after {', '.join(rule.error.__qualname__ for rule in said.retry_on)}"
    if said.fail_on:
        yield f"never after {', '.join(error.__qualname__ for error in said.fail_on)}"
    if weaker.fail_on_timeout if said.fail_on_timeout is None else said.fail_on_timeout:
        yield "never after a timeout"
