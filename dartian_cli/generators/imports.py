"""Write a block of imports as the project's import sorter would: in its sections, its order and its form.

What is the project's own it asks the workspace, by the rule of ruff: what lies in one of the folders of ``src``.
"""

import re
import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import msgspec

from dartian_cli.annotations import Import
from dartian_cli.style import Sorting, Style
from dartian_cli.workspace import Workspace

__all__ = ["import_block", "is_own", "own_modules"]

_NUMBERS = re.compile(r"(\d+)")
_REQUIRED = re.compile(r"(?:from\s+([\w.]+)\s+)?import\s+([\w.]+)")
_Key = tuple[object, ...]


class _Line(msgspec.Struct, frozen=True):
    """An import of a module, or of names from it."""

    module: str
    names: tuple[str, ...] = ()


def import_block(
    workspace: Workspace, imports: Iterable[Import], plain: Iterable[str] = (), *, style: Style, folder: PurePosixPath
) -> str:
    """Return the lines, sections apart by an empty one, without a newline at the end.

    ``plain`` are modules to import as such; ``folder`` is a package around the file, if it is in any: its
    modules are the project's own.
    What the project requires every file to import is among the lines.
    """
    package = _outermost_package(workspace, folder)
    sections: dict[str, list[_Line]] = {}
    for line in _lines(imports, plain, style.sorting):
        sections.setdefault(_section(workspace, line.module, style.sorting, package), []).append(line)
    order = style.sorting.section_order
    text = ""
    for section in sorted(sections, key=lambda name: order.index(name) if name in order else len(order)):
        apart = "\n" if section in style.sorting.no_lines_before else "\n\n"
        text += (apart if text else "") + _written(sections[section], style)
    return text


def is_own(workspace: Workspace, top: str) -> bool:
    """Return whether a module of this name lies in the project."""
    places = (top, f"src/{top}")
    return any(workspace.is_file(f"{place}.py") or workspace.is_folder(place) for place in places)


def own_modules(workspace: Workspace) -> tuple[str, ...]:
    """Return the first names of the modules that are the project's own."""
    found = {path for place in (".", "src") for path in (*workspace.python_files(place), *workspace.folders(place))}
    names = {PurePosixPath(path).stem for path in found}
    return tuple(sorted(name for name in names if name.isidentifier()))


def _lines(imports: Iterable[Import], plain: Iterable[str], sorting: Sorting) -> list[_Line]:
    names: dict[str, set[str]] = {}
    modules = set(plain)
    for required in sorting.required_imports:
        if (found := _REQUIRED.fullmatch(required.strip())) is None:
            continue
        if found[1]:
            names.setdefault(found[1], set()).add(found[2])
        else:
            modules.add(found[2])
    for needed in imports:
        names.setdefault(needed.module, set()).add(needed.name)
    lines = [_Line(module) for module in modules]
    for module, several in names.items():
        ordered = tuple(sorted(several, key=lambda name: _name_key(name, sorting)))
        if sorting.force_single_line and module not in sorting.single_line_exclusions:
            lines += [_Line(module, (name,)) for name in ordered]
        else:
            lines.append(_Line(module, ordered))
    return lines


def _section(workspace: Workspace, module: str, sorting: Sorting, package: str) -> str:
    """Return the section of a module, by ruff's rules in ruff's order."""
    top = module.partition(".")[0]
    if module == "__future__":
        return "future"
    if sorting.no_sections:
        return "first-party"
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        for section, patterns in sorting.known:
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                return section
    if top in sys.stdlib_module_names:
        return "standard-library"
    own = top == package or _is_in_src(workspace, module, sorting)
    return "first-party" if own else sorting.default_section


def _outermost_package(workspace: Workspace, folder: PurePosixPath) -> str:
    """Return the name of the outermost package that a file in the folder is in, empty where it is in none."""
    name = ""
    while folder.parts and workspace.is_file(folder / "__init__.py"):
        name, folder = folder.name, folder.parent
    return name


def _is_in_src(workspace: Workspace, module: str, sorting: Sorting) -> bool:
    root = workspace.project.root
    for folder in sorting.src:
        place = folder.joinpath(*module.split("."))
        if not place.is_relative_to(root):
            if place.is_dir() or place.with_suffix(".py").is_file():
                return True
            continue
        inside = place.relative_to(root).as_posix()
        if workspace.is_folder(inside) or workspace.is_file(f"{inside}.py"):
            return True
    return False


def _written(lines: Iterable[_Line], style: Style) -> str:
    sorting = style.sorting
    if sorting.force_sort_within_sections:
        blocks = [sorted(lines, key=lambda line: _line_key(line, sorting))]
    else:
        ordered = sorted(lines, key=lambda line: (bool(line.names) is not sorting.from_first, _line_key(line, sorting)))
        kinds = (sorting.from_first, not sorting.from_first)
        blocks = [[line for line in ordered if bool(line.names) is kind] for kind in kinds]
    apart = "\n" * (1 + max(sorting.lines_between_types, 0))
    return apart.join("\n".join(_line(line, style) for line in block) for block in blocks if block)


def _line(line: _Line, style: Style) -> str:
    if not line.names:
        return f"import {line.module}"
    start = f"from {line.module} import"
    written = f"{start} {', '.join(line.names)}"
    if style.fits(written):
        return written
    return f"{start} (\n" + "".join(f"{style.indent}{name},\n" for name in line.names) + ")"


def _line_key(line: _Line, sorting: Sorting) -> _Key:
    first = _name_key(line.names[0], sorting) if line.names else ()
    length = len(line.module) if sorting.length_sort else 0
    folded = () if sorting.case_sensitive else _natural(line.module.lower())
    return line.module not in sorting.force_to_top, length, folded, _natural(line.module), first


def _name_key(name: str, sorting: Sorting) -> _Key:
    kind = 0
    if sorting.order_by_type:
        kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    length = len(name) if sorting.length_sort else 0
    folded = () if sorting.case_sensitive else _natural(name.lower())
    return kind, length, folded, _natural(name)


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Return what orders as a person counts: item2 before item10."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBERS.split(name))
