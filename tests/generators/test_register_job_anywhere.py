"""Registering a job in files of any shape: generated ones, those of all installed packages, and what ruff says then."""

import ast
import re
import subprocess
import sys
import sysconfig
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dartian_cli.edits.register_job import Registration, register_job
from dartian_cli.errors import NotUnderstood
from tests.generators.init_shapes import PAIRS

JOB = Registration("app/jobs/__init__.py", "app.jobs", "process_podcast", "ProcessPodcast")

items = st.builds(
    lambda before, name, quote, after: f"{before}{quote}{name}{quote}{after}",
    st.sampled_from(["", " ", "\n    ", "\n\t", "\n    # above\n    "]),
    st.sampled_from(["A", "Zoom", "LIMIT", "pod", "Q2", "Q10", "é"]),
    st.sampled_from("\"'"),
    st.sampled_from(["", " ", "\n", "  # beside, ]\n"]),
)


@st.composite
def lists(draw: st.DrawFn) -> str:
    drawn = draw(st.lists(items, max_size=5))
    opens, closes = draw(st.sampled_from(["[]", "()"]))
    needs_comma = opens == "(" and len(drawn) == 1
    comma = "," if drawn and (needs_comma or draw(st.booleans())) else ""
    return f"{opens}{','.join(drawn)}{comma}{draw(st.sampled_from(['', chr(10), '  # end' + chr(10)]))}{closes}"


@st.composite
def sums(draw: st.DrawFn) -> str:
    terms = draw(st.lists(st.one_of(lists(), st.sampled_from(["m1.__all__", "list(names)"])), max_size=2))
    return " + ".join([*terms[:1], draw(lists()), *terms[1:]])


imports = st.sampled_from(
    [
        "# isort: off\nfrom .m{} import M{}\n# isort: on\n",
        "from .m{} import M{}  # isort: skip\n",
        "# isort: split\n\f\n",
        "# fmt: off\nfrom .m{} import   M{}\n# fmt: on\n",
        "from .process_podcast import LIMIT{}, x{}\n",
        "try:\n    from .m{} import M{}\nexcept ImportError:\n\tpass\n",
        "\ffrom .m{} import *; x = {}\n",
        "from .m{} import M{}\n",
        "from app.jobs.m{} import M{}  # why\n",
        "# section\nfrom .m{} import (\n    M{},\n)\n",
        "import m{}, n{}\n",
        "from . import m{}; x = {}\n",
    ]
)
files = st.builds(
    lambda top, lines, name, value, end, newline: (
        top + "".join(line.format(number, number) for number, line in lines) + name + value + end
    ).replace("\n", newline),
    st.sampled_from(
        ["", "# licence\n", '"""Jobs."""\n', '#!x\n\n"""Jobs."""  # why\n\nfrom __future__ import annotations\n']
    ),
    st.lists(st.tuples(st.integers(0, 20), imports), max_size=4),
    st.sampled_from(["__all__ = ", "\n__all__: list[str] = ", "\n\n__all__ = ", "\n\f\n__all__ = "]),
    sums(),
    st.sampled_from(
        [
            "",
            "\n",
            "; y = 1\n",
            "  # end\n\n\ndef f():\n    pass\n",
            "\n__all__ += m1.__all__\n",
            "\n__all__ += ['Q']\n",
        ]
    ),
    st.sampled_from(["\n", "\r\n", "\r", "\r\n\n"]),
)


@settings(deadline=None)
@given(files, st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_whatever_the_file_looks_like_it_is_registered_once(text: str, bom: bytes) -> None:
    content = bom + text.encode()
    result = register_job(content, JOB)
    assert register_job(result, JOB) == result
    assert is_more_than(result, content)
    tree = ast.parse(result)
    bound = [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert bound.count("ProcessPodcast") == 1
    assert [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)].count("ProcessPodcast") == 1


def is_more_than(result: bytes, content: bytes) -> bool:
    """Whether taking bytes out of the result, and few, gives the content."""
    left = iter(result)
    return all(byte in left for byte in content) and len(result) - len(content) < 300


def test_every_package_that_is_installed_is_edited_or_refused_with_what_to_paste() -> None:
    """Files that nobody wrote for this test: whatever happens, only an import and a name are added."""
    site = Path(sysconfig.get_path("purelib"))
    outcomes: Counter[str] = Counter()
    for path in sorted(site.rglob("__init__.py")):
        parts = path.relative_to(site).parent.parts
        if all(part.isidentifier() for part in parts):
            outcomes[outcome(str(path), path.read_bytes(), ".".join(parts))] += 1
    assert outcomes["edited"] > 100, outcomes  # what is installed differs: Python 3.12 and later bring no setuptools
    assert outcomes["refused"] > 5, outcomes
    assert outcomes["as it was"] <= 3, outcomes  # a loop gives these packages all their names
    assert outcomes["edited"] > 8 * outcomes["refused"], outcomes


def outcome(path: str, content: bytes, package: str) -> str:
    job = Registration(path, package, "process_podcast", "ProcessPodcast")
    try:
        result = register_job(content, job)
    except NotUnderstood as refusal:
        first, second, snippet = str(refusal).splitlines()
        assert re.match(rf"{re.escape(path)}:\d+: ", first), first
        assert second.startswith("Nothing was changed. Paste this line")
        assert snippet == f"from {package}.process_podcast import ProcessPodcast"
        return "refused"
    if result == content:
        return "as it was"
    assert register_job(result, job) == result
    assert is_more_than(result, content), path
    tree = ast.parse(result)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [alias.name for node in imports for alias in node.names].count("ProcessPodcast") == 1
    return "edited"


FORMATTED = [case for case, (before, _) in PAIRS.items() if before is None or not re.search("[\r\f]", before)]


def test_what_ruff_passed_it_passes_still(tmp_path: Path) -> None:
    """Sorted imports, sorted ``__all__``, no undefined or unused names, and the formatting."""
    config = tmp_path / "ruff.toml"
    config.write_text('line-length = 88\n[lint.isort]\nknown-first-party = ["app"]\n')
    for number, case in enumerate(FORMATTED):
        before, after = PAIRS[case]
        for when, text in (("before", before or ""), ("after", after)):
            folder = tmp_path / f"n{number}" / when
            folder.mkdir(parents=True)
            (folder / "__init__.py").write_text(text)
    checked = ruff(tmp_path, "check", "--select", "I,RUF022,F", "--output-format", "concise")
    formatted = ruff(tmp_path, "format", "--check")
    found: dict[str, set[str]] = {}
    for line in [*checked, *formatted]:
        if place := re.search(r"(n\d+/(?:before|after))/__init__\.py(?::\d+:\d+: (\S+))?", line):
            found.setdefault(place[1], set()).add(place[2] or "format")
    worse = {
        case: new
        for number, case in enumerate(FORMATTED)
        if (new := found.get(f"n{number}/after", set()) - found.get(f"n{number}/before", set()))
    }
    assert worse == {}
    clean = sum(f"n{number}/before" not in found for number in range(len(FORMATTED)))
    assert clean >= 20, "too few of the files pass to begin with"


def ruff(folder: Path, *arguments: str) -> list[str]:
    command = [sys.executable, "-m", "ruff", *arguments, "--no-cache", "--config", "ruff.toml", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines()
