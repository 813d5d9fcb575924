"""Options that several commands have, so that they are spelled and explained in one way."""

from typing import Annotated, TypeAlias

import typer

__all__ = ["AsJson", "ConnectionName", "Ids", "NameFilter", "QueueFilter", "Yes"]

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON (see docs/cli.md).")]
ConnectionName: TypeAlias = Annotated[
    str | None,
    typer.Option("--connection", metavar="NAME", help="A connection of config/queue.py; else the default one."),
]
QueueFilter: TypeAlias = Annotated[
    str | None, typer.Option("--queue", metavar="QUEUE", help="Only jobs of this queue.")
]
NameFilter: TypeAlias = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Only jobs of this name.")]
Ids: TypeAlias = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids, or their first characters.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
