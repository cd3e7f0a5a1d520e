"""The key half: what the page's dashboard does, by a signed-in owner or admin, or by a key with `keys:manage`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from flask import g, request
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal.admission.caller import Refusal
from portal.admission.guard import HEADERS, enter
from portal.admission.order import credentials_in
from portal.audit.service import Actor
from portal.contracts.session_tokens.answers import answer
from portal.contracts.session_tokens.bodies import ChangeKey, CreateKey, moment, number_in_query, only_in_query
from portal.contracts.session_tokens.sessions import actor_of
from portal.contracts.session_tokens.shapes import ChangedKey, DeletedKey, IssuedKey, ListedKey, OfOrganization, OneKey
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.errors import Forbidden, Invalid, NotFound, Unauthenticated
from portal.keys import service
from portal.keys.kinds import KINDS
from portal.keys.model import ApiKey
from portal.orgs.access import role_in
from portal.orgs.model import Organization
from portal.web import csrf
from portal.web.body import read_json
from portal.web.describe import describe
from portal.web.errors import answer_problem
from portal.web.problems import Problem
from portal.web.transaction import SAFE_METHODS

SCOPE = "keys:manage"
SCOPES = frozenset({"sessions:create"})
NOT_YOURS = "You have no access to this organization's keys. Check org_id and the credential."


@dataclass(frozen=True)
class Manager:
    """Who manages keys: a person with a cookie, or a key (then `key_id` and `org_id`)."""

    actor: Actor
    user_id: int | None = None
    key_id: int | None = None
    org_id: int | None = None
    scopes: frozenset[str] = frozenset()


def managed(view: Callable[[Manager], Response]) -> Callable[[], Response]:
    """View decorator: the view gets the Manager of this request; a refused key is answered as everywhere.

    Raises Unauthenticated where there is neither a key nor somebody signed in.
    """

    @wraps(view)
    def guarded() -> Response:
        if credentials_in(request.headers, HEADERS):
            caller = enter(SCOPE)
            if isinstance(caller, Refusal):
                return answer_problem(Problem(caller.reason, caller.message, retry_after=caller.retry_after))
            key = caller.key
            return view(Manager(actor_of(caller), None, key.key_id, key.org_id, key.scopes))
        if not current_user.is_authenticated:
            raise Unauthenticated("Send an API key with the scope keys:manage, or sign in.")
        if request.method not in SAFE_METHODS:
            csrf.protect()
        user = current_user.user
        return view(Manager(Actor("user", user.uid, user.email, g.address, g.request_id), user.id))

    guarded.required_scope = SCOPE  # type: ignore[attr-defined]
    return guarded


@managed
@describe("List keys", "API keys", query=OfOrganization, data=list[ListedKey])
def list_keys(manager: Manager) -> Response:
    """Every key of the organization, without anything secret."""
    only_in_query("org_id")
    session = db.session()
    org, _ = place_of(session, manager, number_in_query("org_id"))
    rows = session.scalars(service.keys_of(org).order_by(ApiKey.id))
    return answer([listed(key) for key in rows])


@managed
@describe("Issue a key", "API keys", body=CreateKey, data=IssuedKey)
def create_key(manager: Manager) -> Response:
    """The answer holds the key, this once."""
    only_in_query()
    body, session = read_json(CreateKey), db.session()
    org, grantable = place_of(session, manager, body.org_id)
    limits = KINDS["session"].limits
    issued = service.issue_key(
        session,
        org,
        manager.actor,
        name=body.name,
        kind="session",
        scopes=SCOPES,
        description=body.description or "",
        games=body.allowed_game_ids,
        streams=body.allowed_stream_ids,
        limits=replace(
            limits,
            per_minute=body.rate_limit_per_minute or limits.per_minute,
            per_day=body.rate_limit_per_day or limits.per_day,
        ),
        expires_at=moment("expires_at", body.expires_at),
        grantable=grantable,
        maker=_maker(session, org, manager),
    )
    key = issued.key
    return answer({"id": key.id, "name": key.name, "key_prefix": key.prefix, "key": issued.secret})


@managed
@describe("Switch a key off or on", "API keys", body=ChangeKey, data=ChangedKey)
def change_key(manager: Manager) -> Response:
    """Off is not for ever: on again, the same key works."""
    only_in_query()
    body, session = read_json(ChangeKey), db.session()
    org, _ = place_of(session, manager, body.org_id)
    key = service.set_active(session, org, _key(session, org, body.id), body.is_active, manager.actor)
    return answer({"id": key.id, "name": key.name, "is_active": key.is_active})


@managed
@describe("Delete a key", "API keys", query=OneKey, data=DeletedKey)
def delete_key(manager: Manager) -> Response:
    """It is gone for good; what it created stays."""
    only_in_query("id", "org_id")
    session = db.session()
    org, _ = place_of(session, manager, number_in_query("org_id"))
    number = number_in_query("id")
    service.delete_key(session, org, _key(session, org, number), manager.actor)
    return answer({"id": number, "deleted": True})


def place_of(session: Session, manager: Manager, number: int) -> tuple[Organization, frozenset[str]]:
    """The organization, and the scopes that the manager may hand on there. Foreign and absent ones are Forbidden alike."""
    org = session.scalar(select(Organization).where(Organization.id == number)) if 0 < number < 2**31 else None
    if org is None:
        raise Forbidden(NOT_YOURS)
    if manager.user_id is None:
        if manager.org_id != org.id:
            raise Forbidden(NOT_YOURS)
        return org, service.grantable_by_key(manager.scopes)
    role = role_in(session, manager.user_id, org.id)
    if role is None:
        raise Forbidden(NOT_YOURS)
    if role == "member":
        raise Forbidden(f"Keys of {org.name} are managed by its owners and admins. Ask one of them.")
    return org, service.grantable_by_role(role)


def listed(key: ApiKey) -> dict[str, Any]:
    """A key as the list shows it: never the secret."""
    return {
        "id": key.id,
        "name": key.name,
        "description": key.description or None,
        "key_prefix": key.prefix,
        "allowed_game_ids": key.games,
        "allowed_stream_ids": key.streams,
        "rate_limit_per_minute": key.per_minute,
        "rate_limit_per_day": key.per_day,
        "is_active": key.is_active and key.revoked_at is None,
        "expires_at": iso(key.expires_at),
        "created_at": iso(key.created_at),
        "last_used_at": iso(key.last_used_at),
    }


def _key(session: Session, org: Organization, number: int) -> ApiKey:
    try:
        if not 0 < number < 2**31:
            raise NotFound("Key not found.")
        return service.key_by_number(session, org, number)
    except NotFound:
        raise Invalid("id", f"There is no key {number} in this organization.") from None


def _maker(session: Session, org: Organization, manager: Manager) -> ApiKey | None:
    return None if manager.key_id is None else service.key_by_number(session, org, manager.key_id)
