"""Turn ``field=value`` arguments into a job, each value read as its field's type. It never runs or stores the job."""

from collections.abc import Sequence

import msgspec

from dartian_cli.errors import Usage
from dartian_queue.codec import Codec, PayloadField
from dartian_queue.errors import InvalidPayload, did_you_mean, shown
from dartian_queue.job import Job, codec_of, encode, fields_of, load

__all__ = ["as_arguments", "make_job"]

_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}


def make_job(cls: type[Job], name: str, arguments: Sequence[str], limit: int) -> Job:
    """Return the job as a worker would load it; Usage names the field that is missing, unknown or wrong."""
    fields = {field.name: field for field in codec_of(cls).fields}
    values: dict[str, object] = {}
    for argument in arguments:
        field_name, equals, text = argument.partition("=")
        if not equals:
            raise Usage(f"'{shown(argument)}' is no field=value\n{_shape(cls, name)}")
        if field_name not in fields:
            near = did_you_mean(field_name, list(fields))
            raise Usage(f"{name} has no field '{shown(field_name)}'{near}\n{_shape(cls, name)}")
        if field_name in values:
            raise Usage(f"the field {field_name!r} is given twice")
        values[field_name] = _value(name, fields[field_name], text)
    missing = [field.name for field in fields_of(cls) if not field.has_default and field.name not in values]
    if missing:
        raise Usage(f"{name} needs a value for {', '.join(missing)}\n{_shape(cls, name)}")
    try:
        job = cls(**values)
    except Exception as error:
        raise Usage(
            f"{name}'s constructor refused these values: {type(error).__name__}: {shown(str(error), 200)}"
        ) from error
    return load(cls, encode(job, limit))


def as_arguments(payload: str) -> list[str] | None:
    """Return the arguments that ``make_job`` reads as the same values; None where the payload is no JSON object."""
    try:
        values = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
        return [f"{name}={_typed(bytes(value))}" for name, value in values.items()]
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _typed(value: bytes) -> str:
    """Return a JSON value as it is typed: a text as itself where it could not be taken for JSON."""
    if value.startswith(b'"'):
        text = msgspec.json.decode(value, type=str)
        if _json(text) is None:
            return text
    return value.decode()


def _value(owner: str, field: PayloadField, text: str) -> object:
    """Return the text as JSON where the field takes that, else as the text itself."""
    alone = Codec(owner, [PayloadField(field.name, field.type)])
    refusal: InvalidPayload | None = None
    for value in (_json(text), msgspec.json.encode(_valid(field.name, text))):
        if value is not None:
            try:
                return alone.decode(b'{"' + field.name.encode() + b'":' + value + b"}")[field.name]
            except InvalidPayload as error:
                refusal = refusal or error
    raise Usage(str(refusal))


def _json(text: str) -> bytes | None:
    """Return the text if it is a JSON value, in which Python's words for true, false and null are known too."""
    text = _PYTHON_WORDS.get(text, text)
    try:
        encoded = text.encode()
        msgspec.json.decode(encoded)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return encoded


def _valid(name: str, text: str) -> str:
    """Return the text; Usage where the shell passed bytes that are no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Usage(f"the value of {name} is not valid UTF-8: '{shown(text)}'") from None
    return text


def _shape(cls: type[Job], name: str) -> str:
    """Return how the job is typed, with each field's name and a place for its value."""
    parts = [f"{field.name}=..." if not field.has_default else f"[{field.name}=...]" for field in fields_of(cls)]
    return f"Its fields: {' '.join(parts)}" if parts else f"{name} has no fields."
