"""A row of the SQLite store as the structs of the runtime, and back.

Rows may have been written by anybody, so that every value is checked: UnreadableRow says what is wrong with which
column. It runs no statement.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from dartian_queue.delays import Exponential
from dartian_queue.envelope import Envelope
from dartian_queue.options import Limits
from dartian_queue.outcome import ErrorReport
from dartian_queue.states import State
from dartian_queue.stores.lifecycle import Standing, storable, token_of
from dartian_queue.stores.store import Claim, ProgressReport, StoredJob

__all__ = [
    "CODES",
    "STATES",
    "UnreadableRow",
    "claim_from",
    "encode_errors",
    "encode_limits",
    "encode_progress",
    "encode_tags",
    "envelope_from",
    "errors_from",
    "instant",
    "limits_from",
    "standing_from",
    "state_of",
    "stored_from",
    "text",
]

STATES = (State.WAITING, State.RUNNING, State.DONE, State.FAILED, State.CANCELLED)
"""The states by the number that stands for each in a row."""
CODES = {state: code for code, state in enumerate(STATES)}

_Word = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:-]{1,64}\Z")]
_Instant = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**62)]


class UnreadableRow(ValueError):
    """A row that no envelope can be made of; the text says which column and why."""


class _EnvelopeColumns(msgspec.Struct, frozen=True, array_like=True):
    id: _Word
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    payload: str
    queue: _Word
    priority: Annotated[int, msgspec.Meta(ge=-1000, le=1000)]
    tags: str
    available_at: _Instant
    limits: str
    origin: str


class _ClaimColumns(msgspec.Struct, frozen=True, array_like=True):
    seq: int
    claims: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 2)]
    tries: _Count
    crashes: _Count
    exceptions: _Count
    held_at: _Instant | None
    dispatched_at: _Instant


_tags = msgspec.json.Decoder(tuple[str, ...])
_limits = msgspec.json.Decoder(Limits)
_errors = msgspec.json.Decoder(tuple[ErrorReport, ...])
_progress = msgspec.json.Decoder(ProgressReport)
_encode = msgspec.json.Encoder().encode
_SILENT = Limits()


def envelope_from(columns: Sequence[object], *, largest: int = 0) -> Envelope:
    """Return the envelope in nine columns, in the order of Envelope's fields without delay, or raise UnreadableRow.

    A payload that is too large was left in the file by the statement, and reads as None.
    """
    if columns[2] is None:
        raise UnreadableRow(f"payload: larger than the {largest:,} characters that are accepted")
    try:
        row = msgspec.convert(columns, _EnvelopeColumns)
    except msgspec.ValidationError as error:
        raise UnreadableRow(_naming(str(error), _EnvelopeColumns.__struct_fields__)) from None
    return Envelope(
        id=row.id,
        name=row.name,
        payload=row.payload,
        queue=row.queue,
        priority=row.priority,
        tags=_tags_from(row.tags),
        available_at=row.available_at,
        limits=limits_from(row.limits),
        origin=row.origin,
    )


def claim_from(row: Sequence[object], now: float, *, largest: int) -> Claim:
    """Return the claim that a row becomes with its next token."""
    try:
        columns = msgspec.convert(row[:7], _ClaimColumns)
    except msgspec.ValidationError as error:
        raise UnreadableRow(_naming(str(error), _ClaimColumns.__struct_fields__)) from None
    return Claim(
        token=token_of(columns.claims + 1, columns.dispatched_at),
        envelope=envelope_from(row[7:], largest=largest),
        tries=columns.tries,
        crashes=columns.crashes,
        exceptions=columns.exceptions,
        held_for=max(0.0, now - columns.held_at) if columns.held_at is not None else 0.0,
        dispatched_at=columns.dispatched_at,
    )


def standing_from(state: State, columns: Sequence[object]) -> Standing:
    """Return the standing in available_at, claims, tries, crashes, exceptions, cancel_asked, held_reason, held_at."""
    available_at, claims, tries, crashes, exceptions, cancel_asked, held_reason, held_at = columns
    return Standing(
        state=state,
        available_at=instant(available_at),
        claims=_count(claims),
        tries=_count(tries),
        crashes=_count(crashes),
        exceptions=_count(exceptions),
        cancel_asked=bool(cancel_asked),
        held_reason=text(held_reason),
        held_at=instant(held_at) if held_at is not None else None,
    )


def stored_from(row: Sequence[object]) -> StoredJob:
    """Return everything about a row, for people: what cannot be read is shown as near as it can be."""
    (seq, code, dispatched_at, claims, tries, crashes, held_reason, holder, errors, failed_reason, progress) = row[:11]
    cancel_asked, settled_at, claimed_at = row[11:14]
    return StoredJob(
        envelope=_shown_envelope(row[14:]),
        seq=_whole(seq),
        state=state_of(code),
        dispatched_at=instant(dispatched_at),
        available_at=instant(row[20]),
        claims=_count(claims),
        tries=_count(tries),
        crashes=_count(crashes),
        held_reason=text(held_reason),
        holder=text(holder),
        errors=errors_from(errors),
        failed_reason=text(failed_reason),
        progress=_progress_from(progress),
        cancel_asked=bool(cancel_asked),
        settled_at=instant(settled_at) if settled_at is not None else None,
        claimed_at=instant(claimed_at) if claimed_at is not None else None,
    )


def limits_from(column: object) -> Limits:
    """Return the limits in a column; UnreadableRow if they are none that dispatch could have written."""
    if column == "":
        return _SILENT
    try:
        limits = _limits.decode(text(column))
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableRow(f"limits: {error}") from None
    numbers = (limits.tries, limits.timeout, limits.retry_until, limits.max_exceptions, *_delays(limits))
    if any(number is not None and not 0 <= number <= 1e12 for number in numbers) or limits.backoff == ():
        raise UnreadableRow("limits: a number that is not possible")
    return limits


def errors_from(column: object) -> tuple[ErrorReport, ...]:
    """Return the errors in a column; none where they cannot be read."""
    if not column:
        return ()
    try:
        return _errors.decode(text(column))
    except (msgspec.DecodeError, RecursionError):
        return ()


def encode_limits(limits: Limits) -> str:
    """Return limits for their column: empty where they say nothing."""
    return "" if limits == _SILENT else _encode(limits).decode()


def encode_tags(tags: tuple[str, ...]) -> str:
    """Return tags for their column: empty where there are none."""
    return _encode(tags).decode() if tags else ""


def encode_errors(errors: tuple[ErrorReport, ...]) -> str:
    """Return errors for their column."""
    return _encode(errors).decode()


def encode_progress(report: ProgressReport) -> str:
    """Return a report of progress for its column."""
    return _encode(storable(report)).decode()


def _tags_from(column: str) -> tuple[str, ...]:
    try:
        return _tags.decode(column) if column else ()
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableRow(f"tags: {error}") from None


def _progress_from(column: object) -> ProgressReport | None:
    try:
        return _progress.decode(text(column)) if column else None
    except (msgspec.DecodeError, RecursionError):
        return None


def _shown_envelope(columns: Sequence[object]) -> Envelope:
    try:
        return envelope_from(columns)
    except UnreadableRow:
        id_, name, payload, queue, priority, _, available_at, _, origin = columns
        return Envelope(
            id=text(id_),
            name=text(name),
            payload=text(payload),
            queue=text(queue),
            priority=_whole(priority),
            available_at=instant(available_at),
            origin=text(origin),
        )


def _delays(limits: Limits) -> tuple[float, ...]:
    if isinstance(limits.backoff, Exponential):
        return (limits.backoff.base, limits.backoff.cap)
    if isinstance(limits.backoff, tuple):
        return limits.backoff
    return () if limits.backoff is None else (limits.backoff,)


def state_of(code: object) -> State:
    """Return the state that a number in a row stands for; for one that stands for none, failed."""
    return STATES[code] if isinstance(code, int) and 0 <= code < len(STATES) else State.FAILED


def instant(value: object) -> float:
    """Return a moment in a row, as near as there is one; the beginning of time where it is none."""
    return max(-1e12, min(value, 1e12)) if isinstance(value, int | float) else 0.0


def _count(value: object) -> int:
    return max(0, _whole(value))


def _whole(value: object) -> int:
    return int(max(-(2**62), min(value, 2**62))) if isinstance(value, int | float) else 0


def text(value: object) -> str:
    """Return a column as text, whatever it holds."""
    return value if isinstance(value, str) else "" if value is None else repr(value)[:200]


def _naming(problem: str, columns: tuple[str, ...]) -> str:
    """Return msgspec's "Expected `str`, got `bytes` - at `$[2]`" with the column's name in place of its number."""
    what, _, where = problem.partition(" - at `$[")
    number = where.partition("]")[0]
    return f"{columns[int(number)]}: {what}" if number.isdigit() else problem
