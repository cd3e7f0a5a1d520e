"""What players are sent to: providers, their games, and streams. All of it belongs to one organization.

Games and streams are public by their number (`id`), because the Session API prints numbers; none is used twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import CheckConstraint, ForeignKey, Row, Select, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from portal.kernel.clock import utc_now
from portal.kernel.db import Model, UTCDateTime
from portal.kernel.errors import NotFound
from portal.orgs.model import Organization

# Status of a provider as the Agent API prints it.
NORMAL, MAINTENANCE = 1, 2
# Numbers beyond a 32-bit column cannot be there, and SQLite refuses to compare with those beyond 64 bits.
LARGEST = 2**31 - 1

T = TypeVar("T")


class Provider(Model):
    """Who makes games. `status` is NORMAL or MAINTENANCE."""

    __tablename__ = "providers"
    __table_args__ = (
        UniqueConstraint(
            "org_id", "slug", info={"field": "slug", "says": "A provider has this short name already. Choose another."}
        ),
        CheckConstraint(
            "status IN (1, 2)",
            name="status",
            info={"field": "status", "says": "A provider is normal (1) or in maintenance (2)."},
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    slug: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(100))
    status: Mapped[int] = mapped_column(default=NORMAL)
    archived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, onupdate=utc_now)


class Game(Model):
    """A game that a session link can lead to: `category` is its sport, `launch_url` where the player is sent."""

    __tablename__ = "games"
    __table_args__ = (
        UniqueConstraint("org_id", "slug", info={"field": "slug", "says": "A game has this short name already. Choose another."}),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("providers.id", ondelete="SET NULL"), index=True)
    slug: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(100))
    category: Mapped[str] = mapped_column(String(40), default="")
    launch_url: Mapped[str] = mapped_column(Text)
    image_url: Mapped[str | None] = mapped_column(Text)
    archived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, onupdate=utc_now)

    provider: Mapped[Provider | None] = relationship(lazy="joined")


class Stream(Model):
    """A show that a session link can lead to. `starts_at` and `ends_at` are told to the player; they close nothing."""

    __tablename__ = "streams"
    __table_args__ = (
        UniqueConstraint(
            "org_id", "slug", info={"field": "slug", "says": "A stream has this short name already. Choose another."}
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    slug: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(100))
    launch_url: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    archived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, onupdate=utc_now)


def providers_of(org: Organization) -> Select[Provider]:
    """Every provider of the organization, archived ones too."""
    return select(Provider).where(Provider.org_id == org.id)


def games_of(org: Organization) -> Select[Game]:
    """Every game of the organization, archived ones too."""
    return select(Game).where(Game.org_id == org.id)


def streams_of(org: Organization) -> Select[Stream]:
    """Every stream of the organization, archived ones too."""
    return select(Stream).where(Stream.org_id == org.id)


def active(query: Select[T]) -> Select[T]:
    """Only what is not archived, by name: what a form offers."""
    kind: Any = query.column_descriptions[0]["entity"]
    return query.where(kind.archived_at.is_(None)).order_by(kind.name, kind.id)


def provider_by_number(session: Session, org: Organization, number: int) -> Provider:
    """Raises NotFound."""
    return _one(session, providers_of(org), number)


def game_by_number(session: Session, org: Organization, number: int) -> Game:
    """Raises NotFound."""
    return _one(session, games_of(org), number)


def stream_by_number(session: Session, org: Organization, number: int) -> Stream:
    """Raises NotFound."""
    return _one(session, streams_of(org), number)


def provider_rows(session: Session, org_id: int) -> Sequence[Row[Any]]:
    """(id, slug, name, status, games) of every provider that is not archived, by name; one statement."""
    games = select(func.count(Game.id)).where(Game.provider_id == Provider.id, Game.archived_at.is_(None)).scalar_subquery()
    query = select(Provider.id, Provider.slug, Provider.name, Provider.status, games.label("games"))
    return session.execute(query.where(Provider.org_id == org_id, Provider.archived_at.is_(None)).order_by(Provider.name)).all()


def _one(session: Session, query: Select[T], number: int) -> T:
    kind: Any = query.column_descriptions[0]["entity"]
    found = session.scalar(query.where(kind.id == number)) if 0 < number <= LARGEST else None
    if found is None:
        raise NotFound(f"{kind.__name__} not found.")
    return found
