"""``stub:publish``: the packaged stubs as files of the project, as a plan."""

from collections.abc import Sequence
from pathlib import Path

from dartian_cli.changes import Plan
from dartian_cli.errors import Usage
from dartian_cli.stubs import FOLDER, packaged_stub, packaged_stubs
from dartian_cli.workspace import Workspace
from dartian_queue.errors import did_you_mean, shown

__all__ = ["plan_stubs"]


def plan_stubs(workspace: Workspace, names: Sequence[str] = (), *, force: bool = False) -> Plan:
    """Return the plan that copies these stubs into the project, or all of them; Usage where there is none so called."""
    known = packaged_stubs()
    for name in names:
        if name not in known:
            raise Usage(f"there is no stub '{shown(name)}'{did_you_mean(name, known)}\nThere are: {', '.join(known)}")
    for name in names or known:
        stub = packaged_stub(name)
        workspace.create(f"{FOLDER}/{name}{Path(stub.path).suffix}", stub.content, force=force)
    return workspace.plan()
