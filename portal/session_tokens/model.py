"""One-time session links: one row per link, found by the SHA-256 of its token; the token itself is nowhere."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, LargeBinary, Select, String, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from portal.catalog.model import LARGEST, Game, Stream
from portal.kernel.clock import utc_now
from portal.kernel.db import Json, Model, UTCDateTime
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_uid
from portal.orgs.model import Organization

LEADS_SOMEWHERE = "A session link leads to a game, a stream or both. Give game_id or stream_id."


class SessionToken(Model):
    """A link that opens a game or a stream once. `id` is the `session_id` of the Session API.

    `details` is what that API calls metadata. The four receipts (`previewed_at` by a program, `opened_at` by a browser,
    `consumed_at`, `revoked_at`) are the first moment each; none is ever cleared. `attempt` is the digest of what made
    the consuming request recognizable, so that its repetition (a double click, a lost answer) is told apart from a
    second use.
    """

    __tablename__ = "session_tokens"
    __table_args__ = (
        CheckConstraint(
            "game_id IS NOT NULL OR stream_id IS NOT NULL",
            name="target",
            info={"field": "game_id", "says": LEADS_SOMEWHERE},
        ),
        Index("ix_session_tokens_org_id_id", "org_id", "id"),
        Index("ix_session_tokens_org_id_created_at", "org_id", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"), index=True)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("session_batches.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hint: Mapped[str] = mapped_column(String(4))
    game_id: Mapped[int | None] = mapped_column(ForeignKey("games.id"))
    stream_id: Mapped[int | None] = mapped_column(ForeignKey("streams.id"))
    external_ref: Mapped[str | None] = mapped_column(String(255))
    details: Mapped[dict[str, Any] | None] = mapped_column("metadata", Json)
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    not_before: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    previewed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    consumed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    player_uuid: Mapped[str | None] = mapped_column(String(64))
    attempt: Mapped[bytes | None] = mapped_column(LargeBinary(32))

    game: Mapped[Game | None] = relationship(lazy="joined")
    stream: Mapped[Stream | None] = relationship(lazy="joined")
    batch: Mapped["SessionBatch | None"] = relationship()

    def state(self, now: datetime) -> str:
        """active, waiting (its time has not come), consumed, revoked or expired at the moment `now`."""
        if self.consumed_at:
            return "consumed"
        if self.revoked_at:
            return "revoked"
        if self.expires_at <= now:
            return "expired"
        return "waiting" if self.not_before and self.not_before > now else "active"


class SessionBatch(Model):
    """Many links made by one upload. The row is the work: `done` of `total` rows exist, a worker holds it by a lease.

    `rows` ([external_ref, metadata] each) and `seed` are erased when the CSV of links was fetched, or after a day. The
    tokens follow from the sealed seed, so that making a row again makes the same token, which the database refuses.
    """

    __tablename__ = "session_batches"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed')",
            name="state",
            info={"says": "A batch is waiting, running, done or failed."},
        ),
        Index("ix_session_batches_org_id_id", "org_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    game_id: Mapped[int | None] = mapped_column(ForeignKey("games.id"))
    stream_id: Mapped[int | None] = mapped_column(ForeignKey("streams.id"))
    not_before: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor: Mapped[dict[str, str]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    rows: Mapped[list[Any] | None] = mapped_column(Json)
    seed: Mapped[bytes | None] = mapped_column(LargeBinary)
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fetched_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    game: Mapped[Game | None] = relationship(lazy="joined")
    stream: Mapped[Stream | None] = relationship(lazy="joined")


class SigningKey(Model):
    """An Ed25519 key that signs player tokens. The private half is sealed, bound to `kid`."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        # At most one key signs at a time: two processes that need the first one at once make one.
        Index(
            "uq_signing_keys_current",
            "is_current",
            unique=True,
            info={"says": "Another signing key is in use already."},
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kid: Mapped[str] = mapped_column(String(43), unique=True)
    public: Mapped[bytes] = mapped_column(LargeBinary(32))
    private: Mapped[bytes] = mapped_column(LargeBinary)
    is_current: Mapped[bool | None] = mapped_column(default=True)  # True, or NULL once it is retired
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def links_of(org: Organization) -> Select[SessionToken]:
    """Every session link of the organization."""
    return select(SessionToken).where(SessionToken.org_id == org.id)


def link_by_number(session: Session, org: Organization, number: int) -> SessionToken:
    """Raises NotFound."""
    found = session.scalar(links_of(org).where(SessionToken.id == number)) if 0 < number <= LARGEST else None
    if found is None:
        raise NotFound("Session link not found.")
    return found


def batches_of(org: Organization) -> Select[SessionBatch]:
    """Every batch of the organization."""
    return select(SessionBatch).where(SessionBatch.org_id == org.id)


def batch_by_uid(session: Session, org: Organization, uid: str) -> SessionBatch:
    """Raises NotFound."""
    found = session.scalar(batches_of(org).where(SessionBatch.uid == uid))
    if found is None:
        raise NotFound("Batch not found.")
    return found


def unused() -> ColumnElement[bool]:
    """Neither consumed nor revoked; it may be expired."""
    return and_(SessionToken.consumed_at.is_(None), SessionToken.revoked_at.is_(None))


def usable(now: Any) -> ColumnElement[bool]:
    """It would open at `now`: a moment, or the database's clock as SQL."""
    begun = or_(SessionToken.not_before.is_(None), SessionToken.not_before <= now)
    return and_(unused(), SessionToken.expires_at > now, begun)


def in_state(state: str, now: Any) -> ColumnElement[bool]:
    """The criterion that finds the links which `SessionToken.state` calls `state`."""
    alive = and_(unused(), SessionToken.expires_at > now)
    return {
        "active": usable(now),
        "waiting": and_(alive, SessionToken.not_before > now),
        "expired": and_(unused(), SessionToken.expires_at <= now),
        "consumed": SessionToken.consumed_at.is_not(None),
        "revoked": and_(SessionToken.revoked_at.is_not(None), SessionToken.consumed_at.is_(None)),
    }[state]
