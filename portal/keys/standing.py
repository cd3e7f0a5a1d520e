"""How the keys of an organization stand, in figures that move whenever one of their pages would show something else."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from portal.keys.model import ApiKey, KeySecret, UsageHour


def standing_of(session: Session, org_ids: Sequence[int], now: datetime, uid: str = "") -> dict[int, str]:
    """A text for each of these organizations, of the key `uid` alone where one is named: another one after every call and
    change, when a key or a secret dies by the clock, and when an hour begins. Those without keys are left out. One statement.
    """
    hour = now.replace(minute=0, second=0, microsecond=0)
    lately = UsageHour.key_id == ApiKey.id, UsageHour.hour >= hour - timedelta(hours=1)
    calls = select(func.sum(UsageHour.calls)).where(*lately).correlate(ApiKey).scalar_subquery()
    living = KeySecret.ended_at.is_(None), or_(KeySecret.dies_at.is_(None), KeySecret.dies_at > now)
    secrets = select(func.count()).where(KeySecret.key_id == ApiKey.id, *living).correlate(ApiKey).scalar_subquery()
    expired = func.count(ApiKey.expires_at).filter(ApiKey.expires_at <= now)
    figures = func.max(ApiKey.updated_at), func.max(ApiKey.last_used_at), func.count(), expired
    query = select(ApiKey.org_id, *figures, func.sum(calls), func.sum(secrets)).where(*_which(org_ids, uid))
    return {row[0]: _text(hour, *row[1:]) for row in session.execute(query.group_by(ApiKey.org_id))}


def _which(org_ids: Sequence[int], uid: str) -> tuple[ColumnElement[bool], ...]:
    mine = ApiKey.org_id.in_(org_ids)
    return (mine, ApiKey.uid == uid) if uid else (mine,)


def _text(*figures: object) -> str:
    return hashlib.sha256(repr(figures).encode()).hexdigest()[:16]
