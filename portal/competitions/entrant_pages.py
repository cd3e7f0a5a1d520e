"""Entrants in the back office: the list, the waiting list, and what is done with one or many of them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Response, current_app, request
from wtforms import IntegerField

from portal.competitions import bulk_entries, entries
from portal.competitions.bulk_entries import Done
from portal.competitions.entries import By
from portal.competitions.entry_lists import (
    WAITING,
    Counts,
    counts_of,
    entrants_of,
    first_waiting,
    public_url,
    table_of,
    waiting_of,
)
from portal.competitions.frame import competition_here, frame, url_of
from portal.competitions.model import Competition
from portal.competitions.rules import rules_of
from portal.kernel.db import db
from portal.kernel.errors import Invalid, PortalError
from portal.orgs.access import Place, inside
from portal.players.names import shortened
from portal.web.forms import Between, Form
from portal.web.render import finish, render

# (label, endpoint) of the pages about entrants, in the order of the evening.
PARTS = (
    ("List", "entrants.index"),
    ("Waiting list", "entrants.waiting"),
    ("Check-in desk", "entrants.desk"),
    ("Seeding", "entrants.seeding"),
    ("Draw and start", "entrants.start"),
)
BEFORE_START = ("draft", "registration")


class PlacesForm(Form):
    places = IntegerField("Places", [Between(1, 10_000)])


def around(place: Place, competition: Competition, counts: Counts | None = None) -> dict[str, Any]:
    """What every page about entrants has around it: the competition's frame, the figures and the links between them."""
    counts = counts or counts_of(db.session(), competition)
    shown = [(label, endpoint) for label, endpoint in PARTS if competition.status in BEFORE_START or endpoint == "entrants.index"]
    parts = [
        {
            "label": label,
            "url": url_of(place, competition, endpoint),
            "current": request.endpoint == endpoint,
            "count": counts.waiting or None if endpoint == "entrants.waiting" else None,
        }
        for label, endpoint in shown
    ]
    return frame(db.session(), place, competition) | {
        "counts": counts,
        "parts": parts,
        "rules": rules_of(competition.type, competition.rules),
        "has": lambda endpoint: endpoint in current_app.view_functions,
        "here_url": lambda endpoint, **more: url_of(place, competition, endpoint, **more),
        "public_url": lambda uid: public_url(place, competition, uid),
        "shortened": shortened,
    }


@inside("member")
def index(place: Place, uid: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    withdrawn = request.args.get("status") == "withdrawn"
    found = table_of(competition).page(db.session(), entrants_of(competition, withdrawn), request.args)
    if found.wants_csv:
        return found.csv()
    counts = counts_of(db.session(), competition)
    next_up = first_waiting(db.session(), competition) if counts.waiting else None
    context = around(place, competition, counts) | {"entrants": found, "next_up": next_up}
    return render("entrants/list.html", "entrants/_list.html", **context)


@inside("member")
def waiting(place: Place, uid: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    found = WAITING.page(db.session(), waiting_of(competition), request.args)
    if found.wants_csv:
        return found.csv()
    context = around(place, competition) | {
        "waiting": found,
        "form": PlacesForm(formdata=None),
        "most": entries.places(competition),
    }
    return render("entrants/waiting.html", "entrants/_waiting.html", **context)


@inside("admin")
def raise_places(place: Place, uid: UUID) -> Response:
    """More places, which those who wait longest get."""
    competition = competition_here(db.session(), place, uid)
    form = PlacesForm()
    if form.validate_on_submit():
        try:
            promoted = bulk_entries.raise_places(db.session(), competition, place.actor, form.places.data or 0)
            names = _named([shortened(who.name) for _, who in promoted])
            said = f" {names} {'has' if len(promoted) == 1 else 'have'} a place now." if promoted else ""
            return finish(url_of(place, competition, "entrants.waiting"), f"There are {form.places.data:,} places.{said}")
        except PortalError as error:
            form.refuse(error)
    found = WAITING.page(db.session(), waiting_of(competition), {})
    context = around(place, competition) | {"waiting": found, "form": form, "most": entries.places(competition)}
    return render("entrants/waiting.html", "entrants/_places_form.html", 422, **context)


@inside("admin")
def check_in(place: Place, uid: UUID, entry: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    done = bulk_entries.check_in_many(db.session(), competition, By(place.actor), [one_of(competition, entry)])
    undo = url_of(place, competition, "entrants.undo", entry=entry)
    return _told(place, competition, done, "checked in", undo)


@inside("admin")
def undo(place: Place, uid: UUID, entry: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    done = bulk_entries.undo_many(db.session(), competition, By(place.actor), [one_of(competition, entry)])
    return _told(
        place, competition, done, "not checked in any more", url_of(place, competition, "entrants.check_in", entry=entry)
    )


@inside("admin")
def remove(place: Place, uid: UUID, entry: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    done = bulk_entries.leave_many(db.session(), competition, By(place.actor), [one_of(competition, entry)])
    return _told(place, competition, done, "taken out", url_of(place, competition, "entrants.restore", entry=entry))


@inside("admin")
def restore(place: Place, uid: UUID, entry: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    back = entries.restore(db.session(), competition, By(place.actor), str(entry))
    said = "Back in." if back.status == "registered" else "Back, at the front of the waiting list: the place is taken by now."
    return finish(url_of(place, competition, "entrants.index"), said)


@inside("admin")
def promote(place: Place, uid: UUID, entry: UUID) -> Response:
    competition = competition_here(db.session(), place, uid)
    entries.promote(db.session(), competition, By(place.actor), str(entry))
    _, who = entries.entry_by_uid(db.session(), competition, str(entry))
    return finish(url_of(place, competition, "entrants.waiting"), f"{shortened(who.name)} has a place now.")


@inside("admin")
def check_in_selected(place: Place, uid: UUID) -> Response:
    return _for_selected(place, uid, bulk_entries.check_in_many, "checked in", "entrants.undo_all")


@inside("admin")
def undo_selected(place: Place, uid: UUID) -> Response:
    return _for_selected(place, uid, bulk_entries.undo_many, "not checked in any more", "")


@inside("admin")
def remove_selected(place: Place, uid: UUID) -> Response:
    return _for_selected(place, uid, bulk_entries.leave_many, "taken out", "entrants.restore_all")


@inside("admin")
def undo_all(place: Place, uid: UUID) -> Response:
    """Take back the check-ins of the moment that the address names."""
    competition = competition_here(db.session(), place, uid)
    done = bulk_entries.undo_check_ins(db.session(), competition, By(place.actor), moment_asked())
    return _told(place, competition, done, "not checked in any more", "")


@inside("admin")
def restore_all(place: Place, uid: UUID) -> Response:
    """Bring back those who were taken out at the moment that the address names."""
    competition = competition_here(db.session(), place, uid)
    done = bulk_entries.restore_many(db.session(), competition, By(place.actor), moment_asked())
    return _told(place, competition, done, "back in", "")


def chosen() -> list[str]:
    """The registrations that a form names."""
    return [text[:36] for text in request.form.getlist("id")]


def one_of(competition: Competition, entry: UUID) -> str:
    """The registration's id, when it is one of the competition that did not end. Raises NotFound."""
    entries.entry_by_uid(db.session(), competition, str(entry))
    return str(entry)


def moment_asked() -> datetime:
    """Raises Invalid for what is no moment."""
    try:
        return datetime.fromtimestamp(int(request.args.get("at", "")) / 1_000_000, UTC)
    except (ValueError, OverflowError, OSError):
        raise Invalid("at", "The address does not say which change to take back. Load the page again.") from None


def in_words(done: Done, verb: str) -> str:
    """Who was changed, who was not and why, who got a place."""
    names = [shortened(who.name) for _, who in done.changed]
    said = f"{_named(names)} {'is' if len(names) == 1 else 'are'} {verb}." if names else ""
    if len(done.left) == 1 and not names:
        said = f"{shortened(done.left[0][0])} {done.left[0][1]}."
    elif done.left:
        said += f" {len(done.left):,} stay as they are: {shortened(done.left[0][0])} {done.left[0][1]}"
        said += f", and {len(done.left) - 1:,} more." if len(done.left) > 1 else "."
    if done.promoted:
        promoted = [shortened(who.name) for _, who in done.promoted]
        said += f" {_named(promoted)} {'gets the place' if len(promoted) == 1 else 'get places'} from the waiting list."
    return said.strip() or "Nothing was chosen that this can be done with."


def at_of(done: Done) -> int:
    """The moment of a change as an address carries it: microseconds since 1970."""
    return round(done.at.timestamp() * 1_000_000)


def _named(names: Sequence[str]) -> str:
    if len(names) <= 3:
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{len(names):,} entrants"


def _told(place: Place, competition: Competition, done: Done, verb: str, undo_url: str) -> Response:
    kind = "success" if done.changed else "info"
    here = url_of(place, competition, "entrants.index")
    return finish(here, in_words(done, verb), kind, undo_url=undo_url if undo_url and done.changed else None)


def _for_selected(place: Place, uid: UUID, act: Callable[..., Done], verb: str, undo_endpoint: str) -> Response:
    competition = competition_here(db.session(), place, uid)
    done = act(db.session(), competition, By(place.actor), chosen())
    undo = url_of(place, competition, undo_endpoint, at=at_of(done)) if undo_endpoint else ""
    return _told(place, competition, done, verb, undo)
