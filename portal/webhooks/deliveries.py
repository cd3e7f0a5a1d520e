"""Verbs of deliveries: a test, once more, all that failed, cancel. Each holds the endpoint's row first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.kernel.db import clock_of
from portal.kernel.errors import Conflict, Invalid
from portal.kernel.ids import new_uid
from portal.orgs.model import Organization
from portal.outbox.bodies import json_bytes
from portal.outbox.doorbell import ring_after
from portal.outbox.names import EVENTS
from portal.webhooks.claiming import settle_next_due
from portal.webhooks.model import Delivery, Endpoint, delivery_by_uid
from portal.webhooks.rendering import MOST_BYTES
from portal.webhooks.service import hold
from portal.webhooks.switching import cancel_open, subject_of

MOST_SELECTED = 500
_OVER = ("delivered", "failed", "canceled")


def send_test(session: Session, org: Organization, uid: str, actor: Actor, name: str, data: Mapping[str, Any]) -> Delivery:
    """A delivery of type `name` with `data` to this endpoint alone, now; it says that it is a test and counts nowhere.

    Raises Conflict where the endpoint is off or paused, Invalid naming `type` or `data`."""
    if name not in EVENTS:
        raise Invalid("type", f"type names {name[:64]!r}, which is no event type. The catalogue of events lists them.")
    if len(json_bytes(dict(data))) > MOST_BYTES:
        raise Invalid("data", f"data may have {MOST_BYTES:,} bytes at most as JSON.")
    endpoint = hold(session, org.id, uid)
    if endpoint.status != "enabled":
        raise Conflict("This webhook is not enabled. Enable or resume it first.")
    now = clock_of(session)
    endpoint.sequence += 1
    delivery = Delivery(uid=new_uid(), org_id=org.id, endpoint_id=endpoint.id, type=name, subject=new_uid(), payload=dict(data))
    delivery.sequence, delivery.due_at, delivery.created_at = endpoint.sequence, now, now
    session.add(delivery)
    _due_from_now_on(session, endpoint)
    record(session, org.id, actor, "webhook.tested", subject_of(endpoint), None, {"type": name})
    return delivery


def resend(session: Session, org: Organization, uid: str, actor: Actor) -> Delivery:
    """One delivery once more, with the same id and body. Raises NotFound, and Conflict where it is on its way or its webhook is
    not enabled."""
    delivery = delivery_by_uid(session, org.id, uid)
    endpoint = _listening(session, session.get_one(Endpoint, delivery.endpoint_id), org)
    session.refresh(delivery, with_for_update=True)
    if delivery.state not in _OVER:
        raise Conflict("This delivery is on its way already.")
    _again(session, endpoint, Delivery.id == delivery.id)
    record(session, org.id, actor, "webhook.resent", subject_of(endpoint), None, {"delivery": uid})
    session.refresh(delivery)
    return delivery


def resend_selected(session: Session, org: Organization, uids: Sequence[str], actor: Actor) -> int:
    """Those of these that are over, and whose webhook takes them; how many. At most 500 at a time (Invalid)."""
    if len(uids) > MOST_SELECTED:
        raise Invalid("deliveries", f"deliveries may name {MOST_SELECTED} at most.")
    mine = Delivery.org_id == org.id, Delivery.uid.in_(uids)
    query = select(Endpoint).where(Endpoint.id.in_(select(Delivery.endpoint_id).where(*mine)), Endpoint.deleted_at.is_(None))
    held = session.scalars(query.order_by(Endpoint.id).with_for_update(key_share=True).execution_options(populate_existing=True))
    count = 0
    for endpoint in held.all():
        if endpoint.active and (sent := _again(session, endpoint, *mine)):
            record(session, org.id, actor, "webhook.resent", subject_of(endpoint), None, {"deliveries": sent})
            count += sent
    return count


def recover_failed(session: Session, org: Organization, uid: str, actor: Actor, since: datetime) -> int:
    """Everything since then that failed or was canceled, once more; how many. Tests are left alone. Raises Conflict."""
    endpoint = _listening(session, hold(session, org.id, uid), org)
    lost = Delivery.state.in_(("failed", "canceled")), Delivery.created_at >= since, Delivery.event_id.is_not(None)
    count = _again(session, endpoint, *lost)
    facts = {"since": since.isoformat(), "deliveries": count}
    record(session, org.id, actor, "webhook.recovered", subject_of(endpoint), None, facts)
    return count


def cancel_pending(session: Session, org: Organization, uid: str, actor: Actor, uids: Sequence[str] | None = None) -> int:
    """Everything on its way to the endpoint, or those of it that `uids` names; how many."""
    endpoint = hold(session, org.id, uid)
    picked = () if uids is None else (Delivery.__table__.c.uid.in_(uids),)
    count = cancel_open(session, endpoint, clock_of(session), *picked)
    settle_next_due(session, [endpoint.id])
    record(session, org.id, actor, "webhook.canceled", subject_of(endpoint), None, {"deliveries": count})
    session.expire_all()
    return count


def cancel_selected(session: Session, org: Organization, uids: Sequence[str], actor: Actor) -> int:
    """Those of these that are on their way, to whichever webhook; how many. At most 500 at a time (Invalid)."""
    if len(uids) > MOST_SELECTED:
        raise Invalid("deliveries", f"deliveries may name {MOST_SELECTED} at most.")
    mine = Delivery.org_id == org.id, Delivery.uid.in_(uids), Delivery.due_at.is_not(None)
    query = select(Endpoint.uid).where(Endpoint.id.in_(select(Delivery.endpoint_id).where(*mine)), Endpoint.deleted_at.is_(None))
    found = session.scalars(query.order_by(Endpoint.id)).all()
    return sum(cancel_pending(session, org, uid, actor, uids) for uid in found)


def _listening(session: Session, endpoint: Endpoint, org: Organization) -> Endpoint:
    """The endpoint, held. Raises Conflict where nothing can be sent to it, NotFound where it was removed."""
    endpoint = hold(session, org.id, endpoint.uid)
    if not endpoint.active:
        raise Conflict("This webhook is switched off. Enable it first.")
    return endpoint


def _again(session: Session, endpoint: Endpoint, *which: Any) -> int:
    """Begin these deliveries anew: due now, with all their tries. Those on their way are left alone."""
    mine = Delivery.endpoint_id == endpoint.id, Delivery.state.in_(_OVER), *which
    values = {"state": "pending", "due_at": clock_of(session), "tries": 0, "lease_token": None, "done_at": None, "error": ""}
    change = update(Delivery).where(*mine).values(values).execution_options(synchronize_session=False)
    count: int = session.execute(change).rowcount  # type: ignore[attr-defined]
    if count:
        _due_from_now_on(session, endpoint)
    return count


def _due_from_now_on(session: Session, endpoint: Endpoint) -> None:
    session.flush()
    settle_next_due(session, [endpoint.id])
    session.expire(endpoint)
    ring_after(session)
