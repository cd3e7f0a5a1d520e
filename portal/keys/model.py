"""Keys, their secrets, and what is counted about their use."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Select, String, Text, UniqueConstraint, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship
from sqlalchemy.sql import ColumnElement

from portal.kernel.clock import utc_now
from portal.kernel.db import BigKey, Json, Model, UTCDateTime
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_uid
from portal.keys.kinds import KINDS, Limits
from portal.orgs.model import Organization

STATUSES = ("active", "disabled", "expired", "revoked")


SENT_TWICE = "This form was sent before and its key was issued then. Rotate that key if you missed its secret."


class ApiKey(Model):
    """A key's settings, without its secrets. None in `sports`, `games` and `streams` means all; None in a limit means
    that there is no such window. `id` is the number that the Session API prints."""

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint(
            f"kind IN ({', '.join(repr(kind) for kind in KINDS)})",
            name="kind",
            info={"field": "kind", "says": f"A key is of one of these kinds: {', '.join(KINDS)}."},
        ),
        UniqueConstraint("uid", info={"says": SENT_TWICE}),
        CheckConstraint("per_minute > 0", name="per_minute", info={"field": "per_minute", "says": "Allow at least 1 call."}),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(500), default="")
    scopes: Mapped[list[str]] = mapped_column(Json)
    sports: Mapped[list[str] | None] = mapped_column(Json)
    games: Mapped[list[int] | None] = mapped_column(Json)
    streams: Mapped[list[int] | None] = mapped_column(Json)
    per_minute: Mapped[int]
    writes_per_minute: Mapped[int | None]
    per_hour: Mapped[int | None]
    per_day: Mapped[int | None]
    burst_10s: Mapped[int | None]
    allowed_addresses: Mapped[str] = mapped_column(Text, default="")
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    is_active: Mapped[bool] = mapped_column(default=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    created_by: Mapped[str] = mapped_column(String(200))
    created_by_id: Mapped[str] = mapped_column(String(64))
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_used_address: Mapped[str] = mapped_column(String(45), default="")
    # How the newest secret begins and ends, for lists and searches.
    prefix: Mapped[str] = mapped_column(String(8))
    last4: Mapped[str] = mapped_column(String(4))

    secrets: Mapped[list["KeySecret"]] = relationship(
        lazy="selectin", order_by="KeySecret.id.desc()", passive_deletes=True, foreign_keys="KeySecret.key_id"
    )

    @property
    def limits(self) -> Limits:
        return Limits(self.per_minute, self.writes_per_minute, self.per_hour, self.per_day, self.burst_10s)

    @property
    def hint(self) -> str:
        """The key as far as it may be shown: its first and last characters."""
        return f"{self.prefix}…{self.last4}"

    def status(self, now: datetime) -> str:
        """One of STATUSES, the most final first."""
        if self.revoked_at:
            return "revoked"
        if self.expires_at and self.expires_at <= now:
            return "expired"
        return "active" if self.is_active else "disabled"


class KeySecret(Model):
    """One secret of a key. A key has one that lives, two while it rolls; dead ones stay so that calls with them can be told.

    `dies_at` is the planned end of an overlap. `ended_at` is an end that has come, whatever any machine's clock says.
    `successor_id` and `overlap_seconds` stand on the old secret while its key rolls.
    """

    __tablename__ = "key_secrets"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_id: Mapped[int] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    prefix: Mapped[str] = mapped_column(String(8))
    last4: Mapped[str] = mapped_column(String(4))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    first_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    dies_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    overlap_seconds: Mapped[int | None]
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("key_secrets.id", ondelete="SET NULL"), index=True)

    @property
    def hint(self) -> str:
        return f"{self.prefix}…{self.last4}"

    def lives(self, now: datetime) -> bool:
        return self.ended_at is None and (self.dies_at is None or self.dies_at > now)


class UsageHour(Model):
    """Calls of a key in one hour (UTC, its beginning), by outcome: `ok` or the reason of the refusal."""

    __tablename__ = "key_usage_hours"

    key_id: Mapped[int] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    outcome: Mapped[str] = mapped_column(String(24), primary_key=True)
    calls: Mapped[int]


class Caller(Model):
    """From where a secret is used: an address with a class of program, and its last route."""

    __tablename__ = "key_callers"

    secret_id: Mapped[int] = mapped_column(ForeignKey("key_secrets.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(String(45), primary_key=True)
    agent: Mapped[str] = mapped_column(String(32), primary_key=True)
    route: Mapped[str] = mapped_column(String(120))
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    calls: Mapped[int]


class RefusedCall(Model):
    """One of the latest refused calls of a key. `detail` is the sentence that the caller got."""

    __tablename__ = "key_refusals"
    __table_args__ = (Index("ix_key_refusals_key_id_id", "key_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key_id: Mapped[int] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    address: Mapped[str] = mapped_column(String(45))
    route: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(String(24))
    detail: Mapped[str] = mapped_column(String(300))


class Reminder(Model):
    """Somebody was told that a key expires: `days` (14, 3 or 1) before `expires_at`. A moved expiry is told anew."""

    __tablename__ = "key_reminders"

    key_id: Mapped[int] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    days: Mapped[int] = mapped_column(primary_key=True)
    told_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


def keys_of(org: Organization) -> Select[ApiKey]:
    """Every key of the organization, revoked ones too, in no order."""
    return select(ApiKey).where(ApiKey.org_id == org.id)


def key_by_uid(session: Session, org: Organization, uid: str) -> ApiKey:
    """Raises NotFound."""
    return _found(session.scalar(keys_of(org).where(ApiKey.uid == uid)))


def key_by_number(session: Session, org: Organization, number: int) -> ApiKey:
    """Raises NotFound."""
    return _found(session.scalar(keys_of(org).where(ApiKey.id == number)))


def status_is(status: str, now: datetime) -> ColumnElement[bool]:
    """The SQL of `ApiKey.status(now) == status`."""
    expired = and_(ApiKey.expires_at.is_not(None), ApiKey.expires_at <= now)
    alive = and_(ApiKey.revoked_at.is_(None), or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now))
    criteria: dict[str, Callable[[], ColumnElement[bool]]] = {
        "revoked": lambda: ApiKey.revoked_at.is_not(None),
        "expired": lambda: and_(ApiKey.revoked_at.is_(None), expired),
        "disabled": lambda: and_(alive, ApiKey.is_active.is_(False)),
        "active": lambda: and_(alive, ApiKey.is_active.is_(True)),
    }
    return criteria[status]()


def snapshot(key: ApiKey) -> dict[str, Any]:
    """The settings that an audit row compares."""
    plain = ("name", "description", "scopes", "sports", "games", "streams", "allowed_addresses", "is_active")
    limits = ("per_minute", "writes_per_minute", "per_hour", "per_day", "burst_10s")
    found = {name: getattr(key, name) for name in (*plain, *limits)}
    found["expires_at"] = key.expires_at.isoformat() if key.expires_at else None
    return found


def event_data(key: ApiKey) -> dict[str, Any]:
    """What every event about a key says."""
    return {"id": key.uid, "number": key.id, "name": key.name, "kind": key.kind, "key": key.hint}


def _found(key: ApiKey | None) -> ApiKey:
    if key is None:
        raise NotFound("Key not found.")
    return key
