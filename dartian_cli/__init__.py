"""The command line of Dartian: generators, the worker, and what to do after failures.

The names here are those with which a generator of your own is written, composed and applied (docs/generators.md);
they are loaded when they are asked for. What tests one is in ``dartian_cli.testing``.
"""

TYPE_CHECKING = False  # as typing has it, whose import costs more than all the rest here
if TYPE_CHECKING:
    from dartian_cli.changes import Plan
    from dartian_cli.errors import (
        BrokenSource,
        CliError,
        Conflict,
        FieldRefused,
        NameRefused,
        NotUnderstood,
        OutsideProject,
        Usage,
    )
    from dartian_cli.generators.application import plan_application
    from dartian_cli.generators.job import plan_job
    from dartian_cli.plan import preview, run
    from dartian_cli.project import Project
    from dartian_cli.workspace import Answer, Workspace

__all__ = [
    "Answer",
    "BrokenSource",
    "CliError",
    "Conflict",
    "FieldRefused",
    "NameRefused",
    "NotUnderstood",
    "OutsideProject",
    "Plan",
    "Project",
    "Usage",
    "Workspace",
    "plan_application",
    "plan_job",
    "preview",
    "run",
]

_HOMES = {
    "changes": ("Plan",),
    "generators.application": ("plan_application",),
    "generators.job": ("plan_job",),
    "plan": ("preview", "run"),
    "project": ("Project",),
    "workspace": ("Answer", "Workspace"),
}
"""The module of each public name; the errors are in errors.py."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = next((module for module, names in _HOMES.items() if name in names), "errors")
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
