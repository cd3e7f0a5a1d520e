"""When a competition takes registrations, and which ones the clock has to move on."""

from datetime import datetime

from sqlalchemy import Connection, Select, or_, select

from portal.competitions.model import Competition
from portal.kernel.clock import iso
from portal.kernel.errors import Conflict

# What is said in each state that takes nobody.
_SHUT = {
    "active": "This competition has started: registration is closed.",
    "completed": "This competition is completed: registration is closed.",
    "canceled": "This competition was canceled.",
}


def check_registering(competition: Competition, now: datetime) -> None:
    """Raises Conflict unless a participant may register at `now` (RULINGS 8)."""
    if competition.status == "draft":
        opens = competition.registration_opens
        when = f" It opens at {iso(opens)}." if opens is not None and opens > now else " An organizer has to open it first."
        raise Conflict(f"Registration is not open yet.{when}")
    check_before_start(competition)
    if competition.registration_closes is not None and competition.registration_closes <= now:
        raise Conflict(f"Registration closed at {iso(competition.registration_closes)}.")


def check_before_start(competition: Competition) -> None:
    """Raises Conflict unless it is in registration: opened and not started."""
    if competition.status == "draft":
        raise Conflict("Registration is not open yet. Open the competition first.")
    if competition.status != "registration":
        raise Conflict(_SHUT[competition.status])


def to_open(now: datetime) -> Select[int]:
    """Drafts whose registration opens by itself. One whose window has passed stays a draft, for the organizer to mend."""
    closes = Competition.registration_closes
    return _ids().where(Competition.status == "draft", Competition.registration_opens <= now, or_(closes.is_(None), closes > now))


def to_start(now: datetime) -> Select[int]:
    """Those whose hour has come since they were opened. An hour that had passed before is left to the organizer, and so
    is one at which the start failed."""
    after_opening = Competition.starts_at > Competition.opened_at
    waiting = Competition.start_failed_at.is_(None)
    return _ids().where(Competition.status == "registration", Competition.starts_at <= now, after_opening, waiting)


def due(connection: Connection, query: Select[int], most: int = 100) -> list[int]:
    """At most `most` ids, those created first before the others."""
    return list(connection.scalars(query.order_by(Competition.id).limit(most)))


def _ids() -> Select[int]:
    return select(Competition.id)
