"""The outbox's sink: one message per event and transport that asked for it, numbered without a gap for each transport."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from portal.kernel.db import clock_of
from portal.kernel.ids import new_uid
from portal.outbox.choosing import chosen
from portal.outbox.model import Event
from portal.transports.model import LISTENING, Transport, TransportMessage
from portal.transports.xml_messages import RECOVERY, TOLD

_INSERT = insert(cast(Table, TransportMessage.__table__))


def hand_over(session: Session, events: Sequence[Event]) -> None:
    """Give each of these events to every transport of its organization that listens to it."""
    asked = Transport.org_id.in_({event.org_id for event in events}), Transport.status.in_(LISTENING)
    # Held until the end: whoever sends, records or changes what belongs to a transport holds its row first.
    held = select(Transport).where(*asked, Transport.deleted_at.is_(None)).order_by(Transport.id).with_for_update(key_share=True)
    transports = session.scalars(held.execution_options(populate_existing=True)).all()
    if not transports:
        return
    now = clock_of(session)
    rows = []
    for transport in transports:
        wanted = [event for event in events if wants(transport, event)]
        rows += [_row(transport, event, now) for event in wanted]
        if wanted and not transport.failures:  # one that rests after a failure goes on resting
            transport.due_at = min(transport.due_at or now, now)
    if rows:
        session.connection().execute(_INSERT, rows)
    session.flush()


def wants(transport: Transport, event: Event) -> bool:
    """Did the transport ask for this event, and can it tell it?"""
    if transport.org_id != event.org_id:
        return False
    if transport.kind == "amqp":
        return event.type == RECOVERY or (event.type in TOLD and chosen(transport.types, event.type))
    return chosen(transport.types, event.type)


def _row(transport: Transport, event: Event, now: datetime) -> dict[str, Any]:
    transport.sequence += 1
    told = {"event_id": event.id, "type": event.type, "subject": event.subject, "competition": event.competition}
    where = {"uid": new_uid(), "org_id": transport.org_id, "transport_id": transport.id, "sequence": transport.sequence}
    return where | told | {"state": "pending", "tries": 0, "note": "", "created_at": now}
