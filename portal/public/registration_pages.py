"""Where players and teams register by themselves. No cookies, nothing that needs JavaScript.

There is nothing ambient to abuse, so there is no CSRF token; a brake by address, a field that only programs fill in, and
a form that counts once stand in the way of junk.
"""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, g, make_response, render_template, request, url_for
from sqlalchemy import select

from portal.audit.service import Actor
from portal.branding.brand import brand_of
from portal.branding.sites import site_of
from portal.competitions.model import Competition
from portal.competitions.words import amount_in_words
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.kernel.errors import Gone, NotFound, PortalError
from portal.orgs.model import Organization
from portal.public.answers import private
from portal.public.registration_forms import RegisterForm
from portal.registration import invitations, messages
from portal.registration.addresses import qr_of
from portal.registration.door import Door, door_of, roster_asked
from portal.registration.model import RegistrationPage, page_of
from portal.registration.service import Entered, enter
from portal.registration.tokens import checked_attempt
from portal.web import csrf, headers
from portal.web.throttle import limiter

pages = Blueprint("registration_pages", __name__)
csrf.exempt(pages)

# A hall full of players shares one address.
VISITS, SENT = "1200 per minute", "120 per 10 minutes"


@pages.route("/c/<slug>/<uuid:uid>/register", methods=["GET", "POST"])
@limiter.limit(VISITS)
@limiter.limit(SENT, methods=["POST"])
def show(slug: str, uid: UUID) -> Response:
    """The page for everybody."""
    competition, org = _found(slug, uid)
    if competition.visibility == "private":
        raise NotFound("Competition not found.")
    return _page(competition, org, None)


@pages.route("/c/<slug>/<uuid:uid>/register/<token>", methods=["GET", "POST"])
@limiter.limit(VISITS)
@limiter.limit(SENT, methods=["POST"])
def invited(slug: str, uid: UUID, token: str) -> Response:
    """The same by a one-time link, which looking at does not use up."""
    competition, org = _found(slug, uid)
    if request.method != "POST" and not invitations.is_good(db.session(), competition, token):
        return _refused(competition, org)
    return _page(competition, org, token)


def visitor() -> Actor:
    """Somebody without an account, as the audit log keeps them."""
    return Actor("player", "", "", g.address, g.request_id)


def branded(template: str, org: Organization, status: int = 200, **context: Any) -> Response:
    """A page in the organization's brand, kept from caches and search engines."""
    brand = brand_of(db.session(), org)
    headers.allow(img_src=brand.img_src())
    return private(make_response(render_template(template, organization=org, brand=brand, **context), status))


def _found(slug: str, uid: UUID) -> tuple[Competition, Organization]:
    query = select(Competition, Organization).join(Organization, Organization.id == Competition.org_id)
    here = (Competition.uid == str(uid), Organization.slug == slug, Organization.disabled_at.is_(None))
    row = db.session().execute(query.where(*here)).first()
    if row is None:
        raise NotFound("Competition not found.")
    return row[0], row[1]


def _page(competition: Competition, org: Organization, token: str | None) -> Response:
    session = db.session()
    setup = page_of(session, competition)
    form = RegisterForm()
    form.fit(setup, roster_asked(competition), approval=setup.approval and token is None)
    if form.validate_on_submit():
        try:
            return _entered(competition, org, _enter(competition, org, setup, form, token))
        except Gone:
            return _refused(competition, org)
        except PortalError as error:
            session.rollback()  # what was half done; the page shows what stands
            form.refuse(error)
    door = door_of(session, competition, setup, utc_now(), invited=token is not None)
    return _shown(competition, org, setup, form, door, token)


def _shown(
    competition: Competition, org: Organization, setup: RegistrationPage, form: RegisterForm, door: Door, token: str | None
) -> Response:
    given = {"competition": competition, "setup": setup, "form": form, "door": door, "invited": token is not None}
    given |= {"roster": roster_asked(competition), "home": _home(competition, org), "amount": amount_in_words}
    if not door.open:
        return branded("public/registration/shut.html", org, 409 if request.method == "POST" else 200, **given)
    return branded("public/registration/register.html", org, 422 if form.is_submitted() else 200, **given)


def _enter(
    competition: Competition, org: Organization, setup: RegistrationPage, form: RegisterForm, token: str | None
) -> Entered:
    attempt = checked_attempt(form.attempt.data)
    master = current_app.config["SETTINGS"].secret_key
    wish = form.wish(setup)
    return enter(db.session(), competition, org, wish, visitor(), master=master, attempt=attempt, invitation=token)


def _entered(competition: Competition, org: Organization, entered: Entered) -> Response:
    """The private link, this once. Sent again, the same form shows the same page."""
    session = db.session()
    address = site_of(session, org) + url_for("player_pages.show", token=entered.token)
    mailed = not entered.repeated and messages.tell_entered(session, org, competition, entered.team, entered.token, entered.entry)
    position = messages.position_of(session, entered.entry) if entered.entry and entered.entry.status == "waiting" else 0
    given: dict[str, Any] = {
        "competition": competition,
        "entered": entered,
        "address": address,
        "qr": qr_of(address),
        "mailed": mailed,
    }
    return branded("public/registration/entered.html", org, position=position, home=_home(competition, org), **given)


def _refused(competition: Competition, org: Organization) -> Response:
    """An invitation that opens nothing: which of the reasons it is, nobody is told. A private competition is not there."""
    if competition.visibility == "private":
        raise NotFound("Competition not found.")
    return branded("public/registration/not_invited.html", org, 410, competition=competition, home=_home(competition, org))


def _home(competition: Competition, org: Organization) -> str:
    """The public page; "" where there is none."""
    return "" if competition.visibility == "private" else url_for("competition_pages.show", slug=org.slug, uid=competition.uid)
