"""``make:job`` as a plan: what is written where, and every refusal before anything is touched."""

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dartian_cli.error_types import parse_fail_on, parse_retry_on
from dartian_cli.errors import BrokenSource, CliError, Conflict, FieldRefused, NameRefused, NotUnderstood, Usage
from dartian_cli.generators.job import OPTIONS, plan_job
from dartian_cli.plan import Plan, run
from dartian_cli.project import Project
from dartian_cli.testing import MemoryProject
from dartian_cli.workspace import Workspace
from dartian_queue.errors import DartianError, JobDefinitionError

Files = dict[str, bytes]
Write = Callable[[Files], None]
Read = Callable[[], Files]

APP = MemoryProject({"pyproject.toml": '[tool.dartian]\njobs = "app/jobs"\n', "app/__init__.py": '"""App."""\n'})

JOB = '''"""The job ProcessPodcast."""

from dartian_queue import Job


class ProcessPodcast(Job, queue="media", tries=5):
    """Process podcast."""

    podcast_id: int
    quality: str = "high"

    async def handle(self) -> None:
        """Do the work of this job."""
        print(f"ProcessPodcast {self.podcast_id}")
'''
TEST = '''"""ProcessPodcast can be dispatched, and does its work."""

from dartian_queue import dispatch, run_now
from dartian_queue.testing import FakeQueue

from app.jobs import ProcessPodcast


def make_job() -> ProcessPodcast:
    """Return a job to test with."""
    return ProcessPodcast(podcast_id=1)


def test_is_dispatched(queue: FakeQueue) -> None:
    """Dispatch it into the fake queue; no real store is written."""
    dispatch(make_job())

    queue.assert_dispatched(ProcessPodcast)


def test_does_its_work() -> None:
    """Run it here and now; assert afterwards what it has to have done."""
    run_now(make_job())
'''


def job(name: str, *fields: str, **given: Any) -> Callable[[Workspace], Plan]:
    options = {option: given.pop(option) for option in list(given) if option not in ("sync", "test", "force")}
    return lambda workspace: plan_job(workspace, name, fields, options, **given)


def verbs(plan: Plan) -> dict[str, str]:
    return {change.path: change.verb for change in plan.changes}


def test_the_first_job() -> None:
    result = APP.run(job("ProcessPodcast", "podcast_id:int", "quality:str=high", tries=5, queue="media"))
    assert result.verbs == {
        "app/jobs/process_podcast.py": "create",
        "tests/__init__.py": "create",
        "tests/jobs/__init__.py": "create",
        "tests/jobs/test_process_podcast.py": "create",
        "app/jobs/__init__.py": "create",
    }
    result.assert_creates("app/jobs/process_podcast.py", JOB)
    result.assert_creates("tests/jobs/test_process_podcast.py", TEST)
    assert result.project.text("app/jobs/__init__.py").endswith('__all__ = [\n    "ProcessPodcast",\n]\n')
    result.assert_unchanged(*APP.files)


def test_a_second_run_writes_nothing(project: Project, read: Read) -> None:
    build = job("ProcessPodcast", "podcast_id:int", "quality:str=high", tries=5, queue="media")
    before = read()
    run(project, build)
    after = read()
    assert {path: content for path, content in after.items() if path in before} == before
    times = {path: (project.root / path).stat().st_mtime_ns for path in after}
    assert set(verbs(run(project, build)).values()) == {"identical"}
    assert read() == after
    assert {path: (project.root / path).stat().st_mtime_ns for path in after} == times


def test_a_second_job_is_registered_beside_the_first() -> None:
    result = APP.run(job("Publish")).project.run(job("ProcessPodcast"))
    result.assert_has_patch(
        "app/jobs/__init__.py",
        """
        + from app.jobs.process_podcast import ProcessPodcast
          from app.jobs.publish import Publish

          __all__ = [
        +     "ProcessPodcast",
              "Publish",
          ]
        """,
    )
    result.assert_unchanged("app/jobs/publish.py", "tests/jobs/test_publish.py", *APP.files)


def test_an_edit_by_hand_is_a_conflict_unless_forced() -> None:
    edited = APP.run(job("ProcessPodcast")).project.with_files({"app/jobs/process_podcast.py": "# mine\n"})
    result = edited.run(job("ProcessPodcast"))
    result.assert_conflict("app/jobs/process_podcast.py")
    assert result.project.text("app/jobs/process_podcast.py") == "# mine\n"
    forced = edited.run(job("ProcessPodcast", force=True))
    assert forced.verbs["app/jobs/process_podcast.py"] == "overwrite"
    forced.assert_has_patch("app/jobs/process_podcast.py", "- # mine\n...\n+ class ProcessPodcast(Job):")


def test_a_conflict_about_options_alone_names_no_command_for_fields() -> None:
    fields = ["podcast_id:int", "pattern:str=*.mp3"]
    made = APP.run(job("ProcessPodcast", *fields)).project
    (conflict,) = made.run(plan_job, "ProcessPodcast", fields, {"tries": 3}).plan.conflicts
    assert conflict.hint == ""


FIELDS_ARE_CHANGED_BY = [
    (["podcast_id:int", "title:str", "tags:list[str]=[]"], "add title:str 'tags:list[str]=[]'"),
    (["title:str"], "add title:str"),
    ([], "remove podcast_id"),
    (["podcast_id:str"], "add|remove|rename ..."),
]


@pytest.mark.parametrize(("fields", "action"), FIELDS_ARE_CHANGED_BY)
def test_a_conflict_about_fields_names_the_command_that_changes_them(fields: list[str], action: str) -> None:
    made = APP.run(job("audio/ProcessPodcast", "podcast_id:int")).project
    conflict = made.run(plan_job, "audio/ProcessPodcast", fields).plan.conflicts[0]
    assert conflict.path == "app/jobs/audio/process_podcast.py"
    assert conflict.hint == (
        f"To change the fields of the class that is there: dartian job:field audio.ProcessPodcast {action}"
    )


@pytest.mark.parametrize("content", ["# mine\n", "class ProcessPodcast(\n", "class Other(Job):\n    count: int\n"])
def test_a_conflict_with_a_file_that_has_no_such_class_says_nothing_of_fields(content: str) -> None:
    result = APP.with_files({"app/jobs/process_podcast.py": content}).run(job("ProcessPodcast", "title:str"))
    assert [conflict.hint for conflict in result.plan.conflicts] == [""]


def test_a_conflict_is_refused_and_leaves_what_is_there(project: Project, write: Write, read: Read) -> None:
    run(project, job("ProcessPodcast"))
    write({"app/jobs/process_podcast.py": b"# mine\n"})
    before = read()
    with pytest.raises(Conflict, match=r"app/jobs/process_podcast.py exists already and differs"):
        run(project, job("ProcessPodcast"))
    assert read() == before


def test_a_nested_job_makes_its_packages() -> None:
    result = APP.run(job("audio/podcasts/Publish"))
    result.assert_creates("app/jobs/__init__.py", '"""The jobs of this application."""\n')
    result.assert_creates("app/jobs/audio/__init__.py", '"""The audio jobs."""\n')
    imported = "+ from app.jobs.audio.podcasts.publish import Publish"
    result.assert_has_patch("app/jobs/audio/podcasts/__init__.py", imported)
    imported = "+ from app.jobs.audio.podcasts import Publish"
    result.assert_has_patch("tests/jobs/audio/podcasts/test_publish.py", imported)
    second = result.project.run(job("video/Publish"))
    second.assert_has_patch("app/jobs/video/__init__.py", "+ from app.jobs.video.publish import Publish")
    second.assert_unchanged(*result.project.files)


def test_tests_that_are_no_packages_stay_so() -> None:
    result = APP.with_files({"tests/test_old.py": ""}).run(job("podcasts/Publish"))
    assert [path for path in result.verbs if path.startswith("tests")] == [
        "tests/jobs/podcasts/test_podcasts_publish.py"
    ]


def test_a_namespace_package_stays_one() -> None:
    settings = {"pyproject.toml": "[tool.dartian]\n"}
    assert "app/__init__.py" not in MemoryProject({**settings, "app/web.py": "x = 1\n"}).run(job("Publish")).verbs
    MemoryProject(settings).run(job("Publish")).assert_creates("app/__init__.py")


def test_several_jobs_folders() -> None:
    project = MemoryProject(
        {
            "src/shop/__init__.py": "",
            "src/billing/__init__.py": "",
            "pyproject.toml": '[tool.dartian]\njobs = ["src/shop/jobs", "src/billing/jobs"]\n',
        }
    )
    result = project.run(job("billing.jobs.ChargeCard"))
    assert set(result.verbs) == {
        "src/billing/jobs/charge_card.py",
        "src/billing/jobs/__init__.py",
        "tests/__init__.py",
        "tests/billing/__init__.py",
        "tests/billing/jobs/__init__.py",
        "tests/billing/jobs/test_charge_card.py",
    }
    imported = "+ from billing.jobs.charge_card import ChargeCard"
    result.assert_has_patch("src/billing/jobs/__init__.py", imported)
    project.run(job("Publish")).assert_creates("src/shop/jobs/publish.py")


def test_sync_and_no_test() -> None:
    result = APP.run(job("Publish", sync=True, test=False))
    assert set(result.verbs) == {"app/jobs/publish.py", "app/jobs/__init__.py"}
    result.assert_has_patch("app/jobs/publish.py", "+\n+     def handle(self) -> None:")


def test_every_option_is_a_class_keyword() -> None:
    options = {
        "isolate": "fresh", "tags": ["podcast:{podcast_id}"], "delay": 1.5, "max_exceptions": 2, "retry_until": 60,
        "fail_on_timeout": True, "timeout": 90, "backoff": (1, 2), "tries": 5, "priority": -1, "queue": "media",
        "connection": "isolate", "aliases": ["Old"], "name": "podcasts.Publish",
    }  # fmt: skip
    text = APP.run(plan_job, "Publish", ["podcast_id:int"], options).project.text("app/jobs/publish.py")
    assert text.partition("class ")[2].partition(':\n    """')[0] == (
        'Publish(\n    Job,\n    name="podcasts.Publish",\n    aliases=["Old"],\n    connection="isolate",\n'
        '    queue="media",\n    priority=-1,\n    tries=5,\n    backoff=(1, 2),\n    timeout=90,\n'
        "    fail_on_timeout=True,\n    retry_until=60,\n"
        '    max_exceptions=2,\n    delay=1.5,\n    tags=["podcast:{podcast_id}"],\n    isolate="fresh",\n)'
    )


def test_no_option_of_a_job_is_forgotten() -> None:
    from dartian_cli.commands.make_job import make_job
    from dartian_queue.options import JobOptions

    old_names = {"renamed_fields", "removed_fields"}  # what is new has no names of old; job:field writes these
    assert sorted(OPTIONS) == sorted(set(JobOptions.__struct_fields__) - old_names)
    flags = {name.rstrip("_") for name in inspect.signature(make_job).parameters}
    assert set(OPTIONS) <= flags


ERRORS = (
    b"class Bare: ...\n\nclass RateLimited(Exception): ...\n\n"
    b"class Refused(Exception):\n    class Twice(Exception): ...\n"
)


def test_exception_types_are_imported_and_the_job_runs(project: Project, write: Write) -> None:
    write({"app/errors.py": ERRORS})
    fail_on = parse_fail_on(["ValueError,app.errors.Refused.Twice", "json.JSONDecodeError"])
    retry_on = parse_retry_on(["app.errors.RateLimited=60", "OSError=exponential:1:60", "TimeoutError=3,10"])
    run(project, job("Publish", fail_on=fail_on, retry_on=retry_on))
    text = (project.root / "app" / "jobs" / "publish.py").read_text()
    assert "from json import JSONDecodeError\n\nfrom dartian_queue import Job, exponential\n\n" in text
    assert "from app.errors import RateLimited, Refused\n" in text
    assert "    fail_on=(ValueError, Refused.Twice, JSONDecodeError),\n" in text
    assert "    retry_on={RateLimited: 60, OSError: exponential(1, 60), TimeoutError: (3, 10)},\n" in text
    code = "from app.jobs import Publish\nfrom dartian_queue.job import options_of\n"
    code += "print(len(options_of(Publish).retry_on))"
    done = subprocess.run([sys.executable, "-c", code], cwd=project.root, check=True, capture_output=True, text=True)
    assert done.stdout == "3\n"
    run(project, job("Other", fail_on=parse_fail_on(["builtins.KeyError"]), retry_on=parse_retry_on(["OSError"])))
    assert (
        "class Other(Job, fail_on=KeyError, retry_on=OSError):"
        in (project.root / "app" / "jobs" / "other.py").read_text()
    )


@pytest.mark.parametrize(
    ("fail_on", "retry_on", "said"),
    [
        (["ValueErorr"], [], "--fail-on: 'ValueErorr' is no exception of Python's; did you mean 'ValueError'?"),
        (["int"], [], "'int' is no exception of Python's"),
        (["x()"], [], "--fail-on takes exception types, such as ValueError, not 'x()'"),
        (["OSError,OSError"], [], "--fail-on names OSError twice"),
        (["OSError"], ["OSError"], "--fail-on and --retry-on both name OSError"),
        (["app.errors.Refusd"], [], "app/errors.py has no Refusd; did you mean 'Refused'?"),
        (["json.JSONDecodeErorr"], [], "Python has no json.JSONDecodeErorr"),
        (["json.JSONDecoder"], [], "json.JSONDecoder is no exception type"),
        (["app.errors.Bare"], [], "app.errors.Bare is no exception type"),
        (["app.errors.Refused", "json.Refused"], [], "--fail-on names Refused twice"),
        ([], ["OSError=3", "ValueError"], "--retry-on ValueError has no delay, and others have one"),
        ([], ["OSError=soon"], "takes seconds, or a duration"),
    ],
)
def test_exception_types_that_cannot_be_used(
    project: Project, write: Write, read: Read, fail_on: list[str], retry_on: list[str], said: str
) -> None:
    write({"app/errors.py": ERRORS})
    before = read()
    with pytest.raises(Usage) as refusal:
        run(project, job("Publish", fail_on=parse_fail_on(fail_on), retry_on=parse_retry_on(retry_on)))
    assert said in str(refusal.value)
    assert read() == before


def test_an_exponential_backoff_is_imported() -> None:
    from dartian_queue import exponential

    text = APP.run(job("Publish", backoff=exponential(3, cap=60))).project.text("app/jobs/publish.py")
    assert "from dartian_queue import Job, exponential\n" in text
    assert "class Publish(Job, backoff=exponential(3, 60)):" in text


def test_the_header_is_broken_as_a_formatter_would() -> None:
    text = APP.run(job("Publish", queue="q" * 26, connection="c" * 26)).project.text("app/jobs/publish.py")
    assert f'class Publish(\n    Job, connection="{"c" * 26}", queue="{"q" * 26}"\n):\n' in text


MODELS = """
from enum import Enum

class Quality(Enum):
    LOW = "low"
    HIGH = "high"

class Podcast:
    class Kind(str, Enum):
        AUDIO = "audio"

class Bare: ...

from dartian_queue import Job

class Other(Job): ...

def find(): ...
"""


def test_an_enum_of_the_project_is_looked_up() -> None:
    build = job("Publish", "kind:app.models.Podcast.Kind", "quality:app.models.Quality=HIGH")
    result = APP.with_files({"app/models.py": MODELS}).run(build)
    result.assert_has_patch(
        "app/jobs/publish.py",
        "+ from app.models import Podcast, Quality\n...\n+     quality: Quality = Quality.HIGH",
    )
    assert "return Publish(kind=Podcast.Kind.AUDIO)" in result.project.text("tests/jobs/test_publish.py")


def test_a_value_that_nobody_knows_skips_the_test() -> None:
    models = {"app/models.py": "from x import Model\nclass Account(Model):\n    def __init__(self, x): ...\n"}
    APP.with_files(models).run(job("Publish", "account:app.models.Account")).assert_has_patch(
        "tests/jobs/test_publish.py",
        """
        +     pytest.skip("return Publish(...) here, with a value for account: Account")
        """,
    )


@pytest.mark.parametrize(
    ("build", "error", "said"),
    [
        (job("ValueError"), NameRefused, "dartian make:job HandleValueError"),
        (job("../Publish"), NameRefused, "'..' would leave the jobs folder"),
        (job("Publish", "x"), FieldRefused, "has no type"),
        (job("Decimal", "price:Decimal"), NameRefused, "its field price has the type Decimal"),
        (job("Publish", "q:app.models.Quality=LOUD"), FieldRefused, "Quality has no member LOUD\nIt has LOW, HIGH"),
        (job("Publish", "q:app.models.Quality=3"), FieldRefused, "Quality has no member 3\nIt has LOW, HIGH"),
        (job("Publish", "q:app.models.Qality"), FieldRefused, "app/models.py has no Qality; did you mean 'Quality'?"),
        (job("Publish", "q:app.modles.Quality"), FieldRefused, "app.modles is no module of this project"),
        (job("Publish", "x:zoneinfo.ZoneInfo"), FieldRefused, "ZoneInfo cannot be stored\nStore what identifies it"),
        (job("Publish", "x:list[os.system]"), FieldRefused, "system cannot be stored\n"),
        (job("Publish", "x:collections.abc.Callable"), FieldRefused, "Callable cannot be stored\n"),
        (
            job("Publish", "x:app.models.Bare?"),
            FieldRefused,
            "The field 'x:app.models.Bare?': Bare cannot be stored\nStore what identifies it (an id, a path, a name), "
            "and fetch it in handle(). A dataclass can be stored as it is.",
        ),
        (job("Publish", "x:list[app.models.Other]"), FieldRefused, "Other cannot be stored\n"),
        (job("Publish", "x:app.models.find"), FieldRefused, "find cannot be stored\n"),
        (job("Publish", "x:http.HTTPStatsu"), FieldRefused, "Python has no http.HTTPStatsu"),
        (job("Publish", "x:dict[tuple[int, int], str]"), FieldRefused, "cannot be a key of a dict that is stored"),
        (job("Publish", "x:dict:bool:str"), FieldRefused, "bool cannot be a key of a dict that is stored"),
        (job("Publish", tires=3), Usage, "A job has no option 'tires'; did you mean 'tries'?"),
        (job("Publish", tries=-1), JobDefinitionError, "tries takes a whole number from 0"),
        (job("Publish", queue="no spaces"), JobDefinitionError, "queue takes 1 to 64 letters"),
        (job("Publish", "podcast_id:int", tags=["p:{podcast}"]), Usage, "which is no field of this job; did you mean"),
        (job("Publish", tags=["p:{"]), Usage, "has a stray { or }"),
    ],
)
def test_what_is_refused(build: Callable[[Workspace], Plan], error: type[DartianError], said: str) -> None:
    assert said in str(APP.with_files({"app/models.py": MODELS}).assert_refuses(error, build))


@pytest.mark.parametrize(("kept", "is_made"), [("# mine\n", False), ("from x import Publish\n", True)])
def test_a_file_that_is_kept_is_registered_only_if_it_has_the_class(kept: str, is_made: bool) -> None:
    answered = APP.with_files({"app/jobs/publish.py": kept}).answering({"app/jobs/publish.py": "keep"})
    if is_made:
        assert answered.run(job("Publish")).verbs["app/jobs/publish.py"] == "keep"
        return
    assert str(answered.assert_refuses(Conflict, job("Publish"))) == (
        "app/jobs/publish.py has no Publish, so the package cannot import it from there\n"
        "Nothing was changed. Choose another name, or have the file overwritten."
    )


@pytest.mark.parametrize("build", [job("ValueError"), job("Publish", "q:app.modles.Quality"), job("Publish", tries=-1)])
def test_a_refusal_touches_nothing(project: Project, read: Read, build: Callable[[Workspace], Plan]) -> None:
    before = read()
    with pytest.raises(DartianError):
        run(project, build)
    assert read() == before
    assert not (project.root / ".dartian").exists()


@pytest.mark.parametrize(
    ("files", "name", "error", "said"),
    [
        ({"app/jobs/__init__.py": b"def f(:\n"}, "Publish", BrokenSource, "app/jobs/__init__.py:1:7: invalid syntax"),
        ({"app/jobs/__init__.py": b"__all__ = x()\n"}, "Publish", NotUnderstood, "__all__ is computed"),
        ({"app/jobs/__init__.py": b"Publish = 1\n"}, "Publish", Conflict, "Publish means something else"),
        (
            {"app/jobs/podcasts.py": b""},
            "podcasts/Publish",
            Conflict,
            "app/jobs/podcasts.py is a module, and a package",
        ),
        ({"app/jobs/publish/__init__.py": b""}, "Publish", Conflict, "app/jobs/publish is a package, and would hide"),
        (
            {"app/jobs/other.py": b"from dartian_queue import Job\n\nclass Publish(Job): ...\n"},
            "Publish",
            Conflict,
            "app/jobs/other.py:3: is a class Publish, and two jobs cannot share a name",
        ),
        ({"app/jobs/publish.py/x": b""}, "Publish", Conflict, "app/jobs/publish.py exists and is no file"),
        (
            {"stubs/job.py.jinja": b"{{ nothing }}"},
            "Publish",
            BrokenSource,
            "stubs/job.py.jinja: 'nothing' is undefined",
        ),
    ],
)
def test_what_is_in_the_way(files: Files, name: str, error: type[CliError], said: str) -> None:
    refusal = APP.with_files(files).assert_refuses(CliError, job(name))
    assert type(refusal) is error
    assert said in str(refusal)


def test_a_jobs_folder_that_leads_out_is_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (project.root / "app" / "jobs").symlink_to(tmp_path / "outside")
    with pytest.raises(CliError, match="leads out of the project"):
        run(project, job("Publish"))
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_file_that_is_only_searched_is_named_and_skipped() -> None:
    plan = APP.with_files({"app/jobs/broken.py": "class Publish(\n"}).run(job("Publish")).plan
    assert len(plan.notes) == 1
    assert plan.notes[0].startswith("not looked into: app/jobs/broken.py:1")


def test_a_stub_of_the_project_is_used_and_told() -> None:
    stub = {"stubs/job.py.jinja": "# ours\nclass {{ class_name }}: ...\n"}
    result = APP.with_files(stub).run(job("Publish", test=False))
    assert result.plan.notes == ("from your own stub stubs/job.py.jinja",)
    result.assert_creates("app/jobs/publish.py", "# ours\nclass Publish: ...\n")


def test_twenty_at_once_register_all_twenty(project: Project, read: Read) -> None:
    pids: list[int] = []
    for number in range(20):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                run(project, job(f"Publish{number}"))
                status = 0
            finally:
                os._exit(status)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 20
    registry = read()["app/jobs/__init__.py"].decode()
    for number in range(20):
        assert registry.count(f"from app.jobs.publish{number} import Publish{number}\n") == 1
        assert registry.count(f'    "Publish{number}",\n') == 1
        assert f"app/jobs/publish{number}.py" in read()


words = st.one_of(st.text(max_size=40), st.from_regex(r"[A-Za-z_/.\-]{1,20}(:[a-z]{1,8})?(=.{0,9})?", fullmatch=True))


@settings(deadline=None)
@given(name=words, fields=st.lists(words, max_size=3))
def test_whatever_is_typed_is_a_plan_that_compiles_or_a_refusal(name: str, fields: list[str]) -> None:
    try:
        result = APP.run(job(name, *fields))
    except CliError:
        assert APP.assert_refuses(CliError, job(name, *fields)).exit_code == 2
        return
    for change in result.plan.changes:
        assert change.path.startswith(("app/jobs/", "tests/"))
        assert ".." not in change.path
        compile(result.project.files[change.path], change.path, "exec")


def test_the_engine_imports_what_it_needs_and_no_more() -> None:
    code = (
        "import sys, dartian_cli.names, dartian_cli.project, dartian_cli.plan, dartian_cli.fields\n"
        "heavy = {'rich', 'typer', 'libcst', 'jinja2', 'tomllib', 'difflib', 'dataclasses', 'asyncio', 'sqlite3'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "import dartian_cli.generators.job\n"
        "print(sorted(heavy & set(sys.modules) - {'tokenize', 'dataclasses'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split("\n") == ["[]", "[]", ""]
