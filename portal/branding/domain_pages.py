"""The domain wizard: claim a name, copy two DNS records, check; and the question that a certificate service asks."""

from typing import Any

from flask import Blueprint, Response, request, url_for
from wtforms import StringField

from portal.branding import domains
from portal.branding.brand import own_host, own_url
from portal.branding.domain_model import domain_of, verified_domain
from portal.branding.jobs import recheck
from portal.kernel.db import db
from portal.kernel.errors import NotFound, PortalError
from portal.orgs.access import Place, inside
from portal.web import csrf
from portal.web.forms import Form, Length, Required, Typed
from portal.web.render import finish, redirect_to, render, toast
from portal.web.throttle import limiter

pages = Blueprint("domains", __name__, url_prefix="/o/<org_slug>/domain")
questions = Blueprint("certificates", __name__)
csrf.exempt(questions)


class ClaimForm(Form):
    host = StringField("Domain", [Required("Write the domain."), Length(253)])


class ReleaseForm(Form):
    confirm = StringField("Confirm", [Typed(lambda form: form.expected)])
    expected = ""


@pages.get("")
@inside("admin")
def index(place: Place) -> Response:
    return _page(place)


@pages.post("")
@inside("admin")
def claim(place: Place) -> Response:
    """Take note of the name; it works when the DNS proves it."""
    form, session = ClaimForm(), db.session()
    if form.validate_on_submit():
        try:
            domains.set_domain(session, place.organization, place.actor, form.host.data, own_host=own_host())
            toast("Now make the two DNS records.")
            return redirect_to(_home(place))
        except PortalError as error:
            form.refuse(error)
    return _page(place, "branding/_claim_form.html", 422, form=form)


@pages.post("/check")
@inside("admin")
def check(place: Place) -> Response:
    """Ask the DNS now."""
    session = db.session()
    domain = domain_of(session, place.organization)
    if domain is None:
        return finish(_home(place), "There is no domain to check.", "warning")
    number, actor = domain.id, place.actor
    session.rollback()  # nothing stays open while the DNS is asked
    recheck(number, actor)
    return redirect_to(_home(place))


check.own_work = True  # type: ignore[attr-defined]  # web.transaction asks for it


@pages.post("/release")
@inside("admin")
def release(place: Place) -> Response:
    """Give the name back; it rests for a week before another organization can have it."""
    session, form = db.session(), ReleaseForm()
    domain = domain_of(session, place.organization)
    form.expected = domain.host if domain else ""
    if domain is not None and form.validate_on_submit():
        domains.set_domain(session, place.organization, place.actor, None, own_host=own_host())
        return finish(_home(place), f"{domain.host} is released.")
    return _page(place, None, 422, release_error=next(iter(form.confirm.errors), None))


@questions.get("/domains/ask")
@limiter.limit("600 per minute")
def ask() -> Response:
    """200 where a certificate may be had for `domain`: for proven names, letter by letter. Raises NotFound for all others."""
    host = request.args.get("domain", "")
    known = host == own_host() or (host.isascii() and host.isprintable() and verified_domain(db.session(), host) is not None)
    if not known:
        raise NotFound("No certificate for this name.")
    return Response("", content_type="text/plain; charset=utf-8")


def _page(place: Place, fragment: str | None = None, status: int = 200, **shown: Any) -> Response:
    domain = domain_of(db.session(), place.organization)
    context = {
        "domain": domain,
        "records": domains.records_of(domain, own_host()) if domain else [],
        "form": ClaimForm(formdata=None),
        "own_url": own_url(),
        "rest": domains.REST.days,
        "patience": domains.PATIENCE.days,
        "release_error": None,
    }
    return render("branding/domain.html", fragment, status, **(context | shown))


def _home(place: Place) -> str:
    return url_for("domains.index", org_slug=place.organization.slug)
