"""Seasons: several competitions with one table."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, Float, ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.kernel.clock import utc_now
from portal.kernel.db import Json, Model, UTCDateTime
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_uid


class Season(Model):
    """`status` is what was set (active or completed); before `starts_at` an active season counts as upcoming."""

    __tablename__ = "seasons"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'completed')", name="status", info={"says": "A season is active or completed."}),
        Index("ix_seasons_org_id_created_at", "org_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10), default="active")
    starts_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    scoring_config: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, onupdate=utc_now)


class SeasonCompetition(Model):
    """A competition that counts for a season, times `weight`."""

    __tablename__ = "season_competitions"
    __table_args__ = (
        UniqueConstraint("season_id", "competition_id", info={"says": "This competition is in the season already."}),
        CheckConstraint("weight > 0", name="weight", info={"field": "weight", "says": "The weight must be more than 0."}),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    season_id: Mapped[int] = mapped_column(ForeignKey("seasons.id"))
    competition_id: Mapped[int] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"), index=True)
    weight: Mapped[float] = mapped_column(Float, default=1.0)
    added_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


def season_by_uid(session: Session, org_id: int, uid: str) -> Season:
    """Raises NotFound."""
    return visible_season(session, Season.org_id == org_id, uid)


def visible_season(session: Session, seen: ColumnElement[bool], uid: str) -> Season:
    """The season, of whatever organization, if `seen` picks it; raises NotFound."""
    season = session.scalar(select(Season).where(Season.uid == uid, seen))
    if season is None:
        raise NotFound("Season not found.")
    return season
