"""Who may do what where: roles, the tree, and the `Place` a back-office page stands in."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import g
from flask_login import current_user, login_required
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.service import Actor
from portal.kernel.db import db
from portal.kernel.errors import Forbidden, NotFound
from portal.orgs.model import ROLES, Membership, Organization, User, ancestry, organization_by_slug


@dataclass(frozen=True)
class Place:
    """A person acting in an organization. `role` is the highest they hold there or above."""

    organization: Organization
    user: User
    role: str
    actor: Actor

    def may(self, role: str) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)


def role_in(session: Session, user_id: int, org_id: int) -> str | None:
    """The person's highest role in the organization or anything above it; None for a stranger. Two statements."""
    query = select(Membership.role).where(Membership.user_id == user_id, Membership.org_id.in_(ancestry(session, org_id)))
    roles = list(session.scalars(query))
    return max(roles, key=ROLES.index) if roles else None


def inside(role: str = "member") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """View decorator for `/o/<org_slug>/…`: gives the view its Place, answers a stranger like an address that is not there.

    Raises NotFound for strangers and unknown organizations, Forbidden when the role is too low.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        @login_required
        def guarded(org_slug: str, **arguments: Any) -> Any:
            place = enter(db.session(), org_slug)
            if not place.may(role):
                raise Forbidden(f"This needs the role {role}. Ask an owner of {place.organization.name} for it.")
            return view(place, **arguments)

        guarded.required_role = role  # type: ignore[attr-defined]
        return guarded

    return decorate


def enter(session: Session, org_slug: str) -> Place:
    """The signed-in person's Place in the organization; raises NotFound for strangers."""
    organization = organization_by_slug(session, org_slug)
    user: User = current_user.user
    role = role_in(session, user.id, organization.id)
    if role is None:
        raise NotFound("Organization not found.")
    actor = Actor("user", user.uid, user.email, address=g.get("address", ""), request_id=g.request_id)
    g.place = Place(organization, user, role, actor)
    return g.place
