"""Which variables of the environment and of .env Dartian reads, and which were surely meant for it and are not read.

It never shows a value, which may be a password.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

from dartian_queue.config_file import read_dotenv
from dartian_queue.errors import shown

__all__ = ["Unread", "unread_variables"]

VARIABLES = {
    "QUEUE_DRIVER": "The default connection: one of config/queue.py, or a driver.",
    "QUEUE_STORE": "Where the store of the default connection is: a path, from the root, or a URL.",
    "QUEUE_COMPANION": "1 or 0: whether a process that finds no live worker starts one of its own.",
    "DARTIAN_ROOT": "The application's root. Not read from .env, which is found through it.",
}
"""The variables that are read, and what each is for."""
NEAR = 0.85
"""How alike a name is that was surely misspelt: one letter wrong, or two exchanged."""


class Unread(NamedTuple):
    """A variable that is set and not read."""

    what: str
    why: str
    remedy: str


def unread_variables(root: str) -> Iterator[Unread]:
    """Yield the variables that are set for an application, but under a name or in a place where nobody looks."""
    from difflib import get_close_matches

    dotenv = read_dotenv(os.path.join(root, ".env"))
    for name in sorted({*os.environ, *dotenv}):
        if name == "QUEUE_CONNECTION":
            what, why = f"{name} is set, and not read", "Laravel reads it; here the variable is QUEUE_DRIVER."
            yield Unread(what, why, _renamed(name, "QUEUE_DRIVER"))
        elif name == "DARTIAN_ROOT" and name not in os.environ:
            why = "That file is looked for in the root, so it cannot say where the root is."
            yield Unread(f"{name} is set in .env, and not read there", why, f"export {name}, and take it out of .env")
        elif name not in VARIABLES and (near := get_close_matches(name, VARIABLES, n=1, cutoff=NEAR)):
            what = f"{shown(name)} is set, and not read; did you mean {near[0]!r}?"
            yield Unread(what, "Unless your own config/queue.py reads it.", _renamed(name, near[0]))


def _renamed(name: str, meant: str) -> str:
    return f"rename {shown(name)} to {meant}, in the environment or in .env"
