"""How the help of a command reads: as typer has it, without what only programmers read, and with examples to type.

It decides nothing about what a command takes.
"""

import re
from typing import TYPE_CHECKING

from typer.core import TyperCommand

if TYPE_CHECKING:
    from typer._click.core import Context
    from typer._click.formatting import HelpFormatter

__all__ = ["HelpedCommand", "without_bounds"]

_BOUNDS = re.compile(r"(?:[^\s;\[]+<=?)?x(?:[<>]=?)\S+?(?=[;\]])")


class HelpedCommand(TyperCommand):
    """A command whose help has sections for its arguments, its options and its examples."""

    examples: tuple[str, ...] = ()

    def collect_usage_pieces(self, ctx: "Context") -> list[str]:
        """Return what stands after ``Usage:``; what has no brackets around it is needed."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write what the command takes, without the bounds of numbers: who oversteps them is told."""
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            records = [one.get_help_record(ctx) for one in self.get_params(ctx) if one.param_type_name == kind]
            rows = [(name, without_bounds(text)) for name, text in filter(None, records)]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: "Context", formatter: "HelpFormatter") -> None:  # noqa: ARG002 - typer's
        """Write the examples, each on a line that can be copied."""
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"  {example}\n")


def without_bounds(text: str) -> str:
    """Return a parameter's help without such as ``[default: 20; 1<=x<=100]`` says of a number."""
    said = _BOUNDS.sub("", text)
    return text if said == text else said.replace("; ]", "]").replace("[; ", "[").replace("  []", "")
