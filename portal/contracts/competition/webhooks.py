"""Competition API, "Webhooks" (competition-api.txt), and the list of events by which a receiver fills a gap."""

from typing import Any, Literal

from flask import current_app, request
from pydantic import Field
from pydantic.config import JsonDict
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal.admission.caller import Caller
from portal.admission.guard import admit
from portal.config import Settings
from portal.contracts.competition.answers import answer
from portal.contracts.competition.blueprint import api
from portal.contracts.competition.who import Standing, Who, named, standing_by_uid, standing_in
from portal.kernel.clock import iso
from portal.kernel.db import db
from portal.kernel.errors import NotFound
from portal.kernel.ids import parse_uid
from portal.orgs.model import Organization
from portal.orgs.wallets import role_of_wallet
from portal.outbox.choosing import MOST_TYPES
from portal.outbox.model import Event
from portal.outbox.reading import event_by_uid, events_after
from portal.web.body import Body, read_json
from portal.web.describe import Query, Shape, describe, read_query
from portal.webhooks import service
from portal.webhooks.lists import endpoints_in_order, recent_deliveries
from portal.webhooks.model import Delivery, Endpoint, endpoint_by_uid
from portal.webhooks.terms import MOST_DESCRIPTION

SECTION, READ, WRITE = "Webhooks", "webhooks:read", "webhooks:write"
RECENT = 20
OUR_NAMES = {"events": "types", "competition_id": "competition", "season_id": "season"}
Status = Literal["enabled", "paused", "disabled", "auto_off"]
Types = list[str]
_CURSOR: JsonDict = {"pattern": "^(0|[1-9][0-9]{0,17})?$"}  # `events_after` says in words what is wrong with another


def _url(*default: Any) -> Any:
    words = "Webhook endpoint URL (must be HTTPS)."
    return Field(*default, description=words, examples=["https://myserver.com/hooks/lightchallenge"])


def _events(*default: Any) -> Any:
    words = "Event names to subscribe to; match.* stands for a family, * for all."
    example = ["match.completed", "competition.started", "competition.completed"]
    return Field(*default, min_length=1, max_length=MOST_TYPES, description=words, examples=[example])


class Terms(Body):
    """What is ours: every field may be left out."""

    description: str = Field("", max_length=MOST_DESCRIPTION, description="What it is for, one line.", examples=["Scoreboard"])
    competition_id: str | None = Field(None, description="Only what happens in this competition.")
    season_id: str | None = Field(None, description="Only what happens in this season and in the competitions that it counts.")
    ordered: bool = Field(False, description="Keep the order within each competition: wait until the event before has arrived.")
    headers: dict[str, str] = Field(
        {}, description="Headers of your own on each delivery; kept sealed.", examples=[{"X-Environment": "production"}]
    )


class NewWebhook(Terms):
    org_id: str = Field(description="Organization ID.")
    url: str = _url()
    events: Types = _events()


class ChangedWebhook(Terms):
    url: str = _url("")
    events: Types = _events(["*"])
    active: bool = Field(True, description="Enable or disable the webhook.")


class WebhooksQuery(Query):
    org_id: str = Field(min_length=1, description="Organization ID.")


class EventsQuery(Query):
    org_id: str | None = Field(None, description="Organization ID; a key need not say it.")
    after: str = Field("", description="The cursor of the answer before; empty to begin.", json_schema_extra=_CURSOR)
    limit: int = Field(100, ge=1, le=500, description="Max results.")


class CreatedShape(Shape):
    id: str
    org_id: str
    url: str = _url()
    events: Types = _events()
    secret: str = Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDaSKlUuY4ZzI="])
    active: bool
    created_at: str


class WebhookItemShape(Shape):
    id: str
    url: str = _url()
    events: Types = _events()
    active: bool
    created_at: str
    last_delivery_at: str | None
    failure_count: int


class DeliveryShape(Shape):
    id: str
    event: str = Field(examples=["match.completed"])
    status: Literal["pending", "sending", "delivered", "failed", "canceled"] = Field(examples=["delivered"])
    response_code: int | None = Field(examples=[200])
    delivered_at: str | None


class WebhookShape(Shape):
    id: str
    org_id: str
    url: str = _url()
    events: Types = _events()
    active: bool
    created_at: str
    updated_at: str
    recent_deliveries: list[DeliveryShape]
    status: Status = Field(examples=["enabled"])
    description: str = Field(examples=["Scoreboard"])
    competition_id: str | None
    season_id: str | None
    ordered: bool
    headers: list[str] = Field(description="Their names; the values are never shown.", examples=[["X-Environment"]])


class ChangedWebhookShape(Shape):
    """id, what was sent, updated_at."""

    id: str
    url: str | None = _url(None)
    events: Types | None = _events(None)
    active: bool | None = None
    description: str | None = Field(None, examples=["Scoreboard"])
    competition_id: str | None = None
    season_id: str | None = None
    ordered: bool | None = None
    headers: list[str] | None = Field(None, examples=[["X-Environment"]])
    updated_at: str


class DeletedShape(Shape):
    id: str
    deleted: Literal[True]


class EventShape(Shape):
    id: str
    type: str = Field(examples=["match.completed"])
    timestamp: str
    org_id: str
    data: dict[str, Any] = Field(examples=[{"competition_id": "f47ac10b-58cc-4372-a567-0e02b2c3d479", "title": "Spring Cup"}])


class EventsShape(Shape):
    items: list[EventShape]
    next: str = Field(description="The cursor to go on with.", examples=["1042"])
    has_more: bool


@api.post("/api/v1/webhooks")
@admit(WRITE, signed=True)
@describe("Create a webhook", SECTION, body=NewWebhook, data=CreatedShape, status=201, errors=(404, 409))
def create_webhook(who: Who) -> Response:
    """201 with the secret, this once."""
    body = read_json(NewWebhook)
    service.vet_url(_settings(), body.url)  # before anything is read: the DNS may take its time
    session = db.session()
    standing = standing_by_uid(session, who, parse_uid("org_id", body.org_id), "member")
    made = service.create_endpoint(session, standing.organization, standing.actor, _settings(), _terms(body))
    named_so = {"id": made.endpoint.uid, "org_id": standing.organization.uid, "url": made.endpoint.url}
    shown = {"events": made.endpoint.types, "secret": made.secret, "active": True, "created_at": iso(made.endpoint.created_at)}
    return answer(named_so | shown, 201)


@api.get("/api/v1/webhooks")
@admit(READ, signed=True)
@describe("List webhooks", SECTION, query=WebhooksQuery, data=list[WebhookItemShape], errors=(404,))
def list_webhooks(who: Who) -> Response:
    """The oldest first, without secrets. `failure_count` is how many tries in a row have failed."""
    session = db.session()
    org_uid = parse_uid("org_id", read_query(WebhooksQuery).org_id)
    standing = standing_by_uid(session, who, org_uid, "member")
    return answer([_item(endpoint) for endpoint in endpoints_in_order(session, standing.organization.id)])


@api.get("/api/v1/webhooks/<uid>")
@admit(READ, signed=True)
@describe("Get a webhook", SECTION, data=WebhookShape, errors=(404,))
def show_webhook(who: Who, uid: str) -> Response:
    """With its last 20 deliveries, the newest first."""
    session = db.session()
    standing = _standing(session, who, Endpoint, named("Webhook", uid), "member")
    endpoint = endpoint_by_uid(session, standing.organization.id, named("Webhook", uid))
    shown = {"id": endpoint.uid, "org_id": standing.organization.uid, "url": endpoint.url, "events": endpoint.types}
    times = {"created_at": iso(endpoint.created_at), "updated_at": iso(endpoint.updated_at)}
    recent = [_delivery(delivery) for delivery in recent_deliveries(session, endpoint, RECENT)]
    return answer(shown | {"active": endpoint.active} | times | {"recent_deliveries": recent} | _ours(endpoint))


@api.patch("/api/v1/webhooks/<uid>")
@admit(WRITE, signed=True)
@describe("Change a webhook", SECTION, body=ChangedWebhook, data=ChangedWebhookShape, errors=(404,))
def change_webhook(who: Who, uid: str) -> Response:
    """The id, what was sent as it stands now, and the moment. `headers` replaces all of them; null clears a filter."""
    body = read_json(ChangedWebhook)
    if "url" in body.model_fields_set:
        service.vet_url(_settings(), body.url)
    session, uid = db.session(), named("Webhook", uid)
    standing = _standing(session, who, Endpoint, uid, "admin")
    org, actor = standing.organization, standing.actor
    endpoint = service.change_endpoint(session, org, uid, actor, _settings(), _terms(body))
    if "active" in body.model_fields_set and body.active != endpoint.active:
        (service.enable if body.active else service.disable)(session, org, uid, actor)
    sent = {name: value for name, value in (_item(endpoint) | _ours(endpoint)).items() if name in request.get_json()}
    return answer({"id": uid} | sent | {"updated_at": iso(endpoint.updated_at)})


@api.delete("/api/v1/webhooks/<uid>")
@admit(WRITE, signed=True)
@describe("Delete a webhook", SECTION, data=DeletedShape, errors=(404,))
def delete_webhook(who: Who, uid: str) -> Response:
    """All pending deliveries are canceled: no try begins after this answer."""
    session, uid = db.session(), named("Webhook", uid)
    standing = _standing(session, who, Endpoint, uid, "admin")
    service.delete_endpoint(session, standing.organization, uid, standing.actor)
    return answer({"id": uid, "deleted": True})


@api.get("/api/v1/events")
@admit(READ, signed=True)
@describe("List events", SECTION, query=EventsQuery, data=EventsShape, errors=(404,))
def list_events(who: Who) -> Response:
    """What happened after the cursor, in order. Keep `next` and come back with it: nothing is ever put in before it."""
    session, asked = db.session(), read_query(EventsQuery)
    org_uid = who.key.org_uid if isinstance(who, Caller) and asked.org_id is None else parse_uid("org_id", asked.org_id or "")
    org = standing_by_uid(session, who, org_uid, "member").organization
    events, cursor = events_after(session, org.id, asked.after, asked.limit)
    return answer({"items": [_event(event, org) for event in events], "next": cursor, "has_more": len(events) == asked.limit})


@api.get("/api/v1/events/<uid>")
@admit(READ, signed=True)
@describe("Get an event", SECTION, data=EventShape, errors=(404,))
def show_event(who: Who, uid: str) -> Response:
    """The whole of it, also where a delivery had to leave something out."""
    session, uid = db.session(), named("Event", uid)
    org = _standing(session, who, Event, uid, "member").organization
    return answer(_event(event_by_uid(session, org.id, uid), org))


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _standing(session: Session, who: Who, model: type[Endpoint] | type[Event], uid: str, least: str) -> Standing:
    """The caller in the organization of a row. Raises NotFound where it is not the caller's, Forbidden for a lesser role."""
    org = session.scalar(select(Organization).join(model, model.org_id == Organization.id).where(model.uid == uid))
    foreign = org is None or (
        org.id != who.org_id if isinstance(who, Caller) else role_of_wallet(session, org, who.wallet) is None
    )
    if org is None or foreign:
        raise NotFound(f"{'Event' if model is Event else 'Webhook'} not found.")
    return standing_in(session, who, org, least)


def _terms(body: NewWebhook | ChangedWebhook) -> dict[str, Any]:
    """By the service's names, with the filters' ids in their canonical form."""
    sent = body.model_dump(exclude={"org_id", "active"}, exclude_unset=True)
    for name in ("competition_id", "season_id"):
        if sent.get(name) is not None:
            sent[name] = parse_uid(name, sent[name])
    return {OUR_NAMES.get(name, name): value for name, value in sent.items()}


def _item(endpoint: Endpoint) -> dict[str, Any]:
    named_so = {"id": endpoint.uid, "url": endpoint.url, "events": endpoint.types, "active": endpoint.active}
    times = {"created_at": iso(endpoint.created_at), "last_delivery_at": iso(endpoint.last_try_at)}
    return named_so | times | {"failure_count": endpoint.failures}


def _ours(endpoint: Endpoint) -> dict[str, Any]:
    filters = {"competition_id": endpoint.competition, "season_id": endpoint.season, "ordered": endpoint.ordered}
    return {"status": endpoint.status, "description": endpoint.description} | filters | {"headers": endpoint.header_names}


def _delivery(delivery: Delivery) -> dict[str, Any]:
    done = iso(delivery.done_at) if delivery.state == "delivered" else None
    named_so = {"id": delivery.uid, "event": delivery.type, "status": delivery.state}
    return named_so | {"response_code": delivery.response_status, "delivered_at": done}


def _event(event: Event, org: Organization) -> dict[str, Any]:
    named_so = {"id": event.uid, "type": event.type, "timestamp": iso(event.created_at), "org_id": org.uid}
    return named_so | {"data": event.data}
