"""Jobs are found below the jobs packages, named by their path, and looked up exactly."""

import sys
import traceback
from collections.abc import Callable, Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest

from dartian_queue.errors import BrokenJobs, DuplicateJobName, JobDefinitionError, NotRegistered, UnknownJob
from dartian_queue.job import Job
from dartian_queue.registry import FieldFacts, Registry

WORK = "from dartian_queue.job import Job\nclass {name}(Job{options}):\n    def handle(self) -> None: ...\n"


def work(name: str, options: str = "") -> str:
    return WORK.format(name=name, options=options)


Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a module of an application, which is forgotten after the test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def write(name: str, source: str) -> Path:
        path = tmp_path / name
        for folder in reversed([*path.relative_to(tmp_path).parents][:-1]):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / "__init__.py").touch()
        path.write_text(source)
        invalidate_caches()
        return path

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_names_are_the_path_below_the_jobs_package(write: Write) -> None:
    write("shop/jobs/process_podcast.py", work("ProcessPodcast"))
    write("shop/jobs/podcasts/publish.py", work("Publish"))
    write("shop/jobs/podcasts/deep/er.py", work("Er"))
    write("shop/jobs/podcasts/__init__.py", "from shop.jobs.process_podcast import ProcessPodcast\n" + work("Notify"))
    write("shop/jobs/__init__.py", "from shop.jobs.podcasts.publish import Publish\nAlias = Publish\n" + work("Top"))

    registry = Registry.load(["shop.jobs"])

    assert registry.names() == ("ProcessPodcast", "Top", "podcasts.Notify", "podcasts.Publish", "podcasts.deep.Er")
    assert len(registry) == 5
    publish = sys.modules["shop.jobs.podcasts.publish"].Publish
    assert registry.get("podcasts.Publish") is publish
    assert registry.name_of(publish) == "podcasts.Publish"
    assert publish in registry
    assert [name for name, _ in registry.classes()] == list(registry.names())


def test_a_name_and_aliases_of_its_own_win(write: Write) -> None:
    write("shop/jobs/pay.py", work("Pay", ', name="billing.Charge", aliases=["Old", "older.Pay"]'))

    registry = Registry.load(["shop.jobs"])

    assert registry.names() == ("billing.Charge",)
    assert registry.known_names() == {"billing.Charge", "Old", "older.Pay"}
    assert registry.get("Old") is registry.get("billing.Charge")
    assert registry.name_of(registry.get("Old")) == "billing.Charge"


def test_a_single_module_and_several_packages_work(write: Write) -> None:
    write("my_jobs.py", work("One"))
    write("shop/jobs/two.py", work("Two"))

    registry = Registry.load(["my_jobs", "shop.jobs", "shop.jobs.two"])

    assert registry.names() == ("One", "Two")


def test_what_is_no_job_of_the_package_is_left_out(write: Write) -> None:
    write("shop/other.py", work("Elsewhere"))
    write("shop/jobs/__main__.py", "raise SystemExit('must not be imported')")
    write(
        "shop/jobs/work.py",
        "from typing import Generic, TypeVar\nfrom shop.other import Elsewhere\nT = TypeVar('T')\n"
        + work("Work")
        + "class Parent(Job):\n    a: int\n"
        + "class Open(Job, Generic[T]):\n    a: T\n    def handle(self) -> None: ...\n",
    )

    assert Registry.load(["shop.jobs"]).names() == ("Work",)


def test_an_unknown_name_gets_the_nearest(write: Write) -> None:
    write("shop/jobs/podcasts/publish.py", work("Publish"))
    registry = Registry.load(["shop.jobs"])

    with pytest.raises(UnknownJob) as refusal:
        registry.get("podcast.Publish")
    assert str(refusal.value) == (
        "no job is called 'podcast.Publish'; did you mean 'podcasts.Publish'?\nSee all of them: dartian job:list"
    )
    for name in ("Publish", "podcasts.publish", "podcasts.Publish ", "os.system", ""):
        with pytest.raises(UnknownJob):
            registry.get(name)
    with pytest.raises(UnknownJob) as refusal:
        Registry(packages=["shop.jobs"]).get("a\x1b[31m")
    assert str(refusal.value) == (
        "no job is called 'a\\x1b[31m': there are no jobs (shop.jobs)\ndartian make:job makes one."
    )


def test_a_name_is_never_imported(write: Write) -> None:
    write("shop/jobs/work.py", work("Work"))
    write("evil.py", "raise AssertionError('imported by a name from data')")

    with pytest.raises(UnknownJob):
        Registry.load(["shop.jobs"]).get("evil.Work")
    assert "evil" not in sys.modules


@pytest.mark.parametrize("options", ["", ', name="x.Other", aliases=["Work"]'])
def test_two_classes_of_one_name_name_both_files(write: Write, options: str) -> None:
    first = write("shop/jobs/one.py", work("Work"))
    second = write("shop/jobs/two.py", work("Work", options))

    with pytest.raises(DuplicateJobName) as refusal:
        Registry.load(["shop.jobs"])
    assert str(refusal.value).startswith("two job classes have the name 'Work': ")
    assert str(first)[-40:] in str(refusal.value)
    assert str(second)[-40:] in str(refusal.value)
    assert str(refusal.value).endswith('Rename one, or give it a name of its own: class Work(Job, name="...")')


def test_a_class_that_no_worker_could_find_is_refused(write: Write) -> None:
    write("shop/jobs/work.py", work("Work"))
    write("shop/late.py", work("Late"))
    registry = Registry.load(["shop.jobs"])

    class Inside(Job):
        def handle(self) -> None: ...

    class Unfinished(Job):
        a: int

    main = type("Script", (Job,), {"__module__": "__main__", "__qualname__": "Script", "handle": lambda self: None})
    late = __import__("shop.late").late.Late
    again = type("Work", (Job,), {"__module__": "shop.jobs.work", "__qualname__": "Work", "handle": lambda self: None})
    for cls, message in [
        (
            main,
            "Script is defined in the program that runs, where no worker can find it\n"
            "Move it to a module below shop/jobs, or to one that you name: "
            'dartian_queue.configure(jobs=["the.module"])',
        ),
        (
            late,
            "Late is defined in shop.late, which is not one of the jobs packages (shop.jobs)\n"
            "Move it below one, or name them all in config/queue.py, which a worker reads too: "
            'Config(jobs=["shop.jobs", "shop.late"])',
        ),
        (again, "Work is not the class that was registered: its module was loaded anew\nStart the program again."),
        (Unfinished, "Unfinished cannot be dispatched: it has no handle()\nWrite async def handle(self) -> None"),
        (Inside, "Inside is not at the top of its module, where no worker can find it\nMove it there."),
    ]:
        with pytest.raises(NotRegistered) as refusal:
            registry.name_of(cls)
        assert message in str(refusal.value)
        assert cls not in registry


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\ndef broken(:\n", "cannot be imported: SyntaxError: "),
        ("x = 1\nimport nothing_of_that_name\n", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("x = 1\nraise ValueError('no\x1b[31m way')\n", "ValueError: no\\x1b[31m way"),
        ("x = 1\nraise SystemExit(3)\n", "SystemExit: 3"),
        ("x = 1\n1 / 0\n", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_module_that_cannot_be_imported_is_named_with_its_line(write: Write, source: str, message: str) -> None:
    write("shop/jobs/fine.py", work("Fine"))
    path = write("shop/jobs/broken.py", source)

    with pytest.raises(BrokenJobs) as refusal:
        Registry.load(["shop.jobs"])
    assert str(refusal.value).startswith("the jobs module 'shop.jobs.broken' cannot be imported: ")
    assert message in str(refusal.value)
    assert str(refusal.value).splitlines()[1].endswith(f"{path.name}:2")
    assert refusal.value.exit_code == 3
    cause = refusal.value.__cause__
    assert cause is not None
    frames = traceback.extract_tb(cause.__traceback__)
    assert all(frame.filename == str(path) for frame in frames)


def test_the_line_is_the_users_own_when_a_library_raises(write: Write) -> None:
    path = write("shop/jobs/broken.py", "import json\n\njson.loads('{')\n")

    with pytest.raises(BrokenJobs, match="JSONDecodeError") as refusal:
        Registry.load(["shop.jobs"])
    assert str(refusal.value).splitlines()[1].endswith(f"{path.name}:3")


def test_a_class_that_cannot_work_is_named_with_its_line(write: Write) -> None:
    path = write("shop/jobs/work.py", "from dartian_queue.job import Job\n\nclass Work(Job, tires=3): ...\n")

    with pytest.raises(JobDefinitionError) as refusal:
        Registry.load(["shop.jobs"])
    assert str(refusal.value).splitlines() == [
        "class Work has no option 'tires'; did you mean 'tries'?",
        f"{path}:3",
    ]


def test_a_forward_reference_that_stays_open_is_refused_when_registered(write: Write) -> None:
    write(
        "shop/jobs/work.py",
        "from dartian_queue.job import Job\nclass Work(Job):\n    a: 'Nowhere'\n    def handle(self) -> None: ...\n",
    )

    with pytest.raises(JobDefinitionError, match="Work: a type in its fields cannot be resolved: name 'Nowhere'"):
        Registry.load(["shop.jobs"])


@pytest.mark.parametrize("package", ["no_such_package", "shop.no_jobs", "no_such.jobs"])
def test_a_package_that_is_not_there_is_told(write: Write, package: str) -> None:
    write("shop/__init__.py", "")

    with pytest.raises(BrokenJobs) as refusal:
        Registry.load([package])
    assert str(refusal.value).startswith(f"the jobs package '{package}' cannot be imported: there is no module '")
    assert str(refusal.value).splitlines()[1:] == [
        "Start from the application's root, or set DARTIAN_ROOT; in a project without jobs so far: dartian init"
    ]


@pytest.mark.parametrize("package", ["shop/jobs", "", ".jobs", "shop..jobs", "shop.jobs.py-x"])
def test_a_package_whose_name_is_none_is_told(package: str) -> None:
    with pytest.raises(BrokenJobs) as refusal:
        Registry.load([package])
    assert str(refusal.value) == (
        f"the jobs package {package!r} has no name that Python could import\n"
        "Name it with dots, as in an import: shop.jobs"
    )


def test_folders_without_an_init_are_searched_too(write: Write) -> None:
    jobs = write("shop/jobs/podcasts/deep/publish.py", work("Publish")).parent.parent.parent
    for folder in (jobs, jobs / "podcasts", jobs / "podcasts" / "deep"):
        (folder / "__init__.py").unlink()
    (jobs / "data").mkdir()
    (jobs / "data" / "notes.txt").touch()

    assert Registry.load(["shop.jobs"]).names() == ("podcasts.deep.Publish",)
    assert "shop.jobs.data" not in sys.modules


def test_a_job_is_described_as_text(write: Write) -> None:
    path = write(
        "shop/jobs/podcasts/publish.py",
        "from dartian_queue.job import Job, field\n\n\n"
        'class Publish(Job, queue="media", tries=5, tags=["p:{podcast_id}"], renamed_fields={"id": "podcast_id"}):\n'
        '    """Publish it.\n\n    More.\n    """\n\n'
        "    podcast_id: int\n    notes: list[str] = field(default_factory=list)\n    quality: str | None = None\n\n"
        "    async def handle(self) -> None: ...\n",
    )

    facts = Registry.load(["shop.jobs"]).describe("podcasts.Publish")

    assert facts.name == "podcasts.Publish"
    assert facts.class_name == "shop.jobs.podcasts.publish.Publish"
    assert (facts.file, facts.line, facts.doc, facts.is_async) == (str(path), 4, "Publish it.", True)
    assert facts.fields == (
        FieldFacts("podcast_id", "int", None),
        FieldFacts("notes", "list[str]", "list()"),
        FieldFacts("quality", "str | None", "None"),
    )
    assert facts.options == {
        "queue": "media",
        "tries": "5",
        "tags": "['p:{podcast_id}']",
        "renamed_fields": "{'id': 'podcast_id'}",
    }
