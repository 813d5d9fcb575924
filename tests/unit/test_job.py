# ruff: noqa: E501 - a refused class is one line
"""A job class: its fields, its constructor, its options and its hooks, and all that is refused at definition."""

import abc
import copy
import inspect
import sys
import types
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from typing import Any, ClassVar, Final, Generic, TypeVar

import attrs
import pytest

from dartian_queue import job as job_module
from dartian_queue.delays import Exponential
from dartian_queue.errors import InvalidPayload, JobDefinitionError, PayloadTooLarge
from dartian_queue.job import (
    Job,
    codec_of,
    encode,
    field,
    fields_of,
    has_failed_hook,
    is_async,
    load,
    name_of,
    options_of,
    tags_of,
    takes_context,
    values_of,
    what_is_missing,
)

T = TypeVar("T")


class ProcessPodcast(Job, queue="media", tries=5, tags=["podcast:{podcast_id}", "{{{quality}}}"]):
    """Process a podcast after its upload."""

    LIMIT: ClassVar[int] = 3
    FORMATS: Final = ("wav", "mp3")
    unannotated = 7

    podcast_id: int
    quality: str = "high"
    channels: list[str] = field(default_factory=list)

    async def handle(self) -> None:
        self.seen = True


class Resize(Job):
    """Has its own __init__."""

    def __init__(self, path: str, *, width: int = 100, labels: list[str] | None = None) -> None:
        self.path = path.upper()
        self.size = (width, width)
        self.labels = labels

    def handle(self) -> None: ...


def test_annotated_attributes_make_the_constructor() -> None:
    assert ProcessPodcast(3) == ProcessPodcast(podcast_id=3) == ProcessPodcast(3, "high", [])
    assert ProcessPodcast(3).quality == "high"
    assert [entry.name for entry in fields_of(ProcessPodcast)] == ["podcast_id", "quality", "channels"]
    assert ProcessPodcast(3, channels=["a"]).channels == ["a"]
    assert ProcessPodcast(3).channels is not ProcessPodcast(3).channels
    assert ProcessPodcast.quality == "high"
    assert not hasattr(ProcessPodcast, "channels")


def test_a_job_can_be_looked_at() -> None:
    job = ProcessPodcast(3, "low")

    assert repr(job) == "ProcessPodcast(podcast_id=3, quality='low', channels=[])"
    assert str(inspect.signature(ProcessPodcast)) == (
        "(podcast_id: int, quality: str = 'high', channels: list[str] = <factory>) -> None"
    )
    assert str(inspect.signature(Resize)).startswith(
        "(path: str, *, width: int = 100, labels: list[str] | None = None)"
    )
    match job:
        case ProcessPodcast(podcast_id, quality):
            assert (podcast_id, quality) == (3, "low")
    assert job != ProcessPodcast(3)
    assert job != 3
    assert copy.deepcopy(job) == job
    assert copy.copy(Resize("a")) == Resize("a")
    with pytest.raises(TypeError, match="unhashable"):
        hash(job)


def test_the_class_itself_has_no_public_names() -> None:
    assert [name for name in dir(Job) if not name.startswith("__")] == []
    assert "__signature__" not in repr(inspect.signature(Job.__init__))
    assert inspect.getdoc(Job)


def test_a_job_keeps_its_own_state_apart_from_its_fields() -> None:
    job = ProcessPodcast(3)
    job.seen = True

    assert values_of(job) == {"podcast_id": 3, "quality": "high", "channels": []}
    assert job == ProcessPodcast(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ProcessPodcast(), "ProcessPodcast() needs a value for 'podcast_id'"),
        (
            lambda: ProcessPodcast(1, podcst_id=2),
            "ProcessPodcast() has no field 'podcst_id'; did you mean 'podcast_id'?",
        ),
        (lambda: ProcessPodcast(1, podcast_id=2), "ProcessPodcast() got 'podcast_id' twice, by position and by name"),
        (
            lambda: ProcessPodcast(1, "a", [], 4),
            "ProcessPodcast() takes 3 positional fields (podcast_id, quality, channels), got 4",
        ),
        (
            lambda: ProcessPodcast(1, delay=60),
            "ProcessPodcast() has no field 'delay'; options belong to dispatch: dispatch(ProcessPodcast(...), delay=...)",
        ),
        (
            lambda: ProcessPodcast(1, xyz=60),
            "ProcessPodcast() has no field 'xyz'; its fields are podcast_id, quality, channels",
        ),
        (lambda: Resize(), "Resize() needs a value for 'path'"),
        (lambda: Resize("a", 3), "Resize() takes 1 positional fields (path), got 2"),
        (lambda: Resize("a", widht=3), "Resize() has no field 'widht'; did you mean 'width'?"),
        (lambda: Job(), "Job() itself cannot be made; extend it: class ProcessPodcast(Job)"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError) as refusal:
        call()
    assert str(refusal.value) == message


def test_a_job_goes_to_its_payload_and_back() -> None:
    job = ProcessPodcast(3, channels=["left"])

    assert encode(job) == '{"podcast_id":3,"quality":"high","channels":["left"]}'
    assert load(ProcessPodcast, encode(job)) == job
    assert load(ProcessPodcast, b'{"podcast_id":3}') == ProcessPodcast(3)
    with pytest.raises(PayloadTooLarge):
        encode(job, limit=10)
    with pytest.raises(PayloadTooLarge):
        load(ProcessPodcast, encode(job), limit=10)


def test_a_job_is_stored_with_the_values_that_it_has_then() -> None:
    job = ProcessPodcast(3)
    job.quality = "low"
    assert '"quality":"low"' in encode(job)

    job.podcast_id = "3"  # type: ignore[assignment]
    with pytest.raises(InvalidPayload, match=r"^ProcessPodcast\.podcast_id: expected int, got str '3'$"):
        encode(job)
    del job.podcast_id
    with pytest.raises(InvalidPayload, match=r"^ProcessPodcast\.podcast_id has no value$"):
        encode(job)
    assert repr(job) == "ProcessPodcast(quality='low', channels=[])"


def test_an_own_constructor_is_stored_by_its_parameters() -> None:
    job = Resize("a", width=3)

    assert encode(job) == '{"path":"a","width":3,"labels":null}'
    back = load(Resize, encode(job))
    assert (back.path, back.size, back.labels) == ("A", (3, 3), None)
    assert back == job
    assert repr(job) == "Resize(path='a', width=3, labels=None)"


def test_a_payload_that_the_own_constructor_refuses_is_invalid() -> None:
    class Picky(Job):
        def __init__(self, number: int) -> None:
            if number < 0:
                raise ValueError("below zero\x1b[31m")
            self.number = number

        def handle(self) -> None: ...

    with pytest.raises(InvalidPayload) as refusal:
        load(Picky, '{"number":-1}')
    assert str(refusal.value).endswith("its constructor refused the payload: ValueError: below zero\\x1b[31m")
    assert isinstance(refusal.value.__cause__, ValueError)


def test_post_init_runs_after_the_fields_are_set() -> None:
    class Sum(Job):
        numbers: list[int]

        def __post_init__(self) -> None:
            self.total = sum(self.numbers)

        def handle(self) -> None: ...

    assert load(Sum, '{"numbers":[1,2]}').total == 3


def test_fields_are_inherited_and_can_be_replaced() -> None:
    class Media(Job):
        path: str
        quality: str = "high"

    class Video(Media):
        quality: int = 3  # type: ignore[assignment]
        width: int = field(kw_only=True)

        def handle(self) -> None: ...

    assert [entry.name for entry in fields_of(Video)] == ["path", "quality", "width"]
    assert encode(Video("a", width=3)) == '{"path":"a","quality":3,"width":3}'
    assert Video.__match_args__ == ("path", "quality")  # type: ignore[attr-defined]


def test_an_own_constructor_can_extend_fields_and_be_extended() -> None:
    class Media(Job):
        path: str

        def handle(self) -> None: ...

    class Video(Media):
        def __init__(self, path: str, width: int) -> None:
            super().__init__(path)
            self.double = width * 2

    class Wide(Video):
        def __init__(self, path: str) -> None:
            super().__init__(path, 1920)

    class Same(Video):
        pass

    assert encode(Video("a", 3)) == '{"path":"a","width":3}'
    assert encode(Wide("a")) == '{"path":"a"}'
    assert load(Wide, '{"path":"a"}').double == 3840
    assert encode(Same("a", 3)) == '{"path":"a","width":3}'
    assert load(Same, '{"path":"a","width":3}') == Same("a", 3)
    with pytest.raises(JobDefinitionError, match=r"^More adds the field 'extra', but Video has an __init__\n"):

        class More(Video):
            extra: int


def test_several_parents_give_their_fields_and_options() -> None:
    class First(Job, tries=2, queue="first"):
        a: int

    class Second(Job, queue="second", timeout=5):
        b: int

    class Both(First, Second):
        def handle(self) -> None: ...

    assert [entry.name for entry in fields_of(Both)] == ["b", "a"]
    assert (options_of(Both).tries, options_of(Both).queue, options_of(Both).timeout) == (2, "first", 5)


def test_a_mixin_and_an_abstract_class_may_give_handle() -> None:
    class Handles:
        async def handle(self) -> None: ...

    class Mixed(Handles, Job):
        a: int

    class Shape(Job, abc.ABC):
        a: int

        @abc.abstractmethod
        def area(self) -> int: ...

        def handle(self) -> None: ...

    assert is_async(Mixed)
    assert encode(Mixed(1)) == '{"a":1}'
    assert what_is_missing(Shape) == "its method area() is abstract\nWrite it in a class that extends Shape."
    with pytest.raises(TypeError, match="abstract"):
        Shape(1)  # type: ignore[abstract]


def test_a_generic_job_is_stored_by_the_class_that_fills_it_in() -> None:
    class Import(Job, Generic[T]):
        rows: list[T]
        first: "T | None" = None

        def handle(self) -> None: ...

    class ImportDays(Import[date]):
        pass

    class ImportMany(Import[list[T]], Generic[T]):
        pass

    class ImportManyDays(ImportMany[date]):
        pass

    assert what_is_missing(Import) == "its type variable ~T is open\nExtend it with a type: class Import(Import[str])"
    assert what_is_missing(ImportDays) is None
    job = ImportDays([date(2026, 1, 1)])
    assert load(ImportDays, encode(job)) == job
    nested = ImportManyDays([[date(2026, 1, 1)]])
    assert load(ImportManyDays, encode(nested)) == nested
    with pytest.raises(InvalidPayload, match=r"rows\[0\]: expected date, got str 'x'"):
        encode(ImportDays(["x"]))  # type: ignore[list-item]
    with pytest.raises(JobDefinitionError, match=r"T .*cannot be stored in a job"):
        codec_of(Import)


def test_types_of_the_function_around_the_class_are_known() -> None:
    @dataclass
    class Local:
        a: int

    class Work(Job):
        inside: "Local"
        many: "list[Local]"

        def handle(self) -> None: ...

    job = Work(Local(1), [Local(2)])
    assert load(Work, encode(job)) == job


class Early(Job):
    later: "list[Later]"
    also: "Later | None" = None

    def handle(self) -> None: ...


@dataclass
class Later:
    next: "Later | None" = None


def test_a_forward_reference_waits_until_it_is_needed() -> None:
    job = Early([Later(Later())])

    assert load(Early, encode(job)) == job
    assert str(inspect.signature(Early)).startswith("(later: list[")


def module_of(source: str) -> types.ModuleType:
    module = types.ModuleType("written_for_a_test")
    sys.modules[module.__name__] = module
    exec(compile(source, "written_for_a_test.py", "exec"), module.__dict__)
    return module


FUTURE = """
from __future__ import annotations
from dataclasses import KW_ONLY, dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Final, TypedDict, NotRequired
import typing as t
from dartian_queue.job import Job
if TYPE_CHECKING:
    from decimal import Decimal

@dataclass
class Day:
    date: date | None = None

class Row(TypedDict):
    id: int
    note: NotRequired[str]

class Work(Job):
    class Kind(Enum):
        A = "a"

    LIMIT: ClassVar[int] = 3
    MORE: t.ClassVar[Unknown] = 3
    NAME: Final = "x"
    kind: Kind
    row: Row
    date: date | None = None
    day: Day | None = None
    def handle(self) -> None: ...

class Hidden(Job):
    price: Decimal
    def handle(self) -> None: ...
"""


def test_a_module_with_postponed_annotations_works() -> None:
    module = module_of(FUTURE)
    try:
        work = module.Work
        job = work(work.Kind.A, {"id": 3}, date(2026, 1, 1), module.Day(date(2026, 1, 2)))
        assert [entry.name for entry in fields_of(work)] == ["kind", "row", "date", "day"]
        assert load(work, encode(job)) == job
        with pytest.raises(JobDefinitionError) as refusal:
            encode(module.Hidden(3))
    finally:
        del sys.modules["written_for_a_test"]
    assert str(refusal.value) == (
        "Hidden: a type in its fields cannot be resolved: name 'Decimal' is not defined\n"
        "Define the type at the top of a module, and import it outside `if TYPE_CHECKING:`."
    )


NEWER = """
from dataclasses import dataclass
from dartian_queue.job import Job
type Rows[T] = list[T]
type Id = int
@dataclass
class Box[T]:
    content: T
class Import[T](Job):
    rows: Rows[T]
    box: "Box[T] | None" = None
    number: Id = 3
    def handle(self): ...
class ImportNumbers(Import[int]): ...
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax is that of Python 3.12")
def test_type_parameters_and_type_aliases_work() -> None:
    module = module_of(NEWER)
    try:
        job = module.ImportNumbers([1], module.Box(2))
        assert encode(job) == '{"rows":[1],"box":{"content":2},"number":3}'
        assert load(module.ImportNumbers, encode(job)) == job
        with pytest.raises(InvalidPayload, match=r"^ImportNumbers\.rows\[0\]: expected int, got str 'a'$"):
            encode(module.ImportNumbers(["a"]))
    finally:
        del sys.modules["written_for_a_test"]


def test_slots_mangled_and_odd_names_work() -> None:
    class Slotted(Job):
        __slots__ = ("a",)
        a: int

        def handle(self) -> None: ...

    class Mangled(Job):
        __secret: int
        self: int = 1
        cls: int = 2
        values: int = 3
        queue: str = "q"
        tags: str = "t"
        _private: int = 4

        def handle(self) -> None: ...

    assert load(Slotted, encode(Slotted(3))).a == 3
    assert not hasattr(Slotted(3), "__dict__")
    job = Mangled(5, self=6)
    assert load(Mangled, encode(job)) == job
    assert values_of(job)["_Mangled__secret"] == 5


def test_options_are_class_keywords_and_inherited() -> None:
    class Parent(Job, name="parent", aliases=["old"], queue="media", tries=5, timeout=timedelta(minutes=2), tags=["a"]):
        pass

    class Child(Parent, tries=1, backoff=Exponential(1.0), tags=["b"]):
        def handle(self) -> None: ...

    options = options_of(Child)
    assert (options.queue, options.tries, options.timeout, options.tags) == ("media", 1, 120.0, ("b",))
    assert (options.name, options.aliases) == (None, ())
    assert options_of(Parent).name == "parent"
    assert name_of(Parent) == "parent"
    assert name_of(Child) == "Child"
    assert options_of(Resize).queue is None


def test_tags_name_fields() -> None:
    assert tags_of(ProcessPodcast(3, "low")) == ("podcast:3", "{low}")
    assert tags_of(Resize("a")) == ()
    for template, message in [
        (
            "p:{podcst_id}",
            "Work: the tag 'p:{podcst_id}' names 'podcst_id', which is no field; did you mean 'podcast_id'?",
        ),
        ("{podcast_id.real}", "names 'podcast_id.real', which is no field"),
        ("{podcast_id[0]}", "names 'podcast_id[0]', which is no field"),
        ("{podcast_id!r}", "names 'podcast_id!r', which is no field"),
        ("{podcast_id:>9}", "names 'podcast_id:>9', which is no field"),
        ("{}", "names '', which is no field"),
        ("{a", "has a single {"),
        ("a}", "has a single }"),
    ]:
        with pytest.raises(JobDefinitionError) as refusal:
            type("Work", (Job,), {"__annotations__": {"podcast_id": int}}, tags=[template])
        assert message in str(refusal.value)


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def wrapper(*args: object, **keywords: object) -> object:
        return function(*args, **keywords)

    return wrapper


def test_handle_may_be_async_and_take_the_context() -> None:
    class Sync(Job):
        def handle(self) -> None: ...

    class Context(Job):
        async def handle(self, context: object) -> None: ...

    class Typed(Job):
        def handle(self, ctx: "JobContext") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    class Wrapped(Job):
        @decorated
        async def handle(self, context: object) -> None: ...

        @decorated
        def failed(self, error: BaseException) -> None: ...

    class Bare(Job):
        def handle(*args: object) -> None: ...

    facts = {cls.__name__: (is_async(cls), takes_context(cls)) for cls in (Sync, Context, Typed, Wrapped, Bare)}
    assert facts == {
        "Sync": (False, False),
        "Context": (True, True),
        "Typed": (False, True),
        "Wrapped": (True, True),
        "Bare": (False, False),
    }
    assert has_failed_hook(Wrapped)
    assert not has_failed_hook(Sync)


def test_a_class_without_handle_can_be_defined_and_not_dispatched() -> None:
    class Unfinished(Job):
        a: int

    class Abstract(Job):
        @abc.abstractmethod
        def handle(self) -> None: ...

    for cls, job in ((Unfinished, Unfinished(1)), (Abstract, Abstract())):  # type: ignore[abstract]
        assert what_is_missing(cls) is not None
        with pytest.raises(JobDefinitionError) as refusal:
            encode(job)
        assert str(refusal.value) == (
            f"{cls.__name__} cannot be dispatched: it has no handle()\nWrite async def handle(self) -> None"
        )
    with pytest.raises(JobDefinitionError, match="has no handle"):
        is_async(Unfinished)


def test_what_is_no_job_class_is_told() -> None:
    with pytest.raises(TypeError, match="is not a job class; extend Job: class ProcessPodcast"):
        options_of(int)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is not a job class"):
        options_of(Job)


DEFINITIONS: list[tuple[str, str]] = [
    ("class Work(Job, tires=3): ...", "class Work has no option 'tires'; did you mean 'tries'?"),
    ("class Work(Job, tries='3'): ...", "class Work: tries takes a whole number from 0 to 1000000, not '3'"),
    ("class Work(Job, isolate='cold'): ...", 'class Work: isolate takes "warm" or "fresh", not \'cold\''),
    (
        "class Work(Job, tags='a:{b}'): ...",
        "class Work: tags takes a list of strings, not 'a:{b}'\nWrite tags=['a:{b}']",
    ),
    ("class Work(Job, tags=3): ...", "class Work: tags takes a list of strings, not 3"),
    (
        "class Work(Job, aliases='Old'): ...",
        "class Work: aliases takes a list of names, not 'Old'\nWrite aliases=['Old']",
    ),
    (
        "class Work(Job):\n  a: int = 1\n  b: int",
        "Work.b has no default, but stands after 'a', which has one\nMove it before 'a'",
    ),
    (
        "class Work(Job):\n  a: list[int] = []",
        "Work.a: its default is a list, which all jobs would share\nWrite a: list[int] = field(default_factory=list[int])",
    ),
    ("class Work(Job):\n  a: list[int] = [1]", "Write a: list[int] = field(default_factory=lambda: [1])"),
    ("class Work(Job):\n  a: dict[str, int] = {}", "Write a: dict[str, int] = field(default_factory=dict[str, int])"),
    ("class Work(Job):\n  a: int = 'x'", "Work.a: expected int, got str 'x'\nIt is the default of the field."),
    ("class Work(Job):\n  a: int = None", "Work.a: expected int, got None\nIt is the default of the field."),
    ("class Work(Job):\n  a: Any", "Work.a: Any cannot be stored in a job\nWrite the type that it has"),
    (
        "class Work(Job):\n  a: 'list'",
        "Work.a: list cannot be stored in a job\nWrite what is in it, such as list[str].",
    ),
    (
        "class Work(Job):\n  handle: int",
        "Work.handle cannot be a field: the name is reserved\nReserved are handle, failed and names",
    ),
    ("class Work(Job):\n  failed: int", "Work.failed cannot be a field: the name is reserved"),
    ("class Work(Job):\n  __x__: int", "Work.__x__ cannot be a field: the name is reserved"),
    (
        "class Work(Job):\n  a: int = field(default=1, default_factory=int)",
        "field() takes default= or default_factory=, not both",
    ),
    (
        "class Parent(Job):\n  a: int = 1\nclass Work(Parent):\n  a = 2",
        "Work.a replaces an inherited field without saying its type, so it would be ignored\nAnnotate it again: a: ... = 2",
    ),
    (
        "class Work(Job):\n  def handle(self):\n    yield",
        "Work.handle is a generator: calling it would run nothing\nTake the yield out",
    ),
    ("class Work(Job):\n  async def handle(self):\n    yield", "Work.handle is a generator"),
    (
        "class Work(Job):\n  def handle(self, podcast_id): ...",
        "Work.handle takes 'podcast_id', but handle() takes nothing, or one parameter, context: JobContext\nMake it a field: podcast_id: int",
    ),
    (
        "class Work(Job):\n  def handle(self, context, more): ...",
        "Work.handle takes 'more', but handle() takes nothing",
    ),
    (
        "class Work(Job):\n  def handle(self, *, context): ...",
        "Work.handle takes a keyword-only parameter\nWrite def handle(self) -> None, or def handle",
    ),
    ("class Work(Job):\n  def handle(): ...", "Work.handle does not take self"),
    (
        "class Work(Job):\n  @staticmethod\n  def handle(): ...",
        "Work.handle is a staticmethod, so it has no job to work on\nTake the @staticmethod away.",
    ),
    ("class Work(Job):\n  @classmethod\n  def handle(cls): ...", "Work.handle is a classmethod"),
    ("class Work(Job):\n  handle = 3", "Work.handle is no method, but int\nWrite def or async def."),
    (
        "class Work(Job):\n  def failed(self): ...",
        "Work.failed takes 0 parameters, but it is called with one, the error\nWrite def failed(self, error: BaseException) -> None",
    ),
    ("class Work(Job):\n  def failed(self, a, b): ...", "Work.failed takes 2 parameters"),
    ("class Work(Job):\n  def failed(self, error):\n    yield", "Work.failed is a generator"),
    (
        "class Work(Job):\n  def __init__(self, *args: int): ...",
        "Work.__init__ takes *args, **kwargs or positional-only parameters, which have no names to store\nName each",
    ),
    (
        "class Work(Job):\n  def __init__(self, **kw: int): ...",
        "Work.__init__ takes *args, **kwargs or positional-only",
    ),
    (
        "class Work(Job):\n  def __init__(self, a: int, /): ...",
        "Work.__init__ takes *args, **kwargs or positional-only",
    ),
    (
        "class Work(Job):\n  def __init__(self, a): ...",
        "Work.__init__: the parameter 'a' has no type, so its value cannot be checked\nWrite one, such as a: int",
    ),
    ("class Work(Job):\n  def __init__(self, a: object): ...", "Work.a: object cannot be stored in a job"),
    (
        "class Work(Job):\n  def __init__(self, a: int = 'x'): ...",
        "Work.a: expected int, got str 'x'\nIt is the default of the field.",
    ),
    ("class Work(Job):\n  def __init__(self, handle: int): ...", "Work.handle cannot be a field"),
    ("class Work(Job):\n  __init__ = 3", "Work.__init__ is no plain function, so its parameters cannot be read"),
]


@pytest.mark.parametrize(("source", "message"), DEFINITIONS)
def test_a_class_that_cannot_work_is_refused_where_it_is_defined(source: str, message: str) -> None:
    namespace = {"Job": Job, "field": field, "Any": Any, "__name__": __name__}
    with pytest.raises(JobDefinitionError) as refusal:
        exec(source, namespace)

    assert message in str(refusal.value)
    assert len(str(refusal.value).splitlines()) <= 3


def test_intermediate_init_subclass_does_not_hide_the_names_around() -> None:
    class Traced(Job):
        def __init_subclass__(cls, **keywords: Any) -> None:
            super().__init_subclass__(**keywords)

    @dataclass
    class Local:
        a: int

    class Work(Traced, tries=3):
        local: "Local"

        def handle(self) -> None: ...

    assert options_of(Work).tries == 3
    assert load(Work, encode(Work(Local(1)))) == Work(Local(1))


def test_keyword_only_fields_are_marked_as_in_a_dataclass() -> None:
    class Work(Job):
        a: int = 1
        _: KW_ONLY
        b: int

        def handle(self) -> None: ...

    assert encode(Work(b=2)) == '{"a":1,"b":2}'
    with pytest.raises(TypeError, match="takes 1 positional fields"):
        Work(1, 2)  # type: ignore[misc]


def test_a_decorator_that_makes_the_class_anew_is_refused() -> None:
    @dataclass
    class Plain(Job, queue="media"):
        a: int

        def handle(self) -> None: ...

    assert load(Plain, encode(Plain(3))) == Plain(3)
    assert options_of(Plain).queue == "media"
    for decorator in (dataclass(slots=True), attrs.define):
        with pytest.raises(JobDefinitionError, match="a decorator makes the class anew, which would lose its options"):
            decorator(type("Work", (Job,), {"__annotations__": {"a": int}}, queue="media"))


def test_a_moment_keeps_its_zone() -> None:
    class At(Job):
        moment: datetime

        def handle(self) -> None: ...

    assert load(At, encode(At(datetime(2026, 1, 1, tzinfo=UTC)))).moment.tzinfo is UTC


def test_every_name_that_is_promised_exists() -> None:
    assert all(hasattr(job_module, name) for name in job_module.__all__)
