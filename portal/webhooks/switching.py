"""Endpoints that are switched off, and what becomes of what was on its way to them."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, update
from sqlalchemy.orm import Session

from portal.audit.service import SYSTEM, record
from portal.kernel.clock import iso
from portal.outbox.emit import emit
from portal.webhooks.model import Delivery, Endpoint

_deliveries = cast(Table, Delivery.__table__)


def switch_off(session: Session, endpoint: Endpoint, reason: str, now: datetime) -> None:
    """Nobody asked for it: the endpoint's own answers did. The row must be held. Audited and told."""
    before = {"status": endpoint.status}
    endpoint.status, endpoint.status_reason, endpoint.status_at = "auto_off", reason[:300], now
    endpoint.updated_at = now
    canceled = cancel_open(session, endpoint, now)
    after = {"status": "auto_off", "reason": reason, "canceled": canceled}
    record(session, endpoint.org_id, SYSTEM, "webhook.switched_off", subject_of(endpoint), before, after)
    tell(session, endpoint, "webhook.endpoint_disabled", {"reason": reason, "disabled_at": iso(now)})


def cancel_open(session: Session, endpoint: Endpoint, now: datetime, *also: Any) -> int:
    """Cancel what is on its way to an endpoint whose row is held (and that `also` picks); how many.

    A try that is under way keeps its lease, so that it is recorded, and if it arrives the delivery counts as delivered;
    it is not tried again.
    """
    mine = _deliveries.c.endpoint_id == endpoint.id, _deliveries.c.due_at.is_not(None), *also
    values = {"state": "canceled", "due_at": None, "done_at": now}
    result = session.connection().execute(update(_deliveries).where(*mine).values(values))
    return int(result.rowcount)


def subject_of(endpoint: Endpoint) -> tuple[str, object, str]:
    """The endpoint as the audit log names it."""
    return "webhook", endpoint.uid, endpoint.description or endpoint.url


def tell(session: Session, endpoint: Endpoint, name: str, more: dict[str, Any] | None = None) -> None:
    """Emit an event about the endpoint. Its address is left out: some hold a token, and others listen."""
    data = {"webhook_id": endpoint.uid, "description": endpoint.description} | (more or {})
    emit(session, endpoint.org_id, name, endpoint.uid, data)
