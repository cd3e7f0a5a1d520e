"""Custom domains: which organization a host name belongs to, and what proves it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.kernel.clock import utc_now
from portal.kernel.db import Model, UTCDateTime
from portal.orgs.model import Organization

_LIVE, _PROVEN = text("released_at IS NULL"), text("released_at IS NULL AND verified_at IS NOT NULL")


class CustomDomain(Model):
    """A claim to `host`. Anybody may claim; only a TXT record with `token` proves it (RULINGS 22), so a claim alone keeps
    nobody else out. A released row stays, so that the name can rest."""

    __tablename__ = "custom_domains"
    __table_args__ = (
        Index(
            "uq_custom_domains_org_id",
            "org_id",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
            info={"field": "host", "says": "This organization has a domain already. Release it first."},
        ),
        Index(
            "uq_custom_domains_host",
            "host",
            unique=True,
            sqlite_where=_PROVEN,
            postgresql_where=_PROVEN,
            info={"field": "host", "says": "This domain belongs to another organization."},
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    host: Mapped[str] = mapped_column(String(253))
    token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    problem: Mapped[str] = mapped_column(Text, default="")
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def domain_of(session: Session, org: Organization) -> CustomDomain | None:
    """The organization's present claim."""
    return session.scalar(select(CustomDomain).where(CustomDomain.org_id == org.id, CustomDomain.released_at.is_(None)))


def verified_domain(session: Session, host: str) -> CustomDomain | None:
    """Whose the host is, letter by letter: the one table that certificates and pages ask."""
    proven = CustomDomain.verified_at.is_not(None)
    return session.scalar(select(CustomDomain).where(CustomDomain.host == host, proven, CustomDomain.released_at.is_(None)))
