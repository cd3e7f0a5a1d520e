"""Verbs on organizations and their members. Every one writes its audit row."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from portal.admission.networks import parse_lines, printed
from portal.audit.service import Actor, record
from portal.kernel.clock import utc_now
from portal.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from portal.orgs.embed_sites import parse_sites
from portal.orgs.model import ROLES, Membership, Organization, PasswordLink, User, membership_by_uid, snapshot
from portal.orgs.sign_in import hash_password, sign_out_everywhere
from portal.orgs.wallets import WalletMember

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CAD", "AUD", "BRL", "INR", "JPY", "TRY", "KRW")


def create_organization(
    session: Session,
    name: str,
    actor: Actor,
    *,
    slug: str = "",
    currency: str = "EUR",
    parent: Organization | None = None,
    level: str = "operator",
    sandbox: bool = False,
    field: str = "name",
    about: Mapping[str, Any] | None = None,
) -> Organization:
    """A new organization; below `parent` when given. A sandbox has only sandboxes below it. `about` are columns of its
    profile, checked before. Raises Conflict, and Invalid naming `field` where the name does not fit."""
    _fitting_name(field, name)
    if currency not in CURRENCIES:
        raise Invalid("currency", f"{currency} is not offered. Choose one of {', '.join(CURRENCIES)}.")
    if parent is not None and parent.level != "operator":
        raise Conflict("An agent has no agents below it. Create this one under its operator.")
    organization = Organization(
        name=name,
        slug=slug or free_slug(session, name),
        currency=currency,
        parent_id=parent.id if parent else None,
        level=level,
        is_sandbox=sandbox or (parent is not None and parent.is_sandbox),
        **(about or {}),
    )
    session.add(organization)
    session.flush()
    subject = ("organization", organization.uid, organization.name)
    record(session, organization.id, actor, "organization.created", subject, after=snapshot(organization))
    return organization


def create_twin(session: Session, org: Organization, owner: User, name: str, actor: Actor) -> Organization:
    """A sandbox beside a live operator, in its currency, with `owner` as the only member. Raises Invalid, and Conflict
    beside a sandbox or an agent, or when the owner has a sandbox of that name: the form was sent twice."""
    if org.is_sandbox or org.level != "operator":
        raise Conflict("Only a live operator has a sandbox beside it.")
    lock_members(session, org)
    owned = select(Organization.id).join(Membership, Membership.org_id == Organization.id)
    owned = owned.where(Membership.user_id == owner.id, Organization.is_sandbox, Organization.name == name)
    if session.scalar(owned.limit(1)):
        raise Conflict(f"You have a sandbox called {name} already. Open it in the list of organizations, or choose another name.")
    twin = create_organization(session, name, actor, currency=org.currency, sandbox=True)
    add_member(session, twin, owner, "owner", actor, granting="owner")
    record(session, org.id, actor, "organization.sandbox_created", ("organization", twin.uid, twin.name))
    return twin


def free_slug(session: Session, name: str) -> str:
    """A short name for addresses made from `name`: letters, digits and hyphens, not yet taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "org"
    taken = set(session.scalars(select(Organization.slug).where(Organization.slug.startswith(stem, autoescape=True))))
    return next(slug for slug in _numbered(stem) if slug not in taken)


def create_user(session: Session, email: str, name: str, password: str) -> User:
    """Raises Invalid naming the field, Conflict when the address is taken."""
    email = email.strip().lower()
    if not EMAIL.fullmatch(email) or len(email) > 254:
        raise Invalid("email", "This is not an e-mail address. Write one such as alice@example.com.")
    _fitting_person(name)
    if session.scalar(select(User.id).where(User.email == email)):
        raise Invalid("email", "Somebody uses this e-mail address already.")
    user = User(email=email, name=name.strip(), password_hash=hash_password(password))
    session.add(user)
    session.flush()
    return user


def rename_user(session: Session, user: User, name: str, actor: Actor) -> None:
    """Raises Invalid."""
    _fitting_person(name)
    before = {"name": user.name}
    user.name = name.strip()
    session.flush()
    record(session, None, actor, "user.renamed", ("user", user.uid, user.email), before, {"name": user.name})


def first_owner(
    session: Session, actor: Actor, *, organization: str, currency: str, email: str, name: str, password: str
) -> tuple[Organization, User]:
    """The first organization and its owner on a fresh installation; raises NotFound once anybody exists.

    Two who try at once: PostgreSQL holds the second at the lock until the first has committed, SQLite at its BEGIN.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
    if not no_user_yet(session):
        raise NotFound("There is nothing at this address.")
    return create_owner(session, actor, organization=organization, currency=currency, email=email, name=name, password=password)


def create_owner(
    session: Session, actor: Actor, *, organization: str, currency: str, email: str, name: str, password: str
) -> tuple[Organization, User]:
    """A new organization and a new person who owns it. Raises Invalid naming the field."""
    user = create_user(session, email, name, password)
    if actor.kind == "visitor":
        actor = replace(actor, kind="user", id=user.uid, label=user.email)
    created = create_organization(session, organization, actor, currency=currency, field="organization")
    add_member(session, created, user, "owner", actor, granting="owner")
    return created, user


def no_user_yet(session: Session) -> bool:
    """True on a fresh installation: the first-run page exists only then."""
    return session.scalar(select(User.id).limit(1)) is None


def add_member(session: Session, org: Organization, user: User, role: str, actor: Actor, granting: str) -> Membership:
    """Give `user` a role in `org`. `granting` is the actor's own role: nobody grants above it (Forbidden)."""
    may_grant(role, granting)
    if session.scalar(select(Membership.id).where(Membership.org_id == org.id, Membership.user_id == user.id)):
        raise Conflict(f"{user.email} is a member already. Change the role in the list instead.")
    membership = Membership(org_id=org.id, user_id=user.id, role=role, user=user)
    session.add(membership)
    session.flush()
    record(session, org.id, actor, "member.added", ("member", membership.uid, user.email), after={"role": role})
    return membership


def change_role(session: Session, org: Organization, uid: str, role: str, actor: Actor, granting: str) -> Membership:
    """Raises NotFound, Forbidden above the actor's own role, Conflict for the last owner."""
    lock_members(session, org)
    membership = membership_by_uid(session, org, uid)
    may_grant(role, granting)
    may_grant(membership.role, granting)
    if role != "owner":
        keep_an_owner(session, org, membership)
    before = {"role": membership.role}
    membership.role = role
    session.flush()
    subject = ("member", membership.uid, membership.user.email)
    record(session, org.id, actor, "member.changed", subject, before, {"role": role})
    return membership


def remove_member(session: Session, org: Organization, uid: str, actor: Actor, granting: str) -> Membership:
    """Remove the membership and end the person's sign-ins. Raises NotFound, Forbidden, Conflict for the last owner."""
    lock_members(session, org)
    membership = membership_by_uid(session, org, uid)
    may_grant(membership.role, granting)
    keep_an_owner(session, org, membership)
    subject = ("member", membership.uid, membership.user.email)
    record(session, org.id, actor, "member.removed", subject, before={"role": membership.role})
    sign_out_everywhere(session, membership.user_id)
    links = update(PasswordLink).where(PasswordLink.user_id == membership.user_id, PasswordLink.org_id == org.id)
    session.execute(links.where(PasswordLink.used_at.is_(None)).values(expires_at=utc_now()))
    session.delete(membership)
    session.flush()
    return membership


def set_allowlist(session: Session, org: Organization, text: str, actor: Actor) -> None:
    """Store the addresses that may call the APIs, one address or network a line; raises Invalid naming each bad line."""
    before = snapshot(org)
    org.allowed_addresses = "\n".join(printed(network) for network in parse_lines("allowed_addresses", text))
    session.flush()
    record(session, org.id, actor, "allowlist.changed", _subject(org), before, snapshot(org))


def set_embed_sites(session: Session, org: Organization, text: str, actor: Actor) -> None:
    """Store the sites that may show competitions in a frame, one origin a line; raises Invalid naming each bad line."""
    before = snapshot(org)
    org.embed_sites = "\n".join(parse_sites("embed_sites", text))
    session.flush()
    record(session, org.id, actor, "embed_sites.changed", _subject(org), before, snapshot(org))


def change_settings(session: Session, org: Organization, actor: Actor, *, name: str, concurrency: int) -> None:
    """Raises Invalid. Concurrency is the number of calls in flight over all APIs and processes, 1 to 10,000."""
    _fitting_name("name", name)
    if not 1 <= concurrency <= 10_000:
        raise Invalid("concurrency", f"{concurrency} is out of range. Use 1 to 10,000 calls in flight.")
    before = snapshot(org)
    org.name, org.concurrency = name, concurrency
    session.flush()
    record(session, org.id, actor, "organization.changed", _subject(org), before, snapshot(org))


def _subject(org: Organization) -> tuple[str, object, str]:
    return ("organization", org.uid, org.name)


def may_grant(role: str, granting: str) -> None:
    """Nobody gives, takes or touches a role above their own (Forbidden); Invalid for what is no role."""
    if role not in ROLES:
        raise Invalid("role", f"{role} is not a role. Choose owner, admin or member.")
    if ROLES.index(role) > ROLES.index(granting):
        raise Forbidden(f"Only an owner can do this to the role {role}. You hold {granting}.")


def lock_members(session: Session, org: Organization) -> None:
    """One change of members at a time: two owners who remove each other at once must not leave none. The lock of the
    organization's row lets everybody else go on inserting rows that point at it."""
    session.execute(select(Organization.id).where(Organization.id == org.id).with_for_update(key_share=True))


def keep_an_owner(session: Session, org: Organization, leaving: Membership | WalletMember) -> None:
    """Raises Conflict where `leaving` is the last owner, people and wallets counted together. Ask with the lock held."""
    if leaving.role != "owner":
        return
    people = select(func.count()).where(Membership.org_id == org.id, Membership.role == "owner").scalar_subquery()
    wallets = select(func.count()).where(WalletMember.org_id == org.id, WalletMember.role == "owner").scalar_subquery()
    if session.scalar(select(people + wallets)) == 1:
        raise Conflict("This is the last owner. Make somebody else an owner first.")


def _fitting_person(name: str) -> None:
    if not 1 <= len(name.strip()) <= 100:
        raise Invalid("name", "Write a name of 1 to 100 characters.")


def _fitting_name(field: str, name: str) -> None:
    if not 2 <= len(name) <= 100:
        raise Invalid(field, f"The name has {len(name)} characters. Use 2 to 100.")


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1
