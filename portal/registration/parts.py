"""The three pages of a competition's registration: set-up, requests, invitations."""

from typing import Any

from flask import request

from portal.competitions.frame import url_of
from portal.competitions.model import Competition
from portal.orgs.access import Place


def parts_of(place: Place, competition: Competition, pending: int, unused: int) -> list[dict[str, Any]]:
    """As `page.tabs` draws them."""
    known = (
        ("Set-up", "registering.show", None),
        ("Requests", "registering.requests", pending),
        ("Invitations", "registering.invitations.index", unused),
    )
    here = "registering.show" if request.endpoint == "registering.save" else request.endpoint
    return [
        {"label": label, "url": url_of(place, competition, endpoint), "current": here == endpoint, "count": count}
        for label, endpoint, count in known
    ]
