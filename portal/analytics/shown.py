"""What the pages of analytics draw, put together from the queries: charts with their findings, tables, and the same as CSV."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.analytics import board, traffic, words
from portal.analytics.daily import Daily
from portal.analytics.period import Period, Steps, in_words, steps_of
from portal.analytics.scope import Scope
from portal.competitions.frame import STATES
from portal.competitions.words import FORMAT_WORDS
from portal.keys.usage import explain

WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SHADES = 5
EACH = {"day": "Day", "week": "Week from", "month": "Month"}


@dataclass(frozen=True)
class Chart:
    """As `charts.chart` draws it. `figure` is the name under which it is downloaded."""

    figure: str
    finding: str
    unit: str
    steps: Steps
    series: list[dict[str, Any]]
    note: str = ""

    @property
    def x_label(self) -> str:
        return EACH[self.steps.unit]

    @property
    def x_format(self) -> str:
        return "%b %Y" if self.steps.unit == "month" else "%d %b %Y"


@dataclass(frozen=True)
class Heat:
    """Counts by day of the week and hour; `rows` are (day, [(hour, count, shade)]), shades from 0 (none) to SHADES."""

    finding: str
    rows: list[tuple[str, list[tuple[int, int, int]]]]
    total: int


def chart(figure: str, daily: Daily, scope: Scope, tones: Sequence[str], finding: str, unit: str, note: str = "") -> Chart:
    """A chart of counts per day; all time begins with the first day on which there was something."""
    period = scope.period
    steps = steps_of(period.first or daily.first(period) or period.last, period.last)
    lines = daily.per_step(period, steps)
    series = [
        {"label": label, "tone": tone, "values": line} for label, tone, line in zip(daily.labels, tones, lines, strict=True)
    ]
    return Chart(figure, finding, unit, steps, series, note)


def competitions_tab(session: Session, scope: Scope) -> dict[str, Any]:
    """Eight statements."""
    registered, played, there = (ask(session, scope) for ask in (board.registrations, board.matches, board.check_ins))
    made, lengths = board.made(session, scope), board.lengths(session, scope)
    return {
        "stats": _stats(registered, played, there, scope),
        "registrations": registrations_chart(registered, scope),
        "matches": _matches(played, scope),
        "check_ins": _check_ins(there, scope),
        "made": [row for row in made if row.total],
        "made_words": _made_words(made, scope),
        "lengths": lengths,
        "lengths_words": _lengths_words(lengths, scope),
        "heat": heat_of(board.hours(session, scope), scope),
        "teams": board.top(session, scope, "team"),
        "players": board.top(session, scope, "player", "wallet"),
    }


def traffic_tab(session: Session, scope: Scope, now: datetime) -> dict[str, Any]:
    """Four statements. Calls are forgotten after a while, so an earlier period is compared only where it is known whole."""
    called, linked = traffic.calls(session, scope), traffic.links(session, scope)
    return {
        "calls": _calls(called, scope, now),
        "links": _links(linked, scope),
        "keys": traffic.keys(session, scope),
        "refusals": [(*explain(reason, "the scope"), count) for reason, count in traffic.refusals(session, scope)],
        "kept_days": (now - traffic.counted_since(now)).days,
        "cut": scope.period.start is None or scope.period.start < traffic.counted_since(now),
    }


def heat_of(found: dict[tuple[int, int], int], scope: Scope) -> Heat:
    """The busiest hour is the finding; the first of several."""
    most, total = max(found.values(), default=0), sum(found.values())
    rows = []
    for day, name in enumerate(WEEK):
        counts = [found.get((day, hour), 0) for hour in range(24)]
        rows.append((name, [(hour, count, -(-SHADES * count // most) if most else 0) for hour, count in enumerate(counts)]))
    if not most:
        return Heat(f"No matches ended {scope.period.words}", rows, 0)
    day, hour = min(key for key, count in found.items() if count == most)
    ended = f"{most:,} of {total:,} {'match' if total == 1 else 'matches'} ended then"
    return Heat(f"{WEEK[day]}, {hour:02}:00 to {(hour + 1) % 24:02}:00 is the busiest hour: {ended}", rows, total)


def _stats(registered: Daily, played: Daily, there: Daily, scope: Scope) -> list[tuple[str, str, str]]:
    """(label, value, note) of the four numbers on top."""
    now, before = scope.period, scope.period.before
    by_play, by_absence = played.sums(now)
    came, stayed_away = there.sums(now)
    walked, walked_before = (
        words.share(by_absence, by_play + by_absence),
        words.share(played.sums(before)[1], played.total(before)),
    )
    checked, checked_before = words.share(came, came + stayed_away), words.share(there.sums(before)[0], there.total(before))
    return [
        ("Registrations", f"{registered.total(now):,}", words.compared(registered.total(now), registered.total(before), now)),
        ("Matches ended", f"{played.total(now):,}", words.compared(played.total(now), played.total(before), now)),
        ("Checked in at the start", words.percent(checked), words.points(checked, checked_before, now)),
        ("Decided without play", words.percent(walked), words.points(walked, walked_before, now)),
    ]


def registrations_chart(daily: Daily, scope: Scope) -> Chart:
    """Registrations, next to the period before."""
    now, before = daily.total(scope.period), daily.total(scope.period.before)
    said = words.finding(now, "registration", "registrations", before, scope.period)
    return chart("registrations", daily, scope, ["open"], said, "registrations")


def _matches(daily: Daily, scope: Scope) -> Chart:
    now, before = daily.total(scope.period), daily.total(scope.period.before)
    said = words.finding(now, "match ended", "matches ended", before, scope.period)
    note = "Without play: somebody did not come, or had been taken out before. Byes and matches called off are not counted."
    return chart("matches", daily, scope, ["live", "warning"], said, "matches", note)


def _check_ins(daily: Daily, scope: Scope) -> Chart:
    came, stayed_away = daily.sums(scope.period)
    share = words.percent(words.share(came, came + stayed_away))
    said = f"{share} checked in: {came:,} of {came + stayed_away:,} who held a place when their competition started"
    said = said if came + stayed_away else f"No competition with check-in started {scope.period.words}"
    return chart("check-ins", daily, scope, ["live", "failing"], said, "entrants", "On the day on which the competition started.")


def _made_words(rows: Sequence[board.Made], scope: Scope) -> str:
    now, before = (sum(counts) for counts in zip(*((row.total, row.before) for row in rows), strict=True)) if rows else (0, 0)
    return words.finding(now, "competition created", "competitions created", before, scope.period)


def _lengths_words(rows: Sequence[board.Length], scope: Scope) -> str:
    count = sum(row.count for row in rows)
    if not count:
        return f"No competition was completed {scope.period.words}"
    average = words.lasting(sum(row.average * row.count for row in rows) / count)
    if count == 1:
        return f"The competition completed {scope.period.words} took {average} from start to finish"
    return f"The {count:,} competitions completed {scope.period.words} took {average} on average from start to finish"


def _calls(daily: Daily, scope: Scope, now: datetime) -> Chart:
    total, refused = daily.total(scope.period), daily.sums(scope.period)[1]
    before = scope.period.before
    known = before is not None and before.start is not None and before.start >= traffic.counted_since(now)
    said = words.counted(total, "call", "calls", scope.period)
    if total:
        said += f", {words.percent(words.share(refused, total))} refused" if refused else ", none refused"
    note = f"{words.compared(total, daily.total(before), scope.period).capitalize()}." if known and total else ""
    return chart("calls", daily, scope, ["live", "failing"], said, "calls", note)


def _links(daily: Daily, scope: Scope) -> Chart:
    created, used = daily.sums(scope.period)
    said = words.counted(created, "session link created", "session links created", scope.period)
    said += f", {used:,} used" if created or used else ""
    note = "A link counts on the day on which it was created, and again on the day on which it was used."
    return chart("links", daily, scope, ["open", "live"], said, "links", note)


# ---- downloads: the name of a figure, and (file's columns, rows)
Sheet = tuple[Sequence[str], Sequence[Sequence[Any]]]


def _of_chart(ask: Callable[[Session, Scope], Daily], tones: Sequence[str]) -> Callable[[Session, Scope], Sheet]:
    def sheet(session: Session, scope: Scope) -> Sheet:
        drawn = chart("", ask(session, scope), scope, tones, "", "")
        rows = zip(drawn.steps.firsts, *(one["values"] for one in drawn.series), strict=True)
        return [f"{drawn.x_label} (UTC)", *(one["label"] for one in drawn.series)], [list(row) for row in rows]

    return sheet


def _made(session: Session, scope: Scope) -> Sheet:
    rows = [
        [FORMAT_WORDS[row.format], *(row.by_status.get(status, 0) for status in STATES), row.total, row.before]
        for row in board.made(session, scope)
        if row.total or row.before
    ]
    return ["Format", *(badge.word for badge in STATES.values()), "Created", "Created in the period before"], rows


def _lengths(session: Session, scope: Scope) -> Sheet:
    rows = [
        [FORMAT_WORDS[row.format], row.count, round(row.shortest), round(row.average), round(row.longest)]
        for row in board.lengths(session, scope)
    ]
    return ["Format", "Completed", "Shortest, seconds", "Average, seconds", "Longest, seconds"], rows


def _hours(session: Session, scope: Scope) -> Sheet:
    heat = heat_of(board.hours(session, scope), scope)
    return ["Day", *(f"{hour:02}:00 UTC" for hour in range(24))], [
        [day, *(cell[1] for cell in cells)] for day, cells in heat.rows
    ]


def _keys(session: Session, scope: Scope) -> Sheet:
    return ["Key", "Id", "Calls", "Refused"], [
        [row.name, row.uid, row.calls, row.refused] for row in traffic.keys(session, scope)
    ]


def _refusals(session: Session, scope: Scope) -> Sheet:
    rows = [[reason, *explain(reason, "the scope"), count] for reason, count in traffic.refusals(session, scope)]
    return ["Reason", "Meaning", "What to do", "Calls"], rows


SHEETS: dict[str, Callable[[Session, Scope], Sheet]] = {
    "registrations": _of_chart(board.registrations, ["open"]),
    "matches": _of_chart(board.matches, ["live", "warning"]),
    "check-ins": _of_chart(board.check_ins, ["live", "failing"]),
    "competitions": _made,
    "lengths": _lengths,
    "hours": _hours,
    "calls": _of_chart(traffic.calls, ["live", "failing"]),
    "links": _of_chart(traffic.links, ["open", "live"]),
    "keys": _keys,
    "refusals": _refusals,
}


def period_in_words(period: Period) -> str:
    """The days that are shown, both included."""
    if period.first is None:
        return f"Everything up to {in_words(period.last)}"
    return in_words(period.last) if period.first == period.last else f"{in_words(period.first)} to {in_words(period.last)}"
