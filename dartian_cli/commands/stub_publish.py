"""``dartian stub:publish``: the packaged stubs as files of the project, which win from then on."""

from typing import Annotated

import typer

from dartian_cli import ui
from dartian_cli.changes import Plan
from dartian_cli.generators.publishing import plan_stubs
from dartian_cli.planning import AsPlan, Check, DryRun, Force, Mode, carry_out
from dartian_cli.project import Project
from dartian_cli.stubs import FOLDER, packaged_stubs
from dartian_cli.workspace import Workspace

__all__ = ["EXAMPLES", "stub_publish"]

EXAMPLES = ("dartian stub:publish", "dartian stub:publish job.py test_job.py")


def stub_publish(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...", help="Stubs, as job.py; else all of them.", autocompletion=lambda: list(packaged_stubs())
        ),
    ] = None,
    dry_run: DryRun = False,
    check: Check = False,
    force: Force = False,
    json: AsPlan = False,
) -> int:
    """Copy the stubs into the project, to be changed there."""

    def build(workspace: Workspace) -> Plan:
        return plan_stubs(workspace, names or (), force=force)

    code = carry_out(Project.find(), build, Mode(dry_run, check, json))
    if not (json or dry_run or check):
        ui.say()
        ui.say(f"The files in {FOLDER}/ are used from now on; delete one to use the packaged stub again.")
    return code
