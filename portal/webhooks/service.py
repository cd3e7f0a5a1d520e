"""Verbs of endpoints. Each holds the endpoint's row, is audited, and tells what happened."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.config import Settings
from portal.kernel.clock import iso
from portal.kernel.db import clock_of
from portal.kernel.errors import Conflict, Invalid, NotFound
from portal.kernel.ids import new_uid
from portal.orgs.model import Organization
from portal.outbox.choosing import checked_types
from portal.webhooks.addresses import Rules, check_url, origin_of, resolves_badly
from portal.webhooks.claiming import settle_next_due
from portal.webhooks.model import Endpoint, endpoint_by_uid, endpoints_of
from portal.webhooks.outgoing import HIDDEN, custom_headers
from portal.webhooks.signing import new_secret, opened, sealed
from portal.webhooks.switching import cancel_open, subject_of, tell
from portal.webhooks.terms import check_filters, checked_cap, checked_description, checked_headers

MOST_ENDPOINTS = 100
OVERLAPS = {"1 hour": timedelta(hours=1), "24 hours": timedelta(hours=24), "7 days": timedelta(days=7)}
LONGEST_OVERLAP = timedelta(days=7)
PLAIN = ("url", "description", "types", "competition", "season", "ordered", "in_flight_cap")


@dataclass(frozen=True, slots=True)
class Created:
    """An endpoint and its secret in plain text, this once."""

    endpoint: Endpoint
    secret: str


def rules_of(settings: Settings) -> Rules:
    """What this installation allows as an address."""
    return Rules(settings.webhook_ports, settings.webhook_local, origin_of(settings.base_url))


def vet_url(settings: Settings, url: str) -> None:
    """Could deliveries go there, as far as its text and the DNS say now? May wait two seconds for the DNS. Raises Invalid."""
    rules = rules_of(settings)
    if resolves_badly(check_url(url, rules), rules):
        raise Invalid("url", "url must lead to the public internet; this host leads to this machine or a private network.")


def create_endpoint(
    session: Session, org: Organization, actor: Actor, settings: Settings, terms: Mapping[str, Any], uid: str = ""
) -> Created:
    """A new endpoint, enabled. `terms`: `url` and `types`, and any of `description`, `competition`, `season` (uids),
    `headers` (name to value), `ordered`, `in_flight_cap`. Raises Invalid naming the term, Conflict over 100 endpoints and for
    a `uid` that was used: the same form sent twice."""
    if uid and session.scalar(select(Endpoint.id).where(Endpoint.uid == uid)) is not None:
        raise Conflict("This form was sent before, and its webhook exists. Find it in the list; rotate it for a new secret.")
    if (session.scalar(select(func.count()).select_from(endpoints_of(org.id).subquery())) or 0) >= MOST_ENDPOINTS:
        raise Conflict(f"An organization may have {MOST_ENDPOINTS} webhooks. Delete one that is no longer used.")
    now = clock_of(session)
    endpoint = Endpoint(uid=uid or new_uid(), org_id=org.id, created_by=actor.label[:200])
    endpoint.created_at = endpoint.updated_at = endpoint.status_at = endpoint.served_at = endpoint.counted_from = now
    _set(session, endpoint, settings, terms)
    secret = new_secret()
    endpoint.secret = sealed(settings.master, org.id, endpoint.uid, "secret", secret)
    _seal_headers(endpoint, settings, terms)
    session.add(endpoint)
    session.flush()
    record(session, org.id, actor, "webhook.created", subject_of(endpoint), None, snapshot(endpoint))
    tell(session, endpoint, "webhook.created", {"events": endpoint.types})
    return Created(endpoint, secret)


def change_endpoint(
    session: Session, org: Organization, uid: str, actor: Actor, settings: Settings, terms: Mapping[str, Any]
) -> Endpoint:
    """Change the terms that are given (see `create_endpoint`); `headers` replaces all of them, but for those whose value is
    given as HIDDEN, which stay as they are. Raises Invalid, NotFound."""
    endpoint = hold(session, org.id, uid)
    before = snapshot(endpoint)
    _set(session, endpoint, settings, terms)
    _seal_headers(endpoint, settings, terms)
    _changed(session, endpoint, actor, before)
    return endpoint


def delete_endpoint(session: Session, org: Organization, uid: str, actor: Actor) -> Endpoint:
    """Remove it: what is on its way is canceled, its secrets are erased, its log stays. Raises NotFound."""
    endpoint = hold(session, org.id, uid)
    now = clock_of(session)
    canceled = cancel_open(session, endpoint, now)
    before = snapshot(endpoint) | {"canceled": canceled}
    tell(session, endpoint, "webhook.deleted")
    endpoint.secret = endpoint.previous_secret = endpoint.headers = endpoint.previous_until = endpoint.next_due_at = None
    endpoint.deleted_at = endpoint.updated_at = now
    session.flush()
    record(session, org.id, actor, "webhook.deleted", subject_of(endpoint), before, None)
    return endpoint


def rotate_secret(
    session: Session, org: Organization, uid: str, actor: Actor, settings: Settings, overlap: timedelta = timedelta(hours=24)
) -> Created:
    """A new secret; the present one signs too for `overlap`. One that is still overlapping ends at once. Raises Conflict for an
    overlap over 7 days."""
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Conflict("An overlap lasts from 0 to 7 days.")
    endpoint, master = hold(session, org.id, uid), settings.master
    now = clock_of(session)
    old = opened(master, org.id, endpoint.uid, "secret", endpoint.secret or b"")
    secret = new_secret()
    endpoint.secret = sealed(master, org.id, endpoint.uid, "secret", secret)
    endpoint.previous_secret = sealed(master, org.id, endpoint.uid, "previous_secret", old) if overlap else None
    endpoint.previous_until = now + overlap if overlap else None
    endpoint.updated_at = now
    session.flush()
    until = {"previous_until": iso(endpoint.previous_until)}
    record(session, org.id, actor, "webhook.secret_rotated", subject_of(endpoint), None, until)
    tell(session, endpoint, "webhook.secret_rotated", until)
    return Created(endpoint, secret)


def end_overlap(session: Session, org: Organization, uid: str, actor: Actor) -> Endpoint:
    """Only the new secret signs from now on. Raises Conflict where nothing overlaps."""
    endpoint = hold(session, org.id, uid)
    if endpoint.previous_secret is None:
        raise Conflict("This webhook has one secret only; there is no overlap to end.")
    endpoint.previous_secret = endpoint.previous_until = None
    endpoint.updated_at = clock_of(session)
    session.flush()
    record(session, org.id, actor, "webhook.overlap_ended", subject_of(endpoint))
    return endpoint


def pause(session: Session, org: Organization, uid: str, actor: Actor) -> Endpoint:
    """Send nothing for now; what happens meanwhile waits in its backlog. Raises Conflict where it is off."""
    endpoint = hold(session, org.id, uid)
    if endpoint.status not in ("enabled", "paused"):
        raise Conflict("This webhook is switched off. Enable it first.")
    return _switch(session, endpoint, actor, "paused", "Paused by hand.")


def resume(session: Session, org: Organization, uid: str, actor: Actor) -> Endpoint:
    """Send the backlog and go on. Raises Conflict where it is not paused."""
    endpoint = hold(session, org.id, uid)
    if endpoint.status != "paused":
        raise Conflict("This webhook is not paused.")
    return _switch(session, endpoint, actor, "enabled", "")


def enable(session: Session, org: Organization, uid: str, actor: Actor) -> Endpoint:
    """Switch it on again; what counts against it begins anew."""
    endpoint = hold(session, org.id, uid)
    if endpoint.status == "enabled":
        return endpoint
    endpoint.counted_from, endpoint.warned_at, endpoint.failures = clock_of(session), None, 0
    endpoint.throttled_until = None
    return _switch(session, endpoint, actor, "enabled", "")


def disable(session: Session, org: Organization, uid: str, actor: Actor) -> Endpoint:
    """Switch it off by hand: what is on its way is canceled, and what happens meanwhile is not kept for it."""
    endpoint = hold(session, org.id, uid)
    if endpoint.status in ("disabled", "auto_off"):
        return endpoint
    cancel_open(session, endpoint, clock_of(session))
    return _switch(session, endpoint, actor, "disabled", "Switched off by hand.")


def hold(session: Session, org_id: int, uid: str) -> Endpoint:
    """The endpoint, its row held until the unit of work ends. Raises NotFound."""
    endpoint = endpoint_by_uid(session, org_id, uid)
    session.refresh(endpoint, with_for_update={"key_share": True})
    if endpoint.deleted_at is not None:
        raise NotFound("Webhook not found.")
    return endpoint


def snapshot(endpoint: Endpoint) -> dict[str, Any]:
    """What an audit row compares: no secret, and of custom headers the names."""
    names = {"status": endpoint.status, "headers": endpoint.header_names}
    return {name: getattr(endpoint, name) for name in PLAIN} | names


def _switch(session: Session, endpoint: Endpoint, actor: Actor, status: str, reason: str) -> Endpoint:
    before = snapshot(endpoint)
    endpoint.status, endpoint.status_reason, endpoint.status_at = status, reason, clock_of(session)
    _changed(session, endpoint, actor, before)
    return endpoint


def _changed(session: Session, endpoint: Endpoint, actor: Actor, before: Mapping[str, Any]) -> None:
    endpoint.updated_at = clock_of(session)
    session.flush()
    settle_next_due(session, [endpoint.id])
    after = snapshot(endpoint)
    record(session, endpoint.org_id, actor, "webhook.updated", subject_of(endpoint), dict(before), after)
    changed = sorted(name for name in after if before[name] != after[name])
    tell(session, endpoint, "webhook.updated", {"changed": changed, "status": endpoint.status})


def _set(session: Session, endpoint: Endpoint, settings: Settings, terms: Mapping[str, Any]) -> None:
    checks: dict[str, Callable[[Any], Any]] = {
        "url": lambda value: check_url(value, rules_of(settings)),
        "types": checked_types,
        "description": checked_description,
        "in_flight_cap": checked_cap,
    }
    check_filters(session, endpoint.org_id, terms.get("competition"), terms.get("season"))
    for name in PLAIN:
        if name in terms:
            check = checks.get(name)
            setattr(endpoint, name, check(terms[name]) if check else terms[name])


def _seal_headers(endpoint: Endpoint, settings: Settings, terms: Mapping[str, Any]) -> None:
    if "headers" not in terms:
        return
    kept = custom_headers(endpoint, settings.master) if HIDDEN in terms["headers"].values() else {}
    given = {name: kept.get(name, value) if value == HIDDEN else value for name, value in terms["headers"].items()}
    headers = checked_headers(given, settings.webhook_prefix)
    endpoint.header_names = list(headers)
    closed = sealed(settings.master, endpoint.org_id, endpoint.uid, "headers", json.dumps(headers))
    endpoint.headers = closed if headers else None


def shows_overlap(endpoint: Endpoint, now: datetime) -> bool:
    """Do two secrets sign at `now`?"""
    return endpoint.previous_until is not None and endpoint.previous_until > now
