"""Adding people by e-mail. Whoever adds a new person gets a link for them that sets the password once."""

import secrets
from dataclasses import replace

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict
from portal.orgs import service
from portal.orgs.model import Membership, Organization, PasswordLink, User, membership_by_uid
from portal.orgs.password_links import issue, use


def add_by_email(
    session: Session, org: Organization, email: str, name: str, role: str, actor: Actor, granting: str
) -> tuple[Membership, str | None]:
    """Make the person a member. Somebody new gets an account and the token of their one-time link, else None.

    Raises Invalid, Forbidden above the actor's role, and Conflict for a member, or for a person who was added elsewhere
    and has not set a password yet: whoever holds that link could act in this organization too.
    """
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        user = service.create_user(session, email, name or email.split("@")[0], secrets.token_urlsafe(32))
        membership = service.add_member(session, org, user, role, actor, granting)
        return membership, issue(session, user, "first", org)
    waiting_elsewhere = is_waiting(session, user.id) and not is_waiting(session, user.id, org.id)
    if waiting_elsewhere:
        raise Conflict("This person has not used the link of another organization yet. Add them after they have.")
    membership = service.add_member(session, org, user, role, actor, granting)
    return membership, issue(session, user, "first", org) if is_waiting(session, user.id) else None


def renew(session: Session, org: Organization, member_uid: str, actor: Actor, granting: str) -> tuple[Membership, str]:
    """A new link in place of the old one, for somebody who has not set a password yet. Raises NotFound, Forbidden, and
    Conflict once they have, or where another organization invited them."""
    membership = membership_by_uid(session, org, member_uid)
    service.may_grant(membership.role, granting)
    if not is_waiting(session, membership.user_id, org.id):
        raise Conflict("This person has set a password already. They can change it on their account page.")
    record(session, org.id, actor, "member.link_renewed", ("member", membership.uid, membership.user.email))
    return membership, issue(session, membership.user, "first", org)


def accept(session: Session, token: str, name: str, password: str, *, actor: Actor, clock: Clock = utc_now) -> User:
    """Set the first password and the name; the link is used up. Raises Gone, and Invalid first."""
    user, org_id = use(session, token, "first", password, clock)
    user.name = name
    session.flush()
    actor = replace(actor, kind="user", id=user.uid, label=user.email)
    record(session, org_id, actor, "member.joined", ("user", user.uid, user.email))
    return user


def is_waiting(session: Session, user_id: int, org_id: int | None = None) -> bool:
    """True while a person who came by a link (of that organization, when given) has never set a password."""
    mine = PasswordLink.user_id == user_id
    used = session.scalar(select(exists().where(mine, PasswordLink.used_at.is_not(None))))
    first = mine & (PasswordLink.kind == "first")
    from_org = first if org_id is None else first & (PasswordLink.org_id == org_id)
    return not used and bool(session.scalar(select(exists().where(from_org))))


def waiting_members(session: Session, org: Organization) -> set[int]:
    """The ids of the people whom this organization added and who have not set a password yet. One statement."""
    used = exists().where(PasswordLink.user_id == Membership.user_id, PasswordLink.used_at.is_not(None))
    linked = exists().where(
        PasswordLink.user_id == Membership.user_id, PasswordLink.kind == "first", PasswordLink.org_id == org.id
    )
    return set(session.scalars(select(Membership.user_id).where(Membership.org_id == org.id, linked, ~used)))
