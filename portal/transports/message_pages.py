"""The log of an event feed: the list of its messages, a page for each, sent once more or canceled."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, g, request, url_for
from sqlalchemy import or_, select

from portal.kernel.clock import utc_now
from portal.kernel.db import db
from portal.kernel.errors import Conflict
from portal.orgs.access import Place, inside
from portal.outbox.model import Event
from portal.outbox.names import EVENTS
from portal.transports import service
from portal.transports.amqp import NOBODY
from portal.transports.envelope import TEST
from portal.transports.model import Transport, TransportMessage, message_by_uid, transport_by_uid
from portal.transports.shown import parts_of
from portal.web.render import finish, render, unless_seen
from portal.web.tables import Badge, Choice, Column, Criteria, Dates, Search, Table

pages = Blueprint("messages", __name__, url_prefix="/<uid>/messages")

STATES = {
    "pending": Badge("Waiting", "open"),
    "sent": Badge("Sent", "live"),
    "skipped": Badge("Not told", "draft"),
    "failed": Badge("Failed", "failing"),
    "canceled": Badge("Canceled", "done"),
}
RETRYING = Badge("Retrying", "warning")
_UID = 36  # characters
_ABOUT_TESTS = {TEST: "Sent by the test button. It is about nothing."}


def state_of(message: TransportMessage) -> Badge:
    """In a word; one that did not get through and is tried again says so."""
    return RETRYING if message.state == "pending" and message.note else STATES[message.state]


@dataclass(frozen=True)
class _ById(Search):
    """A whole id is looked up: the message's, its event's (which receivers see), that of what the event is about."""

    def criteria(self, values: Mapping[str, str]) -> Criteria:
        text = values[self.key].lower()
        if len(text) != _UID:
            return super().criteria(values)
        event = select(Event.id).where(Event.uid == text).scalar_subquery()
        same = [column == text for column in (TransportMessage.uid, TransportMessage.subject, TransportMessage.competition)]
        return Criteria((or_(*same, TransportMessage.event_id == event),))


LOG = Table(
    "feed-messages",
    [
        Column("number", "Number", value="sequence", sort=TransportMessage.sequence, kind="number", pinned=True),
        Column("type", "Event", sort=TransportMessage.type, pinned=True),
        Column("state", "Status", value=state_of, sort=TransportMessage.state, kind="badge"),
        Column("note", "Answer", sort=TransportMessage.note),
        Column("tries", "Tries", sort=TransportMessage.tries, kind="number"),
        Column("created_at", "Happened", sort=TransportMessage.created_at, kind="time"),
        Column("done_at", "Over", sort=TransportMessage.done_at, kind="time"),
        Column("last_try_at", "Last try", sort=TransportMessage.last_try_at, kind="time", shown=False),
        Column("subject", "About", kind="id", shown=False),
        Column("competition", "Competition", kind="id", shown=False),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[
        _ById(
            [TransportMessage.uid, TransportMessage.subject, TransportMessage.competition],
            label="Id of event, competition, match …",
        ),
        Choice("type", "Event", [(name, name) for name in (*EVENTS, TEST)], column=TransportMessage.type),
        Choice("state", "Status", [(name, badge.word) for name, badge in STATES.items()], column=TransportMessage.state),
        Dates("created", "When", TransportMessage.created_at),
    ],
    order="-number",
    noun=("message", "messages"),
    keep=("tab",),
)


@pages.get("/<message>")
@inside("member")
def show(place: Place, uid: str, message: str) -> Response:
    """One message: what it says, and what became of it; asked with `seen`, 204 where that is what stands there."""
    feed, row = _message(place, uid, message)
    if unchanged := unless_seen(version_of([row])):
        return unchanged
    parts, total = parts_of(db.session(), feed, row, utc_now(), current_app.config["SETTINGS"].base_url)
    context: dict[str, Any] = {"parts": parts, "total": total, "state": state_of(row), "version": version_of([row])}
    context["unheard"] = row.note == NOBODY
    words = _ABOUT_TESTS.get(row.type) or EVENTS.get(row.type)
    return render("transports/message.html", "transports/_message.html", feed=feed, message=row, words=words, **context)


@pages.post("/<message>/resend")
@inside("admin")
def resend(place: Place, uid: str, message: str) -> Response:
    """Once more, with the same id."""
    try:
        row = service.resend(db.session(), place.organization, uid, place.actor, message)
    except Conflict as error:  # a second click, or somebody else was quicker
        return finish(_url("messages.show", uid, message=message), error.message, "info")
    return finish(_url("messages.show", uid, message=message), f"Message {row.sequence:,} is sent once more, with the same id.")


@pages.post("/<message>/cancel")
@inside("admin")
def cancel(place: Place, uid: str, message: str) -> Response:
    _message(place, uid, message)
    count = service.cancel_selected(db.session(), place.organization, uid, place.actor, [message])
    said, kind = ("It is canceled.", "success") if count else ("It was over already; nothing is canceled.", "info")
    return finish(_url("messages.show", uid, message=message), said, kind)


@pages.post("/resend")
@inside("admin")
def resend_many(place: Place, uid: str) -> Response:
    """The selected ones."""
    chosen = request.form.getlist("id")
    try:
        count = service.resend_selected(db.session(), place.organization, uid, place.actor, chosen)
    except Conflict as error:
        return finish(_url("show", uid), error.message, "danger")
    return finish(_url("show", uid), *_said(count, len(chosen), "sent once more", "on their way already"))


@pages.post("/cancel")
@inside("admin")
def cancel_many(place: Place, uid: str) -> Response:
    """Those of the selected ones that wait."""
    chosen = request.form.getlist("id")
    count = service.cancel_selected(db.session(), place.organization, uid, place.actor, chosen)
    return finish(_url("show", uid), *_said(count, len(chosen), "canceled", "over already"))


def version_of(rows: Sequence[TransportMessage], *more: object) -> str:
    """Another one whenever a message, or what stands around the log, shows something else."""
    shown = [(row.id, row.state, row.tries, row.note) for row in rows]
    return hashlib.sha256(repr((shown, more)).encode()).hexdigest()[:16]


def _message(place: Place, uid: str, message: str) -> tuple[Transport, TransportMessage]:
    feed = transport_by_uid(db.session(), place.organization.id, uid)
    return feed, message_by_uid(db.session(), feed, message)


def _said(count: int, chosen: int, done: str, why: str) -> tuple[str, str]:
    if not chosen:
        return "Nothing was selected.", "info"
    rest = f" The other {chosen - count:,} are {why}." if count < chosen else ""
    return f"{count:,} {'message is' if count == 1 else 'messages are'} {done}.{rest}", "success" if count else "info"


def _url(view: str, uid: str, **parameters: Any) -> str:
    return url_for(f"transports.{view}", org_slug=g.place.organization.slug, uid=uid, **parameters)
