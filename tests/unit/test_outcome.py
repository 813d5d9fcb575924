"""Outcomes: another try or failure; and reports of errors that do their worst."""

from collections.abc import Callable

import pytest

from dartian_queue.delays import Exponential
from dartian_queue.options import Limits
from dartian_queue.outcome import ErrorReport, Failed, Retry, after_error, report_of

ERROR = ErrorReport("ValueError", at=1_000.0)


def decide(limits: Limits, tries: int = 0, exceptions: int = 0, *, timed_out: bool = False) -> Retry | Failed:
    return after_error(ERROR, limits, tries=tries, exceptions=exceptions, now=1_000.0, timed_out=timed_out)


@pytest.mark.parametrize(
    ("limits", "tries", "again"),
    [
        (Limits(tries=1), 0, False),
        (Limits(tries=2), 0, True),
        (Limits(tries=2), 1, False),
        (Limits(tries=0), 1_000, True),
        (Limits(), 1_000, True),
        (Limits(retry_until=2_000.0), 1_000, True),
        (Limits(tries=1, retry_until=2_000.0), 5, True),
        (Limits(retry_until=999.0), 0, False),
        (Limits(retry_until=1_001.0, backoff=3.0), 0, False),
    ],
)
def test_tries_or_a_deadline_bound_the_attempts(limits: Limits, tries: int, again: bool) -> None:
    assert isinstance(decide(limits, tries), Retry if again else Failed)


def test_exceptions_and_timeouts_have_bounds_of_their_own() -> None:
    limits = Limits(tries=9, max_exceptions=2, fail_on_timeout=True)
    assert isinstance(decide(limits, 1, exceptions=0), Retry)
    assert decide(limits, 1, exceptions=1) == Failed(ERROR, "exception")
    assert decide(limits, 0, timed_out=True) == Failed(ERROR, "timeout")
    assert isinstance(decide(Limits(tries=9, max_exceptions=1), 0, timed_out=True), Retry)


def test_the_delay_is_that_of_the_backoff() -> None:
    delays = [decide(Limits(backoff=(3.0, 10.0)), tries) for tries in range(3)]
    assert [outcome.delay for outcome in delays if isinstance(outcome, Retry)] == [3.0, 10.0, 10.0]
    for tries in (0, 1, 5, 50, 5_000):
        outcome = decide(Limits(backoff=Exponential(3.0, 600.0)), tries)
        assert isinstance(outcome, Retry)
        assert 0 <= outcome.delay <= 600


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


class StrRaises(Exception):
    def __str__(self) -> str:
        raise RuntimeError("str")


class StrExits(Exception):
    def __str__(self) -> str:
        raise SystemExit(0)


class StrRecurses(Exception):
    def __str__(self) -> str:
        return str(self)


class StrIsNoStr(Exception):
    def __str__(self) -> str:
        return 17  # type: ignore[return-value] # on purpose


class Sly(str):
    __slots__ = ()

    def encode(self, *_: object) -> bytes:  # type: ignore[override] # on purpose
        raise RuntimeError("encode")

    def __len__(self) -> int:
        raise RuntimeError("len")


class StrIsSly(Exception):
    def __str__(self) -> str:
        return Sly("sly")


class NotesRaise(Exception):
    @property
    def __notes__(self) -> list[str]:
        raise RuntimeError("notes")


class CauseRaises(Exception):
    @property
    def __cause__(self) -> BaseException:  # type: ignore[override] # on purpose
        raise RuntimeError("cause")


def with_notes() -> BaseException:
    error = ValueError("noted")
    error.__notes__ = [StrRaises(), "\ud800", "x" * 10_000]  # type: ignore[list-item] # on purpose
    return error


def long_chain() -> BaseException:
    error: BaseException = ValueError("first")
    for number in range(10_000):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following
    return error


def cyclic() -> BaseException:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__context__ = second, first
    return first


def deep(depth: int = 500) -> BaseException:
    def fall(left: int) -> None:
        if not left:
            raise ValueError("deep")
        fall(left - 1)

    try:
        fall(depth)
    except ValueError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    "make",
    [
        StrRaises, StrExits, StrRecurses, StrIsNoStr, StrIsSly, NotesRaise, CauseRaises, with_notes, long_chain, cyclic,
        deep, lambda: ValueError("x" * 50_000_000), lambda: ValueError("\ud800" * 50_000), lambda: ValueError("\0\x1b"),
        lambda: BaseExceptionGroup("many", [StrRaises(), KeyboardInterrupt()]), KeyboardInterrupt, SystemExit,
        lambda: type("Odd", (Exception,), {"__module__": None})("odd"),
    ],
)  # fmt: skip
def test_a_report_is_bounded_storable_text_whatever_the_error_does(make: Callable[[], BaseException]) -> None:
    report = report_of(raised(make()), root="/", attempt=3, at=5.0)
    assert report.type
    for text, longest in (
        (report.type, 1_300), (report.message, 13_000), (report.where, 2_000), (report.traceback, 97_000),
    ):  # fmt: skip
        assert len(text) < longest
        assert "\0" not in text
        text.encode()
    assert (report.attempt, report.at) == (3, 5.0)


def test_a_report_names_the_chain_oldest_first_and_the_innermost_frame_of_the_application() -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("outer") from inner
    except ValueError as error:
        report = report_of(error, root=__file__.rpartition("/")[0])
    assert report.traceback.index("KeyError: 'inner'") < report.traceback.index("ValueError: outer")
    assert "direct cause" in report.traceback
    assert report.where.startswith("test_outcome.py:")
    assert 'raise ValueError("outer") from inner' in report.traceback


def test_no_local_variable_is_shown() -> None:
    def open_safe() -> None:
        secret = "swordfish" * 2  # so that no line of source holds it
        raise ValueError(len(secret))

    try:
        open_safe()
    except ValueError as error:
        report = report_of(error)
    assert "open_safe" in report.traceback
    assert "swordfishswordfish" not in report.traceback
