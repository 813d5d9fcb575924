"""A Python file that may be edited: its bytes, its text, its tree, and the splices into it.

Lines and nodes are found by the numbers of Python's own parser; what that does not tell, ``analysis`` knows. Splices
are made in the original bytes, and then proved: taking them out gives the original, the result parses, and only
what was meant differs. What cannot be proved is refused. It never reads or writes a file.
"""

import ast
import codecs
import re
import tokenize
import warnings
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from io import BytesIO

import msgspec

from dartian_cli.errors import BrokenSource, NotUnderstood, shown_path
from dartian_queue.errors import shown

__all__ = ["Source", "Splice", "parse"]

_BOM = b"\xef\xbb\xbf"
_NEWLINE = re.compile(r"\r\n|\n|\r")
_BYTES_NEWLINE = re.compile(rb"\r\n|\n|\r")
_KEEP_OFF = re.compile(r"(?:^|(?<=[\r\n]))[ \t\f]*# ?(?:fmt|yapf): ?(on|off|enable|disable)\b")
_PRAGMA = re.compile(r"[ \t\f]*# ?(?:ruff: ?)?(?:fmt|yapf|isort): ?(?:on|off|split|enable|disable)\b")
_SKIP = re.compile(r"# ?fmt: ?skip\b")


class Splice(msgspec.Struct, frozen=True):
    """Text that goes in before the character at ``at``, in the place of what is taken out.

    Of two splices at one place the one that is given first comes first.
    """

    at: int
    text: str
    taken: int = 0
    """How many characters it takes out, from ``at`` on."""


class _Place(msgspec.Struct, frozen=True):
    """Where a splice lies in the new bytes, and what it took out of the old ones."""

    start: int
    length: int
    taken: bytes


class Source:
    """A parsed file. Offsets are characters of ``text``, which begins after a BOM."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.content = content
        self.tree = parse(path, content)
        self.encoding = _encoding(path, content)
        self._bom = _BOM if content.startswith(_BOM) else b""
        self.text = _decode(path, content[len(self._bom) :], self.encoding)
        self._line_starts = [0, *(found.end() for found in _NEWLINE.finditer(self.text))]

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Every node of the tree but the module itself, with the one that it is in."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @property
    def newline(self) -> str:
        """The file's first line ending; a new line's where it has none."""
        found = _NEWLINE.search(self.text)
        return found[0] if found else "\n"

    def newline_after(self, at: int) -> str:
        """Return the line ending of the line that ``at`` is in, or of the file."""
        found = _NEWLINE.match(self.text, self.line_end(at))
        return found[0] if found else self.newline

    def line_start(self, at: int) -> int:
        """Return where the line begins that ``at`` is in."""
        return max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at)) + 1

    def line_end(self, at: int) -> int:
        """Return where the line ends that ``at`` is in, before its line ending."""
        found = _NEWLINE.search(self.text, at)
        return found.start() if found else len(self.text)

    def next_line(self, at: int) -> int:
        """Return where the line after the one of ``at`` begins."""
        end = self.line_end(at)
        found = _NEWLINE.match(self.text, end)
        return found.end() if found else end

    def line_above(self, at: int) -> int:
        """Return where the line above the one of ``at`` begins; that line itself where there is none above."""
        start = self.line_start(at)
        newline = 2 if self.text.endswith("\r\n", 0, start) else 1
        return self.line_start(start - newline) if start else 0

    def is_blank_above(self, at: int) -> bool:
        """Return whether the line above the one of ``at`` is an empty one."""
        start = self.line_start(at)
        return start > 0 and not self.text[self.line_above(at) : start].strip()

    def above_comments(self, at: int) -> int:
        """Return where the comments begin that stand right above the line of ``at``; that line where there are none.

        A comment that tells a tool where to stop or to begin belongs to no line.
        """
        top = self.line_start(at)
        while top > 0:
            above = self.line_above(top)
            if not self.text[above:top].lstrip().startswith("#") or _PRAGMA.match(self.text, above):
                break
            top = above
        return top

    def is_kept(self, at: int) -> bool:
        """Return whether formatters were told to keep off the line of ``at``: ``fmt: off``, ``fmt: skip``."""
        if _SKIP.search(self.text[at : self.line_end(at)]):
            return True
        told = [found[1] for found in _KEEP_OFF.finditer(self.text, 0, self.line_start(at))]
        return bool(told) and told[-1] in ("off", "disable")

    def place(self, at: int) -> str:
        """Return ``file:line`` of a character, to be shown."""
        return f"{shown_path(self.path)}:{self.line_of(at)}"

    def first_line_of(self, statement: ast.stmt) -> int:
        """Return where the first line of a statement begins, its decorators included."""
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        return self.start_of(min([statement.lineno, *(each.lineno for each in decorators)]))

    def start_of(self, line: int) -> int:
        """Return where the line with this number begins; the first is 1."""
        return self._line_starts[line - 1]

    def line_of(self, at: int) -> int:
        """Return the number of the line that ``at`` is in; the first is 1."""
        return bisect_right(self._line_starts, at)

    def span_of(self, node: ast.expr | ast.stmt | ast.alias) -> tuple[int, int]:
        """Return the characters of a node of Python's tree, brackets included."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._offset(node.lineno, node.col_offset), self._offset(end_line, end_column)

    def _offset(self, line: int, column: int) -> int:
        start = self.start_of(line)
        return start + len(self.text[start : self.line_end(start)].encode("utf-8")[:column].decode("utf-8"))

    def spliced(self, splices: Sequence[Splice], proves: Callable[[ast.Module, ast.Module], bool]) -> bytes:
        """Return the bytes with the splices in them, once ``proves`` (old tree, new tree) and our own checks hold."""
        result, places = self._bom, list[_Place]()
        last = 0
        for splice in sorted(splices, key=lambda splice: splice.at):
            result += self._encoded(self.text[last : splice.at])
            inserted = self._encoded(splice.text)
            last = splice.at + splice.taken
            places.append(_Place(len(result), len(inserted), self._encoded(self.text[splice.at : last])))
            result += inserted
        result += self._encoded(self.text[last:])
        if _restored(result, places) != self.content or not self._proved(result, proves):
            place = self.place(min((splice.at for splice in splices), default=0))
            raise NotUnderstood(f"{place}: an edit would change more than was meant, so none was made")
        return result

    def _proved(self, result: bytes, proves: Callable[[ast.Module, ast.Module], bool]) -> bool:
        try:
            return proves(self.tree, parse(self.path, result))
        except (BrokenSource, RecursionError):
            return False

    def _encoded(self, text: str) -> bytes:
        try:
            return text.encode(self.encoding)
        except UnicodeEncodeError:
            place = f"{shown_path(self.path)}:1"
            raise NotUnderstood(f"{place}: its encoding {self.encoding} cannot hold the edit") from None


def parse(path: str, content: bytes) -> ast.Module:
    """Return the tree of a file; BrokenSource names file, line and column of what is no Python."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BrokenSource(f"{shown_path(path)}:1: UTF-16, which is no Python\nSave it as UTF-8; nothing was changed.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(content, path)
        except SyntaxError as error:
            raise _broken(path, content, error) from None
        except ValueError as error:
            raise BrokenSource(f"{shown_path(path)}: no Python source: {error}\nNothing was changed.") from None
        except (RecursionError, MemoryError):
            lines = _NEWLINE.split(content.decode("latin-1"))
            longest = max(range(len(lines)), key=lambda index: len(lines[index])) + 1
            raise NotUnderstood(f"{shown_path(path)}:{longest}: nested too deeply to be read") from None


def _broken(path: str, content: bytes, error: SyntaxError) -> BrokenSource:
    marker = re.search(rb"^(<<<<<<<|>>>>>>>|=======)( |\r?$)", content, re.MULTILINE)
    if marker and b"<<<<<<<" in content:
        line = content.count(b"\n", 0, content.index(b"<<<<<<<")) + 1
        return BrokenSource(
            f"{shown_path(path)}:{line}:1: an unresolved merge conflict\nResolve it first; nothing was changed."
        )
    column = f":{error.offset}" if error.offset and error.offset > 0 else ""
    where = f"{shown_path(path)}:{error.lineno or 1}{column}"
    return BrokenSource(f"{where}: {shown(error.msg, 200)}\nCorrect it first; nothing was changed.")


def _encoding(path: str, content: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(content).readline)
    except SyntaxError as error:
        reason = shown(str(error), 200)
        raise BrokenSource(f"{shown_path(path)}:1: {reason}\nCorrect it first; nothing was changed.") from None
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _decode(path: str, content: bytes, encoding: str) -> str:
    """Return the text, if it gives the same bytes again: not every encoding does."""
    try:
        text = content.decode(encoding)
        if text.encode(encoding) == content:
            return text
    except UnicodeDecodeError as error:
        line = len(_BYTES_NEWLINE.findall(content, 0, error.start)) + 1
        raise BrokenSource(
            f"{shown_path(path)}:{line}: bytes that are not {encoding}, which is the file's encoding\n"
            f"Save it as {encoding}, or declare its encoding in the first line; nothing was changed."
        ) from None
    except (UnicodeError, LookupError):
        pass
    raise NotUnderstood(f"{shown_path(path)}:1: its encoding {shown(encoding)} cannot be edited byte by byte")


def _restored(content: bytes, places: Sequence[_Place]) -> bytes:
    """Return the content with every splice taken out, and what it took out put in again."""
    for place in reversed(places):
        content = content[: place.start] + place.taken + content[place.start + place.length :]
    return content
