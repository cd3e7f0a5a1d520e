"""Competition API, "API Keys": make, list and revoke keys with a key that holds `keys:manage` (competition-api.txt)."""

from typing import Any

from flask import g, request
from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.contracts.competition import competitions, lifecycle  # noqa: F401 - their routes register themselves
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.errors import Invalid, NotFound
from portal.kernel.ids import parse_uid
from portal.keys.acting import acting_key, actor_of, managing_key
from portal.keys.model import ApiKey, key_by_uid, keys_of
from portal.keys.scopes import MANAGE, grantable_by_key
from portal.keys.service import Issued, issue_key, revoke_key
from portal.orgs.model import Organization
from portal.web.body import Body, read_json

DEFAULT_LABEL = "API key"


class NewKey(Body):
    """`scopes` is ours: a narrower key than the one that asks. Without it the new key may do what its maker may."""

    org_id: str
    label: str | None = Field(None, min_length=1, max_length=100)
    scopes: list[str] | None = Field(None, min_length=1, max_length=500)


@api.post("/api/v1/auth/api-keys")
@admit(MANAGE)
def create_key(caller: Caller) -> Response:
    """201 with the key in plain text, this once."""
    body = read_json(NewKey)
    org = own_organization(caller, body.org_id)
    try:
        issued = _issue(org, caller, body)
    except Invalid as error:
        raise _in_our_words(error) from None
    key = issued.key
    named = {"id": key.uid, "org_id": org.uid, "label": key.name}
    return answer(named | {"key": issued.secret, "created_at": iso(key.created_at)}, 201)


@api.get("/api/v1/auth/api-keys")
@admit(MANAGE)
def list_keys(caller: Caller) -> Response:
    """Every key of the organization, the oldest first, without anything secret."""
    org = own_organization(caller, _query("org_id"))
    rows = db.session().scalars(keys_of(org).order_by(ApiKey.id)).all()
    return answer([_shape(org, key) for key in rows])


@api.delete("/api/v1/auth/api-keys")
@admit(None)
def delete_key(caller: Caller) -> Response:
    """Revoke a key for good. A key may always revoke itself; others it may with `keys:manage`."""
    session, uid = db.session(), parse_uid("id", _query("id"))
    org = own_organization(caller, caller.key.org_uid)
    itself = uid == caller.key.key_uid
    held = acting_key(session, org, caller) if itself else managing_key(session, org, caller)
    key = held if itself else key_by_uid(session, org, uid)
    revoke_key(session, org, key, actor_of(caller, g.request_id))
    return answer({"id": key.uid, "revoked_at": iso(key.revoked_at)})


def _issue(org: Organization, caller: Caller, body: NewKey) -> Issued:
    session = db.session()
    maker = managing_key(session, org, caller)
    return issue_key(
        session,
        org,
        actor_of(caller, g.request_id),
        kind="competition",
        name=DEFAULT_LABEL if body.label is None else body.label,
        scopes=maker.scopes if body.scopes is None else body.scopes,
        grantable=grantable_by_key(maker.scopes),
        maker=maker,
    )


def own_organization(caller: Caller, uid: str) -> Organization:
    """The caller's organization, if `uid` is its; raises NotFound for every other, Invalid for what is no UUID."""
    if parse_uid("org_id", uid) != caller.key.org_uid:
        raise NotFound("Organization not found.")
    org = db.session().get(Organization, caller.org_id)
    if org is None:
        raise NotFound("Organization not found.")
    return org


def _query(name: str) -> str:
    value = request.args.get(name, "")
    if not value:
        raise Invalid(name, f"{name} is missing. Add ?{name}=… to the address.")
    return value


def _shape(org: Organization, key: ApiKey) -> dict[str, Any]:
    moments = ("created_at", "last_used_at", "revoked_at")
    named = {"id": key.uid, "org_id": org.uid, "label": key.name, "created_by": key.created_by}
    return named | {name: iso(getattr(key, name)) for name in moments}


def _in_our_words(error: Invalid) -> Invalid:
    """This API calls a key's name its label."""
    if error.field != "name":
        return error
    return Invalid("label", error.message.replace("The name", "The label", 1))
