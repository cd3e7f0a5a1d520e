"""Telling that something happened, in the transaction in which it happens."""

from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.kernel.clock import utc_now
from portal.kernel.errors import Fault
from portal.kernel.ids import new_uid
from portal.outbox.model import Event
from portal.outbox.names import EVENTS

_INSERT = insert(Event.__table__)  # type: ignore[arg-type]


def emit(session: Session, org_id: int, name: str, subject: object, data: dict[str, Any]) -> None:
    """Leave one event of type `name` about `subject` (a public id). `data` is plain JSON and holds no secret."""
    if name not in EVENTS:
        raise Fault(f"event type {name!r} is not declared in outbox.names")
    row = {"uid": new_uid(), "org_id": org_id, "type": name, "subject": str(subject), "data": data, "created_at": utc_now()}
    session.connection().execute(_INSERT, row)  # straight to Core: the ORM would cost as much again
