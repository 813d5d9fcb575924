"""Copies of packages that nobody wrote for these tests: each is a project in which one class is a job."""

import ast
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path

import msgspec

from dartian_cli.edits.job_fields import read_job
from dartian_cli.edits.source import Source, parse
from dartian_cli.errors import CliError
from tests.faults.instruments import FULL

__all__ = ["Copy", "copies", "packages"]

SITE = Path(sysconfig.get_path("purelib"))
LARGEST = 2_500_000 if FULL else 700_000
"""Bytes of source: of what is larger, all commands together take seconds, with the long fault suite alone."""

CHOICES = 8
"""Classes of a package that are tried: not each of them can have another field, or be without its own."""

_NAME = re.compile(r"[A-Z][a-z]+\w+")


class Copy(msgspec.Struct, frozen=True):
    """A package as a project."""

    package: str
    files: Mapping[str, bytes]
    path: str
    """The file of the class that is a job."""
    class_name: str
    field: str
    """One of its fields; empty where it has none."""

    @property
    def stem(self) -> str:
        """The name of the job's module."""
        return Path(self.path).stem


def packages(largest: int = LARGEST) -> list[str]:
    """Return the packages of the test environment that have a module besides, and no more source; small ones first."""
    found = [path.parent for path in SITE.glob("*/__init__.py") if path.parent.name.isidentifier()]
    sizes = {path.name: [file.stat().st_size for file in path.rglob("*.py")] for path in found}
    found_sizes = {name: sum(size) for name, size in sizes.items() if len(size) > 1}
    return sorted((name for name, size in found_sizes.items() if size < largest), key=lambda name: found_sizes[name])


@cache
def files_of(package: str) -> dict[str, bytes]:
    """Return the modules of a package, below the folder that it lies in."""
    paths = (path for path in sorted((SITE / package).rglob("*.py")) if "__pycache__" not in path.parts)
    return {path.relative_to(SITE).as_posix(): path.read_bytes() for path in paths}


@cache
def copies(package: str) -> list[Copy]:
    """Return the package as some projects, with another class that is made a job in each; none where there is none.

    First come those with fields and without a constructor, the one that is named most often before the others.
    """
    return list(islice(_copies(package), CHOICES))


def _copies(package: str) -> Iterator[Copy]:
    files = files_of(package)
    classes = list(_classes(files))
    counts = Counter(name for _, name, _ in classes)
    words = Counter(re.findall(rb"\w+", b"\n".join(files.values())))
    usable = [each for each in classes if counts[each[1]] == 1 and _NAME.fullmatch(each[1])]
    for path, name, _ in sorted(usable, key=lambda each: (each[2], -words[each[1].encode()], each)):
        content = _as_job(files[path], name)
        try:
            fields = [field.name for field in read_job(Source(path, content), name).fields]
        except CliError:
            continue  # its fields are computed
        pyproject = f'[project]\nname = "copy"\n\n[tool.dartian]\njobs = "{package}"\n'.encode()
        field = next((field for field in fields if not field.startswith("_")), "")
        yield Copy(package, {**files, path: content, "pyproject.toml": pyproject}, path, name, field)


def _classes(files: Mapping[str, bytes]) -> Iterator[tuple[str, str, tuple[bool, bool]]]:
    """Yield the classes at the top level of the files, each with how much it differs from a class with fields."""
    for path, content in files.items():
        try:
            tree = parse(path, content)
        except CliError:
            continue
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                has_init = any(isinstance(each, ast.FunctionDef) and each.name == "__init__" for each in node.body)
                has_fields = any(isinstance(each, ast.AnnAssign) for each in node.body)
                yield path, node.name, (has_init, not has_fields)


def _as_job(content: bytes, name: str) -> bytes:
    """Let a class extend Job, as somebody would who writes that by hand."""
    header = re.search(rb"^class " + name.encode() + rb"(\(\s*(\)?))?", content, re.MULTILINE)
    assert header is not None
    node = next(each for each in ast.parse(content).body if isinstance(each, ast.ClassDef) and each.name == name)
    line = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    before = content.splitlines(keepends=True)[: line - 1]
    at = sum(map(len, before))
    newline = b"\r\n" if before and before[-1].endswith(b"\r\n") else b"\n"
    job = b"(Job)" if header[1] is None else b"Job" if header[2] else b"Job, "
    end = header.end() - len(header[2] or b"")
    return content[:at] + b"from dartian_queue import Job" + newline + content[at:end] + job + content[end:]
