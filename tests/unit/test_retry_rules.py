"""Which exceptions are tried again: what a class may say, and what is made of an exception's type."""

from collections.abc import Callable

import pytest

from dartian_queue import Job, JobDefinitionError, exponential
from dartian_queue.delays import Exponential
from dartian_queue.job import options_of
from dartian_queue.registry import Registry
from dartian_queue.retry_rules import RetryRule, Ruling, checked_fail_on, checked_retry_on, ruling_on


class RateLimited(ConnectionError):
    """An error of an application."""


FAIL, NO_RULE, AGAIN = Ruling("fail_on"), Ruling("retry_on"), Ruling()


@pytest.mark.parametrize(
    ("fail_on", "retry_on", "error", "ruling"),
    [
        (None, None, ValueError(), AGAIN),
        (ValueError, None, ValueError(), FAIL),
        (ValueError, None, UnicodeError(), FAIL),
        (ValueError, None, KeyError(), AGAIN),
        (None, OSError, TimeoutError(), AGAIN),
        (None, OSError, ValueError(), NO_RULE),
        (None, OSError, SystemExit(1), NO_RULE),
        (OSError, ConnectionError, RateLimited(), AGAIN),
        (OSError, ConnectionError, FileNotFoundError(), FAIL),
        (RateLimited, ConnectionError, RateLimited(), FAIL),
        (RateLimited, ConnectionError, ConnectionError(), AGAIN),
        (BaseException, ValueError, KeyboardInterrupt(), FAIL),
        (None, {RateLimited: 60, Exception: (1, 5)}, RateLimited(), Ruling(backoff=60.0)),
        (None, {RateLimited: 60, Exception: (1, 5)}, OSError(), Ruling(backoff=(1.0, 5.0))),
        (None, {RateLimited: exponential(2, 8)}, RateLimited(), Ruling(backoff=Exponential(2.0, 8.0))),
    ],
)
def test_the_most_specific_type_decides(
    fail_on: object, retry_on: object, error: BaseException, ruling: Ruling
) -> None:
    refused = () if fail_on is None else checked_fail_on("fail_on", fail_on)
    again = () if retry_on is None else checked_retry_on("retry_on", retry_on)
    assert ruling_on(error, refused, again) == ruling


def test_the_members_of_a_group_are_judged() -> None:
    again = checked_retry_on("retry_on", {TimeoutError: 9, Exception: 1})
    both = ExceptionGroup("two", [TimeoutError(), ExceptionGroup("one", [ValueError()])])
    assert ruling_on(both, (), again) == Ruling(backoff=9.0)
    assert ruling_on(both, (ValueError,), again) == FAIL
    assert ruling_on(ExceptionGroup("one", [TimeoutError()]), (ValueError,), again) == Ruling(backoff=9.0)


def test_a_group_that_hides_its_members_is_judged_by_itself() -> None:
    class Hiding(ExceptionGroup[Exception]):
        @property
        def exceptions(self) -> tuple[Exception, ...]:
            raise RuntimeError("no")

    assert ruling_on(Hiding("hides", [KeyError()]), (KeyError,), ()) == AGAIN
    assert ruling_on(Hiding("hides", [KeyError()]), (Exception,), ()) == FAIL


def test_a_class_says_it_and_a_subclass_inherits_it() -> None:
    class Call(Job, tries=5, fail_on=[ValueError, KeyError], retry_on={OSError: 3}):
        pass

    class Patient(Call, retry_on=ValueError):
        pass

    class Strict(Call, fail_on=OSError):
        pass

    assert options_of(Call).fail_on == (ValueError, KeyError)
    assert options_of(Call).retry_on == (RetryRule(OSError, 3.0),)
    assert (options_of(Patient).fail_on, options_of(Patient).retry_on) == ((KeyError,), (RetryRule(ValueError),))
    assert (options_of(Strict).fail_on, options_of(Strict).retry_on) == ((OSError,), ())


def _define(**keywords: object) -> Callable[[], object]:
    return lambda: type(Job)("Call", (Job,), {}, **keywords)


@pytest.mark.parametrize(
    ("define", "message"),
    [
        (_define(fail_on="ValueError"), "fail_on takes exception classes, such as ValueError, not ValueError"),
        (_define(fail_on=KeyError("x")), "fail_on takes exception classes, such as KeyError, not KeyError('x')"),
        (_define(retry_on=[int]), "retry_on takes exception classes, such as ValueError, not <class 'int'>"),
        (
            _define(retry_on={OSError: "soon"}),
            "retry_on takes seconds, a sequence of seconds or exponential(base, cap)",
        ),
        (_define(retry_on=[]), "retry_on takes at least one exception class; leave it out for none"),
        (_define(retry_on={}), "retry_on takes at least one exception class; leave it out for none"),
        (_define(fail_on=()), "fail_on takes at least one exception class; leave it out for none"),
        (_define(fail_on=OSError, retry_on=OSError), "class Call: fail_on and retry_on both name OSError\nTake it out"),
        (_define(retry_one=OSError), "did you mean 'retry_on'?"),
    ],
)
def test_what_is_no_rule_is_refused_where_the_class_is_defined(define: Callable[[], object], message: str) -> None:
    with pytest.raises(JobDefinitionError) as refusal:
        define()
    assert message in str(refusal.value)


def test_the_rules_are_shown_as_they_were_written() -> None:
    class Call(Job, fail_on=ValueError, retry_on={OSError: 3, TimeoutError: exponential(1)}):
        def handle(self) -> None: ...

    shown = Registry({"Call": Call}).describe("Call").options
    assert shown["fail_on"] == "ValueError"
    assert shown["retry_on"] == "{OSError: 3, TimeoutError: exponential(1, 600)}"
