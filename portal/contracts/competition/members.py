"""Competition API, the members of an organization (competition-api.txt, "Organizations")."""

from typing import Any, Literal

from flask import url_for
from pydantic import Field, model_validator
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.who import Standing, Who, named, standing_by_uid
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.errors import Invalid
from portal.keys.scopes import MANAGE
from portal.orgs.wallet_service import Member, as_member, members_of_both_kinds, put_person, put_wallet, remove_either
from portal.web.body import Body, read_json
from portal.web.describe import Shape, describe

SECTION = "Members"
Role = Literal["owner", "admin", "member"]


class NewMember(Body):
    """A wallet, or somebody who signs in with an e-mail address."""

    wallet: str | None = Field(None, description="Member wallet address: 0x and 40 hex digits.")
    role: Role = Field(description="owner, admin, or member.", examples=["admin"])
    email: str | None = Field(
        None,
        max_length=254,
        description="Contact email; without a wallet, of the person who signs in.",
        examples=["a@example.com"],
    )

    @model_validator(mode="after")
    def _somebody(self) -> "NewMember":
        if self.wallet is None and self.email is None:
            raise Invalid("wallet", "wallet is missing. Send it, or the email of somebody who signs in with a password.")
        return self


class MemberShape(Shape):
    id: str
    wallet: str | None
    role: Role
    email: str | None
    created_at: str


class AddedShape(Shape):
    id: str
    org_id: str
    wallet: str | None
    role: Role
    email: str | None
    created_at: str
    password_link: str | None = Field(None, description="For a person without a password yet: shown this once.")


class RemovedShape(Shape):
    id: str
    removed: Literal[True]


@api.post("/api/v1/organizations/<uid>/members")
@admit("members:write", signed=True)
@describe("Add or upsert a member", SECTION, body=NewMember, data=AddedShape, status=201, errors=(404,))
def put_member(who: Who, uid: str) -> Response:
    """201 with the member, also where the wallet or the person was one before."""
    session, body = db.session(), read_json(NewMember)
    standing = standing_by_uid(session, who, named("Organization", uid), "admin")
    org, actor, granting = standing.organization, standing.actor, _granting(who, standing)
    if body.wallet is not None:
        return _added(standing, as_member(put_wallet(session, org, body.wallet, body.role, body.email, actor, granting)), {})
    row, token = put_person(session, org, str(body.email), body.role, actor, granting)
    link = {"password_link": url_for("sign_in.join", token=token, _external=True)} if token else {}
    return _added(standing, as_member(row), link)


@api.get("/api/v1/organizations/<uid>/members")
@admit("members:read", signed=True)
@describe("List members", SECTION, data=list[MemberShape], errors=(404,))
def list_members(who: Who, uid: str) -> Response:
    """People and wallets, in the order in which they came. Those of an operator above are not among them."""
    session = db.session()
    standing = standing_by_uid(session, who, named("Organization", uid), "member")
    return answer([_shape(member) for member in members_of_both_kinds(session, standing.organization)])


@api.delete("/api/v1/organizations/<uid>/members/<member_uid>")
@admit("members:write", signed=True)
@describe("Remove a member", SECTION, data=RemovedShape, errors=(404, 409))
def remove_member(who: Who, uid: str, member_uid: str) -> Response:
    """A person is signed out everywhere, a wallet's next call is refused. The last owner stays."""
    session = db.session()
    standing = standing_by_uid(session, who, named("Organization", uid), "admin")
    member = named("Member", member_uid)
    remove_either(session, standing.organization, member, standing.actor, _granting(who, standing))
    return answer({"id": member, "removed": True})


def _granting(who: Who, standing: Standing) -> str:
    """The role that the caller acts with: a key that may not issue keys makes no owner, who could."""
    if isinstance(who, Caller):
        return "owner" if who.has(MANAGE) else "admin"
    return standing.role


def _added(standing: Standing, member: Member, link: dict[str, str]) -> Response:
    shown = _shape(member)
    return answer({"id": shown.pop("id"), "org_id": standing.organization.uid} | shown | link, 201)


def _shape(member: Member) -> dict[str, Any]:
    named = {"id": member.uid, "wallet": member.wallet, "role": member.role, "email": member.email}
    return named | {"created_at": iso(member.created_at)}
