"""What goes over the wire for a claimed delivery: body, signatures, headers. Nothing here waits for the network."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.kernel.crypto import Master
from portal.orgs.model import Organization
from portal.outbox.model import Event
from portal.webhooks.claiming import Claimed
from portal.webhooks.model import Endpoint
from portal.webhooks.rendering import body_of
from portal.webhooks.signing import opened, signature_headers

HIDDEN = "[hidden]"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request, made `at` that moment of the database's clock. `shown` are its headers as the log may keep them."""

    delivery_id: int
    endpoint_id: int
    org_id: int
    lease: str
    url: str
    body: bytes
    headers: dict[str, str]
    shown: dict[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Sources:
    """What the bodies are made of, read once for a whole batch."""

    events: dict[int, Any]
    org_uids: dict[int, str]


def sources_of(session: Session, claimed: Sequence[Claimed]) -> Sources:
    """The events and organizations of these deliveries; afterwards the session may end."""
    ids = {each.delivery.event_id for each in claimed if each.delivery.event_id is not None}
    columns = Event.id, Event.uid, Event.data, Event.created_at
    events = {row.id: row for row in session.execute(select(*columns).where(Event.id.in_(ids)))} if ids else {}
    orgs = select(Organization.id, Organization.uid).where(Organization.id.in_({each.delivery.org_id for each in claimed}))
    return Sources(events, {row.id: row.uid for row in session.execute(orgs)})


@dataclass(frozen=True, slots=True)
class Signer:
    """What an endpoint adds to each of its requests, opened once for a whole batch."""

    secrets: list[str]
    headers: dict[str, str]


def signer_of(endpoint: Endpoint, master: Master, now: datetime) -> Signer:
    """Raises Fault where what the endpoint has sealed does not open."""
    return Signer(live_secrets(endpoint, master, now), custom_headers(endpoint, master))


def compose(each: Claimed, sources: Sources, signer: Signer, settings: Settings) -> Outgoing:
    """The request, signed for the moment of the claim by the database's clock: receivers believe a worker whose own is wrong."""
    delivery, endpoint = each.delivery, each.endpoint
    body = body_for(delivery, sources, settings.base_url)
    prefix = settings.webhook_prefix
    ours = {
        "Content-Type": "application/json",
        "User-Agent": f"{prefix.removeprefix('X-')}-Webhooks/1.0",
        "Accept-Encoding": "identity",
    } | signature_headers(prefix, signer.secrets, delivery.uid, delivery.type, int(each.at.timestamp()), body)
    theirs = signer.headers
    facts = (delivery.id, endpoint.id, delivery.org_id, each.lease, endpoint.url)
    return Outgoing(*facts, body, theirs | ours, dict.fromkeys(theirs, HIDDEN) | ours, each.at)


def body_for(delivery: Any, sources: Sources, base_url: str) -> bytes:
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


def live_secrets(endpoint: Endpoint, master: Master, now: datetime) -> list[str]:
    """The secrets that sign at `now`, the newest first. Raises Fault."""
    closed = [("secret", endpoint.secret)]
    if endpoint.previous_until is not None and endpoint.previous_until > now:
        closed.append(("previous_secret", endpoint.previous_secret))
    return [opened(master, endpoint.org_id, endpoint.uid, purpose, each) for purpose, each in closed if each is not None]


def custom_headers(endpoint: Endpoint, master: Master) -> dict[str, str]:
    """The endpoint's own headers. Raises Fault."""
    if endpoint.headers is None:
        return {}
    found: dict[str, str] = json.loads(opened(master, endpoint.org_id, endpoint.uid, "headers", endpoint.headers))
    return found
