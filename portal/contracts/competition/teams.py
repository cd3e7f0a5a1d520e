"""Competition API, "Teams" and their rosters (competition-api.txt)."""

from typing import Any, Literal

from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.competitions.team_entries import is_entered
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.who import Standing, Who, named, standing_by_uid, standing_in
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.errors import NotFound
from portal.kernel.ids import parse_uid
from portal.orgs.model import Organization, organization_by_uid
from portal.players import service
from portal.players.model import RosterEntry, Team, anybodys_team, roster_of, team_by_uid, teams_with_counts
from portal.web.body import Body, read_json
from portal.web.describe import Query, Shape, describe, read_query
from portal.web.texts import LONGEST_ADDRESS

SECTION = "Teams"
RosterRole = Literal["captain", "player", "substitute"]


class NewTeam(Body):
    org_id: str = Field(description="Parent organization ID.")
    name: str = Field(min_length=2, max_length=100, description="Team name.", examples=["Team Alpha"])
    tag: str | None = Field(None, min_length=2, max_length=6, description="Short tag or abbreviation.", examples=["ALPHA"])
    logo_url: str | None = Field(None, max_length=LONGEST_ADDRESS, description="Team logo URL, http or https.")


class NewPlayer(Body):
    wallet: str = Field(description="Player wallet address: 0x and 40 hex digits.")
    role: RosterRole = Field("player", description="captain, player, or substitute.", examples=["player"])


class TeamsQuery(Query):
    org_id: str = Field(description="Organization ID.")
    limit: int = Field(1_000, ge=1, le=1_000, description="Max results.")
    offset: int = Field(0, ge=0, le=2**31 - 1, description="How many to leave out.")


class TeamShape(Shape):
    id: str
    org_id: str
    name: str
    tag: str | None
    logo_url: str | None
    created_at: str


class ListedTeam(Shape):
    id: str
    name: str
    tag: str | None
    logo_url: str | None
    roster_count: int
    created_at: str


class PlayerShape(Shape):
    id: str
    wallet: str
    role: RosterRole
    joined_at: str


class TeamWithRoster(Shape):
    id: str
    org_id: str
    name: str
    tag: str | None
    logo_url: str | None
    roster: list[PlayerShape]
    created_at: str


class AddedPlayer(Shape):
    id: str
    team_id: str
    wallet: str
    role: RosterRole
    joined_at: str


class DeletedShape(Shape):
    id: str
    deleted: Literal[True]


class RemovedShape(Shape):
    id: str
    removed: Literal[True]


@api.post("/api/v1/teams")
@admit("teams:write", signed=True)
@describe("Create a team", SECTION, body=NewTeam, data=TeamShape, status=201, errors=(404,))
def create_team(who: Who) -> Response:
    """201 with the team, which has nobody on its roster yet."""
    session, body = db.session(), read_json(NewTeam)
    standing = standing_by_uid(session, who, parse_uid("org_id", body.org_id), "member")
    team = service.create_team(session, standing.organization, standing.actor, body.name, body.tag, body.logo_url)
    return answer(_team(team, standing.organization) | {"created_at": iso(team.created_at)}, 201)


@api.get("/api/v1/teams")
@admit(None, signed=True, public=True)
@describe("List teams", SECTION, query=TeamsQuery, data=list[ListedTeam], errors=(404,))
def list_teams(who: Who) -> Response:
    """An organization's teams with the sizes of their rosters, the oldest first."""
    session, asked = db.session(), read_query(TeamsQuery)
    org = organization_by_uid(session, parse_uid("org_id", asked.org_id))
    if org.disabled_at is not None:
        raise NotFound("Organization not found.")
    rows = session.execute(teams_with_counts(org.id).limit(asked.limit).offset(asked.offset))
    return answer([_listed(team, players) for team, players in rows])


@api.get("/api/v1/teams/<uid>")
@admit(None, signed=True, public=True)
@describe("Get a team", SECTION, data=TeamWithRoster, errors=(404,))
def show_team(who: Who, uid: str) -> Response:
    """The team with its whole roster."""
    session = db.session()
    team, org = anybodys_team(session, named("Team", uid))
    roster = {"roster": [_player(entry) for entry in session.scalars(roster_of(team))]}
    return answer(_team(team, org) | roster | {"created_at": iso(team.created_at)})


@api.delete("/api/v1/teams/<uid>")
@admit("teams:write", signed=True)
@describe("Delete a team", SECTION, data=DeletedShape, errors=(404, 409))
def delete_team(who: Who, uid: str) -> Response:
    """The team and its whole roster; 409 while it is registered in a competition that is not over."""
    session = db.session()
    team, standing = _managed(session, who, uid, "admin")
    service.delete_team(session, standing.organization, team, standing.actor, is_entered=is_entered)
    return answer({"id": team.uid, "deleted": True})


@api.post("/api/v1/teams/<uid>/roster")
@admit("teams:write", signed=True)
@describe("Add or upsert a player", SECTION, body=NewPlayer, data=AddedPlayer, status=201, errors=(404,))
def put_player(who: Who, uid: str) -> Response:
    """201 with the player, also where the wallet was on the roster before."""
    session, body = db.session(), read_json(NewPlayer)
    team, standing = _managed(session, who, uid, "member")
    entry = service.put_player(session, standing.organization, team, body.wallet, body.role, standing.actor)
    shown = _player(entry)
    return answer({"id": shown.pop("id"), "team_id": team.uid} | shown, 201)


@api.get("/api/v1/teams/<uid>/roster")
@admit(None, signed=True, public=True)
@describe("List a roster", SECTION, data=list[PlayerShape], errors=(404,))
def list_roster(who: Who, uid: str) -> Response:
    """The team's players in the order in which they joined."""
    session = db.session()
    team, _ = anybodys_team(session, named("Team", uid))
    return answer([_player(entry) for entry in session.scalars(roster_of(team))])


@api.delete("/api/v1/teams/<uid>/roster/<player_uid>")
@admit("teams:write", signed=True)
@describe("Remove a player", SECTION, data=RemovedShape, errors=(404,))
def remove_player(who: Who, uid: str, player_uid: str) -> Response:
    """Take a player off the roster."""
    session, player = db.session(), named("Player", player_uid)
    team, standing = _managed(session, who, uid, "member")
    service.remove_player(session, standing.organization, team, player, standing.actor)
    return answer({"id": player, "removed": True})


def _managed(session: Session, who: Who, uid: str, least: str) -> tuple[Team, Standing]:
    """A team of an organization in which the caller is at least `least`; raises NotFound for what a key does not own."""
    uid = named("Team", uid)
    if isinstance(who, Caller):
        team, org = team_by_uid(session, who.org_id, uid), session.get_one(Organization, who.org_id)
    else:
        team, org = anybodys_team(session, uid)
    return team, standing_in(session, who, org, least)


def _team(team: Team, org: Organization) -> dict[str, Any]:
    return {"id": team.uid, "org_id": org.uid, "name": team.name, "tag": team.tag, "logo_url": team.logo_url}


def _listed(team: Team, players: int) -> dict[str, Any]:
    shown = {"id": team.uid, "name": team.name, "tag": team.tag, "logo_url": team.logo_url}
    return shown | {"roster_count": players, "created_at": iso(team.created_at)}


def _player(entry: RosterEntry) -> dict[str, Any]:
    return {"id": entry.uid, "wallet": entry.wallet, "role": entry.role, "joined_at": iso(entry.joined_at)}
