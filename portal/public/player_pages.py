"""The private page of a player or team: whoever has its link acts for them. No cookies, nothing that needs JavaScript."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, redirect, request, url_for
from sqlalchemy.exc import SQLAlchemyError

from portal.branding.brand import own_url
from portal.branding.sites import site_of
from portal.competitions.model import Competition, competition_by_uid
from portal.kernel.clock import utc_now
from portal.kernel.db import db, unit_of_work
from portal.kernel.errors import NotFound, PortalError
from portal.kernel.log import log
from portal.players import captain_links
from portal.players.captain_links import Held, held_by
from portal.public.answers import private
from portal.public.player_view import Part, others_of, parts_of
from portal.public.registration_forms import NameForm
from portal.public.registration_pages import branded, visitor
from portal.registration import service
from portal.registration.addresses import qr_of
from portal.registration.tokens import checked_attempt, new_attempt, token_of
from portal.web import csrf
from portal.web.throttle import limiter

pages = Blueprint("player_pages", __name__, url_prefix="/p/<token>")
csrf.exempt(pages)

VISITS = "1200 per minute"
# What the page says after an act, by the word in its address.
SAID = {
    "in": "You are checked in.",
    "left": "You have left the competition.",
    "registered": "You are registered.",
    "asked": "Your request is with the organizer.",
    "renamed": "Saved.",
}


@pages.get("")
@limiter.limit(VISITS)
def show(token: str) -> Response:
    held = held_by(db.session(), token)
    _note_use(held)
    return _page(held, token, SAID.get(request.args.get("said", ""), ""))


@pages.post("/check-in/<uuid:uid>")
@limiter.limit(VISITS)
def check_in(token: str, uid: UUID) -> Response:
    held = held_by(db.session(), token)
    return _act(held, token, uid, lambda it: service.check_in(db.session(), it, held.team, visitor()), "in")


@pages.route("/leave/<uuid:uid>", methods=["GET", "POST"])
@limiter.limit(VISITS)
def leave(token: str, uid: UUID) -> Response:
    """Asks first."""
    held = held_by(db.session(), token)
    competition = _competition(held, uid)
    if request.method == "GET":
        return branded("public/registration/leave.html", held.organization, competition=competition, team=held.team, token=token)
    return _act(held, token, uid, lambda it: service.leave(db.session(), it, held.team, visitor()), "left")


@pages.post("/register/<uuid:uid>")
@limiter.limit(VISITS)
def register(token: str, uid: UUID) -> Response:
    """Register for another competition under the same name."""
    held = held_by(db.session(), token)
    competition = _competition(held, uid)
    try:
        entered = service.join(db.session(), competition, held.team, visitor())
    except PortalError as error:
        return _refused(held, token, error)
    return _back(token, "registered" if entered.entry else "asked")


@pages.route("/name", methods=["GET", "POST"])
@limiter.limit(VISITS)
def rename(token: str) -> Response:
    held = held_by(db.session(), token)
    form = NameForm(data={"name": held.team.name, "tag": held.team.tag})
    form.name.label.text = "Your name" if held.team.solo else "Team name"
    if form.validate_on_submit():
        try:
            tag = held.team.tag if held.team.solo else form.tag.data or None
            service.rename(db.session(), held.organization, held.team, visitor(), form.name.data, tag)
            return _back(token, "renamed")
        except PortalError as error:
            db.session().rollback()
            form.refuse(error)
    status = 422 if form.is_submitted() else 200
    return branded("public/registration/rename.html", held.organization, status, team=held.team, form=form, token=token)


@pages.route("/new-link", methods=["GET", "POST"])
@limiter.limit(VISITS)
def renew(token: str) -> Response:
    """Asks first; then the new link stands on the answer, this once. Pressing the button twice shows the same one."""
    session, master = db.session(), current_app.config["SETTINGS"].secret_key
    if request.method == "GET":
        held = held_by(session, token)
        given: dict[str, Any] = {"team": held.team, "token": token, "attempt": new_attempt()}
        return branded("public/registration/renew.html", held.organization, **given)
    attempt = checked_attempt(request.form.get("attempt"))
    try:
        held = held_by(session, token_of(master, f"renew:{token}", attempt))
    except NotFound:
        held = held_by(session, token)
    fresh = service.renew_link(session, held.team, visitor(), token, master=master, attempt=attempt)
    address = site_of(session, held.organization) + url_for("player_pages.show", token=fresh)
    return branded("public/registration/renewed.html", held.organization, team=held.team, address=address, qr=qr_of(address))


def _page(held: Held, token: str, said: str = "", trouble: str = "", status: int = 200) -> Response:
    session = db.session()
    given: dict[str, Any] = {"team": held.team, "token": token, "said": said, "trouble": trouble}
    given |= {"parts": parts_of(session, held.team), "others": others_of(session, held.team, utc_now())}
    given |= {"may_rename": service.may_rename(session, held.team), "door_code": lambda part: _door_code(held, part)}
    return branded("public/registration/player.html", held.organization, status, **given)


def _act(held: Held, token: str, uid: UUID, act: Any, word: str) -> Response:
    competition = _competition(held, uid)
    try:
        act(competition)
    except PortalError as error:
        return _refused(held, token, error)
    return _back(token, word)


def _refused(held: Held, token: str, error: PortalError) -> Response:
    """The page as it stands, with the reason on top."""
    db.session().rollback()
    return _page(held, token, trouble=error.message, status=409)


def _back(token: str, word: str) -> Response:
    return private(redirect(url_for("player_pages.show", token=token, said=word), 303))  # type: ignore[arg-type]


def _competition(held: Held, uid: UUID) -> Competition:
    """One of the same organization. Raises NotFound."""
    return competition_by_uid(db.session(), held.organization.id, str(uid))


def _door_code(held: Held, part: Part) -> str:
    """What a helper at the door scans: the check-in desk with this registration on top."""
    entry = part.entry.uid if part.entry else ""
    path = f"/o/{held.organization.slug}/competitions/{part.competition.uid}/check-in?entrant={entry}"
    return qr_of(own_url().rstrip("/") + path)


def _note_use(held: Held) -> None:
    """When the link was last used. The page shows also when that cannot be written down just now."""
    if not captain_links.is_due(held.link, utc_now()):
        return
    try:
        with unit_of_work() as session:
            captain_links.note_use(session, held.link.id)
    except SQLAlchemyError as error:
        log.warning("use of a link not written", link=held.link.id, error=type(error).__name__)
