"""Tickets for the live stream: which page may follow what."""

from uuid import UUID

from flask import Blueprint, Flask, Response, current_app, g, jsonify

from portal.competitions.model import competition_by_uid
from portal.kernel.db import db
from portal.kernel.errors import NotFound
from portal.orgs.access import Place, inside
from portal.web import headers
from portal.web.tickets import Ticket, write_ticket

pages = Blueprint("following", __name__, url_prefix="/o/<org_slug>/live")

# Of the whole organization, and of one competition: what `portal.streaming` tells of.
WIDE = frozenset({"deliveries", "feeds", "keys"})
OF_ONE = frozenset({"desk", "matches"})


@pages.get("/<channel>")
@inside()
def ticket(place: Place, channel: str) -> Response:
    """Where to listen to what happens in the organization; "" without a live stream. Good for one minute."""
    if channel not in WIDE:
        raise NotFound("There is nothing to follow under this name.")
    return _address(place, channel)


@pages.get("/<family>/<uuid:uid>")
@inside()
def ticket_of(place: Place, family: str, uid: UUID) -> Response:
    """The same for what happens in one competition."""
    if family not in OF_ONE:
        raise NotFound("There is nothing to follow under this name.")
    return _address(place, f"{family}:{competition_by_uid(db.session(), place.organization.id, str(uid)).uid}")


def init_app(app: Flask) -> None:
    """Let pages of the back office connect to the stream."""
    app.after_request(_let_connect)


def _address(place: Place, channel: str) -> Response:
    settings = current_app.config["SETTINGS"]
    signed = write_ticket(settings.secret_key, Ticket(place.organization.id, channel), place.user.uid)
    return jsonify({"url": f"{settings.stream_url}/live/o?ticket={signed}" if settings.stream_url else ""})


def _let_connect(response: Response) -> Response:
    stream = current_app.config["SETTINGS"].stream_url
    if stream and g.get("place") is not None and "content_policy" not in g:
        headers.allow(connect_src=f"'self' {stream}")
    return response
