"""``dartian completion``: the script with which a shell's Tab key knows dartian."""

from pathlib import Path
from typing import Annotated

import typer

import dartian_cli.completion
from dartian_cli import ui
from dartian_cli.errors import Usage
from dartian_queue.errors import shown

__all__ = ["EXAMPLES", "completion"]

EXAMPLES = (
    "dartian completion bash",
    "dartian completion fish > ~/.config/fish/completions/dartian.fish",
)

_SHELLS = ("bash", "zsh", "fish")


def completion(
    shell: Annotated[
        str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", autocompletion=lambda: list(_SHELLS))
    ],
) -> None:
    """Print the script that lets a shell complete commands.

    Tab then completes commands, options, jobs, queues, connections and ids. It asks dartian each time, so the script
    need not be made anew after an update.

    In ~/.bashrc: eval "$(dartian completion bash)"

    In ~/.zshrc, below compinit: eval "$(dartian completion zsh)"

    For fish: see the example.
    """
    if shell not in _SHELLS:
        raise Usage(
            f"there is no completion for '{shown(shell)}', only for bash, zsh and fish\n"
            'For example, in ~/.bashrc: eval "$(dartian completion bash)"'
        )
    script = Path(dartian_cli.completion.__file__).parent / f"dartian.{shell}"
    ui.say(script.read_text(encoding="utf-8").rstrip())
