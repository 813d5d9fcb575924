"""Writes the parts of the pages that are made from the code, so that they cannot lie: ``python -m docs.made``."""

import ast
from collections.abc import Callable
from pathlib import Path

from dartian_queue.states import TRANSITIONS

DOCS = Path(__file__).parent
ROOT = DOCS.parent
END = "<!-- end -->\n"
ROOMS = {
    "The runtime": "dartian_queue",
    "Stores": "dartian_queue/stores",
    "Isolates": "dartian_queue/isolates",
    "Drivers": "dartian_queue/drivers",
    "The command line": "dartian_cli",
    "Edits": "dartian_cli/edits",
    "Generators": "dartian_cli/generators",
    "Commands": "dartian_cli/commands",
    "Checks": "dartian_cli/checks",
    "The display": "dartian_cli/display",
}


def diagram() -> str:
    """Return the states and transitions as a Mermaid diagram and a table."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [
        f"    {transition.source or '[*]'} --> {transition.target or '[*]'} : {transition.key} {transition.by}"
        for transition in TRANSITIONS
    ]
    lines += ["```", "", "| # | from | to | who | guard | effect |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.key} | {row.source or '-'} | {row.target or '-'} | {row.by} | {row.guard} | {row.effect} |"
        for row in TRANSITIONS
    ]
    return "\n".join(lines) + "\n"


def rooms() -> str:
    """Return a table for each room: its files, and the first sentence of each."""
    lines: list[str] = []
    for title, folder in ROOMS.items():
        lines += [f"### {title}: `{folder}/`", "", "| file | why it exists |", "|---|---|"]
        lines += [f"| `{path.name}` | {_sentence(path)} |" for path in sorted((ROOT / folder).glob("*.py"))]
        lines.append("")
    return "\n".join(lines)


def _sentence(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    return docstring.partition("\n\n")[0].replace("\n", " ")


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "lifecycle.md": ("<!-- made from dartian_queue/states.py by: python -m docs.made -->\n", diagram),
    "internals.md": ("<!-- made from the modules' docstrings by: python -m docs.made -->\n", rooms),
}


def page(name: str) -> str:
    """Return a page with the part between its marks made anew."""
    start, make = PARTS[name]
    before, _, rest = (DOCS / name).read_text().partition(start)
    return f"{before}{start}\n{make()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    for name in PARTS:
        (DOCS / name).write_text(page(name))
