"""Themes: one draft per organization, published versions that are only ever added, and their pictures."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, Select, String, Text, UniqueConstraint, case, exists, func, literal, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from portal.kernel.clock import utc_now
from portal.kernel.db import Model, UTCDateTime
from portal.kernel.errors import NotFound
from portal.orgs.model import Organization

INHERITED = 0


class ThemeDraft(Model):
    """What is being worked on. The row goes when it is published or thrown away."""

    __tablename__ = "theme_drafts"

    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    look: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    actor_label: Mapped[str] = mapped_column(String(200))


class ThemeVersion(Model):
    """A theme as it was published, with the style sheet that players get. `restores` is the number of an older version
    that this one brings back, INHERITED that the organization has no theme of its own any more. Rows are never changed."""

    __tablename__ = "theme_versions"
    __table_args__ = (
        UniqueConstraint(
            "org_id", "number", info={"field": "", "says": "Somebody published at this moment. Look at it, then publish again."}
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    number: Mapped[int]
    look: Mapped[dict[str, Any]] = mapped_column(JSON)
    css: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(20), index=True)
    restores: Mapped[int | None]
    published_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(64))
    actor_label: Mapped[str] = mapped_column(String(200))


class BrandImage(Model):
    """A logo or favicon as it was drawn anew, named by the digest of its bytes."""

    __tablename__ = "brand_images"

    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


def versions_of(session: Session, org: Organization, limit: int = 50) -> list[ThemeVersion]:
    """The newest first."""
    query = select(ThemeVersion).where(ThemeVersion.org_id == org.id).order_by(ThemeVersion.number.desc()).limit(limit)
    return list(session.scalars(query))


def version_by_number(session: Session, org: Organization, number: int) -> ThemeVersion:
    """Raises NotFound."""
    query = select(ThemeVersion).where(ThemeVersion.org_id == org.id, ThemeVersion.number == number)
    return _found(session.scalar(query))


def newest(session: Session, org: Organization) -> ThemeVersion | None:
    """What was published last, which may be that the theme above is worn again."""
    query = select(ThemeVersion).where(ThemeVersion.org_id == org.id).order_by(ThemeVersion.number.desc()).limit(1)
    return session.scalar(query)


def published(session: Session, org: Organization) -> ThemeVersion | None:
    """The organization's own theme; None where it has none, or none any more."""
    version = newest(session, org)
    return None if version is None or version.restores == INHERITED else version


def own_theme(org_id: Any) -> Select[int]:
    """The id of the theme that an organization published last; NULL, or no row, where it wears the one above."""
    own = case((func.coalesce(ThemeVersion.restores, -1) != INHERITED, ThemeVersion.id))
    return select(own).where(ThemeVersion.org_id == org_id).order_by(ThemeVersion.number.desc()).limit(1)


def shown_theme(session: Session, org_id: int) -> ThemeVersion | None:
    """The theme that the organization's players see: its own, else that of the nearest organization above. One statement."""
    above = line_of(org_id)
    newer = aliased(ThemeVersion)
    overtaken = exists().where(newer.org_id == ThemeVersion.org_id, newer.number > ThemeVersion.number)
    query = select(ThemeVersion).join(above, ThemeVersion.org_id == above.c.id)
    query = query.where(~overtaken, func.coalesce(ThemeVersion.restores, -1) != INHERITED)
    return session.scalar(query.order_by(above.c.steps).limit(1))


def css_by_digest(session: Session, slug: str, digest: str) -> str:
    """The style sheet of that name, of the organization or of one above it. Raises NotFound."""
    above = line_of(_id_of(session, slug, digest))
    query = select(ThemeVersion.css).join(above, ThemeVersion.org_id == above.c.id).where(ThemeVersion.digest == digest)
    return _found(session.scalar(query.limit(1)))


def image_by_digest(session: Session, slug: str, digest: str) -> bytes:
    """The PNG of that name, of the organization or of one above it. Raises NotFound."""
    above = line_of(_id_of(session, slug, digest))
    query = select(BrandImage.data).join(above, BrandImage.org_id == above.c.id).where(BrandImage.digest == digest)
    return _found(session.scalar(query.limit(1)))


def has_image(session: Session, org: Organization, digest: str) -> bool:
    """Does the picture belong to the organization or to one above it?"""
    above = line_of(org.id)
    query = select(func.count()).select_from(BrandImage).join(above, BrandImage.org_id == above.c.id)
    return bool(session.scalar(query.where(BrandImage.digest == digest)))


def _id_of(session: Session, slug: str, digest: str) -> int:
    """The organization in the address of a file; raises NotFound."""
    # PostgreSQL refuses to compare with some of what an address can hold.
    plain = slug.isprintable() and digest.isascii() and digest.isalnum()
    return int(_found(session.scalar(select(Organization.id).where(Organization.slug == slug)) if plain else None))


def line_of(org_id: int) -> Any:
    """(id, steps): the organization and everything above it."""
    own = select(Organization.id, Organization.parent_id, literal(0).label("steps")).where(Organization.id == org_id)
    line = own.cte("line", recursive=True)
    more = select(Organization.id, Organization.parent_id, line.c.steps + 1).join(line, Organization.id == line.c.parent_id)
    return line.union_all(more)


def _found(value: Any) -> Any:
    if value is None:
        raise NotFound("There is no such file.")
    return value
