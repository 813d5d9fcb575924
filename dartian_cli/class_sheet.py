"""One job class as a person reads it, all on a page, and as data for programs. It imports no job, reads no store."""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from textwrap import wrap

import msgspec

from dartian_cli import ui, wording
from dartian_queue.errors import ConfigError, shown
from dartian_queue.options import DEFAULT_LIMITS, JobOptions, option_text
from dartian_queue.registry import FieldFacts, JobDescription
from dartian_queue.settings import Settings

__all__ = [
    "Effective",
    "Sheet",
    "class_data",
    "effective_options",
    "field_text",
    "place_of",
    "sheet_data",
    "show_sheet",
]


class Effective(msgspec.Struct, frozen=True):
    """What holds for one option of a class, as text, and who says it."""

    value: str | None
    """None where there is none, as of aliases."""
    said_by: str
    """``class``, ``config/queue.py`` or ``default``."""


class Sheet(msgspec.Struct, frozen=True):
    """All that is known of one job class."""

    job: JobDescription
    options: Mapping[str, Effective]
    retries: tuple[str, ...]
    """When it is tried again, in words."""
    test: str | None
    """The file of its test, where that is one that make:job makes."""
    aliases: tuple[str, ...]
    counts: Mapping[str, int]
    """How many jobs of its names are in which state; empty where nothing is stored."""


def place_of(job: JobDescription, root: str) -> str:
    """Return the file and the line of a class, below the root where it is there."""
    return f"{job.file.removeprefix(root + os.sep)}:{job.line}"


def field_text(field: FieldFacts) -> str:
    """Return a field as it is written."""
    return f"{field.name}: {field.type}" + ("" if field.default is None else f" = {field.default}")


def class_data(job: JobDescription, root: str) -> dict[str, object]:
    """Return a job class as data."""
    return {
        "name": job.name,
        "class": job.class_name,
        "file": job.file.removeprefix(root + os.sep),
        "line": job.line,
        "doc": job.doc,
        "async": job.is_async,
        "fields": [{"name": field.name, "type": field.type, "default": field.default} for field in job.fields],
        "options": job.options,
    }


def sheet_data(sheet: Sheet, root: str) -> dict[str, object]:
    """Return all that is known of a job class as data."""
    return {
        **class_data(sheet.job, root),
        "effective": {name: msgspec.to_builtins(option) for name, option in sheet.options.items()},
        "aliases": list(sheet.aliases),
        "test": sheet.test,
        "retries": list(sheet.retries),
        "jobs": dict(sheet.counts),
    }


def effective_options(name: str, said: JobOptions, settings: Settings) -> dict[str, Effective]:
    """Return what holds for every option of the class called ``name``, those that it says itself first."""
    own = {
        option: value for option in JobOptions.__struct_fields__ if (value := getattr(said, option)) not in (None, ())
    }
    found = {option: Effective(shown(option_text(value), 200), "class") for option, value in own.items()}
    for option, effective in _otherwise(name, said, settings):
        found.setdefault(option, effective)
    return found


def _otherwise(name: str, said: JobOptions, settings: Settings) -> Iterator[tuple[str, Effective]]:
    """Yield what holds for the options where the class is silent."""
    yield "name", Effective(shown(name), "default")
    yield "connection", _configured(settings.default.name, "isolate")
    with suppress(ConfigError):  # of which a dispatch and doctor tell
        yield "queue", _configured(settings.connection(said.connection).queue, "default")
    yield from ((option, Effective("0", "default")) for option in ("priority", "delay"))
    limits = settings.config.limits()
    for option in ("tries", "backoff", "timeout", "fail_on_timeout", "isolate"):
        yield option, _configured(getattr(limits, option), getattr(DEFAULT_LIMITS, option))
    yield "retry_on", Effective("every exception", "default")
    yield from ((option, Effective(None, "default")) for option in JobOptions.__struct_fields__)


def _configured(value: object, default: object) -> Effective:
    return Effective(shown(option_text(value), 200), "default" if value == default else "config/queue.py")


def show_sheet(sheet: Sheet, root: str) -> None:
    """Print all that is known of a job class."""
    job = sheet.job
    name, place, room = ui.escaped(job.name), ui.escaped(place_of(job, root)), ui.width()
    if room is not None:
        place = ui.cut_front(place, room - ui.cells(name) - 2)
    ui.say(f"{ui.styled(name, 'bold')}  {ui.styled(place, 'cyan')}")
    if job.doc:
        ui.say(ui.escaped(job.doc))
    ui.say()
    facts: list[tuple[str, ui.Cell]] = [
        ("class", job.class_name),
        ("handle", "async def" if job.is_async else "def"),
        ("test", (sheet.test, "cyan") if sheet.test else ("none that make:job knows of", "dim")),
        ("aliases", ", ".join(sheet.aliases)),
        *(("" if number else "retries", line) for number, line in enumerate(sheet.retries)),
        ("jobs", _counted(sheet.counts)),
    ]
    ui.facts([(name, cell) for name, cell in facts if cell])
    ui.say()
    _show_fields(job.fields)
    ui.say()
    _show_options(sheet.options)
    ui.say()
    _show_next(sheet)


def _counted(counts: Mapping[str, int]) -> str:
    told = [f"{wording.count(number)} {state}" for state, number in counts.items() if number]
    return ", ".join(told) or "none waits, runs or has failed"


def _show_fields(fields: tuple[FieldFacts, ...]) -> None:
    if not fields:
        ui.say("no fields", "dim")
        return
    rows: list[list[ui.Cell]] = [
        [(field.name, "bold"), field.type, ("needed", "dim") if field.default is None else field.default]
        for field in fields
    ]
    ui.table(("field", "type", "default"), rows, gives=(1, 2))


def _show_options(options: Mapping[str, Effective]) -> None:
    """Print what holds for each option; those that are not there at all follow on a line by their names."""
    rows = [_option_row(name, option) for name, option in options.items() if option.value is not None]
    ui.table(("option", "value", "said by"), rows, gives=(1,))
    absent = ", ".join(name for name, option in options.items() if option.value is None)
    for line in wrap(f"none: {absent}", ui.width() or 120):
        ui.say(line, "dim")


def _option_row(name: str, option: Effective) -> list[ui.Cell]:
    if option.said_by == "class":
        return [(name, "bold"), option.value or "", option.said_by]
    return [(name, "dim"), (option.value or "", "dim"), (option.said_by, "dim")]


def _show_next(sheet: Sheet) -> None:
    """Say what to type next, and nothing that would have no effect."""
    needed = [f"{field.name}=..." for field in sheet.job.fields if field.default is None]
    call = shlex.join([sheet.job.name, *needed])
    commands = [
        (f"dartian job:run {call}", "here and now"),
        (f"dartian job:dispatch {call}", "for dartian queue:work"),
    ]
    if sheet.counts.get("failed"):
        commands.append((f"dartian queue:failed --name {shlex.quote(sheet.job.name)}", "what went wrong"))
    size = max(len(command) for command, _ in commands)
    for command, remark in commands:
        ui.say(f"  {ui.styled(ui.escaped(command.ljust(size)), 'cyan')}  {remark}")
