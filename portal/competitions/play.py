"""The pages of matches and standings: their blueprint, their addresses, and how a drawer answers."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g

from portal.competitions.frame import competition_here, frame, url_of
from portal.competitions.match_table import match_shown
from portal.competitions.model import Competition
from portal.competitions.rules import rules_of
from portal.competitions.shown import Shown
from portal.formats.rules import ELIMINATION, Rules
from portal.kernel.db import db
from portal.orgs.access import Place
from portal.web.forms import Form
from portal.web.render import render

pages = Blueprint("play", __name__, url_prefix="/o/<org_slug>/competitions/<uuid:uid>")


def url(competition: Competition, view: str, **more: Any) -> str:
    """The address of one of these pages."""
    return url_of(g.place, competition, f"play.{view}", **more)


def rules_here(competition: Competition) -> Rules:
    return rules_of(competition.type, competition.rules)


def match_here(place: Place, uid: UUID, mid: UUID) -> tuple[Competition, Shown]:
    """The competition and its match. Two statements; raises NotFound."""
    competition = competition_here(db.session(), place, uid)
    return competition, match_shown(db.session(), competition, mid)


def around(place: Place, competition: Competition) -> dict[str, Any]:
    """What `competitions/frame.html` and the templates of this room draw with. Two statements."""
    rules = rules_here(competition)
    return frame(db.session(), place, competition) | {
        "rules": rules,
        "has_bracket": rules.format in ELIMINATION,
        "alone": rules.format == "challenge" and rules.challenge == "pass_fail",
        "may_report": place.may("admin") and competition.status == "active",
        "may_correct": place.may("admin") and competition.status in ("active", "completed"),
    }


def version_of(competition: Competition) -> str:
    """Another one after every change of the matches or of the competition itself."""
    return f"{competition.turn}-{competition.updated_at.timestamp():.6f}"


def drawer(competition: Competition, part: str, form: Form, **context: Any) -> Response:
    """The drawer's part, or its form alone with 422 when it comes back; a page of its own without the drawer.

    `part` names two templates: `play/_<part>.html` with the heading around `play/_<part>_form.html`.
    """
    sent = form.is_submitted() and bool(form.errors)
    whole = f"play/_{part}.html"
    shown = {"form": form, "part": whole, "competition": competition} | context
    status = 422 if sent else 200
    return render("play/drawer.html", f"play/_{part}_form.html" if form.is_submitted() else whole, status, **shown)
