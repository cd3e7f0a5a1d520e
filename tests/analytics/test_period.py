"""The period of the figures, read from the URL."""

from datetime import UTC, date, datetime

import pytest

from portal.analytics.daily import Daily
from portal.analytics.period import Period, read_period, steps_of
from portal.analytics.words import compared, lasting, percent, points

NOW = datetime(2026, 3, 15, 13, 30, tzinfo=UTC)
TODAY = date(2026, 3, 15)


def test_the_usual_period_is_thirty_days_with_today_next_to_the_thirty_before():
    period, notes = read_period({}, NOW)
    assert (period.first, period.last, notes) == (date(2026, 2, 14), TODAY, [])
    assert (period.before.first, period.before.last, period.before.days) == (date(2026, 1, 15), date(2026, 2, 13), 30)
    assert period.before.end == period.start


def test_days_of_ones_choice_win_over_a_length_and_both_ends_are_in_them():
    period, notes = read_period({"period": "7", "from": "2026-03-01", "to": "2026-03-01"}, NOW)
    assert (period.key, period.days, notes) == ("days", 1, [])
    assert (period.start, period.end) == (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
    assert read_period({"from": "2026-03-10"}, NOW)[0].last == TODAY
    assert read_period({"from": "2026-04-10"}, NOW)[0].days == 1
    assert read_period({"to": "2026-03-10"}, NOW)[0].last == date(2026, 3, 10)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"period": "12"}, "no period “12”"),
        ({"from": "yesterday"}, "From: “yesterday” is not a day"),
        ({"to": "2026-02-30"}, "To: “2026-02-30” is not a day"),
        ({"from": "0001-01-01"}, "is not a day"),
        ({"from": "9999-12-31", "to": "9999-12-31"}, "is not a day"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "2 Mar 2026 is after 1 Mar 2026"),
        ({"from": "1990-01-01", "to": "2026-03-01"}, "days apart at most"),
        ({"from": "<script>alert(1)</script>"}, "is not a day"),
    ],
)
def test_what_is_no_period_is_left_out_and_said(asked, said):
    period, notes = read_period(asked, NOW)
    assert period == Period("30", date(2026, 2, 14), TODAY)
    assert any(said in note for note in notes), notes


def test_all_time_has_no_beginning_and_nothing_before_it():
    period, _ = read_period({"period": "all"}, NOW)
    assert (period.start, period.before, period.holds(date(1999, 1, 1)), period.holds(date(2026, 3, 16))) == (
        None,
        None,
        True,
        False,
    )


def test_steps_are_days_then_weeks_from_monday_then_months():
    days = steps_of(date(2026, 2, 14), TODAY)
    assert (days.unit, len(days.firsts), days.firsts[-1]) == ("day", 30, TODAY)
    weeks = steps_of(date(2025, 3, 16), TODAY)
    assert (weeks.unit, weeks.firsts[0], len(weeks.firsts)) == ("week", date(2025, 3, 10), 53)
    assert all(day.weekday() == 0 for day in weeks.firsts)
    months = steps_of(date(2018, 11, 30), TODAY)
    assert (months.unit, months.firsts[:3], months.firsts[-1]) == (
        "month", (date(2018, 11, 1), date(2018, 12, 1), date(2019, 1, 1)), date(2026, 3, 1),
    )  # fmt: skip
    assert months.number(date(2018, 12, 31)) == 1


def test_days_are_added_up_in_their_period_and_their_step():
    period, _ = read_period({"period": "7"}, NOW)
    daily = Daily.of(("a", "b"), [("2026-03-08", 5, 1), ("2026-03-09", 1, 0), ("2026-03-15", 2, 7)])
    assert (daily.sums(period), daily.sums(period.before), daily.sums(None)) == ((3, 7), (5, 1), (0, 0))
    assert daily.per_step(period, steps_of(period.first, period.last)) == [[1, 0, 0, 0, 0, 0, 2], [0, 0, 0, 0, 0, 0, 7]]


def test_figures_are_compared_in_words():
    month, _ = read_period({}, NOW)
    ever, _ = read_period({"period": "all"}, NOW)
    assert compared(12, 10, month) == "20% more than in the 30 days before"
    assert compared(8, 10, month) == "20% fewer than in the 30 days before"
    assert compared(10, 10, month) == "as many as in the 30 days before"
    assert compared(3, 0, month) == "none in the 30 days before"
    assert compared(500, 10, month) == "50 times as many as in the 30 days before"
    assert compared(3, 1, ever) == ""
    assert (points(81.6, 80.4, month), points(50.0, None, month)) == (
        "2 points more than in the 30 days before", "nothing to compare with in the 30 days before",
    )  # fmt: skip
    assert [percent(value) for value in (None, 0, 0.02, 4.25, 5.0, 86.4, 100)] == [
        "–", "0%", "less than 0.1%", "4.2%", "5%", "86%", "100%",
    ]  # fmt: skip
    assert [lasting(seconds) for seconds in (0, 59, 60, 3600, 12_000, 90_000, 864_000)] == [
        "0 s", "59 s", "1 min", "1 h", "3 h 20 min", "1 d 1 h", "10 d",
    ]  # fmt: skip
