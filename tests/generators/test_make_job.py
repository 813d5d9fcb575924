"""``make:job`` as a plan: what is written where, and every refusal before anything is touched."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dartian_cli.errors import BrokenSource, CliError, Conflict, FieldRefused, NameRefused, NotUnderstood, Usage
from dartian_cli.generators.job import plan_job
from dartian_cli.plan import Plan, preview, run
from dartian_cli.project import Project
from dartian_cli.workspace import Workspace
from dartian_queue.errors import JobDefinitionError

Files = dict[str, bytes]
Write = Callable[[Files], None]
Read = Callable[[], Files]

JOB = b'''"""The job ProcessPodcast."""

from dartian_queue import Job


class ProcessPodcast(Job, queue="media", tries=5):
    """Process podcast."""

    podcast_id: int
    quality: str = "high"

    async def handle(self) -> None:
        """Do the work of this job."""
        print(f"ProcessPodcast {self.podcast_id}")
'''
TEST = b'''"""ProcessPodcast can be dispatched, and does its work."""

from dartian_queue import dispatch, run_now
from dartian_queue.testing import FakeQueue

from app.jobs import ProcessPodcast


def make_job() -> ProcessPodcast:
    """Return a job to test with."""
    return ProcessPodcast(podcast_id=1)


def test_is_dispatched(queue: FakeQueue) -> None:
    """Dispatch it into the fake queue; nothing runs, and no real store is written."""
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


def test_the_first_job(project: Project, read: Read) -> None:
    before = read()
    build = job("ProcessPodcast", "podcast_id:int", "quality:str=high", tries=5, queue="media")
    plan = run(project, build)
    assert verbs(plan) == {
        "app/jobs/process_podcast.py": "create",
        "tests/__init__.py": "create",
        "tests/jobs/__init__.py": "create",
        "tests/jobs/test_process_podcast.py": "create",
        "app/jobs/__init__.py": "create",
    }
    after = read()
    assert after["app/jobs/process_podcast.py"] == JOB
    assert after["tests/jobs/test_process_podcast.py"] == TEST
    assert after["app/jobs/__init__.py"].endswith(b'__all__ = [\n    "ProcessPodcast",\n]\n')
    assert {path: content for path, content in after.items() if path in before} == before
    times = {path: (project.root / path).stat().st_mtime_ns for path in after}
    assert set(verbs(run(project, build)).values()) == {"identical"}
    assert read() == after
    assert {path: (project.root / path).stat().st_mtime_ns for path in after} == times


def test_an_edit_by_hand_is_a_conflict_unless_forced(project: Project, write: Write, read: Read) -> None:
    run(project, job("ProcessPodcast"))
    write({"app/jobs/process_podcast.py": b"# mine\n"})
    with pytest.raises(Conflict, match=r"app/jobs/process_podcast.py exists already and differs"):
        run(project, job("ProcessPodcast"))
    assert read()["app/jobs/process_podcast.py"] == b"# mine\n"
    assert verbs(run(project, job("ProcessPodcast", force=True)))["app/jobs/process_podcast.py"] == "overwrite"
    assert b"class ProcessPodcast(Job):" in read()["app/jobs/process_podcast.py"]


def test_a_nested_job_makes_its_packages(project: Project, read: Read) -> None:
    run(project, job("audio/podcasts/Publish"))
    files = read()
    assert files["app/jobs/__init__.py"] == b'"""The jobs of this application."""\n'
    assert files["app/jobs/audio/__init__.py"] == b'"""The audio jobs."""\n'
    assert b"from app.jobs.audio.podcasts.publish import Publish\n" in files["app/jobs/audio/podcasts/__init__.py"]
    assert b"from app.jobs.audio.podcasts import Publish\n" in files["tests/jobs/audio/podcasts/test_publish.py"]
    run(project, job("video/Publish"))
    assert b"from app.jobs.video.publish import Publish\n" in read()["app/jobs/video/__init__.py"]


def test_tests_that_are_no_packages_stay_so(project: Project, write: Write) -> None:
    write({"tests/test_old.py": b""})
    plan = preview(project, job("podcasts/Publish"))
    assert [path for path in verbs(plan) if path.startswith("tests")] == [
        "tests/jobs/podcasts/test_podcasts_publish.py"
    ]


def test_a_namespace_package_stays_one(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "web.py").write_text("x = 1\n")
    (tmp_path / "pyproject.toml").write_text("[tool.dartian]\n")
    assert "app/__init__.py" not in verbs(preview(Project.at(tmp_path), job("Publish")))
    (tmp_path / "app" / "web.py").unlink()
    assert verbs(preview(Project.at(tmp_path), job("Publish")))["app/__init__.py"] == "create"


def test_several_jobs_folders(tmp_path: Path) -> None:
    for package in ("src/shop", "src/billing"):
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text('[tool.dartian]\njobs = ["src/shop/jobs", "src/billing/jobs"]\n')
    project = Project.at(tmp_path)
    plan = preview(project, job("billing.jobs.ChargeCard"))
    assert set(verbs(plan)) == {
        "src/billing/jobs/charge_card.py",
        "src/billing/jobs/__init__.py",
        "tests/__init__.py",
        "tests/billing/__init__.py",
        "tests/billing/jobs/__init__.py",
        "tests/billing/jobs/test_charge_card.py",
    }
    assert "from billing.jobs.charge_card import ChargeCard" in plan.diff()
    assert "src/shop/jobs/publish.py" in verbs(preview(project, job("Publish")))


def test_sync_and_no_test(project: Project) -> None:
    plan = run(project, job("Publish", sync=True, test=False))
    assert set(verbs(plan)) == {"app/jobs/publish.py", "app/jobs/__init__.py"}
    assert b"\n    def handle(self) -> None:\n" in (project.root / "app" / "jobs" / "publish.py").read_bytes()


def test_every_option_is_a_class_keyword(project: Project) -> None:
    options = {
        "isolate": "fresh", "tags": ["podcast:{podcast_id}"], "delay": 1.5, "max_exceptions": 2, "retry_until": 60,
        "fail_on_timeout": True, "timeout": 90, "backoff": (1, 2), "tries": 5, "priority": -1, "queue": "media",
        "connection": "isolate", "aliases": ["Old"], "name": "podcasts.Publish",
    }  # fmt: skip
    run(project, lambda workspace: plan_job(workspace, "Publish", ["podcast_id:int"], options))
    text = (project.root / "app" / "jobs" / "publish.py").read_text()
    assert text.partition("class ")[2].partition(':\n    """')[0] == (
        'Publish(\n    Job,\n    name="podcasts.Publish",\n    aliases=["Old"],\n    connection="isolate",\n'
        '    queue="media",\n    priority=-1,\n    tries=5,\n    backoff=(1, 2),\n    timeout=90,\n'
        "    fail_on_timeout=True,\n    retry_until=60,\n"
        '    max_exceptions=2,\n    delay=1.5,\n    tags=["podcast:{podcast_id}"],\n    isolate="fresh",\n)'
    )


def test_an_exponential_backoff_is_imported(project: Project) -> None:
    from dartian_queue import exponential

    run(project, job("Publish", backoff=exponential(3, cap=60)))
    text = (project.root / "app" / "jobs" / "publish.py").read_text()
    assert "from dartian_queue import Job, exponential\n" in text
    assert "class Publish(Job, backoff=exponential(3, 60)):" in text


def test_the_header_is_broken_as_a_formatter_would(project: Project) -> None:
    run(project, job("Publish", queue="q" * 26, connection="c" * 26))
    text = (project.root / "app" / "jobs" / "publish.py").read_text()
    assert f'class Publish(\n    Job, connection="{"c" * 26}", queue="{"q" * 26}"\n):\n' in text


MODELS = b"""
from enum import Enum

class Quality(Enum):
    LOW = "low"
    HIGH = "high"

class Podcast:
    class Kind(str, Enum):
        AUDIO = "audio"
"""


def test_an_enum_of_the_project_is_looked_up(project: Project, write: Write, read: Read) -> None:
    write({"app/models.py": MODELS})
    run(project, job("Publish", "kind:app.models.Podcast.Kind", "quality:app.models.Quality=HIGH"))
    files = read()
    assert b"from app.models import Podcast, Quality\n" in files["app/jobs/publish.py"]
    assert b"    quality: Quality = Quality.HIGH\n" in files["app/jobs/publish.py"]
    assert b"return Publish(kind=Podcast.Kind.AUDIO)" in files["tests/jobs/test_publish.py"]


def test_a_value_that_nobody_knows_skips_the_test(project: Project, write: Write, read: Read) -> None:
    write({"app/models.py": b"class Account:\n    def __init__(self, x): ...\n"})
    run(project, job("Publish", "account:app.models.Account"))
    assert (
        b'    pytest.skip("return a Publish here, with a value for account: Account")\n'
        in read()["tests/jobs/test_publish.py"]
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
def test_a_refusal_touches_nothing(
    project: Project, write: Write, read: Read, build: Callable[[Workspace], Plan], error: type[Exception], said: str
) -> None:
    write({"app/models.py": MODELS})
    before = read()
    with pytest.raises(error) as refusal:
        run(project, build)
    assert said in str(refusal.value)
    assert len(str(refusal.value).splitlines()) <= 3
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
def test_what_is_in_the_way(
    project: Project, write: Write, read: Read, files: Files, name: str, error: type[CliError], said: str
) -> None:
    write(files)
    before = read()
    with pytest.raises(CliError) as refusal:
        run(project, job(name))
    assert type(refusal.value) is error
    assert said in str(refusal.value)
    assert read() == before


def test_a_jobs_folder_that_leads_out_is_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (project.root / "app" / "jobs").symlink_to(tmp_path / "outside")
    with pytest.raises(CliError, match="leads out of the project"):
        run(project, job("Publish"))
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_file_that_is_only_searched_is_named_and_skipped(project: Project, write: Write) -> None:
    write({"app/jobs/broken.py": b"class Publish(\n"})
    plan = preview(project, job("Publish"))
    assert len(plan.notes) == 1
    assert plan.notes[0].startswith("not looked into: app/jobs/broken.py:1")


def test_a_stub_of_the_project_is_used_and_told(project: Project, write: Write, read: Read) -> None:
    write({"stubs/job.py.jinja": b"# ours\nclass {{ class_name }}: ...\n"})
    plan = run(project, job("Publish", test=False))
    assert plan.notes == ("from your own stub stubs/job.py.jinja",)
    assert read()["app/jobs/publish.py"] == b"# ours\nclass Publish: ...\n"


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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=words, fields=st.lists(words, max_size=3))
def test_whatever_is_typed_is_a_plan_that_compiles_or_a_refusal(project: Project, name: str, fields: list[str]) -> None:
    try:
        plan = preview(project, job(name, *fields))
    except CliError as refusal:
        refused = refusal.exit_code
        assert refused == 2
        return
    for change in plan.changes:
        assert change.path.startswith(("app/jobs/", "tests/"))
        assert ".." not in change.path
        compile(getattr(change, "after"), change.path, "exec")  # noqa: B009 - a union without one for removals


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
