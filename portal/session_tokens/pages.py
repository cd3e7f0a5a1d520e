"""Session links in the back office: the list, making one, a link's receipts, revoking."""

import json
from typing import Any

import segno
from flask import Blueprint, Response, request, url_for
from markupsafe import Markup

from portal.audit.model import AuditRow
from portal.audit.service import rows_of
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.orgs.access import Place, inside
from portal.session_tokens import batch_pages, service
from portal.session_tokens.addresses import address_of
from portal.session_tokens.forms import LinkForm
from portal.session_tokens.lists import LINKS, funnel_of, leads_to, receipts, reference_of, state_badge, targets
from portal.session_tokens.model import SessionToken, batch_by_uid, link_by_number, links_of
from portal.web.render import finish, render

pages = Blueprint("session_tokens", __name__, url_prefix="/o/<org_slug>/sessions")
pages.register_blueprint(batch_pages.pages)


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    """The list with its funnel; `?batch=` narrows it to the links of one upload."""
    session, query, batch = db.session(), links_of(place.organization), None
    if request.args.get("batch"):
        batch = batch_by_uid(session, place.organization, request.args["batch"])
        query = query.where(SessionToken.batch_id == batch.id)
    links = LINKS.page(session, query, request.args)
    if links.wants_csv:
        return links.csv()
    funnel = funnel_of(session, place.organization, utc_now())
    return render("session_tokens/list.html", "session_tokens/_list.html", links=links, funnel=funnel, batch=batch)


@pages.route("/new", methods=["GET", "POST"])
@inside("admin")
def new(place: Place) -> Response:
    """Make one link. Its address is on the answer, this once, so the answer is never a redirect."""
    session = db.session()
    form = LinkForm(target=request.args.get("target"))
    form.target.choices = targets(session, place.organization, only_active=True)
    if form.validate_on_submit():
        try:
            made = service.create_session(session, place.organization.id, place.actor, **form.plan())
            return _shown_once(place, made)
        except PortalError as error:
            form.refuse(error)
    sent = form.is_submitted()
    fragment = "session_tokens/_form.html" if sent else "session_tokens/_new.html"
    return render("session_tokens/new.html", fragment, 422 if sent else 200, form=form)


@pages.get("/<int:number>")
@inside("member")
def show(place: Place, number: int) -> Response:
    """One link: where it leads, how far it got, and what was done to it."""
    session = db.session()
    link = link_by_number(session, place.organization, number)
    activity = session.scalars(rows_of(place.organization.id, ("session", link.id)).order_by(AuditRow.id.desc()).limit(50)).all()
    details = json.dumps(link.details, ensure_ascii=False, indent=2) if link.details else ""
    parts: dict[str, Any] = {
        "link": link,
        "details": details,
        "name": reference_of(link),
        "badge": state_badge(link),
        "leads_to": leads_to(link),
    }
    return render("session_tokens/show.html", steps=receipts(link), activity=activity, **parts)


@pages.post("/<int:number>/revoke")
@inside("admin")
def revoke(place: Place, number: int) -> Response:
    """The link opens nothing any more."""
    session = db.session()
    link = link_by_number(session, place.organization, number)
    service.revoke(session, place.organization, place.actor, link)
    here = url_for("session_tokens.show", org_slug=place.organization.slug, number=number)
    return finish(here, f"{reference_of(link)} is revoked. It opens nothing any more.")


@pages.post("/revoke")
@inside("admin")
def revoke_selected(place: Place) -> Response:
    """Revoke those of the chosen links that nobody has used."""
    numbers = [int(text) for text in request.form.getlist("id") if text.isascii() and text.isdigit() and len(text) < 11]
    count = service.revoke_many(db.session(), place.organization, place.actor, numbers)
    left = len(set(numbers)) - count
    rest = f" {left} had been used or revoked before and stay as they are." if left else ""
    here = url_for("session_tokens.index", org_slug=place.organization.slug)
    return finish(here, f"{count} {'link is' if count == 1 else 'links are'} revoked.{rest}", "success" if count else "info")


def _shown_once(place: Place, made: service.Created) -> Response:
    address = address_of(made.token)
    picture = segno.make(address, error="m")
    parts: dict[str, Any] = {
        "address": address,
        "qr": Markup(picture.svg_data_uri(scale=5, border=3, light="#fff", dark="#000")),  # noqa: S704 - made here
        "made": made,
        "done_url": url_for("session_tokens.show", org_slug=place.organization.slug, number=made.id),
    }
    answer = render("session_tokens/made.html", "session_tokens/_made.html", **parts)
    answer.headers["Cache-Control"] = "no-store"
    return answer
