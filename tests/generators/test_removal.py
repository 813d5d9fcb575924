"""``job:remove``: what ``make:job`` did is undone to the byte; what a person wrote, and what names the job, is kept."""

from textwrap import dedent

import pytest

from dartian_cli.errors import BrokenSource, CliError, Conflict, NotUnderstood, Usage
from dartian_cli.generators.adding_fields import plan_add_fields
from dartian_cli.generators.job import plan_job
from dartian_cli.generators.removal import plan_removal
from dartian_cli.generators.removing_fields import plan_remove_fields
from dartian_cli.generators.renaming import plan_rename
from dartian_cli.generators.renaming_field import plan_rename_field
from dartian_cli.testing import MemoryProject
from tests.generators.init_shapes import PAIRS
from tests.generators.test_unregister_job import TWO_WAYS

EMPTY = MemoryProject(
    {
        "pyproject.toml": '[tool.dartian]\njobs = "app/jobs"\n',
        "app/__init__.py": '"""App."""\n',
        "app/jobs/__init__.py": '"""Jobs."""\n',
        "app/models.py": 'from enum import Enum\n\n\nclass Quality(Enum):\n    LOW = "low"\n    HIGH = "high"\n',
        "app/errors.py": "class Refused(Exception):\n    pass\n",
        "tests/__init__.py": "",
    }
)
JOB, TEST = "app/jobs/process_podcast.py", "tests/jobs/test_process_podcast.py"
MADE = EMPTY.run(plan_job, "ProcessPodcast", ["podcast_id:int", "quality:str=high"], {"queue": "media"}).project


def files_after(project: MemoryProject, name: str, *, force: bool = False) -> dict[str, bytes]:
    """Return the files that are left when the job is removed."""
    return dict(project.run_once(plan_removal, name, force=force).project.files)


OPTIONS = {"queue": "media", "tries": 5, "backoff": [3, 10], "tags": ["podcast:{podcast_id}"], "aliases": ["Old"]}
WAYS: dict[str, tuple[list[str], dict[str, object]]] = {
    "without fields": ([], {}),
    "with fields of all kinds": (
        [
            "podcast_id:int", "at:datetime", "price:Decimal", "kind:Literal:a:b", "due:date?", "words:list:str=[]",
            "mode:app.models.Quality=HIGH", "path:Path=x.txt", "rows:dict:str:int={'a': 1}",
        ],
        {},
    ),
    "with an Enum of the project's that has no default": (["mode:app.models.Quality"], {}),
    "with a field whose value only a person knows": (["error:app.errors.Refused", "podcast_id:int"], {}),
    "with options": (["podcast_id:int"], {"options": OPTIONS}),
    "with def handle": (["podcast_id:int"], {"sync": True}),
    "without a test": (["podcast_id:int"], {"test": False}),
}  # fmt: skip


@pytest.mark.parametrize("name", ["ProcessPodcast", "audio/ProcessPodcast", "audio/deep/ProcessPodcast"])
@pytest.mark.parametrize("way", WAYS)
def test_what_make_job_made_is_gone_to_the_byte(way: str, name: str) -> None:
    fields, options = WAYS[way]
    made = EMPTY.run(plan_job, name, fields, **options).project
    assert made.files != EMPTY.files
    assert files_after(made, name) == EMPTY.files


NAMES_IT_OTHERWISE = {
    "aliases: another name",
    "try blocks: the job is optional by hand",
    "star imports: of the job's own module",
    "half registered by hand: something else of its module",
    "half registered by hand: something else of its module, over lines",
    "half registered by hand: something else of its module, too long for a line",
}
"""What was there before the job would break without it."""


@pytest.mark.parametrize("case", [case for case, (before, _) in PAIRS.items() if before is not None])
def test_every_registry_is_as_it_was(case: str) -> None:
    before = PAIRS[case][0] or ""
    made = EMPTY.with_files({"app/jobs/__init__.py": before}).run(plan_job, "ProcessPodcast").project
    if case in NAMES_IT_OTHERWISE:
        told = made.assert_refuses(Conflict, plan_removal, "ProcessPodcast")
        assert "it is named in app/jobs/__init__.py:" in str(told)
    registry = files_after(made, "ProcessPodcast", force=case in NAMES_IT_OTHERWISE)["app/jobs/__init__.py"]
    assert registry.decode() == TWO_WAYS.get(case, before)


@pytest.mark.parametrize(
    "style",
    [
        "[tool.ruff]\nline-length = 60\nindent-width = 2\n[tool.ruff.format]\nquote-style = 'single'\n",
        "[tool.ruff.format]\nline-ending = 'cr-lf'\n",
    ],
)
def test_a_project_with_a_style_of_its_own_is_as_it_was(style: str) -> None:
    project = EMPTY.with_files({"pyproject.toml": style})
    for fields, options in WAYS.values():
        assert files_after(project.run(plan_job, "ProcessPodcast", fields, **options).project, "ProcessPodcast") == (
            project.files
        )


OWN_STUB = """\
# Ours.
import logging

{{ imports }}

log = logging.getLogger(__name__)


{{ header }}:
{% for field in fields %}
    {{ field }}
{% endfor %}

    {{ "def" if sync else "async def" }} handle(self) -> None:
        log.info("started")  # always
"""


def test_what_a_stub_of_the_project_wrote_is_no_edit() -> None:
    project = EMPTY.with_files({"stubs/job.py.jinja": OWN_STUB})
    made = project.run(plan_job, "ProcessPodcast", ["podcast_id:int"]).project
    assert files_after(made, "ProcessPodcast") == project.files
    changed = made.with_files({"stubs/job.py.jinja": OWN_STUB.replace("started", "begun")})
    assert f"({JOB}:13)" in str(changed.assert_refuses(Conflict, plan_removal, "ProcessPodcast"))
    broken = made.with_files({"stubs/job.py.jinja": "{% if %}"})
    assert f"({JOB}:9)" in str(broken.assert_refuses(Conflict, plan_removal, "ProcessPodcast"))
    assert JOB not in files_after(broken, "ProcessPodcast", force=True)


def by_field(project: MemoryProject, name: str, action: str, *texts: str, force: bool = False) -> MemoryProject:
    if action == "add":
        return project.run_once(plan_add_fields, name, texts).project
    if action == "remove":
        return project.run_once(plan_remove_fields, name, texts, force=force).project
    return project.run_once(plan_rename_field, name, *texts).project


NOT_EDITS: dict[str, list[tuple[str, ...]]] = {
    "a field added": [("add", "size:int=1")],
    "a field added that needs imports": [("add", "at:datetime?", "mode:app.models.Quality=LOW", "tags:list:str=[]")],
    "a field with a default removed": [("remove", "quality")],
    "the last field that a value is made for removed": [("remove", "podcast_id", "--force")],
    "the field that is printed renamed": [("rename", "podcast_id", "id_")],
    "a field with a default renamed": [("rename", "quality", "mode")],
    "a field renamed twice": [("rename", "podcast_id", "id_"), ("rename", "id_", "number")],
    "added, renamed and removed again": [("add", "at:datetime?"), ("rename", "at", "due"), ("remove", "due")],
}


@pytest.mark.parametrize("case", NOT_EDITS)
def test_what_job_field_did_is_no_edit_by_hand(case: str) -> None:
    project = MADE
    for action, *texts in NOT_EDITS[case]:
        force = "--force" in texts
        project = by_field(
            project, "ProcessPodcast", action, *(text for text in texts if text != "--force"), force=force
        )
    assert project.files[JOB] != MADE.files[JOB]
    assert files_after(project, "ProcessPodcast") == EMPTY.files


@pytest.mark.parametrize("fields", [[], ["podcast_id:int"], ["error:app.errors.Refused"]])
@pytest.mark.parametrize("strings", [False, True])
def test_what_job_rename_did_is_no_edit_by_hand(fields: list[str], strings: bool) -> None:
    made = EMPTY.run(plan_job, "ProcessPodcast", fields).project
    renamed = made.run_once(plan_rename, "ProcessPodcast", "PrepareAudio", strings=strings).project
    assert files_after(renamed, "PrepareAudio") == EMPTY.files


def test_another_layout_is_no_edit() -> None:
    job = MADE.text(JOB).replace('"', "'").replace("quality: str = 'high'", "quality: str = (\n        'high'\n    )")
    job = job.replace("'''", '"""').replace("\n\n\nclass", "\n\nclass")
    assert files_after(MADE.with_files({JOB: job}), "ProcessPodcast") == EMPTY.files


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_other_line_endings_are_no_edit(newline: str, bom: str) -> None:
    files = {path: bom + MADE.text(path).replace("\n", newline) for path in (JOB, TEST)}
    assert files_after(MADE.with_files(files), "ProcessPodcast") == EMPTY.files
    comment = MADE.with_files({JOB: files[JOB] + f"# mine{newline}"})
    assert f"({JOB}:15)" in str(comment.assert_refuses(Conflict, plan_removal, "ProcessPodcast"))


def test_a_job_of_another_jobs_folder_goes_with_the_folders_of_its_test() -> None:
    project = EMPTY.with_files({"pyproject.toml": '[tool.dartian]\njobs = ["app/jobs", "billing/jobs"]\n'})
    project = project.run(plan_job, "billing/jobs/ChargeCard").project
    made = project.run(plan_job, "billing/jobs/cards/ChargeCard").project
    assert "tests/billing/jobs/cards/test_charge_card.py" in made.files
    result = made.run_once(plan_removal, "cards/ChargeCard")
    assert result.project.files == project.files


BY_HAND: dict[str, tuple[str, str, str]] = {
    "what it does": (JOB, "print(", "return self.work("),
    "one more statement": (JOB, "        print(", "        self.check()\n        print("),
    "nothing done": (JOB, 'print(f"ProcessPodcast {self.podcast_id}")', "pass"),
    "a parameter": (JOB, "handle(self)", "handle(self, context)"),
    "a method": (JOB, "    async def handle", "    def failed(self, error) -> None: ...\n\n    async def handle"),
    "a docstring": (JOB, "Process podcast.", "Process a podcast after its upload."),
    "a comment": (JOB, "    podcast_id: int\n", "    podcast_id: int  # as in the database\n"),
    "a comment for a tool": (JOB, "import Job\n", "import Job  # noqa: F401\n"),
    "a comment at the end": (JOB, '}")\n', '}")\n# TODO\n'),
    "an import": (JOB, "from dartian_queue", "import os\n\nfrom dartian_queue"),
    "an import of a name": (JOB, "from dartian_queue import Job", "from dartian_queue import Job, progress"),
    "an import under another name": (JOB, "import Job", "import Job, Job as Other"),
    "a constant": (JOB, "\n\nclass", "\nLIMIT = 3\n\n\nclass"),
    "a function": (JOB, "\n\nclass", "\n\ndef limit(): ...\n\n\nclass"),
    "a class beside it": (JOB, "\n\nclass", "\n\nclass Part:\n    x = 1\n\n\nclass"),
    "a decorator": (JOB, "class P", "@final\nclass P"),
    "another class that it extends": (JOB, "(Job, ", "(Mixin, Job, "),
    "a class variable": (JOB, "    podcast_id", "    seen: ClassVar[int] = 0\n    podcast_id"),
    "a field below its method": (JOB, '}")\n', '}")\n\n    size: int = 1\n'),
    "a field of a type that make:job does not write": (JOB, "podcast_id: int", "podcast_id: Podcast"),
    "a constructor": (JOB, "    async def", "    def __init__(self, podcast_id: int) -> None: ...\n\n    async def"),
    "fields in a block": (JOB, "    podcast_id: int\n", "    if True:\n        podcast_id: int\n"),
    "a test's value": (TEST, "podcast_id=1", "podcast_id=42"),
    "a test's assertion": (TEST, "    run_now(make_job())\n", "    assert run_now(make_job()) is None\n"),
    "a test more": (TEST, "\n\ndef test_does", "\n\ndef test_more() -> None: ...\n\n\ndef test_does"),
    "a test less": (TEST, MADE.text(TEST)[MADE.text(TEST).index("\n\ndef test_does") :], ""),
    "a test that is skipped": (TEST, "def test_does", "@pytest.mark.skip\ndef test_does"),
    "a test's docstring": (TEST, "Return a job to test with.", "Return the usual job."),
    "a test that does not parse": (TEST, "def test_does", "def def"),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_what_a_person_wrote_is_kept_unless_forced(case: str) -> None:
    path, old, new = BY_HAND[case]
    text = MADE.text(path)
    assert text.count(old) >= 1
    edited = MADE.with_files({path: text.replace(old, new, 1)})
    told = str(edited.assert_refuses(Conflict, plan_removal, "ProcessPodcast"))
    assert told.startswith(f"ProcessPodcast is not removed: it was edited by hand ({path}:")
    assert files_after(edited, "ProcessPodcast", force=True) == EMPTY.files


def test_the_line_is_the_one_that_was_written() -> None:
    edited = MADE.with_files(
        {
            JOB: MADE.text(JOB).replace("print(", "return print("),
            TEST: MADE.text(TEST).replace("    run_now(", "    # it fails\n    run_now("),
        }
    )
    assert str(edited.assert_refuses(Conflict, plan_removal, "ProcessPodcast")) == (
        f"ProcessPodcast is not removed: it was edited by hand ({JOB}:14, {TEST}:23)\n"
        "Nothing was changed. Move what you want to keep to another file first.\n"
        "All the same: dartian job:remove ProcessPodcast --force"
    )


NAMED: dict[str, tuple[str, str, list[int]]] = {
    "an import and a dispatch": (
        "app/api.py",
        "from dartian_queue import dispatch\nfrom app.jobs import ProcessPodcast\n\ndispatch(ProcessPodcast(1))\n",
        [2, 4],
    ),
    "inside of a function, relatively": ("app/api.py", "def f():\n    from .jobs import ProcessPodcast\n", [2]),
    "under another name": ("app/api.py", "from app.jobs import ProcessPodcast as PP\nPP(1)\n", [1, 2]),
    "an attribute of a package": ("app/api.py", "import app.jobs\napp.jobs.ProcessPodcast(1)\n", [2]),
    "an attribute of its module": (
        "app/api.py",
        "from app.jobs import process_podcast as module\nmodule.ProcessPodcast(1)\n",
        [1, 2, 2],
    ),
    "something else of its module": ("app/api.py", "from app.jobs.process_podcast import LIMIT\n", [1]),
    "another job extends it": (
        "app/jobs/later.py",
        "from app.jobs.process_podcast import ProcessPodcast\n\nclass Later(ProcessPodcast): ...\n",
        [1, 1, 3],
    ),
    "an annotation as text": ("app/api.py", "from app.jobs import ProcessPodcast\nx: 'ProcessPodcast'\n", [1, 2]),
    "for type checkers": (
        "app/api.py",
        "import typing\nif typing.TYPE_CHECKING:\n    from app.jobs import ProcessPodcast\n",
        [3],
    ),
    "another test": ("tests/test_api.py", "from app.jobs import ProcessPodcast\n", [1]),
}


@pytest.mark.parametrize("case", NAMED)
def test_what_names_the_job_is_told_with_its_place(case: str) -> None:
    path, text, lines = NAMED[case]
    project = MADE.with_files({path: text})
    places = list(dict.fromkeys(f"{path}:{line}" for line in lines))
    assert str(project.assert_refuses(Conflict, plan_removal, "ProcessPodcast")) == (
        f"ProcessPodcast is not removed: it is named in {', '.join(places)}\n"
        "Nothing was changed. Take it out there first.\n"
        "All the same: dartian job:remove ProcessPodcast --force"
    )
    forced = project.run_once(plan_removal, "ProcessPodcast", force=True)
    forced.assert_unchanged(path)
    assert forced.plan.notes == tuple(f"left as it is: {place} names ProcessPodcast" for place in places)
    assert dict(forced.project.files) == {**EMPTY.files, path: text.encode()}


MERELY_ALIKE = {
    "another class of the name": ("app/api.py", "from elsewhere import ProcessPodcast\nProcessPodcast(1)\n"),
    "a variable": ("app/api.py", "ProcessPodcast = 1\nprint(ProcessPodcast)\n"),
    "a module of the name": ("app/process_podcast.py", "x = 1\n"),
    "a longer name": ("app/api.py", "ProcessPodcastLater = 1\n"),
}


@pytest.mark.parametrize("case", MERELY_ALIKE)
def test_what_merely_looks_the_same_is_in_nobodys_way(case: str) -> None:
    path, text = MERELY_ALIKE[case]
    result = MADE.with_files({path: text}).run_once(plan_removal, "ProcessPodcast")
    assert result.plan.notes == ()
    assert dict(result.project.files) == {**EMPTY.files, path: text.encode()}


def test_strings_and_files_that_are_not_understood_are_told() -> None:
    project = MADE.with_files(
        {"app/api.py": "x = 'app.jobs.ProcessPodcast'\n", "app/broken.py": "ProcessPodcast = (\n"}
    )
    assert project.run_once(plan_removal, "ProcessPodcast").plan.notes == (
        "not looked into: app/broken.py:1:18: '(' was never closed",
        "left as it is: app/api.py:1 says app.jobs.ProcessPodcast in a string",
    )


def test_many_places_are_counted_and_forced_each_is_told() -> None:
    project = MADE.with_files({f"app/user_{n}.py": "from app.jobs import ProcessPodcast\n" for n in range(7)})
    told = str(project.assert_refuses(Conflict, plan_removal, "ProcessPodcast")).splitlines()[0]
    assert told.endswith("named in " + ", ".join(f"app/user_{n}.py:1" for n in range(5)) + " and 2 more")
    assert len(project.run_once(plan_removal, "ProcessPodcast", force=True).plan.notes) == 7


@pytest.mark.parametrize(
    ("options", "live", "number"),
    [
        ({}, {"ProcessPodcast": 1, "Other": 9}, 1),
        ({}, {"Other": 9}, 0),
        ({"name": "podcast.process"}, {"podcast.process": 1200, "ProcessPodcast": 9}, 1200),
        ({"aliases": ["Old", "Older"]}, {"Old": 2, "ProcessPodcast": 3, "Older": 1}, 6),
    ],
)
def test_jobs_of_its_names_that_wait_or_run_are_in_the_way(
    options: dict[str, object], live: dict[str, int], number: int
) -> None:
    project = EMPTY.run(plan_job, "ProcessPodcast", [], options).project
    forced = project.run_once(plan_removal, "ProcessPodcast", live=live, force=True)
    assert dict(forced.project.files) == EMPTY.files
    if not number:
        assert project.run_once(plan_removal, "ProcessPodcast", live=live).plan == forced.plan
        return
    jobs, wait = f"{number:,} job{'s' * (number > 1)}", "wait or run" if number > 1 else "waits or runs"
    assert forced.plan.notes == (f"left in the store: {jobs}, which no class can run any more",)
    assert str(project.assert_refuses(Conflict, plan_removal, "ProcessPodcast", live=live)) == (
        f"ProcessPodcast is not removed: {jobs} of its name {wait}\n"
        "Nothing was changed. Run them: dartian queue:work, or dartian queue:cancel ID\n"
        "All the same: dartian job:remove ProcessPodcast --force"
    )


def test_a_name_that_is_computed_is_told() -> None:
    project = MADE.with_files({JOB: MADE.text(JOB).replace("(Job,", '(Job, name="a" + "b",')})
    result = project.run_once(plan_removal, "ProcessPodcast", live={"ProcessPodcast": 3})
    assert result.plan.notes == (f"{JOB}:6: the name is computed, so its jobs were not counted",)


def test_all_that_is_in_the_way_is_told_at_once() -> None:
    project = MADE.with_files(
        {"app/api.py": "from app.jobs import ProcessPodcast\n", JOB: MADE.text(JOB).replace("print", "print_")}
    )
    assert str(project.assert_refuses(Conflict, plan_removal, "ProcessPodcast", live={"ProcessPodcast": 2})) == (
        f"ProcessPodcast is not removed: it was edited by hand ({JOB}:14); it is named in app/api.py:1; "
        "2 jobs of its name wait or run\n"
        "Nothing was changed. Take it out there first.\n"
        "All the same: dartian job:remove ProcessPodcast --force"
    )


REGISTRIES: dict[str, tuple[str, type[CliError], str]] = {
    "a use beside the registration": (
        "from .process_podcast import ProcessPodcast\n\nJOBS = [ProcessPodcast]\n",
        Conflict,
        "named in app/jobs/__init__.py:3\n",
    ),
    "something else of its module": (
        'from .process_podcast import LIMIT, ProcessPodcast\n\n__all__ = ["ProcessPodcast"]\n',
        Conflict,
        "named in app/jobs/__init__.py:1\n",
    ),
    "a star": ("from .process_podcast import *\n", Conflict, "named in app/jobs/__init__.py:1\n"),
    "a computed __all__": (
        'from .process_podcast import ProcessPodcast\n\n__all__ = list({"ProcessPodcast"})\n',
        Conflict,
        "named in app/jobs/__init__.py:3\n",
    ),
    "statements that share a line": (
        "from .process_podcast import ProcessPodcast; x = 1\n",
        NotUnderstood,
        "app/jobs/__init__.py:1: ProcessPodcast is registered in a way that is not undone by guesswork\n",
    ),
    "broken": ("from .process_podcast import (\n", BrokenSource, "app/jobs/__init__.py:1:"),
}


@pytest.mark.parametrize("case", REGISTRIES)
def test_a_registry_that_says_more_of_it_is_left_alone(case: str) -> None:
    text, error, told = REGISTRIES[case]
    project = MADE.with_files({"app/jobs/__init__.py": text})
    assert told in str(project.assert_refuses(error, plan_removal, "ProcessPodcast"))


REFUSED: dict[str, tuple[str, dict[str, str], type[CliError], str]] = {
    "misspelt": (
        "ProcesPodcast",
        {},
        Usage,
        "There is no job 'ProcesPodcast' in app/jobs; did you mean 'ProcessPodcast'?\n"
        "To see them all: dartian job:list",
    ),
    "another job in the same file": (
        "ProcessPodcast",
        {JOB: f"{MADE.text(JOB)}\n\nclass Other(Job):\n    def handle(self): ...\n"},
        Conflict,
        f"{JOB}:17: the job Other is in the same file, and would go too\n"
        "Nothing was changed. Move one of the two into a file of its own first.",
    ),
    "a job that extends it in the same file": (
        "ProcessPodcast",
        {JOB: f"{MADE.text(JOB)}\n\nclass Later(ProcessPodcast): ...\n"},
        Conflict,
        f"{JOB}:17: the job Later is in the same file, and would go too\n"
        "Nothing was changed. Move one of the two into a file of its own first.",
    ),
    "defined in the package": (
        "Zip",
        {"app/jobs/__init__.py": "from dartian_queue import Job\n\nclass Zip(Job): ...\n"},
        Conflict,
        "app/jobs/__init__.py:3: Zip is defined in the package itself\nNothing was changed. Take it out by hand.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("force", [False, True])
def test_what_force_does_not_help_against(case: str, force: bool) -> None:
    name, files, error, told = REFUSED[case]
    assert str(MADE.with_files(files).assert_refuses(error, plan_removal, name, force=force)) == told


NESTED = EMPTY.run(plan_job, "audio/ProcessPodcast").project
KEPT: dict[str, tuple[dict[str, str], list[str]]] = {
    "another job in it": ({"app/jobs/audio/other.py": "x = 1\n"}, ["app/jobs/audio/__init__.py"]),
    "a file that is no Python": ({"app/jobs/audio/words.txt": "a\n"}, ["app/jobs/audio/__init__.py"]),
    "a folder": ({"app/jobs/audio/deep/x.py": "x = 1\n"}, ["app/jobs/audio/__init__.py"]),
    "its own words": (
        {"app/jobs/audio/__init__.py": NESTED.text("app/jobs/audio/__init__.py").replace("The audio jobs", "Audio")},
        ["app/jobs/audio/__init__.py"],
    ),
    "a comment": (
        {"app/jobs/audio/__init__.py": NESTED.text("app/jobs/audio/__init__.py").replace('jobs."""', 'jobs."""  # a')},
        ["app/jobs/audio/__init__.py"],
    ),
    "an import of it": ({"app/api.py": "import app.jobs.audio\n"}, ["app/jobs/audio/__init__.py"]),
    "a relative import of it": ({"app/api.py": "from .jobs import audio\n"}, ["app/jobs/audio/__init__.py"]),
    "an import of a package with a longer name": ({"app/api.py": "import app.jobs.audio_more\n"}, []),
    "another test": (
        {"tests/jobs/audio/data.json": "{}\n"},
        ["tests/jobs/__init__.py", "tests/jobs/audio/__init__.py"],
    ),
    "what Python compiled": ({"app/jobs/audio/__pycache__/x.pyc": ""}, []),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_package_goes_only_where_nothing_is_left_in_it(case: str) -> None:
    files, kept = KEPT[case]
    result = NESTED.with_files(files).run_once(plan_removal, "ProcessPodcast")
    left = set(result.project.files) - set(EMPTY.files) - set(files)
    assert left | (set(files) & set(kept)) == set(kept)


def test_a_test_in_a_plain_folder_goes_too() -> None:
    project = MemoryProject({**EMPTY.files, "tests/test_other.py": "x = 1\n"})
    project = MemoryProject({path: text for path, text in project.files.items() if path != "tests/__init__.py"})
    result = project.run(plan_job, "audio/ProcessPodcast").project.run_once(plan_removal, "ProcessPodcast")
    assert result.project.files == project.files


def test_the_jobs_package_stays_where_its_first_job_is_removed() -> None:
    project = MemoryProject({"pyproject.toml": ""})
    result = project.run(plan_job, "ProcessPodcast").project.run_once(plan_removal, "ProcessPodcast")
    assert {path: text.decode() for path, text in result.project.files.items()} == {
        "pyproject.toml": "",
        "app/__init__.py": '"""The application."""\n',
        "app/jobs/__init__.py": '"""The jobs of this application."""\n',
        "tests/__init__.py": '"""Tests."""\n',
    }


def test_only_what_was_asked_for_goes() -> None:
    several = MADE.run(plan_job, "SendWelcome").project.run(plan_job, "audio/Mix").project
    left = several.run_once(plan_removal, "send-welcome").project.run_once(plan_removal, "audio.Mix").project
    assert left.files == MADE.files


def test_a_class_whose_fields_cannot_be_read_is_a_persons_and_goes_when_that_is_said() -> None:
    odd = dedent("""\
        from dartian_queue import Job

        class ProcessPodcast(Job):
            __annotations__ = {"a": int}
            def handle(self): ...
        """)
    project = MADE.with_files({JOB: odd})
    told = str(project.assert_refuses(Conflict, plan_removal, "ProcessPodcast"))
    assert f"({JOB}:3, {TEST}:1)" in told
    assert files_after(project, "ProcessPodcast", force=True) == EMPTY.files
