"""How a project wants its code to be written, as its own settings of ruff, black and isort have it.

ruff's settings are found as ruff finds them: in the nearest folder upwards that has any. What they do not say is
black's and isort's, in pyproject.toml, and else ruff's default. It checks none of these settings, and runs no tool.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias, cast
from unicodedata import combining, east_asian_width

import msgspec

from dartian_cli.toml import Table, parse_toml, table, texts
from dartian_cli.workspace import Workspace

__all__ = ["PLAIN", "Quote", "Sorting", "Style", "find_style"]

Quote: TypeAlias = Literal['"', "'"]

_DEFAULT_LENGTH = 88
_FILES = (".ruff.toml", "ruff.toml", "pyproject.toml")
_MOST_EXTENDED = 10
SECTIONS = ("future", "standard-library", "third-party", "first-party", "local-folder")
_ISORT_SECTIONS = {
    "FUTURE": "future", "STDLIB": "standard-library", "THIRDPARTY": "third-party", "FIRSTPARTY": "first-party",
    "LOCALFOLDER": "local-folder",
}  # fmt: skip
_ISORT_NAMES = {"src-paths": "src", "add-imports": "required-imports", "sections": "section-order"}
_GOOGLE: Table = {
    "force-single-line": True, "force-sort-within-sections": True, "single-line-exclusions": ["typing"],
    "order-by-type": False,
}  # fmt: skip
"""What isort's profile of this name says; its others say nothing of order."""


class Sorting(msgspec.Struct, frozen=True):
    """How imports are ordered, in the words of ruff's isort settings."""

    force_single_line: bool = False
    single_line_exclusions: tuple[str, ...] = ()
    force_sort_within_sections: bool = False
    from_first: bool = False
    case_sensitive: bool = False
    order_by_type: bool = True
    length_sort: bool = False
    force_to_top: tuple[str, ...] = ()
    lines_after_imports: int = -1
    """Where nothing is defined after them; below 0 is one."""
    lines_between_types: int = 0
    no_sections: bool = False
    section_order: tuple[str, ...] = SECTIONS
    no_lines_before: tuple[str, ...] = ()
    default_section: str = "third-party"
    known: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Sections, each with patterns of the modules that were said to be in it."""
    required_imports: tuple[str, ...] = ()
    src: tuple[Path, ...] = ()
    """Folders whose modules are the project's own, absolute."""


class Style(msgspec.Struct, frozen=True):
    """What a formatter would make of new code."""

    line_length: int = _DEFAULT_LENGTH
    quote: Quote = '"'
    indent: str = "    "
    indent_width: int = 4
    """How many columns a tab counts."""
    newline: str = "\n"
    magic_comma: bool = True
    """Whether a trailing comma keeps a list at an item a line."""
    sorting: Sorting = Sorting()

    def fits(self, line: str) -> bool:
        """Return whether a line is not too long: a tab counts as an indentation, a wide letter as two columns."""
        if line.isascii():
            columns = len(line)
        else:
            columns = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line if not combining(letter))
        return columns + line.count("\t") * (self.indent_width - 1) <= self.line_length

    def indented(self, code: str) -> str:
        """Return code that is indented by four spaces a level with the indentation of the style."""
        if self.indent == PLAIN.indent:
            return code
        return re.sub(r"(?m)^(?: {4})+", lambda found: self.indent * (len(found[0]) // 4), code)

    def ended(self, code: str) -> str:
        """Return text whose lines end by themselves with the line endings of the style."""
        return code if self.newline == "\n" else code.replace("\n", self.newline)


PLAIN = Style()
"""What holds where nobody says anything."""


def find_style(workspace: Workspace, folder: PurePosixPath | str) -> Style:
    """Return how new code in a folder of the project is to be written; BrokenSource names settings that are no TOML."""
    root = workspace.project.root
    tool = table(_settings(workspace, root / "pyproject.toml"), "tool")
    place, ruff = _find_ruff(workspace, root / folder)
    black = table(tool, "black")
    lint = {**ruff, **table(ruff, "lint")}
    formatter = table(ruff, "format")
    indent_width = _number(ruff.get("indent-width"), 4, 1)
    return Style(
        line_length=_number(ruff.get("line-length", black.get("line-length")), _DEFAULT_LENGTH, 1),
        quote=_quote(formatter, lint, black if "black" in tool else None),
        indent="\t" if formatter.get("indent-style") == "tab" else " " * indent_width,
        indent_width=indent_width,
        newline="\r\n" if formatter.get("line-ending") == "cr-lf" else "\n",
        magic_comma=(formatter.get("skip-magic-trailing-comma") or black.get("skip-magic-trailing-comma")) is not True,
        sorting=_sorting(table(lint, "isort"), table(tool, "isort"), ruff, place or root),
    )


def _find_ruff(workspace: Workspace, folder: Path) -> tuple[Path | None, Table]:
    """Return the folder of the settings that ruff would use for a file in ``folder``, and the settings."""
    for place in (folder, *folder.parents):
        for name in _FILES:
            settings = _settings(workspace, place / name)
            if settings is not None and (name != "pyproject.toml" or "ruff" in table(settings, "tool")):
                return place, _extended(workspace, place / name)
    return None, {}


def _extended(workspace: Workspace, path: Path, depth: int = 0) -> Table:
    """Return a file's settings of ruff over those of the file that it extends."""
    settings = _settings(workspace, path) or {}
    ruff = table(settings, "tool", "ruff") if path.name == "pyproject.toml" else settings
    if isinstance(src := ruff.get("src"), list):
        ruff = {**ruff, "src": [str(path.parent / folder) for folder in texts(cast("object", src))]}
    extended = ruff.get("extend")
    if not isinstance(extended, str) or depth > _MOST_EXTENDED:
        return ruff
    return _over(ruff, _extended(workspace, path.parent / Path(extended).expanduser(), depth + 1))


def _over(stronger: Table, weaker: Table) -> Table:
    merged = {**weaker, **stronger}
    for key, value in weaker.items():
        if isinstance(value, dict) and isinstance(stronger.get(key), dict):
            merged[key] = _over(table(stronger, key), table(weaker, key))
    return merged


def _settings(workspace: Workspace, path: Path) -> Table | None:
    """Return a file of settings as a table, None where there is none; in the project as it would be."""
    root, real = workspace.project.root, Path(os.path.realpath(path))
    if real.is_relative_to(root):
        content = workspace.read(real.relative_to(root).as_posix())
    else:
        content = real.read_bytes() if real.is_file() else None
    return None if content is None else parse_toml(path, content)


def _number(value: object, default: int, least: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= least else default


def _quote(formatter: Mapping[str, object], lint: Table, black: Table | None) -> Quote:
    """Return the quotes of new strings; where a formatter leaves them as they are, the linter's."""
    linted: Quote = "'" if table(lint, "flake8-quotes").get("inline-quotes") == "single" else '"'
    said = formatter.get("quote-style")
    if said in ("single", "double"):
        return "'" if said == "single" else '"'
    kept = said == "preserve" or black is None or black.get("skip-string-normalization") is True
    return linted if kept else '"'


def _sorting(ruff: Table, isort: Table, top: Table, place: Path) -> Sorting:
    said = _isort_in_words_of_ruff(isort) | ruff
    src = texts(top.get("src")) or texts(said.get("src")) or (".", "src")
    values: dict[str, object] = {
        "src": tuple(found for folder in src for found in _folders(place, folder)),
        "known": tuple(_known(said)),
        "section_order": tuple(dict.fromkeys((*texts(said.get("section-order")), *SECTIONS))),
    }
    for name, default in zip(Sorting.__struct_fields__, Sorting.__struct_defaults__, strict=True):
        value = said.get(name.replace("_", "-"))
        if isinstance(default, tuple):
            values.setdefault(name, texts(value))
        elif type(value) is type(default):
            values[name] = value
    return Sorting(**values)  # type: ignore[arg-type] # of the types of the defaults


def _folders(place: Path, pattern: str) -> list[Path]:
    if "*" not in pattern:
        return [Path(place, pattern)]
    return sorted(place.glob(str(Path(pattern).relative_to(place) if Path(pattern).is_absolute() else pattern)))


def _known(said: Table) -> Iterator[tuple[str, tuple[str, ...]]]:
    for section in SECTIONS:
        if known := texts(said.get(f"known-{section}")):
            yield section, known
    for section, patterns in table(said, "sections").items():
        yield section, texts(patterns)


def _isort_in_words_of_ruff(isort: Table) -> Table:
    """Return isort's own settings by the names that ruff gave them."""
    said: Table = dict(_GOOGLE) if isort.get("profile") == "google" else {}
    for key, value in isort.items():
        name = key.replace("_", "-")
        name = _ISORT_NAMES.get(name, name)
        if isinstance(value, list | str) and name in ("section-order", "no-lines-before", "default-section"):
            sections = [_ISORT_SECTIONS.get(one, one.lower()) for one in texts(cast("object", value))]
            said[name] = sections if isinstance(value, list) else sections[0]
        else:
            said[name] = value
    custom = {key.removeprefix("known-"): value for key, value in said.items() if key.startswith("known-")}
    return said | {"sections": {key: value for key, value in custom.items() if key not in SECTIONS}}
