"""Which competition a call may reach: anybody's to read where it is not private, the caller's own to change."""

from typing import Any, cast

from flask import g
from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session

from portal.admission.caller import Caller, Guest
from portal.audit.service import Actor
from portal.competitions.entries import By
from portal.competitions.model import Competition, competition_by_uid
from portal.contracts.competition.who import Standing, Who, standing_in
from portal.kernel.errors import Forbidden, Invalid, NotFound, Unauthenticated
from portal.kernel.ids import parse_uid
from portal.orgs.model import Organization, switched_off
from portal.orgs.wallets import organizations_of_wallet, role_of_wallet

READ = "competitions:read"


def readable(session: Session, who: Who, uid: str, scope: str = READ) -> Competition:
    """A competition that the caller may see; raises NotFound. A private one is for its organization's keys with `scope`
    and for its wallets."""
    seen = _open_to_all("public", "unlisted") | owned(who, Competition.org_id, scope)
    competition = session.scalar(select(Competition).where(Competition.uid == named(uid), seen))
    if competition is None:
        raise NotFound("Competition not found.")
    return competition


def managed(session: Session, who: Who, uid: str, least: str = "admin") -> tuple[Competition, Standing]:
    """A competition of an organization in which the caller is at least `least`. Raises NotFound for what a key does not
    own and for what a wallet may not see, Forbidden where the role is less."""
    if isinstance(who, Caller):
        competition = competition_by_uid(session, who.org_id, named(uid))
    elif not who.wallet:
        raise Unauthenticated("Send an API key or a wallet's signature.")
    else:
        competition = readable(session, who, uid)
    return competition, standing_in(session, who, _owner(session, competition), least)


def entering(session: Session, who: Who, uid: str) -> tuple[Competition, By]:
    """A competition in which the caller may act on registrations: all of them, or those of its own wallet.

    A wallet need not be a member: players register themselves. Raises as `managed` does.
    """
    if isinstance(who, Caller):
        competition, standing = managed(session, who, uid)
        return competition, By(standing.actor)
    if not who.wallet:
        raise Unauthenticated("Send an API key or a wallet's signature.")
    competition = readable(session, who, uid)
    org, role = _owner(session, competition), _role(session, competition, who)
    if role in ("admin", "owner"):
        return competition, By(standing_in(session, who, org, "admin").actor)
    if org.disabled_at is not None:
        raise Forbidden("This organization is switched off.")
    return competition, By(player(who), False, who.wallet)


def seen_by(who: Who) -> ColumnElement[bool]:
    """What a list may show the caller: the public ones, and every one of its own organizations."""
    return _open_to_all("public") | owned(who, Competition.org_id, READ)


def named(uid: str) -> str:
    """The id in an address, in its canonical form; raises NotFound for what no id can be."""
    try:
        return parse_uid("id", uid)
    except Invalid:
        raise NotFound("Competition not found.") from None


def player(who: Guest) -> Actor:
    """A wallet that acts for itself, as the audit log names it."""
    return Actor("wallet", who.wallet.lower(), who.wallet, who.address, g.request_id)


def _open_to_all(*visibilities: str) -> ColumnElement[bool]:
    """Nothing of an organization that is switched off is shown to the world."""
    return Competition.visibility.in_(visibilities) & Competition.org_id.not_in(switched_off())


def owned(who: Who, org_id: Any, scope: str) -> ColumnElement[bool]:
    """Rows whose `org_id` is the caller's: a key's organization, or those whose member the wallet is and those below them."""
    if isinstance(who, Caller):
        return cast(ColumnElement[bool], org_id == who.org_id) if who.has(scope) else false()
    if not who.wallet:
        return false()
    member_of = organizations_of_wallet(who.wallet)
    below = select(Organization.id).where(Organization.parent_id.in_(member_of))
    return or_(org_id.in_(member_of), org_id.in_(below))


def _role(session: Session, competition: Competition, who: Guest) -> str | None:
    return role_of_wallet(session, _owner(session, competition), who.wallet)


def _owner(session: Session, competition: Competition) -> Organization:
    return session.get_one(Organization, competition.org_id)
