"""Feed API, recovery: ask for missed messages again. They come over the transports, not in the answer."""

from flask import g
from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.contracts.feed.answers import answer
from portal.contracts.feed.blueprint import api
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.errors import Invalid
from portal.keys.acting import actor_of
from portal.markets.recovery import initiate
from portal.web.body import Body, read_json
from portal.web.describe import Query, Shape, describe, read_query

_AFTER = "Unix milliseconds, at most three days ago: the last message that you have."
_REQUEST_ID = "Yours, to tell the end of this recovery by; at most 64 characters."


class RecoveryQuery(Query):
    after: int | None = Field(None, description=_AFTER)
    request_id: str | None = Field(None, description=_REQUEST_ID)


class RecoveryBody(Body):
    after: int | None = Field(None, description=_AFTER, examples=[1765000000000])
    request_id: str | None = Field(None, description=_REQUEST_ID, examples=["r-1"])


class RecoveryShape(Shape):
    id: str
    request_id: str = Field(examples=["r-1"])
    after: str = Field(examples=["2026-03-15T10:00:00.000Z"])
    requested_at: str


@api.post("/<sport:sport>/v1/recovery/initiate_request")
@admit("{sport}:recovery:initiate")
@describe(
    "Ask for missed messages",
    "Recovery",
    body=RecoveryBody,
    query=RecoveryQuery,
    data=RecoveryShape,
    status=202,
    errors=(406,),
)
def initiate_recovery(caller: Caller, sport: str) -> Response:
    """202; `after` and `request_id` stand in the address or in a JSON body. XML is answered, never read."""
    after, request_id = _asked()
    made = initiate(db.session(), caller.org_id, actor_of(caller, g.request_id), sport, after, request_id)
    told = {"id": made.uid, "request_id": made.request_id, "after": iso(made.after), "requested_at": iso(made.created_at)}
    return answer(told, status=202)


def _asked() -> tuple[int, str]:
    """Raises Invalid naming what is missing or stands twice."""
    query = read_query(RecoveryQuery)
    body = read_json(RecoveryBody, optional=True)
    for name in ("after", "request_id"):
        values = [value for value in (getattr(query, name), getattr(body, name)) if value is not None]
        if len(values) != 1:
            wrong = "stands in the address and in the body. Send it once" if values else "is missing. Send it"
            raise Invalid(name, f"{name} {wrong}.")
    after = query.after if query.after is not None else body.after
    return int(after or 0), str(query.request_id if query.request_id is not None else body.request_id)
