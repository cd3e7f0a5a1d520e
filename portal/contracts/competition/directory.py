"""Which organizations a caller may list, and what of them is counted. Nobody gets a list of all tenants."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import Session

from portal.admission.caller import Caller
from portal.competitions.model import Competition
from portal.contracts.competition.reach import seen_by
from portal.contracts.competition.who import Who
from portal.orgs.model import Membership, Organization
from portal.orgs.wallets import WalletMember, organizations_of_wallet
from portal.players.model import Team

READ = "organizations:read"


@dataclass(frozen=True, slots=True)
class Listed:
    """`members` are people and wallets; `competitions` those that the caller may see."""

    organization: Organization
    members: int
    competitions: int


def organizations_seen(session: Session, who: Who, wallet: str | None, limit: int, offset: int) -> list[Listed]:
    """One page, the oldest first. One statement.

    With `wallet` those that it is a member of; else the caller's own and those below; for nobody, and for a key without
    the scope, those with a public competition.
    """
    query = select(Organization, _members(), _competitions(who)).where(Organization.disabled_at.is_(None))
    page = query.where(_seen(who, wallet)).order_by(Organization.id).limit(limit).offset(offset)
    return [Listed(*row) for row in session.execute(page)]


def counts_of(session: Session, who: Who, org: Organization) -> dict[str, int]:
    """member_count, team_count and competition_count of one organization, in one statement."""
    teams = select(func.count()).where(Team.org_id == Organization.id, Team.deleted_at.is_(None))
    counts = select(_members(), teams.correlate(Organization).scalar_subquery(), _competitions(who))
    row = session.execute(counts.select_from(Organization).where(Organization.id == org.id)).one()
    return dict(zip(("member_count", "team_count", "competition_count"), row, strict=True))


def _seen(who: Who, wallet: str | None) -> ColumnElement[bool]:
    if wallet is not None:
        return Organization.id.in_(organizations_of_wallet(wallet))
    if isinstance(who, Caller) and who.has(READ):
        return (Organization.id == who.org_id) | (Organization.parent_id == who.org_id)
    if not isinstance(who, Caller) and who.wallet:
        own = organizations_of_wallet(who.wallet)
        return Organization.id.in_(own) | Organization.parent_id.in_(own)
    public = select(Competition.id).where(Competition.org_id == Organization.id, Competition.visibility == "public")
    return public.correlate(Organization).exists()


def _members() -> ColumnElement[Any]:
    people = select(func.count()).where(Membership.org_id == Organization.id).correlate(Organization).scalar_subquery()
    wallets = select(func.count()).where(WalletMember.org_id == Organization.id).correlate(Organization).scalar_subquery()
    return people + wallets


def _competitions(who: Who) -> ScalarSelect[int]:
    mine = (Competition.org_id == Organization.id, seen_by(who))
    return select(func.count(Competition.id)).where(*mine).correlate(Organization).scalar_subquery()
