"""Keys that somebody should look at: those that expire soon and those that lie unused; and the events about the former."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.kernel.clock import iso, utc_now
from portal.keys.model import ApiKey, Reminder, event_data, keys_of, status_is
from portal.orgs.model import Organization
from portal.outbox.emit import emit

SOON = timedelta(days=14)
UNUSED = timedelta(days=90)
TOLD_AT = (14, 3, 1)  # days before the expiry, the first `SOON`
_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def expires_soon(now: datetime) -> ColumnElement[bool]:
    """Works now and expires within 14 days."""
    return and_(status_is("active", now), ApiKey.expires_at <= now + SOON)


def lies_unused(now: datetime) -> ColumnElement[bool]:
    """Works now, and nobody has called with it for 90 days, nor was it issued since then."""
    return and_(status_is("active", now), func.coalesce(ApiKey.last_used_at, ApiKey.created_at) <= now - UNUSED)


def why(key: ApiKey, now: datetime) -> frozenset[str]:
    """Of `expiring` and `unused`, what holds for the key: the same as the two criteria above."""
    if key.status(now) != "active":
        return frozenset()
    expiring = key.expires_at is not None and key.expires_at <= now + SOON
    unused = (key.last_used_at or key.created_at) <= now - UNUSED
    return frozenset(name for name, holds in (("expiring", expiring), ("unused", unused)) if holds)


class ByAttention(Mapping[str, Any]):
    """The filter's SQL, which depends on the moment it is asked for."""

    _criteria = {"expiring": expires_soon, "unused": lies_unused}

    def __getitem__(self, name: str) -> Any:
        return self._criteria[name](utc_now())

    def __iter__(self) -> Any:
        return iter(self._criteria)

    def __len__(self) -> int:
        return len(self._criteria)


def keys_expiring(session: Session, org: Organization, now: datetime) -> Sequence[ApiKey]:
    """The soonest first."""
    return session.scalars(keys_of(org).where(expires_soon(now)).order_by(ApiKey.expires_at, ApiKey.id)).all()


def keys_unused(session: Session, org: Organization, now: datetime) -> Sequence[Any]:
    """(uid, name), the oldest first. One statement."""
    query = select(ApiKey.uid, ApiKey.name).where(ApiKey.org_id == org.id, lies_unused(now))
    return session.execute(query.order_by(ApiKey.id)).all()


def tell_expiring(session: Session, now: datetime, limit: int = 200) -> int:
    """Emit `key.expiring` for keys that are 14, 3 or 1 days from their expiry, for each of these once; how many were
    looked at. Of two clocks at once the row of one wins, and only that one emits.

    A key that never had as many days is not told about them: whoever issues a key for an hour knows.
    """
    due = _due(session, now, limit)
    for key, days in due:
        assert key.expires_at is not None
        claim = _INSERT[session.get_bind().dialect.name](Reminder.__table__)
        claim = claim.values(key_id=key.id, expires_at=key.expires_at, days=days, told_at=now)
        won = session.execute(claim.on_conflict_do_nothing().returning(Reminder.key_id)).first() is not None
        if won and key.created_at <= key.expires_at - timedelta(days=days):
            data = event_data(key) | {"expires_at": iso(key.expires_at), "days_left": days}
            emit(session, key.org_id, "key.expiring", key.uid, data)
    return len(due)


def _due(session: Session, now: datetime, limit: int) -> list[tuple[ApiKey, int]]:
    """Keys with the number of days that is to be told: the smallest that they have reached. One statement each."""
    found: list[tuple[ApiKey, int]] = []
    for days, next_days in zip(TOLD_AT, (*TOLD_AT[1:], 0), strict=True):
        told = exists().where(Reminder.key_id == ApiKey.id, Reminder.expires_at == ApiKey.expires_at, Reminder.days == days)
        within = and_(ApiKey.expires_at > now + timedelta(days=next_days), ApiKey.expires_at <= now + timedelta(days=days))
        query = select(ApiKey).where(status_is("active", now), within, ~told).order_by(ApiKey.id).limit(limit)
        found += [(key, days) for key in session.scalars(query)]
    return found
