"""``dartian job:field``: a job with other fields, wherever the project means them, for the jobs that wait too."""

from typing import Annotated

import typer

from dartian_cli import ui
from dartian_cli.changes import Plan
from dartian_cli.errors import Usage
from dartian_cli.fields import parse_fields
from dartian_cli.flags import CalledJob
from dartian_cli.generators.adding_fields import plan_add_fields, without_default
from dartian_cli.generators.removing_fields import plan_remove_fields
from dartian_cli.generators.renaming_field import plan_rename_field
from dartian_cli.planning import AsPlan, Check, DryRun, Mode, carry_out
from dartian_cli.project import Project
from dartian_cli.workspace import Workspace
from dartian_queue.errors import did_you_mean, shown

__all__ = ["EXAMPLES", "job_field"]

EXAMPLES = (
    "dartian job:field ProcessPodcast add quality:str=high",
    "dartian job:field ProcessPodcast rename podcast podcast_id",
    "dartian job:field ProcessPodcast remove quality --dry-run",
)

ACTIONS = ("add", "remove", "rename")


def job_field(
    name: CalledJob,
    action: Annotated[
        str,
        typer.Argument(metavar="add|remove|rename", help="What is done.", autocompletion=lambda: list(ACTIONS)),
    ],
    fields: Annotated[
        list[str] | None, typer.Argument(metavar="FIELD...", help="name:type=default; a name; or OLD NEW.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Remove a field that something still needs.")] = False,
    dry_run: DryRun = False,
    check: Check = False,
    json: AsPlan = False,
) -> int:
    """Add, remove or rename fields of a job.

    The class, its test and the calls that make it follow. Jobs that wait still load: a new field has a default, and
    the class remembers what was renamed or removed. What may be the field and cannot be known is told, and left as it
    is.
    """
    project, texts = Project.find(), fields or []
    _refuse_wrong_use(name, action, texts, force=force)
    if action == "add" and ui.interactive() and not json:
        texts = [_with_default(text) for text in texts]

    def build(workspace: Workspace) -> Plan:
        if action == "add":
            return plan_add_fields(workspace, name, texts)
        if action == "remove":
            return plan_remove_fields(workspace, name, texts, force=force)
        return plan_rename_field(workspace, name, texts[0], texts[1])

    code = carry_out(project, build, Mode(dry_run, check, json))
    if not (json or dry_run or check):
        ui.say()
        ui.say("Restart the workers, so that they know the fields: dartian queue:restart")
    return code


def _refuse_wrong_use(name: str, action: str, texts: list[str], *, force: bool) -> None:
    if action not in ACTIONS:
        hint = did_you_mean(action, list(ACTIONS)) or ", but add, remove and rename"
        raise Usage(f"job:field has no {shown(repr(action))}{hint}\nFor example: {EXAMPLES[0]}")
    if action == "rename" and len(texts) != 2:
        raise Usage(f"rename takes the old name and the new one, not {len(texts)}\nFor example: {EXAMPLES[1]}")
    if not texts:
        typed = "quality:str=high" if action == "add" else "quality"
        raise Usage(f"{action} needs a field\nFor example: dartian job:field {shown(name)} {action} {typed}")
    if force and action != "remove":
        raise Usage(f"--force is for remove, and {action} needs none\nLeave it out.")


def _with_default(text: str) -> str:
    """Return the field with a default, which is asked for where it has none."""
    (field,) = parse_fields([text])
    if field.default is not None:
        return text
    ui.note(without_default(field).partition("\n")[0])
    return f"{text}={ui.ask(f'Which default has {field.name}: {field.annotation.text}?')}"
