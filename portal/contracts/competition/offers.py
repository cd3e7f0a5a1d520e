"""Competition API, offers on matches: ours, for operators who let their players bet.

What becomes of an offer when its match gets, changes or loses a result stands in `portal.markets.engine`.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.guard import admit
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.reach import managed
from portal.contracts.competition.who import Who
from portal.kernel.db import db
from portal.markets import service
from portal.markets.lists import page_of_offers
from portal.markets.model import MATCH_WINNER, Offer, offer_by_uid
from portal.markets.terms import MOST_LABEL, Draft, Outcome, check_once
from portal.markets.views import offer_view
from portal.web.body import Body, read_json
from portal.web.describe import Query, Shape, describe, read_query

SECTION = "Offers"
READ, WRITE = "markets:read", "markets:write"
Status = Literal["open", "suspended", "settled", "voided"]
Price = Annotated[str, Field(description="Decimal odds in text, more than 1, up to four decimals.", examples=["1.85"])]


class NewOutcome(Body):
    key: str = Field(description="a, b or draw for match_winner; a short name of your own elsewhere.", examples=["a"])
    label: str = Field(
        "", max_length=MOST_LABEL, description="What players read; the name of that side if left out.", examples=["Team Alpha"]
    )
    price: Price


class NewOffer(Body):
    type: str = Field(MATCH_WINNER, description="match_winner settles by itself; every other is settled by you.")
    label: str = Field(
        "", max_length=MOST_LABEL, description="What players read; the type in words if left out.", examples=["Match winner"]
    )
    outcomes: list[NewOutcome] = Field(
        description="What may happen, with prices.",
        examples=[[{"key": "a", "price": "1.85"}, {"key": "b", "price": "1.95"}]],
    )


class NewPrice(Body):
    key: str = Field(examples=["a"])
    price: Price


class ChangedPrices(Body):
    outcomes: list[NewPrice] = Field(
        min_length=1,
        description="The outcomes that get a new price; the others keep theirs.",
        examples=[[{"key": "a", "price": "1.70"}]],
    )


class Settled(Body):
    outcome: str = Field(description="The key of the outcome that won.", examples=["a"])
    reason: str = Field("", max_length=service.MOST_REASON, description="Why, for the log.", examples=["Decided by the referee"])


class Voided(Body):
    reason: str = Field("", max_length=service.MOST_REASON, description="Why, for the log.", examples=["Technical fault"])


class OffersQuery(Query):
    status: Status | None = Field(None, description="Only these.")
    match_id: str | None = Field(None, description="Only those on this match.")
    limit: int = Field(50, ge=1, le=200, description="Max results.")
    offset: int = Field(0, ge=0, le=2**31 - 1, description="Pagination offset.")


class OutcomeShape(Shape):
    key: str = Field(examples=["a"])
    label: str = Field(examples=["Team Alpha"])
    price: str = Field(examples=["1.85"])
    result: Literal["won", "lost", "void"] | None = Field(examples=["won"])


class OfferShape(Shape):
    id: str
    match_id: str
    type: str = Field(examples=["match_winner"])
    label: str = Field(examples=["Match winner"])
    status: Status = Field(examples=["settled"])
    outcomes: list[OutcomeShape]
    winner: str | None = Field(examples=["a"])
    settled_by: Literal["engine", "system", "admin"] | None = Field(examples=["engine"])
    updated_at: str


class OffersShape(Shape):
    items: list[OfferShape]
    total: int
    limit: int
    offset: int


class SuspendedShape(Shape):
    suspended: int = Field(examples=[12])


@api.get("/api/v1/competitions/<uid>/offers")
@admit(READ, signed=True)
@describe("List offers", SECTION, query=OffersQuery, data=OffersShape, errors=(404,))
def list_offers(who: Who, uid: str) -> Response:
    """The oldest first."""
    session, asked = db.session(), read_query(OffersQuery)
    competition, _ = managed(session, who, uid, "member")
    wanted = {"status": asked.status, "match_uid": asked.match_id}
    found, total = page_of_offers(session, competition, wanted, asked.limit, asked.offset)
    return answer({"items": list(map(offer_view, found)), "total": total, "limit": asked.limit, "offset": asked.offset})


@api.post("/api/v1/competitions/<uid>/matches/<mid>/offers")
@admit(WRITE, signed=True)
@describe("Offer a market on a match", SECTION, body=NewOffer, data=OfferShape, status=201, errors=(404, 409, 422))
def create_offer(who: Who, uid: str, mid: str) -> Response:
    """201; it takes bets at once. The match must be open and both sides known."""
    body = read_json(NewOffer)
    outcomes = tuple(Outcome(each.key, each.price, each.label) for each in body.outcomes)
    session = db.session()
    competition, standing = managed(session, who, uid)
    draft = Draft(body.type, outcomes, body.label)
    return answer(offer_view(service.post_offer(session, competition, standing.actor, mid, draft)), 201)


@api.post("/api/v1/competitions/<uid>/suspend-offers")
@admit(WRITE, signed=True)
@describe("Suspend all offers", SECTION, data=SuspendedShape, errors=(404,))
def suspend_all_offers(who: Who, uid: str) -> Response:
    """How many stopped taking bets."""
    session = db.session()
    competition, standing = managed(session, who, uid)
    return answer({"suspended": service.suspend_all(session, competition, standing.actor)})


@api.get("/api/v1/competitions/<uid>/offers/<oid>")
@admit(READ, signed=True)
@describe("Get an offer", SECTION, data=OfferShape, errors=(404,))
def show_offer(who: Who, uid: str, oid: str) -> Response:
    """As it stands now."""
    session = db.session()
    competition, _ = managed(session, who, uid, "member")
    return answer(offer_view(offer_by_uid(session, competition, oid)))


@api.patch("/api/v1/competitions/<uid>/offers/<oid>")
@admit(WRITE, signed=True)
@describe("Change prices", SECTION, body=ChangedPrices, data=OfferShape, errors=(404, 409))
def change_offer(who: Who, uid: str, oid: str) -> Response:
    """While it is open or suspended."""
    sent = read_json(ChangedPrices).outcomes
    check_once("outcomes", [each.key for each in sent])
    return _done(who, uid, oid, service.change_prices, {"prices": {each.key: each.price for each in sent}})


@api.post("/api/v1/competitions/<uid>/offers/<oid>/suspend")
@admit(WRITE, signed=True)
@describe("Suspend an offer", SECTION, data=OfferShape, errors=(404, 409))
def suspend_offer(who: Who, uid: str, oid: str) -> Response:
    """Bets stop at once."""
    return _done(who, uid, oid, service.suspend, {})


@api.post("/api/v1/competitions/<uid>/offers/<oid>/unsuspend")
@admit(WRITE, signed=True)
@describe("Take bets again", SECTION, data=OfferShape, errors=(404, 409))
def unsuspend_offer(who: Who, uid: str, oid: str) -> Response:
    """While its match is open."""
    return _done(who, uid, oid, service.unsuspend, {})


@api.post("/api/v1/competitions/<uid>/offers/<oid>/settle")
@admit(WRITE, signed=True)
@describe("Settle an offer", SECTION, body=Settled, data=OfferShape, errors=(404, 409))
def settle_offer(who: Who, uid: str, oid: str) -> Response:
    """By hand, or anew. From then on results of the match leave it alone."""
    body = read_json(Settled)
    return _done(who, uid, oid, service.settle, {"outcome": body.outcome, "reason": body.reason})


@api.post("/api/v1/competitions/<uid>/offers/<oid>/void")
@admit(WRITE, signed=True)
@describe("Void an offer", SECTION, body=Voided, data=OfferShape, errors=(404, 409))
def void_offer(who: Who, uid: str, oid: str) -> Response:
    """Decided or not: stakes go back."""
    return _done(who, uid, oid, service.void, {"reason": read_json(Voided, optional=True).reason})


def _done(who: Who, uid: str, oid: str, verb: Callable[..., Offer], terms: Mapping[str, Any]) -> Response:
    """The offer after one verb of the service."""
    session = db.session()
    competition, standing = managed(session, who, uid)
    return answer(offer_view(verb(session, competition, standing.actor, oid, **terms)))
