"""Competition API, "Organizations" (competition-api.txt)."""

from typing import Any

from flask import g
from pydantic import Field
from pydantic.config import JsonDict
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.admission.wallet import is_address
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.directory import Listed, counts_of, organizations_seen
from portal.contracts.competition.reach import player
from portal.contracts.competition.who import Who, named, standing_by_uid
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.errors import Invalid, NotFound, Unauthenticated
from portal.keys.acting import acting_key, actor_of
from portal.keys.founding import Founded, found_below, found_by_wallet
from portal.orgs.model import Organization, organization_by_uid
from portal.orgs.profile import LONGEST_DESCRIPTION, change_profile
from portal.web.body import Body, read_json
from portal.web.describe import Query, Shape, describe, read_query
from portal.web.texts import LONGEST_ADDRESS

SECTION = "Organizations"
_COLOUR: JsonDict = {"pattern": "^#[0-9a-fA-F]{6}$"}


class Theme(Body):
    """Visual theme config."""

    primary_color: str | None = Field(None, description="# and six hex digits.", examples=["#ff6600"], json_schema_extra=_COLOUR)
    accent_color: str | None = Field(None, description="# and six hex digits.", examples=["#0066ff"], json_schema_extra=_COLOUR)
    dark_mode: bool | None = Field(None, description="Dark by default.", examples=[True])


class About(Body):
    """What an organization may say of itself."""

    description: str | None = Field(None, max_length=LONGEST_DESCRIPTION, description="Short description.")
    website: str | None = Field(
        None, max_length=LONGEST_ADDRESS, description="Website URL, http or https.", examples=["https://esportsna.gg"]
    )
    logo_url: str | None = Field(None, max_length=LONGEST_ADDRESS, description="Logo image URL, http or https.")
    theme: Theme | None = Field(None, description="Visual theme config.", examples=[{"primary_color": "#ff6600"}])


class NewOrganization(About):
    name: str = Field(min_length=2, max_length=100, description="Organization name.", examples=["Esports League NA"])


class ChangedOrganization(About):
    name: str | None = Field(None, min_length=2, max_length=100, description="Organization name.")


class OrganizationsQuery(Query):
    wallet: str | None = Field(None, max_length=42, description="Filter by member wallet address.")
    limit: int = Field(50, ge=1, le=200, description="Max results.")
    offset: int = Field(0, ge=0, le=2**31 - 1, description="How many to leave out.")


class OrganizationShape(Shape):
    id: str
    name: str = Field(examples=["Esports League NA"])
    description: str | None
    website: str | None
    logo_url: str | None
    theme: dict[str, Any] | None
    created_at: str


class OwnerShape(Shape):
    id: str
    wallet: str | None
    role: str


class FirstKeyShape(Shape):
    id: str
    key: str
    label: str


class FoundedShape(Shape):
    organization: OrganizationShape
    membership: OwnerShape
    api_key: FirstKeyShape


class ListedOrganization(Shape):
    id: str
    name: str = Field(examples=["Esports League NA"])
    description: str | None
    website: str | None
    logo_url: str | None
    member_count: int
    competition_count: int
    created_at: str


class DetailShape(Shape):
    id: str
    name: str = Field(examples=["Esports League NA"])
    description: str | None
    website: str | None
    logo_url: str | None
    theme: dict[str, Any] | None
    member_count: int
    team_count: int
    competition_count: int
    created_at: str
    updated_at: str


class ChangedShape(Shape):
    """id, name, what was sent, updated_at."""

    id: str
    name: str = Field(examples=["Esports League NA"])
    description: str | None = None
    website: str | None = None
    logo_url: str | None = None
    theme: dict[str, Any] | None = None
    updated_at: str


@api.post("/api/v1/organizations")
@admit("organizations:write", signed=True)
@describe("Create an organization", SECTION, body=NewOrganization, data=FoundedShape, status=201)
def create_organization(who: Who) -> Response:
    """201 with its first key, this once. A wallet becomes the owner of a new operator; a key makes an agent below its own."""
    session, body = db.session(), read_json(NewOrganization)
    profile = body.model_dump(exclude_unset=True)
    if isinstance(who, Caller):
        operator = session.get_one(Organization, who.org_id)
        maker = acting_key(session, operator, who)
        return answer(_founded(found_below(session, operator, profile, actor_of(who, g.request_id), maker)), 201)
    if not who.wallet:
        raise Unauthenticated("Send an API key or a wallet's signature.")
    return answer(_founded(found_by_wallet(session, who.wallet, profile, player(who))), 201)


@api.get("/api/v1/organizations")
@admit(None, signed=True, public=True)
@describe("List organizations", SECTION, query=OrganizationsQuery, data=list[ListedOrganization])
def list_organizations(who: Who) -> Response:
    """Those of a wallet, or the caller's own and those below; for nobody those with a public competition."""
    asked = read_query(OrganizationsQuery)
    if asked.wallet is not None and not is_address(asked.wallet):
        raise Invalid("wallet", "wallet must be 0x and 40 hex digits, in lower case or with its checksum.")
    return answer([_listed(row) for row in organizations_seen(db.session(), who, asked.wallet, asked.limit, asked.offset)])


@api.get("/api/v1/organizations/<uid>")
@admit(None, signed=True, public=True)
@describe("Get an organization", SECTION, data=DetailShape, errors=(404,))
def show_organization(who: Who, uid: str) -> Response:
    """Its profile with the numbers of members, of teams, and of competitions that the caller may see."""
    session = db.session()
    org = organization_by_uid(session, named("Organization", uid))
    if org.disabled_at is not None:
        raise NotFound("Organization not found.")
    return answer(_profile(org) | counts_of(session, who, org) | {name: iso(getattr(org, name)) for name in _MOMENTS})


@api.patch("/api/v1/organizations/<uid>")
@admit("organizations:write", signed=True)
@describe("Change an organization", SECTION, body=ChangedOrganization, data=ChangedShape, errors=(404,))
def change_organization(who: Who, uid: str) -> Response:
    """The id, the name, what was sent as it stands now, and the moment."""
    session = db.session()
    standing = standing_by_uid(session, who, named("Organization", uid), "admin")
    changes = read_json(ChangedOrganization).model_dump(exclude_unset=True)
    org = change_profile(session, standing.organization, standing.actor, changes)
    shown = {name: value for name, value in _profile(org).items() if name in changes or name in ("id", "name")}
    return answer(shown | {"updated_at": iso(org.updated_at)})


_MOMENTS = ("created_at", "updated_at")
_PROFILE = ("name", "description", "website", "logo_url", "theme")


def _profile(org: Organization) -> dict[str, Any]:
    return {"id": org.uid} | {name: getattr(org, name) for name in _PROFILE}


def _founded(founded: Founded) -> dict[str, Any]:
    org, owner, key = founded.organization, founded.owner, founded.issued.key
    return {
        "organization": _profile(org) | {"created_at": iso(org.created_at)},
        "membership": {"id": owner.uid, "wallet": owner.wallet, "role": owner.role},
        "api_key": {"id": key.uid, "key": founded.issued.secret, "label": key.name},
    }


def _listed(row: Listed) -> dict[str, Any]:
    shown = _profile(row.organization)
    del shown["theme"]
    counts = {"member_count": row.members, "competition_count": row.competitions}
    return shown | counts | {"created_at": iso(row.organization.created_at)}
