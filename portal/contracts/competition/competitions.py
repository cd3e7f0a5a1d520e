"""Competition API, "Competitions" (competition-api.txt)."""

from datetime import datetime
from typing import Any, Literal

from flask import request
from pydantic import Field, model_validator
from pydantic.config import JsonDict
from werkzeug.wrappers import Response

from portal.admission.guard import admit
from portal.competitions import service
from portal.competitions.lists import Summary, page_of, summary_of
from portal.competitions.model import Competition
from portal.competitions.terms import FIELDS, MOST_DESCRIPTION, MOST_PARTICIPANTS, TITLE
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.reach import managed, readable, seen_by
from portal.contracts.competition.who import Who, standing_by_uid
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.errors import Invalid
from portal.kernel.ids import parse_uid
from portal.orgs.model import Organization
from portal.web.body import Body, read_json
from portal.web.describe import Query, Shape, describe, read_query
from portal.web.moments import Moment

SECTION = "Competitions"
Type = Literal["challenge", "bracket", "league", "circuit", "ladder"]
Status = Literal["draft", "registration", "active", "completed", "canceled"]
Visibility = Literal["public", "unlisted", "private"]
_WEI: JsonDict = {"pattern": "^[0-9]{1,78}$"}


class Terms(Body):
    """What may be said of a competition when it is created and changed."""

    description: str | None = Field(None, max_length=MOST_DESCRIPTION, description="Detailed description.")
    category: str | None = Field(None, max_length=60, description="Category tag (e.g. dota2, fitness, cs2).", examples=["dota2"])
    rules: dict[str, Any] | None = Field(
        None,
        description="Custom rules and settings: format, best_of, third_place_match, grand_final, legs, groups, rounds, points,"
        " tiebreaks, max_challenge_distance, ladder, cooldown_hours, inactivity_days, challenge, place_points, min_roster.",
        examples=[{"format": "single_elimination", "best_of": 3, "third_place_match": True}],
    )
    max_participants: int | None = Field(
        None, ge=1, le=MOST_PARTICIPANTS, description="Maximum registrations allowed.", examples=[16]
    )
    registration_opens: Moment | None = Field(None, description="When registration opens.", examples=["2026-04-01T00:00:00Z"])
    registration_closes: Moment | None = Field(None, description="When registration closes.", examples=["2026-04-14T23:59:59Z"])
    starts_at: Moment | None = Field(None, description="Scheduled start time.", examples=["2026-04-15T18:00:00Z"])
    ends_at: Moment | None = Field(None, description="Scheduled end time.")
    entry_fee_wei: str | None = Field(
        None, description="Entry fee in wei (on-chain): 1 to 78 digits.", examples=["100000000000000000"], json_schema_extra=_WEI
    )
    prize_pool_wei: str | None = Field(
        None,
        description="Total prize pool in wei: 1 to 78 digits.",
        examples=["2000000000000000000"],
        json_schema_extra=_WEI,
    )
    metadata: dict[str, Any] | None = Field(None, description="Arbitrary metadata (banner_url, stream_url, etc.), at most 16 KB.")
    visibility: Visibility | None = Field(None, description="Who may see it; public when not said.", examples=["public"])
    waiting_list: bool | None = Field(None, description="Whether those who find it full may wait; false when not said.")


class NewCompetition(Terms):
    org_id: str = Field(description="Organization ID.", examples=["f47ac10b-58cc-4372-a567-0e02b2c3d479"])
    title: str = Field(
        min_length=TITLE[0], max_length=TITLE[1], description="Competition title.", examples=["Spring Invitational"]
    )
    type: Type = Field(description="What kind of competition it is.", examples=["bracket"])


class ChangedCompetition(Terms):
    """Every field may be left out; null clears it."""

    title: str | None = Field(None, min_length=TITLE[0], max_length=TITLE[1], description="Competition title.")

    @model_validator(mode="before")
    @classmethod
    def _fixed(cls, sent: Any) -> Any:
        for name in ("org_id", "type"):
            if name in sent:
                raise Invalid(name, f"{name} cannot be changed after a competition is created. Remove it from the body.")
        return sent


class CompetitionsQuery(Query):
    org_id: str | None = Field(None, description="Filter by organization.")
    type: Type | None = Field(None, description="Filter by type.")
    status: Status | None = Field(None, description="Filter by status.")
    category: str | None = Field(None, max_length=60, pattern="^[A-Za-z0-9 ._-]*$", description="Filter by category tag.")
    limit: int = Field(50, ge=1, le=200, description="Max results.")
    offset: int = Field(0, ge=0, le=2**31 - 1, description="Pagination offset.")


class CompetitionTerms(Shape):
    id: str
    org_id: str
    title: str
    description: str | None
    type: Type
    status: Status
    category: str | None
    max_participants: int | None
    registration_opens: str | None
    registration_closes: str | None
    starts_at: str | None
    ends_at: str | None
    entry_fee_wei: str | None
    prize_pool_wei: str | None
    rules: dict[str, Any] | None
    metadata: dict[str, Any] | None


class CreatedShape(CompetitionTerms):
    created_at: str
    visibility: Visibility
    waiting_list: bool


class SummaryShape(Shape):
    registrations: int
    checked_in: int
    matches_total: int
    matches_completed: int
    matches_pending: int
    current_round: int | None


class DetailShape(CompetitionTerms):
    summary: SummaryShape
    created_at: str
    updated_at: str
    visibility: Visibility
    waiting_list: bool
    draw_seed: int | None


class ItemShape(Shape):
    id: str
    title: str
    type: Type
    status: Status
    category: str | None
    participant_count: int
    match_count: int
    starts_at: str | None


class ListShape(Shape):
    items: list[ItemShape]
    total: int
    limit: int
    offset: int


class ChangedShape(Shape):
    """id, what was sent, updated_at."""

    id: str
    title: str | None = None
    description: str | None = None
    category: str | None = None
    rules: dict[str, Any] | None = None
    max_participants: int | None = None
    registration_opens: str | None = None
    registration_closes: str | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    entry_fee_wei: str | None = None
    prize_pool_wei: str | None = None
    metadata: dict[str, Any] | None = None
    visibility: Visibility | None = None
    waiting_list: bool | None = None
    updated_at: str


class EndedShape(Shape):
    id: str
    status: Literal["deleted", "canceled"]


@api.post("/api/v1/competitions")
@admit("competitions:write", signed=True)
@describe("Create a competition", SECTION, body=NewCompetition, data=CreatedShape, status=201, errors=(404, 422))
def create_competition(who: Who) -> Response:
    """201 with the draft."""
    session, body = db.session(), read_json(NewCompetition)
    standing = standing_by_uid(session, who, parse_uid("org_id", body.org_id), "member")
    terms = body.model_dump(include=set(FIELDS))
    made = service.create_competition(session, standing.organization, standing.actor, body.type, terms)
    return answer(_terms(made, standing.organization) | {"created_at": iso(made.created_at)} | _ours(made), 201)


@api.get("/api/v1/competitions")
@admit(None, signed=True, public=True)
@describe("List competitions", SECTION, query=CompetitionsQuery, data=ListShape)
def list_competitions(who: Who) -> Response:
    """The newest first: everybody's public ones, and every one of the caller's own organization."""
    session, asked = db.session(), read_query(CompetitionsQuery)
    wanted: dict[str, str | None] = {name: getattr(asked, name) for name in ("org_id", "type", "status", "category")}
    if asked.org_id is not None:
        wanted["org_id"] = parse_uid("org_id", asked.org_id)
    rows, total = page_of(session, seen_by(who), wanted, asked.limit, asked.offset)
    return answer({"items": [_item(*row) for row in rows], "total": total, "limit": asked.limit, "offset": asked.offset})


@api.get("/api/v1/competitions/<uid>")
@admit(None, signed=True, public=True)
@describe("Get a competition", SECTION, data=DetailShape, errors=(404,))
def show_competition(who: Who, uid: str) -> Response:
    """Its terms, and how far it is."""
    session = db.session()
    competition = readable(session, who, uid)
    terms = _terms(competition, session.get_one(Organization, competition.org_id))
    times = {name: iso(getattr(competition, name)) for name in ("created_at", "updated_at")}
    drawn = {"draw_seed": competition.draw_seed if competition.started_at else None}  # before, it would tell the draw
    summary = {"summary": _summary(summary_of(session, competition))}
    return answer(terms | summary | times | _ours(competition) | drawn)


@api.patch("/api/v1/competitions/<uid>")
@admit("competitions:write", signed=True)
@describe("Change a draft", SECTION, body=ChangedCompetition, data=ChangedShape, errors=(404, 409, 422))
def change_competition(who: Who, uid: str) -> Response:
    """The id, what was sent as it stands now, and the moment."""
    session = db.session()
    competition, standing = managed(session, who, uid)
    changes = read_json(ChangedCompetition).model_dump(exclude_unset=True)
    service.change_competition(session, competition, standing.actor, changes)
    now = _terms(competition, standing.organization) | _ours(competition)
    sent = {name: now[name] for name in request.get_json()}  # in the order in which they came
    return answer({"id": competition.uid} | sent | {"updated_at": iso(competition.updated_at)})


@api.delete("/api/v1/competitions/<uid>")
@admit("competitions:write", signed=True)
@describe("Delete a draft, or cancel a competition", SECTION, data=EndedShape, errors=(404, 409))
def delete_competition(who: Who, uid: str) -> Response:
    """`deleted` for a draft, which is gone then, `canceled` for others."""
    session = db.session()
    competition, standing = managed(session, who, uid)
    uid = competition.uid
    return answer({"id": uid, "status": service.delete_or_cancel(session, competition, standing.actor)})


def _terms(competition: Competition, org: Organization) -> dict[str, Any]:
    """Everything up to `metadata`, in the page's order."""
    shown: dict[str, Any] = {"id": competition.uid, "org_id": org.uid}
    for name in list(CompetitionTerms.model_fields)[2:-1]:
        value = getattr(competition, name)
        shown[name] = iso(value) if isinstance(value, datetime) else value
    return shown | {"metadata": competition.details}


def _ours(competition: Competition) -> dict[str, Any]:
    return {"visibility": competition.visibility, "waiting_list": competition.waiting_list}


def _item(competition: Competition, participants: int, matches: int) -> dict[str, Any]:
    plain = {name: getattr(competition, name) for name in ("title", "type", "status", "category")}
    counts = {"participant_count": participants, "match_count": matches}
    return {"id": competition.uid} | plain | counts | {"starts_at": iso(competition.starts_at)}


def _summary(summary: Summary) -> dict[str, Any]:
    return {name: getattr(summary, name) for name in SummaryShape.model_fields}
