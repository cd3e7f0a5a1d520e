"""Feed API, tournaments and teams."""

from typing import Any, Literal

from pydantic import Field
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.competitions.model import Competition
from portal.contracts.feed.answers import answer
from portal.contracts.feed.blueprint import api
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.markets import lists
from portal.players.model import Team
from portal.web.describe import Query, Shape, describe, read_query

SECTION = "Tournaments and teams"
TIERS = ("S", "A", "B", "C", "D")
Tier = Literal["S", "A", "B", "C", "D"]


class TournamentsQuery(Query):
    tier: Tier | None = Field(None, description="Only this tier.")
    is_lan: bool | None = Field(None, description="Only those on a LAN, or only those that are not.")
    limit: int = Field(50, ge=1, le=200, description="Max results.")


class TeamsQuery(Query):
    limit: int = Field(50, ge=1, le=200, description="Max results.")


class TournamentShape(Shape):
    hltv_event_id: int | None = Field(examples=[7524])
    name: str
    tier: Tier | None = Field(examples=["S"])
    is_lan: bool
    prize_pool_usd: int | float | None = Field(examples=[250000])
    starts_at: str | None
    ends_at: str | None
    id: str
    status: Literal["registration", "active", "completed", "canceled"] = Field(examples=["active"])


class TeamRowShape(Shape):
    id: str
    name: str
    tag: str | None
    logo: str | None = Field(examples=["https://cdn.example.com/alpha.png"])


class TeamShape(TeamRowShape):
    wins: int
    draws: int
    losses: int


@api.get("/<sport:sport>/v1/tournaments")
@api.get("/<sport:sport>/v1/tournaments.xml")
@admit("{sport}:tournaments:list")
@describe("List tournaments", SECTION, query=TournamentsQuery, data=list[TournamentShape], errors=(406,))
def list_tournaments(caller: Caller, sport: str) -> Response:
    """The latest start first. `hltv_event_id`, `tier`, `is_lan` and `prize_pool_usd` are what the competition's metadata says."""
    asked = read_query(TournamentsQuery)
    found, total = lists.tournaments(db.session(), caller.org_id, sport, asked.tier, asked.is_lan, asked.limit)
    rows = [_tournament(each) for each in found]
    return answer(rows, {"count": len(rows), "limit": asked.limit, "total": total})


@api.get("/<sport:sport>/v1/teams")
@api.get("/<sport:sport>/v1/teams.xml")
@admit("{sport}:teams:list")
@describe("List teams", SECTION, query=TeamsQuery, data=list[TeamRowShape], errors=(406,))
def list_teams(caller: Caller, sport: str) -> Response:
    """Teams that registered for a competition of the sport, by name."""
    asked = read_query(TeamsQuery)
    found, total = lists.teams(db.session(), caller.org_id, sport, asked.limit)
    rows = [_team(team) for team in found]
    return answer(rows, {"count": len(rows), "limit": asked.limit, "total": total})


@api.get("/<sport:sport>/v1/teams/<uuid:uid>")
@api.get("/<sport:sport>/v1/teams/<uuid:uid>.xml")
@admit("{sport}:teams:read")
@describe("Get a team", SECTION, data=TeamShape, errors=(404, 406))
def show_team(caller: Caller, sport: str, uid: object) -> Response:
    """With its matches won, drawn and lost in the sport."""
    team, record = lists.team_with_record(db.session(), caller.org_id, sport, str(uid))
    return answer(_team(team) | record)


def _tournament(competition: Competition) -> dict[str, Any]:
    """What the metadata says counts only where it is of the kind that the field is."""
    said = competition.details or {}
    number, pool, tier = (said.get(name) for name in ("hltv_event_id", "prize_pool_usd", "tier"))
    told = {"hltv_event_id": number if type(number) is int else None, "name": competition.title}
    told |= {"tier": tier if tier in TIERS else None, "is_lan": lists.flag(said.get("is_lan"))}
    told |= {"prize_pool_usd": pool if type(pool) in (int, float) else None}
    times = {"starts_at": iso(competition.starts_at), "ends_at": iso(competition.ends_at)}
    return told | times | {"id": competition.uid, "status": competition.status}


def _team(team: Team) -> dict[str, Any]:
    return {"id": team.uid, "name": team.name, "tag": team.tag, "logo": team.logo_url}
