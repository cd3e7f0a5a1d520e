"""Telling that something happened, in the transaction in which it happens."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.kernel.db import database_now
from portal.kernel.errors import Fault
from portal.kernel.ids import new_uid
from portal.outbox.doorbell import ring_after
from portal.outbox.model import Event
from portal.outbox.names import EVENTS

# By the database's clock, as due times are: how long an event waits and "since" mean the same on every machine.
_INSERT = insert(Event.__table__).values(created_at=database_now())  # type: ignore[arg-type]


# A name, the public id of what it is about, and plain JSON without any secret.
Happening = tuple[str, str, dict[str, Any]]


def emit(session: Session, org_id: int, name: str, subject: object, data: dict[str, Any]) -> None:
    """Leave one event of type `name` about `subject` (a public id). `data` is plain JSON and holds no secret; what belongs
    to a competition names it as `competition_id`."""
    emit_all(session, org_id, [(name, str(subject), data)])


def emit_all(session: Session, org_id: int, happenings: Sequence[Happening]) -> None:
    """Leave these events in their order, in one statement."""
    rows = []
    for name, subject, data in happenings:
        if name not in EVENTS:
            raise Fault(f"event type {name!r} is not declared in outbox.names")
        told = {"type": name, "subject": subject, "competition": data.get("competition_id"), "data": data}
        rows.append({"uid": new_uid(), "org_id": org_id} | told)
    if rows:
        session.connection().execute(_INSERT, rows)  # straight to Core: the ORM would cost as much again
        ring_after(session)
