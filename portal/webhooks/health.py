"""How an endpoint fares, and when its failures switch it off (RULINGS 21)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from portal.audit.service import SYSTEM, record
from portal.kernel.clock import iso
from portal.kernel.db import clock_of
from portal.webhooks.model import Endpoint, EndpointHour
from portal.webhooks.switching import subject_of, switch_off, tell

WINDOW = timedelta(days=7)
OFF_TRIES, OFF_SPAN = 20, timedelta(hours=24)
WARN_TRIES, WARN_SPAN = 10, timedelta(hours=12)
NOTICE = timedelta(hours=1)  # between the warning and the end, at least
STATES = ("healthy", "failing", "throttled", "paused", "disabled")


@dataclass(frozen=True, slots=True)
class Figures:
    """Tries of an endpoint that count, in the last seven days or since it was switched on again."""

    tries: int
    failed: int
    first_at: datetime
    last_at: datetime

    def bad(self, tries: int, span: timedelta) -> bool:
        """More than half failed, of enough tries over long enough."""
        return self.tries >= tries and self.last_at - self.first_at >= span and 2 * self.failed > self.tries


def state_of(endpoint: Endpoint, now: datetime) -> str:
    """One of STATES."""
    if endpoint.status in ("disabled", "auto_off"):
        return "disabled"
    if endpoint.status == "paused":
        return "paused"
    if endpoint.throttled_until is not None and endpoint.throttled_until > now:
        return "throttled"
    return "failing" if endpoint.failures else "healthy"


def state_in_sql(now: Any) -> Any:
    """The same as an SQL expression."""
    return case(
        (Endpoint.status.in_(("disabled", "auto_off")), "disabled"),
        (Endpoint.status == "paused", "paused"),
        (Endpoint.throttled_until > now, "throttled"),
        (Endpoint.failures > 0, "failing"),
        else_="healthy",
    )


def judge(session: Session) -> int:
    """Warn about endpoints that fail, and switch off those that were warned and went on failing; how many were touched."""
    now = clock_of(session)
    touched = 0
    for endpoint, figures in _failing(session, now):
        if figures.bad(OFF_TRIES, OFF_SPAN) and endpoint.warned_at is not None and endpoint.warned_at <= now - NOTICE:
            switch_off(session, endpoint, _reason(figures), now)
        elif figures.bad(WARN_TRIES, WARN_SPAN) and endpoint.warned_at is None:
            _warn(session, endpoint, figures, now)
        elif endpoint.warned_at is not None and 2 * figures.failed <= figures.tries:
            endpoint.warned_at = None
        else:
            continue
        touched += 1
    session.flush()
    return touched


def hours_of(session: Session, endpoint: Endpoint, since: datetime) -> Sequence[EndpointHour]:
    """What a chart of the endpoint draws, the oldest hour first; hours without a try are missing."""
    query = select(EndpointHour).where(EndpointHour.endpoint_id == endpoint.id, EndpointHour.hour >= since)
    return session.scalars(query.order_by(EndpointHour.hour)).all()


def hours_of_all(session: Session, org_id: int, since: datetime) -> Sequence[EndpointHour]:
    """The same for every endpoint of the organization."""
    query = select(EndpointHour).join(Endpoint, Endpoint.id == EndpointHour.endpoint_id)
    return session.scalars(query.where(Endpoint.org_id == org_id, EndpointHour.hour >= since)).all()


def _failing(session: Session, now: datetime) -> list[tuple[Endpoint, Figures]]:
    """Endpoints in use that failed lately or were warned, held, with their figures."""
    hours = EndpointHour
    sums = func.sum(hours.tries), func.sum(hours.failed), func.min(hours.first_at), func.max(hours.last_at)
    asked = (Endpoint.status == "enabled") & Endpoint.deleted_at.is_(None)
    recent = (Endpoint.last_failure_at > now - timedelta(days=1)) | Endpoint.warned_at.is_not(None)
    query: Any = (
        select(Endpoint.id, *sums)
        .join(hours, hours.endpoint_id == Endpoint.id)
        .where(asked, recent, hours.hour >= now - WINDOW, hours.first_at >= Endpoint.counted_from)
        .group_by(Endpoint.id)
    )
    figures = {row[0]: Figures(*row[1:]) for row in session.execute(query)}
    held = select(Endpoint).where(Endpoint.id.in_(figures), asked).order_by(Endpoint.id)
    rows = session.scalars(held.with_for_update(skip_locked=True, key_share=True).execution_options(populate_existing=True))
    return [(endpoint, figures[endpoint.id]) for endpoint in rows]


def _warn(session: Session, endpoint: Endpoint, figures: Figures, now: datetime) -> None:
    endpoint.warned_at = now
    data = {"tries": figures.tries, "failed": figures.failed, "since": iso(figures.first_at)}
    record(session, endpoint.org_id, SYSTEM, "webhook.warned", subject_of(endpoint), None, data)
    tell(session, endpoint, "webhook.endpoint_warned", data | {"last_error": endpoint.last_error})


def _reason(figures: Figures) -> str:
    return f"{figures.failed:,} of {figures.tries:,} tries failed since {iso(figures.first_at)}."
