"""Feed API, settlements: the append-only log, of everything or of one match."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.contracts.feed.answers import answer
from portal.contracts.feed.blueprint import api
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.markets.fixtures import fixture_by_uid
from portal.markets.lists import settlements_after
from portal.markets.model import Settlement
from portal.markets.views import settlement_view
from portal.web.describe import Query, Shape, describe, read_query

SECTION = "Settlements"
SCOPE = "{sport}:markets:settlements"
Status = Literal["open", "suspended", "settled", "voided"]


class LogQuery(Query):
    since_id: int = Field(0, ge=0, le=2**63 - 1, description="Only rows after this one: the last id that you have.")
    limit: int = Field(50, ge=1, le=200, description="Max results.")


class MatchLogQuery(LogQuery):
    limit: int = Field(200, ge=1, le=1000, description="Max results.")


class SettlementShape(Shape):
    id: int = Field(examples=[1042])
    market_offer_id: str
    match_id: str
    previous_status: Status = Field(examples=["open"])
    new_status: Status = Field(examples=["settled"])
    outcome: str | None = Field(examples=["a"])
    settled_by: Literal["engine", "system", "admin"] = Field(examples=["engine"])
    is_resettlement: bool
    created_at: str


@api.get("/<sport:sport>/v1/settlements")
@api.get("/<sport:sport>/v1/settlements.xml")
@admit(SCOPE)
@describe("List settlements", SECTION, query=LogQuery, data=list[SettlementShape], errors=(406,))
def list_settlements(caller: Caller, sport: str) -> Response:
    """In their order, from the first or after `since_id`: nothing is ever put in before a row that you have."""
    asked = read_query(LogQuery)
    return _log(settlements_after(db.session(), caller.org_id, sport, asked.since_id, asked.limit), asked)


@api.get("/<sport:sport>/v1/matches/<uuid:mid>/settlements")
@api.get("/<sport:sport>/v1/matches/<uuid:mid>/settlements.xml")
@admit(SCOPE)
@describe("List settlements of a match", SECTION, query=MatchLogQuery, data=list[SettlementShape], errors=(404, 406))
def list_settlements_of_match(caller: Caller, sport: str, mid: object) -> Response:
    """The same of one match."""
    session, asked = db.session(), read_query(MatchLogQuery)
    found = settlements_after(session, caller.org_id, sport, asked.since_id, asked.limit, str(mid))
    if not found:  # nothing settled yet, or a match that is not there; one that fell away has settlements
        fixture_by_uid(session, caller.org_id, sport, str(mid), utc_now())
    return _log(found, asked)


def _log(found: Sequence[tuple[Settlement, str]], asked: LogQuery) -> Response:
    rows: list[dict[str, Any]] = [settlement_view(row, offer) for row, offer in found]
    last = rows[-1]["id"] if rows else asked.since_id
    return answer(rows, {"count": len(rows), "limit": asked.limit, "next_since_id": last})
