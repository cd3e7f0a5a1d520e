"""A competition's registration page in the back office: how it is set up, and the requests that came by it."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request

from portal.competitions.frame import competition_here, frame, url_of
from portal.competitions.model import Competition
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.mail.service import can_send
from portal.orgs.access import Place, inside
from portal.registration import applications, invitation_pages
from portal.registration.addresses import page_address, qr_of
from portal.registration.door import door_of, roster_asked
from portal.registration.forms import ACCESS, ACCESS_WORDS, ENTRANTS, AnswerForm, PageForm
from portal.registration.lists import REQUESTS, counts_of, requests_of
from portal.registration.messages import tell_answer
from portal.registration.model import Application, RegistrationPage, page_of
from portal.registration.parts import parts_of
from portal.registration.service import SETTINGS, change_page
from portal.web.render import finish, redirect_to, render, wants_fragment

pages = Blueprint("registering", __name__, url_prefix="/o/<org_slug>/competitions/<uuid:uid>/registration")
pages.register_blueprint(invitation_pages.pages)

# What a toast's Undo can carry in its address.
MOST_UNDONE = 20
DONE = {"approve": "approved", "decline": "declined"}


@pages.get("")
@inside("member")
def show(place: Place, uid: UUID) -> Response:
    """How the page is set up, its address, and who may register just now."""
    competition = competition_here(db.session(), place, uid)
    page = page_of(db.session(), competition)
    form = PageForm(
        formdata=None, data={name: getattr(page, name) for name in SETTINGS} | {"remind_hours": str(page.remind_hours or "")}
    )
    return _settings(place, competition, page, form)


@pages.post("")
@inside("admin")
def save(place: Place, uid: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    form = PageForm()
    if form.validate_on_submit():
        try:
            page = change_page(db.session(), competition, place.actor, form.settings())
            words = {"closed": "closed", "open": "open to everybody", "invited": "for the invited"}[page.access]
            return finish(url_of(place, competition, "registering.show"), f"Saved. The registration page is {words}.")
        except PortalError as error:
            form.refuse(error)
    return _settings(place, competition, page_of(db.session(), competition), form, 422)


@pages.get("/requests")
@inside("member")
def requests(place: Place, uid: UUID) -> Response:
    """Who wants to take part, those who wait first."""
    session = db.session()
    competition = competition_here(session, place, uid)
    found = REQUESTS.page(session, requests_of(competition), request.args)
    if found.wants_csv:
        return found.csv()
    shown = {"requests": found, "setup": page_of(session, competition), "url": _url_in(place, competition)}
    if wants_fragment():
        return render("registering/requests.html", "registering/_requests.html", competition=competition, **shown)
    return render("registering/requests.html", **_framed(place, competition), **shown)


@pages.route("/requests/<any(approve, decline):verdict>", methods=["GET", "POST"])
@inside("admin")
def answer(place: Place, uid: UUID, verdict: str) -> Response:
    """Answer the requests chosen by `id`. Approving acts at once; declining asks for the words first."""
    session = db.session()
    competition = competition_here(session, place, uid)
    chosen = list(dict.fromkeys(request.values.getlist("id")))[:500]
    url = _url_in(place, competition)
    if not chosen and request.method == "POST":
        return finish(url("registering.requests"), "No request was chosen.", "info")
    if request.method == "POST" and verdict == "decline" and "answer" not in request.form:
        return redirect_to(url("registering.answer", verdict=verdict, id=chosen))
    form = AnswerForm(formdata=None if request.method == "GET" else _without_ids())
    if request.method == "POST" and form.validate():
        return _answered(place, competition, verdict, chosen, form.answer.data or None)
    named = session.scalars(requests_of(competition).where(Application.uid.in_(chosen))).all()
    given = {"form": form, "verdict": verdict, "named": named, "url": url, "competition": competition}
    sent = request.method == "POST"
    part = "registering/_answer_form.html" if sent else "registering/_answer.html"
    return render("registering/drawer.html", part, 422 if sent else 200, part="registering/_answer.html", **given)


@pages.post("/requests/reopen")
@inside("admin")
def reopen(place: Place, uid: UUID) -> Response:
    """Take declines back; what a toast's Undo does."""
    session = db.session()
    competition = competition_here(session, place, uid)
    chosen = request.values.getlist("id")[:500]
    done, refused = applications.each(session, chosen, lambda one: applications.reopen(session, competition, place.actor, one))
    said = f"{_count(len(done))} {'waits' if len(done) == 1 else 'wait'} for an answer again." if done else ""
    return finish(_url_in(place, competition)("registering.requests"), *_said(said, refused))


def _answered(place: Place, competition: Competition, verdict: str, chosen: list[str], words: str | None) -> Response:
    session, url = db.session(), _url_in(place, competition)
    act = applications.approve if verdict == "approve" else applications.decline
    done, refused = applications.each(session, chosen, lambda uid: act(session, competition, place.actor, uid, words))
    for one in done:
        tell_answer(session, place.organization, competition, one[0] if isinstance(one, tuple) else one)
    said = f"{_count(len(done))} {'is' if len(done) == 1 else 'are'} {DONE[verdict]}." if done else ""
    waiting = sum(isinstance(one, tuple) and one[1].status == "waiting" for one in done)
    if waiting:
        said += f" {waiting} of them on the waiting list, as all places are taken."
    undo = None
    if verdict == "decline" and 0 < len(done) <= MOST_UNDONE:
        undo = url("registering.reopen", id=[one.uid for one in done])
    return finish(url("registering.requests"), *_said(said, refused), undo_url=undo)


def _said(done: str, refused: list[str]) -> tuple[str, str]:
    """A toast's sentence and kind: what was done, and why the rest was not."""
    more = f" and {len(refused) - 3} more" if len(refused) > 3 else ""
    text = " ".join(filter(None, [done, " ".join(refused[:3]) + more]))
    return text or "Nothing was changed.", "success" if not refused else "warning" if done else "danger"


def _count(number: int) -> str:
    return f"{number} request{'' if number == 1 else 's'}"


def _without_ids() -> Any:
    """The form's own fields: the ids are read apart."""
    sent = request.form.copy()
    sent.poplist("id")
    return sent


def _settings(place: Place, competition: Competition, page: RegistrationPage, form: PageForm, status: int = 200) -> Response:
    session = db.session()
    given = {"form": form, "setup": page, "here": url_of(place, competition, "registering.save"), "mails": can_send()}
    if status == 422 and wants_fragment():
        return render("registering/show.html", "registering/_page_form.html", status, words=ACCESS_WORDS, **given)
    address = page_address(session, place.organization, competition)
    given |= {"address": address, "qr": qr_of(address), "door": door_of(session, competition, page, utc_now())}
    given |= {"access": dict(ACCESS), "entrants": dict(ENTRANTS), "words": ACCESS_WORDS, "roster": roster_asked(competition)}
    return render("registering/show.html", None, status, **_framed(place, competition), **given)


def _framed(place: Place, competition: Competition) -> dict[str, Any]:
    counts = counts_of(db.session(), competition)
    return frame(db.session(), place, competition) | {"parts": parts_of(place, competition, *counts)}


def _url_in(place: Place, competition: Competition) -> Any:
    return lambda endpoint, **more: url_of(place, competition, endpoint, **more)


@pages.context_processor
def _place() -> dict[str, Any]:
    return {"slug": g.place.organization.slug} if "place" in g else {}
