"""Who changed what: one row per change, written with the change, never altered (the migrations add triggers that refuse it)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.clock import utc_now
from portal.kernel.db import BigKey, Json, Model, UTCDateTime


class AuditRow(Model):
    __tablename__ = "audit_rows"
    __table_args__ = (
        Index("ix_audit_rows_org_id_id", "org_id", "id"),
        Index("ix_audit_rows_org_id_subject", "org_id", "subject_kind", "subject_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    org_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(64))
    actor_label: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(64))
    subject_label: Mapped[str] = mapped_column(String(200))
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    after: Mapped[dict[str, Any] | None] = mapped_column(Json)
    address: Mapped[str] = mapped_column(String(45))
    request_id: Mapped[str] = mapped_column(String(32))
