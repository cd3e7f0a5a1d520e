"""Deliveries that are long over are forgotten, with their tries and the figures of their hours. Events stay."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.webhooks.fan_out import clock_of
from portal.webhooks.model import Attempt, Delivery, EndpointHour

KEPT = timedelta(days=90)
AT_ONCE = 2000


def forget_old(session: Session) -> int:
    """Remove the oldest that were over KEPT ago, a few thousand at a time; how many deliveries."""
    before = clock_of(session) - KEPT
    oldest = select(Delivery.id, Delivery.due_at, Delivery.created_at).order_by(Delivery.id).limit(AT_ONCE)
    ids = [row.id for row in session.execute(oldest) if row.due_at is None and row.created_at < before]
    plain = {"synchronize_session": False}
    session.execute(delete(Attempt).where(Attempt.delivery_id.in_(ids)), execution_options=plain)
    session.execute(delete(Delivery).where(Delivery.id.in_(ids)), execution_options=plain)
    session.execute(delete(EndpointHour).where(EndpointHour.hour < before), execution_options=plain)
    return len(ids)
