# ruff: noqa: FURB157, PYI061, UP045 - a case is one line, and old spellings of a type are cases
"""The payload: every type of the contract comes back as it was, everything else is refused with a remedy."""

import collections
import json
import math
import os
import subprocess
import sys
import time as clock
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict, TypeVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dartian_queue.codec import Codec, PayloadField
from dartian_queue.errors import BrokenPayload, InvalidPayload, JobDefinitionError, PayloadTooLarge, shown

T = TypeVar("T")


class Quality(Enum):
    HIGH = "high"
    LOW = "low"


class Level(IntEnum):
    ONE = 1
    TWO = 2


class Colour(StrEnum):
    RED = "red"


class Access(Flag):
    READ = 1
    WRITE = 2


class Mixed(Enum):
    ONE = 1
    TWO = "two"


class Pair(Enum):
    ONE = (1, 2)


@dataclass
class Point:
    x: int
    y: float = 0.0


@dataclass
class Extended(Point):
    z: int = 0


@dataclass
class Bag:
    names: set[str]
    counts: dict[int, int]


@dataclass
class Tree:
    name: str
    children: "list[Tree]" = field(default_factory=list)


@dataclass
class Box(Generic[T]):
    content: T


@dataclass
class Named(Box[T]):
    name: str


@dataclass
class NeedsMore:
    x: int
    more: InitVar[int] = 0


@dataclass
class Loose:
    anything: Any


@dataclass
class Private:
    _secret: int


@dataclass
class Positive:
    x: int

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is below zero")


@dataclass
class Doubles:
    x: int

    def __post_init__(self) -> None:
        self.x *= 2


@dataclass
class Stamped:
    name: str
    id: UUID | None = field(default=None)

    def __post_init__(self) -> None:
        self.id = self.id or uuid4()
        self.name = self.name.strip()


@dataclass(eq=False)
class Apart:
    names: set[str]

    def __post_init__(self) -> None:
        self.names |= {"always"}


@attrs.define
class Size:
    width: int
    height: int = attrs.field(default=1, validator=attrs.validators.gt(0))


class Cut(msgspec.Struct, tag=True):
    at: float


class Fade(msgspec.Struct, tag=True):
    seconds: float | msgspec.UnsetType = msgspec.UNSET


class Row(TypedDict):
    id: int
    note: NotRequired[str]


class Place(NamedTuple):
    lat: float
    lon: float


class User(pydantic.BaseModel):
    name: str
    born: datetime | None = None
    score: float | None = None


class Login(pydantic.BaseModel):
    name: str
    password: pydantic.SecretStr


UserId = NewType("UserId", int)
Rate = Annotated[int, msgspec.Meta(gt=0)]
Untyped = collections.namedtuple("Untyped", "a b")  # noqa: PYI024 - what is refused
BERLIN = ZoneInfo("Europe/Berlin")


def codec(annotation: object) -> Codec:
    return Codec("Work", [PayloadField("value", annotation)])


def there_and_back(annotation: object, value: object) -> object:
    made = codec(annotation)
    payload = made.encode({"value": value})
    assert json.loads(payload).keys() == {"value"}
    return made.decode(payload)["value"]


ROUND_TRIPS: list[tuple[object, object]] = [
    (int, 0),
    (int, -(2**63)),
    (int, 2**64),
    (int, 10**4000),
    (str, ""),
    (str, "\0 ünï 🎧 \u2028"),
    (bool, True),
    (float, 1.5),
    (float, 5e-324),
    (float, -0.0),
    (bytes, b""),
    (bytes, bytes(range(256))),
    (None, None),
    (datetime, datetime(2026, 3, 1, 12, 30, 15, 123456)),
    (datetime, datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),
    (datetime, datetime(2026, 3, 1, 12, 30, tzinfo=timezone(timedelta(hours=-5, minutes=-30)))),
    (datetime, datetime.max),
    (date, date(1, 1, 1)),
    (time, time(23, 59, 59, 999999)),
    (time, time(12, 0, tzinfo=timezone(timedelta(hours=2)))),
    (timedelta, timedelta(days=-3, microseconds=1)),
    (timedelta, timedelta.max),
    (timedelta, timedelta.min),
    (Decimal, Decimal("1.100")),
    (Decimal, Decimal("1E+400")),
    (Decimal, Decimal("-Infinity")),
    (UUID, UUID(int=7)),
    (Path, Path("/srv/a b/ü.wav")),
    (PurePosixPath, PurePosixPath("a/b")),
    (Quality, Quality.LOW),
    (Level, Level.TWO),
    (Colour, Colour.RED),
    (Access, Access.READ | Access.WRITE),
    (Literal["a", 1, None], 1),
    (Literal[True, 2], True),
    (list[int], [1, 2]),
    (list[list[str]], [[], ["a"]]),
    (tuple[int, str], (1, "a")),
    (tuple[int, ...], (1, 2, 3)),
    (tuple[()], ()),
    (set[str], {"a", "b"}),
    (set[Path], {Path("a"), Path("b")}),
    (frozenset[int], frozenset({1, 2})),
    (dict[int, set[Path]], {2: {Path("b"), Path("a")}, 1: set()}),
    (set[tuple[int, frozenset[str]]], {(1, frozenset({"a", "b"}))}),
    (list[Bag], [Bag({"b", "a"}, {2: 3})]),
    (dict[str, int], {"b": 1, "a": 2}),
    (dict[int, str], {1: "a", -2: "b"}),
    (dict[float, int], {1.5: 1, 1e22: 2}),
    (dict[UUID, int], {UUID(int=1): 1}),
    (dict[date, int], {date(2026, 1, 1): 1}),
    (dict[datetime, int], {datetime(2026, 1, 1, tzinfo=UTC): 1}),
    (dict[Decimal, int], {Decimal("1.0"): 1}),
    (dict[bytes, int], {b"\xff": 1}),
    (dict[Quality, int], {Quality.LOW: 1}),
    (dict[Level, int], {Level.ONE: 1}),
    (dict[Path, int], {Path("a"): 1}),
    (dict[Literal["a", "b"], int], {"a": 1}),
    (dict[UserId, int], {UserId(3): 1}),
    (dict[str, dict[str, list[tuple[int, bytes]]]], {"a": {"b": [(1, b"c")]}}),
    (int | None, None),
    (Optional[str], "a"),
    (int | str, "1"),
    (int | float, 1),
    (int | float, 1.0),
    (list[int] | int, [3]),
    (Path | None, Path("a")),
    (datetime | None, None),
    (Decimal | int, 3),
    (Decimal | int, Decimal("3")),
    (Cut | Fade, Fade(2.0)),
    (Cut | Fade, Fade()),
    (Cut | Fade | None, Cut(1.0)),
    (Point, Point(1, 2.5)),
    (Tree, Tree("a", [Tree("b", [Tree("c")])])),
    (Box[int], Box(3)),
    (Box[list[str]], Box(["a"])),
    (Named[UUID], Named(UUID(int=3), "n")),
    (Size, Size(3, 4)),
    (Stamped, Stamped(" a ")),
    (Positive, Positive(3)),
    (Row, {"id": 1}),
    (Row, {"id": 1, "note": "x"}),
    (Place, Place(1.0, 2.0)),
    (User, User(name="ann", born=datetime(2000, 1, 1, tzinfo=UTC))),
    (list[User], [User(name="ann"), User(name="bo", score=1.5)]),
    (dict[str, User | None], {"a": User(name="ann"), "b": None}),
    (UserId, UserId(3)),
    (Rate, 3),
    (Annotated[list[Rate], "note"], [1]),
]


@pytest.mark.parametrize(("annotation", "value"), ROUND_TRIPS, ids=[shown(annotation) for annotation, _ in ROUND_TRIPS])
def test_a_value_comes_back_as_it_was(annotation: object, value: object) -> None:
    back = there_and_back(annotation, value)

    assert back == value
    assert same_types(back, value)


def same_types(one: object, other: object) -> bool:
    """Equal containers may still hold 1 for 1.0, or a tuple's items in a list."""
    if type(one) is not type(other) and not isinstance(one, Path):
        return False
    if isinstance(one, datetime):
        return one.utcoffset() == other.utcoffset()  # type: ignore[attr-defined]
    if isinstance(one, float):
        return math.copysign(1, one) == math.copysign(1, other)  # type: ignore[arg-type]
    if isinstance(one, dict):
        return list(one) == list(other) and all(same_types(one[key], other[key]) for key in one)  # type: ignore[call-overload, index]
    if isinstance(one, list | tuple):
        return all(map(same_types, one, other))  # type: ignore[arg-type]
    return True


SCALARS: list[tuple[object, st.SearchStrategy[Any]]] = [
    (int, st.integers()),
    (str, st.text()),
    (bool, st.booleans()),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (bytes, st.binary()),
    (datetime, st.datetimes(timezones=st.none() | st.just(UTC)).map(lambda value: value.replace(fold=0))),
    (date, st.dates()),
    (time, st.times().map(lambda value: value.replace(fold=0))),
    (timedelta, st.timedeltas()),
    (Decimal, st.decimals(allow_nan=False)),
    (UUID, st.uuids()),
    (Quality, st.sampled_from(Quality)),
]
HASHABLE_KEYS = SCALARS[:2] + SCALARS[3:]


def nested(inner: st.SearchStrategy[tuple[Any, Any]]) -> st.SearchStrategy[tuple[Any, Any]]:
    """A type that holds another, with values of it: the pair of an annotation and a strategy."""
    keys = st.sampled_from(HASHABLE_KEYS)
    return st.one_of(
        inner.map(lambda pair: (list[pair[0]], st.lists(pair[1], max_size=3))),
        inner.map(lambda pair: (tuple[pair[0], ...], st.lists(pair[1], max_size=3).map(tuple))),
        inner.map(lambda pair: (pair[0] | None, st.none() | pair[1])),
        st.tuples(keys, inner).map(
            lambda two: (dict[two[0][0], two[1][0]], st.dictionaries(two[0][1], two[1][1], max_size=3))
        ),
        st.tuples(inner, inner).map(lambda two: (tuple[two[0][0], two[1][0]], st.tuples(two[0][1], two[1][1]))),
        keys.map(lambda pair: (set[pair[0]], st.sets(pair[1], max_size=3))),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_type_made_of_others_comes_back_too(data: st.DataObject) -> None:
    annotation, values = data.draw(st.recursive(st.sampled_from(SCALARS), nested, max_leaves=4))
    value = data.draw(values)

    back = there_and_back(annotation, value)

    assert back == value
    assert same_types(back, value)


class Text(str):
    pass


class Moment(datetime):
    pass


class Money(Decimal):
    pass


class Number(int):
    pass


class Raw(bytes):
    pass


class Span(timedelta):
    pass


class Ratio(float):
    pass


@pytest.mark.parametrize(
    ("annotation", "value", "comes_back_as"),
    [
        (str, Text("a"), "a"),
        (str, Colour.RED, "red"),
        (int, Level.TWO, 2),
        (int, Number(3), 3),
        (float, Ratio(1.5), 1.5),
        (float, 3, 3.0),
        (bytes, Raw(b"a"), b"a"),
        (datetime, Moment(2026, 1, 1, 12, 0, 0, 5), datetime(2026, 1, 1, 12, 0, 0, 5)),
        (timedelta, Span(seconds=3), timedelta(seconds=3)),
        (Decimal, Money("1.10"), Decimal("1.10")),
        (dict[str, int], collections.OrderedDict(a=1), {"a": 1}),
        (datetime, datetime(2026, 7, 1, 12, tzinfo=BERLIN), datetime(2026, 7, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_subclass_comes_back_as_the_declared_type(annotation: object, value: object, comes_back_as: object) -> None:
    back = there_and_back(annotation, value)

    assert back == comes_back_as
    assert type(back) is type(comes_back_as)


MISFITS: list[tuple[object, object, str]] = [
    (int, "1", "Work.value: expected int, got str '1'"),
    (int, True, "Work.value: expected int, got bool True"),
    (int, 1.0, "Work.value: expected int, got float 1.0"),
    (int, None, "Work.value: expected int, got None"),
    (str, 1, "Work.value: expected str, got int 1"),
    (str, UUID(int=0), "Work.value: expected str, got UUID UUID('00000000-0000-0000-0000-000000000000')"),
    (
        UUID,
        "00000000-0000-0000-0000-000000000000",
        "Work.value: expected UUID, got str '00000000-0000-0000-0000-000000000000'",
    ),
    (bool, 1, "Work.value: expected bool, got int 1"),
    (float, "1.5", "Work.value: expected float, got str '1.5'"),
    (float, math.nan, "Work.value: expected float, got float nan\nJSON has no NaN and no infinity."),
    (float | None, math.inf, "Work.value: expected float, got float inf\nJSON has no NaN and no infinity."),
    (
        float,
        2**53 + 1,
        "Work.value: expected float, got int 9007199254740993\nA float cannot hold this number exactly.",
    ),
    (float, 10**400, "A float cannot hold this number exactly."),
    (dict[float, int], {math.nan: 1}, "Work.value[nan]: expected float, got float nan"),
    (datetime, "2026-01-01T00:00:00", "Work.value: expected datetime, got str '2026-01-01T00:00:00'"),
    (datetime, date(2026, 1, 1), "Work.value: expected datetime, got date datetime.date(2026, 1, 1)"),
    (
        datetime,
        datetime(1850, 1, 1, tzinfo=BERLIN),
        "Its offset from UTC is not whole minutes; use astimezone(timezone.utc).",
    ),
    (datetime, datetime(2026, 1, 1, fold=1), "Its fold would be lost without a time zone; give it one."),
    (date, datetime(2026, 1, 1), "Work.value: expected date, got datetime datetime.datetime(2026, 1, 1, 0, 0)"),
    (time, time(12, tzinfo=BERLIN), "Only a fixed offset of whole minutes can be stored with a time, and no fold."),
    (Decimal, 1.5, "Work.value: expected Decimal, got float 1.5"),
    (Decimal, Decimal("NaN"), "NaN is equal to nothing, not even to itself."),
    (bytes, "a", "Work.value: expected bytes, got str 'a'"),
    (bytes, bytearray(b"a"), "Work.value: expected bytes, got bytearray bytearray(b'a')"),
    (Path, "a", "Work.value: expected Path, got str 'a'"),
    (Quality, "high", "Work.value: expected Quality, got str 'high'"),
    (Literal["a", 1], True, "Work.value: expected Literal['a', 1], got bool True"),
    (Literal["a"], [], "Work.value: expected Literal['a'], got list []"),
    (list[int], (1, 2), "Work.value: expected list[int], got tuple (1, 2)"),
    (list[int], [1, "2"], "Work.value[1]: expected int, got str '2'"),
    (list[int], collections.UserList([1]), "Work.value: expected list[int], got UserList [1]"),
    (list[int], iter([1]), "Work.value: expected list[int], got list_iterator"),
    (tuple[int, ...], [1], "Work.value: expected tuple[int, ...], got list [1]"),
    (tuple[int, str], (1,), "It has 1 places, not 2."),
    (tuple[int, str], (1, 2), "Work.value[1]: expected str, got int 2"),
    (set[int], [1], "Work.value: expected set[int], got list [1]"),
    (set[int], {"a"}, "Work.value{...}: expected int, got str 'a'"),
    (dict[str, int], {1: 1}, "Work.value[1]: expected str, got int 1"),
    (dict[str, list[int]], {"a": [None]}, "Work.value['a'][0]: expected int, got None"),
    (int | str, 1.5, "Work.value: expected int | str, got float 1.5"),
    (list[int] | None, ["a"], "Work.value[0]: expected int, got str 'a'"),
    (Point, Point("1"), "Work.value.x: expected int, got str '1'"),  # type: ignore[arg-type]
    (Point, {"x": 1, "y": 1.0}, "Work.value: expected Point, got dict {'x': 1, 'y': 1.0}"),
    (Point, Extended(1), "What the subclass adds would be lost."),
    (Tree, Tree("a", [Tree("b", [Tree(3)])]), "Work.value.children[0].children[0].name: expected str, got int 3"),  # type: ignore[arg-type]
    (Doubles, Doubles(1), "Work.value: Doubles(x=4) changes each time that it is loaded\nIts __post_init__"),
    (Box[int], Box("a"), "Work.value.content: expected int, got str 'a'"),
    (Row, {"note": "x"}, "It has no key 'id'."),
    (Row, {"id": 1, "nope": 2}, "Row has no key 'nope'."),
    (Place, (1.0, 2.0), "Work.value: expected Place, got tuple (1.0, 2.0)"),
    (Rate, 0, "Work.value: expected int >= 1; the field holds 0"),
    (list[Rate], [1, 0], "Work.value[1]: expected int >= 1; the field holds [1, 0]"),
    (User, {"name": "ann"}, "Work.value: expected User, got dict {'name': 'ann'}"),
    (User, User(name="ann", score=math.nan), "Its own JSON loads as another value."),
    (Login, Login(name="ann", password="pw"), "Its own JSON loads as another value."),  # type: ignore[arg-type]
    (str, "\ud800", "Work.value: '\\ud800' cannot be stored as JSON: it holds a lone surrogate"),
    (dict[str, int], {"\udfff": 1}, "cannot be stored as JSON: it holds a lone surrogate"),
    (set[str], {"\ud800"}, "cannot be stored as JSON: it holds a lone surrogate"),
    (int, 10**5000, "Exceeds the limit"),
    (int, object, "Work.value: expected int, got type <class 'object'>"),
    (int, lambda: 1, "Work.value: expected int, got function"),
]


@pytest.mark.parametrize(("annotation", "value", "message"), MISFITS, ids=[shown(message) for _, _, message in MISFITS])
def test_a_value_that_does_not_fit_is_refused_at_dispatch(annotation: object, value: object, message: str) -> None:
    with pytest.raises(InvalidPayload) as refusal:
        codec(annotation).encode({"value": value})

    assert message in str(refusal.value)
    assert len(str(refusal.value).splitlines()) <= 3


UNSTORABLE: list[tuple[object, str, str]] = [
    (Any, "Work.value: Any cannot be stored in a job", "Write the type that it has"),
    (object, "Work.value: object cannot be stored in a job", "Write the type that it has"),
    (type, "Work.value: type cannot be stored in a job", "Store what identifies it"),
    (type[int], "Work.value: type[int] cannot be stored in a job", "Store what identifies it"),
    (complex, "Work.value: complex cannot be stored in a job", "Write tuple[float, float]."),
    (bytearray, "Work.value: bytearray cannot be stored in a job", "Write bytes."),
    (range, "Work.value: range cannot be stored in a job", "Write its bounds as int fields."),
    (list, "Work.value: list cannot be stored in a job", "Write what is in it, such as list[str]."),
    (dict, "Work.value: dict cannot be stored in a job", "Write what is in it, such as dict[str, int]."),
    (tuple, "Work.value: tuple cannot be stored in a job", "Write what is in it, such as tuple[int, str]."),
    (set, "Work.value: set cannot be stored in a job", "Write what is in it, such as set[str]."),
    (list[Any], "Work.value: Any (in list[Any]) cannot be stored in a job", "Write the type that it has"),
    (dict[str, object], "object (in dict[str, object]) cannot be stored", "Write the type that it has"),
    (list[list], "list (in list[list]) cannot be stored", "such as list[str]."),  # type: ignore[type-arg]
    (Callable[[int], int], "cannot be stored in a job", "Store what identifies it"),
    (Iterator[int], "Work.value: Iterator[int] cannot be stored", "It can be read only once; write list[...]."),
    (Iterable[int], "Work.value: Iterable[int] cannot be stored", "write list[...]"),
    (Sequence[int], "Work.value: Sequence[int] cannot be stored", "write list[...] or tuple[..., ...]."),
    (Mapping[str, int], "Work.value: Mapping[str, int] cannot be stored", "write dict[...]."),
    (collections.OrderedDict[str, int], "OrderedDict[str, int] cannot be stored", "which keeps its order too."),
    (collections.deque[int], "deque[int] cannot be stored", "Write list[...]."),
    (T, "Work.value: T cannot be stored in a job", "Extend the class with a type in the place of T."),
    (dict[tuple[int, int], int], "dict[tuple[int, int], int] cannot be stored", "JSON keeps keys as text"),
    (dict[bool, int], "dict[bool, int] cannot be stored", "JSON keeps keys as text"),
    (dict[int | str, int], "dict[int | str, int] cannot be stored", "JSON keeps keys as text"),
    (dict[Literal["1", 1], int], "cannot be stored", "JSON keeps keys as text"),
    (
        Mixed,
        "Work.value: Mixed cannot be stored in a job",
        "Give all its members str values, or all of them int values.",
    ),
    (Pair, "Work.value: Pair cannot be stored in a job", "Give all its members str values"),
    (Literal[Quality.HIGH], "cannot be stored in a job", "use the Enum itself as the type."),
    (datetime | str, "datetime | str cannot be stored in a job: Type unions may not", "JSON cannot tell them apart"),
    (list[int] | set[int], "cannot be stored in a job: Type unions may not", "JSON cannot tell them apart"),
    (Path | str, "Path | str cannot be stored in a job: Type unions", "JSON cannot tell them apart"),
    (Point | Tree, "Point | Tree cannot be stored in a job: Type unions", "msgspec.Struct classes with tag=True."),
    (Loose, "Work.value: Loose (its 'anything' is Any)", "Write the type that it has"),
    (list[Loose], "Loose (its 'anything' is Any) (in list[Loose])", "Write the type that it has"),
    (Private, "Private (its '_secret' is private)", "Name it without the underscore."),
    (Box, "Box (its 'content' is T)", "Extend the class with a type in the place of T."),
    (NeedsMore, "NeedsMore cannot be stored in a job: dataclasses with InitVar fields", "Store what identifies it"),
    (Untyped, "Work.value: Untyped cannot be stored in a job", "Annotate its 'a' with a type."),
    (types.ModuleType, "Work.value: module cannot be stored in a job", "Store what identifies it"),
    (
        int | msgspec.UnsetType,
        "Work.value: int | UnsetType cannot be stored in a job",
        "for a field of a job write None.",
    ),
    (Exception, "Work.value: Exception cannot be stored in a job", "Store what identifies it"),
    (os.PathLike, "Work.value: PathLike cannot be stored in a job", "Store what identifies it"),
]


@pytest.mark.parametrize(("annotation", "what", "remedy"), UNSTORABLE, ids=shown)
def test_a_type_that_cannot_be_stored_is_refused_with_a_remedy(annotation: object, what: str, remedy: str) -> None:
    with pytest.raises(JobDefinitionError) as refusal:
        codec(annotation)

    assert what in str(refusal.value)
    assert remedy in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("annotation", "payload", "message"),
    [
        (int, '{"value":"1"}', "Work.value: expected int, got str; the field holds '1'"),
        (int, '{"value":1,"more":2}', "Work has no field 'more'"),
        (int, '{"valeu":1}', "Work has no field 'valeu'; did you mean 'value'?"),
        (int, "{}", "Work.value is missing, and has no default"),
        (int, "[]", "Work: expected object, got array"),
        (float, '{"value":null}', "Work.value: expected float, got null; the field holds None"),
        (dict[str, int], '{"value":{"a":"b"}}', "Work.value[...]: expected int, got str; the field holds {'a': 'b'}"),
        (dict[int, int], '{"value":{"a":1}}', "the field holds {'a': 1}"),
        (Point, '{"value":{"x":null}}', "Work.value.x: expected int, got null; the field holds {'x': None}"),
        (Positive, '{"value":{"x":-1}}', "Work.value: x is below zero; the field holds {'x': -1}"),
        (Size, '{"value":{"width":1,"height":0}}', "the field holds {'width': 1, 'height': 0}"),
        (Path, '{"value":3}', "Work.value: expected Path, got int; the field holds 3"),
        (User, '{"value":3}', "Work.value: input should be an object; the field holds 3"),
        (
            User,
            '{"value":{"name":3,"score":"x"}}',
            "Work.value: name: Input should be a valid string; score: Input should be a valid number, unable to parse "
            "string as a number; the field holds {'name': 3, 'score': 'x'}",
        ),
        (
            dict[str, Login],
            '{"value":{"a":{"name":"ada"}}}',
            "Work.value[...]: password: Field required; the field holds {'a': {'name': 'ada'}}",
        ),
        (Quality, '{"value":"best"}', "Work.value: invalid enum value 'best'; the field holds 'best'"),
        (bytes, '{"value":"?"}', "Work.value: invalid base64 encoded string; the field holds '?'"),
        (str, '{"value":"\\ud800"}', "Work"),
    ],
)
def test_a_payload_that_does_not_fit_is_refused_at_load(annotation: object, payload: str, message: str) -> None:
    with pytest.raises(InvalidPayload) as refusal:
        codec(annotation).decode(payload)

    assert message in str(refusal.value)


@pytest.mark.parametrize(
    "payload",
    ["", "{", '{"value":"1"', '{"no":1}}', '{"value":1', '{"value":NaN}', "\ud800", b"\xff\xfe", '{"value":1}x'],
)
def test_a_payload_that_is_no_json_is_told_apart(payload: str | bytes) -> None:
    with pytest.raises(BrokenPayload, match="Work: the payload is not JSON: "):
        codec(int).decode(payload)


def test_a_class_without_equality_is_not_taken_for_changed() -> None:
    back = there_and_back(Apart, Apart({"a", "b"}))

    assert isinstance(back, Apart)
    assert back.names == {"a", "b", "always"}


def test_an_old_payload_loads_without_the_field_that_has_a_default_since() -> None:
    made = Codec("Work", [PayloadField("a", int), PayloadField("b", str, has_default=True), PayloadField("c", int)])

    assert made.decode('{"a":1,"c":2}') == {"a": 1, "c": 2}
    assert made.decode('{"a":1,"b":"x","c":2}') == {"a": 1, "b": "x", "c": 2}


def test_values_that_are_not_the_fields_are_refused() -> None:
    made = Codec("Work", [PayloadField("podcast_id", int)])

    with pytest.raises(InvalidPayload, match=r"^Work has no field 'podcst_id'; did you mean 'podcast_id'\?$"):
        made.encode({"podcast_id": 1, "podcst_id": 2})
    with pytest.raises(InvalidPayload, match=r"^Work\.podcast_id has no value$"):
        made.encode({})


def test_a_structure_that_contains_itself_or_has_no_end_is_refused() -> None:
    ring = Tree("a")
    ring.children.append(ring)
    deep = Tree("a")
    for _ in range(100_000):
        deep = Tree("a", [deep])

    for value in (ring, deep):
        with pytest.raises(InvalidPayload, match=r"^Work: the payload is nested too deeply, or contains itself$"):
            codec(Tree).encode({"value": value})
    nested_text = '{"value":{"name":"a","children":[' * 5_000
    with pytest.raises(InvalidPayload):
        codec(Tree).decode(nested_text)
    with pytest.raises(InvalidPayload):
        codec(int).decode('{"value":' + "[" * 100_000)


def test_a_payload_above_the_limit_is_refused_with_both_numbers() -> None:
    with pytest.raises(PayloadTooLarge) as refusal:
        codec(str).encode({"value": "ü" * 600_000})

    assert str(refusal.value) == (
        "Work: the payload has 1,200,012 bytes, the limit is 1,048,576\n"
        "Store the data in a file or a database, and put its path or id into the job."
    )
    exactly = '{"value":"ab"}'
    assert codec(str).encode({"value": "ab"}, limit=len(exactly)) == exactly
    with pytest.raises(PayloadTooLarge):
        codec(str).encode({"value": "abc"}, limit=len(exactly))
    with pytest.raises(PayloadTooLarge, match="has 14 bytes, the limit is 13"):
        codec(str).decode(exactly, limit=13)
    with pytest.raises(PayloadTooLarge, match="has 14 bytes"):
        codec(str).decode('{"value":"ü"}', limit=13)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [(str, "a" * 50_000_000), (list[int], [1_000_000] * 6_500_000), (bytes, b"a" * 37_500_000)],
    ids=["str", "list", "bytes"],
)
def test_fifty_megabytes_are_refused_within_a_second(annotation: object, value: object) -> None:
    made = codec(annotation)
    begun = clock.perf_counter()
    with pytest.raises(PayloadTooLarge):
        made.encode({"value": value})
    assert clock.perf_counter() - begun < 1


def test_encoding_five_fields_takes_microseconds() -> None:
    fields = [PayloadField("a", int), PayloadField("b", str), PayloadField("c", float), PayloadField("d", bool)]
    made = Codec("Work", [*fields, PayloadField("e", list[int])])
    values = {"a": 1, "b": "x", "c": 1.5, "d": True, "e": [1, 2, 3]}
    begun = clock.perf_counter()
    for _ in range(2_000):
        made.encode(values)
    assert (clock.perf_counter() - begun) / 2_000 < 100e-6  # 4 us on an idle machine


def test_the_same_set_is_the_same_text_in_every_process() -> None:
    program = (
        "from dartian_queue.codec import Codec, PayloadField\n"
        "made = Codec('Work', [PayloadField('names', set[str]), PayloadField('rows', dict[str, int])])\n"
        "print(made.encode({'names': {'a', 'b', 'c', 'd', 'e'}, 'rows': {'z': 1, 'a': 2}}))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in (1, 2, 3)
    }
    assert texts == {'{"names":["a","b","c","d","e"],"rows":{"z":1,"a":2}}'}


def test_pickle_and_the_heavy_modules_stay_away() -> None:
    program = (
        "import sys\n"
        "seen = []\n"
        "sys.addaudithook(lambda event, args: seen.append(event) if event.startswith('pickle') else None)\n"
        "from dartian_queue.job import Job, encode, load\n"
        "class Work(Job):\n"
        "    number: int\n"
        "    def handle(self) -> None: ...\n"
        "assert load(Work, encode(Work(3))) == Work(3)\n"
        "assert not seen, seen\n"
        "heavy = {'pickle', '_pickle', 'dataclasses', 'asyncio', 'sqlite3', 'logging', 'pydantic', 'pathlib'}\n"
        "print(*sorted(set(sys.modules) & heavy))"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert run.stderr == ""
    assert run.stdout.strip() == ""
