"""What was mailed in the organization's name, for its admins: what waits, what went, what was given up and why."""

from flask import Blueprint, Response, request, url_for
from sqlalchemy import ColumnElement, and_

from portal.kernel.db import db
from portal.kernel.ids import parse_uid
from portal.mail.model import Mail, mails_of
from portal.mail.service import can_send, send_again
from portal.orgs.access import Place, inside
from portal.web.render import finish, render
from portal.web.tables import Badge, Choice, Column, Search, Table

pages = Blueprint("mail", __name__, url_prefix="/o/<org_slug>/mail")

GIVEN_UP = Badge("Given up", "failing")
_STATES: dict[str, ColumnElement[bool]] = {
    "failed": Mail.failed_at.is_not(None),
    "waiting": Mail.due_at.is_not(None),
    "sent": and_(Mail.sent_at.is_not(None), Mail.failed_at.is_(None)),
}


def _state(mail: Mail) -> Badge:
    if mail.failed_at is not None:
        return GIVEN_UP
    if mail.sent_at is not None:
        return Badge("Sent", "done")
    return Badge("Tried again", "warning") if mail.error else Badge("Waiting", "open")


MAILS = Table(
    "mails",
    [
        Column("recipient", "To", sort=Mail.recipient, pinned=True),
        Column("subject", "Subject", sort=Mail.subject),
        Column("state", "Status", value=_state, kind="badge"),
        Column("error", "Reason"),
        Column("attempts", "Tries", sort=Mail.attempts, kind="number"),
        Column("created_at", "Made", sort=Mail.created_at, kind="time"),
        Column("sent_at", "Sent", sort=Mail.sent_at, kind="time", shown=False),
        Column("uid", "Id", kind="id", shown=False),
    ],
    filters=[
        Search([Mail.recipient, Mail.subject], label="Address or subject"),
        Choice("state", "Status", [("failed", "Given up"), ("waiting", "Waiting"), ("sent", "Sent")], criteria_of=_STATES),
    ],
    order="-created_at",
    noun=("message", "messages"),
)


@pages.get("")
@inside("admin")
def index(place: Place) -> Response:
    found = MAILS.page(db.session(), mails_of(place.organization.id), request.args)
    return found.csv() if found.wants_csv else render("mail/list.html", "mail/_list.html", mails=found, can_send=can_send())


@pages.post("/again")
@inside("admin")
def again(place: Place) -> Response:
    """Send one that was given up once more."""
    mail = send_again(db.session(), place.organization, place.actor, parse_uid("id", request.form.get("id", "")))
    return finish(url_for("mail.index", org_slug=place.organization.slug), f"The message to {mail.recipient} is tried once more.")
