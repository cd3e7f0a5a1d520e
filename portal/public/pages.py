"""What players see. No cookies, no framework, nothing that needs JavaScript."""

import secrets

from flask import Blueprint, Response, current_app, g, jsonify, make_response, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from portal.branding.brand import Brand, brand_of
from portal.branding.hosts import brand_here
from portal.config import Settings
from portal.kernel.clock import utc_now
from portal.kernel.db import db, unit_of_work
from portal.kernel.errors import Gone
from portal.kernel.log import log
from portal.orgs.model import Organization
from portal.public.answers import private
from portal.public.demo_game import examined
from portal.public.landing import REFUSALS, Landing, Refusal, landing_of, origin_of, with_token, words_of
from portal.public.visitors import is_person
from portal.session_tokens import opening, player_jwt
from portal.session_tokens.model import SessionToken
from portal.web import csrf, headers
from portal.web.throttle import limiter

pages = Blueprint("public", __name__)
csrf.exempt(pages)

# Offices and mobile networks put many players behind one address; tokens cannot be guessed at any rate.
VISITS = "1200 per minute"


@pages.route("/play/game/<int:number>", methods=["GET", "POST"], defaults={"kind": "game"})
@pages.route("/play/stream/<int:number>", methods=["GET", "POST"], defaults={"kind": "stream"})
@limiter.limit(VISITS)
def numbered(kind: str, number: int) -> Response:
    """The long form of a link, as integrators build it from the Session API's answer."""
    return _play(request.args.get("session_token", ""), kind, number)


@pages.route("/play/<token>", methods=["GET", "POST"])
@limiter.limit(VISITS)
def short(token: str) -> Response:
    """The short form."""
    return _play(token)


@pages.get("/.well-known/jwks.json")
def jwks() -> Response:
    """The keys that player tokens are signed with. Any site may read them."""
    with unit_of_work() as session:
        player_jwt.signing_key(session, _settings().master)
        answer = jsonify(player_jwt.published(session))
    answer.headers["Cache-Control"] = "public, max-age=300"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


@pages.get("/play/demo-game")
@limiter.limit(VISITS)
def demo_game() -> Response:
    """A game small enough to read: it checks the player's token and shows what it says."""
    token = request.args.get("jwt", "")
    checked = examined(player_jwt.published(db.session()), token, issuer=_settings().base_url)
    brand = _brand_of_game(checked.operator)
    headers.allow(img_src=brand.img_src())
    shown = {"checked": checked, "issuer": _settings().base_url, "brand": brand}
    return _page("public/demo_game.html", 200 if checked.good else 401, **shown)


def _play(token: str, kind: str = "", number: int | None = None) -> Response:
    """GET shows and never consumes: mail scanners and previews open links too. POST consumes and sends the player on."""
    found = landing_of(db.session(), token, kind, number)
    if request.method == "POST" and found.target is not None:
        return _enter(found, token)
    if found.refusal is not None:
        return _closed(found, found.refusal, found.status)
    assert found.target is not None and found.link is not None
    _note_receipt(found.link)
    brand = _brand(found)
    image = getattr(found.target, "image_url", None)
    sources = brand.img_src(*([origin_of(image)] if image else []))
    headers.allow(form_action=f"'self' {origin_of(found.target.launch_url)}", img_src=sources)
    shown = {"landing": found, "kind": words_of(found), "attempt": secrets.token_urlsafe(16)}
    return _page("public/landing.html", 200, brand=brand, **shown)


def _enter(found: Landing, token: str) -> Response:
    """Consume, and hand the player over. Pressing the button twice leads to the same place."""
    session, settings = db.session(), _settings()
    attempt = request.form.get("attempt", "")[:64]
    try:
        used = opening.consume(session, token, attempt=attempt, address=g.address, request_id=g.request_id)
    except Gone:
        # Without a refusal the link was good a moment ago: somebody else was first.
        return _closed(found, found.refusal or REFUSALS["consumed"], 410)
    link = session.get_one(SessionToken, used.session_id, populate_existing=True)
    operator = session.get_one(Organization, used.org_id)
    ticket = player_jwt.ticket_of(
        link, link.consumed_at or utc_now(), found.kind, issuer=settings.base_url, operator_id=operator.uid
    )
    assert found.target is not None
    launch = with_token(found.target.launch_url, player_jwt.sign(session, settings.master, ticket))
    return private(make_response(redirect(launch, 303)))


def _note_receipt(link: SessionToken) -> None:
    """Keep the first look of each sort. The player sees the page also when that cannot be written down just now."""
    person = is_person(request.method, request.headers)
    if link.opened_at if person else link.previewed_at:
        return
    try:
        with unit_of_work() as session:
            (opening.note_open if person else opening.note_preview)(session, link.id)
    except SQLAlchemyError as error:
        log.warning("receipt not written", link=link.id, error=type(error).__name__)


def _closed(found: Landing, refusal: Refusal, status: int) -> Response:
    brand = _brand(found)
    headers.allow(img_src=brand.img_src())
    return _page("public/closed.html", status, landing=found, refusal=refusal, brand=brand)


def _brand(found: Landing) -> Brand:
    return brand_of(db.session(), found.organization) if found.organization else brand_here()


def _brand_of_game(operator: str) -> Brand:
    """Whose link led here, as the checked token says; else that of the name in the address."""
    session = db.session()
    org = session.scalar(select(Organization).where(Organization.uid == operator)) if operator else None
    return brand_of(session, org) if org else brand_here()


def _page(template: str, status: int, **context: object) -> Response:
    return private(make_response(render_template(template, **context), status))


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
