"""``dartian new``: a small application that runs, with its configuration and its tests, as a plan."""

import re

from dartian_cli.changes import Plan
from dartian_cli.generators.packages import JOBS_TITLE
from dartian_cli.stubs import find_stub, render
from dartian_cli.workspace import Workspace

__all__ = ["plan_application"]

_STUBS = {
    "pyproject.toml": "application/pyproject.toml",
    "config/queue.py": "config/queue.py",
    ".env.example": "application/env.example",
    ".gitignore": "application/gitignore",
    "README.md": "application/README.md",
}
_MODULES = {
    "app/__init__.py": '"""The application."""\n',
    "app/jobs/__init__.py": f'"""{JOBS_TITLE}"""\n\n__all__: list[str] = []\n',
    "tests/__init__.py": '"""Tests."""\n',
}


def plan_application(workspace: Workspace, *, force: bool = False) -> Plan:
    """Return the plan that makes an application in the workspace's root, named as that folder is.

    A file that exists and differs is a conflict of the plan unless ``force``; the rest of the folder is left alone.
    """
    distribution = _distribution(workspace.project.root.name)
    for path, name in _STUBS.items():
        stub = find_stub(workspace, name)
        workspace.note(stub.note)
        workspace.create(path, render(stub, name=distribution, jobs="app.jobs"), force=force)
    for path, content in _MODULES.items():
        workspace.create(path, content, force=force)
    return workspace.plan()


def _distribution(folder: str) -> str:
    """Return the folder's name as a distribution may be called."""
    return re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-") or "application"
