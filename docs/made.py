"""Writes the parts of the pages that are made from the code, so that they cannot lie: ``python -m docs.made``."""

import ast
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from dartian_queue.states import TRANSITIONS
from docs import tables

DOCS = Path(__file__).parent
ROOT = DOCS.parent
END = "<!-- end -->\n"
ROOMS = {
    "The runtime": "dartian_queue",
    "Stores": "dartian_queue/stores",
    "Isolates": "dartian_queue/isolates",
    "Drivers": "dartian_queue/drivers",
    "The command line": "dartian_cli",
    "Completion": "dartian_cli/completion",
    "Edits": "dartian_cli/edits",
    "Generators": "dartian_cli/generators",
    "Commands": "dartian_cli/commands",
    "Checks": "dartian_cli/checks",
    "The display": "dartian_cli/display",
    "The benchmark": "bench",
    "What it measures": "bench/measures",
    "What it sets beside that": "bench/limits",
    "The same job for each contender": "bench/apps",
    "Servers of other queues": "bench/servers",
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


def proofs() -> str:
    """Return a table of the tests that begin with the number of a row or of an invariant, in the order of the table."""
    named: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "tests").rglob("test_*.py"):
        for test, numbers in _NUMBERED.findall(path.read_text()):
            for number in numbers.split("_and_"):
                named[number.capitalize()].add(f"`{test}`")
    lines = ["| # | tests |", "|---|---|"]
    lines += [f"| {number} | {', '.join(sorted(named[number]))} |" for number in sorted(named, key=_place)]
    return "\n".join(lines) + "\n"


_NUMBERED = re.compile(r"^def (test_((?:[ti]\d+[a-z]?)(?:_and_[ti]\d+[a-z]?)*)_\w+)\(", re.MULTILINE)


def _place(number: str) -> tuple[bool, int, str]:
    """Rows before invariants, by number, then by letter."""
    return number.startswith("I"), int(re.sub(r"\D", "", number)), number


def _sentence(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    return docstring.partition("\n\n")[0].replace("\n", " ")


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "lifecycle.md": {
        "<!-- made from dartian_queue/states.py by: python -m docs.made -->\n": diagram,
        "<!-- made from the names of the tests by: python -m docs.made -->\n": proofs,
    },
    "configuration.md": {
        "<!-- made from Config by: python -m docs.made -->\n": tables.of_config,
        "<!-- made from Connection by: python -m docs.made -->\n": tables.of_connection,
        "<!-- made from JobOptions by: python -m docs.made -->\n": tables.job_options,
        "<!-- made from DispatchOptions by: python -m docs.made -->\n": tables.dispatch_options,
        "<!-- made from Overrides by: python -m docs.made -->\n": tables.overrides,
        "<!-- made from VARIABLES by: python -m docs.made -->\n": tables.variables,
        "<!-- made from queue:work by: python -m docs.made -->\n": tables.worker_flags,
    },
    "internals.md": {"<!-- made from the modules' docstrings by: python -m docs.made -->\n": rooms},
}


def page(name: str) -> str:
    """Return a page with the parts between its marks made anew."""
    text = (DOCS / name).read_text()
    for start, make in PARTS[name].items():
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n{make()}\n{END}{rest.partition(END)[2]}"
    return text


if __name__ == "__main__":
    for name in PARTS:
        (DOCS / name).write_text(page(name))
