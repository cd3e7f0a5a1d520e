"""Who stands on a team's roster: adding, giving roles, removing with a way back, CSV."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request, url_for
from sqlalchemy import select

from portal.console.team_forms import ROLE_WORDS, ImportForm, PlayerForm
from portal.kernel.db import db
from portal.kernel.errors import NotFound, PortalError
from portal.orgs.access import Place, inside
from portal.players import service
from portal.players.model import RosterEntry, Team, team_by_uid
from portal.players.names import shortened
from portal.players.roster_csv import import_roster
from portal.web.forms import Form
from portal.web.render import finish, render
from portal.web.tables import Badge, Choice, Column, Search, Table

pages = Blueprint("rosters", __name__, url_prefix="/o/<org_slug>/teams/<uuid:uid>/roster")

ROLES = {"captain": Badge("Captain", "live"), "player": Badge("Player", "draft"), "substitute": Badge("Substitute", "done")}


def url_of(view: str, uid: object, **more: Any) -> str:
    return url_for(f"rosters.{view}", org_slug=g.place.organization.slug, uid=uid, **more)


def _player_url(entry: RosterEntry) -> str:
    return url_for("players.show", org_slug=g.place.organization.slug, key=entry.wallet_key)


ROSTER = Table(
    "roster",
    [
        Column("wallet", "Wallet", sort=RosterEntry.wallet_key, pinned=True, link=_player_url),
        Column("role", "Role", value=lambda row: ROLES[row.role], sort=RosterEntry.role, kind="badge", pinned=True,
               csv=lambda row: row.role),
        Column("joined_at", "Joined", sort=RosterEntry.id, kind="time"),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[
        Search([RosterEntry.wallet], label="Wallet"),
        Choice("role", "Role", [(name, badge.word) for name, badge in ROLES.items()], column=RosterEntry.role),
    ],
    order="joined_at",
    sizes=(50, 100),
    noun=("player", "players"),
)  # fmt: skip


@pages.context_processor
def _words() -> dict[str, Any]:
    return {"role_words": ROLE_WORDS, "roster_url": url_of}


@pages.route("/add", methods=["GET", "POST"])
@inside("admin")
def add(place: Place, uid: UUID) -> Response:
    session, team = db.session(), _team(place, uid)
    form = PlayerForm()
    if form.validate_on_submit():
        try:
            entry = service.put_player(session, place.organization, team, form.wallet.data, form.role.data, place.actor)
            return finish(_back(team), f"{shortened(entry.wallet)} is {entry.role} of {team.name}.")
        except PortalError as error:
            form.refuse(error)
    return _answer("teams/_player.html", "teams/_player_form.html", form, here=url_of("add", team.uid), team=team)


@pages.route("/import", methods=["GET", "POST"], endpoint="import")
@inside("admin")
def import_one(place: Place, uid: UUID) -> Response:
    """The roster of this team from CSV, all or nothing."""
    team, form = _team(place, uid), ImportForm()
    if form.validate_on_submit():
        try:
            done = import_roster(db.session(), place.organization, team, place.actor, form.rows(many=False))
            return finish(_back(team), done.sentence)
        except PortalError as error:
            form.refuse(error)
    return _answer("teams/_import.html", "teams/_import_form.html", form, here=url_of("import", team.uid), team=team)


@pages.post("/<uuid:player_uid>/role")
@inside("admin")
def role(place: Place, uid: UUID, player_uid: UUID) -> Response:
    """Give the role in `?role=`; the toast offers the one before."""
    team = _team(place, uid)
    entry = _entry(team, player_uid)
    before, wanted = entry.role, request.args.get("role", "")
    service.put_player(db.session(), place.organization, team, entry.wallet, wanted, place.actor)
    undo = url_of("role", team.uid, player_uid=entry.uid, role=before) if before != wanted else None
    return finish(_back(team), f"{shortened(entry.wallet)} is {wanted} of {team.name} now.", undo_url=undo)


@pages.post("/<uuid:player_uid>/remove")
@inside("admin")
def remove(place: Place, uid: UUID, player_uid: UUID) -> Response:
    team = _team(place, uid)
    entry = _entry(team, player_uid)
    wallet, undo = entry.wallet, url_of("restore", team.uid, wallet=entry.wallet, role=entry.role)
    service.remove_player(db.session(), place.organization, team, entry.uid, place.actor)
    return finish(_back(team), f"{shortened(wallet)} is off the roster of {team.name}.", undo_url=undo)


@pages.post("/restore")
@inside("admin")
def restore(place: Place, uid: UUID) -> Response:
    """Undo of `remove`: wallet and role are in the address."""
    team = _team(place, uid)
    wallet, role = request.args.get("wallet", ""), request.args.get("role", "player")
    entry = service.put_player(db.session(), place.organization, team, wallet, role, place.actor)
    return finish(_back(team), f"{shortened(entry.wallet)} is back on the roster of {team.name}.")


def _team(place: Place, uid: UUID) -> Team:
    return team_by_uid(db.session(), place.organization.id, str(uid))


def _entry(team: Team, uid: UUID) -> RosterEntry:
    entry = db.session().scalar(select(RosterEntry).where(RosterEntry.team_id == team.id, RosterEntry.uid == str(uid)))
    if entry is None:
        raise NotFound("Player not found.")
    return entry


def _back(team: Team) -> str:
    return url_for("teams.show", org_slug=g.place.organization.slug, uid=team.uid)


def _answer(part: str, form_part: str, form: Form, **context: Any) -> Response:
    sent = form.is_submitted()
    return render("teams/drawer.html", form_part if sent else part, 422 if sent else 200, form=form, part=part, **context)
