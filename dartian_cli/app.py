"""The command ``dartian``: finds the command that was typed, imports that one alone, and turns errors into exit codes.

The list of commands is written down here, so that showing it loads none of them, and no typer either.
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dartian_cli import typed, ui
from dartian_cli.errors import Usage
from dartian_queue.errors import DartianError, did_you_mean, shown

if TYPE_CHECKING:
    from typer._click.core import Command

__all__ = ["COMMANDS", "main", "run"]

COMMANDS: dict[str, str] = {
    "new": "Scaffold an application.",
    "init": "Add Dartian to a project that exists.",
    "about": "Show the facts that a bug report needs.",
    "completion": "Print the script that lets a shell complete commands.",
    "doctor": "Check configuration, stores, jobs and environment.",
    "history": "List the plans that were applied, or show one.",
    "undo": "Take a plan back, and keep what was edited by hand since.",
    "job:dispatch": "Put a job on its queue by hand.",
    "job:field": "Add, remove or rename fields of a job.",
    "job:list": "List the jobs that are registered.",
    "job:remove": "Remove a job: its class, its test, its registration.",
    "job:rename": "Rename a job wherever the project means it.",
    "job:run": "Run a job here and now, in this process.",
    "job:show": "Show one job class: fields, options, place, jobs.",
    "make:job": "Generate a job class, its test and its registration.",
    "queue:cancel": "Take jobs back that wait or run.",
    "queue:clear": "Cancel all that waits.",
    "queue:failed": "List the jobs that have failed.",
    "queue:flush": "Delete the jobs that have failed, for good.",
    "queue:forget": "Delete jobs that have ended, for good.",
    "queue:monitor": "Exit 1 when a queue is too long or too late.",
    "queue:pause": "Let no more jobs begin, on some queues or on all.",
    "queue:prune": "Delete what has ended longer ago than it is kept.",
    "queue:restart": "Let live workers finish what runs and end.",
    "queue:resume": "Let jobs begin again where they were paused.",
    "queue:retry": "Put failed jobs back on their queues.",
    "queue:show": "Show one job's whole history.",
    "queue:status": "Show what waits, runs and has failed, and who works.",
    "queue:work": "Run the jobs that wait, until stopped.",
    "stub:publish": "Copy the stubs into the project, to be changed there.",
}
"""Every command with the first line of its help."""

INTERRUPTED = 130

_COMPLETE = "--complete"
"""What the scripts of ``dartian completion`` begin with; not for people."""


def main() -> None:
    """Run the command line of this process and end it with the right exit code."""
    ui.prepare()
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError as error:
        code = _output_lost(error) or code
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; no error leaves this."""
    typed.remember(arguments)
    arguments, verbose = _take_verbose(arguments)
    try:
        return _run(arguments)
    except DartianError as error:
        _show_traceback(verbose)
        ui.complain(str(error))
        return error.exit_code
    except BrokenPipeError as error:
        return _output_lost(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and (lost := _refused_output()):
            return _output_lost(lost)
        _show_traceback(verbose)
        ui.complain(_our_bug(error, arguments, verbose))
        return 1


def _run(arguments: Sequence[str]) -> int:
    asks_for_help = bool(arguments) and arguments[0] in ("--help", "-h", "help")
    if arguments[:1] == [_COMPLETE]:
        from dartian_cli.completion.answer import answer

        return answer(arguments[1:], COMMANDS, _parser)
    if not arguments or (asks_for_help and len(arguments) == 1):
        _show_commands()
        return 0
    if arguments[0] == "--version":
        from dartian_queue import __version__

        ui.say(f"dartian {__version__}")
        return 0
    if asks_for_help:
        arguments = [*arguments[1:], "--help"]
    name, rest = _command_named(arguments)
    return _invoke(name, rest)


def _command_named(arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the command and what is left for it; ``make job`` is ``make:job``."""
    first = arguments[0]
    joined = ":".join(arguments[:2])
    if first in COMMANDS:
        return first, arguments[1:]
    if joined in COMMANDS:
        return joined, arguments[2:]
    if group := [name for name in COMMANDS if name.startswith(f"{first}:")]:
        raise Usage(f"{first!r} is the beginning of a command\nIt goes on as one of: {', '.join(group)}")
    kind = "option" if first.startswith("-") else "command"
    near = _nearest(first) or _nearest(joined)
    raise Usage(f"there is no {kind} '{shown(first)}'{near}\nTo see all commands: dartian")


def _nearest(word: str) -> str:
    """Return the nearest command, as ``did_you_mean`` does: within a group by what stands behind its colon alone."""
    prefix = word[: word.find(":") + 1]
    group = [name.removeprefix(prefix) for name in COMMANDS if prefix and name.startswith(prefix)]
    if not group:
        return did_you_mean(word, list(COMMANDS))
    return did_you_mean(word.removeprefix(prefix), group).replace("'", f"'{prefix}", 1)


def _invoke(name: str, arguments: Sequence[str]) -> int:
    """Let typer parse the arguments of one command, and run it."""
    import typer

    parser = _parser(name)
    try:
        context = parser.make_context(f"dartian {name}", list(arguments))
    except typer.Exit as end:
        return end.exit_code
    except Exception as error:
        raise _usage(error, name, parser) from None
    try:
        with context:
            return parser.invoke(context) or 0
    except typer.Exit as end:
        return end.exit_code


def _parser(name: str) -> "Command":
    """Import one command and return its parser."""
    from importlib import import_module

    import typer

    from dartian_cli.helping import HelpedCommand

    module = import_module(f"dartian_cli.commands.{name.replace(':', '_')}")
    command: Callable[..., int | None] = getattr(module, module.__name__.rpartition(".")[2])
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, cls=HelpedCommand, context_settings={"help_option_names": ["-h", "--help"]})(command)
    parser = typer.main.get_command(app)
    assert isinstance(parser, HelpedCommand)
    parser.examples = module.EXAMPLES
    return parser


def _usage(error: Exception, name: str, parser: "Command") -> Exception:
    """Return what the parser found wrong as an error of ours, in its short form; anything else as it is."""
    told: Callable[[], str] | None = getattr(error, "format_message", None)
    if told is None:
        return error
    if option := getattr(error, "option_name", ""):
        near = did_you_mean(option, list(getattr(error, "possibilities", None) or ()))
        message = str(error) if "requires" in str(error) else f"{name} has no option '{shown(option)}'{near}"
        if not near and _takes_fields(parser):
            message += f"\nA field is given without dashes: {shown(option.lstrip('-'))}=..."
    else:
        message = shown(told().rstrip("."), 300)
        message = _plainly(message[:1].lower() + message[1:])
    return Usage(f"{message}\nTo see how it is used: dartian {name} --help")


def _takes_fields(parser: "Command") -> bool:
    from dartian_cli.flags import FIELD_VALUES

    return any(getattr(one, "metavar", None) == FIELD_VALUES for one in parser.params)


def _plainly(message: str) -> str:
    """Return what the parser says of a number in our words, as the runtime says it of an option; else as it is."""
    import re

    found = re.fullmatch(r"invalid value for '(?P<option>[^']+)': (?P<given>.+) is not (?P<wanted>.+)", message)
    if found is None:
        return message
    option, given, wanted = found.groups()
    if kind := re.fullmatch(r"a valid (int|float)( range)?", wanted):
        return f"{option} takes a {'whole ' if kind[1] == 'int' else ''}number, not {given}"
    if bounds := re.fullmatch(r"in the range (?:(\S+)<=)?x(?:(<|>)=(\S+))?", wanted):
        least, way, other = bounds.groups()
        if least and other:
            return f"{option} takes a number from {least} to {other}, not {given}"
        return f"{option} takes a number of at {'least' if way == '>' else 'most'} {other}, not {given}"
    return message


def _take_verbose(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """Return the arguments without ``-v``, and whether it was there; what follows ``--`` is not ours."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    ours = [argument for argument in arguments[:end] if argument not in ("-v", "--verbose")]
    return [*ours, *arguments[end:]], len(ours) < end


def _show_commands() -> None:
    ui.say(f"{ui.styled('dartian', 'bold')}: background jobs for Python")
    ui.say()
    ui.say("Usage: dartian COMMAND [ARGUMENT ...]     dartian --version")
    longest = max(map(len, COMMANDS))
    group = ""
    for name, summary in COMMANDS.items():
        stem = name.partition(":")[0] if ":" in name else ""
        if stem != group or name == "new":
            ui.say()
            if stem:
                ui.say(stem, "bold")
            group = stem
        ui.say(f"  {ui.styled(name, 'cyan')}{' ' * (longest - len(name))}  {summary}")
    ui.say()
    ui.say("To begin: dartian new shop, or in a project that exists: dartian init", "dim")
    ui.say("With any command: --help has examples, -v shows the traceback of an error.", "dim")


def _show_traceback(verbose: bool) -> None:
    if verbose:
        import traceback

        ui.note(traceback.format_exc().rstrip())


def _our_bug(error: Exception, arguments: Sequence[str], verbose: bool) -> str:
    place = ""
    trace = error.__traceback__
    while trace is not None:
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    said = shown(str(error), 200)
    what = f"{type(error).__name__}: {said}" if said else type(error).__name__
    first = f"{what} at {place}: this is a bug of Dartian's, not yours"
    if verbose:
        return f"{first}\nPlease report it with the lines above and what dartian about says."
    return f"{first}\nThe traceback, for a report of it: dartian {shown(' '.join(arguments), 120)} -v"


def _refused_output() -> OSError | None:
    """Return why standard output takes nothing, None if it does: an error does not say which file it is of."""
    try:
        print(flush=True)
    except OSError as error:
        return error
    return None


def _output_lost(error: OSError) -> int:
    """Say that the output could not be written, and return the exit code; a reader who has seen enough is no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else the end of Python fails on what the buffer still holds
    if isinstance(error, BrokenPipeError):
        return 0
    ui.complain(
        f"standard output cannot be written: {error.strerror}\n"
        "What the command had to do may be done: look before you type it again."
    )
    return 1
