"""The mistakes that the command line can name, each with its exit code.

    CliError                1   the work could not be done
    ├── Usage               2   an argument that cannot be used
    │   ├── NameRefused         a name that cannot be a job's
    │   ├── FieldRefused        a field that cannot be generated
    │   └── OutsideProject      a path that leaves the project
    ├── BrokenSource        3   a file that cannot be understood
    │   └── NotUnderstood       valid Python in a shape that is not edited by guesswork
    └── Conflict            5   something exists, or changed, that may not be overwritten

A message says what is wrong, why, and what to type next, in at most three lines. It never prints and never exits:
the commands do.
"""

from pathlib import PurePath

from dartian_queue.errors import DartianError, shown

__all__ = [
    "BrokenSource",
    "CliError",
    "Conflict",
    "FieldRefused",
    "NameRefused",
    "NotUnderstood",
    "OutsideProject",
    "Usage",
    "shown_path",
]


def shown_path(path: PurePath | str) -> str:
    """Return a path as text that is safe to show, its end included: that is the part that says which file."""
    return shown(str(path), 1000)


class CliError(DartianError):
    """Work that the command line could not do; nothing was changed."""


class Usage(CliError):
    """An argument that cannot be used as it was given."""

    exit_code = 2


class NameRefused(Usage):
    """A name that cannot be a job's class or module."""


class FieldRefused(Usage):
    """A field that cannot be generated as it was described."""


class OutsideProject(Usage):
    """A path that, symbolic links followed, leaves the project."""


class BrokenSource(CliError):
    """A source or configuration file that cannot be understood."""

    exit_code = 3


class NotUnderstood(BrokenSource):
    """A file in a shape that no edit is certain of; the message holds what to paste."""


class Conflict(CliError):
    """A file or a name that exists, or a file that changed since it was read."""

    exit_code = 5
