"""A new organization through the API, with its owner and its first key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.audit.service import Actor
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict
from portal.keys.model import ApiKey
from portal.keys.scopes import all_scopes
from portal.keys.service import Issued, issue_key
from portal.orgs.access import role_in
from portal.orgs.model import Membership, Organization, User
from portal.orgs.profile import checked_profile
from portal.orgs.service import add_member, create_organization
from portal.orgs.wallet_service import Member, as_member, first_owner_of, put_wallet
from portal.outbox.emit import emit

FIRST_KEY = "default"
A_DAY = timedelta(hours=24)
# A brake, not a rule of the house: two calls at the same moment may pass it together.
PER_WALLET, PER_OPERATOR = 10, 100


@dataclass(frozen=True, slots=True)
class Founded:
    """`owner` is of the organization itself, or of the operator above it, whose role holds here too."""

    organization: Organization
    owner: Member
    issued: Issued


def found_by_wallet(session: Session, wallet: str, profile: Mapping[str, Any], actor: Actor, clock: Clock = utc_now) -> Founded:
    """An operator that `wallet` owns. Raises Invalid naming the field, Conflict after PER_WALLET in a day."""
    mine = Organization.founder == wallet.lower()
    made = _made_since(session, mine, clock)
    if made >= PER_WALLET:
        raise Conflict(f"This wallet made {made} organizations within 24 hours, the most there can be. Make the next one later.")
    org = _organization(session, profile, actor, None, wallet)
    owner = as_member(put_wallet(session, org, wallet, "owner", None, actor, granting="owner"))
    return _founded(session, org, owner, actor)


def found_below(
    session: Session, operator: Organization, profile: Mapping[str, Any], actor: Actor, maker: ApiKey, clock: Clock = utc_now
) -> Founded:
    """An agent below the operator of the key `maker`, whose lifetime and addresses the first key inherits. It belongs to
    the person who issued `maker`, while they are in the operator; else the operator's first owner answers for it.

    Raises Invalid naming the field, Conflict below an agent and after PER_OPERATOR in a day.
    """
    made = _made_since(session, Organization.parent_id == operator.id, clock)
    if made >= PER_OPERATOR:
        raise Conflict(f"{made} agents were made within 24 hours, the most there can be. Make the next one later.")
    org = _organization(session, profile, actor, operator, None)
    owner = _owner_below(session, operator, org, actor, maker)
    return _founded(session, org, owner, actor, expires_at=maker.expires_at, allowed_addresses=maker.allowed_addresses)


def _made_since(session: Session, whose: Any, clock: Clock) -> int:
    return session.scalar(select(func.count(Organization.id)).where(whose, Organization.created_at > clock() - A_DAY)) or 0


def _organization(
    session: Session, profile: Mapping[str, Any], actor: Actor, parent: Organization | None, founder: str | None
) -> Organization:
    about = checked_profile(profile)
    name = about.pop("name")
    about["founder"] = founder.lower() if founder else None
    level = "agent" if parent else "operator"
    org = create_organization(session, name, actor, parent=parent, level=level, about=about)
    emit(session, org.id, "organization.created", org.uid, {"organization_id": org.uid, "name": org.name})
    return org


def _owner_below(session: Session, operator: Organization, org: Organization, actor: Actor, maker: ApiKey) -> Member:
    person = session.scalar(select(User).where(User.uid == maker.created_by_id, User.disabled_at.is_(None)))
    if person is not None and role_in(session, person.id, operator.id) is not None:
        membership: Membership = add_member(session, org, person, "owner", actor, granting="owner")
        return as_member(membership)
    return as_member(first_owner_of(session, operator))


def _founded(session: Session, org: Organization, owner: Member, actor: Actor, **terms: Any) -> Founded:
    scopes = all_scopes("competition")
    issued = issue_key(session, org, actor, kind="competition", grantable=scopes, name=FIRST_KEY, scopes=scopes, **terms)
    return Founded(org, owner, issued)
