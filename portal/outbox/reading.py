"""Reading on: the events of an organization after the last one that the reader saw."""

import re
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.kernel.errors import Invalid, NotFound
from portal.outbox.model import Event, EventHead

_CURSOR = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


def events_after(
    session: Session, org_id: int, cursor: str, limit: int, types: Collection[str] = (), competition: str | None = None
) -> tuple[Sequence[Event], str]:
    """The next events in the order in which they were handed on, and the cursor after them. "" and "0" begin at the first.

    No event ever appears before a cursor that was given out. Raises Invalid naming `after`, also for a cursor that was never
    given out here: whoever went on with it would miss all that comes before.
    """
    place = place_of(cursor)
    query = select(Event).where(Event.org_id == org_id, Event.position > place)
    if types:
        query = query.where(Event.type.in_(types))
    if competition is not None:
        query = query.where(Event.competition == competition)
    events = session.scalars(query.order_by(Event.position).limit(limit)).all()
    if place and not events and place > (session.scalar(select(EventHead.position).where(EventHead.org_id == org_id)) or 0):
        raise Invalid(
            "after",
            "after lies beyond the last event of this organization, so it is a cursor of another one, or of before a backup was"
            " restored. Leave it out to begin at the first event.",
        )
    return events, str(events[-1].position if events else place)


def event_by_uid(session: Session, org_id: int, uid: str) -> Event:
    """Raises NotFound."""
    found = session.scalar(select(Event).where(Event.org_id == org_id, Event.uid == uid))
    if found is None:
        raise NotFound("Event not found.")
    return found


def place_of(cursor: str) -> int:
    """What a cursor stands for. Raises Invalid."""
    if not _CURSOR.fullmatch(cursor or "0"):
        raise Invalid("after", "after must be the cursor of an answer before, which is a whole number. Leave it out to begin.")
    return int(cursor or "0")
