"""Competition API, "Standings & Results", and how it comes to them: decisions, finalize (competition-api.txt)."""

from typing import Any, Literal

from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.guard import admit
from portal.competitions.decisions import REASON, Ruling, decide, decisions_of, take_back
from portal.competitions.finishing import finalize
from portal.competitions.placements import Fought, Placed, placements_of
from portal.competitions.tables import Line, standings_of
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.reach import managed, readable
from portal.contracts.competition.who import Who
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.ids import parse_uid
from portal.web.body import Body, read_json
from portal.web.describe import Shape, describe

SECTION = "Standings & Results"


class NewDecision(Body):
    over: str = Field(description="The registration that stands above.", examples=["b7e1f0c2-2f6f-4b5e-9f63-0f3a8c1d2e3f"])
    under: str = Field(description="The registration that stands below.", examples=["c8f2a1d3-3a7a-4c6f-8a74-1a4b9d2e3f4a"])
    reason: str = Field(
        min_length=REASON[0], max_length=REASON[1], description="Why, for everybody to read.", examples=["Fair play points"]
    )


class PersonShape(Shape):
    wallet: str | None
    team_id: str | None
    team_name: str | None


class DecidedByShape(Shape):
    tiebreak: str
    value: int
    other: int
    text: str


class StandingShape(Shape):
    rank: int
    wallet: str | None
    team_id: str | None
    team_name: str | None
    wins: int
    losses: int
    draws: int
    points: int | float
    matches_played: int
    score_for: int
    score_against: int
    score_difference: int
    group: str | None
    decided_by: DecidedByShape | None


class StandingsShape(Shape):
    competition_id: str
    type: str
    standings: list[StandingShape]


class FoughtShape(Shape):
    round: int
    opponent: str | None
    score: str | None
    result: Literal["win", "loss", "draw", "not_played"]


class PlacementShape(Shape):
    place: int
    wallet: str | None
    team_id: str | None
    team_name: str | None
    prize_wei: str | None
    rounds_won: int
    matches: list[FoughtShape]


class ResultsShape(Shape):
    competition_id: str
    status: str = Field(examples=["completed"])
    placements: list[PlacementShape]


class FinalizedShape(Shape):
    competition_id: str
    status: Literal["completed"]
    finalized_at: str


class DecisionShape(Shape):
    id: str
    over: str = Field(examples=["b7e1f0c2-2f6f-4b5e-9f63-0f3a8c1d2e3f"])
    under: str = Field(examples=["c8f2a1d3-3a7a-4c6f-8a74-1a4b9d2e3f4a"])
    reason: str
    decided_by: str
    created_at: str


class TakenBackShape(Shape):
    id: str
    removed: Literal[True]


@api.get("/api/v1/competitions/<uid>/standings")
@admit(None, signed=True, public=True)
@describe("Get the standings", SECTION, data=StandingsShape, errors=(404,))
def show_standings(who: Who, uid: str) -> Response:
    """As they are now, by group and rank."""
    session = db.session()
    competition = readable(session, who, uid)
    rows = [_line(line) for line in standings_of(session, competition)]
    return answer({"competition_id": competition.uid, "type": competition.type, "standings": rows})


@api.get("/api/v1/competitions/<uid>/results")
@admit(None, signed=True, public=True)
@describe("Get the results", SECTION, data=ResultsShape, errors=(404,))
def show_results(who: Who, uid: str) -> Response:
    """Final places, best first; of a bracket that is still played, the places that are certain."""
    session = db.session()
    competition = readable(session, who, uid)
    placed = [_placed(each) for each in placements_of(session, competition)]
    return answer({"competition_id": competition.uid, "status": competition.status, "placements": placed})


@api.post("/api/v1/competitions/<uid>/finalize")
@admit("competitions:write", signed=True)
@describe("Finalize a competition", "Competition Lifecycle", data=FinalizedShape, errors=(404, 409))
def finalize_competition(who: Who, uid: str) -> Response:
    """Completed, since when; finalizing again answers the same."""
    session = db.session()
    competition, standing = managed(session, who, uid)
    at = finalize(session, competition, standing.actor)
    return answer({"competition_id": competition.uid, "status": competition.status, "finalized_at": iso(at)})


@api.post("/api/v1/competitions/<uid>/decisions")
@admit("competitions:write", signed=True)
@describe("Record a decision", SECTION, body=NewDecision, data=DecisionShape, status=201, errors=(404, 409, 422))
def create_decision(who: Who, uid: str) -> Response:
    """201 with the ruling."""
    session, body = db.session(), read_json(NewDecision)
    competition, standing = managed(session, who, uid)
    over, under = parse_uid("over", body.over), parse_uid("under", body.under)
    return answer(_decision(decide(session, competition, standing.actor, over, under, body.reason)), 201)


@api.get("/api/v1/competitions/<uid>/decisions")
@admit(None, signed=True, public=True)
@describe("List decisions", SECTION, data=list[DecisionShape], errors=(404,))
def list_decisions(who: Who, uid: str) -> Response:
    """In the order they were made."""
    session = db.session()
    competition = readable(session, who, uid)
    return answer([_decision(each) for each in decisions_of(session, competition)])


@api.delete("/api/v1/competitions/<uid>/decisions/<did>")
@admit("competitions:write", signed=True)
@describe("Take a decision back", SECTION, data=TakenBackShape, errors=(404, 409))
def delete_decision(who: Who, uid: str, did: str) -> Response:
    """Standings, places and prizes are then without it."""
    session = db.session()
    competition, standing = managed(session, who, uid)
    take_back(session, competition, standing.actor, did)
    return answer({"id": did, "removed": True})


def _line(line: Line) -> dict[str, Any]:
    row = line.row
    plain = {name: getattr(row, name) for name in ("wins", "losses", "draws", "points")}
    scores = {"matches_played": row.played, "score_for": row.score_for, "score_against": row.score_against}
    ours = {"score_difference": row.score_difference, "group": row.group or None, "decided_by": _decided_by(line)}
    return {"rank": line.rank} | line.person.shown | plain | scores | ours


def _decided_by(line: Line) -> dict[str, Any] | None:
    """What set the row apart from its neighbour, where points did not."""
    decided = line.decided_by
    return None if decided is None else {name: getattr(decided, name) for name in DecidedByShape.model_fields}


def _placed(each: Placed) -> dict[str, Any]:
    place, fought = each.place, [_fought(match) for match in each.matches]
    prize = {"prize_wei": place.prize_wei, "rounds_won": place.rounds_won}
    return {"place": place.place} | place.person.shown | prize | {"matches": fought}


def _fought(match: Fought) -> dict[str, Any]:
    return {name: getattr(match, name) for name in FoughtShape.model_fields}


def _decision(ruling: Ruling) -> dict[str, Any]:
    plain = {name: getattr(ruling, name) for name in ("over", "under", "reason", "decided_by")}
    return {"id": ruling.uid} | plain | {"created_at": iso(ruling.created_at)}
