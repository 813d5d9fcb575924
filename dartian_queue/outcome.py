"""What an attempt ended in, and the decision between another try and failure. Never touches a store."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias, cast

import msgspec

from dartian_queue.delays import backoff_delay
from dartian_queue.errors import without_passwords
from dartian_queue.options import Limits

__all__ = [
    "Cancelled",
    "Crashed",
    "Done",
    "ErrorReport",
    "Failed",
    "Held",
    "Outcome",
    "Released",
    "Retry",
    "after_error",
    "report_of",
    "timeout_error",
    "timeout_message",
    "with_output",
]

HOLD = 60.0
"""Seconds until a held job is looked at again (T14)."""
HOLD_LIMIT = 3600.0
"""Seconds for which a job may be held before it has failed as unloadable."""


class ErrorReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why one attempt did not end well, as bounded text without local variables."""

    type: str
    message: str = ""
    where: str = ""
    """The last frame in the user's own code, as ``app/jobs/import_csv.py:22``."""
    traceback: str = ""
    attempt: int = 0
    at: float = 0.0
    """Seconds of the wall clock."""
    output: str = ""
    """The end of what the attempt has printed and logged."""


class Done(msgspec.Struct, frozen=True, tag="done"):
    """``handle`` returned."""


class Retry(msgspec.Struct, frozen=True, tag="retry"):
    """An exception or a timeout, and a try is left: again after ``delay`` seconds."""

    error: ErrorReport
    delay: float


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """No try is left, or none would help."""

    error: ErrorReport
    reason: str = "exception"
    """That, or ``fail_on`` or ``retry_on`` where those rule a try out, or timeout, failed, unloadable, crashed."""


class Released(msgspec.Struct, frozen=True, tag="released"):
    """Back to waiting at no cost: on the job's wish, or since the worker stops."""

    delay: float | None = None
    """Seconds from now; None for its old place in the order, as if nobody had touched it."""


class Cancelled(msgspec.Struct, frozen=True, tag="cancelled"):
    """Taken back while it ran."""


class Crashed(msgspec.Struct, frozen=True, tag="crashed"):
    """The isolate died under the job: again at once, or failed when the crash cap is reached (the store decides)."""

    error: ErrorReport


class Held(msgspec.Struct, frozen=True, tag="held"):
    """Not loadable by this code, perhaps by newer code: again after ``delay`` seconds, at no cost."""

    reason: str
    delay: float = HOLD


Outcome: TypeAlias = Done | Retry | Failed | Released | Cancelled | Crashed | Held


def after_error(
    error: ErrorReport, limits: Limits, *, tries: int, exceptions: int, now: float, timed_out: bool = False
) -> Retry | Failed:
    """Decide between another try and failure.

    ``tries`` and ``exceptions`` count what the job had before this attempt; ``now`` is the wall clock. A deadline
    (``retry_until``) replaces the count of tries. Zero is without bound.
    """
    reason = "timeout" if timed_out else "exception"
    made = tries + 1
    if timed_out and limits.fail_on_timeout:
        return Failed(error, reason)
    if not timed_out and limits.max_exceptions and exceptions + 1 >= limits.max_exceptions:
        return Failed(error, reason)
    delay = backoff_delay(limits.backoff if limits.backoff is not None else 0.0, made)
    if limits.retry_until is not None:
        return Failed(error, reason) if now + delay > limits.retry_until else Retry(error, delay)
    if limits.tries and made >= limits.tries:
        return Failed(error, reason)
    return Retry(error, delay)


def timeout_message(timeout: float) -> str:
    """Say that an attempt ran out of time."""
    return f"it ran longer than its timeout of {timeout:g} s"


def timeout_error(report: ErrorReport, timeout: float, *, ended: bool = False) -> ErrorReport:
    """Return the report of a job that ran out of time, and of where it was; ``ended`` where it had to be killed."""
    message = timeout_message(timeout) + (" and was ended" if ended else "")
    return msgspec.structs.replace(report, type="JobTimeout", message=message)


def with_output(outcome: Outcome, output: str) -> Outcome:
    """Return the outcome with what the attempt has printed in its error; as it was where there is none."""
    if not output or not isinstance(outcome, Retry | Failed | Crashed):
        return outcome
    return msgspec.structs.replace(outcome, error=msgspec.structs.replace(outcome.error, output=output))


LONGEST_MESSAGE = 2_000
LONGEST_TRACEBACK = 16_000
MOST_FRAMES = 30
MOST_CAUSES = 5


def report_of(error: BaseException, *, root: str = "", attempt: int = 0, at: float = 0.0) -> ErrorReport:
    """Describe an exception as bounded text, whatever its own methods do; local variables are never shown.

    ``root`` is the application's folder: ``where`` is the innermost frame below it.
    """
    return ErrorReport(
        type=_guarded(lambda: _type_of(error), 200),
        message=_message(error),
        where=_guarded(lambda: _innermost(error, root), 300),
        traceback=_guarded(lambda: _trace(error), LONGEST_TRACEBACK),
        attempt=attempt,
        at=at,
    )


def _type_of(error: BaseException) -> str:
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    return _guarded(lambda: str(error), LONGEST_MESSAGE)


def _guarded(describe: Callable[[], str], longest: int) -> str:
    """Return a description that may run the error's own code, or what that code raised."""
    try:
        return _storable(describe(), longest)
    except BaseException as broken:
        return f"<describing the error raised {type(broken).__name__}>"


def _storable(text: str, longest: int) -> str:
    """Return text that every store and terminal can take: valid UTF-8, no NUL, cut in its middle."""
    text = without_passwords(str.__str__(text))  # of a subclass, the text and none of its methods
    if len(text) > longest:
        half = longest // 2
        text = f"{text[:half]} … {len(text) - longest} characters left out … {text[-half:]}"
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def _frames(error: BaseException) -> list[tuple[str, int, str]]:
    frames: list[tuple[str, int, str]] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append((code.co_filename, trace.tb_lineno, code.co_qualname))
        if len(frames) > 2 * MOST_FRAMES:
            del frames[MOST_FRAMES // 2]
        trace = trace.tb_next
    return frames


def _innermost(error: BaseException, root: str) -> str:
    frames = _frames(error)
    prefix = root.rstrip("/") + "/"
    own = [frame for frame in frames if root and frame[0].startswith(prefix) and "/site-packages/" not in frame[0]]
    if not (own or frames):
        return ""
    file, line, _ = own[-1] if own else frames[-1]
    return f"{file.removeprefix(prefix) if root else file}:{line}"


def _trace(error: BaseException) -> str:
    """Return the chain of causes, oldest first, each with its frames; at most MOST_CAUSES of them."""
    chain: list[tuple[BaseException, str]] = []
    seen: set[int] = set()
    current: BaseException | None = error
    joint = ""
    while current is not None and id(current) not in seen:
        if len(chain) == MOST_CAUSES:
            chain.append((current, "\n… more causes are left out …\n"))
            break
        seen.add(id(current))
        chain.append((current, joint))
        if current.__cause__ is not None:
            current, joint = current.__cause__, "\nThe above exception was the direct cause of the following:\n\n"
        elif current.__context__ is not None and not current.__suppress_context__:
            current, joint = current.__context__, "\nDuring handling of the above exception, another occurred:\n\n"
        else:
            current = None
    return "".join(_one(cause) + joint for cause, joint in reversed(chain))


def _one(error: BaseException) -> str:
    import linecache

    lines = ["Traceback (most recent call last):\n"]
    for file, number, function in _frames(error)[-MOST_FRAMES:]:
        lines.append(f'  File "{file}", line {number}, in {function}\n')
        source = linecache.getline(file, number).strip()[:200]
        if source:
            lines.append(f"    {source}\n")
    lines.append(f"{type(error).__name__}: {_message(error)}\n")
    lines.extend(_guarded(partial(str, note), 500) + "\n" for note in _notes(error))
    if isinstance(error, BaseExceptionGroup):
        members = cast("tuple[BaseException, ...]", error.exceptions)  # pyright: ignore[reportUnknownMemberType] # bare
        lines.extend(f"  | {type(member).__name__}: {_message(member)}\n" for member in members[:MOST_CAUSES])
    return "".join(lines)


def _notes(error: BaseException) -> list[object]:
    notes = getattr(error, "__notes__", None)
    return cast("list[object]", notes)[:10] if isinstance(notes, list) else []
