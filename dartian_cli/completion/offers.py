"""From the words before the cursor to what may stand there: a command, an option, or a value of what awaits one.

What a command takes is asked of its own parser, and values of the parameter that takes them, so that nothing is
written down twice. It prints nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from typer._click.core import Command, Context, Parameter

__all__ = ["FilesMeant", "Offer", "ParserOf", "offers_for"]

ParserOf: TypeAlias = "Callable[[str], Command]"
"""Gives the parser of a command."""

_VERBOSE = ("-v", "--verbose")
_ALONE = {"--help": "Show all commands.", "--version": "Show which Dartian this is."}


class FilesMeant(Exception):
    """Leaves it to the shell to offer the names of files; raised where a value is asked for."""


class Offer(msgspec.Struct, frozen=True):
    """What may be typed next, with a few words for the shells that show them."""

    text: str
    remark: str = ""


def offers_for(words: Sequence[str], commands: Mapping[str, str], parser_of: ParserOf) -> list[Offer]:
    """Return what the last word may become; FilesMeant where the shell knows that."""
    *before, current = words
    before = [word for word in before if word not in _VERBOSE]
    if before[:1] in (["help"], ["--help"], ["-h"]):
        return _commands(before[1:], current, commands) if len(before) < 3 else []
    name = next((name for name in (":".join(before[:2]), *before[:1]) if name in commands), None)
    if name is None:
        return _commands(before, current, commands)
    return _arguments(parser_of(name), before[2 if ":".join(before[:2]) == name else 1 :], current)


def _commands(before: Sequence[str], current: str, commands: Mapping[str, str]) -> list[Offer]:
    """Return the commands, or after ``make`` alone what may follow it."""
    start = "".join(f"{word}:" for word in before)
    known = commands if before or not current.startswith("-") else _ALONE
    return [
        Offer(name.removeprefix(start), summary)
        for name, summary in known.items()
        if name.startswith(f"{start}{current}")
    ]


def _arguments(parser: "Command", before: Sequence[str], current: str) -> list[Offer]:
    """Return the options of a command, or the values of the parameter that awaits one."""
    options_end = "--" in before
    awaiting = None if options_end or not before else _option_with_value(parser, before[-1])
    done = before if awaiting is None else before[:-1]
    context = parser.make_context(parser.name, list(done), resilient_parsing=True)
    if awaiting is not None:
        return _values(awaiting, context, current)
    if not options_end and current.startswith("-"):
        option, equals, value = current.partition("=")
        if not equals:
            return [_offer(item.value, item.help) for item in parser.shell_complete(context, current)]
        named = _option_with_value(parser, option)
        return _values(named, context, value, start=f"{option}=") if named else []
    argument = next((one for one in parser.params if _takes_one_more(one, context)), None)
    return _values(argument, context, current) if argument else []


def _option_with_value(parser: "Command", word: str) -> "Parameter | None":
    return next((one for one in parser.params if word in one.opts and not getattr(one, "is_flag", False)), None)


def _takes_one_more(parameter: "Parameter", context: "Context") -> bool:
    """Say whether it is an argument that takes one more value than it has."""
    source = context.get_parameter_source(parameter.name or "")
    given = source is not None and source.name == "COMMANDLINE"
    return parameter.param_type_name == "argument" and (parameter.nargs == -1 or not given)


def _values(parameter: "Parameter", context: "Context", current: str, start: str = "") -> list[Offer]:
    """Return the values that a parameter knows and that were not given yet, behind what stands before them already."""
    given = context.params.get(parameter.name or "")
    known = parameter.shell_complete(context, current)
    fresh = [item for item in known if not (isinstance(given, tuple) and item.value in given)]
    return [_offer(f"{start}{item.value}", item.help) for item in fresh]


def _offer(text: str, remark: str | None) -> Offer:
    return Offer(text, " ".join((remark or "").split()))
