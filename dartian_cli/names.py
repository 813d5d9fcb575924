"""Turn what people type for a job into one class name, one module and one stored name.

Every spelling of a name gives the same answer, since the module is derived from the class. It never looks at the disk.
"""

import builtins
import keyword
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import msgspec

from dartian_cli.errors import NameRefused
from dartian_queue.errors import shown

__all__ = ["DEVICES", "HIDING", "LONGEST", "JobName", "class_words", "folder_before", "snake_case"]

LONGEST = 100
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
"""Names that Windows keeps for devices; a checkout with such a file cannot be cloned there."""

HIDING = frozenset({"list", "str"})
"""Names that ``__all__: list[str]`` looks up in the package, where a module of that name would hide Python's own."""

TAKEN = frozenset({"Job", "JobContext", "FakeQueue"})
"""What the generated module and its test import beside the job."""

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+(?:[0-9]+[a-z]*)*|[A-Z]+(?:[0-9]+[a-z]*)*|[0-9]+[a-z]*")
_EXAMPLE = "ProcessPodcast"


class JobName(msgspec.Struct, frozen=True):
    """A job's name in all its forms: ``podcasts/Process`` is class Process of module podcasts.process."""

    class_name: str
    packages: tuple[str, ...] = ()
    """The packages below the jobs package, outermost first."""
    folder: int = 0
    """Which of the project's jobs folders it belongs to."""

    @classmethod
    def parse(cls, text: str, *, folders: Sequence[Iterable[str]] = (("app/jobs",),)) -> "JobName":
        """Understand every spelling of a name; NameRefused says why one cannot work and offers one that does.

        ``folders`` holds, for each jobs folder, the paths by which it may be called (relative, absolute, dotted, or
        its owner's name); such a path before the name is dropped.
        """
        _refuse_strange_text(text)
        folder, segments = _below_jobs(_split(text), folders, text)
        for segment in segments:
            _refuse_unless_segment(segment, text)
        packages = tuple(_package(segment, text) for segment in segments[:-1])
        class_name = _class_name(segments[-1], text)
        return cls(class_name, packages, folder)

    @property
    def module(self) -> str:
        """The module's own name: ``process_podcast``."""
        return snake_case(self.class_name)

    @property
    def module_path(self) -> str:
        """The module below the jobs package: ``podcasts.process``."""
        return ".".join((*self.packages, self.module))

    @property
    def stored(self) -> str:
        """The name under which the job is stored: ``podcasts.Process``."""
        return ".".join((*self.packages, self.class_name))

    @property
    def path(self) -> PurePosixPath:
        """The file below the jobs folder: ``podcasts/process.py``."""
        return PurePosixPath(*self.packages, f"{self.module}.py")


def snake_case(name: str) -> str:
    """Return the module's name for a class: HTTPFetch is http_fetch, ImportCSV2 is import_csv2."""
    return "_".join(class_words(name)).lower()


def class_words(name: str) -> list[str]:
    """Return the words of a class name, acronyms whole: HTTPFetch is HTTP and Fetch."""
    return _WORD.findall(name)


def _refused(text: str, why: str, suggestion: str = _EXAMPLE) -> NameRefused:
    return NameRefused(f"{shown(text)!r} cannot name a job: {why}\nTry: dartian make:job {suggestion}")


def _refuse_strange_text(text: str) -> None:
    if not text.strip():
        raise _refused(text, "it is empty")
    if not text.isascii():
        raise _refused(text, "a name has ASCII letters, digits and _ only", _repaired(text))
    if not text.isprintable():
        raise _refused(text, "it holds control characters", _repaired(text))
    if strange := sorted(set(re.findall(r"[^A-Za-z0-9_./-]", text))):
        raise _refused(
            text, f"a name has letters, digits and _, not {' '.join(map(repr, strange[:5]))}", _repaired(text)
        )


def _repaired(text: str) -> str:
    """Offer a name near ``text``, unless it looks like a template or a shell command."""
    import unicodedata

    if re.search(r"[{}$`;|&<>%*()]", text):
        return _EXAMPLE
    plain = "".join(_LOOK_ALIKES.get(character, character) for character in text)
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    plain = re.sub(r"(\\|:)+", "/", plain)
    plain = re.sub(r"[^A-Za-z0-9_./-]+", "-", plain).strip("-_./")
    try:
        name = JobName.parse(plain[:LONGEST])
    except NameRefused:
        return _EXAMPLE
    return "/".join((*name.packages, name.class_name))


def _split(text: str) -> list[str]:
    """Return the segments of a path or a dotted name; an absolute path begins with an empty one."""
    path = text.removesuffix(".py")
    if "/" not in path:
        segments = path.split(".")
    else:
        segments = path.removeprefix("./").split("/")
        if ".." in segments:
            raise _refused(text, "'..' would leave the jobs folder", _tail(segments))
        segments = [part for segment in segments for part in (segment.split(".") if segment else [""])]
    return segments


def _tail(segments: Sequence[str]) -> str:
    return _repaired(segments[-1]) if segments[-1].strip("./") else _EXAMPLE


def folder_before(text: str, folders: Sequence[Iterable[str]]) -> int | None:
    """Return which jobs folder was typed before a name, None where none was."""
    number, length = _jobs_folder(_split(text), folders)
    return number if length else None


def _jobs_folder(segments: list[str], folders: Sequence[Iterable[str]]) -> tuple[int, int]:
    """Return which jobs folder's path stands in front, the longest that fits, and how many segments that is."""
    spelled = [_package_form(segment) for segment in segments]
    found = (0, 0)
    for number, spellings in enumerate(folders):
        for spelling in spellings:
            prefix = [_package_form(part) for part in re.split(r"[/.]", spelling)]
            if len(spelled) > 1 and spelled[: len(prefix)] == prefix and len(prefix) > found[1]:
                found = (number, len(prefix))
    return found


def _below_jobs(segments: list[str], folders: Sequence[Iterable[str]], text: str) -> tuple[int, list[str]]:
    """Drop a jobs folder's path from the front. A word alone is a job's name and no path."""
    number, dropped = _jobs_folder(segments, folders)
    if dropped == len(segments):
        raise _refused(text, "it is the jobs folder itself", f"{text.rstrip('/')}/{_EXAMPLE}")
    if text.startswith("/") and not dropped:
        raise _refused(text, "an absolute path outside of the jobs folder", _tail(segments))
    below = segments[dropped:]
    if "" in below:
        raise _refused(text, "a name is missing beside a '/' or '.'", _repaired(re.sub(r"([/.])[/.]+", r"\1", text)))
    if len("/".join(below)) > LONGEST:
        raise _refused(text, f"it has {len('/'.join(below))} characters, and {LONGEST} are allowed")
    return number, below


def _package_form(segment: str) -> str:
    return segment.replace("-", "_").lower()


def _refuse_unless_segment(segment: str, text: str) -> None:
    if not _SEGMENT.fullmatch(segment):
        raise _refused(text, f"{segment!r} is no name")
    if segment.startswith("__"):
        raise _refused(text, f"{segment!r}: names with two leading underscores belong to Python", _repaired(segment))
    if segment != segment.strip("_-") or re.search(r"[_-]{2}", segment):
        better = re.sub(r"[_-]+", "_", segment).strip("_")
        raise _refused(text, f"{segment!r} has a stray _ or -", _repaired(better) if better else _EXAMPLE)
    if segment[0].isdigit():
        raise _refused(text, f"{segment!r} begins with a digit", _class_form(f"Run_{segment}"))


def _class_form(segment: str) -> str:
    words = re.split(r"[_-]", segment)
    if len(words) > 1 and segment.upper() == segment:
        words = [word.lower() for word in words]
    return "".join(word[0].upper() + word[1:] for word in words)


def _class_name(segment: str, text: str) -> str:
    name = _class_form(segment)
    if name in TAKEN:
        raise _refused(text, f"{name} is Dartian's own name", f"{name}Runner" if name != "Job" else _EXAMPLE)
    if keyword.iskeyword(name) or hasattr(builtins, name):
        raise _refused(text, f"{name} is a name of Python itself", f"Handle{name}")
    _refuse_module(snake_case(name), text, f"{name}Job")
    return name


def _package(segment: str, text: str) -> str:
    name = snake_case(_class_form(segment))
    _refuse_module(name, text, f"{_class_form(segment)}Jobs/{_EXAMPLE}")
    return name


def _refuse_module(module: str, text: str, suggestion: str) -> None:
    if keyword.iskeyword(module):
        raise _refused(text, f"{module!r} is a keyword, so that module could not be imported", suggestion)
    if module in DEVICES:
        raise _refused(text, f"{module!r} is a device on Windows, where the file could not exist", suggestion)
    if module in HIDING:
        raise _refused(text, f"a module {module!r} would hide the {module} that its package needs", suggestion)


_LOOK_ALIKES = dict(
    zip("АВЕКМНОРСТХаеорсухіј" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEKMHOPCTXaeopcyxij" + "ABEZHIKMNOPTYXo", strict=True)
)
"""Cyrillic and Greek letters that look like Latin ones."""
