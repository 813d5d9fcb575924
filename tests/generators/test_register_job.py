"""Registering a job in files that people wrote by hand: pairs of before and after, and what is refused."""

from textwrap import dedent

import msgspec
import pytest

from dartian_cli.edits.register_job import Registration, register_job
from dartian_cli.errors import BrokenSource, CliError, Conflict, NotUnderstood
from dartian_cli.generators.job import plan_job
from dartian_cli.plan import run
from dartian_cli.project import Project
from dartian_cli.style import Style
from tests.generators.init_shapes import EXPORT, IMPORT, LAZY, PAIRS, SAME, THREE

JOB = Registration("app/jobs/__init__.py", "app.jobs", "process_podcast", "ProcessPodcast")


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


REFUSED: dict[str, tuple[bytes, type[CliError], str]] = {
    "syntax errors": (
        b"def f(:\n",
        BrokenSource,
        "app/jobs/__init__.py:1:7: invalid syntax\nCorrect it first; nothing was changed.",
    ),
    "merge-conflict markers": (
        b"import a\n<<<<<<< HEAD\nimport b\n=======\n>>>>>>> x\n",
        BrokenSource,
        ":2:1: an unresolved merge conflict",
    ),
    "merge-conflict markers, three ways": (
        b"<<<<<<< HEAD\nA\n||||||| base\n=======\nB\n>>>>>>> x\n",
        BrokenSource,
        ":1:1: an unresolved merge conflict",
    ),
    "undeclared encodings: in the first line": (b"# \xe9\n", BrokenSource, "app/jobs/__init__.py:1"),
    "undeclared encodings: in a comment": (b"x = 1\n# \xe9\n", BrokenSource, "__init__.py:2"),
    "undeclared encodings: CR only": (b"x = 1\r'\xe9'\r", BrokenSource, "__init__.py:2"),
    "undeclared encodings: UTF-16": (
        "__all__ = []\n".encode("utf-16"),
        BrokenSource,
        "app/jobs/__init__.py:1: UTF-16, which is no Python\nSave it as UTF-8; nothing was changed.",
    ),
    "a BOM with another cookie": (b"\xef\xbb\xbf# coding: latin-1\n__all__ = []\n", BrokenSource, "__init__.py:1"),
    "an encoding that nobody knows": (b"# coding: nonsense\n", BrokenSource, "app/jobs/__init__.py"),
    "null bytes": (b"a\0b", BrokenSource, "null bytes"),
    "__all__ computed: a comprehension": (
        b"__all__ = [n for n in x]\n",
        NotUnderstood,
        "__init__.py:1: __all__ is computed, or changed in several places, "
        "so ProcessPodcast is not registered by guesswork",
    ),
    "__all__ computed: another module's": (b"__all__ = b.__all__\n", NotUnderstood, "py:1: __all__ is computed"),
    "__all__ computed: imported": (
        b"from .api import *\nfrom .api import __all__\n",
        NotUnderstood,
        "py:2: __all__ is",
    ),
    "__all__ computed: split": (b"__all__ = 'A B'.split()\n", NotUnderstood, "py:1: __all__ is computed"),
    "__all__ computed: append": (b"__all__ = []\n__all__.append('a')\n", NotUnderstood, "py:2: __all__ is computed"),
    "__all__ computed: extend in a loop": (
        b"__all__ = ['A']\nfor m in ms:\n    __all__.extend(m.__all__)\n",
        NotUnderstood,
        "py:3: __all__ is computed",
    ),
    "__all__ computed: augmented in a loop": (
        b"__all__ = ['A']\nfor m in ms:\n    __all__ += [m]\n",
        NotUnderstood,
        "py:3: __all__ is computed",
    ),
    "__all__ computed: concatenated with a comprehension": (
        b"__all__ = ['A'] + [n for n in x]\n",
        NotUnderstood,
        "py:1: __all__ is computed",
    ),
    "__all__ computed: shortened": (
        b"__all__ = ['A']\n__all__.remove('A')\n",
        NotUnderstood,
        "py:2: __all__ is computed",
    ),
    "__all__ computed: sorted later": (
        b"__all__ = ['A']\n__all__.sort()\n",
        NotUnderstood,
        "py:2: __all__ is computed",
    ),
    "__all__ computed: given away": (b"__all__ = ['A']\nf(__all__)\n", NotUnderstood, "py:2: __all__ is computed"),
    "__all__ computed: by two names": (b"__all__ = names = ['A']\n", NotUnderstood, "py:1: __all__ is computed"),
    "__all__ twice": (b"__all__ = []\n__all__ = []\n", NotUnderstood, "py:2: __all__ is computed"),
    "__all__ twice: in a try": (
        b"__all__ = ['A']\ntry:\n    __all__ = []\nfinally: pass\n",
        NotUnderstood,
        "py:3: __all__ is computed",
    ),
    "__all__ in an if": (b"if x:\n    __all__ = []\n", NotUnderstood, "__init__.py:2: __all__ is computed"),
    "__all__ with items in parentheses": (
        b"__all__ = [('A'), 'B']\n",
        NotUnderstood,
        "py:1: too unusual a list to be edited safely",
    ),
    "lazy __getattr__": (
        b"def __getattr__(n): ...\n",
        NotUnderstood,
        "py:1: the names are loaded lazily by __getattr__, so ProcessPodcast is not registered by guesswork",
    ),
    "lazy __getattr__ with a map": (
        f"_LAZY = {{'A': '.a'}}{LAZY}".encode(),
        NotUnderstood,
        "py:3: the names are loaded lazily",
    ),
    "lazy __getattr__ beside imports": (
        f"from .b import B{LAZY}".encode(),
        NotUnderstood,
        "py:3: the names are loaded",
    ),
    "lazy __getattr__ that is attached": (
        b"__getattr__, __dir__, __all__ = attach(__name__, {'a': ['A']})\n",
        NotUnderstood,
        "py:1: the names are loaded lazily",
    ),
    "lazy, the module replaced": (
        b"import sys\nsys.modules[__name__] = Lazy()\n",
        NotUnderstood,
        "py:2: the names are loaded lazily",
    ),
    "TYPE_CHECKING only": (
        b"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .process_podcast import ProcessPodcast\n",
        NotUnderstood,
        "__init__.py:3: ProcessPodcast is imported for type checkers only",
    ),
    "thousand-term expressions, fifteen": (
        b"y = 1\nx = " + b" + ".join([b"1"] * 15_000) + b"\n__all__ = []\n",
        NotUnderstood,
        "py:2: nested too deeply to be read",
    ),
    "a name bound to something else": (b"ProcessPodcast = 1\n", Conflict, ":1: ProcessPodcast means something else"),
    "a name bound to something else: an exception": (
        b"try:\n    pass\nexcept E as ProcessPodcast:\n    pass\n",
        Conflict,
        "means something else",
    ),
    "a name bound to something else: a class": (
        b"class ProcessPodcast: ...\n",
        Conflict,
        ":1: ProcessPodcast means something else",
    ),
    "a name bound to something else: an import": (
        b"from .other import ProcessPodcast\n",
        Conflict,
        ":1: ProcessPodcast is imported from app.jobs.other",
    ),
    "a name bound to something else: an alias": (b"import x as ProcessPodcast\n", Conflict, "means something else"),
    "the module's name bound to something else: a function": (
        b"from .a import A\n\ndef process_podcast(): ...\n",
        Conflict,
        "jobs/__init__.py:3: process_podcast means something else, so it cannot be the name of the job's module too\n"
        "Choose another name, or rename what is there.",
    ),
    "the module's name bound to something else: an import": (
        b"from app.audio import process_podcast\n",
        Conflict,
        "py:1: process_podcast is imported from app.audio, so it cannot be the name of the job's module",
    ),
    "a name bound to something else: a loop": (b"for ProcessPodcast in x: pass\n", Conflict, "means something else"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_understood_is_left_alone(case: str) -> None:
    content, error, said = REFUSED[case]
    with pytest.raises(CliError) as refusal:
        register_job(content, JOB)
    assert type(refusal.value) is error
    assert said in str(refusal.value)
    lines = str(refusal.value).splitlines()
    assert len(lines) <= 3
    if error is NotUnderstood:
        assert lines[2] == IMPORT.strip()
        assert "run the command again" in lines[1]


@pytest.mark.parametrize("case", [case for case in REFUSED if case.startswith(("lazy", "__all__ computed"))])
def test_what_was_refused_and_then_pasted_is_a_registration(case: str) -> None:
    content, _, _ = REFUSED[case]
    pasted = IMPORT.encode() + content + b"__all__.append('ProcessPodcast')\n"
    assert register_job(pasted, JOB) == pasted


def test_what_was_imported_by_hand_but_not_exported_says_what_is_missing() -> None:
    with pytest.raises(NotUnderstood) as refusal:
        register_job(f"{THREE}\n__all__ = ['A']\n__all__.append('Z')\n".encode(), JOB)
    assert str(refusal.value).splitlines() == [
        "app/jobs/__init__.py:6: __all__ is computed, or changed in several places, "
        "so ProcessPodcast is not registered by guesswork",
        "Nothing was changed. It is imported; add it to __all__, and run the command again:",
        '"ProcessPodcast",',
    ]


@pytest.mark.parametrize(
    "line", ["from . import process_podcast", "import app\n\nfrom app.jobs import process_podcast"]
)
def test_a_module_that_is_imported_by_its_package_means_nothing_else(line: str) -> None:
    result = register_job(f"{line}\n".encode(), JOB)
    assert b"process_podcast import ProcessPodcast as ProcessPodcast\n" in result


def test_a_bom_with_a_cookie_is_kept() -> None:
    content = b'\xef\xbb\xbf# coding: utf-8\nfrom .a import A  # \xc3\xa9\n\n__all__ = ["A"]\n'
    added = content.replace(b"\n\n", b"\nfrom .process_podcast import ProcessPodcast\n\n")
    assert register_job(content, JOB) == added.replace(b'"A"', b'"A", "ProcessPodcast"')


def test_an_import_too_long_for_the_project_is_written_as_formatters_do() -> None:
    job = msgspec.structs.replace(JOB, style=Style(line_length=50))
    assert register_job(b"", job).decode() == (
        f"from app.jobs.process_podcast import (\n    ProcessPodcast,\n)\n\n{EXPORT}"
    )
    assert register_job(b"x = 1\r\n", job).decode() == (
        "from app.jobs.process_podcast import (\r\n    ProcessPodcast as ProcessPodcast,\r\n)\r\n\r\nx = 1\r\n"
    )


SINGLE = Style(quote="'", indent="\t")
CLOSED = Style(quote="'", magic_comma=False)
NEW = f'"""Jobs."""\n\n{IMPORT}\n'
STYLED = {
    "a new one": (SINGLE, '"""Jobs."""\n', f"{NEW}__all__ = [\n\t'ProcessPodcast',\n]\n"),
    "a new one, closed": (CLOSED, '"""Jobs."""\n', f"{NEW}__all__ = ['ProcessPodcast']\n"),
    "an empty list": (SINGLE, "__all__ = []\n", f"{IMPORT}\n__all__ = [\n\t'ProcessPodcast',\n]\n"),
    "an empty list, closed": (CLOSED, "__all__ = []\n", f"{IMPORT}\n__all__ = ['ProcessPodcast']\n"),
    "an empty list with room": (SINGLE, "__all__ = [\n]\n", f"{IMPORT}\n__all__ = [\n\t'ProcessPodcast',\n]\n"),
    "an empty tuple": (SINGLE, "__all__ = ()\n", f"{IMPORT}\n__all__ = ('ProcessPodcast',)\n"),
    "what the file has wins": (SINGLE, f'{NEW}__all__ = ["A"]\n', f'{NEW}__all__ = ["A", "ProcessPodcast"]\n'),
    "a line that is full": (
        msgspec.structs.replace(SINGLE, line_length=45),
        f"{IMPORT}\n__all__ = ['APodcast', 'BPodcast']\n",
        f"{IMPORT}\n__all__ = [\n\t'APodcast',\n\t'BPodcast',\n\t'ProcessPodcast',\n]\n",
    ),
}


@pytest.mark.parametrize("case", STYLED)
def test_the_style_of_the_project_is_that_of_what_is_new(case: str) -> None:
    style, before, after = STYLED[case]
    job = msgspec.structs.replace(JOB, style=style)
    assert register_job(before.encode(), job).decode() == after
    assert register_job(before.replace("\n", "\r\n").encode(), job).decode() == after.replace("\n", "\r\n")


def test_the_modules_of_the_project_are_kept_apart_from_third_parties() -> None:
    content = b"import requests\n\nfrom config import C\n\n__all__ = ['C']\n"
    result = register_job(content, msgspec.structs.replace(JOB, own=("app", "config"))).decode()
    assert result.startswith(f"import requests\n\n{IMPORT}from config import C\n\n")


@pytest.mark.parametrize("case", SAME)
def test_what_is_registered_in_whatever_way_stays_as_it_is(case: str) -> None:
    content = SAME[case].encode()
    assert register_job(content, JOB) == content


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


def test_two_nested_jobs_of_one_class_name_have_each_their_own_package(project: Project) -> None:
    for name in ("podcasts/Process", "videos/Process"):
        run(project, lambda workspace, name=name: plan_job(workspace, name))
    for package in ("podcasts", "videos"):
        content = (project.root / "app" / "jobs" / package / "__init__.py").read_text()
        assert content == (
            f'"""The {package} jobs."""\n\nfrom app.jobs.{package}.process import Process\n\n'
            '__all__ = [\n    "Process",\n]\n'
        )
    assert "Process" not in (project.root / "app" / "jobs" / "__init__.py").read_text()


def test_the_project_says_how_long_a_line_is_and_what_is_its_own(project: Project) -> None:
    for path, content in {
        "pyproject.toml": '[tool.dartian]\njobs = "app/jobs"\n[tool.ruff]\nline-length = 50\n',
        "billing.py": "",
        "app/jobs/__init__.py": "import requests\n\nfrom billing import Bill\n\n__all__ = ['Bill']\n",
    }.items():
        (project.root / path).parent.mkdir(parents=True, exist_ok=True)
        (project.root / path).write_text(content)
    run(Project.at(project.root), lambda workspace: plan_job(workspace, "ProcessPodcast"))
    assert (project.root / "app" / "jobs" / "__init__.py").read_text() == (
        "import requests\n\nfrom app.jobs.process_podcast import (\n    ProcessPodcast,\n)\n"
        "from billing import Bill\n\n__all__ = ['Bill', 'ProcessPodcast']\n"
    )
