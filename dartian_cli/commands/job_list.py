"""``dartian job:list``: every registered job with its fields, its options, its place and how many of it wait."""

from dartian_cli import application, ui, wording
from dartian_cli.class_sheet import class_data, field_text, place_of
from dartian_cli.flags import AsJson
from dartian_queue import config
from dartian_queue.job import options_of
from dartian_queue.registry import Registry
from dartian_queue.settings import Settings
from dartian_queue.stores.store import NameCounts

__all__ = ["EXAMPLES", "job_list"]

EXAMPLES = ("dartian job:list", "dartian job:list --json")


def job_list(json: AsJson = False) -> None:
    """List the jobs that are registered.

    What waits under an alias of a class is counted with it.
    """
    settings = config.current()
    registry = application.load_jobs(settings)
    jobs = [registry.describe(name) for name in registry.names()]
    counts = _counts(registry, settings)
    if json:
        ui.emit(
            [
                {
                    **class_data(job, settings.root),
                    "waiting": counts[job.name].waiting,
                    "running": counts[job.name].running,
                }
                for job in jobs
            ]
        )
        return
    if not jobs:
        ui.say(f"No jobs in {', '.join(settings.jobs)}. To make one: dartian make:job ProcessPodcast podcast_id:int")
        return
    rows: list[list[ui.Cell]] = []
    for job in jobs:
        waiting = counts[job.name].waiting
        fields = ", ".join(map(field_text, job.fields))
        options = ", ".join(f"{name}={value}" for name, value in job.options.items())
        number: ui.Cell = wording.count(waiting) if waiting else ("0", "dim")
        rows.append([(job.name, "bold"), number, fields or ("no fields", "dim")])
        if options:
            rows.append(["", "", (options, "dim")])
        rows.append([(f"  {place_of(job, settings.root)}", "cyan")])
    ui.table(("job", "waiting", "fields and options"), rows, right=(1,), gives=(2, 0))


def _counts(registry: Registry, settings: Settings) -> dict[str, NameCounts]:
    """Return how many jobs of each class wait and run, under its name and its aliases."""
    found = application.unfinished(settings)
    counts: dict[str, NameCounts] = {}
    for name, cls in registry.classes():
        several = [found[one] for one in {name, *options_of(cls).aliases} if one in found]
        counts[name] = NameCounts(name, sum(one.waiting for one in several), sum(one.running for one in several))
    return counts
