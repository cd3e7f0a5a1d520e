"""Competitions in the back office: the list, and the overview and activity of one."""

from uuid import UUID

from flask import Blueprint, Response, g, request

from portal.competitions.frame import STATES, competition_here, frame, url_of
from portal.competitions.model import Competition, competitions_of
from portal.kernel.db import db
from portal.orgs.access import Place, inside
from portal.web.render import render
from portal.web.tables import Choice, Column, Search, Table

pages = Blueprint("competitions", __name__, url_prefix="/o/<org_slug>/competitions")


def _link(competition: Competition) -> str:
    return url_of(g.place, competition, "competitions.show")


COMPETITIONS = Table(
    "competitions",
    [
        Column("title", "Title", sort=Competition.title, pinned=True, link=_link),
        Column("status", "Status", value=lambda row: STATES[row.status], sort=Competition.status, kind="badge"),
        Column("created_at", "Created", sort=Competition.created_at, kind="time"),
    ],
    filters=[
        Search([Competition.title, Competition.uid], label="Title or id"),
        Choice("status", "Status", [(name, badge.word) for name, badge in STATES.items()], column=Competition.status),
    ],
    order="-created_at",
    noun=("competition", "competitions"),
)


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    found = COMPETITIONS.page(db.session(), competitions_of(place.organization.id), request.args)
    return found.csv() if found.wants_csv else render("competitions/list.html", "competitions/_list.html", competitions=found)


@pages.get("/<uuid:uid>")
@inside("member")
def show(place: Place, uid: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    return render("competitions/show.html", **frame(db.session(), place, competition))
