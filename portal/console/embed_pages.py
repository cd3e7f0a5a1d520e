"""The embed builder: choose a competition and how it is shown, see it at once, copy the code. Its state is the address."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.competitions.frame import STATES
from portal.competitions.model import Competition, competition_by_uid, competitions_of
from portal.console.embeds import allowed_sites, built, hindrance
from portal.kernel.db import db
from portal.kernel.ids import parse_uid
from portal.orgs.access import Place, inside
from portal.web import headers
from portal.web.render import render
from portal.web.tables import Choice, Column, Search, Table

pages = Blueprint("embeds", __name__, url_prefix="/o/<org_slug>/embeds")

SEEN = (("public", "Public"), ("unlisted", "Unlisted"), ("private", "Private"))
_NAMES = dict(SEEN)

COMPETITIONS = Table(
    "embeds",
    [
        Column("title", "Competition", sort=Competition.title, pinned=True, link=lambda row: _builder(row)),
        Column("status", "Status", value=lambda row: STATES[row.status], sort=Competition.status, kind="badge"),
        Column("visibility", "Who sees it", value=lambda row: _NAMES[row.visibility], sort=Competition.visibility),
        Column("created_at", "Created", sort=Competition.created_at, kind="time"),
    ],
    filters=[
        Search([Competition.title, Competition.uid], label="Title or id"),
        Choice("status", "Status", [(name, badge.word) for name, badge in STATES.items()], column=Competition.status),
        Choice("visibility", "Who sees it", SEEN, column=Competition.visibility),
    ],
    order="-created_at",
    noun=("competition", "competitions"),
)


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    """With a competition the builder, without one the list to choose from."""
    asked = request.args.get("competition", "")
    if asked:
        return _build(place, competition_by_uid(db.session(), place.organization.id, parse_uid("competition", asked)))
    found = COMPETITIONS.page(db.session(), competitions_of(place.organization.id), request.args)
    return found.csv() if found.wants_csv else render("embeds/choose.html", "embeds/_choose.html", competitions=found)


def _build(place: Place, competition: Competition) -> Response:
    made = built(db.session(), place.organization, competition, request.args.to_dict())
    shown: dict[str, Any] = {
        "competition": competition,
        "form": made.form,
        "embed": made.embed,
        "hindrance": hindrance(competition),
        "sites": allowed_sites(place.organization),
    }
    headers.allow(frame_src="'self'")
    return render("embeds/builder.html", "embeds/_shown.html", **shown)


def _builder(competition: Competition) -> str:
    return url_for("embeds.index", org_slug=(request.view_args or {})["org_slug"], competition=competition.uid)
