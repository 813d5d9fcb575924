"""The tables of docs/configuration.md, read from the structs and the command that they are about. It writes no page."""

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import typer
from typer.core import TyperOption

import dartian_queue
from dartian_cli.commands.queue_work import queue_work
from dartian_queue.config import Overrides
from dartian_queue.delays import Exponential
from dartian_queue.envelope import Envelope
from dartian_queue.options import DEFAULT_LIMITS, DispatchOptions, JobOptions
from dartian_queue.settings import Config, Connection
from dartian_queue.variables import VARIABLES

__all__ = ["dispatch_options", "job_options", "of_config", "of_connection", "overrides", "variables", "worker_flags"]

PACKAGE = Path(dartian_queue.__file__).parent
SPANS = {86_400: "d", 3600: "h", 60: "min"}


def of_config() -> str:
    """Return the settings of a Config."""
    return _table(["setting", "default", "meaning"], _settings(Config()))


def of_connection() -> str:
    """Return the settings of a Connection; its name is the key in ``connections``."""
    rows = [row for row in _settings(Connection(driver="isolate")) if row[0] != "`name`"]
    (driver, _, meaning), *others = rows
    return _table(["setting", "default", "meaning"], [[driver, "must be given", meaning], *others])


def job_options() -> str:
    """Return the keywords of a job class, each with what holds where the class is silent."""
    told = _told("options.py", "JobOptions")
    rows = [[f"`{name}`", _where_silent(name), told[name][1]] for name in JobOptions.__struct_fields__]
    return _table(["keyword", "where it is left out", "meaning"], rows)


def dispatch_options() -> str:
    """Return the options of a dispatch, by name."""
    names = [name for name in DispatchOptions.__struct_fields__ if name != "available_at"]
    return ", ".join(f"`{name}`" for name in names) + ".\n"


def overrides() -> str:
    """Return the keywords of configure(), by the struct that has them."""
    own = [name for name in Overrides.__annotations__ if name not in _names(Config, Connection) or name == "driver"]
    lines = [f"- {_listed(own)}: its own"]
    for kind in (Config, Connection):
        shared = [name for name in _names(kind) if name in Overrides.__annotations__ and name not in own]
        lines.append(f"- {_listed(shared)}: as in a `{kind.__name__}`")
    return "\n".join(lines) + "\n"


def variables() -> str:
    """Return the variables of the environment that are read."""
    return _table(["variable", "meaning"], [[f"`{name}`", told] for name, told in VARIABLES.items()])


def worker_flags() -> str:
    """Return the flags of queue:work, each with the setting over which it wins."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(queue_work)
    command = typer.main.get_command(app)
    rows: list[list[str]] = []
    for parameter in command.params:
        if isinstance(parameter, TyperOption):
            metavar = "" if parameter.is_flag else f" {parameter.metavar}"
            is_setting = parameter.name in _names(Config, Connection) and parameter.name not in ("name", "queue")
            setting = f"`{parameter.name}`" if is_setting else ""
            rows.append([f"`{parameter.opts[0]}{metavar}`", setting, parameter.help or ""])
    return _table(["flag", "wins over", "meaning"], rows)


def _settings(given: Config | Connection) -> list[list[str]]:
    told = _told("settings.py", type(given).__name__)
    return [
        [f"`{name}`", _shown(getattr(given, name), is_span="Duration" in kind), meaning]
        for name, (kind, meaning) in told.items()
    ]


def _where_silent(name: str) -> str:
    """Return what holds of a job whose class does not say, and where it comes from."""
    if name in _names(Config):
        return f"as configured: {_shown(getattr(DEFAULT_LIMITS, name), is_span=name == 'timeout')}"
    for holds in (DEFAULT_LIMITS, Envelope("", "", "")):
        if name not in ("name", "queue") and name in holds.__struct_fields__:
            return _shown(getattr(holds, name), is_span=name == "delay")
    return ""


def _told(file: str, name: str) -> dict[str, tuple[str, str]]:
    """Return the annotation and the docstring of each field of a class, in order; each has one."""
    tree = ast.parse((PACKAGE / file).read_text())
    (cls,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    return {field: (kind, told) for field, kind, told in _fields(cls)}


def _fields(cls: ast.ClassDef) -> Iterator[tuple[str, str, str]]:
    for node, after in zip(cls.body, cls.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            assert isinstance(after, ast.Expr), f"{cls.name}.{node.target.id} has no docstring"
            assert isinstance(after.value, ast.Constant), f"{cls.name}.{node.target.id} has no docstring"
            yield node.target.id, ast.unparse(node.annotation), _plain(str(after.value.value))


def _names(*kinds: type[msgspec.Struct]) -> list[str]:
    return [name for kind in kinds for name in kind.__struct_fields__]


def _shown(value: object, *, is_span: bool) -> str:
    """Return a default as it would be written, durations in the unit that people say."""
    if value is None or value == ():
        return ""
    if isinstance(value, Exponential):
        return f"`exponential({value.base:g}, {value.cap:g})`"
    if is_span and isinstance(value, int | float):
        unit = next((unit for unit in SPANS if value and value % unit == 0 and value > unit), 1)
        return f"{value / unit:g} {SPANS.get(unit, 's')}"
    return f"`{msgspec.json.encode(value).decode()}`" if isinstance(value, str) else f"`{value}`"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
