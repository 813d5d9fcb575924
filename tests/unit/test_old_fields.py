"""Payloads that hold fields by the names that they had: they load, and nothing else becomes laxer."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from dartian_queue import Job
from dartian_queue.codec import Codec, PayloadField
from dartian_queue.errors import BrokenPayload, InvalidPayload, JobDefinitionError
from dartian_queue.job import encode, load, options_of
from dartian_queue.old_fields import OldFields, RenamedField


class Publish(Job, renamed_fields={"podcast": "podcast_id", "id_": "podcast_id"}, removed_fields=["quality"]):
    podcast_id: int
    at: str = "now"

    def handle(self) -> None: ...


class Resize(Job, renamed_fields={"file": "path"}, removed_fields=("quality",)):
    def __init__(self, path: str, width: int = 100) -> None:
        self.size = f"{path}:{width}"

    def handle(self) -> None: ...


class Later(Publish, renamed_fields={"when": "at", "quality": "format"}):
    format: str = "mp3"


class Own(Publish):
    """Has other fields than its parent, of which one is called as another was there."""

    def __init__(self, quality: str, at: str = "now") -> None: ...


@pytest.mark.parametrize(
    ("payload", "job"),
    [
        ('{"podcast_id":1}', Publish(1)),
        ('{"podcast":1}', Publish(1)),
        ('{"id_":1,"at":"later"}', Publish(1, "later")),
        ('{"podcast":1,"quality":{"any":[1.0,"thing"]}}', Publish(1)),
        ('{"quality":"high","podcast_id":1}', Publish(1)),
        ('{"file":"a"}', Resize("a")),
        ('{"quality":1,"file":"a","width":3}', Resize("a", 3)),
        ('{"podcast":1,"when":"later"}', Later(1, "later")),
        ('{"podcast":1,"quality":"flac"}', Later(1, format="flac")),
    ],
)
def test_a_payload_of_old_loads(payload: str, job: Job) -> None:
    assert load(type(job), payload) == job
    assert load(type(job), payload.encode()) == job


@pytest.mark.parametrize(
    ("cls", "payload", "told"),
    [
        (
            Publish,
            '{"podcast":1,"podcast_id":2}',
            "Publish: the payload has 'podcast_id' and 'podcast', which are one field",
        ),
        (Publish, '{"podcast":1,"id_":2}', "Publish: the payload has 'podcast' and 'id_', which are one field"),
        (Publish, '{"podcast":"x"}', "Publish.podcast (now podcast_id): expected int, got str; the field holds 'x'"),
        (Publish, '{"podcst":1}', "Publish has no field 'podcst'; did you mean 'podcast_id'?"),
        (Publish, '{"podcast":1,"other":2}', "Publish has no field 'other'"),
        (Publish, '{"quality":1}', "Publish.podcast_id is missing, and has no default"),
        (Publish, '["podcast"]', "Publish: expected object, got array"),
        (Own, '{"podcast":1,"quality":"high"}', "Own has no field 'podcast'"),
    ],
)
def test_what_is_wrong_is_told_by_the_name_that_the_payload_has(cls: type[Job], payload: str, told: str) -> None:
    with pytest.raises(InvalidPayload) as refusal:
        load(cls, payload)
    assert str(refusal.value) == told


@pytest.mark.parametrize("payload", ['{"podcast":1', '{"podcast":1} x', '{"podcast":\x001}'])
def test_what_is_no_json_stays_broken(payload: str) -> None:
    with pytest.raises(BrokenPayload, match="the payload is not JSON"):
        load(Publish, payload)


def test_new_payloads_hold_the_names_of_now() -> None:
    assert encode(Publish(1)) == '{"podcast_id":1,"at":"now"}'
    assert encode(Resize("a")) == '{"path":"a","width":100}'
    with pytest.raises(TypeError, match="has no field 'podcast'"):
        Publish(podcast=1)  # type: ignore[call-arg]


def test_a_number_is_moved_digit_by_digit() -> None:
    fields = [PayloadField("amount", Decimal), PayloadField("count", int)]
    codec = Codec("Pay", fields, OldFields((RenamedField("sum", "amount"),)))
    found = codec.decode('{"sum": 0.10000000000000000000001, "count": 9223372036854775807}')
    assert found == {"amount": Decimal("0.10000000000000000000001"), "count": 2**63 - 1}


def test_a_payload_that_is_as_new_is_never_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    renewed = OldFields.renewed

    def seen(self: OldFields, owner: str, stored: dict[str, object]) -> object:
        read.append(stored)
        return renewed(self, owner, stored)

    monkeypatch.setattr(OldFields, "renewed", seen)
    assert load(Publish, '{"podcast_id":1}') == Publish(1)
    assert not read
    assert load(Publish, '{"podcast":1}') == Publish(1)
    assert len(read) == 1


def test_old_names_are_inherited_as_fields_are() -> None:
    assert options_of(Later).old_fields == OldFields(
        (
            RenamedField("podcast", "podcast_id"),
            RenamedField("id_", "podcast_id"),
            RenamedField("when", "at"),
            RenamedField("quality", "format"),
        )
    )
    assert options_of(Own).old_fields == OldFields()
    assert options_of(Publish).removed_fields == ("quality",)


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        (
            {"renamed_fields": {"a": "b"}},
            "Odd: renamed_fields renames 'a' to 'b', which is no field",
        ),
        (
            {"renamed_fields": {"podcast": "podcst_id"}},
            "Odd: renamed_fields renames 'podcast' to 'podcst_id', which is no field; did you mean 'podcast_id'?",
        ),
        (
            {"renamed_fields": {"podcast_id": "at"}},
            "Odd: renamed_fields has 'podcast_id', which is a field\nTake it out there, or rename the field.",
        ),
        (
            {"renamed_fields": {"a": "b", "b": "at"}},
            "Odd: renamed_fields renames 'a' to 'b', which was renamed too\nWrite the name of now for both: 'a': 'at'",
        ),
        (
            {"removed_fields": ["at"]},
            "Odd: removed_fields has 'at', which is a field\nTake it out there, or rename the field.",
        ),
        (
            {"renamed_fields": {"a": "at"}, "removed_fields": ["a"]},
            "Odd: 'a' is in renamed_fields and in removed_fields\nTake it out of one of them.",
        ),
        (
            {"renamed_fields": ["a"]},
            'class Odd: renamed_fields takes a dict of old names to new ones, {"old": "new"}, not [\'a\']',
        ),
        ({"renamed_fields": {"a-b": "at"}}, "class Odd: renamed_fields takes names of fields, not 'a-b'"),
        ({"renamed_fields": {"a": 3}}, "class Odd: renamed_fields takes names of fields, not 3"),
        ({"removed_fields": "a"}, "class Odd: removed_fields takes a list of names, not 'a'"),
        ({"removed_fields": [3]}, "class Odd: removed_fields takes names of fields, not 3"),
        ({"renamed_field": {}}, "class Odd has no option 'renamed_field'; did you mean 'renamed_fields'?"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_is_written(keywords: dict[str, object], told: str) -> None:
    def annotated(names: dict[str, object]) -> None:
        names["__annotations__"] = {"podcast_id": int, "at": str}

    def written(names: dict[str, object]) -> None:
        def __init__(self: object, podcast_id: int, at: str) -> None: ...

        names["__init__"] = __init__

    kinds: tuple[Callable[[dict[str, object]], None], ...] = (annotated, written)
    for body in kinds:
        names: dict[str, object] = {}
        body(names)
        with pytest.raises(JobDefinitionError) as refusal:
            type("Odd", (Job,), names, **keywords)
        assert str(refusal.value) == told
