"""docs/cli.md says what the code says."""

import re
from importlib import import_module
from pathlib import Path

import msgspec
import pytest

from dartian_cli.app import COMMANDS
from dartian_queue import events

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
_SECTION = re.compile(r"^## dartian (\S+)(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
SECTIONS = {found[1]: found[2] for found in _SECTION.finditer(PAGE)}


def options_of(command: str) -> set[str]:
    import typer

    name = command.replace(":", "_")
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(getattr(import_module(f"dartian_cli.commands.{name}"), name))
    parameters = typer.main.get_command(app).params
    return {option for parameter in parameters for option in parameter.opts if option.startswith("--")}


def test_every_command_has_its_section() -> None:
    assert set(SECTIONS) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_stands_there_and_no_other(command: str) -> None:
    told = set(re.findall(r"`(--[a-z-]+)`", SECTIONS[command]))
    assert told == options_of(command)


def test_every_event_stands_there_with_its_fields() -> None:
    kinds: list[type[msgspec.Struct]] = [getattr(events, name) for name in events.__all__ if name != "Event"]
    for kind in kinds:
        (row,) = re.findall(rf"^\| `{kind.__struct_config__.tag}` \| (.*) \|$", SECTIONS["queue:work"], re.MULTILINE)
        top = re.sub(r"\([^)]*\)", "", row)
        assert re.findall(r"`(\w+)`", top) == [name for name in kind.__struct_fields__ if name != "at"]


def test_every_exit_code_stands_there() -> None:
    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == ["0", "1", "2", "3", "4", "5", "130"]
