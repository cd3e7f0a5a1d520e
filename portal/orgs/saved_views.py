"""Saved views of a list: its filters, order and columns under a name."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.clock import utc_now
from portal.kernel.db import Model, UTCDateTime
from portal.kernel.ids import new_uid


class SavedView(Model):
    """`list` is the name of the table, `query` the query string that shows the view. One belongs to the person who saved
    it; a `shared` one is offered to everybody in the organization."""

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint(
            "org_id", "user_id", "list", "name", info={"field": "name", "says": "You have a view of that name. Choose another."}
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    list: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(Text)
    shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
