"""Sending an endpoint what it was never given since a moment: while it was off, before it was there, or by a wider filter.

The order's row is the truth: any worker may take it up where another left it. A chunk of deliveries and the order's progress
are one transaction, fenced by the lease, and one event makes one delivery at most, whatever dies.
"""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, func, or_, select, update
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.kernel.db import clock_of
from portal.kernel.errors import Conflict
from portal.kernel.ids import new_uid
from portal.orgs.model import Organization
from portal.outbox.doorbell import ring_after
from portal.outbox.model import Event
from portal.webhooks.fan_out import give, seasons_of, wants
from portal.webhooks.model import Delivery, Endpoint, Recovery
from portal.webhooks.service import hold
from portal.webhooks.switching import subject_of

CHUNK = 500
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 5

_recoveries = cast(Table, Recovery.__table__)


def start_recovery(session: Session, org: Organization, uid: str, actor: Actor, since: datetime) -> Recovery:
    """Order it; a worker does it. Raises Conflict where the endpoint is off or such an order is being worked on."""
    endpoint = hold(session, org.id, uid)
    if not endpoint.active:
        raise Conflict("This webhook is switched off. Enable it first.")
    running = Recovery.endpoint_id == endpoint.id, Recovery.state.in_(("waiting", "running"))
    if session.scalar(select(Recovery.id).where(*running)) is not None:
        raise Conflict("Missing events are being sent to this webhook already. Wait until that is done.")
    mine = Event.org_id == org.id, Event.created_at >= since, Event.position.is_not(None)
    first, last, total = session.execute(
        select(func.min(Event.position), func.max(Event.position), func.count()).where(*mine)
    ).one()
    order = Recovery(org_id=org.id, endpoint_id=endpoint.id, since=since, created_by=actor.label[:200], total=total)
    order.position, order.until, order.created_at = (first or 1) - 1, last or 0, clock_of(session)
    session.add(order)
    session.flush()
    facts = {"since": since.isoformat(), "events": total}
    record(session, org.id, actor, "webhook.recovery_started", subject_of(endpoint), None, facts)
    return order


def claim_recovery(session: Session, recovery_id: int) -> str | None:
    """Take the order for LEASE; the lease's token, or None when it is over, held by another, or given up."""
    token, now = new_uid(), clock_of(session)
    free = or_(_recoveries.c.lease_until.is_(None), _recoveries.c.lease_until < now)
    change = (
        update(_recoveries)
        .where(_recoveries.c.id == recovery_id, _recoveries.c.state.in_(("waiting", "running")), free)
        .where(_recoveries.c.attempts < MOST_ATTEMPTS)
        .values(state="running", lease_token=token, lease_until=now + LEASE, attempts=_recoveries.c.attempts + 1)
    )
    return token if session.execute(change).rowcount else None  # type: ignore[attr-defined]


def recover_chunk(session: Session, recovery_id: int, lease: str) -> bool:
    """Go through the next events; True while there are more. Raises Conflict when the lease was lost or the endpoint is off."""
    order = session.get_one(Recovery, recovery_id, populate_existing=True)
    endpoint = session.get_one(Endpoint, order.endpoint_id)
    session.refresh(endpoint, with_for_update={"key_share": True})
    if not endpoint.active:
        raise Conflict("The webhook was switched off meanwhile.")
    mine = Event.org_id == order.org_id, Event.position > order.position, Event.position <= order.until
    events = session.scalars(select(Event).where(*mine).order_by(Event.position).limit(CHUNK)).all()
    given = set(session.scalars(_given(endpoint, events)))
    seasons = seasons_of(session, events) if endpoint.season else {}
    new = [(endpoint, event) for event in events if event.id not in given and wants(endpoint, event, seasons)]
    place = events[-1].position if events else order.until
    more = len(events) == CHUNK and place is not None and place < order.until
    now = clock_of(session)
    values: dict[str, Any] = {"position": place, "done": order.done + len(events), "sent": order.sent + len(new), "attempts": 0}
    values |= {"lease_until": now + LEASE} if more else {"lease_until": None, "state": "done", "finished_at": now}
    fence = _recoveries.c.id == recovery_id, _recoveries.c.lease_token == lease, _recoveries.c.position == order.position
    if not session.execute(update(_recoveries).where(*fence).values(values)).rowcount:  # type: ignore[attr-defined]
        raise Conflict("Another worker has taken this order over.")
    give(session, new)
    if new:
        ring_after(session)
    return more


def give_up(session: Session, recovery_id: int, lease: str) -> None:
    """The order of this lease cannot be finished: its endpoint is off. Another worker's is left alone."""
    over = {"state": "failed", "lease_until": None, "finished_at": clock_of(session)}
    fence = _recoveries.c.id == recovery_id, _recoveries.c.lease_token == lease, _recoveries.c.state == "running"
    session.execute(update(_recoveries).where(*fence).values(over))


def due_recoveries(session: Session) -> list[int]:
    """Orders that nobody works on, oldest first; those whose workers died too often are failed."""
    now = clock_of(session)
    free = or_(_recoveries.c.lease_until.is_(None), _recoveries.c.lease_until < now)
    unfinished = _recoveries.c.state.in_(("waiting", "running")), free
    stuck = update(_recoveries).where(*unfinished, _recoveries.c.attempts >= MOST_ATTEMPTS)
    session.execute(stuck.values(state="failed", finished_at=now))
    return list(session.scalars(select(_recoveries.c.id).where(*unfinished).order_by(_recoveries.c.id).limit(20)))


def _given(endpoint: Endpoint, events: Any) -> Any:
    ids = [event.id for event in events]
    return select(Delivery.event_id).where(Delivery.endpoint_id == endpoint.id, Delivery.event_id.in_(ids))
