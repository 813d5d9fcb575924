"""Where one more import goes: blocks as import sorters see them, and the place in one that its order asks for.

A block ends at anything that is no import, and where the author told a sorter to stop (``isort: split``, ``off``,
``skip``). Nothing is put into a part that a sorter has to leave alone, unless there is no other. It gives splices
only; who calls it proves them.
"""

import ast
import re
import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias, TypeVar

import msgspec

from dartian_cli.edits.listed import Key, export_key, natural_key
from dartian_cli.edits.scope import absolute_module, is_docstring
from dartian_cli.edits.source import Source, Splice

__all__ = ["Block", "Import", "Place", "blocks_of", "has_marks", "import_splice", "place_of"]

_MARK = re.compile(r"(?:^|(?<=[\r\n]))[ \t\f]*# ?(?:ruff: ?)?isort: ?(on|off|split)\b")
_SKIP = re.compile(r"# ?(?:ruff: ?)?isort: ?skip\b")
_SKIP_FILE = re.compile(r"\bisort: ?skip_file\b")
_FUTURE, _STANDARD, _OTHER, _OWN, _RELATIVE = range(5)

Place: TypeAlias = tuple[int, bool, int, Key, Key]
"""What a sorter compares: section, import before from, the farther first, module, first name."""


_Sortable = TypeVar("_Sortable", Place, Key)


class Import(msgspec.Struct, frozen=True):
    """An import at the top level, with the lines that it stands on."""

    start: int
    end: int
    module: str
    relative: bool
    sibling: bool
    """Whether it imports from a module of the same package."""
    place: Place


class Block(msgspec.Struct):
    """Imports that follow each other."""

    imports: list[Import] = []
    leading: bool = False
    """Whether only a docstring, imports and dunder names stand above it."""
    kept: bool = False
    """Whether a sorter leaves it alone."""
    is_alone: bool = False
    """Whether that is said of this line only."""
    resumes: int | None = None
    """Of a region that is left alone: where the line begins from which a sorter goes on."""

    @property
    def siblings(self) -> list[Import]:
        """Those of the same package."""
        return [found for found in self.imports if found.sibling]


class Target(msgspec.Struct, frozen=True):
    """The import that is to be added."""

    line: str
    """With the file's line endings in it, where it takes several."""
    package: str
    module: str
    name: str
    relative: bool
    own: frozenset[str]
    """The first names of the project's own modules."""


def blocks_of(source: Source, package: str, own: frozenset[str]) -> list[Block]:
    """Return the blocks of imports at the top level, in order; each has at least one."""
    blocks = [Block(leading=True)]
    leading, kept = True, False
    for item in _with_marks(source):
        if isinstance(item, re.Match):
            if item[1] == "on":
                _resume(blocks, source.next_line(item.start()))
            kept = item[1] == "off" or (kept and item[1] == "split")
            blocks.append(Block([], leading, kept))
            continue
        start, end, statements = item
        imports = [
            _import(statement, start, end, package, own)
            for statement in statements
            if isinstance(statement, ast.Import | ast.ImportFrom)
        ]
        if _SKIP.search(source.text[end : source.line_end(end)]):
            blocks += [Block(imports, leading, True, is_alone=True), Block([], leading, kept)]
            continue
        blocks[-1].imports += imports
        if len(imports) < len(statements):
            leading = leading and all(_may_lead(statement) for statement in statements)
            blocks.append(Block([], leading, kept))
    return [block for block in blocks if block.imports]


def _resume(blocks: Sequence[Block], at: int) -> None:
    for block in blocks:
        if block.kept and not block.is_alone and block.resumes is None:
            block.resumes = at


def _may_lead(statement: ast.stmt) -> bool:
    """Return whether imports may follow a statement and still be the file's first: docstring, ``__version__ = ...``."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    is_import = isinstance(statement, ast.Import | ast.ImportFrom)
    return is_import or is_docstring(statement) or any(re.fullmatch("__[a-z_]+__", name) for name in names)


def _with_marks(source: Source) -> "Iterator[re.Match[str] | tuple[int, int, list[ast.stmt]]]":
    """Yield what shares its lines (start, end, statements), and between them the comments for sorters, in order."""
    groups = list(_groups(source))
    starts = [start for start, _, _ in groups]
    marks: list[re.Match[str]] = []
    if not _SKIP_FILE.search(source.text):
        for mark in _MARK.finditer(source.text):
            index = bisect_left(starts, mark.end()) - 1
            if index < 0 or groups[index][1] <= mark.start():
                marks.append(mark)
    for group in groups:
        while marks and marks[0].start() < group[0]:
            yield marks.pop(0)
        yield group
    yield from marks


def _groups(source: Source) -> Iterator[tuple[int, int, list[ast.stmt]]]:
    waiting: list[ast.stmt] = []
    for statement in source.tree.body:
        if waiting and statement.lineno != (waiting[-1].end_lineno or 0):
            yield source.span_of(waiting[0])[0], source.span_of(waiting[-1])[1], waiting
            waiting = []
        waiting = [*waiting, statement]
    if waiting:
        yield source.span_of(waiting[0])[0], source.span_of(waiting[-1])[1], waiting


def _import(statement: ast.Import | ast.ImportFrom, start: int, end: int, package: str, own: frozenset[str]) -> Import:
    place = place_of(statement, own)
    if isinstance(statement, ast.Import):
        return Import(start, end, statement.names[0].name, False, False, place)
    module = absolute_module(statement, package)
    return Import(start, end, module, statement.level > 0, module.startswith(f"{package}."), place)


def place_of(statement: ast.Import | ast.ImportFrom, own: frozenset[str]) -> Place:
    """Return what a sorter compares of an import; ``own`` are the first names of the project's own modules."""
    first = statement.names[0]
    if isinstance(statement, ast.Import):
        return _section(first.name, own), False, 0, natural_key(first.name), export_key("")
    module, level = statement.module or "", statement.level
    section = _RELATIVE if level else _section(module, own)
    return section, True, -level, natural_key(module), export_key(first.name if first.name != "*" else "")


def has_marks(source: Source) -> bool:
    """Return whether a comment tells import sorters to keep off the file or a part of it."""
    return any(pattern.search(source.text) for pattern in (_MARK, _SKIP, _SKIP_FILE))


def _section(module: str, own: frozenset[str]) -> int:
    top = module.split(".")[0]
    if top == "__future__":
        return _FUTURE
    if top in own:
        return _OWN
    return _STANDARD if top in sys.stdlib_module_names else _OTHER


def import_splice(source: Source, blocks: Sequence[Block], target: Target) -> Splice | None:
    """Return the splice that puts the import into a block; None where no block is the right one."""
    block = _chosen(blocks)
    if block is None:
        return None
    if not block.kept:
        return _into(source, block, target)
    if block.resumes is None:
        return _line_after(source, (block.siblings or block.imports)[-1], target.line)
    following = blocks[blocks.index(block) + 1 :]
    if following and not following[0].kept and not source.text[block.resumes : following[0].imports[0].start].strip():
        return _into(source, following[0], target)
    return _line_before(source, block.resumes, target.line)


def _chosen(blocks: Sequence[Block]) -> Block | None:
    """Return the block with the most siblings, the last of several; without any the last at the top of the file."""
    for kept in (False, True):
        if found := [block for block in blocks if block.siblings and block.kept is kept]:
            return max(reversed(found), key=lambda block: len(block.siblings))
    for kept in (False, True):
        if found := [block for block in blocks if block.leading and block.kept is kept]:
            return found[-1]
    return None


def _into(source: Source, block: Block, target: Target) -> Splice:
    """Go beside an import of the same kind; where there is none, make a section of its own."""
    section = _RELATIVE if target.relative else _section(target.module, target.own)
    if beside := _beside(block, target, section):
        neighbour, is_above = beside
        return (_line_after if is_above else _above)(source, neighbour, target.line)
    apart = source.newline if _has_sections(source, block) else ""
    is_sorted = _is_sorted([each.place for each in block.imports])
    above = [each for each in block.imports if not is_sorted or each.place[0] < section]
    if not above:
        return _above(source, block.imports[0], target.line + apart)
    splice = _line_after(source, above[-1], apart + target.line)
    return splice if len(above) < len(block.imports) else _apart_from_code(source, splice, above[-1].end)


def _beside(block: Block, target: Target, section: int) -> tuple[Import, bool] | None:
    """Return the import next to which the order asks for a new one, and whether that import is above it.

    Where there is no order it is the last of those that are most alike; None where nothing is of its kind.
    """
    if _is_sorted([each.place for each in block.imports]):
        module = target.module.removeprefix(f"{target.package}.") if target.relative else target.module
        place = (section, True, -1 if target.relative else 0, natural_key(module), export_key(target.name))
        alike = [each for each in block.imports if each.place[0] == section]
        above = [each for each in alike if each.place <= place]
    else:
        alike = block.siblings or [each for each in block.imports if each.place[0] == section]
        key, keys = natural_key(target.module), [natural_key(each.module) for each in alike]
        above = [each for each in alike if natural_key(each.module) <= key] if _is_sorted(keys) else alike
    if above:
        return above[-1], True
    return (alike[0], False) if alike else None


def _is_sorted(keys: Sequence[_Sortable]) -> bool:
    return all(earlier <= later for earlier, later in pairwise(keys))


def _has_sections(source: Source, block: Block) -> bool:
    """Return whether an empty line stands between imports of different kinds."""
    changes = [(one, other) for one, other in pairwise(block.imports) if one.place[0] != other.place[0]]
    return all(
        re.search(r"(?>\r\n|\n|\r)[ \t\f]*(\r|\n)", source.text[one.end : other.start]) for one, other in changes
    )


def _apart_from_code(source: Source, splice: Splice, end: int) -> Splice:
    """Leave an empty line before code that stands right below."""
    following = source.next_line(end)
    is_followed = source.text[following : source.line_end(following)].strip()
    return Splice(splice.at, splice.text + (source.newline_after(end) if is_followed else ""))


def _line_after(source: Source, found: Import, line: str) -> Splice:
    """Return the splice that makes ``line`` the line after an import's."""
    return Splice(source.line_end(found.end), source.newline_after(found.end) + line)


def _line_before(source: Source, at: int, line: str) -> Splice:
    """Return the splice that makes ``line`` the line before the one that begins at ``at``."""
    if at == len(source.text) and not source.text.endswith(("\n", "\r")):
        return Splice(at, source.newline + line)
    return Splice(at, line + source.newline_after(at))


def _above(source: Source, found: Import, line: str) -> Splice:
    """Go above an import and its comments, with an empty line before these; those at the file's top are the file's."""
    at = source.above_comments(found.start)
    start, newline = source.line_start(found.start), source.newline_after(found.start)
    return Splice(at or start, line + newline + (newline if 0 < at < start else ""))
