"""Figures in words: what a chart's title says, and how a number compares with the period before."""

from portal.analytics.period import Period

MINUTE, HOUR, DAY = 60, 3600, 86400
MANY_TIMES = 10


def counted(count: int, one: str, many: str, period: Period) -> str:
    """“1,204 registrations in the last 30 days”, “No registrations so far”."""
    return f"{count:,} {one if count == 1 else many} {period.words}" if count else f"No {many} {period.words}"


def compared(now: int, before: int, period: Period) -> str:
    """How a count stands to the one of the period before; nothing for all time."""
    if period.before is None:
        return ""
    if not before:
        return f"none in {period.words_before}"
    if now == before:
        return f"as many as in {period.words_before}"
    if now >= MANY_TIMES * before:
        return f"{now / before:,.0f} times as many as in {period.words_before}"
    change = abs(now - before) / before
    return f"{percent(100 * change)} {'more' if now > before else 'fewer'} than in {period.words_before}"


def finding(count: int, one: str, many: str, before: int, period: Period) -> str:
    """Both in one sentence."""
    said = compared(count, before, period) if count or before else ""
    return ", ".join(filter(None, (counted(count, one, many, period), said)))


def share(part: int, whole: int) -> float | None:
    """In percent; None where there is nothing to take a part of."""
    return 100 * part / whole if whole else None


def percent(value: float | None) -> str:
    """`86%`, `0.4%`, `less than 0.1%`, a dash for None."""
    if value is None:
        return "–"
    if 0 < value < 0.1:
        return "less than 0.1%"
    return f"{value:.1f}%" if 0 < value < 10 and round(value) != value else f"{value:.0f}%"


def points(now: float | None, before: float | None, period: Period) -> str:
    """How a share stands to the one of the period before, in percentage points."""
    if period.before is None or now is None:
        return ""
    if before is None:
        return f"nothing to compare with in {period.words_before}"
    apart = round(now) - round(before)
    if not apart:
        return f"as in {period.words_before}"
    many = "point" if abs(apart) == 1 else "points"
    return f"{abs(apart)} {many} {'more' if apart > 0 else 'less'} than in {period.words_before}"


def lasting(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `2 d 3 h`."""
    whole = max(0, round(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    large, small, words = (DAY, HOUR, ("d", "h")) if whole >= DAY else (HOUR, MINUTE, ("h", "min"))
    rest = whole % large // small
    return f"{whole // large:,} {words[0]}" + (f" {rest} {words[1]}" if rest else "")
