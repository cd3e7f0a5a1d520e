"""Verbs on members known by their wallet, and on members of either kind. Every one writes its audit row and its event."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.admission.wallet import is_address
from portal.audit.service import Actor, record
from portal.kernel.errors import Conflict, Invalid, NotFound
from portal.orgs import invitations
from portal.orgs.model import Membership, Organization, User, members_of
from portal.orgs.service import EMAIL, change_role, keep_an_owner, lock_members, may_grant, remove_member
from portal.orgs.wallets import WalletMember, wallet_members_of
from portal.outbox.emit import emit

MOST_WALLETS = 1_000


@dataclass(frozen=True, slots=True)
class Member:
    """A member of either kind. `wallet` is None for a person, `email` may be None for a wallet."""

    uid: str
    wallet: str | None
    role: str
    email: str | None
    created_at: datetime

    @property
    def name(self) -> str:
        """What people call the member."""
        return self.wallet or self.email or self.uid


def members_of_both_kinds(session: Session, org: Organization) -> list[Member]:
    """Everybody who is a member of this very organization, in the order in which they came. Two statements."""
    people = [as_member(row) for row in session.scalars(members_of(org))]
    wallets = [as_member(row) for row in session.scalars(wallet_members_of(org))]
    return sorted(people + wallets, key=lambda member: (member.created_at, member.uid))


def as_member(row: Membership | WalletMember) -> Member:
    """A row of either table as a Member."""
    if isinstance(row, WalletMember):
        return Member(row.uid, row.wallet, row.role, row.email, row.created_at)
    return Member(row.uid, None, row.role, row.user.email, row.created_at)


def put_wallet(
    session: Session, org: Organization, wallet: str, role: str, email: str | None, actor: Actor, granting: str
) -> WalletMember:
    """Make the wallet a member, or give the member that it is the role and, when given, the e-mail address.

    Raises Invalid naming the field, Forbidden above the actor's own role, Conflict for the last owner or too many wallets.
    """
    may_grant(role, granting)
    _check(wallet, email)
    lock_members(session, org)
    member = session.scalar(wallet_members_of(org).where(WalletMember.wallet_key == wallet.lower()))
    if member is None:
        return _add(session, org, wallet, role, email, actor)
    may_grant(member.role, granting)
    if role != "owner":
        keep_an_owner(session, org, member)
    before = {"role": member.role, "email": member.email}
    member.role, member.email = role, email if email is not None else member.email
    after = {"role": member.role, "email": member.email}
    if after != before:
        session.flush()
        record(session, org.id, actor, "member.changed", _subject(member), before, after)
        _tell(session, org, "member.updated", as_member(member))
    return member


def put_person(
    session: Session, org: Organization, email: str, role: str, actor: Actor, granting: str
) -> tuple[Membership, str | None]:
    """Make the person with this e-mail address a member, or give the member that they are the role. The token of the
    first link is for somebody who has no password yet. Raises as `invitations.add_by_email` and `change_role` do."""
    _check_email(email)
    user_id = select(User.id).where(User.email == email.strip().lower()).scalar_subquery()
    found = session.scalar(members_of(org).where(Membership.user_id == user_id))
    if found is None:
        membership, token = invitations.add_by_email(session, org, email, "", role, actor, granting)
        _tell(session, org, "member.added", as_member(membership))
        return membership, token
    membership = change_role(session, org, found.uid, role, actor, granting)
    _tell(session, org, "member.updated", as_member(membership))
    return membership, None


def remove_either(session: Session, org: Organization, uid: str, actor: Actor, granting: str) -> str:
    """Remove the member with this uid, person or wallet; its name. Raises NotFound, Forbidden, Conflict for the last owner."""
    lock_members(session, org)
    member = session.scalar(wallet_members_of(org).where(WalletMember.uid == uid))
    if member is None:
        gone = as_member(remove_member(session, org, uid, actor, granting))
        _tell(session, org, "member.removed", gone)
        return gone.name
    may_grant(member.role, granting)
    keep_an_owner(session, org, member)
    gone = as_member(member)
    record(session, org.id, actor, "member.removed", _subject(member), before={"role": member.role})
    session.delete(member)
    session.flush()
    _tell(session, org, "member.removed", gone)
    return gone.name


def first_owner_of(session: Session, org: Organization) -> Membership | WalletMember:
    """The owner who came first, of either kind; raises NotFound where there is none."""
    person = session.scalar(members_of(org).where(Membership.role == "owner").order_by(Membership.created_at).limit(1))
    wallets = wallet_members_of(org).where(WalletMember.role == "owner").order_by(WalletMember.created_at)
    wallet = session.scalar(wallets.limit(1))
    found = min((owner for owner in (person, wallet) if owner), key=lambda owner: owner.created_at, default=None)
    if found is None:
        raise NotFound("The organization has no owner.")
    return found


def _add(session: Session, org: Organization, wallet: str, role: str, email: str | None, actor: Actor) -> WalletMember:
    if (session.scalar(select(func.count()).where(WalletMember.org_id == org.id)) or 0) >= MOST_WALLETS:
        raise Conflict(f"The organization has {MOST_WALLETS:,} wallets as members, the most there can be. Remove some first.")
    member = WalletMember(org_id=org.id, wallet=wallet, wallet_key=wallet.lower(), role=role, email=email)
    session.add(member)
    session.flush()
    record(session, org.id, actor, "member.added", _subject(member), after={"role": role, "email": email})
    _tell(session, org, "member.added", as_member(member))
    return member


def _check(wallet: str, email: str | None) -> None:
    if not is_address(wallet):
        raise Invalid("wallet", "wallet must be 0x and 40 hex digits, in lower case or with its checksum.")
    if email is not None:
        _check_email(email)


def _check_email(email: str) -> None:
    if len(email) > 254 or not EMAIL.fullmatch(email) or not email.isprintable():
        raise Invalid("email", "email is not an e-mail address. Send one such as alice@example.com.")


def _subject(member: WalletMember) -> tuple[str, object, str]:
    return ("member", member.uid, member.wallet)


def _tell(session: Session, org: Organization, name: str, member: Member) -> None:
    data = {"id": member.uid, "organization_id": org.uid, "wallet": member.wallet, "role": member.role}
    emit(session, org.id, name, member.uid, data)
