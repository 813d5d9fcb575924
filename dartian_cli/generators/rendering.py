"""Render a stub as the project's own formatter would have it, and have the output say whose stub it was.

The text of a project's own stub stays as it is written there; only lines that are too long are broken in it.
"""

from dartian_cli.layout import laid_out
from dartian_cli.stubs import find_stub, render
from dartian_cli.style import Style
from dartian_cli.workspace import Workspace

__all__ = ["rendered"]


def rendered(workspace: Workspace, name: str, style: Style, **values: object) -> str:
    """Return the Python that the stub called ``name`` makes of the values; a project's own stub is noted."""
    stub = find_stub(workspace, name)
    workspace.note(stub.note)
    text = render(stub, indented=None if stub.own else style.indented, **values)
    return style.ended(laid_out(text, style))
