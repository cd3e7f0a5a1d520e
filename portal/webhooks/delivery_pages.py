"""The delivery log: the list of everything that goes out, a page per delivery with each of its tries, resend and cancel."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, g, request, url_for

from portal.kernel.db import db
from portal.kernel.errors import PortalError
from portal.orgs.access import Place, inside
from portal.outbox.names import EVENTS
from portal.web.render import finish, render, unless_seen
from portal.web.tables import Choice, Column, Dates, Search, Table, TablePage
from portal.webhooks import deliveries
from portal.webhooks.exchange import body_as_sent, curl_of, readable
from portal.webhooks.lists import attempts_of, deliveries_of, endpoint_names, endpoint_of
from portal.webhooks.model import STATES, Delivery, Endpoint, delivery_by_uid
from portal.webhooks.shown import DELIVERY, answer_of, badge_of, name_of

pages = Blueprint("deliveries", __name__, url_prefix="/deliveries")


def names() -> dict[int, Endpoint]:
    """The organization's endpoints by number, read once in a request."""
    if "webhook_names" not in g:
        g.webhook_names = endpoint_names(db.session(), g.place.organization.id)
    found: dict[int, Endpoint] = g.webhook_names
    return found


def _choices() -> Sequence[tuple[str, str]]:
    return [(endpoint.uid, name_of(endpoint)) for endpoint in names().values()]


def _next_try(delivery: Delivery) -> datetime | None:
    return delivery.due_at if delivery.state == "pending" else None


_WHERE = Column("endpoint", "Webhook", value=lambda row: name_of(names()[row.endpoint_id]))
_COLUMNS = [
    Column("created_at", "When", sort=Delivery.id, kind="time", pinned=True),
    Column("type", "Event", sort=Delivery.type, pinned=True),
    Column("state", "Status", value=badge_of, sort=Delivery.state, kind="badge"),
    Column("answer", "Answer", value=answer_of, sort=Delivery.response_status),
    Column("attempts", "Tries", sort=Delivery.attempts, kind="number"),
    Column("next", "Next try", value=_next_try, sort=Delivery.due_at, kind="time"),
    Column("sequence", "Number", sort=Delivery.sequence, kind="number"),
    Column("last_try_at", "Last try", sort=Delivery.last_try_at, kind="time", shown=False),
    Column("done_at", "Over", sort=Delivery.done_at, kind="time", shown=False),
    Column("subject", "About", kind="id", shown=False),
    Column("competition", "Competition", kind="id", shown=False),
    Column("uid", "Id", kind="id", shown=False),
]
_FILTERS = [
    Search([Delivery.uid, Delivery.subject, Delivery.competition], label="Id of delivery, competition, match …"),
    Choice("type", "Event", [(name, name) for name in EVENTS], column=Delivery.type),
    Choice("status", "Status", [(state, DELIVERY[state].word) for state in STATES], column=Delivery.state),
    Dates("created", "Made", Delivery.created_at),
]
_NOUN = ("delivery", "deliveries")


class _ByEndpoint(Mapping[str, Any]):
    """The filter by webhook, whose value is the webhook's uid."""

    def __getitem__(self, uid: str) -> Any:
        return Delivery.endpoint_id == next(number for number, endpoint in names().items() if endpoint.uid == uid)

    def __iter__(self) -> Iterator[str]:
        return (endpoint.uid for endpoint in names().values())

    def __len__(self) -> int:
        return 1  # asked outside a request too; an empty mapping would count as none


LOG = Table(
    "deliveries",
    [*_COLUMNS[:2], _WHERE, *_COLUMNS[2:]],
    [_FILTERS[0], Choice("webhook", "Webhook", _choices, criteria_of=_ByEndpoint()), *_FILTERS[1:]],
    "-created_at",
    noun=_NOUN,
)
OF_ONE = Table("webhook-deliveries", _COLUMNS, _FILTERS, "-created_at", noun=_NOUN, keep=("tab",))


@pages.get("")
@inside("member")
def index(place: Place) -> Response:
    """Everything of the organization; asked with `seen`, 204 where that is what still stands there."""
    found = LOG.page(db.session(), deliveries_of(place.organization.id), request.args)
    if found.wants_csv:
        return found.csv()
    return unless_seen(version_of(found.rows)) or render("webhooks/log.html", "webhooks/_log.html", **log_context(found))


@pages.get("/<did>")
@inside("member")
def show(place: Place, did: str) -> Response:
    """One delivery with each of its tries."""
    session, org = db.session(), place.organization
    delivery = delivery_by_uid(session, org.id, did)
    if unchanged := unless_seen(version_of([delivery])):
        return unchanged
    body = body_as_sent(session, delivery, org, current_app.config["SETTINGS"].base_url)
    tries = attempts_of(session, delivery)
    shown = [(each, curl_of(each, body), readable(each.response_body)) for each in reversed(tries)]
    context: dict[str, Any] = {
        "delivery": delivery,
        "endpoint": endpoint_of(session, delivery),
        "body": readable(body),
        "size": len(body),
    }
    return render("webhooks/delivery.html", "webhooks/_delivery.html", tries=shown, version=version_of([delivery]), **context)


@pages.post("/<did>/resend")
@inside("admin")
def resend(place: Place, did: str) -> Response:
    deliveries.resend(db.session(), place.organization, did, place.actor)
    return finish(_url("show", did=did), "It is on its way once more, with the same id.")


@pages.post("/<did>/cancel")
@inside("admin")
def cancel(place: Place, did: str) -> Response:
    session, org = db.session(), place.organization
    endpoint = endpoint_of(session, delivery_by_uid(session, org.id, did))
    count = deliveries.cancel_pending(session, org, endpoint.uid, place.actor, [did])
    said, kind = ("It is canceled.", "success") if count else ("It was over already; nothing is canceled.", "info")
    return finish(_url("show", did=did), said, kind)


@pages.post("/resend")
@inside("admin")
def resend_many(place: Place) -> Response:
    """The selected ones."""
    chosen = request.form.getlist("id")
    try:
        count = deliveries.resend_selected(db.session(), place.organization, chosen, place.actor)
    except PortalError as error:
        return finish(_url("index"), error.message, "danger")
    return finish(_url("index"), *_said(count, len(chosen), "on the way once more", "on their way or their webhook is off"))


@pages.post("/cancel")
@inside("admin")
def cancel_many(place: Place) -> Response:
    """Those of the selected ones that are pending."""
    chosen = request.form.getlist("id")
    count = deliveries.cancel_selected(db.session(), place.organization, chosen, place.actor)
    return finish(_url("index"), *_said(count, len(chosen), "canceled", "over already"))


def log_context(found: TablePage) -> dict[str, Any]:
    """What `_log.html` draws and asks again with."""
    again = found.url(page=found.number, seen=version_of(found.rows))
    return {"log": found, "again": again, "names": names()}


def version_of(rows: Sequence[Delivery]) -> str:
    """Another one whenever a row of the log shows something else."""
    shown = [(row.id, row.state, row.attempts, row.due_at if row.state == "pending" else None) for row in rows]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def _said(count: int, chosen: int, done: str, why: str) -> tuple[str, str]:
    if not chosen:
        return "Nothing was selected.", "info"
    rest = f" The other {chosen - count:,} are {why}." if count < chosen else ""
    return f"{count:,} {'delivery is' if count == 1 else 'deliveries are'} {done}.{rest}", "success" if count else "info"


def _url(view: str, **parameters: Any) -> str:
    return url_for(f"webhooks.deliveries.{view}", org_slug=g.place.organization.slug, **parameters)
