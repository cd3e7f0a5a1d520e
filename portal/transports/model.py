"""Transports that an organization switched on beside webhooks, and one message for each event that goes over one of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, Select, String, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.kernel.clock import utc_now
from portal.kernel.db import BigKey, Model, UTCDateTime
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_uid

KINDS = ("amqp", "sqs")
STATUSES = ("enabled", "paused", "disabled")
LISTENING = ("enabled", "paused")
STATES = ("pending", "sent", "skipped", "failed", "canceled")
_OPEN, _TAKEN = text("state = 'pending'"), text("kind = 'amqp' AND setup <> 'gone'")


class Transport(Model):
    """`target` is the broker's virtual host, or the address of an SQS queue. `types` as webhooks have them.

    `secret` is sealed JSON, bound to this row: the credentials of a queue, or a broker's password until it was handed over.
    `setup` says what is still to be done at the broker: wanted, ready, removal, gone (the row stays for its log).
    `due_at` is when a worker is to look at it next; who holds the lease is the only one that sends, so order is kept."""

    __tablename__ = "transports"
    __table_args__ = (
        CheckConstraint("kind IN ('amqp', 'sqs')", name="kind", info={"says": "A transport is amqp or sqs."}),
        CheckConstraint(
            "status IN ('enabled', 'paused', 'disabled')",
            name="status",
            info={"says": "A transport is enabled, paused or disabled."},
        ),
        CheckConstraint(
            "setup IN ('wanted', 'ready', 'removal', 'gone')",
            name="setup",
            info={"says": "The setup of a transport is wanted, ready, removal or gone."},
        ),
        Index("ix_transports_org_id_created_at", "org_id", "created_at"),
        Index("ix_transports_due_at", "due_at"),
        Index(
            "uq_transports_target",
            "target",
            unique=True,
            sqlite_where=_TAKEN,
            postgresql_where=_TAKEN,
            info={"says": "There is an AMQP feed of this name, or one that is still being removed. Try again in a minute."},
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    kind: Mapped[str] = mapped_column(String(4))
    name: Mapped[str] = mapped_column(String(100))
    types: Mapped[list[str]] = mapped_column(JSON)
    target: Mapped[str] = mapped_column(String(500))
    region: Mapped[str] = mapped_column(String(40), default="")
    role_arn: Mapped[str] = mapped_column(String(200), default="")
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(String(8), default="enabled")
    setup: Mapped[str] = mapped_column(String(7), default="ready")
    sequence: Mapped[int] = mapped_column(BigKey, default=0)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    alive_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failures: Mapped[int] = mapped_column(default=0)  # turns in a row that ended at the transport itself
    last_success_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_failure_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str] = mapped_column(String(300), default="")
    created_by: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class TransportMessage(Model):
    """One event on its way over one transport; a test has its own `payload` and no event. `sequence` counts without a gap.

    pending; sent: the broker has confirmed it; skipped: nothing of it is told there; failed: refused again and again."""

    __tablename__ = "transport_messages"
    __table_args__ = (
        UniqueConstraint("event_id", "transport_id", info={"says": "This event was given to the transport already."}),
        UniqueConstraint("transport_id", "sequence", info={"says": "Another process has given this transport the same number."}),
        CheckConstraint(
            "state IN ('pending', 'sent', 'skipped', 'failed', 'canceled')",
            name="state",
            info={"says": "A message is pending, sent, skipped, failed or canceled."},
        ),
        Index("ix_transport_messages_open", "transport_id", "sequence", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_transport_messages_org_id_id", "org_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    transport_id: Mapped[int] = mapped_column(ForeignKey("transports.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id"))
    type: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    competition: Mapped[str | None] = mapped_column(String(36))
    sequence: Mapped[int] = mapped_column(BigKey)
    payload: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    state: Mapped[str] = mapped_column(String(8), default="pending")
    tries: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(String(300), default="")  # why not, or what the broker said besides
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    last_try_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def transports_of(org_id: int) -> Select[Transport]:
    """Those that were not removed."""
    return select(Transport).where(Transport.org_id == org_id, Transport.deleted_at.is_(None))


def transport_by_uid(session: Session, org_id: int, uid: str) -> Transport:
    """Raises NotFound."""
    found = session.scalar(transports_of(org_id).where(Transport.uid == uid))
    if found is None:
        raise NotFound("Event feed not found.")
    return found


def messages_of(transport: Transport) -> Select[TransportMessage]:
    """Everything that went over it or is to, without an order."""
    return select(TransportMessage).where(
        TransportMessage.org_id == transport.org_id, TransportMessage.transport_id == transport.id
    )


def message_by_uid(session: Session, transport: Transport, uid: str) -> TransportMessage:
    """Raises NotFound."""
    found = session.scalar(messages_of(transport).where(TransportMessage.uid == uid))
    if found is None:
        raise NotFound("Message not found.")
    return found
