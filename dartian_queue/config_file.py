"""Reads config/queue.py by its path, and .env; never writes either, nor os.environ.

The file is run and not imported: a module named ``queue`` on sys.path would shadow the standard library's.
"""

import os
import re
import sys
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import cast

import dartian_queue
from dartian_queue.errors import ConfigError, DartianError, did_you_mean, shown
from dartian_queue.settings import DEFAULT_STORE, DRIVERS, Config, Connection

__all__ = ["config_of", "hook_of", "read_dotenv", "run_config"]

_CORRECT = "Correct the line, then try again."
_LET_READ = "Let this user read it, as UTF-8 text, or take it away: without it the defaults hold."
_NOT_RUN_BY_A_CALL = 0x20 | 0x80 | 0x200
"""The code flags of generators, coroutines and async generators; inspect has them by name."""


def read_dotenv(path: str) -> dict[str, str]:
    """Return the variables of a .env file; none where there is no file."""
    if not os.path.isfile(path):
        return {}
    from dotenv import dotenv_values

    try:
        _refuse_lines_of_ours(path)
        return {name: value for name, value in dotenv_values(path).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}\n{_LET_READ}") from None


def _refuse_lines_of_ours(path: str) -> None:
    """Raise ConfigError where a line of ours is not understood: python-dotenv would go on without it.

    Other lines are other programs' business. The value is not shown: a store's URL may hold a password.
    """
    from dotenv.parser import parse_stream

    with open(path, encoding="utf-8") as file:
        for binding in parse_stream(file):
            found = re.match(r"(\s*)(?:export\s+)?(QUEUE_\w+)", binding.original.string)
            if binding.error and found is not None:
                line = binding.original.line + found[1].count("\n")
                raise ConfigError(f"{path}:{line}: {found[2]} is not understood\nWrite it as {found[2]}=VALUE.")


def run_config(path: str) -> dict[str, object]:
    """Run the file and return its names; ConfigError names the file and the line that failed."""
    namespace: dict[str, object] = {"__name__": "config.queue", "__file__": path}
    try:
        exec(_compiled(path), namespace)  # noqa: S102 - the application's own configuration, by its path
    except ConfigError:
        raise
    except DartianError as error:
        more = "" if "\n" in str(error) else "\nCorrect the value there, then try again."
        raise ConfigError(f"{_place(error, path)}: {error}{more}") from error
    except (Exception, SystemExit) as error:
        what, remedy = _explained(error)
        raise ConfigError(f"{_place(error, path)}: {what}\n{remedy}") from error
    return namespace


def _compiled(path: str) -> CodeType:
    try:
        with open(path, "rb") as file:
            return compile(file.read(), path, "exec", dont_inherit=True)
    except SyntaxError as error:
        place = f"{path}:{error.lineno}" if error.lineno else path
        raise ConfigError(f"{place}: {error.msg}\n{_CORRECT}") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}\n{_LET_READ}") from None


def _place(error: BaseException, path: str) -> str:
    """Return the file and the last of its lines that the error came through."""
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path}:{line}" if line else path


def _explained(error: BaseException) -> tuple[str, str]:
    """Return what the file's own code has raised, and what helps: the mistakes that people make here are known."""
    text = shown(str(error), 300)
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, SystemExit):
        return f"the file ends the process ({what})", "Take that out: whoever reads the configuration goes on after it."
    if isinstance(error, TypeError) and (mistake := _of_keywords(str(error))):
        return mistake
    if isinstance(error, NameError) and error.name in dartian_queue.__all__:
        return what, f"Write above it: from dartian_queue import {error.name}"
    if isinstance(error, ImportError) and error.name == "dartian_queue":
        name = str(error).partition("'")[2].partition("'")[0]
        return what, f"Correct the name{did_you_mean(name, dartian_queue.__all__) or '.'}"
    if isinstance(error, ModuleNotFoundError):
        return what, f"Correct the import, or install it: {sys.executable} -m pip install {error.name}"
    return what, "Correct that line, or what it calls. The whole traceback: dartian queue:status -v"


def _of_keywords(text: str) -> tuple[str, str] | None:
    """Return what is wrong with the arguments of a Config or Connection, and what helps; None for another mistake."""
    if text == "Missing required argument 'driver'":
        return "a Connection without a driver", 'Write Connection(driver="isolate"), or driver="sync".'
    if text == "Extra positional arguments provided":
        return (
            "Config and Connection take keywords alone",
            'Write the name before the value: Config(default="isolate").',
        )
    found = re.fullmatch(r"Unexpected keyword argument '(\w+)'", text)
    if found is None:
        return None
    name, known = found[1], [*Config.__struct_fields__, *Connection.__struct_fields__]
    if name in known:
        owner, other = ("Connection", "Config") if name in Connection.__struct_fields__ else ("Config", "Connection")
        return f"{name!r} is a setting of {owner}, not of {other}", f"Move it to a {owner}(...)."
    return f"there is no setting {name!r}{did_you_mean(name, known)}", "Correct its name, or take it out."


def config_of(namespace: dict[str, object], path: str) -> Config:
    """Return the ``config`` that the file has defined."""
    config = namespace.get("config")
    if not isinstance(config, Config):
        found = "no `config`" if config is None else f"a `config` that is {shown(config)}"
        raise ConfigError(f"{path} has {found}\nIt takes: config = Config(...), from dartian_queue import Config.")
    if not _is_by_name(config.connections):
        raise ConfigError(
            f"{path}: connections takes a dict by name, not {shown(config.connections)}\n"
            f'Write connections={{"isolate": Connection(driver="isolate")}}.'
        )
    for name, connection in config.connections.items():
        if not isinstance(connection, Connection):  # pyright: ignore[reportUnnecessaryIsInstance] # from a file
            raise ConfigError(
                f"{path}: connections[{name!r}] takes a Connection(...), not {shown(connection)}\n"
                f'Write {name!r}: Connection(driver="isolate").'
            )
        if name in DRIVERS and connection.driver != name:
            raise ConfigError(
                f"{path}: connections[{name!r}] has the driver {connection.driver!r}, and {name} is itself a driver\n"
                f"Give the connection another name, or write Connection(driver={name!r})."
            )
        if connection.driver == "sync" and connection.store != DEFAULT_STORE:
            raise ConfigError(
                f"{path}: connections[{name!r}] has driver='sync' with store={shown(connection.store)!r}: "
                f"sync runs a job where it is dispatched, and stores none\n"
                f"Write driver='isolate', or leave store out."
            )
    return config


def _is_by_name(connections: object) -> bool:
    return isinstance(connections, dict) and all(
        type(name) is str for name in cast("dict[object, object]", connections)
    )


def hook_of(namespace: dict[str, object], name: str, path: str) -> Callable[[], object] | None:
    """Return the function of that name, None where the file defines none."""
    hook = namespace.get(name)
    if hook is None:
        return None
    takes = f"{path}: {name} takes a function without parameters, not"
    if not callable(hook):
        raise ConfigError(f"{takes} {shown(hook)}\nWrite: def {name}()")
    if isinstance(hook, FunctionType):
        if hook.__code__.co_flags & _NOT_RUN_BY_A_CALL:
            raise ConfigError(f"{takes} one that is async or yields: a call would not run it\nWrite: def {name}()")
        if needed := _needed(hook):
            raise ConfigError(f"{takes} {name}({', '.join(needed)})\nNothing is given to it. Write: def {name}()")
    return cast("Callable[[], object]", hook)


def _needed(function: FunctionType) -> list[str]:
    """Return the parameters that have no default; read from the code, since inspect costs an import."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    positional, keywords = names[: code.co_argcount], names[code.co_argcount :]
    given = function.__kwdefaults__ or {}
    needed = positional[: len(positional) - len(function.__defaults__ or ())]
    return [*needed, *(name for name in keywords if name not in given)]
