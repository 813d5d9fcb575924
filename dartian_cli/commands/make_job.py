"""``dartian make:job``: a job class, its test and its registration, with the next commands to type."""

import shlex
from typing import Annotated

import typer

from dartian_cli import ui
from dartian_cli.amounts import parse_backoff, parse_seconds
from dartian_cli.completion import sources
from dartian_cli.error_types import parse_fail_on, parse_retry_on
from dartian_cli.errors import Usage
from dartian_cli.fields import Field, parse_fields
from dartian_cli.generators.job import plan_job
from dartian_cli.names import JobName
from dartian_cli.planning import AsPlan, Check, DryRun, Force, Mode, carry_out
from dartian_cli.project import Project
from dartian_queue.delays import Backoff

__all__ = ["EXAMPLES", "make_job"]

EXAMPLES = (
    "dartian make:job ProcessPodcast podcast_id:int quality:str=high",
    "dartian make:job podcasts/Publish --queue media --tries 5 --dry-run",
)

_SAMPLES = {"int": "123", "str": "text", "bool": "true", "float": "1.5", "Decimal": "9.99", "Path": "file.txt"}


def make_job(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="As ProcessPodcast or podcasts/Publish; asked for if missing."),
    ] = None,
    fields: Annotated[
        list[str] | None, typer.Argument(metavar="FIELD...", help="As podcast_id:int or quality:str=high.")
    ] = None,
    name_: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The name under which it is stored.")
    ] = None,
    aliases: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Other names by which it is found, separated by commas.")
    ] = None,
    queue: Annotated[
        str | None, typer.Option(metavar="QUEUE", help="The queue of these jobs.", autocompletion=sources.queues)
    ] = None,
    connection: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A connection of config/queue.py.", autocompletion=sources.connections),
    ] = None,
    priority: Annotated[int | None, typer.Option(metavar="N", help="Higher runs first.")] = None,
    tries: Annotated[int | None, typer.Option(metavar="N", help="How often it may fail; 0 is without bound.")] = None,
    backoff: Annotated[
        str | None, typer.Option(metavar="DELAYS", help="Waits between tries: 3, 3,10,60 or exponential:3:600.")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="Seconds that an attempt may take; 0 is without bound.")
    ] = None,
    fail_on_timeout: Annotated[bool, typer.Option("--fail-on-timeout", help="A timeout is not tried again.")] = False,
    retry_until: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="Tries go on for so long after dispatch, as 2h.")
    ] = None,
    max_exceptions: Annotated[int | None, typer.Option(metavar="N", help="Fail after so many exceptions.")] = None,
    fail_on: Annotated[
        list[str] | None, typer.Option(metavar="ERROR,...", help="Not tried again: ValueError, app.errors.Refused.")
    ] = None,
    retry_on: Annotated[
        list[str] | None,
        typer.Option(metavar="ERROR[=DELAYS]", help="Only this is tried again; repeat it for several."),
    ] = None,
    delay: Annotated[str | None, typer.Option(metavar="SECONDS", help="Wait so long after dispatch, as 10m.")] = None,
    tags: Annotated[
        str | None, typer.Option(metavar="TAG,...", help="Tags, separated by commas: podcast:{podcast_id}")
    ] = None,
    isolate: Annotated[
        str | None, typer.Option(metavar="warm|fresh", help="fresh is an isolate of its own for each job.")
    ] = None,
    sync: Annotated[bool, typer.Option("--sync", help="Write def handle, not async def.")] = False,
    no_test: Annotated[bool, typer.Option("--no-test", help="Write no test.")] = False,
    dry_run: DryRun = False,
    check: Check = False,
    force: Force = False,
    json: AsPlan = False,
) -> int:
    """Generate a job class, its test and its registration.

    A FIELD is name:type[=default], such as podcast_id:int, quality:str=high, tags:list[str] or due:date?. Where the
    shell has its own idea of ? and [, write tags:list:str and due:date:optional.
    """
    project = Project.find()
    name, texts = _asked(name, fields or [])
    options: dict[str, object] = {
        "name": name_,
        "aliases": _listed(aliases),
        "connection": connection,
        "queue": queue,
        "priority": priority,
        "tries": tries,
        "backoff": None if backoff is None else _whole(parse_backoff("--backoff", backoff)),
        "timeout": _duration("--timeout", timeout),
        "fail_on_timeout": True if fail_on_timeout else None,
        "retry_until": _duration("--retry-until", retry_until),
        "max_exceptions": max_exceptions,
        "delay": _duration("--delay", delay),
        "fail_on": parse_fail_on(fail_on) if fail_on else None,
        "retry_on": parse_retry_on(retry_on) if retry_on else None,
        "tags": _listed(tags),
        "isolate": isolate,
    }
    code = carry_out(
        project,
        lambda workspace: plan_job(workspace, name, texts, options, sync=sync, test=not no_test, force=force),
        Mode(dry_run, check, json),
    )
    if not (json or dry_run or check):
        _tell_next(JobName.parse(name, folders=project.spellings()), parse_fields(texts))
    return code


def _asked(name: str | None, fields: list[str]) -> tuple[str, list[str]]:
    """Return name and fields, asked for on a terminal where the name is missing."""
    if name is not None:
        return name, fields
    if not ui.interactive():
        raise Usage("make:job needs a NAME\nFor example: dartian make:job ProcessPodcast podcast_id:int")
    name = ui.ask("What is the job called, as ProcessPodcast?")
    texts = ui.ask("Which fields does it have, as podcast_id:int quality:str=high? (none)", optional=True)
    return name, texts.split()


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",")]


def _duration(option: str, text: str | None) -> object:
    return None if text is None else _whole(parse_seconds(option, text))


def _whole(backoff: Backoff) -> object:
    """Return numbers as a person would write them into the class: 120, not 120.0."""
    if isinstance(backoff, tuple):
        return [_whole(delay) for delay in backoff]
    return int(backoff) if isinstance(backoff, float) and backoff.is_integer() else backoff


def _tell_next(job: JobName, fields: tuple[Field, ...]) -> None:
    samples = (f"{field.name}={_sample(field)}" for field in fields if field.default is None)
    call = shlex.join([job.stored, *samples])
    ui.say()
    ui.say("Next:")
    size = len(f"  dartian job:dispatch {call}")
    for command, remark in (
        (f"dartian job:run {call}", "here and now"),
        (f"dartian job:dispatch {call}", "for dartian queue:work"),
    ):
        ui.say(f"  {ui.styled(command.ljust(size), 'cyan')}{remark}")


def _sample(field: Field) -> str:
    return _SAMPLES.get(field.annotation.head, "...")
