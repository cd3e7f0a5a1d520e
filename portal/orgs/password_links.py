"""Links that set a password once. Whoever makes one hands it over. Who may make one: see
`invitations` (somebody new) and `resets` (a forgotten password)."""

import secrets
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from portal.kernel.clock import Clock, utc_now
from portal.kernel.crypto import digest
from portal.kernel.errors import Gone
from portal.orgs.model import Organization, PasswordLink, User
from portal.orgs.sign_in import hash_password

LIFE = {"first": timedelta(hours=72), "reset": timedelta(hours=2)}
DEAD = "This link was used, replaced or has expired. Ask the person who sent it for a new one."


def issue(
    session: Session, user: User, kind: str, org: Organization | None, by: User | None = None, clock: Clock = utc_now
) -> str:
    """The token of a new link. One living link of a kind and person: the ones before it die."""
    unused = delete(PasswordLink).where(PasswordLink.user_id == user.id, PasswordLink.used_at.is_(None))
    session.execute(unused.where(PasswordLink.kind == kind))
    token, now = secrets.token_urlsafe(32), clock()
    link = PasswordLink(kind=kind, digest=digest(token), user_id=user.id, created_at=now, expires_at=now + LIFE[kind])
    link.org_id, link.made_by_id = org.id if org else None, by.id if by else None
    session.add(link)
    session.flush()
    return token


def peek(session: Session, token: str, kind: str, clock: Clock = utc_now) -> PasswordLink:
    """The living link of that kind behind a token; raises Gone for every other."""
    link = session.scalar(select(PasswordLink).where(PasswordLink.digest == digest(token), *_alive(kind, clock)))
    if link is None:
        raise Gone(DEAD)
    return link


def use(session: Session, token: str, kind: str, password: str, clock: Clock = utc_now) -> tuple[User, int | None]:
    """The person, with the new password, and the organization that made the link.

    It is used up in the same statement that finds it, and every other link of the person dies. Raises Gone, and Invalid
    first.
    """
    password_hash, now = hash_password(password), clock()
    used = update(PasswordLink).where(PasswordLink.digest == digest(token), *_alive(kind, clock)).values(used_at=now)
    found = session.execute(used.returning(PasswordLink.user_id, PasswordLink.org_id)).first()
    if found is None:
        raise Gone(DEAD)
    session.execute(delete(PasswordLink).where(PasswordLink.user_id == found.user_id, PasswordLink.used_at.is_(None)))
    user = session.get_one(User, found.user_id)
    user.password_hash = password_hash
    session.flush()
    return user, found.org_id


def _alive(kind: str, clock: Clock) -> tuple[ColumnElement[bool], ...]:
    enabled = select(User.id).where(User.disabled_at.is_(None))
    unused = PasswordLink.used_at.is_(None)
    return (PasswordLink.kind == kind, unused, PasswordLink.expires_at > clock(), PasswordLink.user_id.in_(enabled))
