"""The time that figures are about, read from the URL: the last days, all time, or from one day to another. Days are UTC."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

LENGTHS = {"7": 7, "30": 30, "90": 90, "365": 365}
CHOICES = (("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "Year"), ("all", "All time"))
USUAL = "30"
DAY = timedelta(days=1)
LONGEST = 3660  # days; ten years
YEARS = range(1970, 3000)
# Up to so many days a step of a chart is a day, then a week, then a month.
DAILY, WEEKLY = 92, 731


@dataclass(frozen=True)
class Period:
    """From the beginning of `first` to the end of `last`; `first` is None for all time. `key` is one of CHOICES, or `days`."""

    key: str
    first: date | None
    last: date

    @property
    def start(self) -> datetime | None:
        return None if self.first is None else midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment that is no longer in it."""
        return midnight(self.last + DAY)

    @property
    def days(self) -> int | None:
        return None if self.first is None else (self.last - self.first).days + 1

    @property
    def before(self) -> "Period | None":
        """As many days, just before; None for all time."""
        if self.first is None:
            return None
        length = self.last - self.first
        return Period("days", self.first - DAY - length, self.first - DAY)

    @property
    def words(self) -> str:
        """As the end of a sentence: “in the last 30 days”."""
        if self.first is None:
            return "so far"
        if self.key != "days":
            return f"in the last {self.days} days"
        if self.first == self.last:
            return f"on {in_words(self.first)}"
        return f"from {in_words(self.first)} to {in_words(self.last)}"

    @property
    def words_before(self) -> str:
        return "the day before" if self.days == 1 else f"the {self.days:,} days before" if self.days else ""

    def holds(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and day <= self.last


@dataclass(frozen=True)
class Steps:
    """The steps of a chart: days, weeks (from Monday) or months. The first may begin before the period does."""

    unit: str
    firsts: tuple[date, ...]

    @property
    def moments(self) -> list[datetime]:
        return [midnight(day) for day in self.firsts]

    def number(self, day: date) -> int:
        """Which step the day is in."""
        return bisect_right(self.firsts, day) - 1


def read_period(args: Mapping[str, str], now: datetime) -> tuple[Period, list[str]]:
    """The period that `period`, `from` and `to` ask for, and a sentence for whatever had to be left out.

    `from` and `to` win; one of them alone is completed by today, or by the first day that there can be.
    """
    notes: list[str] = []
    today = now.astimezone(UTC).date()
    first, last = (_day(args.get(name, "").strip(), label, notes) for name, label in (("from", "From"), ("to", "To")))
    if first or last:
        chosen = _from_to(first, last, today, notes)
        if chosen:
            return chosen, notes
    key = args.get("period", "").strip()[:20]
    if key == "all":
        return Period("all", None, today), notes
    if key and key not in LENGTHS and key != "days":
        notes.append(f"There is no period “{key}”, so these are the last {LENGTHS[USUAL]} days.")
    key = key if key in LENGTHS else USUAL
    return Period(key, today - timedelta(days=LENGTHS[key] - 1), today), notes


def steps_of(first: date, last: date) -> Steps:
    """Few enough steps to be seen: days, weeks or months."""
    days = (last - first).days + 1
    if days <= DAILY:
        return Steps("day", tuple(first + n * DAY for n in range(max(days, 1))))
    if days <= WEEKLY:
        monday = first - timedelta(days=first.weekday())
        return Steps("week", tuple(monday + timedelta(weeks=n) for n in range((last - monday).days // 7 + 1)))
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    months = (first.month - 1 + n for n in range(count))
    return Steps("month", tuple(date(first.year + month // 12, month % 12 + 1, 1) for month in months))


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def in_words(day: date) -> str:
    """`1 Mar 2026`."""
    return f"{day.day} {day:%b %Y}"


def _day(text: str, label: str, notes: list[str]) -> date | None:
    if not text:
        return None
    try:
        day = datetime.strptime(text[:20], "%Y-%m-%d").date()
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        notes.append(f"{label}: “{text[:20]}” is not a day such as 2026-03-15, so it was left out.")
        return None
    return day


def _from_to(first: date | None, last: date | None, today: date, notes: list[str]) -> Period | None:
    last = last or max(today, first or today)
    first = first or max(last - timedelta(days=LONGEST - 1), date(YEARS[0], 1, 1))
    if first > last:
        notes.append(f"{in_words(first)} is after {in_words(last)}, so both were left out.")
        return None
    if (last - first).days >= LONGEST:
        notes.append(f"From and to may be {LONGEST:,} days apart at most, so both were left out.")
        return None
    return Period("days", first, last)
