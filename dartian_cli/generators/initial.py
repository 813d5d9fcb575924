"""``dartian init``: a project that exists learns where its jobs live, as a plan.

It names the jobs folders in pyproject.toml, and gives Django a config/queue.py whose ``boot()`` sets it up, where
there is none. It touches nothing else.
"""

from collections.abc import Sequence

from dartian_cli.changes import Plan
from dartian_cli.edits.tool_table import with_jobs
from dartian_cli.errors import Conflict, Usage, shown_path
from dartian_cli.generators.pytest_path import note_pytest_path
from dartian_cli.generators.rendering import rendered
from dartian_cli.literals import quoted
from dartian_cli.project import jobs_package
from dartian_cli.style import find_style
from dartian_cli.surroundings import Surroundings, clash_of, look_around
from dartian_cli.toml import parse_toml, table, texts
from dartian_cli.workspace import Workspace

__all__ = ["plan_init", "said_folders"]

_PYPROJECT, _CONFIG = "pyproject.toml", "config/queue.py"


def plan_init(workspace: Workspace, folders: Sequence[str] = (), *, force: bool = False) -> Plan:
    """Return the plan that makes the project an application of Dartian's; ``folders`` are what the user chose.

    Usage: nobody can tell where the jobs would go; the message says what to type. Conflict: a file has the name that
    a jobs folder needs, or pyproject.toml names other folders.
    """
    around = look_around(workspace)
    taken = tuple(folders) or said_folders(workspace) or around.folders
    if not taken:
        raise Usage(_undecided(around))
    for folder in taken:
        _refuse_clash(workspace, folder)
    if not folders:
        for reason in around.left_out:
            workspace.note(f"left out: {reason}")
    content = workspace.read(_PYPROJECT)
    workspace.edit(_PYPROJECT, with_jobs(_PYPROJECT, content, taken))
    if around.django_settings:
        _configure_django(workspace, around.django_settings, force=force)
    note_pytest_path(workspace, (jobs_package(folder, workspace.is_file).import_root for folder in taken))
    return workspace.plan()


def said_folders(workspace: Workspace) -> tuple[str, ...]:
    """Return the jobs folders that pyproject.toml names already."""
    content = workspace.read(_PYPROJECT)
    ours = table(parse_toml(_PYPROJECT, content), "tool", "dartian") if content is not None else {}
    return texts(ours.get("jobs"))


def _undecided(around: Surroundings) -> str:
    if around.left_out:
        return f"{around.left_out[0]}\nName another place for the jobs: dartian init --jobs background/jobs"
    several = ", ".join(around.candidates[:6])
    return f"This is {around.kind}: the jobs could go to {several}\nChoose: dartian init --jobs {around.candidates[0]}"


def _refuse_clash(workspace: Workspace, folder: str) -> None:
    if (clash := clash_of(workspace, folder)) is not None:
        raise Conflict(
            f"{shown_path(clash.file)} has the name that the package {shown_path(clash.needed)} needs: "
            f"Python would import only one of them\n"
            f"Name another place for the jobs: dartian init --jobs background/jobs"
        )


def _configure_django(workspace: Workspace, settings: str, *, force: bool) -> None:
    """Want a configuration that sets Django up before the jobs are imported; one that is there stays as it is."""
    existing = workspace.read(_CONFIG)
    if existing is not None and not force:
        if b"django.setup" not in existing:
            workspace.note(f"{_CONFIG} is yours: let its boot() call django.setup(), or no job can use a model")
        return
    style = find_style(workspace, "config")
    content = rendered(
        workspace,
        "django/queue.py",
        style,
        variable=quoted("DJANGO_SETTINGS_MODULE", style.quote),
        settings=quoted(settings, style.quote),
    )
    workspace.create(_CONFIG, content, force=force)
