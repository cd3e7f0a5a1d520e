"""Routes that are on their way out say so: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594) on every answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import wraps
from typing import Any, TypeVar

from werkzeug.http import http_date

from portal.web.headers import promise

View = TypeVar("View", bound=Callable[..., Any])
KEPT_MONTHS = 6  # the contract's promise


@dataclass(frozen=True, slots=True)
class Deprecation:
    """`on`: the day it was announced; `sunset`: the first day without it; `link`: what to use instead."""

    on: date
    sunset: date
    link: str

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """RFC 9745 writes a structured date (`@` and unix seconds), RFC 8594 an HTTP date."""
        return (
            ("Deprecation", f"@{int(_midnight(self.on).timestamp())}"),
            ("Sunset", http_date(_midnight(self.sunset))),
            ("Link", f'<{self.link}>; rel="deprecation"; type="text/html"'),
        )


def deprecated(*, on: date, sunset: date, link: str) -> Callable[[View], View]:
    """View decorator, above `@admit` so that refusals carry the headers too. Raises ValueError for less than six months."""
    notice = Deprecation(on, sunset, link)
    if sunset < months_after(on, KEPT_MONTHS):
        raise ValueError(f"a deprecated route is kept for {KEPT_MONTHS} months: {on} to {sunset} is less")

    def decorate(view: View) -> View:
        @wraps(view)
        def told(*arguments: Any, **named: Any) -> Any:
            promise(*notice.headers)
            return view(*arguments, **named)

        told.deprecation = notice  # type: ignore[attr-defined]
        return told  # type: ignore[return-value]

    return decorate


def months_after(day: date, months: int) -> date:
    """The same day of a later month; the first of the next where that month is too short."""
    years, month = divmod(day.month - 1 + months, 12)
    try:
        return day.replace(year=day.year + years, month=month + 1)
    except ValueError:
        return date(day.year + years, month + 2, 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
