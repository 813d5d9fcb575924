"""Class keywords of which one leaves the other without any meaning are refused where they are written."""

import pytest

from dartian_queue import Job, exponential
from dartian_queue.delays import backoff_delay, least_delay
from dartian_queue.errors import InvalidOption, JobDefinitionError

LATE = "counted from the dispatch: no second try could be made\nGive it a longer retry_until, or leave it out."


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        (
            {"fail_on_timeout": True, "timeout": 0},
            "fail_on_timeout=True with timeout=0: what runs without bound never runs out of time\n"
            "Give it a timeout above 0, or leave fail_on_timeout out.",
        ),
        (
            {"tries": 2, "max_exceptions": 3},
            "max_exceptions=3 with tries=2: the tries are used up before\n"
            "Give it fewer max_exceptions than tries, or leave max_exceptions out.",
        ),
        ({"retry_until": 60, "delay": 61}, f"delay=61 with retry_until=60, {LATE}"),
        ({"retry_until": 60, "backoff": 61}, f"a backoff of 61 s or more with retry_until=60, {LATE}"),
        ({"retry_until": 60, "backoff": [61, 1]}, f"a backoff of 61 s or more with retry_until=60, {LATE}"),
        (
            {"retry_until": 60, "backoff": exponential(100)},
            f"a backoff of 80 s or more with retry_until=60, {LATE}",
        ),
        (
            {"retry_until": 60, "delay": 31, "backoff": 30},
            f"delay=31 and a backoff of 30 s or more with retry_until=60, {LATE}",
        ),
    ],
)
def test_keywords_that_contradict_each_other_are_refused(keywords: dict[str, object], told: str) -> None:
    with pytest.raises(JobDefinitionError) as refusal:
        type("Odd", (Job,), {}, **keywords)
    assert str(refusal.value) == f"class Odd: {told}"


@pytest.mark.parametrize(
    "keywords",
    [
        {"fail_on_timeout": True},
        {"fail_on_timeout": True, "timeout": 0.5},
        {"fail_on_timeout": False, "timeout": 0},
        {"tries": 3, "max_exceptions": 3},
        {"tries": 0, "max_exceptions": 3},
        {"max_exceptions": 3},
        {"tries": 2, "max_exceptions": 3, "retry_until": 60},
        {"retry_until": 60, "delay": 30, "backoff": 30},
        {"retry_until": 60, "backoff": [1, 100]},
        {"retry_until": 60, "backoff": exponential(70)},
        {"retry_until": 60, "backoff": 61, "retry_on": {ConnectionError: 1}},
        {"delay": 3600, "backoff": 3600},
    ],
)
def test_keywords_that_can_be_meant_are_left_alone(keywords: dict[str, object]) -> None:
    type("Fine", (Job,), {}, **keywords)


def test_a_subclass_may_say_otherwise_than_the_class_it_extends() -> None:
    class Strict(Job, fail_on_timeout=True, tries=2, retry_until=60): ...

    class Endless(Strict, timeout=0, max_exceptions=5, delay=90): ...


@pytest.mark.parametrize("backoff", [5.0, (5.0, 1.0), exponential(5), exponential(600, cap=600)])
def test_no_first_delay_is_shorter_than_the_least(backoff: float) -> None:
    assert all(backoff_delay(backoff, 1) >= least_delay(backoff) for _ in range(100))


def test_a_growing_backoff_that_cannot_grow_is_refused() -> None:
    with pytest.raises(InvalidOption, match=r"^exponential\(9, cap=8\) begins above its cap, so every delay would be"):
        exponential(9, cap=8)
    assert exponential(8, cap=8).cap == 8
