"""Calls with the organization's keys and its session links, per day of a period."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from portal.analytics.daily import Daily
from portal.analytics.days import utc_day
from portal.analytics.scope import Scope
from portal.keys.jobs import KEPT
from portal.keys.model import ApiKey, UsageHour
from portal.session_tokens.model import SessionToken

TOP_KEYS = 10
_REFUSED = UsageHour.outcome != "ok"


def counted_since(now: datetime) -> datetime:
    """Calls before this are forgotten."""
    return now - KEPT


def calls(session: Session, scope: Scope) -> Daily:
    """Calls of all keys per day, answered and refused."""
    day = utc_day(UsageHour.hour)
    sums = (func.sum(case((_REFUSED, 0), else_=UsageHour.calls)), func.sum(case((_REFUSED, UsageHour.calls), else_=0)))
    query = select(day, *sums).join(ApiKey, ApiKey.id == UsageHour.key_id).where(ApiKey.org_id == scope.org_id)
    return Daily.of(("Answered", "Refused"), session.execute(query.where(scope.within_both(UsageHour.hour)).group_by(day)))


def refusals(session: Session, scope: Scope) -> Sequence[tuple[str, int]]:
    """(reason, calls) of the period, most first."""
    total = func.sum(UsageHour.calls)
    query = select(UsageHour.outcome, total).where(_REFUSED, *_mine(scope)).join(ApiKey, ApiKey.id == UsageHour.key_id)
    rows = session.execute(query.group_by(UsageHour.outcome).order_by(total.desc(), UsageHour.outcome))
    return [(reason, int(count)) for reason, count in rows]


def keys(session: Session, scope: Scope) -> Sequence[Any]:
    """(uid, name, calls, refused) of the keys with most calls in the period."""
    total = func.sum(UsageHour.calls).label("calls")
    refused = func.sum(case((_REFUSED, UsageHour.calls), else_=0)).label("refused")
    query = select(ApiKey.uid, ApiKey.name, total, refused).join(UsageHour, UsageHour.key_id == ApiKey.id)
    query = query.where(*_mine(scope)).group_by(ApiKey.id, ApiKey.uid, ApiKey.name)
    return session.execute(query.order_by(total.desc(), ApiKey.id).limit(TOP_KEYS)).all()


def links(session: Session, scope: Scope) -> Daily:
    """Session links created, and links used, each on its day."""
    parts = []
    for column, created in ((SessionToken.created_at, 1), (SessionToken.consumed_at, 0)):
        part = select(utc_day(column).label("day"), literal(created).label("created"), func.count().label("links"))
        mine = (SessionToken.org_id == scope.org_id, column.is_not(None), scope.within_both(column))
        parts.append(part.where(*mine).group_by(utc_day(column)))
    both = union_all(*parts).subquery("both")
    sums = [func.sum(case((both.c.created == value, both.c.links), else_=0)) for value in (1, 0)]
    return Daily.of(("Created", "Used"), session.execute(select(both.c.day, *sums).group_by(both.c.day)))


def _mine(scope: Scope) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (ApiKey.org_id == scope.org_id, scope.within(UsageHour.hour))
