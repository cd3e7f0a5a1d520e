"""The check-in desk: made for a phone at the door, several helpers at once; and what is printed for it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import segno
from flask import Response, current_app, request, url_for
from markupsafe import Markup
from sqlalchemy import Select, case, func, or_, select

from portal.audit.model import AuditRow
from portal.competitions import bulk_entries
from portal.competitions.bulk_entries import Done
from portal.competitions.entrant_pages import around, at_of, chosen, in_words
from portal.competitions.entries import By
from portal.competitions.entry_lists import counts_of, entrants_of
from portal.competitions.frame import competition_here, url_of
from portal.competitions.model import Competition, Entry
from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.orgs.access import Place, inside
from portal.players.model import Team
from portal.players.names import shortened
from portal.web.render import redirect_to, render, toast

# Where a poster's code leads, by its name in the address.
POSTERS = {"show": "competition_pages.show", "register": "registration_pages.show"}
SHOWN = 40
CARDS = 60
FILTERS = (("expected", "Not yet here"), ("in", "Here"), ("waiting", "Waiting list"), ("all", "Everybody"))
_SEARCHED = (Team.name, Entry.wallet, Team.tag, Entry.uid)
_WHERE: dict[str, Any] = {
    "expected": (Entry.status == "registered", Entry.checked_in_at.is_(None)),
    "in": (Entry.status == "registered", Entry.checked_in_at.is_not(None)),
    "waiting": (Entry.status == "waiting",),
    "all": (Entry.status.in_(("registered", "waiting")),),
}


@inside("member")
def desk(place: Place, uid: UUID) -> Response:
    """The desk; its live part alone to whoever asks again, and nothing while nothing changed."""
    competition = competition_here(db.session(), place, uid)
    counts = counts_of(db.session(), competition)
    if request.args.get("seen") == counts.version:
        return Response(status=204)
    return _desk(place, competition)


@inside("admin")
def desk_in(place: Place, uid: UUID) -> Response:
    """Check in those whom the form names: one, or all that were shown."""
    return _acted(place, uid, bulk_entries.check_in_many, "checked in", "entrants.undo_all")


@inside("admin")
def desk_out(place: Place, uid: UUID) -> Response:
    """Take the check-in of one back."""
    return _acted(place, uid, bulk_entries.undo_many, "not checked in any more", "")


@inside("member")
def cards(place: Place, uid: UUID) -> Response:
    """A sheet to print: for each entrant a card whose code opens the desk with them on top."""
    competition = competition_here(db.session(), place, uid)
    number = max(1, request.args.get("page", 1, type=int))
    query = _sorted(entrants_of(competition).where(Entry.status == "registered"))
    rows = db.session().execute(query.limit(CARDS).offset((number - 1) * CARDS)).all()
    counts = counts_of(db.session(), competition)
    made = [(row, _code(url_of(place, competition, "entrants.desk", entrant=row.uid, _external=True))) for row in rows]
    context = around(place, competition, counts) | {
        "cards": made,
        "number": number,
        "last": max(1, -(-counts.registered // CARDS)),
    }
    return render("entrants/cards.html", **context)


@inside("member")
def poster(place: Place, uid: UUID) -> Response:
    """One sheet for the door: the code leads to the competition's page for everybody, or to its registration page."""
    competition = competition_here(db.session(), place, uid)
    leads = {name: endpoint for name, endpoint in POSTERS.items() if endpoint in current_app.view_functions}
    to = request.args.get("to", "")
    to = to if to in leads else "show"
    address = url_for(leads[to], slug=place.organization.slug, uid=competition.uid, _external=True)
    context = around(place, competition) | {"code": _code(address), "address": address, "to": to, "leads": leads}
    return render("entrants/poster.html", **context)


def _desk(place: Place, competition: Competition) -> Response:
    counts = counts_of(db.session(), competition)
    asked = request.values.get("show", "")
    show = asked if asked in _WHERE else "expected"
    text = request.values.get("q", "").strip()[:100]
    rows = [] if competition.status != "registration" else _found(competition, show, text)
    scanned = request.args.get("entrant", "")[:36]
    on_top = (
        db.session().execute(entrants_of(competition, withdrawn=True).where(Entry.uid == scanned)).first() if scanned else None
    )
    context = {"rows": rows[:SHOWN], "more": len(rows) > SHOWN, "show": show, "q": text, "filters": FILTERS}
    context |= {"scanned": scanned, "on_top": on_top}
    return render("entrants/desk.html", "entrants/_desk.html", **around(place, competition, counts) | context)


def _found(competition: Competition, show: str, text: str) -> Any:
    query = entrants_of(competition).where(*_WHERE["all" if text else show])
    if text:
        query = query.where(
            or_(*(one.icontains(text, autoescape=True) for one in (Team.name, Entry.wallet, Team.tag, Entry.uid)))
        )
    return db.session().execute(_sorted(query, text).limit(SHOWN + 1)).all()


def _sorted(query: Select[Any], text: str = "") -> Select[Any]:
    """By name; with a text those who are not here yet first, and of them those whose name begins with it."""
    name = func.lower(func.coalesce(Team.name, Entry.wallet))
    begins = [
        case((Entry.checked_in_at.is_(None), 0), else_=1),
        case((name.startswith(text.lower(), autoescape=True), 0), else_=1),
    ]
    return query.order_by(*(begins if text else ()), name, Entry.id)


def _acted(place: Place, uid: UUID, act: Callable[..., Done], verb: str, undo_endpoint: str) -> Response:
    competition = competition_here(db.session(), place, uid)
    try:
        done = act(db.session(), competition, By(place.actor), chosen())
        undo = url_of(place, competition, undo_endpoint, at=at_of(done)) if undo_endpoint and done.changed else None
        toast(_said(competition, done, verb), "success" if done.changed else "info", undo)
    except PortalError as error:
        toast(error.message, "warning")
    if request.headers.get("HX-Request"):
        return _desk(place, competition)
    return redirect_to(url_of(place, competition, "entrants.desk", show=request.form.get("show") or None))


def _said(competition: Competition, done: Done, verb: str) -> str:
    """In words; where somebody else was quicker, who and when."""
    said = in_words(done, verb)
    named = chosen()
    if done.changed or len(named) != 1:
        return said
    mine = (AuditRow.org_id == competition.org_id, AuditRow.subject_kind == "registration", AuditRow.subject_id == named[0])
    query = select(AuditRow.actor_label, AuditRow.at).where(*mine, AuditRow.action == "registration.checked_in")
    last = db.session().execute(query.order_by(AuditRow.id.desc()).limit(1)).first()
    if not last or not done.left:
        return said
    return f"{shortened(done.left[0][0])} was checked in already, by {last.actor_label} at {last.at:%H:%M} UTC."


def _code(address: str) -> Markup:
    """A QR code as SVG without inline styles."""
    picture = segno.make(address, error="m").svg_inline(omitsize=True, border=2, svgclass="qr", lineclass="qr-line")
    return Markup(picture)  # noqa: S704 - made here from an address of ours
