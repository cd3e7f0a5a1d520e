"""Forgotten passwords: a link that sets a new one, and who may make it.

The link opens everything that the person may enter. So whoever makes one must be an admin, and hold at least the person's
own role, in every organization that the person belongs to, when it is made and still when it is used: meanwhile the
person may have joined somewhere else or risen, and the maker may have left. Whoever runs the server may reset anybody.
"""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.service import SYSTEM, Actor, record
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict, Forbidden, Gone, NotFound
from portal.orgs import password_links, service
from portal.orgs.access import role_in
from portal.orgs.invitations import is_waiting
from portal.orgs.model import ROLES, Membership, Organization, PasswordLink, User, membership_by_uid
from portal.orgs.sign_in import sign_out_everywhere

BEYOND = "You cannot reset this password: it may open more than you administer. Whoever runs this server can reset it."


def reset_for_member(
    session: Session, org: Organization, member_uid: str, actor: Actor, by: User, granting: str
) -> tuple[Membership, str]:
    """A member and the token of the link that resets their password. `by` makes it and holds the role `granting` in `org`.

    Raises NotFound, Forbidden above the maker's role or beyond their reach, and Conflict for oneself or for somebody who
    has no password yet.
    """
    membership = membership_by_uid(session, org, member_uid)
    service.may_grant(membership.role, granting)
    if membership.user_id == by.id:
        raise Conflict("Change your own password on your account page.")
    if is_waiting(session, membership.user_id):
        raise Conflict("This person has not chosen a password yet. Make a new password link for them instead.")
    if not _reaches_all(session, by.id, membership.user_id):
        raise Forbidden(BEYOND)
    record(session, org.id, actor, "member.reset_link_made", ("member", membership.uid, membership.user.email))
    return membership, password_links.issue(session, membership.user, "reset", org, by)


def reset_for_anybody(session: Session, email: str) -> str:
    """The token of a reset link, for whoever runs the server. Raises NotFound; Conflict for somebody who is disabled."""
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise NotFound(f"Nobody signs in as {email}. Check the address.")
    if user.disabled_at:
        raise Conflict(f"{user.email} is disabled and cannot sign in, whatever the password.")
    record(session, None, SYSTEM, "member.reset_link_made", ("user", user.uid, user.email))
    return password_links.issue(session, user, "reset", None)


def peek(session: Session, token: str) -> PasswordLink:
    """The living link behind a token; raises Gone for every other, also when its maker could not make it any more."""
    link = password_links.peek(session, token, "reset")
    if link.made_by_id is not None and not _reaches_all(session, link.made_by_id, link.user_id):
        raise Gone(password_links.DEAD)
    return link


def accept(session: Session, token: str, password: str, *, actor: Actor, clock: Clock = utc_now) -> User:
    """Set the new password and end every sign-in of the person; the link is used up. Raises Gone, and Invalid."""
    peek(session, token)
    user, org_id = password_links.use(session, token, "reset", password, clock)
    ended = sign_out_everywhere(session, user.id)
    actor = replace(actor, kind="user", id=user.uid, label=user.email)
    record(session, org_id, actor, "member.password_reset", ("user", user.uid, user.email), after={"signed_out": ended})
    return user


def _reaches_all(session: Session, maker_id: int, user_id: int) -> bool:
    """The maker is an admin, and not below the person, wherever the person is a member. Two statements a membership."""
    maker = session.get_one(User, maker_id)
    for held in session.scalars(select(Membership).where(Membership.user_id == user_id)):
        role = role_in(session, maker_id, held.org_id)
        if role is None or ROLES.index(role) < max(ROLES.index("admin"), ROLES.index(held.role)):
            return False
    return maker.disabled_at is None
