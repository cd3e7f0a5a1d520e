"""What happened: one row per event, committed with the fact it tells. Transports read it; nothing else writes it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.clock import utc_now
from portal.kernel.db import BigKey, Json, Model, UTCDateTime
from portal.kernel.ids import new_uid

_WAITING = text("position IS NULL")


class Event(Model):
    """`competition` is the uid of the competition that it is about: what happens in one is told in its order.

    `position` is its number among the events of its organization, given by the relay when it hands the event on. Ids are
    taken before the commit and become visible out of order; positions become visible in theirs, without a gap, so that a
    reader who goes on after the last one he saw misses nothing."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_org_id_id", "org_id", "id"),
        Index(
            "uq_events_org_id_position",
            "org_id",
            "position",
            unique=True,
            info={"says": "Another process has handed these events on."},
        ),
        Index("ix_events_waiting", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    type: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    competition: Mapped[str | None] = mapped_column(String(36))
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    position: Mapped[int | None] = mapped_column(BigKey)


class EventHead(Model):
    """How far an organization's events were handed on. Whoever holds the row hands them on: one process at a time."""

    __tablename__ = "event_heads"

    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"), primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigKey, default=0)
