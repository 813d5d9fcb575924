"""The payload: fields to JSON text and back, over msgspec.

Values are checked when they are stored and when they are loaded, strictly: nothing is converted, and what
was stored is loaded once at dispatch, so that no worker is the first to find that it cannot be. Subclasses of
str, int, float, bytes, list, dict, the datetime family and Decimal come back as the declared type; a named time zone
comes back as its offset. It never pickles, never imports by a name from data, and knows no job class.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, cast, get_args

import msgspec

from dartian_queue.errors import BrokenPayload, InvalidPayload, JobDefinitionError, PayloadTooLarge, did_you_mean, shown
from dartian_queue.fieldchecks import Misfit, is_model, is_path, refusal_of_model, type_text
from dartian_queue.fieldtypes import FieldType, Unstorable
from dartian_queue.old_fields import NO_OLD_FIELDS, OldFields

__all__ = ["PAYLOAD_LIMIT", "Codec", "PayloadField"]

PAYLOAD_LIMIT: Final = 1024 * 1024
"""The largest payload in bytes, unless configuration says otherwise."""

_MISSING: Final = object()
_FIELD_IN_PATH: Final = re.compile(r"\$\.([^.\[`]+)")
_UNKNOWN_FIELD: Final = re.compile(r"unknown field `(.*)`$")
_MISSING_FIELD: Final = re.compile(r"missing required field `(.*)`$")


class PayloadField(msgspec.Struct, frozen=True):
    """One field of a payload: its name, its resolved type, and whether a payload may lack it."""

    name: str
    type: object
    has_default: bool = False


class Codec:
    """Turns the fields of one job class into a payload and back; made once a class, then only read."""

    def __init__(self, owner: str, fields: Sequence[PayloadField], old: OldFields = NO_OLD_FIELDS) -> None:
        """Prepare for the fields of the class called ``owner``; JobDefinitionError if one cannot be stored.

        NameError if a type names another that is not defined yet. ``old`` are names under which payloads hold them too.
        """
        self.owner = owner
        self.fields = tuple(fields)
        self._old = old
        self._names = frozenset(field.name for field in fields)
        types = {field.name: _field_type(owner, field) for field in fields}
        self._checks = {name: found.check for name, found in types.items()}
        self._with_sets = tuple(name for name, found in types.items() if found.holds_set)
        self._with_hooks = tuple(name for name, found in types.items() if found.has_hooks)
        self._shape = _shape_of(owner, fields)
        self._encoder = msgspec.json.Encoder(enc_hook=_to_json)
        self._sorting_encoder = msgspec.json.Encoder(enc_hook=_to_json, order="deterministic")
        self._decoder = msgspec.json.Decoder(self._shape, dec_hook=_from_json)

    def encode(self, values: Mapping[str, object], limit: int = PAYLOAD_LIMIT) -> str:
        """Return the payload; InvalidPayload if a value does not fit, PayloadTooLarge above ``limit`` bytes."""
        if len(values) != len(self._names) or not self._names.issuperset(values):
            self._refuse_names(values)
        try:
            encoded = self._encoder.encode(self._shape(**(self._sets_in_order(values) if self._with_sets else values)))
        except RecursionError:
            raise InvalidPayload(self._too_deep()) from None
        except Exception as error:
            self.check(values)
            raise self._not_encodable(values, error) from None
        if len(encoded) > limit:
            raise PayloadTooLarge(self._too_large(len(encoded), limit))
        self.check(values)
        loaded = self._read(encoded)
        if self._with_hooks:
            self._refuse_changes(loaded)
        return encoded.decode()

    def decode(self, payload: str | bytes, limit: int | None = None) -> dict[str, object]:
        """Return the values of a payload; a field that it lacks and that has a default is left out.

        InvalidPayload if a value does not fit its field, or belongs to none; its subclass BrokenPayload if it is no
        JSON at all; PayloadTooLarge above ``limit`` bytes.
        """
        if limit is not None and (size := _size(payload)) > limit:
            raise PayloadTooLarge(self._too_large(size, limit))
        loaded = self._read(payload)
        return {
            name: value for name in self._shape.__struct_fields__ if (value := getattr(loaded, name)) is not _MISSING
        }

    def check(self, values: Mapping[str, object]) -> None:
        """Check each value against its field's type; InvalidPayload names the first that does not fit."""
        for name in self._checks:
            self.check_field(name, values[name])

    def check_field(self, name: str, value: object) -> None:
        """Check one value against its field's type; InvalidPayload says what was expected and what came."""
        try:
            self._checks[name](value)
        except Misfit as misfit:
            raise InvalidPayload(self._misfit(name, misfit)) from None
        except RecursionError:
            raise InvalidPayload(self._too_deep()) from None

    def _sets_in_order(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return the values with their sets sorted: the same content is the same text in every process."""
        return {**values, **{name: self._in_order(values[name]) for name in self._with_sets}}

    def _in_order(self, value: object) -> object:
        if isinstance(value, set | frozenset):
            items = (self._encoder.encode(self._in_order(item)) for item in cast("set[object]", value))
            return [msgspec.Raw(item) for item in sorted(items)]
        if isinstance(value, list | tuple):
            return [self._in_order(item) for item in cast("list[object]", value)]
        if isinstance(value, dict):
            return {key: self._in_order(item) for key, item in cast("dict[object, object]", value).items()}
        try:
            return msgspec.Raw(self._sorting_encoder.encode(value))
        except TypeError:  # an object with a dict whose keys msgspec does not sort, or one that does not fit at all
            return value

    def _read(self, payload: str | bytes) -> msgspec.Struct:
        try:
            try:
                return self._decoder.decode(payload)
            except msgspec.ValidationError as error:
                # The rest of the text has not been read yet, and may turn out to be no JSON.
                content: object = msgspec.json.decode(payload)
                if self._old != NO_OLD_FIELDS and isinstance(content, dict):
                    return self._read_old(payload)
                raise InvalidPayload(self._unreadable(content, str(error))) from None
        except InvalidPayload:
            raise
        except RecursionError:
            raise InvalidPayload(self._too_deep()) from None
        except (msgspec.DecodeError, UnicodeError) as error:
            raise BrokenPayload(f"{self.owner}: the payload is not JSON: {shown(str(error), 120)}") from None
        except Exception as error:  # raised by a constructor or a validator of the user's, or an unhashable in a set
            raise InvalidPayload(f"{self.owner}: the payload does not load: {_told(error)}") from None

    def _read_old(self, payload: str | bytes) -> msgspec.Struct:
        """Read an object that is not as the fields are, once more by the names that they had."""
        stored = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])  # Raw: no number is changed on the way
        values, moved = self._old.renewed(self.owner, stored)
        encoded = msgspec.json.encode(values)
        try:
            return self._decoder.decode(encoded)
        except msgspec.ValidationError as error:
            raise InvalidPayload(self._unreadable(msgspec.json.decode(encoded), str(error), moved)) from None

    def _refuse_changes(self, loaded: msgspec.Struct) -> None:
        """Refuse what a ``__post_init__`` or a converter makes of it on each load: handle() would see another value."""
        again = self._read(self._encoder.encode(loaded))
        for name in self._with_hooks:
            texts = {self._encoder.encode(self._in_order(getattr(made, name))) for made in (loaded, again)}
            if len(texts) == 2:
                raise InvalidPayload(
                    f"{self.owner}.{name}: {_value(getattr(loaded, name))} changes each time that it is loaded\n"
                    f"Its __post_init__ or a converter sets a value anew; make it keep one that is set."
                )

    def _refuse_names(self, values: Mapping[str, object]) -> None:
        for name in sorted(values.keys() - self._names):
            raise InvalidPayload(self._no_field(name))
        for name in sorted(self._names - values.keys()):
            raise InvalidPayload(f"{self.owner}.{name} has no value")

    def _misfit(self, name: str, misfit: Misfit) -> str:
        place = f"{self.owner}.{name}{misfit.path}"
        reason = f"\n{misfit.reason[:1].upper()}{misfit.reason[1:]}." if misfit.reason else ""
        got = type_text(type(misfit.value))
        value = "" if misfit.value is None else f" {_value(misfit.value)}"
        return f"{place}: expected {misfit.expected}, got {got}{value}{reason}"

    def _not_encodable(self, values: Mapping[str, object], error: Exception) -> InvalidPayload:
        for name, value in values.items():
            try:
                self._encoder.encode(value)
            except Exception as found:
                reason = "it holds a lone surrogate" if isinstance(found, UnicodeError) else _told(found)
                return InvalidPayload(f"{self.owner}.{name}: {_value(value)} cannot be stored as JSON: {reason}")
        return InvalidPayload(f"{self.owner}: the payload cannot be stored as JSON: {_told(error)}")

    def _unreadable(self, content: object, message: str, moved: Mapping[str, str] | None = None) -> str:
        if unknown := _UNKNOWN_FIELD.search(message):
            return self._no_field(unknown.group(1))
        if missing := _MISSING_FIELD.search(message):
            return f"{self.owner}.{missing.group(1)} is missing, and has no default"
        expected, _, path = message.replace("`", "").partition(" - at ")
        expected = expected[:1].lower() + expected[1:]
        found = _FIELD_IN_PATH.search(message)
        if found is None or not isinstance(content, dict):
            return f"{self.owner}: {shown(expected, 200)}"
        name = found.group(1)
        raw = cast("dict[str, object]", content).get(name)
        place = path.partition("$.")[2] or name
        if moved and name in moved:  # in the words of the payload, which the reader has before him
            place = f"{moved[name]}{place.removeprefix(name)} (now {name})"
        return f"{self.owner}.{shown(place)}: {shown(expected, 120)}; the field holds {_value(raw)}"

    def _no_field(self, name: str) -> str:
        return f"{self.owner} has no field {shown(repr(name))}{did_you_mean(name, self._names)}"

    def _too_large(self, size: int, limit: int) -> str:
        return (
            f"{self.owner}: the payload has {size:,} bytes, the limit is {limit:,}\n"
            f"Store the data in a file or a database, and put its path or id into the job."
        )

    def _too_deep(self) -> str:
        return f"{self.owner}: the payload is nested too deeply, or contains itself"


def _size(payload: str | bytes) -> int:
    return len(payload if isinstance(payload, bytes) else payload.encode(errors="surrogatepass"))


def _field_type(owner: str, field: PayloadField) -> FieldType:
    try:
        if msgspec.UnsetType in (field.type, *get_args(field.type)):
            raise Unstorable(field.type, "UNSET leaves a member of a Struct out; for a field of a job write None.")
        return FieldType(field.type)
    except Unstorable as refusal:
        inside = "" if refusal.unstorable == type_text(field.type) else f" (in {type_text(field.type)})"
        raise JobDefinitionError(
            f"{owner}.{field.name}: {refusal.unstorable}{inside} cannot be stored in a job\n{refusal.remedy}"
        ) from None


def _shape_of(owner: str, fields: Sequence[PayloadField]) -> type[msgspec.Struct]:
    """Return a Struct with these fields, after trying each alone: msgspec does not say which one it refuses."""
    for field in fields:
        try:
            msgspec.json.Decoder(field.type, dec_hook=_from_json)
        except NameError:
            raise
        except Exception as error:
            raise JobDefinitionError(
                f"{owner}.{field.name}: {type_text(field.type)} cannot be stored in a job: {_reason(error)}\n"
                f"{_remedy(str(error))}"
            ) from None
    return msgspec.defstruct(
        owner.rpartition(".")[2] or "Payload",
        [
            (field.name, field.type, _MISSING) if field.has_default else (field.name, field.type)
            for field in cast("Sequence[Any]", fields)
        ],
        kw_only=True,
        forbid_unknown_fields=True,
    )


def _reason(error: Exception) -> str:
    text = str(error).partition(" - type ")[0].replace("`", "")
    return "it contains itself without end" if isinstance(error, RecursionError) else shown(text, 200)


def _remedy(text: str) -> str:
    if "Enum" in text and "all str or all int" in text:
        return "Give all its members str values, or all of them int values."
    if "union" in text:
        return "JSON cannot tell them apart: use one of them, or a union of msgspec.Struct classes with tag=True."
    return "Store what identifies it (an id, a path, a name), and fetch it in handle()."


def _value(value: object) -> str:
    """Return a value as Python would show it; of a long text only the beginning is looked at."""
    return shown(repr(value[:100]) if isinstance(value, str | bytes) else value)


def _told(error: BaseException) -> str:
    return shown(f"{type(error).__name__}: {error}", 160)


def _to_json(value: object) -> object:
    """Say to msgspec how to write what it does not know: paths, pydantic models, subclasses of the plain types."""
    if is_path(type(value)):
        return str(value)
    if is_model(type(value)):
        return msgspec.Raw(cast("Any", value).model_dump_json(round_trip=True, by_alias=True, warnings=False).encode())
    for plain, plainly in _PLAINLY:
        if isinstance(value, plain):
            return plainly(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


_PLAINLY: Final[tuple[tuple[type, Callable[[Any], object]], ...]] = (
    # The classes' own methods, whatever a subclass overrides; a datetime is a date too, so it comes first.
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (bytes, bytes.__bytes__),
    (datetime, datetime.isoformat),
    (date, date.isoformat),
    (time, time.isoformat),
    (timedelta, lambda value: timedelta(value.days, value.seconds, value.microseconds)),
    (Decimal, Decimal.__str__),
)


def _from_json(expected: type, value: object) -> object:
    if is_path(expected) and isinstance(value, str):
        return expected(value)
    if is_model(expected):
        try:
            return cast("Any", expected).model_validate_json(msgspec.json.encode(value))
        except ValueError as error:
            raise ValueError(refusal_of_model(error)) from None
    raise TypeError(f"expected {type_text(expected)}, got {type(value).__name__}")
