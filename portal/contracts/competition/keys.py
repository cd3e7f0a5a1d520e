"""Competition API, "API Keys": make, list and revoke keys, as a key that holds `keys:manage` or as a wallet with a role."""

from typing import Any

from flask import g
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.who import Standing, Who, standing_by_uid, standing_in
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.errors import Invalid, NotFound
from portal.kernel.ids import parse_uid
from portal.keys.acting import acting_key, actor_of, managing_key
from portal.keys.model import ApiKey, key_by_uid, keys_of
from portal.keys.scopes import MANAGE, all_scopes, grantable_by_key, grantable_by_role
from portal.keys.service import Issued, issue_key, revoke_key
from portal.orgs.model import Organization
from portal.orgs.wallets import role_of_wallet
from portal.web.body import Body, read_json
from portal.web.describe import Query, Shape, describe, read_query

SECTION = "API keys"
DEFAULT_LABEL = "API key"


class NewKey(Body):
    """`scopes` is ours: a narrower key than the one that asks. Without it the new key may do what its maker may."""

    org_id: str = Field(description="Organization to scope the key to.")
    label: str | None = Field(None, min_length=1, max_length=100, description="Human-readable label.", examples=["CI Pipeline"])
    scopes: list[str] | None = Field(
        None, min_length=1, max_length=500, description="What the key may do; without it, what its maker may."
    )


class KeysQuery(Query):
    org_id: str = Field(min_length=1, description="Organization ID.")


class KeyQuery(Query):
    id: str = Field(min_length=1, description="API key ID to revoke.")


class NewKeyShape(Shape):
    id: str
    org_id: str
    label: str
    key: str
    created_at: str


class KeyShape(Shape):
    id: str
    org_id: str
    label: str
    created_by: str
    created_at: str
    last_used_at: str | None
    revoked_at: str | None


class RevokedShape(Shape):
    id: str
    revoked_at: str


@api.post("/api/v1/auth/api-keys")
@admit(MANAGE, signed=True)
@describe("Create an API key", SECTION, body=NewKey, data=NewKeyShape, status=201, errors=(404,))
def create_key(who: Who) -> Response:
    """201 with the key in plain text, this once."""
    session, body = db.session(), read_json(NewKey)
    standing = standing_by_uid(session, who, parse_uid("org_id", body.org_id), "admin")
    try:
        issued = _issue(session, standing, who, body)
    except Invalid as error:
        raise _in_our_words(error) from None
    key = issued.key
    named = {"id": key.uid, "org_id": standing.organization.uid, "label": key.name}
    return answer(named | {"key": issued.secret, "created_at": iso(key.created_at)}, 201)


@api.get("/api/v1/auth/api-keys")
@admit(MANAGE, signed=True)
@describe("List API keys", SECTION, query=KeysQuery, data=list[KeyShape], errors=(404,))
def list_keys(who: Who) -> Response:
    """Every key of the organization, the oldest first, without anything secret."""
    session, asked = db.session(), read_query(KeysQuery)
    org = standing_by_uid(session, who, parse_uid("org_id", asked.org_id), "member").organization
    rows = session.scalars(keys_of(org).order_by(ApiKey.id)).all()
    return answer([_shape(org, key) for key in rows])


@api.delete("/api/v1/auth/api-keys")
@admit(None, signed=True)
@describe("Revoke an API key", SECTION, query=KeyQuery, data=RevokedShape, errors=(404,))
def delete_key(who: Who) -> Response:
    """Revoke a key for good. A key may always revoke itself; others it may with `keys:manage`, as an admin's wallet may."""
    session, uid = db.session(), parse_uid("id", read_query(KeyQuery).id)
    if isinstance(who, Caller):
        org, key = _by_key(session, who, uid)
        actor = actor_of(who, g.request_id)
    else:
        standing = standing_in(session, who, _organization_of(session, who.wallet, uid), "admin")
        org, actor = standing.organization, standing.actor
        key = key_by_uid(session, org, uid)
    revoke_key(session, org, key, actor)
    return answer({"id": key.uid, "revoked_at": iso(key.revoked_at)})


def _issue(session: Session, standing: Standing, who: Who, body: NewKey) -> Issued:
    """A key grants what it holds itself, and stays the limit of its heirs; a wallet grants what its role may."""
    org = standing.organization
    maker = managing_key(session, org, who) if isinstance(who, Caller) else None
    grantable = grantable_by_key(maker.scopes) if maker else grantable_by_role(standing.role)
    own = maker.scopes if maker else all_scopes("competition") & grantable
    return issue_key(
        session,
        org,
        standing.actor,
        kind="competition",
        name=DEFAULT_LABEL if body.label is None else body.label,
        scopes=own if body.scopes is None else body.scopes,
        grantable=grantable,
        maker=maker,
    )


def _by_key(session: Session, caller: Caller, uid: str) -> tuple[Organization, ApiKey]:
    """The key that another key, or the same, may revoke. Raises NotFound, and Forbidden without `keys:manage`."""
    org = session.get_one(Organization, caller.org_id)
    if uid == caller.key.key_uid:
        return org, acting_key(session, org, caller)
    managing_key(session, org, caller)
    return org, key_by_uid(session, org, uid)


def _organization_of(session: Session, wallet: str, uid: str) -> Organization:
    """The organization of a key, for a wallet that has a role there; raises NotFound for everybody else."""
    org = session.scalar(select(Organization).join(ApiKey, ApiKey.org_id == Organization.id).where(ApiKey.uid == uid))
    if org is None or role_of_wallet(session, org, wallet) is None:
        raise NotFound("Key not found.")
    return org


def _shape(org: Organization, key: ApiKey) -> dict[str, Any]:
    moments = ("created_at", "last_used_at", "revoked_at")
    named = {"id": key.uid, "org_id": org.uid, "label": key.name, "created_by": key.created_by}
    return named | {name: iso(getattr(key, name)) for name in moments}


def _in_our_words(error: Invalid) -> Invalid:
    """This API calls a key's name its label."""
    if error.field != "name":
        return error
    return Invalid("label", error.message.replace("The name", "The label", 1))
