# ruff: noqa: E501 - a case is one line
"""``job:field``: a field is added, removed or renamed wherever that is certain, and payloads of old still load."""

import ast
from collections.abc import Callable
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dartian_cli.changes import Plan
from dartian_cli.errors import BrokenSource, CliError, Conflict, FieldRefused, NotUnderstood, Usage
from dartian_cli.generators.adding_fields import plan_add_fields
from dartian_cli.generators.job import plan_job
from dartian_cli.generators.removing_fields import plan_remove_fields
from dartian_cli.generators.renaming_field import plan_rename_field
from dartian_cli.testing import MemoryProject, Result
from dartian_cli.workspace import Workspace
from dartian_queue.job import Job, encode, load

PYPROJECT = '[tool.dartian]\njobs = "app/jobs"\n\n[tool.ruff]\nline-length = 120\n'
EMPTY = MemoryProject({"pyproject.toml": PYPROJECT, "app/__init__.py": "", "app/jobs/__init__.py": ""})
JOB = "app/jobs/publish.py"
CALLS = "app/calls.py"
HEAD = "from dartian_queue import Job\n\n\n"


def plan(workspace: Workspace, command: str) -> Plan:
    """Plan what would be typed behind ``job:field``."""
    name, action, *fields = command.replace(" --force", "").split()
    if action == "add":
        return plan_add_fields(workspace, name, fields)
    if action == "remove":
        return plan_remove_fields(workspace, name, fields, force=command.endswith(" --force"))
    return plan_rename_field(workspace, name, *fields)


def project(files: dict[str, str]) -> MemoryProject:
    return EMPTY.with_files({path: dedent(text) for path, text in files.items()})


def changed(command: str, job: str, calls: str = "", more: dict[str, str] | None = None) -> Result:
    files = {JOB: job, **({CALLS: calls} if calls else {}), **(more or {})}
    return project(files).run(plan, command)


def body(text: str) -> str:
    return HEAD + dedent(text).lstrip("\n")


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        pytest.param(
            "Publish add quality:str=high",
            "class Publish(Job):\n    podcast_id: int\n\n    def handle(self) -> None: ...\n",
            'class Publish(Job):\n    podcast_id: int\n    quality: str = "high"\n\n    def handle(self) -> None: ...\n',
            id="behind the last",
        ),
        pytest.param(
            "Publish add quality:str? size:int=3",
            "class Publish(Job):\n\ta: int  # first\n\n\tb: int = 1\n\t'''Second.'''\n",
            "class Publish(Job):\n\ta: int  # first\n\n\tb: int = 1\n\t'''Second.'''\n\n\tquality: str | None = None\n"
            "\n\tsize: int = 3\n",
            id="in the style of its neighbours",
        ),
        pytest.param(
            "Publish add size:int=3",
            'class Publish(Job):\n    """Publish."""\n\n    def handle(self) -> None: ...\n',
            'class Publish(Job):\n    """Publish."""\n\n    size: int = 3\n\n    def handle(self) -> None: ...\n',
            id="the first field",
        ),
        pytest.param(
            "Publish add size:int=3",
            "class Publish(Job):\n    # work\n    def handle(self) -> None: ...",
            "class Publish(Job):\n    size: int = 3\n\n    # work\n    def handle(self) -> None: ...",
            id="the first field without a docstring",
        ),
        pytest.param(
            "Publish add size:int=3",
            "class Publish(Job):\n    pass  # nothing yet\n",
            "class Publish(Job):\n    size: int = 3  # nothing yet\n",
            id="the first field, where there is nothing",
        ),
        pytest.param(
            "Publish add size:int=3 b:int=4",
            'class Publish(Job):\n    """Publish."""\n\n    ...\n',
            'class Publish(Job):\n    """Publish."""\n\n    size: int = 3\n    b: int = 4\n',
            id="the first field, where there are dots",
        ),
        pytest.param(
            "Publish add size:int=3",
            "class Publish(Job): ...\nx = 1\n",
            "class Publish(Job):\n    size: int = 3\nx = 1\n",
            id="the first field, where there are dots on the same line",
        ),
        pytest.param(
            "Publish remove a",
            "class Publish(Job):\n    a: int\n\n    pass\n",
            'class Publish(Job, removed_fields=["a"]):\n\n    pass\n',
            id="beside what says nothing",
        ),
        pytest.param(
            "Publish add size:int=3",
            "class Publish(Job):\n    def __init__(self, path: str) -> None:\n        self.path = path\n",
            "class Publish(Job):\n    def __init__(self, path: str, size: int = 3) -> None:\n        self.path = path\n"
            "        self.size = size\n",
            id="a parameter",
        ),
        pytest.param(
            "Publish add size:int=3",
            "class Publish(Job):\n    def __init__(\n        self,\n        path: str,\n        *,\n        b: int,\n    ) -> None:\n"
            "        self.path = path\n",
            "class Publish(Job):\n    def __init__(\n        self,\n        path: str,\n        *,\n        b: int,\n"
            "        size: int = 3,\n    ) -> None:\n        self.path = path\n        self.size = size\n",
            id="a parameter by name",
        ),
        pytest.param(
            "Publish remove quality",
            "class Publish(Job):\n    a: int\n    # how good\n    quality: str\n    b: int\n",
            'class Publish(Job, removed_fields=["quality"]):\n    a: int\n    b: int\n',
            id="with its comment",
        ),
        pytest.param(
            "Publish remove a",
            "class Publish(Job):\n    # what is published\n    a: int\n    b: int\n",
            'class Publish(Job, removed_fields=["a"]):\n    # what is published\n    b: int\n',
            id="without the heading of all",
        ),
        pytest.param(
            "Publish remove a b",
            "class Publish(Job):\n    a: int\n    b: int = (\n        1\n    )\n    '''The second.'''\n",
            'class Publish(Job, removed_fields=["a", "b"]):\n    pass\n',
            id="all of them",
        ),
        pytest.param(
            "Publish remove a",
            'class Publish(Job, renamed_fields={"x": "a", "y": "b"}):\n    a: int\n    b: int\n',
            'class Publish(Job, renamed_fields={"y": "b"}, removed_fields=["a", "x"]):\n    b: int\n',
            id="with the names that it had",
        ),
        pytest.param(
            "Publish remove a",
            'class Publish(Job, renamed_fields={"x": "a"}, tries=3):\n    a: int\n    b: int\n',
            'class Publish(Job, tries=3, removed_fields=["a", "x"]):\n    b: int\n',
            id="with the only name that it had",
        ),
        pytest.param(
            "Publish rename a c",
            "class Publish(Job, tags=['{a}:{{a}}:{b}', 'a']):\n    a: int = 1  # a\n    b: int = 2\n\n"
            "    def handle(self) -> None:\n        a = self.a\n        print(f'{self.a} {a}', lambda: self.a, other.a)\n\n"
            "    @staticmethod\n    def look(self) -> None:\n        self.a\n",
            "class Publish(Job, tags=['{c}:{{a}}:{b}', 'a'], renamed_fields={\"a\": \"c\"}):\n    c: int = 1  # a\n"
            "    b: int = 2\n\n"
            "    def handle(self) -> None:\n        a = self.c\n        print(f'{self.c} {a}', lambda: self.c, other.a)\n\n"
            "    @staticmethod\n    def look(self) -> None:\n        self.a\n",
            id="in its methods",
        ),
        pytest.param(
            "Publish rename b c",
            'class Publish(Job, renamed_fields={"a": "b"}):\n    b: int\n',
            'class Publish(Job, renamed_fields={"a": "c", "b": "c"}):\n    c: int\n',
            id="twice",
        ),
        pytest.param(
            "Publish rename b a",
            'class Publish(Job, renamed_fields={\n    "a": "b",  # once\n    "x": "b",\n}):\n    b: int\n',
            'class Publish(Job, renamed_fields={\n    "b": "a",  # once\n    "x": "a",\n}):\n    a: int\n',
            id="back",
        ),
        pytest.param(
            "Publish rename a c",
            "class Publish(Job):\n    def __init__(self, a: int, b: int) -> None:\n        self.a = a.real\n        a = b\n\n"
            "    def handle(self) -> None:\n        print(self.a)\n",
            "class Publish(Job, renamed_fields={\"a\": \"c\"}):\n    def __init__(self, c: int, b: int) -> None:\n"
            "        self.a = c.real\n        c = b\n\n    def handle(self) -> None:\n        print(self.a)\n",
            id="a parameter, by scope",
        ),
        pytest.param(
            "Publish rename a c",
            "class Publish(Job):\n    a: int\n\n    def __init__(self, a: int) -> None:\n        self.a = a\n\n"
            "    def handle(self) -> None:\n        print(self.a, other.a)\n",
            "class Publish(Job, renamed_fields={\"a\": \"c\"}):\n    c: int\n\n    def __init__(self, c: int) -> None:\n"
            "        self.c = c\n\n    def handle(self) -> None:\n        print(self.c, other.a)\n",
            id="a parameter, and the attribute that keeps it",
        ),
        pytest.param(
            "Publish rename a c",
            "class Publish(Job):\n    def __init__(it, *, a: int = 1) -> None:\n        it.a: int = a\n        it.b = it.a\n",
            "class Publish(Job, renamed_fields={\"a\": \"c\"}):\n    def __init__(it, *, c: int = 1) -> None:\n"
            "        it.c: int = c\n        it.b = it.c\n",
            id="a parameter, and the annotated attribute that keeps it",
        ),
        pytest.param(
            "Publish rename a c",
            "class Publish(Job):\n    def __init__(self, a: int) -> None:\n        other.a = self.b = a\n\n"
            "    def look(self) -> int:\n        self.a = 1\n        return self.a\n",
            "class Publish(Job, renamed_fields={\"a\": \"c\"}):\n    def __init__(self, c: int) -> None:\n"
            "        other.a = self.b = c\n\n    def look(self) -> int:\n        self.a = 1\n        return self.a\n",
            id="a parameter, and no attribute that is something else",
        ),
    ],
)  # fmt: skip
def test_the_class_is_edited_as_its_author_would(command: str, before: str, after: str) -> None:
    result = changed(command, HEAD + before)
    assert result.project.text(JOB) == HEAD + after
    assert set(result.verbs.values()) == {"edit"}


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        ("add at:Decimal?", "from dartian_queue import Job\n", "from decimal import Decimal\n\nfrom dartian_queue import Job\n"),
        ("add b:list[int]=[]", "from dartian_queue import Job\n", "from dartian_queue import Job, field\n"),
        ("add b:list[int]=[]", "from dartian_queue.job import Job\n", "from dartian_queue import field\nfrom dartian_queue.job import Job\n"),
        ("add at:Decimal?", "from decimal import Decimal\n\nfrom dartian_queue import Job\n", "from decimal import Decimal\n\nfrom dartian_queue import Job\n"),
        ("add at:Path?", "import os\nimport sys\n\nfrom dartian_queue import Job\n", "import os\nimport sys\nfrom pathlib import Path\n\nfrom dartian_queue import Job\n"),
    ],
)  # fmt: skip
def test_what_a_new_field_needs_is_imported(command: str, before: str, after: str) -> None:
    text = changed(f"Publish {command}", f"{before}\n\nclass Publish(Job):\n    a: int\n").project.text(JOB)
    assert text.partition("\n\nclass")[0] == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from decimal import Decimal\n\nfrom dartian_queue import Job\n", "from dartian_queue import Job\n"),
        ("from decimal import Context, Decimal\n\nfrom dartian_queue import Job\n\nprint(Context)\n", "from decimal import Context\n\nfrom dartian_queue import Job\n\nprint(Context)\n"),
        ("from decimal import Decimal  # noqa: F401\n\nfrom dartian_queue import Job\n", "from decimal import Decimal  # noqa: F401\n\nfrom dartian_queue import Job\n"),
        ("from decimal import Decimal\n\nfrom dartian_queue import Job\n\nprint(Decimal)\n", "from decimal import Decimal\n\nfrom dartian_queue import Job\n\nprint(Decimal)\n"),
        ('from decimal import Decimal\n\nfrom dartian_queue import Job\n\n__all__ = ["Decimal"]\n', 'from decimal import Decimal\n\nfrom dartian_queue import Job\n\n__all__ = ["Decimal"]\n'),
    ],
)  # fmt: skip
def test_an_import_that_nothing_needs_any_more_goes(before: str, after: str) -> None:
    text = changed("Publish remove at", f"{before}\n\nclass Publish(Job):\n    a: int\n    at: Decimal\n").project.text(
        JOB
    )
    assert text.partition("\n\nclass")[0] == after


def test_an_import_that_another_module_has_from_here_stays() -> None:
    job = "from decimal import Decimal\n\nfrom dartian_queue import Job\n\n\nclass Publish(Job):\n    at: Decimal\n"
    result = changed("Publish remove at", job, "from app.jobs.publish import Decimal\n")
    assert result.project.text(JOB).startswith("from decimal import Decimal\n")


THREE = body("""
    class Publish(Job):
        podcast: int
        quality: str = "high"
        at: str = "now"
    """)


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        ("rename podcast id_", "Publish(podcast=podcast, at=podcast)", "Publish(id_=podcast, at=podcast)"),
        ("rename podcast id_", "Publish(1)", "Publish(1)"),
        ("rename podcast id_", "Publish(quality=Publish(podcast=1))", "Publish(quality=Publish(id_=1))"),
        ("rename podcast id_", "Publish.podcast", "Publish.id_"),
        ("rename podcast id_", "Other(podcast=1)", "Other(podcast=1)"),
        ("rename podcast id_", "q.assert_dispatched(Publish, where=lambda job: job.podcast == 1)",
         "q.assert_dispatched(Publish, where=lambda job: job.id_ == 1)"),
        ("remove quality", 'Publish(1, "low", "later")', 'Publish(1, "later")'),
        ("remove quality", 'Publish(1, quality="low")', "Publish(1)"),
        ("remove quality", 'Publish(quality="low", podcast=1)', "Publish(podcast=1)"),
        ("remove quality", "Publish(1)", "Publish(1)"),
        ("remove podcast", "Publish(1)", "Publish()"),
        ("remove podcast", "Publish( 1 , 'low' )", "Publish( 'low' )"),
        ("remove at", "Publish(1, 'low',\n    'later')", "Publish(1, 'low')"),
        ("remove at", "Publish(\n    1,  # one\n    'low',\n    'later',  # gone\n)", "Publish(\n    1,  # one\n    'low',\n)"),
        ("remove at", "Publish(*a, at='later')", "Publish(*a)"),
        ("remove at", "Publish(**a, at='later')", "Publish(**a)"),
        ("remove quality", "Publish(1, Publish(2, 'low', Publish(3, 'low')))", "Publish(1)"),
        ("remove podcast", "Publish(at=Publish(podcast=1, at=Publish(1)))", "Publish(at=Publish(at=Publish()))"),
        ("remove podcast", "f'{Publish(podcast=1)!r:>9}'", "f'{Publish()!r:>9}'"),
        ("remove quality", "Publish(1, (lambda a, b: a)('x', 'y'), at=f(1, 2))", "Publish(1, at=f(1, 2))"),
    ],
)  # fmt: skip
def test_calls_are_edited_by_scope(command: str, before: str, after: str) -> None:
    start = "from app.jobs.publish import Publish\n\nmade = "
    result = changed(f"Publish {command}", THREE, f"{start}{before}\n")
    assert result.project.text(CALLS) == f"{start}{after}\n"


@pytest.mark.parametrize(
    "calls",
    [
        "import app.jobs.publish\n\nmade = app.jobs.publish.Publish({0}=1)\n",
        "import app.jobs.publish as p\n\nmade = p.Publish({0}=1)\n",
        "from app.jobs import publish\n\nmade = publish.Publish({0}=1)\n",
        "from app.jobs.publish import Publish as P\n\nmade = P({0}=1)\n",
        "from .jobs.publish import Publish\n\nmade = Publish({0}=1)\n",
        "from app.jobs.publish import *\n\nmade = Publish({0}=1)\n",
        "def make():\n    from app.jobs.publish import Publish\n\n    return [Publish({0}=each) for each in (1, 2)]\n",
        "from app.jobs.publish import Publish\n\nmatch 1:\n    case Publish({0}=1):\n        pass\n",
    ],
)
def test_every_way_to_name_the_class_is_followed(calls: str) -> None:
    result = changed("Publish rename podcast id_", THREE, calls.format("podcast"))
    assert result.project.text(CALLS) == calls.format("id_")


def test_a_name_that_merely_looks_the_same_is_not_touched() -> None:
    calls = """\
        from app.jobs.publish import Publish

        class Local:
            podcast = 1

        def make(Publish, podcast):
            return Publish(podcast=podcast), Local.podcast, {"podcast": 1}
        """
    result = changed("Publish rename podcast id_", THREE, calls)
    result.assert_unchanged(CALLS)
    assert result.plan.notes == ("look at .podcast, which may be this field: app/calls.py:7",)


FAMILY = body("""
    class Publish(Job, tags=["{podcast}"]):
        podcast: int
        quality: str = "high"
    """)
LATER = """\
    from app.jobs.publish import Publish


    class Later(Publish, tags=["later:{podcast}"]):
        at: str = "now"

        def handle(self) -> None:
            print(self.podcast)


    class Own(Publish):
        def __init__(self, number: int) -> None:
            super().__init__(podcast=number, quality="low")


    made = [Later(1, "low", "later"), Later(podcast=1, quality="low"), Own(1)]
    """


def test_classes_that_extend_it_follow() -> None:
    result = changed("Publish rename podcast id_", FAMILY, more={"app/jobs/later.py": LATER})
    assert result.project.text("app/jobs/later.py") == dedent(LATER).replace("{podcast}", "{id_}").replace(
        "self.podcast", "self.id_"
    ).replace("podcast=", "id_=")
    result = changed("Publish remove quality", FAMILY, more={"app/jobs/later.py": LATER})
    assert result.project.text("app/jobs/later.py") == dedent(LATER).replace(', quality="low"', "").replace(
        'Later(1, "low", "later")', 'Later(1, "later")'
    )


def test_a_field_that_is_inherited_is_changed_where_it_is_declared() -> None:
    files = {JOB: FAMILY, "app/jobs/later.py": LATER}
    refusal = project(files).assert_refuses(Usage, plan, "Later rename podcast id_")
    assert str(refusal) == (
        "Later.podcast is declared in app/jobs/publish.py:5\nRun: dartian job:field Publish rename podcast id_"
    )


@pytest.mark.parametrize(
    ("command", "job", "calls", "error", "told"),
    [
        ("Publish remove quality", "    quality: str\n\n    def handle(self) -> None:\n        print(self.quality)\n", "",
         Conflict, "Publish.quality is still needed: app/jobs/publish.py:8\n"
         "Change what is there first, or add --force: it is left as it is then."),
        ("Publish remove quality", "    a: int\n    quality: str\n", "Publish(*values)", Conflict,
         "Publish.quality is still needed: app/calls.py:3 (may give it by *)\n"),
        ("Publish remove quality", "    a: int\n    quality: str\n", "Publish(**values)", Conflict,
         "app/calls.py:3 (may give it by **)"),
        ("Publish remove quality", "    a: int\n    quality: str = ''\n", "Publish.quality", Conflict,
         "app/calls.py:3 (reads it from the class)"),
        ("Publish remove quality", "    a: int\n    quality: str = ''\n", "partial(Publish, quality=1)", Conflict,
         "app/calls.py:3 (gives it with the class)"),
        ("Publish remove quality", "    a: int\n    quality: str = ''\n", "functools.partial(Publish, 1, 'x')", Conflict,
         "app/calls.py:3 (hands it on with values by position)"),
        ("Publish remove quality", "    a: int\n    quality: str = ''\n", "list(map(Publish, *rows))", Conflict,
         "app/calls.py:3 (hands it on with values by position)"),
        ("Publish remove qualty", "    quality: str\n", "", Usage,
         "app/jobs/publish.py:4: Publish has no field 'qualty'; did you mean 'quality'?"),
        ("Publsh remove quality", "    quality: str\n", "", Usage,
         "There is no job 'Publsh' in app/jobs; did you mean 'Publish'?\nTo see them all: dartian job:list"),
        ("Publish rename a b", "    a: int\n    b: int\n", "", Conflict,
         "app/jobs/publish.py:6: Publish has a b already\nChoose another name."),
        ("Publish rename a handle", "    a: int\n", "", FieldRefused, "that name belongs to the job itself"),
        ("Publish rename a look", "    a: int\n\n    def look(self) -> None: ...\n", "", Conflict, ":7: Publish has a look already"),
        ("Publish rename a b", "    a: int\n\n    def look(self) -> None:\n        self.b = 1\n", "", Conflict,
         ":8: Publish has a b already"),
        ("Publish rename a int", "    a: int\n", "", Conflict, ":5: a type or a default needs int itself\nTry int_value"),
        ("Publish rename a b", "    def __init__(self, a: int) -> None:\n        b = a\n", "", Conflict,
         ":6: Publish has a b already"),
        ("Publish add quality:str", "    a: int\n", "", FieldRefused,
         "The field quality needs a default: jobs that wait already have no value for it\n"
         "Write quality:str=high, or quality:str? for None"),
        ("Publish add a:str=x", "    a: int\n", "", Conflict,
         ":5: Publish has a field a already, and another one\nEdit it there, or choose another name."),
        ("Publish add tags:list[int]=[]", "    def __init__(self, a: int) -> None:\n        self.a = a\n", "", NotUnderstood,
         ":5: Publish has an __init__, where a default of each job needs a line of its own\n"),
        ("Publish add at:Decimal?", "    a: int\n\n\nDecimal = int\n", "", Conflict,
         ":8: Decimal means something else, and the field needs that of decimal\n"),
        ("Publish add b:int=1", "    if True:\n        a: int\n", "", NotUnderstood,
         ":5: Publish declares fields in a block, so they are not changed by guesswork\n"),
        ("Publish add b:int=1", "    a: int; c: int = 2\n", "", NotUnderstood,
         ":5: the body of Publish shares its line, so it is not edited by guesswork\n"
         "Nothing was changed. Paste this into the class:\nb: int = 1"),
        ("Publish remove a", "    a: int; c: int = 2\n", "", NotUnderstood, "Nothing was changed. Take a out by hand."),
    ],
)  # fmt: skip
def test_what_is_not_certain_is_refused_with_its_place(
    command: str, job: str, calls: str, error: type[CliError], told: str
) -> None:
    files = {
        JOB: f"{HEAD}class Publish(Job):\n{job}",
        CALLS: f"from app.jobs.publish import Publish\n\nx = {calls or 1}\n",
    }
    assert told in str(EMPTY.with_files(files).assert_refuses(error, plan, command))


@pytest.mark.parametrize(
    ("command", "header", "told"),
    [
        ("add b:int=1", '(Job, removed_fields=["b"])', "Publish had a field b once"),
        ("rename a b", '(Job, removed_fields=["b"])', "Publish had a field b once"),
        ("rename a b", '(Job, renamed_fields={"b": "c"})', "Publish had a field b once"),
        ("rename a b", "(Job, renamed_fields=OLD)", "app/jobs/publish.py:4: renamed_fields is computed"),
        ("remove a", "(Job, removed_fields=[*OLD])", "app/jobs/publish.py:4: removed_fields is computed"),
        ("remove a", '(Job, tags=["{a}"])', "Publish.a is still needed: app/jobs/publish.py:4\n"),
    ],
)
def test_what_the_class_says_of_its_fields_is_heeded(command: str, header: str, told: str) -> None:
    files = {JOB: f"{HEAD}class Publish{header}:\n    a: int\n    c: int\n"}
    assert told in str(EMPTY.with_files(files).assert_refuses(CliError, plan, f"Publish {command}"))


@pytest.mark.parametrize("name", ["Publish", "publish", "app/jobs/publish.py"])
def test_a_job_whose_own_file_does_not_parse_is_not_said_to_be_missing(name: str) -> None:
    files = EMPTY.with_files({JOB: f"{HEAD}class Publish(Job):\n    a: int\n\n    def handle(self) -> None: (\n"})
    refusal = files.assert_refuses(BrokenSource, plan, f"{name} add b:int=1")
    assert str(refusal).startswith("app/jobs/publish.py:7:31: '(' was never closed")


@pytest.mark.parametrize(
    "call", ["partial(Publish, 1)", "partial(Publish)", "isinstance(Publish, type, x)", "map(f, x, Publish)"]
)
def test_a_class_that_is_handed_on_without_the_field_is_in_nobodys_way(call: str) -> None:
    job = body("class Publish(Job):\n    a: int\n    quality: str = ''\n\n    def handle(self) -> None: ...\n")
    calls = f"from app.jobs.publish import Publish\n\n{call}\n"
    changed("Publish remove quality", job, calls).assert_unchanged(CALLS)


def test_what_extends_it_inside_a_function_is_told() -> None:
    calls = "from app.jobs.publish import Publish\n\n\ndef make():\n    class Other(Publish):\n        pass\n\n    return Other(1)\n"
    refusal = EMPTY.with_files({JOB: THREE, CALLS: calls}).assert_refuses(Conflict, plan, "Publish remove podcast")
    assert "app/calls.py:5 (Other extends it inside a block)" in str(refusal)
    notes = changed("Publish rename podcast id_", THREE, calls).plan.notes
    assert notes == ("left as it is, and may be podcast: app/calls.py:5 (Other extends it inside a block)",)


def test_a_mixin_has_no_fields_and_what_is_unknown_may_have_some() -> None:
    mixin = "class Logs:\n    level: int = 3\n\n\nclass Publish(Logs, Job):\n    a: int\n"
    calls = "from app.jobs.publish import Publish\n\nmade = Publish(1)\n"
    assert changed("Publish remove a", HEAD + mixin, calls).project.text(CALLS).endswith("made = Publish()\n")
    unknown = f"from elsewhere import Logs\n\n{HEAD}class Publish(Logs, Job):\n    a: int\n"
    refusal = EMPTY.with_files({JOB: unknown, CALLS: calls}).assert_refuses(Conflict, plan, "Publish remove a")
    assert "app/calls.py:3 (gives fields by position, and their order is not known)" in str(refusal)
    changed("Publish rename a b", unknown, calls).assert_unchanged(CALLS)


@pytest.mark.parametrize(
    "job",
    ["from enum import Enum\n\n\nclass Publish(Enum):\n    a: int = 1\n", "class Publish(Exception):\n    a: int\n"],
)
def test_what_is_no_job_is_left_alone(job: str) -> None:
    refusal = EMPTY.with_files({JOB: job}).assert_refuses(Usage, plan, "Publish rename a b")
    assert str(refusal).endswith(": Publish is no job: it does not extend Job")


def test_a_file_that_does_not_parse_is_named_and_left_out() -> None:
    result = changed("Publish rename podcast id_", THREE, "from app.jobs.publish import Publish\n\nPublish(podcast=1\n")
    assert result.plan.notes == ("not looked into: app/calls.py:3:8: '(' was never closed",)


def test_a_string_that_says_the_name_is_told() -> None:
    job = f"{HEAD}class Publish(Job):\n    a: int\n\n    def handle(self) -> None:\n        print(getattr(self, 'a'))\n"
    assert changed("Publish rename a b", job).plan.notes == (
        "left as it is, and may be a: app/jobs/publish.py:8 (says it in a string)",
    )


def test_a_field_that_is_needed_goes_by_force_and_the_places_are_told() -> None:
    job = f"{HEAD}class Publish(Job):\n    quality: str\n\n    def handle(self) -> None:\n        print(self.quality)\n"
    result = changed("Publish remove quality --force", job, "from app.jobs.publish import Publish\n\nPublish(f(1))\n")
    assert (
        result.plan.notes
        == (
            "left as it is, and needs quality: app/jobs/publish.py:8",
            "app/calls.py:3: f(1) is not computed any more",
        )[::-1]
    )
    assert "print(self.quality)" in result.project.text(JOB)
    assert result.project.text(CALLS).endswith("\nPublish()\n")


def test_a_new_field_shifts_none_of_a_class_that_extends_the_job() -> None:
    files = {JOB: FAMILY, "app/jobs/later.py": LATER}
    refusal = project(files).assert_refuses(Conflict, plan, "Publish add size:int=1")
    assert str(refusal) == (
        "app/jobs/later.py:4: Later extends Publish, and it is made with fields by position\n"
        "A new field would stand before its own ones. Add it to Later, or make those keyword-only: field(kw_only=True)"
    )


def test_a_new_field_takes_no_value_that_is_left_over() -> None:
    files = {
        JOB: f"{HEAD}class Publish(Job):\n    a: int = 0\n",
        CALLS: "from app.jobs import publish\n\npublish.Publish(1, 2)\n",
    }
    refusal = project(files).assert_refuses(Conflict, plan, "Publish add size:int=1")
    assert str(refusal) == (
        "app/calls.py:3: 2 given to Publish by position, which has a\n"
        "The new field would take what is left over. Change the call first."
    )


def test_fields_behind_a_mark_are_never_given_by_position() -> None:
    job = "from dataclasses import KW_ONLY\n\nfrom dartian_queue import Job\n\n\nclass Publish(Job):\n    a: int\n    _: KW_ONLY\n    b: int\n"
    calls = "from app.jobs.publish import Publish\n\nmade = Publish(1, b=2)\n"
    assert changed("Publish remove b", job, calls).project.text(CALLS).endswith("Publish(1)\n")
    assert changed("Publish add c:int=1", job, calls).project.text(JOB) == f"{job}    c: int = 1\n"


def test_the_generated_job_and_its_test_follow() -> None:
    made = EMPTY.run(plan_job, "Publish", ["podcast:int", "due:date"], {"tags": ["p:{podcast}"]}).project
    before = made.text("tests/jobs/test_publish.py")
    result = made.run(plan, "Publish rename podcast podcast_id")
    assert result.project.text("tests/jobs/test_publish.py") == before.replace("podcast=", "podcast_id=")
    assert 'tags=["p:{podcast_id}"], renamed_fields={"podcast": "podcast_id"}' in result.project.text(JOB)
    result = made.run(plan, "Publish remove due")
    assert "return Publish(podcast=1)" in result.project.text("tests/jobs/test_publish.py")
    assert "datetime" not in result.project.text("tests/jobs/test_publish.py") + result.project.text(JOB)


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "cr": lambda text: text.replace("\n", "\r").encode(),
    "bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "latin-1": lambda text: ("# coding: latin-1\n" + text + "# caf\xe9\n").encode("latin-1"),
    "tabs": lambda text: text.replace("    ", "\t").encode(),
    "form feeds": lambda text: text.replace("\nclass", "\n\x0c\nclass").encode(),
    "no newline at the end": lambda text: text.rstrip("\n").encode(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("command", ["rename a c", "remove a", "add d:int=1"])
def test_every_other_byte_stays(command: str, encoding: str) -> None:
    job = (
        (
            "from dartian_queue import Job\n\n\nclass Publish(Job, tries=3):  # é\n    a: int\n    b: int = 2\n\n"
            "    def look(self) -> None:  # sehr schön\n        print('é', self.b)\n"
        )
        .replace("é", "e" if encoding == "cr" else "\xe9")
        .replace("ö", "\xf6")
    )
    calls = "from app.jobs.publish import Publish\n\nmade = Publish(a=1,   b=2) ;x = 1  # spaced\n"
    encoded = ENCODINGS[encoding]
    plain = EMPTY.with_files({JOB: job, CALLS: calls}).run(plan, f"Publish {command}").project
    result = EMPTY.with_files({JOB: encoded(job), CALLS: encoded(calls)}).run(plan, f"Publish {command}").project
    for path in (JOB, CALLS):
        assert result.files[path] == encoded(plain.text(path))


NAMES = ("a", "b", "c", "d")


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    """Draw a job class, calls of it, and the names of its fields."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    required = draw(st.integers(0, len(names)))
    mark = draw(st.none() | st.integers(0, len(names)))
    own_init = draw(st.booleans())
    gap = draw(st.sampled_from(["", "    # about it\n", "\n"]))
    if own_init:
        parameters = [f"{name}: int" + ("" if index < required else f" = {index}") for index, name in enumerate(names)]
        separator = draw(st.sampled_from([", ", ",\n        "]))
        kept = "".join(f"        self.kept_{index} = 1\n" for index in range(1, 3))
        text = f"    def __init__(self, {separator.join(parameters)}) -> None:\n{kept}"
        mark = None
    else:
        lines = [
            f"{gap}    {name}: int" + ("" if index < required else f" = {index}") for index, name in enumerate(names)
        ]
        if mark is not None:
            lines.insert(mark, "    _: KW_ONLY")
        text = "\n".join(lines) + "\n"
    head = "from dataclasses import KW_ONLY\n\nfrom dartian_queue import Job\n\n\n"
    job = f"{head}class Publish(Job):\n{text}\n    def handle(self) -> None: ...\n"
    calls: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        most = len(names) if mark is None else mark
        by_position = draw(st.integers(0, most))
        rest = [
            name
            for index, name in enumerate(names)
            if index >= by_position and (index < required or draw(st.booleans()))
        ]
        given_ = [str(draw(st.integers(0, 9))) for _ in range(by_position)]
        given_ += [f"{name}={draw(st.integers(0, 9))}" for name in draw(st.permutations(rest))]
        comma = draw(st.sampled_from([", ", " ,", ",\n        ", ",  # why\n        "]))
        ending = draw(st.sampled_from(["", ",", ",\n    "])) if given_ else ""
        start = draw(st.sampled_from(["", "\n        "])) if given_ else ""
        calls.append(f"    Publish({start}{comma.join(given_)}{ending}),\n")
    return job, f"from app.jobs.publish import Publish\n\nmade = [\n{''.join(calls)}]\n", names


def run(files: MemoryProject) -> list[Job]:
    """Run the project's job and calls, and return the jobs that were made."""
    names: dict[str, object] = {}
    exec(files.text(JOB), names)
    exec(files.text(CALLS).partition("\n\n")[2], names)
    made = names["made"]
    assert isinstance(made, list)
    return made


def values(job: Job) -> dict[str, object]:
    from dartian_queue.job import values_of

    return values_of(job)


@settings(max_examples=60, deadline=None)
@given(programs(), st.data())
def test_calls_make_the_same_jobs_and_old_payloads_load(
    program: tuple[str, str, list[str]], data: st.DataObject
) -> None:
    job, calls, names = program
    field = data.draw(st.sampled_from(names))
    action = data.draw(st.sampled_from(["add", "remove", "rename"]))
    before = EMPTY.with_files({JOB: job, CALLS: calls})
    old = run(before)
    command = {"add": "add new:int=7", "remove": f"remove {field}", "rename": f"rename {field} new"}[action]
    after = before.run(plan, f"Publish {command}").project
    new = run(after)
    assert ast.dump(ast.parse(after.text(JOB))) != ast.dump(ast.parse(job))
    for was, now in zip(old, new, strict=True):
        wanted = values(was)
        if action == "add":
            wanted["new"] = 7
        else:
            moved = wanted.pop(field)
            wanted |= {"new": moved} if action == "rename" else {}
        assert values(now) == wanted
        assert values(load(type(now), encode(was))) == wanted


OWN_INIT = """\
class Publish(Job):
    def __init__(self, podcast: int) -> None:
        self.{kept} = podcast
"""
READS = """\
from app.jobs.publish import Publish

wanted = [job for job in jobs if isinstance(job, Publish)]
match wanted:
    case Publish(podcast=1): ...


class Later(Publish):
    def handle(self) -> None:
        print(self.podcast)
"""


def test_the_attribute_that_keeps_a_parameter_is_renamed_in_patterns_and_in_what_extends_the_job() -> None:
    result = changed("Publish rename podcast podcast_id", HEAD + OWN_INIT.format(kept="podcast"), READS)
    assert result.project.text(CALLS) == READS.replace("podcast=1", "podcast_id=1").replace(
        "self.podcast", "self.podcast_id"
    )


def test_an_attribute_that_is_not_the_parameter_is_told_and_left() -> None:
    result = changed("Publish rename podcast podcast_id", HEAD + OWN_INIT.format(kept="number"), READS)
    result.assert_unchanged(CALLS)
    assert result.plan.notes == ("left as it is, and may be podcast: app/calls.py:5 (matches it)",)


REACHED = {
    "the module": ("import datetime\n", "at:datetime?", "import datetime\n", "at: datetime.datetime | None = None"),
    "under another name": (
        "import datetime as dt\n",
        "at:list:date=[]",
        "import datetime as dt\n",
        "at: list[dt.date] = field(default_factory=list[dt.date])",
    ),
    "the name too": (
        "import datetime as dt\nfrom datetime import datetime\n",
        "at:datetime?",
        "import datetime as dt\nfrom datetime import datetime\n",
        "at: datetime | None = None",
    ),
    "a module of the project": (
        "import app.models\n",
        "at:app.models.Card?",
        "import app.models\n",
        "at: app.models.Card | None = None",
    ),
    "a class in a class": (
        "import app.models as models\n",
        "at:app.models.Card.Kind?",
        "import app.models as models\n",
        "at: models.Card.Kind | None = None",
    ),
    "a default that says the name": (
        "import app.models\n",
        "at:app.models.Rank=HIGH",
        "import app.models\n",
        "at: app.models.Rank = app.models.Rank.HIGH",
    ),
    "a name that is made anew": (
        "import decimal\ndecimal = decimal.getcontext()\n",
        "at:Decimal?",
        "import decimal\nfrom decimal import Decimal\ndecimal = decimal.getcontext()\n",
        "at: Decimal | None = None",
    ),
}
MODELS = "import enum\n\n\nclass Card(enum.Enum):\n    class Kind: ...\n\n\nclass Rank(enum.Enum):\n    HIGH = 1\n"


@pytest.mark.parametrize("case", REACHED)
def test_a_type_is_written_through_the_module_where_the_file_imports_that(case: str) -> None:
    imports, field, imports_after, declaration = REACHED[case]
    job = f"{imports}\nfrom dartian_queue import Job, field\n\n\nclass Publish(Job):\n    a: int\n"
    result = changed(f"Publish add {field}", job, more={"app/models.py": MODELS})
    text = result.project.text(JOB)
    assert text.endswith(f"class Publish(Job):\n    a: int\n    {declaration}\n")
    assert text.startswith(imports_after)


def test_a_module_that_is_imported_below_the_class_is_of_no_use_to_it() -> None:
    job = f"{HEAD}class Publish(Job):\n    a: int\n\n\nimport datetime\n"
    refusal = project({JOB: job}).assert_refuses(Conflict, plan, "Publish add at:datetime?")
    assert ":8: datetime means something else, and the field needs that of datetime" in str(refusal)
