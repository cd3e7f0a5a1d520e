"""When to try again, and what a receiver may ask for."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.webhooks.schedule import DELAYS, TRIES, next_delay, retry_after

NOW = datetime(2026, 3, 15, 10, tzinfo=UTC)


def test_the_plan_is_the_page_s():
    assert [delay.total_seconds() for delay in DELAYS] == [30, 120, 600, 3600, 14_400]
    assert TRIES == 6
    assert sum(DELAYS, timedelta()) == timedelta(hours=5, minutes=12, seconds=30)


@given(st.integers(1, 5), st.integers())
def test_jitter_moves_a_try_by_a_tenth_at_most(tries, seed):
    delay = next_delay(tries, None, random.Random(seed))
    assert DELAYS[tries - 1] * 0.9 <= delay <= DELAYS[tries - 1] * 1.1


@given(st.integers(1, 5), st.timedeltas(timedelta(0), timedelta(days=10_000)), st.integers())
def test_retry_after_only_lengthens_and_never_beyond_twice_the_plan(tries, asked, seed):
    plan = DELAYS[tries - 1]
    delay = next_delay(tries, asked, random.Random(seed))
    assert delay >= next_delay(tries, None, random.Random(seed))
    assert delay <= 2 * plan
    if plan * 1.1 <= asked <= 2 * plan:
        assert delay == asked


@given(st.integers(6, 100), st.none() | st.timedeltas(timedelta(0), timedelta(days=9)))
def test_after_the_sixth_try_there_is_none(tries, asked):
    assert next_delay(tries, asked) is None


def test_jitter_really_spreads():
    assert len({next_delay(1, None) for _ in range(50)}) > 25


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("1000000000", 10**9),
        ("99999999999999999", 10**9),
        ("Sun, 15 Mar 2026 10:01:00 GMT", 60),
        ("Sun, 15 Mar 2026 09:00:00 GMT", None),
        ("Sun, 15 Mar 2026 10:01:00", 60),
        ("-5", None),
        ("1.5", None),
        ("１２０", None),
        ("soon", None),
        ("", None),
        ("1" * 400, None),
        ("Sun, 99 Mar 2026 10:01:00 GMT", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_http_writes_it_and_the_rest_is_nothing(value, seconds):
    assert retry_after(value, NOW) == (None if seconds is None else timedelta(seconds=seconds))


@given(st.text(max_size=60))
def test_no_retry_after_is_ever_an_accident(value):
    found = retry_after(value, NOW)
    assert found is None or found >= timedelta(0)
