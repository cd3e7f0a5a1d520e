"""One-time links to register: the list, making many, taking them back."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, request, url_for

from portal.branding.sites import site_of
from portal.competitions.frame import competition_here, frame, url_of
from portal.competitions.model import Competition
from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.orgs.access import Place, inside
from portal.registration import invitations
from portal.registration.addresses import qr_of
from portal.registration.forms import InviteForm
from portal.registration.lists import INVITATIONS, counts_of
from portal.registration.model import Invitation, invitations_of, page_of
from portal.registration.parts import parts_of
from portal.registration.tokens import checked_attempt, new_attempt
from portal.web.render import csv_cell, finish, render, wants_fragment

pages = Blueprint("invitations", __name__, url_prefix="/invitations")

# Drawing a code takes a hundredth of a second.
MOST_PICTURES = 60


@pages.get("")
@inside("member")
def index(place: Place, uid: UUID) -> Response:
    session = db.session()
    competition = competition_here(session, place, uid)
    found = INVITATIONS.page(session, invitations_of(competition), request.args)
    if found.wants_csv:
        return found.csv()
    shown: dict[str, Any] = {"invitations": found, "setup": page_of(session, competition)}
    shown["url"] = lambda endpoint, **more: url_of(place, competition, endpoint, **more)
    if wants_fragment():
        return render("registering/invitations.html", "registering/_invitations.html", competition=competition, **shown)
    parts = parts_of(place, competition, *counts_of(session, competition))
    return render("registering/invitations.html", **frame(session, place, competition), parts=parts, **shown)


@pages.route("/new", methods=["GET", "POST"])
@inside("admin")
def new(place: Place, uid: UUID) -> Response:
    """Make links. They are on the answer, this once, so the answer is never a redirect."""
    competition = competition_here(db.session(), place, uid)
    form = InviteForm()
    if form.validate_on_submit():
        try:
            return _shown_once(place, competition, _make(place, competition, form))
        except PortalError as error:
            form.refuse(error)
            if getattr(error, "field", "") == "attempt":
                form.attempt.data = new_attempt()
    sent = form.is_submitted()
    given = {"form": form, "competition": competition, "here": url_of(place, competition, "registering.invitations.new")}
    given |= {"back": url_of(place, competition, "registering.invitations.index"), "part": "registering/_invite.html"}
    fragment = "registering/_invite_form.html" if sent else "registering/_invite.html"
    return render("registering/drawer.html", fragment, 422 if sent else 200, **given)


@pages.post("/revoke")
@inside("admin")
def revoke(place: Place, uid: UUID) -> Response:
    """Take back those of the chosen links that nobody has used."""
    competition = competition_here(db.session(), place, uid)
    chosen = list(dict.fromkeys(request.form.getlist("id")))[:500]
    count = invitations.revoke(db.session(), competition, place.actor, chosen)
    left = len(chosen) - count
    rest = f" {left} had been used or revoked before and stay as they are." if left else ""
    here = url_of(place, competition, "registering.invitations.index")
    return finish(
        here, f"{count} {'link opens' if count == 1 else 'links open'} nothing any more.{rest}", "success" if count else "info"
    )


def _make(place: Place, competition: Competition, form: InviteForm) -> list[tuple[Invitation, str]]:
    master = current_app.config["SETTINGS"].secret_key
    attempt = checked_attempt(form.attempt.data)
    return invitations.make(db.session(), competition, place.actor, form.wanted(), form.until(), master=master, attempt=attempt)


def _shown_once(place: Place, competition: Competition, made: list[tuple[Invitation, str]]) -> Response:
    site, slug = site_of(db.session(), place.organization), place.organization.slug
    links: list[dict[str, Any]] = []
    for invitation, token in made:
        address = site + url_for("registration_pages.invited", slug=slug, uid=competition.uid, token=token)
        links.append({"label": invitation.label, "address": address})
    if len(links) <= MOST_PICTURES:
        for link in links:
            link["qr"] = qr_of(link["address"], 3)
    lines = ["for,link"] + [f"{_quoted(link['label'] or '')},{link['address']}" for link in links]
    given: dict[str, Any] = {
        "links": links,
        "lines": "\n".join(lines),
        "competition": competition,
        "until": made[0][0].expires_at,
    }
    given |= {"done_url": url_of(place, competition, "registering.invitations.index"), "most": MOST_PICTURES}
    answer = render("registering/made.html", "registering/_made.html", **given)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _quoted(label: str) -> str:
    """A cell that no spreadsheet runs."""
    return '"' + csv_cell(label).replace('"', '""') + '"'
