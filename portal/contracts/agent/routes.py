"""Agent API: its three headers are asked for on every call (agent-operator.txt, "HTTP headers")."""

from flask import Blueprint, request
from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.catalog.model import provider_rows
from portal.contracts.agent.answers import answer
from portal.kernel.db import db
from portal.kernel.errors import NotAcceptable, UnsupportedBody
from portal.web import csrf
from portal.web.describe import Shape, describe

api = Blueprint("agent_api", __name__)
csrf.exempt(api)


class Provider(Shape):
    id: int
    name: str = Field(examples=["Acme Games"])
    code: str
    status: int
    games: int


@api.before_request
def ask_for_headers() -> None:
    """Accept must admit JSON, Content-Type must be JSON. Raises NotAcceptable, UnsupportedBody."""
    if not request.headers.get("Accept") or not request.accept_mimetypes.accept_json:
        raise NotAcceptable("Send Accept: application/json. The answer is JSON.")
    if request.mimetype != "application/json":
        raise UnsupportedBody("Send Content-Type: application/json with every call, those without a body too.")


@api.get("/v1/provider/list")
@admit("providers:read")
@describe("List providers", "Providers", data=list[Provider])
def provider_list(caller: Caller) -> Response:
    """The organization's providers with their games' count; status 1 is normal, 2 maintenance."""
    rows = provider_rows(db.session(), caller.org_id)
    return answer([{"id": r.id, "name": r.name, "code": r.slug, "status": r.status, "games": r.games} for r in rows])
