"""Registering a job in files that people wrote by hand: pairs of before and after, and what is refused."""

import ast
import sysconfig
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dartian_cli.edits.register_job import Registration, register_job
from dartian_cli.errors import BrokenSource, CliError, Conflict, NotUnderstood

JOB = Registration("app/jobs/__init__.py", "app.jobs", "process_podcast", "ProcessPodcast")
IMPORT = "from app.jobs.process_podcast import ProcessPodcast\n"
EXPORT = '__all__ = [\n    "ProcessPodcast",\n]\n'

PAIRS: dict[str, tuple[str | None, str]] = {
    "missing": (None, f'"""The jobs of this application."""\n\n{IMPORT}\n{EXPORT}'),
    "empty": ("", f"{IMPORT}\n{EXPORT}"),
    "a licence only": ("# licence\n", f"# licence\n\n{IMPORT}\n{EXPORT}"),
    "a docstring only": ('"""Jobs."""\n', f'"""Jobs."""\n\n{IMPORT}\n{EXPORT}'),
    "a docstring without a newline": ('"""Jobs."""', f'"""Jobs."""\n\n{IMPORT}\n{EXPORT}'.removesuffix("\n")),
    "from __future__": (
        '"""Jobs."""\n\nfrom __future__ import annotations\n',
        f'"""Jobs."""\n\nfrom __future__ import annotations\n\n{IMPORT}\n{EXPORT}',
    ),
    "as dartian new writes it": (
        '"""Jobs."""\n\n__all__: list[str] = []\n',
        f'"""Jobs."""\n\n{IMPORT}\n__all__: list[str] = [\n    "ProcessPodcast",\n]\n',
    ),
    "an empty tuple": ("__all__ = ()\n", f'{IMPORT}\n__all__ = (\n    "ProcessPodcast",\n)\n'),
    "an open empty list": ("__all__ = [\n]\n", f"{IMPORT}\n{EXPORT}"),
    "sorted, between": (
        'from app.jobs.a import A\nfrom app.jobs.z import Z\n\n__all__ = ["A", "Z"]\n',
        f'from app.jobs.a import A\n{IMPORT}from app.jobs.z import Z\n\n__all__ = ["A", "ProcessPodcast", "Z"]\n',
    ),
    "sorted, capitals first as ruff has it": (
        '__all__ = ["HTTPServer", "PROMpt"]\n',
        f'{IMPORT}\n__all__ = ["HTTPServer", "PROMpt", "ProcessPodcast"]\n',
    ),
    "sorted, first": (
        'from app.jobs.z import Z\n\n__all__ = ["Z"]\n',
        f'{IMPORT}from app.jobs.z import Z\n\n__all__ = ["ProcessPodcast", "Z"]\n',
    ),
    "unsorted, last": (
        'from app.jobs.z import Z\nfrom app.jobs.a import A\n\n__all__ = ["Z", "A"]\n',
        f'from app.jobs.z import Z\nfrom app.jobs.a import A\n{IMPORT}\n__all__ = ["Z", "A", "ProcessPodcast"]\n',
    ),
    "relative, a line each, sorted without case": (
        'from .a import A\nfrom .z import z\n\n__all__ = [\n    "A",\n    "z",\n]\n',
        "from .a import A\nfrom .process_podcast import ProcessPodcast\nfrom .z import z\n\n"
        '__all__ = [\n    "A",\n    "ProcessPodcast",\n    "z",\n]\n',
    ),
    "a comment each, no last comma": (
        'from .a import A\n\n__all__ = [\n    # ours\n    "A"  # the first\n    # the end\n]\n',
        "from .a import A\nfrom .process_podcast import ProcessPodcast\n\n"
        '__all__ = [\n    # ours\n    "A",  # the first\n    "ProcessPodcast"\n    # the end\n]\n',
    ),
    "no last comma": (
        '__all__ = [\n    "A"\n]\n',
        f'{IMPORT}\n__all__ = [\n    "A",\n    "ProcessPodcast"\n]\n',
    ),
    "several a line": (
        '__all__ = [\n    "A", "C",\n    "D", "Z",\n]\n',
        f'{IMPORT}\n__all__ = [\n    "A", "C",\n    "D", "ProcessPodcast", "Z",\n]\n',
    ),
    "the bracket after the last": (
        '__all__ = ["A",\n           "B"]\n',
        f'{IMPORT}\n__all__ = ["A",\n           "B",\n           "ProcessPodcast"]\n',
    ),
    "single quotes, a bare tuple": ("__all__ = 'A', 'B'\n", f"{IMPORT}\n__all__ = 'A', 'B', 'ProcessPodcast'\n"),
    "a tuple of one": ('__all__ = ("A",)\n', f'{IMPORT}\n__all__ = ("A", "ProcessPodcast")\n'),
    "stars in the list": ('__all__ = [*a, "b"]\n', f'{IMPORT}\n__all__ = [*a, "b", "ProcessPodcast"]\n'),
    "constants before classes": (
        '__all__ = ["LIMIT", "Audio", "track"]\n',
        f'{IMPORT}\n__all__ = ["LIMIT", "Audio", "ProcessPodcast", "track"]\n',
    ),
    "tabs and CRLF": (
        'from .a import A\r\n\r\n__all__ = (\r\n\t"A",\r\n)\r\n',
        "from .a import A\r\nfrom .process_podcast import ProcessPodcast\r\n\r\n"
        '__all__ = (\r\n\t"A",\r\n\t"ProcessPodcast",\r\n)\r\n',
    ),
    "CR only": (
        'from .a import A\r__all__ = ["A"]\r',
        'from .a import A\rfrom .process_podcast import ProcessPodcast\r__all__ = ["A", "ProcessPodcast"]\r',
    ),
    "no final newline": (
        'from .a import A\n__all__ = ["A"]',
        'from .a import A\nfrom .process_podcast import ProcessPodcast\n__all__ = ["A", "ProcessPodcast"]',
    ),
    "section comments": (
        'from .a import A\n\n# audio\nfrom .z import Z\n\n__all__ = ["A", "Z"]\n',
        "from .a import A\nfrom .process_podcast import ProcessPodcast\n\n# audio\nfrom .z import Z\n\n"
        '__all__ = ["A", "ProcessPodcast", "Z"]\n',
    ),
    "a licence above the first import": (
        '#!/usr/bin/env python\n# licence\nfrom .z import Z\n\n__all__ = ["Z"]\n',
        "#!/usr/bin/env python\n# licence\nfrom .process_podcast import ProcessPodcast\nfrom .z import Z\n\n"
        '__all__ = ["ProcessPodcast", "Z"]\n',
    ),
    "an import over several lines": (
        'from .a import (\n    A,\n    B,\n)  # both\nfrom .z import Z\n\n__all__ = ["A", "B", "Z"]\n',
        "from .a import (\n    A,\n    B,\n)  # both\nfrom .process_podcast import ProcessPodcast\nfrom .z import Z\n\n"
        '__all__ = ["A", "B", "ProcessPodcast", "Z"]\n',
    ),
    "numbers as a person counts": (
        'from .step2 import A\nfrom .step10 import B\n\n__all__ = ["A", "B"]\n',
        "from .process_podcast import ProcessPodcast\nfrom .step2 import A\nfrom .step10 import B\n\n"
        '__all__ = ["A", "B", "ProcessPodcast"]\n',
    ),
    "after other imports, in a block of its own": (
        "import os\n\n__all__ = []\nprint(os)\n",
        f'import os\n\n{IMPORT}\n__all__ = [\n    "ProcessPodcast",\n]\nprint(os)\n',
    ),
    "no __all__: exported by its import": (
        "from .a import A\n\nA.register()\n",
        "from .a import A\nfrom .process_podcast import ProcessPodcast as ProcessPodcast\n\nA.register()\n",
    ),
    "imported by hand, not exported": (
        f'{IMPORT}\n__all__ = ["A"]\n',
        f'{IMPORT}\n__all__ = ["A", "ProcessPodcast"]\n',
    ),
    "exported by hand, not imported": (
        '__all__ = ["ProcessPodcast"]\n',
        f'{IMPORT}\n__all__ = ["ProcessPodcast"]\n',
    ),
    "an alias that is another name": (
        "from .process_podcast import ProcessPodcast as Old\n",
        "from .process_podcast import ProcessPodcast as Old\n"
        "from .process_podcast import ProcessPodcast as ProcessPodcast\n",
    ),
    "a try block of optional jobs": (
        "try:\n    from .a import A\nexcept ImportError:\n    A = None\n\n__all__ = ['A']\n",
        f"{IMPORT}\ntry:\n    from .a import A\nexcept ImportError:\n    A = None\n\n"
        "__all__ = ['A', 'ProcessPodcast']\n",
    ),
    "statements that share a line": (
        'x = """a\nb"""; from .a import A; __all__ = ["A"]\n',
        'x = """a\nb"""; from .a import A; __all__ = ["A", "ProcessPodcast"]\n'
        "from .process_podcast import ProcessPodcast\n",
    ),
    "letters beyond ASCII": (
        'from .a import A  # ünï\n\n__all__ = ["é", "A"]  # ça\n',
        "from .a import A  # ünï\nfrom .process_podcast import ProcessPodcast\n\n"
        '__all__ = ["é", "A", "ProcessPodcast"]  # ça\n',
    ),
}


@pytest.mark.parametrize("case", PAIRS)
def test_a_pair(case: str) -> None:
    before, after = PAIRS[case]
    content = None if before is None else before.encode()
    result = register_job(content, JOB)
    assert result.decode() == after
    assert register_job(result, JOB) == result, "a second time is no edit"


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\r\n", "\r"])
@pytest.mark.parametrize("case", [case for case, (before, _) in PAIRS.items() if before and "\r" not in before])
def test_a_pair_with_other_line_endings(case: str, newline: str, bom: bytes) -> None:
    before, after = (bom + (text or "").replace("\n", newline).encode() for text in PAIRS[case])
    if newline.encode() in before:
        assert register_job(before, JOB) == after


def test_a_bom_and_a_declared_encoding_are_kept() -> None:
    assert register_job(b"\xef\xbb\xbf__all__ = []\n", JOB) == b"\xef\xbb\xbf" + f"{IMPORT}\n{EXPORT}".encode()
    latin = b'# -*- coding: latin-1 -*-\n# \xe9\nfrom .a import A  # \xe9\n\n__all__ = ["\xe9"]\n'
    assert register_job(latin, JOB) == latin.replace(
        b"\n\n", b"\nfrom .process_podcast import ProcessPodcast\n\n"
    ).replace(b'["\xe9"]', b'["ProcessPodcast", "\xe9"]')


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (
            b"def f(:\n",
            BrokenSource,
            "app/jobs/__init__.py:1:7: invalid syntax\nCorrect it first; nothing was changed.",
        ),
        (b"import a\n<<<<<<< HEAD\nimport b\n=======\n>>>>>>> x\n", BrokenSource, ":2:1: an unresolved merge conflict"),
        (b"# \xe9\n", BrokenSource, "app/jobs/__init__.py:1"),
        (b"# coding: nonsense\n", BrokenSource, "app/jobs/__init__.py"),
        (b"a\0b", BrokenSource, "null bytes"),
        (b"__all__ = [n for n in x]\n", NotUnderstood, "__init__.py:1: __all__ is computed, or changed in several"),
        (b"\n__all__ = []\n__all__ += ['a']\n", NotUnderstood, "__init__.py:2: __all__ is computed"),
        (b"__all__ = ['a'] + b.__all__\n", NotUnderstood, "__all__ is computed"),
        (b"__all__ = []\n__all__ = []\n", NotUnderstood, "__all__ is computed"),
        (b"__all__ = []\n__all__.append('a')\n", NotUnderstood, "__all__ is computed"),
        (b"if x:\n    __all__ = []\n", NotUnderstood, "__init__.py:2: __all__ is computed"),
        (b"def __getattr__(n): ...\n", NotUnderstood, "the names are loaded lazily by __getattr__"),
        (
            b"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .process_podcast import ProcessPodcast\n",
            NotUnderstood,
            "__init__.py:3: ProcessPodcast is imported for type checkers only",
        ),
        (b"x = " + b" + ".join([b"1"] * 5000) + b"\n__all__ = []\n", NotUnderstood, "app/jobs/__init__.py"),
        (b"ProcessPodcast = 1\n", Conflict, ":1: ProcessPodcast means something else"),
        (b"try:\n    pass\nexcept E as ProcessPodcast:\n    pass\n", Conflict, "means something else"),
        (b"class ProcessPodcast: ...\n", Conflict, ":1: ProcessPodcast means something else"),
        (b"from .other import ProcessPodcast\n", Conflict, ":1: ProcessPodcast is imported from app.jobs.other"),
        (b"import x as ProcessPodcast\n", Conflict, "means something else"),
        (b"for ProcessPodcast in x: pass\n", Conflict, "means something else"),
    ],
)
def test_what_is_not_understood_is_left_alone(content: bytes, error: type[CliError], said: str) -> None:
    with pytest.raises(CliError) as refusal:
        register_job(content, JOB)
    assert type(refusal.value) is error
    assert said in str(refusal.value)
    lines = str(refusal.value).splitlines()
    assert len(lines) <= 3
    if error is NotUnderstood:
        assert lines[2] == IMPORT.strip()
        assert "run the command again" in lines[1]


@pytest.mark.parametrize("content", ["__all__ = [n for n in x]\n", "def __getattr__(n): ...\n"])
def test_what_was_pasted_by_hand_is_a_registration(content: str) -> None:
    pasted = (IMPORT + content).encode()
    assert register_job(pasted, JOB) == pasted


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


imports = st.sampled_from(
    [
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
    st.sampled_from(["__all__ = ", "\n__all__: list[str] = ", "\n\n__all__ = "]),
    lists(),
    st.sampled_from(["", "\n", "; y = 1\n", "  # end\n\n\ndef f():\n    pass\n"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)


@given(files, st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_whatever_the_file_looks_like_it_is_registered_once(text: str, bom: bytes) -> None:
    content = bom + text.encode()
    result = register_job(content, JOB)
    assert register_job(result, JOB) == result
    tree = ast.parse(result)
    bound = [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert bound.count("ProcessPodcast") == 1
    (exported,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and "__all__" in ast.unparse(node)
    )
    assert "ProcessPodcast" in ast.literal_eval(exported)


def test_every_package_that_is_installed_is_edited_or_left() -> None:
    """Files that nobody wrote for this test: whatever happens, only an import and a name are added."""
    site = Path(sysconfig.get_path("purelib"))
    edited = 0
    for path in sorted(site.glob("*/__init__.py")) + sorted(site.glob("*/*/__init__.py")):
        content = path.read_bytes()
        if len(content) > 60_000:
            continue
        package = ".".join(path.relative_to(site).parent.parts)
        job = Registration(str(path), package, "process_podcast", "ProcessPodcast")
        try:
            result = register_job(content, job)
        except NotUnderstood:
            continue
        edited += 1
        assert register_job(result, job) == result
        assert len(result) - len(content) < 250
        names = {
            alias.name
            for node in ast.walk(ast.parse(result))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert "ProcessPodcast" in names
    assert edited > 60  # what is installed differs: Python 3.12 and later bring no setuptools


def test_two_thousand_jobs_are_no_trouble() -> None:
    imports = "".join(f"from app.jobs.j{number:04} import J{number:04}\n" for number in range(2000))
    exports = "".join(f'    "J{number:04}",\n' for number in range(2000))
    result = register_job(f"{imports}\n__all__ = [\n{exports}]\n".encode(), JOB).decode()
    assert result == f'{imports}{IMPORT}\n__all__ = [\n{exports}    "ProcessPodcast",\n]\n'


def test_a_nested_package_says_whose_jobs_it_has() -> None:
    job = Registration("app/jobs/podcasts/__init__.py", "app.jobs.podcasts", "publish", "Publish")
    assert register_job(None, job).decode() == dedent(
        '''\
        """The podcasts jobs."""

        from app.jobs.podcasts.publish import Publish

        __all__ = [
            "Publish",
        ]
        '''
    )
