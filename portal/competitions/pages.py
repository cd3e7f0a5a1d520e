"""Competitions in the back office: the list, and the overview and activity of one."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, g, request, url_for
from sqlalchemy import ColumnElement, and_, or_, select

from portal.audit.changes import Change, action_words, changes_of
from portal.audit.model import AuditRow
from portal.audit.service import rows_of
from portal.competitions import create_pages, life_pages, overview
from portal.competitions.acts import acts_of, next_step
from portal.competitions.frame import competition_here, frame
from portal.competitions.list_table import COMPETITIONS, listed
from portal.competitions.model import Competition, Entry, Match
from portal.competitions.words import (
    FORMAT_WORDS,
    VISIBILITY_SENTENCES,
    VISIBILITY_WORDS,
    WHY_FORMAT,
    amount_in_words,
    rules_in_words,
)
from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.orgs.access import Place, inside
from portal.players.names import shortened
from portal.web.render import render
from portal.web.tables import Choice, Column, Search, Table

pages = Blueprint("competitions", __name__, url_prefix="/o/<org_slug>/competitions")
pages.register_blueprint(create_pages.pages)
pages.register_blueprint(life_pages.pages)

_ABOUT = (
    ("competition", "The competition"),
    ("registration", "Entrants"),
    ("match", "Matches"),
    ("request", "Requests"),
    ("invitation", "Invitations"),
)


def _changes(row: AuditRow) -> list[Change]:
    """Without what is the same in every row here: which competition it is."""
    return [change for change in changes_of(row) if change.name not in ("Competition", "Competition id")]


ACTIVITY = Table(
    "competition-activity",
    [
        Column("at", "When", sort=AuditRow.id, kind="time", pinned=True),
        Column("actor", "Who", value=lambda row: row.actor_label, sort=AuditRow.actor_label),
        Column("action", "What", value=lambda row: action_words(row.action), sort=AuditRow.action),
        Column(
            "subject",
            "On",
            value=lambda row: shortened(row.subject_label),
            sort=AuditRow.subject_label,
            csv=lambda row: row.subject_label,
        ),
        Column("changes", "Before and after", value=_changes, csv=lambda row: "; ".join(map(str, _changes(row)))),
        Column("address", "Address", sort=AuditRow.address, shown=False),
    ],
    filters=[
        Search([AuditRow.action, AuditRow.subject_label, AuditRow.actor_label], label="What, on whom or by whom"),
        Choice("about", "About", _ABOUT, column=AuditRow.subject_kind),
    ],
    order="-at",
    noun=("change", "changes"),
)


@pages.context_processor
def _words() -> dict[str, Any]:
    """What the templates of this room say with."""
    return {
        "acts_of": acts_of,
        "amount_in_words": amount_in_words,
        "has_page": lambda endpoint: endpoint in current_app.view_functions,
        "result_of": overview.result_of,
        "shortened": shortened,
        "visibility_words": VISIBILITY_WORDS,
        "visibility_sentences": VISIBILITY_SENTENCES,
    }


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    found = COMPETITIONS.page(db.session(), listed(place.organization.id), request.args)
    return found.csv() if found.wants_csv else render("competitions/list.html", "competitions/_list.html", competitions=found)


@pages.get("/<uuid:uid>")
@inside("member")
def show(place: Place, uid: UUID) -> Response:
    session = db.session()
    competition = competition_here(session, place, uid)
    framed = frame(session, place, competition)
    context: dict[str, Any] = {
        "next": next_step(competition, framed["summary"], utc_now()),
        "format_word": FORMAT_WORDS[competition.format],
        "matches": overview.matches_of(session, competition),
        "podium": overview.podium_of(session, competition),
        "course": overview.course_of(competition),
        "missing": overview.missing_in(competition) if competition.status == "draft" else [],
        "rules": rules_in_words(competition.type, competition.rules),
        "why_format": WHY_FORMAT[competition.format],
        "fee": amount_in_words(competition.entry_fee_wei),
        "pool": amount_in_words(competition.prize_pool_wei),
        "public_url": _public_url(competition),
    }
    return render("competitions/show.html", **framed, **context)


@pages.get("/<uuid:uid>/activity")
@inside("member")
def activity(place: Place, uid: UUID) -> Response:
    """What was done to the competition, its entrants, matches, requests and invitations."""
    session = db.session()
    competition = competition_here(session, place, uid)
    rows = rows_of(place.organization.id).where(_about(competition))
    changes = ACTIVITY.page(session, rows, request.args)
    if changes.wants_csv:
        return changes.csv()
    return render(
        "competitions/activity.html", "competitions/_activity.html", changes=changes, **frame(session, place, competition)
    )


def _about(competition: Competition) -> ColumnElement[bool]:
    """Rows of the log about the competition itself or something in it."""
    inside_it = {"registration": Entry, "match": Match, **current_app.extensions.get("things_of_competition", {})}
    own = and_(AuditRow.subject_kind == "competition", AuditRow.subject_id == competition.uid)
    others = [
        and_(
            AuditRow.subject_kind == kind,
            AuditRow.subject_id.in_(select(thing.uid).where(thing.competition_id == competition.id)),
        )
        for kind, thing in inside_it.items()
    ]
    return or_(own, *others)


def _public_url(competition: Competition) -> str:
    """The whole address of its public page; "" where nobody but members sees it."""
    if competition.visibility == "private":
        return ""
    slug = g.place.organization.slug
    return current_app.config["SETTINGS"].base_url.rstrip("/") + url_for("competition_pages.show", slug=slug, uid=competition.uid)
