"""Write a block of imports as an import sorter would: standard library, third parties, the project's own.

It asks the workspace what is the project's own, by the rule of ruff: what lies in the root or in ``src``.
"""

import sys
from collections.abc import Iterable

from dartian_cli.annotations import Import
from dartian_cli.edits.listed import export_key, natural_key
from dartian_cli.workspace import Workspace

__all__ = ["import_block", "is_own", "own_modules"]


def import_block(workspace: Workspace, imports: Iterable[Import], plain: Iterable[str] = ()) -> str:
    """Return the lines, sections apart by an empty one, without a newline at the end.

    ``plain`` are modules to import as such; they come first in their section.
    """
    names: dict[str, set[str]] = {module: set() for module in plain}
    for needed in imports:
        names.setdefault(needed.module, set()).add(needed.name)
    sections: dict[int, list[str]] = {}
    for module in sorted(names, key=lambda module: (bool(names[module]), natural_key(module), module)):
        line = _line(module, sorted(names[module], key=export_key), workspace.project.line_length)
        sections.setdefault(_section(workspace, module), []).append(line)
    return "\n\n".join("\n".join(sections[section]) for section in sorted(sections))


def is_own(workspace: Workspace, top: str) -> bool:
    """Return whether a module of this name lies in the project."""
    places = (top, f"src/{top}")
    return any(workspace.is_file(f"{place}.py") or workspace.is_folder(place) for place in places)


def own_modules(workspace: Workspace) -> tuple[str, ...]:
    """Return the first names of the modules on disk that are the project's own."""
    root = workspace.project.root
    places = [place for place in (root, root / "src") if place.is_dir()]
    found = {path for place in places for path in place.iterdir() if path.is_dir() or path.suffix == ".py"}
    return tuple(sorted({path.stem for path in found if path.stem.isidentifier()}))


def _section(workspace: Workspace, module: str) -> int:
    top = module.split(".")[0]
    if top in sys.stdlib_module_names:
        return 0
    return 2 if is_own(workspace, top) else 1


def _line(module: str, names: list[str], length: int) -> str:
    if not names:
        return f"import {module}"
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= length:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
