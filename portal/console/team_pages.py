"""Teams in the back office: the list, one team with its roster, and what it played."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request, url_for
from sqlalchemy import String, column, select, true
from sqlalchemy.orm import Session

from portal.audit.service import rows_of
from portal.competitions import history, people
from portal.competitions.team_entries import entered_in, is_entered
from portal.console import people_tables
from portal.console.roster_pages import ROSTER
from portal.console.team_forms import DeleteForm, EditForm, ImportForm, TeamForm
from portal.kernel.db import db
from portal.kernel.errors import Conflict, NotFound, PortalError
from portal.orgs.access import Place, inside
from portal.players.editing import update_team
from portal.players.model import RosterEntry, Team, team_by_uid, teams_of
from portal.players.roster_csv import COLUMNS, import_teams
from portal.players.service import create_team, delete_team
from portal.seasons.showing import ACTIVITY
from portal.web.forms import Form
from portal.web.render import as_csv, finish, redirect_to, render, toast
from portal.web.tables import Choice, Column, Search, Table

pages = Blueprint("teams", __name__, url_prefix="/o/<org_slug>/teams")

TABS = (
    ("show", "Roster"),
    ("competitions", "Competitions"),
    ("matches", "Matches"),
    ("opponents", "Opponents"),
    ("activity", "Activity"),
)
TOLD = 3  # refusals that a toast names


def url_of(view: str, uid: object = None, **more: Any) -> str:
    if uid is not None:
        more["uid"] = uid
    return url_for(f"teams.{view}", org_slug=g.place.organization.slug, **more)


TEAMS = Table(
    "teams",
    [
        Column("name", "Name", sort=column("name"), pinned=True, link=lambda row: url_of("show", row.uid)),
        Column("tag", "Tag", sort=column("tag"), kind="id"),
        Column("players", "Players", sort=column("players"), kind="number"),
        Column("competitions", "Competitions", sort=column("competitions"), kind="number"),
        Column("record", "Won–drawn–lost", value=people_tables.record_words, sort=column("wins")),
        Column("last_played", "Last played", sort=column("last_played"), kind="time"),
        Column("created_at", "Created", sort=column("created_at"), kind="time"),
        Column("logo_url", "Logo address", kind="id", shown=False),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[
        Search([column("name", String), column("tag", String), column("uid", String)], label="Name, tag or id"),
        Choice(
            "kind", "Show", [("solo", "Single players"), ("all", "Both")], empty="Teams",
            criteria_of={"solo": column("solo").is_(True), "all": true()},
        ),
        Choice(
            "roster", "Roster", [("some", "With players"), ("none", "Empty")],
            criteria_of={"some": column("players") > 0, "none": column("players") == 0},
        ),
    ],
    order="-created_at",
    noun=("team", "teams"),
    unique=column("id"),
)  # fmt: skip


@pages.context_processor
def _words() -> dict[str, Any]:
    return people_tables.words() | {"team_url": url_of}


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    query = people.teams(place.organization.id)
    if request.args.get("kind") not in ("solo", "all"):
        query = query.where(column("solo").is_(False))
    teams = TEAMS.page(db.session(), query, request.args)
    return teams.csv() if teams.wants_csv else render("teams/list.html", "teams/_list.html", teams=teams)


@pages.route("/new", methods=["GET", "POST"])
@inside("admin")
def new(place: Place) -> Response:
    form = TeamForm()
    if form.validate_on_submit():
        try:
            team = create_team(db.session(), place.organization, place.actor, **form.terms())
            toast(f"{team.name} is created. Put players on its roster.")
            return redirect_to(url_of("show", team.uid))
        except PortalError as error:
            form.refuse(error)
    return _answer("teams/_new.html", "teams/_form.html", form, here=url_of("new"), team=None)


@pages.route("/import", methods=["GET", "POST"], endpoint="import")
@inside("admin")
def import_many(place: Place) -> Response:
    """Teams with their rosters from CSV, all or nothing."""
    form = ImportForm()
    if form.validate_on_submit():
        try:
            done = import_teams(db.session(), place.organization, place.actor, form.rows(many=True))
            return finish(url_of("index"), done.sentence)
        except PortalError as error:
            form.refuse(error)
    return _answer("teams/_import.html", "teams/_import_form.html", form, here=url_of("import"), team=None)


@pages.get("/rosters.csv")
@inside("member")
def rosters(place: Place) -> Response:
    """Every team with its players, as the import reads it."""
    query = select(Team.name, Team.tag, RosterEntry.wallet, RosterEntry.role).outerjoin(RosterEntry)
    mine = teams_of(place.organization.id).whereclause
    rows = db.session().execute(query.where(mine, Team.solo.is_(False)).order_by(Team.name, Team.id, RosterEntry.id))  # type: ignore[arg-type]
    return as_csv("rosters.csv", COLUMNS, [tuple(row) for row in rows])


@pages.post("/delete")
@inside("admin")
def delete_selected(place: Place) -> Response:
    """Each by itself: those that play somewhere stay, and are named."""
    session, gone, refused = db.session(), 0, []
    for uid in dict.fromkeys(request.form.getlist("id")):
        try:
            team = team_by_uid(session, place.organization.id, uid)
            delete_team(session, place.organization, team, place.actor, is_entered=is_entered)
            gone += 1
        except (Conflict, NotFound) as error:
            refused.append(error.message)
    said = f"{gone} {'team is' if gone == 1 else 'teams are'} deleted." if gone else "No team was deleted."
    more = f" And {len(refused) - TOLD} more." if len(refused) > TOLD else ""
    return finish(url_of("index"), f"{said} {' '.join(refused[:TOLD])}{more}".strip(), "warning" if refused else "success")


@pages.get("/<uuid:uid>")
@inside("member")
def show(place: Place, uid: UUID) -> Response:
    """The roster, and how the team did."""
    session, team = db.session(), _team(place, uid)
    roster = ROSTER.page(session, select(RosterEntry).where(RosterEntry.team_id == team.id), request.args)
    if roster.wants_csv:
        return roster.csv()
    places = history.places(session, people.entries_of_team(team))
    return render("teams/show.html", "teams/_roster.html", roster=roster, places=places, **_frame(session, place, team))


@pages.get("/<uuid:uid>/competitions", defaults={"tab": "competitions"}, endpoint="competitions")
@pages.get("/<uuid:uid>/matches", defaults={"tab": "matches"}, endpoint="matches")
@pages.get("/<uuid:uid>/opponents", defaults={"tab": "opponents"}, endpoint="opponents")
@inside("member")
def played(place: Place, uid: UUID, tab: str) -> Response:
    session, team = db.session(), _team(place, uid)
    context = _frame(session, place, team)
    return people_tables.answer(session, tab, people.entries_of_team(team), "teams/played.html", **context)


@pages.get("/<uuid:uid>/activity")
@inside("member")
def activity(place: Place, uid: UUID) -> Response:
    session, team = db.session(), _team(place, uid)
    table = ACTIVITY.page(session, rows_of(place.organization.id, ("team", team.uid)), request.args)
    if table.wants_csv:
        return table.csv()
    return render("teams/activity.html", "teams/_activity.html", activity=table, **_frame(session, place, team))


@pages.route("/<uuid:uid>/edit", methods=["GET", "POST"])
@inside("admin")
def edit(place: Place, uid: UUID) -> Response:
    team = _team(place, uid)
    form = EditForm(data={name: getattr(team, name) for name in ("name", "tag", "logo_url", "contact")})
    if form.validate_on_submit():
        try:
            changed = update_team(db.session(), place.organization, team, place.actor, **form.terms())
            return finish(url_of("show", team.uid), f"{team.name} is saved." if changed else "Nothing was different.")
        except PortalError as error:
            form.refuse(error)
    return _answer("teams/_edit.html", "teams/_form.html", form, here=url_of("edit", team.uid), team=team)


@pages.route("/<uuid:uid>/delete", methods=["GET", "POST"])
@inside("admin")
def delete(place: Place, uid: UUID) -> Response:
    """For good, after its name was typed; refused while it plays somewhere."""
    session, team = db.session(), _team(place, uid)
    form = DeleteForm()
    form.expected = team.name
    if form.validate_on_submit():
        try:
            delete_team(session, place.organization, team, place.actor, is_entered=is_entered)
            toast(f"{team.name} is deleted. Results of the past keep its name.")
            return redirect_to(url_of("index"))
        except Conflict as error:
            form.refuse(error)
    context = {"here": url_of("delete", team.uid), "team": team, "entered": entered_in(session, team)}
    return _answer("teams/_delete.html", "teams/_delete_form.html", form, **context)


def _team(place: Place, uid: UUID) -> Team:
    return team_by_uid(db.session(), place.organization.id, str(uid))


def _frame(session: Session, place: Place, team: Team) -> dict[str, Any]:
    """What every page of one team has around it. One statement."""
    here = (request.endpoint or "").partition(".")[2]
    tabs = [{"label": label, "url": url_of(view, team.uid), "current": view == here} for view, label in TABS]
    return {"team": team, "tabs": tabs, "record": history.record_of(session, people.entries_of_team(team))}


def _answer(part: str, form_part: str, form: Form, **context: Any) -> Response:
    """The drawer's part, or the form alone with 422 when it comes back; inside a page for everybody without the drawer."""
    sent = form.is_submitted()
    return render("teams/drawer.html", form_part if sent else part, 422 if sent else 200, form=form, part=part, **context)
