"""Feed API, matches: a bucketed list, and one match with the fields that the key's scopes open."""

from typing import Literal

from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.contracts.feed.answers import MATCH, answer
from portal.contracts.feed.blueprint import api
from portal.contracts.feed.reach import statuses_for
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.kernel.errors import NotFound
from portal.markets.fields import match_view, row_view
from portal.markets.fixtures import fixture_by_uid, page_of_fixtures
from portal.web.describe import Query, Shape, describe, read_query

SECTION = "Matches"
Status = Literal["upcoming", "live", "finished", "cancelled"]


class MatchesQuery(Query):
    status: Status | None = Field(None, description="Only these; without it live, then upcoming, then finished ones.")
    limit: int = Field(50, ge=1, le=200, description="Max results.")


class RowShape(Shape):
    id: str
    team_a: str = Field(examples=["Team Alpha"])
    team_b: str = Field(examples=["Team Bravo"])
    team_a_logo: str | None = Field(examples=["https://cdn.example.com/alpha.png"])
    team_b_logo: str | None = Field(examples=["https://cdn.example.com/bravo.png"])
    event: str = Field(examples=["Dota 2 Spring Invitational"])
    bo_type: str = Field(examples=["bo3"])
    status: Status = Field(examples=["live"])
    scheduled_at: str | None
    score_a: int | None
    score_b: int | None
    map_name: str | None = Field(examples=["Mirage"])


class OutcomeShape(Shape):
    key: str = Field(examples=["a"])
    label: str = Field(examples=["Team Alpha"])
    price: str = Field(description="Decimal odds, in text.", examples=["1.85"])
    result: Literal["won", "lost", "void"] | None = Field(examples=["won"])


class OfferShape(Shape):
    id: str
    match_id: str
    type: str = Field(examples=["match_winner"])
    label: str = Field(examples=["Match winner"])
    status: Literal["open", "suspended", "settled", "voided"] = Field(examples=["settled"])
    outcomes: list[OutcomeShape]
    winner: str | None = Field(examples=["a"])
    settled_by: Literal["engine", "system", "admin"] | None = Field(examples=["engine"])
    updated_at: str


class ScoreboardShape(Shape):
    score_a: int | None
    score_b: int | None
    winner: str | None = Field(examples=["a"])


class MatchShape(RowShape):
    """Only the groups of fields whose scope the key has."""

    started_at: str | None = None
    finished_at: str | None = None
    maps: list[str] | None = Field(None, examples=[[]])
    tournament_id: str | None = None
    team_a_id: str | None = None
    team_b_id: str | None = None
    winner: Literal["a", "b", "draw"] | None = Field(None, examples=["a"])
    outcome: str | None = Field(None, examples=["played"])
    rounds: list[str] | None = Field(None, examples=[[]])
    events: list[str] | None = Field(None, examples=[[]])
    streams: list[str] | None = Field(None, examples=[[]])
    demo_url: str | None = Field(None, examples=["https://cdn.example.com/demo.dem"])
    player_stats: list[str] | None = Field(None, examples=[[]])
    markets: list[OfferShape] | None = None
    scoreboard: ScoreboardShape | None = None
    oddin_match_id: str | None = Field(None, examples=["od:match:1042"])
    data_delay_seconds: int | None = Field(None, examples=[0])
    suspended: bool | None = None


@api.get("/<sport:sport>/v1/matches")
@api.get("/<sport:sport>/v1/matches.xml")
@admit(None)
@describe("List matches", SECTION, query=MatchesQuery, data=list[RowShape], errors=(406,))
def list_matches(caller: Caller, sport: str) -> Response:
    """Of one status, or live, upcoming and finished ones after each other. Asks for matches:list, :read or :finished."""
    asked, seen = read_query(MatchesQuery), statuses_for(caller, sport)
    wanted = {asked.status} if asked.status else {"live", "upcoming", "finished"}
    found, total = page_of_fixtures(db.session(), caller.org_id, sport, wanted & set(seen), asked.limit, utc_now())
    rows = [row_view(match) for match in found]
    return answer(rows, {"count": len(rows), "limit": asked.limit, "total": total})


@api.get("/<sport:sport>/v1/matches/<uuid:mid>")
@api.get("/<sport:sport>/v1/matches/<uuid:mid>.xml")
@admit(None)
@describe("Get a match", SECTION, data=MatchShape, errors=(404, 406))
def show_match(caller: Caller, sport: str, mid: object) -> Response:
    """What the key's scopes open of it; fields of other scopes are absent."""
    statuses_for(caller, sport)
    match = fixture_by_uid(db.session(), caller.org_id, sport, str(mid), utc_now())
    shown = match_view(match, caller.key.scopes)
    if not shown:
        raise NotFound("Match not found.")
    return answer(shown, root=MATCH)
