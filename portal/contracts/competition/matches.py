"""Competition API, "Bracket & Matches" (competition-api.txt), with the calls of ours: the flat list, corrections, times,
challenges on a ladder, taking a participant out."""

from typing import Any, Literal

from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.guard import admit
from portal.competitions.corrections import Wanted, correct_result
from portal.competitions.finishing import disqualify
from portal.competitions.ladders import challenge
from portal.competitions.match_lists import Listed, Round, bracket_of, page_of_matches
from portal.competitions.participants import Participant
from portal.competitions.results import MOST_NOTES, Recorded, Report, record_result
from portal.competitions.scheduling import schedule
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.reach import managed, readable
from portal.contracts.competition.who import Who
from portal.formats.plan import Match, Outcome
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.ids import parse_uid
from portal.web.body import Body, read_json
from portal.web.describe import Query, Shape, describe, read_query
from portal.web.moments import Moment

SECTION = "Bracket & Matches"
Side = Literal["a", "b"]
MatchStatus = Literal["pending", "completed"]
OutcomeName = Literal["played", "bye", "walkover", "no_show", "double_no_show", "not_played"]
StageName = Literal["winners", "losers", "grand_final", "third_place", "rounds"]


class ReportedResult(Body):
    score_a: int | float | None = Field(None, description="Score for participant A, a whole number.", examples=[2])
    score_b: int | float | None = Field(None, description="Score for participant B, a whole number.", examples=[0])
    winner: Literal["a", "b", "draw"] | None = Field(None, description="a, b, or draw.", examples=["a"])
    notes: str | None = Field(None, max_length=MOST_NOTES, description="Optional admin notes.", examples=["Forfeit in game 2"])
    outcome: Literal["played", "walkover", "no_show", "double_no_show", "not_played"] = Field(
        "played",
        description="How it ended. A walkover or no-show may have an awarded score; the last two have neither score nor winner.",
    )


class CorrectedResult(ReportedResult):
    reason: str | None = Field(None, max_length=MOST_NOTES, description="Why the result is replaced; kept in the audit log.")


class Times(Body):
    scheduled_at: Moment | None = Field(
        description="When the match is to be played; null takes it away.", examples=["2026-04-15T18:00:00Z"]
    )


class NewChallenge(Body):
    challenger: str = Field(description="The registration that challenges.", examples=["b7e1f0c2-2f6f-4b5e-9f63-0f3a8c1d2e3f"])
    opponent: str = Field(
        description="The registration above it.",
        examples=["c8f2a1d3-3a7a-4c6f-8a74-1a4b9d2e3f4a"],
        json_schema_extra={"format": "uuid"},
    )


class Disqualification(Body):
    reason: str = Field(min_length=1, max_length=MOST_NOTES, description="Why, for the audit log.", examples=["Left the event"])


class MatchesQuery(Query):
    status: MatchStatus | None = Field(None, description="Only open matches, or only those that are over.")
    round: int | None = Field(None, ge=1, le=2**31 - 1, description="Only this round.")
    group: str | None = Field(None, max_length=2, pattern="^[A-Z]*$", description="Only this group: A, B, …")
    limit: int = Field(50, ge=1, le=200, description="Max results.")
    offset: int = Field(0, ge=0, le=2**31 - 1, description="Pagination offset.")


class CorrectionQuery(Query):
    dry_run: bool = Field(False, description="Only tell what would change.")
    cascade: bool = Field(False, description="Clear later matches that were played on the old result.")


class SideShape(Shape):
    wallet: str | None
    team_id: str | None
    team_name: str | None
    seed: int | None


class BracketMatchShape(Shape):
    id: str
    round: int
    position: int
    participant_a: SideShape | None
    participant_b: SideShape | None
    score_a: int | None
    score_b: int | None
    winner: Literal["a", "b", "draw"] | None
    status: MatchStatus
    scheduled_at: str | None
    completed_at: str | None


class MatchShape(BracketMatchShape):
    group: str | None
    stage: StageName
    number: int
    outcome: OutcomeName | None
    why: str


class MatchesShape(Shape):
    items: list[MatchShape]
    total: int
    limit: int
    offset: int


class RoundShape(Shape):
    round: int
    label: str
    matches: list[BracketMatchShape]


class BracketShape(Shape):
    competition_id: str
    type: str
    format: str
    rounds: dict[str, list[RoundShape] | None]


class ReportedShape(Shape):
    id: str
    score_a: int | None
    score_b: int | None
    winner: Literal["a", "b", "draw"] | None
    status: MatchStatus
    completed_at: str | None


class AdvancementShape(Shape):
    next_match_id: str
    round: int
    position: int
    slot: Side


class ResultShape(Shape):
    match: ReportedShape
    advancement: AdvancementShape | None
    competition_auto_completed: bool


class NamedShape(Shape):
    registration_id: str
    wallet: str | None
    team_id: str | None
    team_name: str | None


class StateShape(Shape):
    participant_a: NamedShape | None
    participant_b: NamedShape | None
    score_a: int | None
    score_b: int | None
    winner: Literal["a", "b", "draw"] | None
    outcome: OutcomeName | None


class ChangeShape(Shape):
    id: str | None
    number: int
    stage: StageName
    group: str
    round: int
    position: int
    before: StateShape | None
    after: StateShape


class MovedShape(NamedShape):
    group: str | None
    rank_before: int
    rank_after: int
    points_before: int
    points_after: int


class PaidShape(NamedShape):
    place_before: int | None
    place_after: int | None
    prize_wei_before: str | None
    prize_wei_after: str | None


class CorrectionShape(Shape):
    match: ReportedShape
    dry_run: bool
    matches: list[ChangeShape]
    cleared: list[str]
    removed: list[str]
    standings: list[MovedShape]
    prizes: list[PaidShape]
    events: list[str]
    competition_status: str


class TimesShape(Shape):
    id: str
    scheduled_at: str | None


class DisqualifiedShape(Shape):
    id: str
    status: Literal["disqualified"]
    walkovers: int
    disqualified_at: str
    competition_auto_completed: bool


@api.get("/api/v1/competitions/<uid>/bracket")
@admit(None, signed=True, public=True)
@describe("Get the bracket", SECTION, data=BracketShape, errors=(404,))
def show_bracket(who: Who, uid: str) -> Response:
    """Every match, by stage or group and round."""
    session = db.session()
    competition = readable(session, who, uid, "matches:read")
    rounds = {name: _rounds(found) for name, found in bracket_of(session, competition).items()}
    named = {"competition_id": competition.uid, "type": competition.type, "format": competition.format}
    return answer(named | {"rounds": rounds})


@api.get("/api/v1/competitions/<uid>/matches")
@admit(None, signed=True, public=True)
@describe("List matches", SECTION, query=MatchesQuery, data=MatchesShape, errors=(404,))
def list_matches(who: Who, uid: str) -> Response:
    """In order of play."""
    session, asked = db.session(), read_query(MatchesQuery)
    competition = readable(session, who, uid, "matches:read")
    wanted = {"status": asked.status, "round": asked.round, "grp": asked.group}
    found, total = page_of_matches(session, competition, wanted, asked.limit, asked.offset)
    return answer({"items": [_item(each) for each in found], "total": total, "limit": asked.limit, "offset": asked.offset})


@api.post("/api/v1/competitions/<uid>/matches/<mid>/result")
@admit("matches:write", signed=True)
@describe("Report a result", SECTION, body=ReportedResult, data=ResultShape, errors=(404, 409, 422))
def report_result(who: Who, uid: str, mid: str) -> Response:
    """The match as it is now, where its winner goes on, and whether it was the last one."""
    session = db.session()
    competition, standing = managed(session, who, uid)
    recorded = record_result(session, competition, standing.actor, mid, _report(read_json(ReportedResult)))
    match = _reported(recorded.uid, recorded.match, iso(recorded.completed_at))
    return answer({"match": match} | _step(recorded) | {"competition_auto_completed": recorded.completed})


@api.put("/api/v1/competitions/<uid>/matches/<mid>/result")
@admit("matches:write", signed=True)
@describe("Correct a result", SECTION, body=CorrectedResult, query=CorrectionQuery, data=CorrectionShape, errors=(404, 409, 422))
def correct(who: Who, uid: str, mid: str) -> Response:
    """What changes with the correction: done, or with `dry_run` only foreseen."""
    session, asked, body = db.session(), read_query(CorrectionQuery), read_json(CorrectedResult)
    competition, standing = managed(session, who, uid)
    wanted = Wanted(body.reason, cascade=asked.cascade, dry_run=asked.dry_run)
    found = correct_result(session, competition, standing.actor, mid, _report(body), wanted)
    match = {"match": _reported(found.uid, found.match, iso(found.completed_at)), "dry_run": not found.applied}
    lists = {name: getattr(found, name) for name in ("matches", "cleared", "removed", "standings", "prizes", "events")}
    return answer(match | lists | {"competition_status": found.status})


@api.patch("/api/v1/competitions/<uid>/matches/<mid>")
@admit("matches:write", signed=True)
@describe("Set a match's time", SECTION, body=Times, data=TimesShape, errors=(404, 409))
def schedule_match(who: Who, uid: str, mid: str) -> Response:
    """The match's id and its time."""
    session, body = db.session(), read_json(Times)
    competition, standing = managed(session, who, uid)
    at = schedule(session, competition, standing.actor, mid, body.scheduled_at)
    return answer({"id": mid, "scheduled_at": iso(at)})


@api.post("/api/v1/competitions/<uid>/challenges")
@admit("competitions:write", signed=True)
@describe("Challenge on a ladder", SECTION, body=NewChallenge, data=MatchShape, status=201, errors=(404, 409, 422))
def create_challenge(who: Who, uid: str) -> Response:
    """201 with the match that comes of it."""
    session, body = db.session(), read_json(NewChallenge)
    competition, standing = managed(session, who, uid)
    challenger, opponent = parse_uid("challenger", body.challenger), parse_uid("opponent", body.opponent)
    return answer(_item(challenge(session, competition, standing.actor, challenger, opponent)), 201)


@api.post("/api/v1/competitions/<uid>/registrations/<rid>/disqualify")
@admit("competitions:write", signed=True)
@describe("Take a participant out", SECTION, body=Disqualification, data=DisqualifiedShape, errors=(404, 409, 422))
def disqualify_participant(who: Who, uid: str, rid: str) -> Response:
    """What was played stands; open matches become walkovers."""
    session, body = db.session(), read_json(Disqualification)
    competition, standing = managed(session, who, uid)
    out = disqualify(session, competition, standing.actor, rid, body.reason)
    counted = {"walkovers": out.walkovers, "disqualified_at": iso(out.at)}
    return answer({"id": rid, "status": "disqualified"} | counted | {"competition_auto_completed": out.completed})


def _report(body: ReportedResult) -> Report:
    return Report(body.winner, body.score_a, body.score_b, Outcome(body.outcome), body.notes)


def _reported(uid: str, match: Match, completed_at: str | None) -> dict[str, Any]:
    result = {"score_a": match.score_a, "score_b": match.score_b, "winner": match.winner}
    return {"id": uid} | result | {"status": "completed" if match.over else "pending", "completed_at": completed_at}


def _step(recorded: Recorded) -> dict[str, Any]:
    step = recorded.step
    if step is None:
        return {"advancement": None}
    place = {"round": step.round, "position": step.position, "slot": step.side}
    return {"advancement": {"next_match_id": step.match_uid} | place}


def _rounds(rounds: list[Round] | None) -> list[dict[str, Any]] | None:
    if rounds is None:
        return None
    return [{"round": each.number, "label": each.label, "matches": [_match(match) for match in each.matches]} for each in rounds]


def _match(each: Listed) -> dict[str, Any]:
    match, slot = each.match, each.slot
    place = {"id": slot.uid, "round": match.round, "position": match.position}
    sides = {"participant_a": _side(each.a), "participant_b": _side(each.b)}
    result = {name: value for name, value in _reported(slot.uid, match, iso(slot.completed_at)).items() if name != "id"}
    completed_at = result.pop("completed_at")
    return place | sides | result | {"scheduled_at": iso(slot.scheduled_at), "completed_at": completed_at}


def _item(each: Listed) -> dict[str, Any]:
    match = each.match
    ours = {"group": match.group or None, "stage": match.stage, "number": match.number}
    return _match(each) | ours | {"outcome": match.outcome and match.outcome.value, "why": match.why}


def _side(person: Participant | None) -> dict[str, Any] | None:
    return None if person is None else person.shown | {"seed": person.seed}
