"""Endpoints that asked to be told, one delivery per event and endpoint, and every try of a delivery."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Select,
    String,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.kernel.clock import utc_now
from portal.kernel.db import BigKey, Model, UTCDateTime
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_uid

# enabled; paused: told later, the backlog is kept; disabled: by a person; auto_off: by its failures, or by its own 410.
STATUSES = ("enabled", "paused", "disabled", "auto_off")
LISTENING = ("enabled", "paused")
STATES = ("pending", "sending", "delivered", "failed", "canceled")
OPEN = ("pending", "sending")
_OPEN, _SENDING = text("due_at IS NOT NULL"), text("state = 'sending'")


class Endpoint(Model):
    """`types` are event types, families such as `match.*`, or `*`. `competition` and `season` are uids. Both secrets and the
    values of `headers` are sealed, bound to this row; the previous secret signs too until `previous_until`.

    `sequence` is the number of its last delivery. `next_due_at` is never later than the earliest `due_at` among its open
    deliveries, so whoever looks for work reads endpoints, not backlogs. A removed endpoint keeps its row for the log."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint(
            "status IN ('enabled', 'paused', 'disabled', 'auto_off')",
            name="status",
            info={"field": "status", "says": "An endpoint is enabled, paused, disabled or auto_off."},
        ),
        Index("ix_webhook_endpoints_org_id_created_at", "org_id", "created_at"),
        Index("ix_webhook_endpoints_next_due_at", "next_due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    url: Mapped[str] = mapped_column(String(2000))
    description: Mapped[str] = mapped_column(String(500), default="")
    types: Mapped[list[str]] = mapped_column(JSON)
    competition: Mapped[str | None] = mapped_column(String(36))
    season: Mapped[str | None] = mapped_column(String(36))
    header_names: Mapped[list[str]] = mapped_column(JSON, default=list)
    headers: Mapped[bytes | None] = mapped_column(LargeBinary)
    ordered: Mapped[bool] = mapped_column(default=False)
    in_flight_cap: Mapped[int] = mapped_column(default=10)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    status: Mapped[str] = mapped_column(String(8), default="enabled")
    status_reason: Mapped[str] = mapped_column(String(300), default="")
    status_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    sequence: Mapped[int] = mapped_column(BigKey, default=0)
    next_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    served_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    throttled_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failures: Mapped[int] = mapped_column(default=0)  # tries in a row without a success
    last_try_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_success_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_failure_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str] = mapped_column(String(300), default="")
    counted_from: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)  # of tries that may switch it off
    warned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_by: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def active(self) -> bool:
        """Events are kept for it."""
        return self.status in LISTENING and self.deleted_at is None


class Delivery(Model):
    """One event on its way to one endpoint; a test has its own `payload` and no event.

    `due_at` is when to try next, by the database's clock. While a worker sends it is when the lease ends: a row that
    nobody records is due again by itself. None means over. `tries` counts since it was last sent anew, `attempts` all."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "endpoint_id", info={"says": "This event was given to the endpoint already."}),
        UniqueConstraint("endpoint_id", "sequence", info={"says": "Another process has given this endpoint the same number."}),
        CheckConstraint(
            "state IN ('pending', 'sending', 'delivered', 'failed', 'canceled')",
            name="state",
            info={"says": "A delivery is pending, sending, delivered, failed or canceled."},
        ),
        CheckConstraint(
            "(due_at IS NULL) = (state NOT IN ('pending', 'sending'))",
            name="due_at",
            info={"says": "Only an open delivery has a time at which it is due."},
        ),
        Index("ix_webhook_deliveries_due", "endpoint_id", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_webhook_deliveries_line", "endpoint_id", "competition", "sequence", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_webhook_deliveries_sending", "org_id", "endpoint_id", sqlite_where=_SENDING, postgresql_where=_SENDING),
        Index("ix_webhook_deliveries_org_id_id", "org_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id"))
    type: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    competition: Mapped[str | None] = mapped_column(String(36))
    sequence: Mapped[int] = mapped_column(BigKey)
    payload: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    state: Mapped[str] = mapped_column(String(9), default="pending")
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_token: Mapped[str | None] = mapped_column(String(36))
    tries: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    response_status: Mapped[int | None]
    error: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    last_try_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Attempt(Model):
    """One try: what was sent (values of custom headers hidden), the first 16 KB of the answer, times in milliseconds.

    `counted` is false where our own way out was down: such a try says nothing about the endpoint."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (UniqueConstraint("delivery_id", "number", info={"says": "This try was recorded by another worker."}),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("webhook_deliveries.id"))
    number: Mapped[int]
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    url: Mapped[str] = mapped_column(String(2000))
    request_headers: Mapped[dict[str, str]] = mapped_column(JSON)
    status: Mapped[int | None]
    response_headers: Mapped[dict[str, str]] = mapped_column(JSON)
    response_body: Mapped[bytes] = mapped_column(LargeBinary)
    error: Mapped[str] = mapped_column(String(300), default="")
    first_byte_ms: Mapped[int | None]
    took_ms: Mapped[int]
    next_try_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    counted: Mapped[bool] = mapped_column(default=True)


class EndpointHour(Model):
    """Tries of one endpoint in one hour (UTC): what charts draw and what switches an endpoint off."""

    __tablename__ = "webhook_hours"

    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"), primary_key=True, autoincrement=False)
    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    tries: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    took_ms: Mapped[int] = mapped_column(BigKey, default=0)
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Allowance(Model):
    """How many deliveries an organization began in its present hour. Whoever holds the row hands out the organization's
    deliveries: one process at a time, so that its limits are exact."""

    __tablename__ = "webhook_allowances"

    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"), primary_key=True, autoincrement=False)
    hour_from: Mapped[datetime] = mapped_column(UTCDateTime)
    sent: Mapped[int] = mapped_column(default=0)


class Recovery(Model):
    """An order to send an endpoint what it was never given since a moment; a worker goes through the events up to `until`."""

    __tablename__ = "webhook_recoveries"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed')",
            name="state",
            info={"says": "A recovery is waiting, running, done or failed."},
        ),
        Index("ix_webhook_recoveries_endpoint_id", "endpoint_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"))
    since: Mapped[datetime] = mapped_column(UTCDateTime)
    position: Mapped[int] = mapped_column(BigKey)
    until: Mapped[int] = mapped_column(BigKey)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    sent: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_token: Mapped[str | None] = mapped_column(String(36))
    attempts: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def endpoints_of(org_id: int) -> Select[Endpoint]:
    """Those that were not removed."""
    return select(Endpoint).where(Endpoint.org_id == org_id, Endpoint.deleted_at.is_(None))


def endpoint_by_uid(session: Session, org_id: int, uid: str) -> Endpoint:
    """Raises NotFound."""
    found = session.scalar(endpoints_of(org_id).where(Endpoint.uid == uid))
    if found is None:
        raise NotFound("Webhook not found.")
    return found


def delivery_by_uid(session: Session, org_id: int, uid: str) -> Delivery:
    """Raises NotFound."""
    found = session.scalar(select(Delivery).where(Delivery.org_id == org_id, Delivery.uid == uid))
    if found is None:
        raise NotFound("Delivery not found.")
    return found


def recovery_by_uid(session: Session, org_id: int, uid: str) -> Recovery:
    """Raises NotFound."""
    found = session.scalar(select(Recovery).where(Recovery.org_id == org_id, Recovery.uid == uid))
    if found is None:
        raise NotFound("Recovery not found.")
    return found
