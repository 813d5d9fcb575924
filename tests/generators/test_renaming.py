"""``job:rename``: what means the class is renamed, everywhere; what merely looks the same is not touched."""

import ast
from textwrap import dedent

import pytest

from dartian_cli.errors import CliError, Conflict, Usage
from dartian_cli.generators.job import plan_job
from dartian_cli.generators.renaming import plan_rename
from dartian_cli.testing import MemoryProject, Result

EMPTY = MemoryProject({"pyproject.toml": '[tool.dartian]\njobs = "app/jobs"\n', "app/__init__.py": '"""App."""\n'})


def made(*names: str) -> MemoryProject:
    """Return a project with generated jobs."""
    project = EMPTY
    for name in names:
        project = project.run(plan_job, name, ["podcast_id:int"]).project
    return project


SHOP = made("ChargeCard", "ProcessPodcast", "SendWelcome", "podcasts/Publish")


def renamed(files: dict[str, str], *, strings: bool = False) -> Result:
    """Return what ProcessPodcast -> PrepareAudio does to the project with these files added."""
    project = SHOP.with_files({path: dedent(text) for path, text in files.items()})
    return project.run_once(plan_rename, "ProcessPodcast", "PrepareAudio", strings=strings)


def test_class_module_test_and_registration_are_renamed_and_the_old_name_stays_an_alias() -> None:
    result = renamed({})
    assert result.verbs == {
        "app/jobs/__init__.py": "edit",
        "app/jobs/process_podcast.py": "move",
        "tests/jobs/test_process_podcast.py": "move",
    }
    job = SHOP.text("app/jobs/process_podcast.py")
    job = job.replace("The job ProcessPodcast.", "The job PrepareAudio.").replace("Process podcast.", "Prepare audio.")
    job = job.replace("ProcessPodcast(Job)", 'PrepareAudio(Job, aliases=["ProcessPodcast"])')
    result.assert_moves("app/jobs/process_podcast.py", "app/jobs/prepare_audio.py", job)
    test = SHOP.text("tests/jobs/test_process_podcast.py").replace("ProcessPodcast", "PrepareAudio")
    result.assert_moves("tests/jobs/test_process_podcast.py", "tests/jobs/test_prepare_audio.py", test)


def test_it_is_registered_where_its_new_name_belongs() -> None:
    assert renamed({}).project.text("app/jobs/__init__.py") == dedent('''\
        """The jobs of this application."""

        from app.jobs.charge_card import ChargeCard
        from app.jobs.prepare_audio import PrepareAudio
        from app.jobs.send_welcome import SendWelcome

        __all__ = [
            "ChargeCard",
            "PrepareAudio",
            "SendWelcome",
        ]
        ''')
    moved = SHOP.run_once(plan_rename, "ProcessPodcast", "Zip").project.text("app/jobs/__init__.py")
    assert moved.index("send_welcome") < moved.index("app.jobs.zip")
    assert moved.index('"SendWelcome"') < moved.index('"Zip"')


def test_a_registry_in_an_order_of_its_own_keeps_it() -> None:
    own = (
        "from app.jobs.send_welcome import SendWelcome\nfrom app.jobs.process_podcast import ProcessPodcast  # first\n"
    )
    own += 'from app.jobs.charge_card import ChargeCard\n\n__all__ = ["SendWelcome", "ProcessPodcast", "ChargeCard"]\n'
    result = renamed({"app/jobs/__init__.py": own})
    text = own.replace("ProcessPodcast", "PrepareAudio").replace("process_podcast", "prepare_audio")
    assert result.project.text("app/jobs/__init__.py") == text


def test_a_package_that_imports_from_what_is_no_source_is_no_circle() -> None:
    extension = SHOP.text("app/jobs/__init__.py").replace("from app", "from .speed import speed\nfrom app", 1)
    result = renamed({"app/jobs/__init__.py": extension, "app/api.py": "from app.jobs import speed\nspeed()\n"})
    result.assert_unchanged("app/api.py")
    assert "from .speed import speed\n" in result.project.text("app/jobs/__init__.py")


def test_a_registry_that_imports_the_module_too_names_it_twice() -> None:
    registry = SHOP.text("app/jobs/__init__.py").replace(
        "from app.jobs.charge", "from app.jobs import process_podcast\nfrom app.jobs.charge"
    )
    result = renamed({"app/jobs/__init__.py": registry}).project.text("app/jobs/__init__.py")
    assert result == registry.replace("ProcessPodcast", "PrepareAudio").replace("process_podcast", "prepare_audio")


USES = {
    "the class, imported": (
        "from app.jobs import ProcessPodcast\n\nProcessPodcast(1)\n",
        "from app.jobs import PrepareAudio\n\nPrepareAudio(1)\n",
    ),
    "imported from its module": (
        "from app.jobs.process_podcast import ProcessPodcast\nx = [ProcessPodcast]\n",
        "from app.jobs.prepare_audio import PrepareAudio\nx = [PrepareAudio]\n",
    ),
    "under another name": (
        "from app.jobs import ProcessPodcast as Process\nProcess(1)\n",
        "from app.jobs import PrepareAudio as Process\nProcess(1)\n",
    ),
    "relative": (
        "from .jobs import ProcessPodcast\nfrom .jobs.process_podcast import ProcessPodcast as Other\n",
        "from .jobs import PrepareAudio\nfrom .jobs.prepare_audio import PrepareAudio as Other\n",
    ),
    "inside of a function": (
        "def f():\n    from app.jobs import ProcessPodcast\n    return ProcessPodcast\n",
        "def f():\n    from app.jobs import PrepareAudio\n    return PrepareAudio\n",
    ),
    "through a module": (
        "import app.jobs.process_podcast\napp.jobs.process_podcast.ProcessPodcast(1)\napp.jobs.ProcessPodcast(1)\n",
        "import app.jobs.prepare_audio\napp.jobs.prepare_audio.PrepareAudio(1)\napp.jobs.PrepareAudio(1)\n",
    ),
    "through a module with another name": (
        "import app.jobs.process_podcast as p\nfrom app import jobs as j\np.ProcessPodcast(j.ProcessPodcast)\n",
        "import app.jobs.prepare_audio as p\nfrom app import jobs as j\np.PrepareAudio(j.PrepareAudio)\n",
    ),
    "through a module that was imported from a package": (
        "from app.jobs import process_podcast\nprocess_podcast.ProcessPodcast(1)\n",
        "from app.jobs import prepare_audio\nprepare_audio.PrepareAudio(1)\n",
    ),
    "in annotations, as text too": (
        "from app.jobs import ProcessPodcast\n\ndef f(a: ProcessPodcast, b: 'list[ProcessPodcast]') -> None: ...\n",
        "from app.jobs import PrepareAudio\n\ndef f(a: PrepareAudio, b: 'list[PrepareAudio]') -> None: ...\n",
    ),
    "for type checkers": (
        "import typing\nif typing.TYPE_CHECKING:\n    from app.jobs import ProcessPodcast\nx: 'ProcessPodcast'\n",
        "import typing\nif typing.TYPE_CHECKING:\n    from app.jobs import PrepareAudio\nx: 'PrepareAudio'\n",
    ),
    "with something else in its place where it is not there": (
        "try:\n    from app.jobs import ProcessPodcast\nexcept ImportError:\n    ProcessPodcast = None\n",
        "try:\n    from app.jobs import PrepareAudio\nexcept ImportError:\n    PrepareAudio = None\n",
    ),
    "exported again": (
        "from app.jobs import ProcessPodcast\n__all__ = ['ProcessPodcast']\n",
        "from app.jobs import PrepareAudio\n__all__ = ['PrepareAudio']\n",
    ),
    "by a star": (
        "from app.jobs import *\nProcessPodcast(1)\n",
        "from app.jobs import *\nPrepareAudio(1)\n",
    ),
    "as a base, in match, in an f-string, in a decorator": (
        "from app.jobs import ProcessPodcast\n@f(ProcessPodcast)\nclass A(ProcessPodcast): ...\n"
        "match x:\n    case ProcessPodcast(): y = f'{ProcessPodcast}'\n",
        "from app.jobs import PrepareAudio\n@f(PrepareAudio)\nclass A(PrepareAudio): ...\n"
        "match x:\n    case PrepareAudio(): y = f'{PrepareAudio}'\n",
    ),
    "beside other names in parentheses, and in them itself": (
        "from app.jobs import ProcessPodcast\ndef f(x):\n    return (x)\ny = (ProcessPodcast)(1)\n",
        "from app.jobs import PrepareAudio\ndef f(x):\n    return (x)\ny = (PrepareAudio)(1)\n",
    ),
    "through a package of which nothing else is said": (
        "import app.jobs\nif 1:\n    x = 1\nelif app:\n    @f\n    def g(): return app.jobs.ProcessPodcast\n",
        "import app.jobs\nif 1:\n    x = 1\nelif app:\n    @f\n    def g(): return app.jobs.PrepareAudio\n",
    ),
    "in a cast, as text": (
        "import typing as t\nfrom typing import cast\nif t.TYPE_CHECKING:\n    from app.jobs import ProcessPodcast\n"
        "def f(x):\n    y = 1; x = cast('list[ProcessPodcast]', x); z = 1\n    return x  # as ProcessPodcast\n",
        "import typing as t\nfrom typing import cast\nif t.TYPE_CHECKING:\n    from app.jobs import PrepareAudio\n"
        "def f(x):\n    y = 1; x = cast('list[PrepareAudio]', x); z = 1\n    return x  # as ProcessPodcast\n",
    ),
    "behind umlauts, beside what has nothing to do with it": (
        "from app.jobs import ProcessPodcast\nÄ = 'größer'\ndef f():\n    return Ä\nclass A:\n    'Ö'\n\n"
        "    def g(self): return 'ß', ProcessPodcast(1)\n",
        "from app.jobs import PrepareAudio\nÄ = 'größer'\ndef f():\n    return Ä\nclass A:\n    'Ö'\n\n"
        "    def g(self): return 'ß', PrepareAudio(1)\n",
    ),
    "nonlocal": (
        "def f():\n    from app.jobs import ProcessPodcast\n    def g():\n        nonlocal ProcessPodcast\n",
        "def f():\n    from app.jobs import PrepareAudio\n    def g():\n        nonlocal PrepareAudio\n",
    ),
    "global": (
        "def f():\n    global ProcessPodcast\n    from app.jobs import ProcessPodcast\n\nx = ProcessPodcast\n",
        "def f():\n    global PrepareAudio\n    from app.jobs import PrepareAudio\n\nx = PrepareAudio\n",
    ),
    "in brackets of its own, beside other names and texts in such": (
        "from app.jobs import ProcessPodcast\nDEBUG = (\n    'ä, a long text'\n)\nif (DEBUG): (ProcessPodcast)(1)\n"
        "x = ((  # why\n    ProcessPodcast\n))\ny = f'{(ProcessPodcast)}'\n",
        "from app.jobs import PrepareAudio\nDEBUG = (\n    'ä, a long text'\n)\nif (DEBUG): (PrepareAudio)(1)\n"
        "x = ((  # why\n    PrepareAudio\n))\ny = f'{(PrepareAudio)}'\n",
    ),
    "behind a form feed, and behind a line that goes on": (
        "\x0cfrom app.jobs import ProcessPodcast\n\x0cclass A(ProcessPodcast): ...\nx = 'ä'\n"
        "\\\nProcessPodcast(1)\nif 1:\n\x0c    ProcessPodcast(2)\n",
        "\x0cfrom app.jobs import PrepareAudio\n\x0cclass A(PrepareAudio): ...\nx = 'ä'\n"
        "\\\nPrepareAudio(1)\nif 1:\n\x0c    PrepareAudio(2)\n",
    ),
    "tabs, CRLF, comments and no final newline": (
        "from app.jobs import (\r\n\tChargeCard,\r\n\tProcessPodcast, # ours\r\n)\r\nProcessPodcast ( 1 )",
        "from app.jobs import (\r\n\tChargeCard,\r\n\tPrepareAudio, # ours\r\n)\r\nPrepareAudio ( 1 )",
    ),
}


@pytest.mark.parametrize("case", USES)
def test_a_use(case: str) -> None:
    before, after = USES[case]
    result = SHOP.with_files({"app/web.py": before}).run_once(plan_rename, "ProcessPodcast", "PrepareAudio")
    assert result.project.text("app/web.py") == after


SAME = {
    "a class of that name": "class ProcessPodcast: ...\nProcessPodcast()\n",
    "one of somebody else": "from other import ProcessPodcast\nProcessPodcast()\n",
    "an argument": "def f(ProcessPodcast): return ProcessPodcast\n",
    "a keyword": "f(ProcessPodcast=1)\n",
    "an attribute of something else": "x.ProcessPodcast\nfrom app import web\nweb.ProcessPodcast\n",
    "a longer name": "ProcessPodcasts = xProcessPodcast = 1\n",
    "a comment": "# ProcessPodcast\n",
    "a module of that name": "from other import process_podcast\nprocess_podcast.run()\n",
    "a variable of the module's name": "process_podcast = 1\nprint(process_podcast)\n",
    "an inner binding": "from app import jobs\ndef f():\n    jobs = 1\n    return jobs.ProcessPodcast\n",
    "a value in an annotation": "import typing as t\ndef f(a: t.Literal['ProcessPodcast']):\n"
    "    b: t.Annotated[int, 'ProcessPodcast', [f('ProcessPodcast')]] = 1\nfrom app.jobs import *\n",
    "an argument that hides a package": "import app.jobs\ndef f(app): return app.jobs.ProcessPodcast\n",
    "a comprehension's own": "[ProcessPodcast for ProcessPodcast in x]\n",
}


@pytest.mark.parametrize("case", SAME)
def test_what_merely_looks_the_same_is_not_touched(case: str) -> None:
    renamed({"app/other.py": SAME[case]}).assert_unchanged("app/other.py")


def test_a_variable_of_the_new_name_is_in_nobodys_way_where_the_job_is_not_named() -> None:
    code = "from app.jobs import ProcessPodcast, process_podcast\n"
    code += "def f(PrepareAudio, prepare_audio):\n    return PrepareAudio\n"
    code += "\n@f\ndef g(x):\n    return ProcessPodcast(process_podcast.x), x.PrepareAudio, x.f(prepare_audio=1)\n"
    after = renamed({"app/web.py": code}).project.text("app/web.py")
    assert after.endswith("    return PrepareAudio(prepare_audio.x), x.PrepareAudio, x.f(prepare_audio=1)\n")


def test_a_name_goes_through_several_files() -> None:
    result = renamed(
        {
            "app/shims.py": "from app.jobs import ProcessPodcast as PP\nfrom app import jobs\n",
            "app/more.py": "from app.shims import PP, jobs\nPP(1)\njobs.ProcessPodcast(2)\n",
            "app/star.py": "from app.jobs.process_podcast import *\n",
            "app/end.py": "from app.star import ProcessPodcast\n",
        }
    )
    assert result.project.text("app/shims.py") == "from app.jobs import PrepareAudio as PP\nfrom app import jobs\n"
    assert result.project.text("app/more.py") == "from app.shims import PP, jobs\nPP(1)\njobs.PrepareAudio(2)\n"
    assert result.project.text("app/end.py") == "from app.star import PrepareAudio\n"


STRINGS = {
    "tests/test_web.py": """\
        from unittest.mock import patch

        def test_it():
            with patch("app.jobs.process_podcast.ProcessPodcast.handle"), patch("app.jobs.ProcessPodcast"):
                print("ProcessPodcasts and a ProcessPodcast")
        """
}


def test_strings_are_told_and_left() -> None:
    result = renamed(STRINGS)
    result.assert_unchanged("tests/test_web.py")
    assert [note for note in result.plan.notes if "tests/test_web.py" in note] == [
        "left as it is: tests/test_web.py:4 says app.jobs.process_podcast.ProcessPodcast in a string (--strings)",
        "left as it is: tests/test_web.py:4 says app.jobs.ProcessPodcast in a string (--strings)",
        "left as it is: tests/test_web.py:5 says ProcessPodcast in a string (--strings)",
    ]


def test_strings_are_changed_where_that_is_wanted() -> None:
    result = renamed(STRINGS, strings=True)
    text = result.project.text("tests/test_web.py")
    assert 'patch("app.jobs.prepare_audio.PrepareAudio.handle"), patch("app.jobs.PrepareAudio")' in text
    assert "ProcessPodcasts and a PrepareAudio" in text
    assert not [note for note in result.plan.notes if "left as it is" in note]


def test_a_nested_job_stays_in_its_package_and_keeps_its_stored_name() -> None:
    result = SHOP.run_once(plan_rename, "podcasts/Publish", "SendOut")
    job = SHOP.text("app/jobs/podcasts/publish.py")
    job = job.replace("The job Publish.", "The job SendOut.").replace('"""Publish."""', '"""Send out."""')
    job = job.replace("Publish(Job)", 'SendOut(Job, aliases=["podcasts.Publish"])')
    result.assert_moves("app/jobs/podcasts/publish.py", "app/jobs/podcasts/send_out.py", job)
    test = SHOP.text("tests/jobs/podcasts/test_publish.py").replace("Publish", "SendOut")
    result.assert_moves("tests/jobs/podcasts/test_publish.py", "tests/jobs/podcasts/test_send_out.py", test)
    assert SHOP.run_once(plan_rename, "Publish", "podcasts/SendOut").plan == result.plan


def test_renamed_and_back_it_has_the_other_name_as_its_alias() -> None:
    there = SHOP.run_once(plan_rename, "ProcessPodcast", "PrepareAudio").project
    back = there.run_once(plan_rename, "PrepareAudio", "ProcessPodcast").project
    assert 'class ProcessPodcast(Job, aliases=["PrepareAudio"]):' in back.text("app/jobs/process_podcast.py")
    assert back.text("app/jobs/__init__.py") == SHOP.text("app/jobs/__init__.py")
    assert back.text("tests/jobs/test_process_podcast.py") == SHOP.text("tests/jobs/test_process_podcast.py")


def test_a_name_of_one_word_is_a_word_of_english_too() -> None:
    path = "app/jobs/podcasts/publish.py"
    said = SHOP.text(path).replace('"""Publish."""', '"""Publish a podcast."""')
    result = SHOP.with_files({path: said}).run_once(plan_rename, "podcasts/Publish", "SendOut")
    written = result.project.text("app/jobs/podcasts/send_out.py")
    assert '"""Publish a podcast."""' in written
    assert '"""The job SendOut."""' in written


HEADERS = {
    "one more alias": ("(Job, aliases=['A'])", "(Job, aliases=['A', \"ProcessPodcast\"])"),
    "a tuple": ('(Job, aliases=("A",))', '(Job, aliases=("A", "ProcessPodcast"))'),
    "a line each": (
        "(\n    Job,\n    tries=5,  # (\n)",
        '(\n    Job,\n    tries=5,  # (\n    aliases=["ProcessPodcast"],\n)',
    ),
    "no last comma": ("(\n    Job,\n    tries=5\n)", '(\n    Job,\n    tries=5,\n    aliases=["ProcessPodcast"]\n)'),
    "too long a line": (
        '(Job, queue="a long queue name", tries=5, timeout=120)',
        '(\n    Job, queue="a long queue name", tries=5, timeout=120, aliases=["ProcessPodcast"]\n)',
    ),
    "a name of its own": ('(Job, name="stays")', '(Job, name="stays")'),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header(case: str) -> None:
    before, after = HEADERS[case]
    path = "app/jobs/process_podcast.py"
    text = SHOP.text(path).replace("(Job)", before)
    result = SHOP.with_files({path: text}).run_once(plan_rename, "ProcessPodcast", "PrepareAudio")
    written = result.project.text("app/jobs/prepare_audio.py")
    assert f"class PrepareAudio{after}:\n" in written
    ast.parse(written)


def test_a_class_in_a_module_of_another_name_leaves_the_module() -> None:
    files = {"app/jobs/many.py": "from dartian_queue import Job\n\n\nclass One(Job): ...\n\n\nclass Two(Job): ...\n"}
    result = EMPTY.with_files({**files, "app/jobs/__init__.py": "from .many import One, Two\n"}).run_once(
        plan_rename, "One", "First"
    )
    assert result.verbs == {"app/jobs/__init__.py": "edit", "app/jobs/many.py": "edit"}
    assert result.project.text("app/jobs/__init__.py") == "from .many import First, Two\n"


REGISTRY = "from app.jobs.process_podcast import ProcessPodcast\n"
CAPTURED = {
    "def f(Other):\n    return ProcessPodcast(Other)\n": "3: Other",
    "def f():\n    for Other in x: ProcessPodcast(1)\n": "3: Other",
    "f = lambda Other: ProcessPodcast(1)\n": "2: Other",
    "x = [ProcessPodcast(Other) for Other in x]\n": "2: Other",
    "class A:\n    Other = 1\n    x = ProcessPodcast\n": "4: Other",
    "def f(other):\n    return process_podcast.ProcessPodcast(other)\n": "3: other",
    "def other(): ...\nprocess_podcast.ProcessPodcast(1)\n": "2: other",
    "def f():\n    from x import other\n    process_podcast.ProcessPodcast(1)\n": "3: other",
}
"""What binds the new name nearer, and where it is found."""

EITHER = "try:\n    from app.jobs import ProcessPodcast\nexcept E:\n    from x import ProcessPodcast\nProcessPodcast\n"


@pytest.mark.parametrize(
    ("old", "new", "files", "error", "said"),
    [
        ("Nobody", "Other", {}, Usage, "There is no job 'Nobody' in app/jobs"),
        ("ProcesPodcast", "Other", {}, Usage, "did you mean 'ProcessPodcast'?"),
        ("ProcessPodcast", "class", {}, Usage, "'class' cannot name a job"),
        ("ProcessPodcast", "SendWelcome", {}, Conflict, "app/jobs/send_welcome.py exists already"),
        ("ProcessPodcast", "podcasts/Prepare", {}, Usage, "job:rename leaves a job where it is"),
        (
            "ProcessPodcast",
            "Other",
            {"app/web.py": "from app.jobs import ProcessPodcast\nfrom x import Other\n"},
            Conflict,
            "app/web.py:2: Other means something else here\nChoose another name, or rename what is there.",
        ),
        (
            "ProcessPodcast",
            "Other",
            {"app/jobs/__init__.py": f"{REGISTRY}\ndef other(): ...\n"},
            Conflict,
            "app/jobs/__init__.py:3: other means something else, so it cannot be the name of the job's module too\n",
        ),
        (
            "ProcessPodcast",
            "Other",
            {"app/jobs/__init__.py": f"{REGISTRY}\ndef process_podcast(): ...\n"},
            Conflict,
            "app/jobs/__init__.py:3: process_podcast means something else, so it cannot be",
        ),
        *(
            (
                "ProcessPodcast",
                "Other",
                {"app/web.py": f"from app.jobs import ProcessPodcast, process_podcast\n{code}"},
                Conflict,
                f"app/web.py:{said} means something else here\nChoose another name, or rename what is there.",
            )
            for code, said in CAPTURED.items()
        ),
        (
            "ProcessPodcast",
            "Other",
            {"app/web.py": EITHER},
            Conflict,
            "ProcessPodcast is the job ProcessPodcast and something else too",
        ),
        (
            "ProcessPodcast",
            "Other",
            {"app/jobs/process_podcast.py": "from x import Job\nclass ProcessPodcast(Job, aliases=A): ...\n"},
            CliError,
            "app/jobs/process_podcast.py:2: aliases is computed",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_renamed(old: str, new: str, files: dict[str, str], error: type[CliError], said: str) -> None:
    refusal = SHOP.with_files(files).assert_refuses(error, plan_rename, old, new)
    assert said in str(refusal)


TWO = MemoryProject(
    {
        "pyproject.toml": '[tool.dartian]\njobs = ["billing/jobs", "shop/jobs"]\n',
        "billing/__init__.py": "",
        "shop/__init__.py": "",
    }
)


def test_a_jobs_folder_that_is_said_is_the_one_that_is_meant() -> None:
    project = TWO.run(plan_job, "billing/Refund").project.run(plan_job, "shop/jobs/cards/Charge").project
    for text in ("billing/Charge", "billing/jobs/Charge", "billing.jobs.charge", "billing/jobs/charge.py"):
        refusal = project.assert_refuses(Usage, plan_rename, text, "Other")
        assert str(refusal).startswith(f"There is no job '{text}' in billing/jobs")
    for text in ("Charge", "shop/Charge", "cards/Charge", "shop/jobs/cards/charge.py"):
        assert project.run_once(plan_rename, text, "Other").verbs["shop/jobs/cards/charge.py"] == "move"


@pytest.mark.parametrize("new", ["billing/Other", "billing/jobs/cards/Other", "shop/Other", "coins/Other"])
def test_another_place_is_refused_however_it_is_said(new: str) -> None:
    project = TWO.run(plan_job, "shop/jobs/cards/Charge").project
    refusal = str(project.assert_refuses(Usage, plan_rename, "Charge", new))
    assert "cards.Charge is in shop/jobs/cards, and job:rename leaves a job where it is" in refusal
    for same in ("Other", "cards/Other", "shop/jobs/cards/other.py"):
        assert "shop/jobs/cards/charge.py" in project.run_once(plan_rename, "Charge", same).verbs


def test_a_file_that_is_no_python_is_told_and_left_out() -> None:
    result = renamed({"app/broken.py": "def ProcessPodcast(:\n"})
    assert "not looked into: app/broken.py:1:20: invalid syntax" in result.plan.notes
    assert "app/jobs/process_podcast.py" in result.verbs


def test_what_type_checkers_are_told_in_files_of_their_own_is_renamed_too() -> None:
    files = {
        "app/jobs/process_podcast.pyi": '"""The job ProcessPodcast."""\n\nclass ProcessPodcast(Job):\n    id: int\n',
        "app/jobs/__init__.pyi": "from .process_podcast import ProcessPodcast as ProcessPodcast\n",
        "app/web.pyi": "from .jobs import ProcessPodcast\n\ndef make() -> ProcessPodcast: ...\n",
        "app/other.pyi": "class ProcessPodcast: ...\n",
        "app/broken.pyi": "def ProcessPodcast(:\n",
    }
    result = renamed(files)
    result.assert_moves(
        "app/jobs/process_podcast.pyi",
        "app/jobs/prepare_audio.pyi",
        '"""The job PrepareAudio."""\n\nclass PrepareAudio(Job):\n    id: int\n',
    )
    assert result.project.text("app/jobs/__init__.pyi") == "from .prepare_audio import PrepareAudio as PrepareAudio\n"
    assert result.project.text("app/web.pyi") == "from .jobs import PrepareAudio\n\ndef make() -> PrepareAudio: ...\n"
    result.assert_unchanged("app/other.pyi", "app/broken.pyi")
    assert "not looked into: app/broken.pyi:1:20: invalid syntax" in result.plan.notes


def test_a_pyi_that_is_in_the_way_is_a_conflict() -> None:
    project = SHOP.with_files({"app/jobs/process_podcast.pyi": "", "app/jobs/prepare_audio.pyi": ""})
    refusal = project.assert_refuses(Conflict, plan_rename, "ProcessPodcast", "PrepareAudio")
    assert str(refusal).startswith("app/jobs/prepare_audio.pyi exists already")
