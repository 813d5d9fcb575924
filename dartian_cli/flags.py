"""Options and arguments that several commands have, so that they are spelled and explained in one way."""

from typing import Annotated, TypeAlias

import typer

from dartian_cli.completion import sources

__all__ = [
    "FIELD_VALUES",
    "AsJson",
    "CalledJob",
    "ConnectionArgument",
    "ConnectionName",
    "FieldValues",
    "NameFilter",
    "QueueFilter",
    "RegisteredJob",
    "Yes",
]

FIELD_VALUES = "FIELD=VALUE..."
"""How the fields of a job are called where they are given."""

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON (see docs/cli.md).")]
ConnectionName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--connection",
        metavar="NAME",
        help="A connection of config/queue.py; else the default one.",
        autocompletion=sources.connections,
    ),
]
QueueFilter: TypeAlias = Annotated[
    str | None, typer.Option("--queue", metavar="QUEUE", help="Only jobs of this queue.", autocompletion=sources.queues)
]
NameFilter: TypeAlias = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="Only jobs of this name.", autocompletion=sources.jobs),
]
ConnectionArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="[CONNECTION]",
        help="A connection of config/queue.py; else the default.",
        autocompletion=sources.connections,
    ),
]
CalledJob: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The job as it is called, as in make:job.", autocompletion=sources.jobs),
]
RegisteredJob: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A registered job; dartian job:list shows them.", autocompletion=sources.jobs),
]
FieldValues: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar=FIELD_VALUES,
        help="A value is read as JSON where its field takes that, else as text.",
        autocompletion=sources.field_values,
    ),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
