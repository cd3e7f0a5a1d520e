"""Organizations in their tree, people, memberships and sign-ins."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Select, String, Text, UniqueConstraint, func, or_, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column, relationship

from portal.kernel.clock import utc_now
from portal.kernel.db import Model, UTCDateTime
from portal.kernel.errors import NotFound
from portal.kernel.ids import new_uid

ROLES = ("member", "admin", "owner")  # from least to most


class Organization(Model):
    """A tenant. An operator may stand above agents; one currency each. `founder` is the wallet, in lower case, that made it."""

    __tablename__ = "organizations"
    __table_args__ = (
        UniqueConstraint("slug", info={"field": "slug", "says": "This short name is taken. Choose another."}),
        CheckConstraint(
            "level IN ('operator', 'agent')", name="level", info={"says": "An organization is an operator or an agent."}
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    slug: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(Text)
    website: Mapped[str | None] = mapped_column(String(500))
    logo_url: Mapped[str | None] = mapped_column(String(500))
    theme: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # plain JSON: JSONB sorts the names
    founder: Mapped[str | None] = mapped_column(String(42), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    level: Mapped[str] = mapped_column(String(8), default="operator")
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    is_sandbox: Mapped[bool] = mapped_column(default=False)
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    allowed_addresses: Mapped[str] = mapped_column(Text, default="")
    embed_sites: Mapped[str] = mapped_column(Text, default="", server_default="")  # one origin per line; empty: any
    concurrency: Mapped[int] = mapped_column(default=50)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, onupdate=utc_now)


class User(Model):
    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("email", info={"field": "email", "says": "Somebody uses this e-mail address already."}),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(200))
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


class Membership(Model):
    """One person's role in one organization. A role in an operator holds in every agent below it."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("org_id", "user_id", info={"field": "email", "says": "This person is a member already."}),
        CheckConstraint("role IN ('member', 'admin', 'owner')", name="role", info={"says": "A role is owner, admin or member."}),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)

    user: Mapped[User] = relationship(lazy="joined")


class SignIn(Model):
    """One signed-in browser. The cookie holds a random token, the row its digest: ending the row ends the sign-in."""

    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    address: Mapped[str] = mapped_column(String(45), default="")
    user_agent: Mapped[str] = mapped_column(String(200), default="")

    user: Mapped[User] = relationship(lazy="joined")


class PasswordLink(Model):
    """A link that sets a password once: the `first` of a person who was added by e-mail, or a `reset` of a forgotten one.

    Only its digest is kept. A reset was made by a member of the organization, or, without both, by whoever runs the server.
    """

    __tablename__ = "password_links"
    __table_args__ = (
        CheckConstraint("kind IN ('first', 'reset')", name="kind", info={"says": "A password link is a first one or a reset."}),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), default="first", server_default="first")
    digest: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    org_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"))
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    user: Mapped[User] = relationship(lazy="joined", foreign_keys=[user_id])


@dataclass(frozen=True)
class Reach:
    """An organization that a person may enter, `depth` steps below one that they are a member of."""

    organization: Organization
    depth: int


def organization_by_slug(session: Session, slug: str) -> Organization:
    """Raises NotFound; the caller still has to ask whether the person has a role there (`orgs.access.role_in`)."""
    # A short name is plain text; PostgreSQL refuses to compare with some of what an address can hold.
    found = session.scalar(select(Organization).where(Organization.slug == slug)) if slug.isprintable() else None
    return _found(found)


def switched_off() -> Select[int]:
    """The ids of organizations that are switched off, by themselves or with the operator above them."""
    above = aliased(Organization)
    query = select(Organization.id).outerjoin(above, above.id == Organization.parent_id)
    return query.where(or_(Organization.disabled_at.is_not(None), above.disabled_at.is_not(None)))


def organization_by_uid(session: Session, uid: str) -> Organization:
    """Raises NotFound."""
    return _found(session.scalar(select(Organization).where(Organization.uid == uid)))


def ancestry(session: Session, org_id: int) -> list[int]:
    """The organization's id and those of everything above it, nearest first. One statement."""
    above = select(Organization.id, Organization.parent_id).where(Organization.id == org_id).cte(recursive=True)
    above = above.union_all(select(Organization.id, Organization.parent_id).join(above, Organization.id == above.c.parent_id))
    return list(session.scalars(select(above.c.id)))


def subtree(session: Session, root_ids: list[int]) -> list[Organization]:
    """The organizations `root_ids` and all below them, by name. One statement."""
    below = select(Organization.id).where(Organization.id.in_(root_ids)).cte(recursive=True)
    below = below.union(select(Organization.id).join(below, Organization.parent_id == below.c.id))
    query = select(Organization).where(Organization.id.in_(select(below.c.id))).order_by(Organization.name)
    return list(session.scalars(query))


def reachable(user_id: int) -> Select[Organization]:
    """Every organization that the person is a member of, and all below those."""
    ids = select(Membership.org_id.label("id")).where(Membership.user_id == user_id).cte(recursive=True)
    ids = ids.union(select(Organization.id).join(ids, Organization.parent_id == ids.c.id))
    return select(Organization).where(Organization.id.in_(select(ids.c.id)))


def reach_of(session: Session, user_id: int, limit: int) -> tuple[list[Reach], int]:
    """The first `limit` organizations by name that the person may enter, as a tree read from top to bottom, and how
    many there are in all. One statement."""
    query = reachable(user_id).add_columns(func.count().over()).order_by(Organization.name, Organization.id)
    rows = session.execute(query.limit(limit)).all()
    return _as_tree([row[0] for row in rows]), rows[0][1] if rows else 0


def agents_of(org: Organization) -> Select[Organization]:
    """The organizations right below `org`."""
    return select(Organization).where(Organization.parent_id == org.id)


def members_of(org: Organization) -> Select[Membership]:
    """The direct members; those who come from an operator above are not among them."""
    return select(Membership).join(Membership.user).where(Membership.org_id == org.id)


def sign_ins_of(session: Session, user_id: int) -> list[SignIn]:
    """The person's signed-in browsers, the one seen last first."""
    return list(session.scalars(select(SignIn).where(SignIn.user_id == user_id).order_by(SignIn.seen_at.desc())))


def membership_by_uid(session: Session, org: Organization, uid: str) -> Membership:
    """Raises NotFound."""
    found = session.scalar(select(Membership).where(Membership.org_id == org.id, Membership.uid == uid))
    if found is None:
        raise NotFound("Member not found.")
    return found


def snapshot(organization: Organization) -> dict[str, Any]:
    """The settings an audit row compares."""
    settings = ("name", "slug", "currency", "is_sandbox", "allowed_addresses", "embed_sites", "concurrency")
    names = (*settings, "description", "website", "logo_url", "theme")
    return {name: getattr(organization, name) for name in names}


def _found(organization: Organization | None) -> Organization:
    if organization is None:
        raise NotFound("Organization not found.")
    return organization


def _as_tree(organizations: list[Organization]) -> list[Reach]:
    present = {organization.id for organization in organizations}
    below: dict[int | None, list[Organization]] = {}
    for organization in organizations:
        below.setdefault(organization.parent_id if organization.parent_id in present else None, []).append(organization)

    def walk(parent: int | None, depth: int) -> list[Reach]:
        found: list[Reach] = []
        for organization in below.get(parent, []):
            found += [Reach(organization, depth), *walk(organization.id, depth + 1)]
        return found

    return walk(None, 0)
