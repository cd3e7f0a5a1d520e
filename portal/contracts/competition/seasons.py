"""Competition API, "Seasons" (competition-api.txt)."""

from decimal import Decimal
from typing import Any, Literal

from flask import request
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.competitions.model import Competition, competition_by_uid
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.reach import owned, seen_by
from portal.contracts.competition.who import Standing, Who, named, standing_by_uid, standing_in
from portal.kernel.clock import iso, utc_now
from portal.kernel.db import db
from portal.kernel.ids import parse_uid
from portal.orgs.model import Organization
from portal.seasons import service
from portal.seasons.lists import lines_of, page_of, status_of, summary_of, visible
from portal.seasons.model import Season, SeasonCompetition, season_by_uid, visible_season
from portal.seasons.scoring import MOST_POINTS, MOST_WEIGHT, in_order
from portal.seasons.table import Line, Ranked, standings
from portal.web.body import Body, read_json
from portal.web.describe import Query, Shape, describe, read_query
from portal.web.moments import Moment

SECTION, READ = "Seasons", "seasons:read"
Points = int | float
Status = Literal["active", "completed", "upcoming"]
Type = Literal["challenge", "bracket", "league", "circuit", "ladder"]
CompetitionStatus = Literal["draft", "registration", "active", "completed", "canceled"]


def _point(words: str, example: int) -> Any:
    return Field(None, ge=0, le=MOST_POINTS, description=words, examples=[example])


class ScoringConfig(Body):
    win: Points | None = _point("Points per win; 3 when not said.", 3)
    loss: Points | None = _point("Points per loss; 0 when not said.", 0)
    draw: Points | None = _point("Points per draw; 1 when not said.", 1)
    place_points: list[int] | None = Field(
        None,
        description="Score by place instead: the points of first place, second place and so on, in each competition that is"
        " completed. With it, wins, losses and draws are only counted.",
        examples=[[25, 18, 15, 12, 10, 8, 6, 4, 2, 1]],
    )


class SeasonTerms(Body):
    description: str | None = Field(None, max_length=service.MOST_DESCRIPTION, description="Season description.")
    starts_at: Moment | None = Field(None, description="Season start date.", examples=["2026-03-01T00:00:00Z"])
    ends_at: Moment | None = Field(None, description="Season end date.", examples=["2026-06-01T00:00:00Z"])
    scoring_config: ScoringConfig | None = Field(None, description="Point values for standings.")


class NewSeason(SeasonTerms):
    org_id: str = Field(description="Organization ID.", examples=["f47ac10b-58cc-4372-a567-0e02b2c3d479"])
    name: str = Field(
        min_length=1, max_length=service.MOST_NAME, description="Season name (e.g. “Spring 2026”).", examples=["Spring 2026"]
    )


class ChangedSeason(SeasonTerms):
    """Every field may be left out; null clears description and times."""

    name: str | None = Field(
        None, min_length=1, max_length=service.MOST_NAME, description="Season name.", examples=["Spring 2026"]
    )
    status: Literal["active", "completed"] = Field("active", description="active or completed.", examples=["completed"])


class AddedCompetition(Body):
    competition_id: str = Field(description="Competition to add.")
    weight: float = Field(
        1.0, gt=0, le=MOST_WEIGHT, description="Weight multiplier for standings; 1.0 when not said.", examples=[1.5]
    )


class SeasonsQuery(Query):
    org_id: str | None = Field(None, description="Filter by organization.")
    status: Status | None = Field(None, description="Filter by status (active, completed, upcoming).")
    limit: int = Field(50, ge=1, le=200, description="Max results.")
    offset: int = Field(0, ge=0, le=2**31 - 1, description="Pagination offset.")


class RemovedQuery(Query):
    competition_id: str = Field(description="Competition to remove.")


class ScoringShape(Shape):
    win: Points
    loss: Points
    draw: Points
    place_points: list[int] | None = None


class SeasonShape(Shape):
    id: str
    org_id: str
    name: str = Field(examples=["Spring 2026"])
    description: str | None
    status: Status
    starts_at: str | None
    ends_at: str | None
    scoring_config: ScoringShape


class CreatedSeasonShape(SeasonShape):
    created_at: str


class SeasonSummaryShape(Shape):
    competitions: int
    competitions_completed: int
    total_matches: int
    unique_participants: int


class SeasonDetailShape(SeasonShape):
    summary: SeasonSummaryShape
    created_at: str
    updated_at: str


class SeasonItemShape(Shape):
    id: str
    name: str = Field(examples=["Spring 2026"])
    status: Status
    competition_count: int
    participant_count: int
    starts_at: str | None
    ends_at: str | None


class ChangedSeasonShape(Shape):
    """id, what was sent, updated_at."""

    id: str
    name: str | None = Field(None, examples=["Spring 2026"])
    description: str | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    scoring_config: ScoringShape | None = None
    status: Status | None = None
    updated_at: str


class AddedShape(Shape):
    season_id: str
    competition_id: str
    weight: float
    added_at: str


class SeasonCompetitionShape(Shape):
    competition_id: str
    title: str
    type: Type
    status: CompetitionStatus
    weight: float
    added_at: str


class RemovedShape(Shape):
    competition_id: str
    removed: Literal[True]


class BreakdownShape(Shape):
    competition_id: str
    title: str
    points: Points
    weight: float
    weighted_points: Points


class SeasonRowShape(Shape):
    rank: int
    wallet: str | None
    team_id: str | None
    team_name: str | None
    total_points: float
    competitions_entered: int
    total_wins: int
    total_losses: int
    total_draws: int
    breakdown: list[BreakdownShape]


class SeasonStandingsShape(Shape):
    season_id: str
    season_name: str
    scoring_config: ScoringShape
    standings: list[SeasonRowShape]


@api.post("/api/v1/seasons")
@admit("seasons:write", signed=True)
@describe("Create a season", SECTION, body=NewSeason, data=CreatedSeasonShape, status=201, errors=(404, 422))
def create_season(who: Who) -> Response:
    """201 with the season."""
    session, body = db.session(), read_json(NewSeason)
    standing = standing_by_uid(session, who, parse_uid("org_id", body.org_id), "admin")
    terms = body.model_dump(exclude={"org_id"}, exclude_unset=True)
    season = service.create_season(session, standing.organization, standing.actor, terms)
    return answer(_terms(season, standing.organization) | {"created_at": iso(season.created_at)}, 201)


@api.get("/api/v1/seasons")
@admit(None, signed=True, public=True)
@describe("List seasons", SECTION, query=SeasonsQuery, data=list[SeasonItemShape])
def list_seasons(who: Who) -> Response:
    """The newest first."""
    session, asked, now = db.session(), read_query(SeasonsQuery), utc_now()
    org = None if asked.org_id is None else parse_uid("org_id", asked.org_id)
    narrowed: dict[str, Any] = {"org": org, "status": asked.status, "limit": asked.limit, "offset": asked.offset}
    rows = page_of(session, seen_by(who), owned(who, Season.org_id, READ), now, **narrowed)
    return answer([_item(*row) for row in rows])


@api.get("/api/v1/seasons/<uid>")
@admit(None, signed=True, public=True)
@describe("Get a season", SECTION, data=SeasonDetailShape, errors=(404,))
def show_season(who: Who, uid: str) -> Response:
    """Its terms, and the figures of the competitions that the caller may see."""
    session = db.session()
    season = _readable(session, who, uid)
    figures = summary_of(session, season, seen_by(who))
    summary = {name: getattr(figures, name) for name in SeasonSummaryShape.model_fields}
    times = {name: iso(getattr(season, name)) for name in ("created_at", "updated_at")}
    return answer(_terms(season, session.get_one(Organization, season.org_id)) | {"summary": summary} | times)


@api.patch("/api/v1/seasons/<uid>")
@admit("seasons:write", signed=True)
@describe("Change a season", SECTION, body=ChangedSeason, data=ChangedSeasonShape, errors=(404, 422))
def change_season(who: Who, uid: str) -> Response:
    """The id, what was sent as it stands now, and the moment."""
    session = db.session()
    season, standing = _managed(session, who, uid)
    changes = read_json(ChangedSeason).model_dump(exclude_unset=True)
    service.change_season(session, season, standing.actor, changes)
    now = _terms(season, standing.organization)
    sent = {name: now[name] for name in request.get_json()}
    return answer({"id": season.uid} | sent | {"updated_at": iso(season.updated_at)})


@api.post("/api/v1/seasons/<uid>/competitions")
@admit("seasons:write", signed=True)
@describe("Add a competition to a season", SECTION, body=AddedCompetition, data=AddedShape, status=201, errors=(404, 409))
def add_season_competition(who: Who, uid: str) -> Response:
    """201 with the competition and its weight."""
    session = db.session()
    season, standing = _managed(session, who, uid)
    body = read_json(AddedCompetition)
    competition = competition_by_uid(session, season.org_id, parse_uid("competition_id", body.competition_id))
    line = service.add_competition(session, season, competition, standing.actor, body.weight)
    named = {"season_id": season.uid, "competition_id": competition.uid}
    return answer(named | {"weight": line.weight, "added_at": iso(line.added_at)}, 201)


@api.get("/api/v1/seasons/<uid>/competitions")
@admit(None, signed=True, public=True)
@describe("List the competitions of a season", SECTION, data=list[SeasonCompetitionShape], errors=(404,))
def list_season_competitions(who: Who, uid: str) -> Response:
    """Those that the caller may see, in the order in which they were added."""
    session = db.session()
    rows = lines_of(session, _readable(session, who, uid), seen_by(who))
    return answer([_line(line, competition) for line, competition in rows])


@api.delete("/api/v1/seasons/<uid>/competitions")
@admit("seasons:write", signed=True)
@describe("Remove a competition from a season", SECTION, query=RemovedQuery, data=RemovedShape, errors=(404, 409))
def remove_season_competition(who: Who, uid: str) -> Response:
    """The competition itself stays as it is."""
    session = db.session()
    season, standing = _managed(session, who, uid)
    competition_uid = parse_uid("competition_id", read_query(RemovedQuery).competition_id)
    service.remove_competition(session, season, competition_uid, standing.actor)
    return answer({"competition_id": competition_uid, "removed": True})


@api.get("/api/v1/seasons/<uid>/standings")
@admit(None, signed=True, public=True)
@describe("Get the standings of a season", SECTION, data=SeasonStandingsShape, errors=(404,))
def show_season_standings(who: Who, uid: str) -> Response:
    """The points of all competitions that the caller may see, times their weights."""
    session = db.session()
    season = _readable(session, who, uid)
    named = {"season_id": season.uid, "season_name": season.name, "scoring_config": in_order(season.scoring_config)}
    return answer(named | {"standings": [_row(ranked) for ranked in standings(session, season, seen_by(who))]})


def _readable(session: Session, who: Who, uid: str) -> Season:
    """Raises NotFound."""
    return visible_season(session, visible(owned(who, Season.org_id, READ)), named("Season", uid))


def _managed(session: Session, who: Who, uid: str) -> tuple[Season, Standing]:
    """A season of an organization that the caller runs. Raises NotFound for what a key does not own, Forbidden where a
    wallet is no admin."""
    if isinstance(who, Caller):
        season = season_by_uid(session, who.org_id, named("Season", uid))
    else:
        season = _readable(session, who, uid)
    return season, standing_in(session, who, session.get_one(Organization, season.org_id), "admin")


def _terms(season: Season, org: Organization) -> dict[str, Any]:
    """Everything up to `scoring_config`, in the page's order."""
    named = {"id": season.uid, "org_id": org.uid, "name": season.name, "description": season.description}
    times = {"starts_at": iso(season.starts_at), "ends_at": iso(season.ends_at)}
    return named | {"status": status_of(season, utc_now())} | times | {"scoring_config": in_order(season.scoring_config)}


def _item(season: Season, competitions: int, participants: int) -> dict[str, Any]:
    named = {"id": season.uid, "name": season.name, "status": status_of(season, utc_now())}
    counts = {"competition_count": competitions, "participant_count": participants}
    return named | counts | {"starts_at": iso(season.starts_at), "ends_at": iso(season.ends_at)}


def _line(line: SeasonCompetition, competition: Competition) -> dict[str, Any]:
    named = {"competition_id": competition.uid, "title": competition.title, "type": competition.type}
    return named | {"status": competition.status, "weight": line.weight, "added_at": iso(line.added_at)}


def _row(ranked: Ranked) -> dict[str, Any]:
    who = ranked.participant
    named = {"rank": ranked.rank, "wallet": who.wallet, "team_id": who.team_uid, "team_name": who.team_name}
    sums = {"total_points": float(who.total), "competitions_entered": who.entered}
    played = {"total_wins": who.wins, "total_losses": who.losses, "total_draws": who.draws}
    return named | sums | played | {"breakdown": [_brought(line) for line in who.lines]}


def _brought(line: Line) -> dict[str, Any]:
    named = {"competition_id": line.competition_uid, "title": line.title, "points": _number(line.points)}
    return named | {"weight": float(line.weight), "weighted_points": _number(line.weighted)}


def _number(points: Decimal) -> int | float:
    """As the page writes it: 18 where it is whole, 10.5 where it is not."""
    return int(points) if points == points.to_integral_value() else float(points)
