"""What every back-office page of one competition has around it: its state, its figures, and links to its other pages."""

from typing import Any

from flask import current_app, request, url_for
from sqlalchemy.orm import Session

from portal.competitions.acts import acts_of
from portal.competitions.lists import summary_of
from portal.competitions.model import Competition, competition_by_uid
from portal.orgs.access import Place
from portal.web.tables import Badge

STATES = {
    "draft": Badge("Draft", "draft"),
    "registration": Badge("Registration open", "open"),
    "active": Badge("Live", "live"),
    "completed": Badge("Completed", "done"),
    "canceled": Badge("Canceled", "failing"),
}
# (label, endpoint, beginnings of endpoints that belong to it); a page that does not exist is left out.
TABS = (
    ("Overview", "competitions.show", ("competitions.show",)),
    ("Entrants", "entrants.index", ("entrants.", "play.disqualify")),
    ("Matches", "play.matches", ("play.match",)),
    ("Standings", "play.standings", ("play.standings", "play.decision")),
    ("Offers", "offers.index", ("offers.",)),
    ("Registration page", "registering.show", ("registering.",)),
    ("Activity", "competitions.activity", ("competitions.activity",)),
)


def competition_here(session: Session, place: Place, uid: object) -> Competition:
    """The organization's competition with that public id. Raises NotFound."""
    return competition_by_uid(session, place.organization.id, str(uid))


def frame(session: Session, place: Place, competition: Competition) -> dict[str, Any]:
    """What `competitions/frame.html` draws with: `competition`, `summary`, `state`, `tabs`, `acts`. Two statements."""
    return {
        "competition": competition,
        "summary": summary_of(session, competition),
        "state": STATES[competition.status],
        "tabs": tabs_of(place, competition),
        "acts": acts_of(place, competition),
    }


def tabs_of(place: Place, competition: Competition) -> list[dict[str, Any]]:
    """The tabs as `page.tabs` draws them, the present one marked."""
    here = request.endpoint or ""
    return [
        {"label": label, "url": url_of(place, competition, endpoint), "current": here.startswith(beginnings)}
        for label, endpoint, beginnings in TABS
        if endpoint in current_app.view_functions
    ]


def url_of(place: Place, competition: Competition, endpoint: str, **more: Any) -> str:
    """The address of a page of the competition."""
    return url_for(endpoint, org_slug=place.organization.slug, uid=competition.uid, **more)
