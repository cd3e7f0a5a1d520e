"""Who calls the Competition API, and what they may do in an organization: a key by its scopes, a wallet by its role."""

from dataclasses import dataclass

from flask import g
from sqlalchemy.orm import Session

from portal.admission.caller import Caller, Guest
from portal.admission.networks import admits, parse_lines
from portal.audit.service import Actor
from portal.kernel.errors import Forbidden, Invalid, NotFound, Unauthenticated
from portal.kernel.ids import parse_uid
from portal.keys.acting import actor_of
from portal.orgs.model import ROLES, Organization, organization_by_uid
from portal.orgs.wallets import role_of_wallet
from portal.web.client_ip import parse_address

Who = Caller | Guest
ADDRESS_REFUSED = "The address {} is not on the allowlist. Add it in the organization's settings."


@dataclass(frozen=True, slots=True)
class Standing:
    """A caller in one organization. `role` of a key is owner: what it may do was decided by its scopes."""

    organization: Organization
    actor: Actor
    role: str
    wallet: str = ""


def standing_in(session: Session, who: Who, org: Organization, least: str = "member") -> Standing:
    """What the caller is in `org`. Raises NotFound where a key belongs to another organization, Forbidden where a
    wallet's role is less than `least`, Unauthenticated for nobody."""
    if isinstance(who, Caller):
        if who.org_id != org.id:
            raise NotFound("Organization not found.")
        return Standing(org, actor_of(who, g.request_id), "owner")
    if not who.wallet:
        raise Unauthenticated("Send an API key or a wallet's signature.")
    role = role_of_wallet(session, org, who.wallet)
    _guarded(org, who)
    if role is None or ROLES.index(role) < ROLES.index(least):
        raise Forbidden(
            f"This needs the role {least} in the organization; {'this wallet is no member' if role is None else role}."
        )
    return Standing(org, Actor("wallet", who.wallet.lower(), who.wallet, who.address, g.request_id), role, who.wallet)


def standing_by_uid(session: Session, who: Who, uid: str, least: str = "member") -> Standing:
    """As `standing_in`, for the organization with that uid; raises NotFound too where there is none."""
    if isinstance(who, Caller) and who.key.org_uid != uid:
        raise NotFound("Organization not found.")
    return standing_in(session, who, organization_by_uid(session, uid), least)


def named(what: str, uid: str) -> str:
    """The id in an address, in its canonical form; raises NotFound for what no id can be. `what` begins the sentence."""
    try:
        return parse_uid("id", uid)
    except Invalid:
        raise NotFound(f"{what} not found.") from None


def _guarded(org: Organization, who: Guest) -> None:
    """What a key was asked before it came in: is the organization live, is the address on its list?"""
    if org.disabled_at is not None:
        raise Forbidden("This organization is switched off.")
    networks = tuple(parse_lines("allowed_addresses", org.allowed_addresses))
    if not admits(networks, parse_address(who.address)):
        raise Forbidden(ADDRESS_REFUSED.format(who.address))
