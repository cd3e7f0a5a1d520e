"""Offers on the matches of one competition, in the back office: the list, what is done with them, the settlement log."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request

from portal.competitions.frame import competition_here, frame, url_of
from portal.competitions.model import Competition
from portal.kernel.db import db
from portal.kernel.errors import Conflict, Invalid, PortalError
from portal.markets import service
from portal.markets.lists import open_matches
from portal.markets.model import Offer, offer_by_uid
from portal.markets.office import (
    OFFERS,
    STEPS,
    OfferForm,
    PricesForm,
    SettleForm,
    VoidForm,
    WinnersForm,
    offers_with_matches,
    steps_with_matches,
)
from portal.orgs.access import Place, inside
from portal.web.forms import Form, choices_of
from portal.web.render import finish, render

pages = Blueprint("offers", __name__, url_prefix="/o/<org_slug>/competitions/<uuid:uid>/offers")
SWITCHES: dict[str, tuple[Callable[..., Offer], str]] = {
    "suspend": (service.suspend, "takes no more bets."),
    "unsuspend": (service.unsuspend, "takes bets again."),
}


def url(competition: Competition, view: str, **more: Any) -> str:
    """The address of one of these pages."""
    return url_of(g.place, competition, f"offers.{view}", **more)


@pages.get("")
@inside("member")
def index(place: Place, uid: UUID) -> Response:
    """What is offered, by match."""
    competition = competition_here(db.session(), place, uid)
    found = OFFERS.page(db.session(), offers_with_matches(competition), request.args)
    return found.csv() if found.wants_csv else _shown(place, competition, "list", offers=found)


@pages.get("/log")
@inside("member")
def log(place: Place, uid: UUID) -> Response:
    """Every settlement, the latest first."""
    competition = competition_here(db.session(), place, uid)
    found = STEPS.page(db.session(), steps_with_matches(competition), request.args)
    return found.csv() if found.wants_csv else _shown(place, competition, "log", steps=found)


@pages.route("/winners", methods=["GET", "POST"])
@inside("admin")
def winners(place: Place, uid: UUID) -> Response:
    """The winner of every open match at once."""
    competition, form = competition_here(db.session(), place, uid), WinnersForm()
    if not service.can_end_level(competition):
        del form.draw
    if form.validate_on_submit():
        try:
            count = service.offer_winners(db.session(), competition, place.actor, form.prices())
            return finish(url(competition, "index"), _counted(count, "offer is posted.", "offers are posted."))
        except PortalError as error:
            form.refuse(error)
    return _drawer(competition, "winners", form)


@pages.route("/new", methods=["GET", "POST"])
@inside("admin")
def new(place: Place, uid: UUID) -> Response:
    """A market of any type on one match."""
    competition, form = competition_here(db.session(), place, uid), OfferForm()
    form.match.choices = choices_of([("", "Choose"), *open_matches(db.session(), competition)])
    if form.validate_on_submit():
        try:
            made = service.post_offer(db.session(), competition, place.actor, form.match.data, form.draft())
            return finish(url(competition, "index"), f"{made.label} is offered.")
        except PortalError as error:
            form.refuse(_on_outcomes(error))
    return _drawer(competition, "new", form)


@pages.post("/suspend")
@inside("admin")
def suspend_all(place: Place, uid: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    count = service.suspend_all(db.session(), competition, place.actor)
    return finish(url(competition, "index"), _counted(count, "offer takes no more bets.", "offers take no more bets."))


@pages.post("/<uuid:oid>/<any(suspend, unsuspend):switch>")
@inside("admin")
def flip(place: Place, uid: UUID, oid: UUID, switch: str) -> Response:
    """Suspend, or take bets again."""
    competition = competition_here(db.session(), place, uid)
    verb, words = SWITCHES[switch]
    try:
        offer = verb(db.session(), competition, place.actor, str(oid))
    except Conflict as error:  # a second click, or somebody else was quicker
        return finish(url(competition, "index"), error.message, "info")
    return finish(url(competition, "index"), f"{offer.label} {words}")


@pages.route("/<uuid:oid>/prices", methods=["GET", "POST"])
@inside("admin")
def prices(place: Place, uid: UUID, oid: UUID) -> Response:
    competition, offer = _offer(place, uid, oid)
    form = PricesForm(data={"outcomes": "\n".join(f"{each['key']} {each['price']}" for each in offer.outcomes)})
    if form.validate_on_submit():
        try:
            service.change_prices(db.session(), competition, place.actor, offer.uid, form.prices())
            return finish(url(competition, "index"), f"The prices of {offer.label} are changed.")
        except PortalError as error:
            form.refuse(_on_outcomes(error))
    return _drawer(competition, "prices", form, offer)


@pages.route("/<uuid:oid>/settle", methods=["GET", "POST"])
@inside("admin")
def settle(place: Place, uid: UUID, oid: UUID) -> Response:
    competition, offer = _offer(place, uid, oid)
    form = SettleForm()
    form.outcome.choices = choices_of([("", "Choose"), *((each["key"], each["label"]) for each in offer.outcomes)])
    if form.validate_on_submit():
        try:
            service.settle(db.session(), competition, place.actor, offer.uid, form.outcome.data, form.reason.data or "")
            return finish(url(competition, "index"), f"{offer.label} is settled.")
        except PortalError as error:
            form.refuse(error)
    return _drawer(competition, "settle", form, offer)


@pages.route("/<uuid:oid>/void", methods=["GET", "POST"])
@inside("admin")
def void(place: Place, uid: UUID, oid: UUID) -> Response:
    competition, offer = _offer(place, uid, oid)
    form = VoidForm()
    if form.validate_on_submit():
        try:
            service.void(db.session(), competition, place.actor, offer.uid, form.reason.data or "")
            return finish(url(competition, "index"), f"{offer.label} is voided: stakes go back.")
        except PortalError as error:
            form.refuse(error)
    return _drawer(competition, "void", form, offer)


def _offer(place: Place, uid: UUID, oid: UUID) -> tuple[Competition, Offer]:
    competition = competition_here(db.session(), place, uid)
    return competition, offer_by_uid(db.session(), competition, str(oid))


def _shown(place: Place, competition: Competition, part: str, **context: Any) -> Response:
    parts = [
        {"label": label, "url": url(competition, view), "current": request.endpoint == f"offers.{view}"}
        for label, view in (("Offers", "index"), ("Settlement log", "log"))
    ]
    context |= {"parts": parts, "offers_url": lambda view, **more: url(competition, view, **more)}
    around = frame(db.session(), place, competition)
    return render(f"markets/{part}.html", f"markets/_{part}.html", **around, **context)


def _drawer(competition: Competition, part: str, form: Form, offer: Offer | None = None) -> Response:
    """The drawer's part; its form alone, with 422, when it comes back."""
    here = url(competition, part, **({"oid": offer.uid} if offer else {}))
    given = {"form": form, "offer": offer, "competition": competition, "here": here, "back": url(competition, "index")}
    whole, sent = f"markets/_{part}.html", form.is_submitted()
    return render(
        "markets/drawer.html", f"markets/_{part}_form.html" if sent else whole, 422 if sent else 200, part=whole, **given
    )


def _on_outcomes(error: PortalError) -> PortalError:
    """A refusal about one outcome belongs to the field that holds them all."""
    if isinstance(error, Invalid) and error.field.startswith(("outcomes", "prices")):
        error.field = "outcomes"
    return error


def _counted(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{count:,} {many}"
