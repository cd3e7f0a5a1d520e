"""The captain's link of a team: made and shown once, revoked. Whoever has it acts for the team on player pages."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, url_for

from portal.branding.sites import site_of
from portal.kernel.db import db
from portal.orgs.access import Place, inside
from portal.players import captain_links
from portal.players.model import Team, team_by_uid
from portal.registration.addresses import qr_of
from portal.web.forms import Form
from portal.web.render import finish, render

pages = Blueprint("captains", __name__, url_prefix="/o/<org_slug>/teams/<uuid:uid>/link")


@pages.route("", methods=["GET", "POST"])
@inside("admin")
def make(place: Place, uid: UUID) -> Response:
    """A new link, which ends all before it. It answers the POST itself: the link is in no address, cookie or row."""
    session, form = db.session(), Form()
    team = team_by_uid(session, place.organization.id, str(uid))
    if form.validate_on_submit():
        token = captain_links.renew(session, team, place.actor)
        link = site_of(session, place.organization) + url_for("player_pages.show", token=token)
        return _shown_once(team, link)
    live, used = captain_links.live_links(session, team)
    sent = form.is_submitted()
    context: dict[str, Any] = {"team": team, "form": form, "live": live, "used": used, "here": _url("make", team)}
    part = "teams/_link_form.html" if sent else "teams/_link.html"
    return render("teams/drawer.html", part, 422 if sent else 200, part="teams/_link.html", **context)


@pages.post("/revoke")
@inside("admin")
def revoke(place: Place, uid: UUID) -> Response:
    session = db.session()
    team = team_by_uid(session, place.organization.id, str(uid))
    count = captain_links.revoke(session, team, place.actor)
    said = f"{team.name} has no link any more." if count else f"{team.name} had no link."
    return finish(url_for("teams.show", org_slug=place.organization.slug, uid=team.uid), said)


def _shown_once(team: Team, link: str) -> Response:
    context: dict[str, Any] = {"team": team, "link": link, "qr": qr_of(link)}
    answer = render("teams/drawer.html", "teams/_link_made.html", part="teams/_link_made.html", **context)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _url(view: str, team: Team) -> str:
    return url_for(f"captains.{view}", org_slug=g.place.organization.slug, uid=team.uid)
