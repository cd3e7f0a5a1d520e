"""The acts in a competition's life: opened, its hours and who sees it changed, finalized, canceled, deleted; one or many."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from sqlalchemy.orm import Session

from portal.competitions import amending, service
from portal.competitions.amending import TIMES
from portal.competitions.create_forms import PlacesForm, ScheduleForm
from portal.competitions.ending import Ending, ending_of
from portal.competitions.finishing import finalize as finalize_competition
from portal.competitions.frame import STATES, competition_here, frame, url_of
from portal.competitions.life_forms import ConfirmForm, TypedForm, VisibilityForm
from portal.competitions.many import MANY, chosen, do_to_many
from portal.competitions.model import Competition
from portal.competitions.service import terms_of
from portal.competitions.words import VISIBILITY_SENTENCES, VISIBILITY_WORDS
from portal.kernel.db import db
from portal.kernel.errors import Conflict, PortalError
from portal.orgs.access import Place, inside
from portal.web.forms import Form
from portal.web.render import finish, redirect_to, render, toast

pages = Blueprint("life", __name__)


@pages.context_processor
def _words() -> dict[str, Any]:
    return {"visibility_sentences": VISIBILITY_SENTENCES, "state_of": STATES}


@pages.post("/<uuid:uid>/open")
@inside("admin")
def open(place: Place, uid: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    service.open_registration(db.session(), competition, place.actor)
    return finish(_home(place, competition), f"{competition.title} is open for registration.")


@pages.route("/<uuid:uid>/times", methods=["GET", "POST"])
@inside("admin")
def schedule(place: Place, uid: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    if competition.status not in ("draft", "registration"):
        raise Conflict(f"Times are set before the start; this competition is {competition.status}.")
    held = {name: value and value.replace(tzinfo=None) for name, value in terms_of(competition).items() if name in TIMES}
    form = ScheduleForm(data=held)
    if form.validate_on_submit():
        try:
            times = form.terms("", TIMES)
            changed = amending.reschedule(db.session(), competition, place.actor, times)
            words = ", ".join(form[name].label.text.removesuffix(" (UTC)").lower() for name in changed)
            return finish(_home(place, competition), f"Changed: {words}." if changed else "Nothing was changed.")
        except PortalError as error:
            form.refuse_in_words(error)
    return _drawer(place, competition, "schedule", form, title=f"Times of {competition.title}")


@pages.route("/<uuid:uid>/places", methods=["GET", "POST"])
@inside("admin")
def places(place: Place, uid: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    if competition.status not in ("draft", "registration"):
        raise Conflict(f"Places change before the start; this competition is {competition.status}.")
    form = PlacesForm(data={"max_participants": competition.max_participants, "waiting_list": competition.waiting_list})
    if form.validate_on_submit():
        try:
            wanted = form.max_participants.data, bool(form.waiting_list.data)
            changed, promoted = amending.set_places(db.session(), competition, place.actor, *wanted)
            moved = f" {promoted} from the waiting list {'has' if promoted == 1 else 'have'} a place now." if promoted else ""
            return finish(_home(place, competition), f"The places are changed.{moved}" if changed else "Nothing was changed.")
        except PortalError as error:
            form.refuse_in_words(error)
    return _drawer(place, competition, "places", form, title=f"Places of {competition.title}")


@pages.route("/<uuid:uid>/visibility", methods=["GET", "POST"])
@inside("admin")
def visibility(place: Place, uid: UUID) -> Response:
    """`?to=` is the way back that the toast offers."""
    competition = competition_here(db.session(), place, uid)
    before, form = competition.visibility, VisibilityForm(data={"visibility": competition.visibility})
    if form.is_submitted() and not form.visibility.raw_data and request.args.get("to") in VISIBILITY_WORDS:
        form.visibility.data = request.args["to"]
    if form.is_submitted() and form.validate():
        changed = amending.set_visibility(db.session(), competition, place.actor, form.visibility.data)
        back = url_of(place, competition, "competitions.life.visibility", to=before) if changed else None
        word = VISIBILITY_WORDS[competition.visibility].lower()
        return finish(
            _home(place, competition), f"{competition.title} is {word}{' now' if changed else ' already'}.", undo_url=back
        )
    return _drawer(place, competition, "visibility", form, title=f"Who sees {competition.title}")


@pages.route("/<uuid:uid>/finalize", methods=["GET", "POST"])
@inside("admin")
def finalize(place: Place, uid: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    form = ConfirmForm()
    if form.validate_on_submit():
        try:
            finalize_competition(db.session(), competition, place.actor)
            return finish(_home(place, competition), f"{competition.title} is completed. Places and prizes are fixed.")
        except PortalError as error:
            form.refuse(error)
    return _drawer(place, competition, "finalize", form, True, title=f"Finalize {competition.title}")


@pages.route("/<uuid:uid>/cancel", methods=["GET", "POST"])
@inside("admin")
def cancel(place: Place, uid: UUID) -> Response:
    """For good, after its title was typed."""
    competition = competition_here(db.session(), place, uid)
    form = TypedForm()
    form.expected = competition.title
    if form.validate_on_submit():
        try:
            service.cancel_competition(db.session(), competition, place.actor)
            return finish(_home(place, competition), f"{competition.title} is canceled.")
        except PortalError as error:
            form.refuse(error)
    return _drawer(place, competition, "cancel", form, True, title=f"Cancel {competition.title}")


@pages.route("/<uuid:uid>/delete", methods=["GET", "POST"])
@inside("admin")
def delete(place: Place, uid: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    form = TypedForm()
    form.expected = competition.title
    if competition.status != "draft":
        raise Conflict(f"Only a draft can be deleted; this competition is {competition.status}. Cancel it instead.")
    if form.validate_on_submit():
        title = competition.title
        service.delete_draft(db.session(), competition, place.actor)
        toast(f"{title} is deleted.")
        return redirect_to(url_for("competitions.index", org_slug=place.organization.slug))
    return _drawer(place, competition, "delete", form, title=f"Delete {competition.title}")


@pages.post("/many/<any(open, cancel, delete):verb>")
@inside("admin")
def many(place: Place, verb: str) -> Response:
    """The same act on each of the chosen ones. What cannot be taken back is shown first and asked for once more."""
    what, session = MANY[verb], db.session()
    competitions = chosen(session, place.organization.id, request.form.getlist("id"))
    here = url_for("competitions.index", org_slug=place.organization.slug)
    if not competitions:
        return finish(here, "Choose competitions first: none that was sent is here.", "info")
    if what.asks and not request.form.get("sure"):
        return render("competitions/many_ask.html", what=what, competitions=competitions)
    done = do_to_many(session, competitions, place.actor, what)
    if all(not one.refused for one in done):
        return finish(here, f"{len(done)} {'competition is' if len(done) == 1 else 'competitions are'} {what.done}.")
    return render("competitions/many_done.html", what=what, done=done)


def _home(place: Place, competition: Competition) -> str:
    return url_of(place, competition, "competitions.show")


def _drawer(place: Place, competition: Competition, name: str, form: Form, ending: bool = False, **more: Any) -> Response:
    """The drawer of one act, or its form alone with 422 when it comes back."""
    sent = form.is_submitted()
    context: dict[str, Any] = {"form": form, "act": name, "here": url_of(place, competition, f"competitions.life.{name}")} | more
    if ending:
        context["ending"] = _ending(db.session(), competition)
    part = f"competitions/_{name}_form.html" if sent else f"competitions/_{name}.html"
    whole = frame(db.session(), place, competition)
    return render("competitions/act.html", part, 422 if sent else 200, part=f"competitions/_{name}.html", **whole, **context)


def _ending(session: Session, competition: Competition) -> Ending:
    return ending_of(session, competition)
