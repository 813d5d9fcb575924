"""Reads config/queue.py by its path, and .env; never writes either, nor os.environ.

The file is run and not imported: a module named ``queue`` on sys.path would shadow the standard library's.
"""

import os
import re
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import cast

from dartian_queue.errors import ConfigError, DartianError, did_you_mean, shown
from dartian_queue.settings import DRIVERS, Config, Connection

__all__ = ["config_of", "hook_of", "read_dotenv", "run_config"]

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
        raise ConfigError(f"{path} cannot be read: {error}") from None


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
        raise ConfigError(f"{_place(error, path)}: {error}") from error
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{_place(error, path)}: {type(error).__name__}: {_explained(error)}") from error
    return namespace


def _compiled(path: str) -> CodeType:
    try:
        with open(path, "rb") as file:
            return compile(file.read(), path, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise ConfigError(f"{path}:{error.lineno}: {error.msg}\nCorrect the line, then try again.") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


def _place(error: BaseException, path: str) -> str:
    """Return the file and the last of its lines that the error came through."""
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path}:{line}" if line else path


def _explained(error: BaseException) -> str:
    """Return the error's text, with a suggestion where a keyword of Config or Connection was misspelt."""
    found = re.fullmatch(r"Unexpected keyword argument '(\w+)'", str(error))
    if found is None:
        return shown(str(error), 300)
    known = [*Config.__struct_fields__, *Connection.__struct_fields__]
    return f"there is no setting {found[1]!r}{did_you_mean(found[1], known)}"


def config_of(namespace: dict[str, object], path: str) -> Config:
    """Return the ``config`` that the file has defined."""
    config = namespace.get("config")
    if not isinstance(config, Config):
        found = "no `config`" if config is None else f"a `config` that is {shown(config)}"
        raise ConfigError(f"{path} has {found}\nIt takes: config = Config(...), from dartian_queue import Config.")
    for name, connection in config.connections.items():
        if not isinstance(connection, Connection):  # pyright: ignore[reportUnnecessaryIsInstance] # from a file
            raise ConfigError(f"{path}: connections[{name!r}] takes a Connection(...), not {shown(connection)}")
        if name in DRIVERS and connection.driver != name:
            raise ConfigError(
                f"{path}: connections[{name!r}] has the driver {connection.driver!r}, and {name} is itself a driver\n"
                f"Give the connection another name, or write Connection(driver={name!r})."
            )
    return config


def hook_of(namespace: dict[str, object], name: str, path: str) -> Callable[[], object] | None:
    """Return the function of that name, None where the file defines none."""
    hook = namespace.get(name)
    if hook is None:
        return None
    takes = f"{path}: {name} takes a function without parameters, not"
    if not callable(hook):
        raise ConfigError(f"{takes} {shown(hook)}")
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
