"""Markets on matches: offers with their prices, the log of their settlements, and who asked for missed messages again."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, String, Text, UniqueConstraint, false, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.competitions.model import Competition
from portal.kernel.clock import utc_now
from portal.kernel.db import BigKey, Json, Model, UTCDateTime
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_uid

STATUSES = ("open", "suspended", "settled", "voided")
UNDECIDED = ("open", "suspended")
MATCH_WINNER = "match_winner"
_STANDS = text("status <> 'voided'")


class Offer(Model):
    """A market on one match. `outcomes` are {key, label, price}, a price being a decimal in text such as "1.85".

    `match_uid` names the match without a foreign key: a correction may draw a round anew, and what was offered on a match
    that fell away stays readable. `winner` is the outcome that won, `settled_by` who said so last: engine (a result), system
    (the match or its sides are gone) or admin."""

    __tablename__ = "market_offers"
    __table_args__ = (
        CheckConstraint(
            "status IN ('open', 'suspended', 'settled', 'voided')",
            name="status",
            info={"says": "An offer is open, suspended, settled or voided."},
        ),
        CheckConstraint(
            "(winner IS NOT NULL) = (status = 'settled')",
            name="winner",
            info={"says": "A settled offer has a winning outcome, and no other has."},
        ),
        Index(
            "uq_market_offers_match_uid_type_label",
            "match_uid",
            "type",
            "label",
            unique=True,
            sqlite_where=_STANDS,
            postgresql_where=_STANDS,
            info={"says": "This market is offered on the match already."},
        ),
        Index("ix_market_offers_competition_id_id", "competition_id", "id"),
        Index("ix_market_offers_match_uid", "match_uid"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"), index=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competitions.id"))
    match_uid: Mapped[str] = mapped_column(String(36))
    type: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(120))
    outcomes: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    status: Mapped[str] = mapped_column(String(10), default="open")
    winner: Mapped[str | None] = mapped_column(String(40))
    settled_by: Mapped[str | None] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


class Settlement(Model):
    """One step of an offer into, out of or between decided states. Never changed: the migrations add triggers that refuse it.

    `number` counts within the organization, in the order in which the steps became visible, without a gap."""

    __tablename__ = "market_settlements"
    __table_args__ = (
        UniqueConstraint("org_id", "number", info={"says": "Somebody else settled at the same moment. Try again."}),
        CheckConstraint(
            "settled_by IN ('engine', 'system', 'admin')",
            name="settled_by",
            info={"says": "A settlement is made by engine, system or admin."},
        ),
        Index("ix_market_settlements_offer_id", "offer_id"),
        Index("ix_market_settlements_match_uid", "match_uid"),
        Index("ix_market_settlements_competition_id_number", "competition_id", "number"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    number: Mapped[int] = mapped_column(BigKey)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    competition_id: Mapped[int] = mapped_column(ForeignKey("competitions.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("market_offers.id"))
    match_uid: Mapped[str] = mapped_column(String(36))
    previous_status: Mapped[str] = mapped_column(String(10))
    new_status: Mapped[str] = mapped_column(String(10))
    outcome: Mapped[str | None] = mapped_column(String(40))
    settled_by: Mapped[str] = mapped_column(String(8))
    is_resettlement: Mapped[bool] = mapped_column(default=False, server_default=false())
    reason: Mapped[str] = mapped_column(Text, default="")
    actor: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


class SettlementHead(Model):
    """The last number of an organization's log. Whoever writes to the log holds the row until the end, so that a reader who
    goes on after the last number he saw misses none."""

    __tablename__ = "market_settlement_heads"

    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigKey, default=0)


class RecoveryRequest(Model):
    """Somebody missed messages and wants those of one sport since `after` again."""

    __tablename__ = "recovery_requests"
    __table_args__ = (Index("ix_recovery_requests_org_id_id", "org_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    sport: Mapped[str] = mapped_column(String(60))
    request_id: Mapped[str] = mapped_column(String(64))
    after: Mapped[datetime] = mapped_column(UTCDateTime)
    asked_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


def offers_of(competition: Competition) -> Select[Offer]:
    """Every offer on matches of the competition, the oldest first."""
    return select(Offer).where(Offer.competition_id == competition.id).order_by(Offer.id)


def offer_by_uid(session: Session, competition: Competition, uid: str) -> Offer:
    """As it stands now, not as it was read before. Raises NotFound."""
    found = session.scalar(offers_of(competition).where(Offer.uid == uid).execution_options(populate_existing=True))
    if found is None:
        raise NotFound("Offer not found.")
    return found


def request_by_uid(session: Session, org_id: int, uid: str) -> RecoveryRequest:
    """Raises NotFound."""
    found = session.scalar(select(RecoveryRequest).where(RecoveryRequest.org_id == org_id, RecoveryRequest.uid == uid))
    if found is None:
        raise NotFound("Recovery request not found.")
    return found
