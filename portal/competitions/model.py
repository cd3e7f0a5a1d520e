"""Competitions, who takes part, their matches, and what was reported and decided."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    false,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.kernel.clock import utc_now
from portal.kernel.db import BigKey, Model, UTCDateTime
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_uid

STATUSES = ("draft", "registration", "active", "completed", "canceled")
VISIBILITIES = ("public", "unlisted", "private")
# registered: has a place; waiting: on the waiting list; withdrawn: left or was taken out; dropped: was not checked in.
ENTRY_STATUSES = ("registered", "waiting", "withdrawn", "dropped", "disqualified")


class Competition(Model):
    """`rules` and `metadata` are as they were sent, in their order: plain JSON, since JSONB sorts the names. `format` is
    what the rules come to. `draw_seed` makes every draw and lot repeatable.
    `turn` goes up with each change of the matches, so that two who change at once cannot both win. `has_offers` spares
    results the look for offers where nobody ever bet."""

    __tablename__ = "competitions"
    __table_args__ = (
        CheckConstraint(
            "status IN ('draft', 'registration', 'active', 'completed', 'canceled')",
            name="status",
            info={"says": "A competition is draft, registration, active, completed or canceled."},
        ),
        CheckConstraint(
            "visibility IN ('public', 'unlisted', 'private')",
            name="visibility",
            info={"field": "visibility", "says": "A competition is public, unlisted or private."},
        ),
        UniqueConstraint("uid", info={"says": "This form was sent already: the competition is in the list."}),
        Index("ix_competitions_org_id_created_at", "org_id", "created_at"),
        Index("ix_competitions_status_starts_at", "status", "starts_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(10))
    format: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(12), default="draft")
    category: Mapped[str | None] = mapped_column(String(60), index=True)
    visibility: Mapped[str] = mapped_column(String(8), default="public")
    rules: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    details: Mapped[dict[str, Any] | None] = mapped_column("metadata", JSON)
    max_participants: Mapped[int | None]
    waiting_list: Mapped[bool] = mapped_column(default=False)
    registration_opens: Mapped[datetime | None] = mapped_column(UTCDateTime)
    registration_closes: Mapped[datetime | None] = mapped_column(UTCDateTime)
    starts_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    entry_fee_wei: Mapped[str | None] = mapped_column(String(78))
    prize_pool_wei: Mapped[str | None] = mapped_column(String(78))
    draw_seed: Mapped[int] = mapped_column(BigInteger)
    turn: Mapped[int] = mapped_column(default=0)
    has_offers: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_by: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, onupdate=utc_now)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    start_failed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    canceled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Entry(Model):
    """A registration: one wallet or one team in one competition. `entrant_key` is the wallet in lower case or the team's
    uid; it is cleared when the entry ends, so that the same may register again while there is time."""

    __tablename__ = "entries"
    __table_args__ = (
        UniqueConstraint("competition_id", "entrant_key", info={"says": "This participant is registered already."}),
        CheckConstraint(
            "(wallet IS NULL) <> (team_id IS NULL)", name="entrant", info={"says": "Provide either wallet or team_id."}
        ),
        CheckConstraint(
            "status IN ('registered', 'waiting', 'withdrawn', 'dropped', 'disqualified')",
            name="status",
            info={"says": "An entry is registered, waiting, withdrawn, dropped or disqualified."},
        ),
        Index("ix_entries_competition_id_status", "competition_id", "status"),
        Index("ix_entries_org_id_registered_at", "org_id", "registered_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competitions.id"))
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    wallet: Mapped[str | None] = mapped_column(String(42), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"), index=True)
    entrant_key: Mapped[str | None] = mapped_column(String(42))
    status: Mapped[str] = mapped_column(String(12), default="registered")
    seed: Mapped[int | None]
    group: Mapped[str] = mapped_column("grp", String(2), default="")
    rating: Mapped[int] = mapped_column(default=1500)
    place: Mapped[int | None]
    prize_wei: Mapped[str | None] = mapped_column(String(78))
    registered_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    checked_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Match(Model):
    """One match, as `formats.plan.Match` says it. `a_id` and `b_id` are entries; with `a_empty` or `b_empty` nobody will
    come. `winner_to` and `loser_to` are match numbers, `…_side` the side there."""

    __tablename__ = "matches"
    __table_args__ = (
        UniqueConstraint("competition_id", "number", info={"says": "Somebody else changed this competition. Load it again."}),
        Index("ix_matches_competition_id_status", "competition_id", "status"),
        Index("ix_matches_a_id", "a_id"),
        Index("ix_matches_b_id", "b_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competitions.id"))
    number: Mapped[int]
    stage: Mapped[str] = mapped_column(String(12))
    group: Mapped[str] = mapped_column("grp", String(2), default="")
    round: Mapped[int]
    position: Mapped[int]
    a_id: Mapped[int | None] = mapped_column(ForeignKey("entries.id"))
    b_id: Mapped[int | None] = mapped_column(ForeignKey("entries.id"))
    a_empty: Mapped[bool] = mapped_column(default=False)
    b_empty: Mapped[bool] = mapped_column(default=False)
    winner_to: Mapped[int | None]
    winner_side: Mapped[str | None] = mapped_column(String(1))
    loser_to: Mapped[int | None]
    loser_side: Mapped[str | None] = mapped_column(String(1))
    score_a: Mapped[int | None]
    score_b: Mapped[int | None]
    winner: Mapped[str | None] = mapped_column(String(4))
    outcome: Mapped[str | None] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(10), default="pending")  # pending or completed
    why: Mapped[str] = mapped_column(Text, default="")
    notes: Mapped[str | None] = mapped_column(Text)
    scheduled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Report(Model):
    """What was reported of a match, never changed: a correction is another row."""

    __tablename__ = "match_reports"
    __table_args__ = (Index("ix_match_reports_match_id", "match_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    match_id: Mapped[int] = mapped_column(ForeignKey("matches.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))  # result, correction or cleared
    score_a: Mapped[int | None]
    score_b: Mapped[int | None]
    winner: Mapped[str | None] = mapped_column(String(4))
    outcome: Mapped[str | None] = mapped_column(String(16))
    notes: Mapped[str | None] = mapped_column(Text)
    reported_by: Mapped[str] = mapped_column(String(200))
    reported_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


class Decision(Model):
    """An organizer's recorded ruling between two that are level on everything before it (RULINGS 24)."""

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("competition_id", "over_id", "under_id", info={"says": "This is decided already."}),
        CheckConstraint("over_id <> under_id", name="two", info={"says": "A decision is between two participants."}),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competitions.id"))
    over_id: Mapped[int] = mapped_column(ForeignKey("entries.id"))
    under_id: Mapped[int] = mapped_column(ForeignKey("entries.id"))
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


class LadderDrop(Model):
    """Places lost on a ladder for not playing, as `formats.ladder.Drop` says it: after match number `after`."""

    __tablename__ = "ladder_drops"
    __table_args__ = (
        UniqueConstraint(
            "competition_id", "entry_id", "until", info={"says": "Somebody else changed this ladder. Load it again."}
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competitions.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"))
    places: Mapped[int]
    after: Mapped[int]
    until: Mapped[datetime] = mapped_column(UTCDateTime)
    why: Mapped[str] = mapped_column(Text)


def competitions_of(org_id: int) -> Select[Competition]:
    """Every competition of the organization."""
    return select(Competition).where(Competition.org_id == org_id)


def competition_by_uid(session: Session, org_id: int, uid: str) -> Competition:
    """Raises NotFound."""
    return _found(session.scalar(competitions_of(org_id).where(Competition.uid == uid)))


def entries_of(competition: Competition) -> Select[Entry]:
    """Every registration, ended ones too."""
    return select(Entry).where(Entry.competition_id == competition.id)


def matches_of(competition: Competition) -> Select[Match]:
    """The matches in order of play."""
    return select(Match).where(Match.competition_id == competition.id).order_by(Match.number)


def match_by_uid(session: Session, competition: Competition, uid: str) -> Match:
    """Raises NotFound."""
    match = session.scalar(select(Match).where(Match.competition_id == competition.id, Match.uid == uid))
    if match is None:
        raise NotFound("Match not found.")
    return match


def _found(competition: Competition | None) -> Competition:
    if competition is None:
        raise NotFound("Competition not found.")
    return competition
