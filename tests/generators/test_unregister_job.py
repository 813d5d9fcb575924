"""Taking a job out of files that people wrote by hand: what registering it adds goes, to the byte, and nothing else."""

import ast
import re
import sysconfig
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dartian_cli.edits.register_job import Registration, register_job
from dartian_cli.edits.source import Source
from dartian_cli.edits.unregister_job import registered_at, unregister_job
from dartian_cli.errors import BrokenSource, CliError, NotUnderstood
from tests.generators.init_shapes import IMPORT, LAZY, PAIRS, RELATIVE, THREE
from tests.generators.test_register_job_anywhere import files

JOB = Registration("app/jobs/__init__.py", "app.jobs", "process_podcast", "ProcessPodcast")
LONG_A = '"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"'

TWO_WAYS: dict[str, str] = {
    "missing": '"""The jobs of this application."""\n',
    "an open empty list": "",
    "half registered by hand: imported, not exported": '__all__ = ["A"]\n',
    "half registered by hand: exported, not imported": "__all__ = []\n",
    "a docstring, then code right below": '"""Jobs."""\n\nx = 1\n',
    "multi-line with a comment an item, no last comma": (
        'from .a import A\n\n__all__ = [\n    # ours\n    "A",  # the first\n    # the end\n]\n'
    ),
    "__all__ as a tuple of one, first": '__all__ = (\n    "Z",\n)\n',
    "__all__ as a bare tuple of one, first": '__all__ = (\n    "Z",\n)\n',
    "__all__ too long for a line": f'__all__ = [\n    {LONG_A},\n    "BBBBBBBBBBBBBBBBBBBB",\n]\n',
    "__all__ as a bare tuple too long for a line": f'__all__ = (\n    {LONG_A},\n    "Zbbbbbbbbbbbbbbbbbbbb",\n)\n',
    "half registered by hand: something else of its module, too long for a line": (
        "from .process_podcast import (\n    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,\n)\n\n__all__ = []\n"
    ),
}
"""What comes of files that may have been this or the pair's before, as nothing in them can tell; lines stay broken."""


@pytest.mark.parametrize("case", PAIRS)
def test_what_was_registered_is_taken_out_again_to_the_byte(case: str) -> None:
    before, after = PAIRS[case]
    result = unregister_job(after.encode(), JOB)
    assert result.decode() == TWO_WAYS.get(case, before)
    assert unregister_job(result, JOB) == result, "a second time is no edit"


def test_there_is_no_way_but_one_for_most() -> None:
    assert TWO_WAYS.keys() < PAIRS.keys()
    assert all(TWO_WAYS[case] != PAIRS[case][0] for case in TWO_WAYS), "it needs no exception any more"


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\r\n", "\r"])
@pytest.mark.parametrize("case", [case for case, (_, after) in PAIRS.items() if "\r" not in after])
def test_it_is_taken_out_with_other_line_endings(case: str, newline: str, bom: bytes) -> None:
    before, after = PAIRS[case]
    wanted = bom + (TWO_WAYS.get(case, before) or "").replace("\n", newline).encode()
    if newline.encode() in wanted:
        assert unregister_job(bom + after.replace("\n", newline).encode(), JOB) == wanted


BY_HAND: dict[str, tuple[str, str]] = {
    "not registered": ("from .a import A\n", "from .a import A\n"),
    "empty": ("", ""),
    "another class of its module": ("from .process_podcast import Other\n", "from .process_podcast import Other\n"),
    "under another name": (f"{RELATIVE[:-1]} as PP\n", f"{RELATIVE[:-1]} as PP\n"),
    "the same name of another module": ("from .z import ProcessPodcast\n", "from .z import ProcessPodcast\n"),
    "its own import of two": (
        "from .process_podcast import (\n    LIMIT,  # most\n    ProcessPodcast,  # ours\n)\n",
        "from .process_podcast import (\n    LIMIT,  # most\n)\n",
    ),
    "the first of a bare import": (
        "from .process_podcast import ProcessPodcast, run\n",
        "from .process_podcast import run\n",
    ),
    "a comment beside it": (f"{RELATIVE[:-1]}  # why\nx = 1\n", "x = 1\n"),
    "not where it belongs": (
        f'from .z import Z\n\n\n{RELATIVE}\n__all__ = ["Z", "ProcessPodcast"]\n',
        'from .z import Z\n\n\n__all__ = ["Z"]\n',
    ),
    "the last line of the file": (f"import os\n\n{RELATIVE}", "import os\n"),
    "the first of two in a tuple": ('__all__ = ("ProcessPodcast", "Z")\n', '__all__ = ("Z",)\n'),
    "the first of two in a bare tuple": ('__all__ = "ProcessPodcast", "Z"\n', '__all__ = "Z",\n'),
    "the only one of a tuple": ('__all__ = ("ProcessPodcast",)\nx = 1\n', "__all__ = ()\nx = 1\n"),
    "the only one of a bare tuple": ('__all__ = "ProcessPodcast",\nx = 1\n', "__all__ = ()\nx = 1\n"),
    "a comma at the end of the line": ('__all__ = ["A", "ProcessPodcast",]\n', '__all__ = ["A",]\n'),
    "items in brackets": ('__all__ = ["A", ("ProcessPodcast"), "Z"]\n', '__all__ = ["A", "Z"]\n'),
    "a comment that the only item leaves": (
        "__all__ = [  # end\n    'ProcessPodcast',\n]\n",
        "__all__ = [  # end\n]\n",
    ),
    "a comment alone is kept": (
        '__all__ = [\n    # audio\n    "ProcessPodcast",\n    # video\n]\n',
        "__all__ = [\n    # audio\n    # video\n]\n",
    ),
    "a comment beside an item, none beside the next": (
        '__all__ = [\n    "ProcessPodcast",  # ours\n    "Z",\n]\n',
        '__all__ = [\n    "Z",\n]\n',
    ),
    "a comment beside the one above, no last comma": (
        '__all__ = ["A",  # first\n    "ProcessPodcast"\n]\n',
        '__all__ = ["A"  # first\n]\n',
    ),
    "a comment beside the one above, the bracket behind": (
        '__all__ = ["A",  # first\n    "ProcessPodcast"]\n',
        '__all__ = ["A"  # first\n    ]\n',
    ),
    "a comment beside both": (
        '__all__ = ["A", "ProcessPodcast",  # both\n    "Z"]\n',
        '__all__ = ["A",  # both\n    "Z"]\n',
    ),
    "the first on its line, another beside it": (
        '__all__ = [\n    "A",\n    "ProcessPodcast", "Z",\n]\n',
        '__all__ = [\n    "A",\n    "Z",\n]\n',
    ),
    "no space after the commas": ('__all__ = ["A", "ProcessPodcast","Z"]\n', '__all__ = ["A","Z"]\n'),
    "in what is added": (
        '__all__ = ["A"]\n__all__ += ["ProcessPodcast", "B"]\n',
        '__all__ = ["A"]\n__all__ += ["B"]\n',
    ),
    "twice": ('__all__ = ["ProcessPodcast", "A"] + ["ProcessPodcast"]\n', '__all__ = ["A"] + []\n'),
    "an annotated list": (
        f'{IMPORT}\n__all__: list[str] = ["ProcessPodcast"]\n',
        "__all__: list[str] = []\n",
    ),
    "for type checkers only": (
        f"if TYPE_CHECKING:\n    {RELATIVE}\n__all__ = ['ProcessPodcast', 'x']\n",
        f"if TYPE_CHECKING:\n    {RELATIVE}\n__all__ = ['x']\n",
    ),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_what_was_registered_by_hand_is_taken_out(case: str) -> None:
    before, after = BY_HAND[case]
    assert unregister_job(before.encode(), JOB).decode() == after


REFUSED: dict[str, tuple[str, type[CliError], str]] = {
    "no Python": ("def f(:\n", BrokenSource, "app/jobs/__init__.py:1:7: invalid syntax"),
    "a statement that shares its line": (f"x = 1; {RELATIVE}", NotUnderstood, "app/jobs/__init__.py:1: "),
    "a statement that another one follows": (f"{RELATIVE[:-1]}; x = 1\n", NotUnderstood, "app/jobs/__init__.py:1: "),
    "__all__ grows item by item": (
        f"{IMPORT}__all__ = []\n__all__.append('ProcessPodcast')\n",
        NotUnderstood,
        "app/jobs/__init__.py:2: ",
    ),
    "__all__ computed": (
        f"{IMPORT}__all__ = [n for n in x] + ['ProcessPodcast']\n",
        NotUnderstood,
        "app/jobs/__init__.py:2: ",
    ),
    "__all__ in an if": (f"{IMPORT}if x:\n    __all__ = ['ProcessPodcast']\n", NotUnderstood, "__init__.py:3: "),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_understood_is_left_alone(case: str) -> None:
    content, error, said = REFUSED[case]
    with pytest.raises(CliError) as refusal:
        unregister_job(content.encode(), JOB)
    assert type(refusal.value) is error
    assert said in str(refusal.value)
    if error is NotUnderstood:
        assert str(refusal.value).splitlines()[1] == (
            "Nothing was changed. Take its import and its name in __all__ out by hand, and run the command again."
        )


def test_a_file_that_knows_the_name_lazily_is_as_it_was() -> None:
    content = f"_LAZY = {{'ProcessPodcast': '.process_podcast'}}{LAZY}".encode()
    assert unregister_job(content, JOB) == content


def test_where_a_job_is_registered() -> None:
    text = f"{THREE}\n__all__ = ['A', 'ProcessPodcast', 'Z']\nif x:\n    {RELATIVE}"
    found = [text[start:end] for start, end in registered_at(Source("x.py", text.encode()), JOB)]
    assert found == [RELATIVE.strip(), "'ProcessPodcast'"]
    text = "from .process_podcast import LIMIT, ProcessPodcast\n"
    found = [text[start:end] for start, end in registered_at(Source("x.py", text.encode()), JOB)]
    assert found == ["ProcessPodcast"]


def test_two_thousand_jobs_are_no_trouble() -> None:
    imports = "".join(f"from app.jobs.j{number:04} import J{number:04}\n" for number in range(2000))
    exports = "".join(f'    "J{number:04}",\n' for number in range(2000))
    before = f"{imports}\n__all__ = [\n{exports}]\n".encode()
    assert unregister_job(register_job(before, JOB), JOB) == before


@settings(deadline=None)
@given(files, st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_whatever_the_file_looks_like_it_is_as_before(text: str, bom: bytes) -> None:
    before = bom + text.encode()
    after = register_job(before, JOB)
    result = unregister_job(after, JOB)
    assert is_like(result, before), result
    assert tree(register_job(result, JOB)) == tree(after), "registered again it is what it was"


def is_like(result: bytes, before: bytes) -> bool:
    """Whether the two are the same, or differ as they may: by what a line is broken with, or an empty ``__all__``."""
    if result == before:
        return True
    if tree(result) == tree(before):
        return loose(result) == loose(before)
    return re.search(rb"__all__ = \[\s*\]\s*$", before) is not None and b"__all__" not in result


def tree(content: bytes) -> str:
    return ast.dump(ast.parse(content))


def loose(content: bytes) -> bytes:
    return re.sub(rb"[\s,()]", b"", content)


def test_in_every_package_that_is_installed_nothing_else_is_lost() -> None:
    """Files that nobody wrote for this test are, after both edits, what they were, to the byte but for line breaks."""
    site = Path(sysconfig.get_path("purelib"))
    outcomes: Counter[str] = Counter()
    for path in sorted(site.rglob("__init__.py")):
        parts = path.relative_to(site).parent.parts
        if all(part.isidentifier() for part in parts):
            job = Registration(str(path), ".".join(parts), "process_podcast", "ProcessPodcast")
            outcomes[outcome(path.read_bytes(), job)] += 1
    assert outcomes["the same"] > 100, outcomes
    assert outcomes["the same"] > 20 * outcomes["alike"], outcomes


def outcome(before: bytes, job: Registration) -> str:
    try:
        after = register_job(before, job)
    except NotUnderstood:
        return "not registered"
    result = unregister_job(after, job)
    assert is_like(result, before), job.path
    return "the same" if result == before else "alike"
