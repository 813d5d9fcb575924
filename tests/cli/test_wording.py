"""Numbers, durations and ids as people read them; durations and backoffs as they type them."""

from datetime import UTC, datetime

import pytest

from dartian_cli import wording
from dartian_cli.amounts import parse_backoff, parse_delay, parse_seconds
from dartian_cli.errors import Usage
from dartian_queue.delays import Exponential


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (4.4, "4s"),
        (99, "99s"),
        (100, "1 min"),
        (3_600, "60 min"),
        (7_200, "2 h"),
        (12_000, "3 h 20 min"),
        (500_000, "5 d"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "<1 ms"),
        (0.0004, "<1 ms"),
        (0.003, "3 ms"),
        (0.0996, "0.10s"),
        (0.31, "0.31s"),
        (0.999, "1.0s"),
        (12.41, "12.4s"),
        (134, "02:14"),
        (3_734, "1:02:14"),
    ],
)
def test_stopwatch(seconds: float, text: str) -> None:
    assert wording.stopwatch(seconds) == text
    assert len(text) <= 8


def test_short_ids() -> None:
    assert wording.short_id("7f3a0b2c4d5e6f708192") == "7f3a"
    assert wording.short_id("order-17") == "order-17"


def test_counts_and_sizes() -> None:
    assert [wording.count(1204), wording.of(1, "job"), wording.of(86, "job")] == ["1,204", "1 job", "86 jobs"]
    assert [wording.bytes_of(812), wording.bytes_of(1_400_000), wording.bytes_of(3 * 10**9)] == [
        "812 bytes",
        "1.4 MB",
        "3.0 GB",
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1.5", 1.5), ("90s", 90), ("5m", 300), ("5min", 300), ("2h", 7200), ("1d", 86400), ("0", 0)],
)
def test_durations_are_understood(text: str, seconds: float) -> None:
    assert parse_seconds("--timeout", text) == seconds


@pytest.mark.parametrize("text", ["", "ages", "-1", "1w", "nan", "inf", "1e3", "99999999999d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(Usage, match=r"--timeout takes seconds"):
        parse_seconds("--timeout", text)


def test_backoffs() -> None:
    assert parse_backoff("--backoff", "3") == 3.0
    assert parse_backoff("--backoff", "3,1m") == (3.0, 60.0)
    assert parse_backoff("--backoff", "exponential:2:60") == Exponential(2.0, 60.0)
    assert parse_backoff("--backoff", "exponential(2, 1m)") == Exponential(2.0, 60.0)
    assert parse_backoff("--backoff", "exponential") == Exponential(3.0, 600.0)
    with pytest.raises(Usage, match="such as exponential:3:600"):
        parse_backoff("--backoff", "exponential-3")


def test_a_moment_that_no_calendar_has_is_shown_as_a_number() -> None:
    assert wording.moment(1e300) == "1e+300"


def test_delays_may_be_moments() -> None:
    assert parse_delay("--delay", "2030-01-01T10:00Z") == datetime(2030, 1, 1, 10, tzinfo=UTC)
    assert parse_delay("--delay", "10m") == 600
    with pytest.raises(Usage, match="has no time zone"):
        parse_delay("--delay", "2030-01-01T10:00")
    with pytest.raises(Usage, match="takes a moment such as"):
        parse_delay("--delay", "2030-13-01")
