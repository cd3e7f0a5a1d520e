"""Feed API, the calls that any valid key may make (tenant-api-key.txt, "Verify your key")."""

from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.contracts.feed.answers import answer
from portal.contracts.feed.blueprint import api
from portal.kernel.clock import iso, utc_now
from portal.web.describe import Shape, describe


class Whoami(Shape):
    tenant_id: str
    name: str = Field(examples=["Esports League NA"])
    scopes: list[str]
    sport_allowlist: list[str]
    rate_limit_rpm: int


class Alive(Shape):
    status: str = Field(examples=["ok"])
    timestamp: str


@api.get("/v1/whoami")
@api.get("/v1/whoami.xml")
@admit(None)
@describe("Who the key speaks for", "Your key", data=Whoami)
def whoami(caller: Caller) -> Response:
    """Who the key speaks for and what it may do."""
    key = caller.key
    return answer(
        {
            "tenant_id": key.org_uid,
            "name": key.org_name,
            "scopes": sorted(key.scopes),
            "sport_allowlist": list(key.sports or ()),
            "rate_limit_rpm": key.rate_per_minute,
        }
    )


@api.get("/v1/alive")
@api.get("/v1/alive.xml")
@admit(None)
@describe("Is the service there?", "Your key", data=Alive)
def alive(_caller: Caller) -> Response:
    """The service answers, and this is its clock."""
    return answer({"status": "ok", "timestamp": iso(utc_now())})
