"""Messages to be sent: the table is the truth, a worker takes what is due by a lease."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, LargeBinary, Select, String, Text, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.kernel.clock import utc_now
from portal.kernel.db import Model, UTCDateTime, database_now
from portal.kernel.ids import new_uid


class Mail(Model):
    """One message. `sealed` is what its template needs, private links among it; it is erased once the message has gone,
    and kept with one that was given up, so that an organizer can have it sent again."""

    __tablename__ = "mails"
    __table_args__ = (Index("ix_mails_due_at", "due_at"), Index("ix_mails_org_id_created_at", "org_id", "created_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(300))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # None once it was sent or given up
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str | None] = mapped_column(Text)


def due(limit: int) -> Select[Mail]:
    """What is to be sent now and nobody is sending, the oldest first, by the database's clock."""
    free = or_(Mail.lease_until.is_(None), Mail.lease_until < database_now())
    return select(Mail).where(Mail.due_at <= database_now(), free).order_by(Mail.due_at, Mail.id).limit(limit)


def mails_of(org_id: int) -> Select[Mail]:
    """The organization's messages."""
    return select(Mail).where(Mail.org_id == org_id)


def lately_sent(session: Session, org_ids: Sequence[int], within: timedelta) -> dict[int, int]:
    """How many messages of each of these organizations were made and sent within that time. One statement."""
    since = utc_now() - within
    query = select(Mail.org_id, func.count()).where(Mail.org_id.in_(org_ids), Mail.sent_at > since)
    return {row[0]: row[1] for row in session.execute(query.group_by(Mail.org_id))}
