"""What goes over the wire for a claimed delivery: body, signatures, headers. Nothing here waits for the network."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.orgs.model import Organization
from portal.outbox.model import Event
from portal.webhooks.claiming import Claimed
from portal.webhooks.model import Delivery, Endpoint
from portal.webhooks.rendering import body_of
from portal.webhooks.signing import opened, signature_headers

HIDDEN = "[hidden]"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request. `shown` are its headers as the log may keep them."""

    delivery_id: int
    endpoint_id: int
    org_id: int
    lease: str
    url: str
    body: bytes
    headers: dict[str, str]
    shown: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sources:
    """What the bodies are made of, read once for a whole batch."""

    events: dict[int, Event]
    org_uids: dict[int, str]


def sources_of(session: Session, claimed: Sequence[Claimed]) -> Sources:
    """The events and organizations of these deliveries; afterwards the session may end."""
    ids = {each.delivery.event_id for each in claimed if each.delivery.event_id is not None}
    events = {event.id: event for event in session.scalars(select(Event).where(Event.id.in_(ids)))} if ids else {}
    orgs = select(Organization.id, Organization.uid).where(Organization.id.in_({each.delivery.org_id for each in claimed}))
    found = Sources(events, {row.id: row.uid for row in session.execute(orgs)})
    session.expunge_all()
    return found


def compose(each: Claimed, sources: Sources, settings: Settings) -> Outgoing:
    """The request, signed for this moment. Raises Fault where the endpoint's secrets do not open."""
    delivery, endpoint = each.delivery, each.endpoint
    body = body_for(delivery, sources, settings.base_url)
    prefix = settings.webhook_prefix
    secrets = live_secrets(endpoint, settings.secret_key, each.at)
    ours = {
        "Content-Type": "application/json",
        "User-Agent": f"{prefix.removeprefix('X-')}-Webhooks/1.0",
        "Accept-Encoding": "identity",
    } | signature_headers(prefix, secrets, delivery.uid, delivery.type, int(time.time()), body)
    theirs = custom_headers(endpoint, settings.secret_key)
    facts = (delivery.id, endpoint.id, delivery.org_id, each.lease, endpoint.url)
    return Outgoing(*facts, body, theirs | ours, dict.fromkeys(theirs, HIDDEN) | ours)


def body_for(delivery: Delivery, sources: Sources, base_url: str) -> bytes:
    """The delivery's body, byte for byte the same each time."""
    event = sources.events.get(delivery.event_id) if delivery.event_id is not None else None
    return body_of(
        event_uid=event.uid if event else delivery.subject,
        type_name=delivery.type,
        created_at=event.created_at if event else delivery.created_at,
        sequence=delivery.sequence,
        org_uid=sources.org_uids[delivery.org_id],
        data=event.data if event else delivery.payload or {},
        base_url=base_url,
        test=event is None,
    )


def live_secrets(endpoint: Endpoint, master: str, now: datetime) -> list[str]:
    """The secrets that sign at `now`, the newest first. Raises Fault."""
    closed = [("secret", endpoint.secret)]
    if endpoint.previous_until is not None and endpoint.previous_until > now:
        closed.append(("previous_secret", endpoint.previous_secret))
    return [opened(master, endpoint.org_id, endpoint.uid, purpose, each) for purpose, each in closed if each is not None]


def custom_headers(endpoint: Endpoint, master: str) -> dict[str, str]:
    """The endpoint's own headers. Raises Fault."""
    if endpoint.headers is None:
        return {}
    found: dict[str, str] = json.loads(opened(master, endpoint.org_id, endpoint.uid, "headers", endpoint.headers))
    return found
