"""May somebody register just now, and if not, why? Asked before a form is shown; the verbs ask again while they hold the row."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from portal.competitions.entries import places
from portal.competitions.model import Competition, Entry
from portal.competitions.rules import rules_of
from portal.kernel.errors import Conflict, Forbidden
from portal.registration.model import RegistrationPage

# What keeps the door shut, in the order in which it is asked.
SHUT = ("canceled", "completed", "started", "closed", "early", "over", "invited", "full")
CLOSED = "Registration on this page is closed. Ask the organizer."
INVITED = "Registration is by invitation. Open the link in your invitation."


@dataclass(frozen=True, slots=True)
class Door:
    """`state` is one of SHUT, or `open`, or `waiting` where who comes now goes on the waiting list as number `next`."""

    state: str
    taken: int
    places: int
    waiting: int
    opens_at: datetime | None = None
    closes_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state in ("open", "waiting")

    @property
    def next(self) -> int:
        return self.waiting + 1


def door_of(session: Session, competition: Competition, page: RegistrationPage, now: datetime, *, invited: bool = False) -> Door:
    """One statement."""
    here = select(func.count(case((Entry.status == "registered", 1))), func.count(case((Entry.status == "waiting", 1))))
    taken, waiting = session.execute(here.where(Entry.competition_id == competition.id)).one()
    most = places(competition)
    full = "open" if taken < most else "waiting" if competition.waiting_list else "full"
    state = _shut(competition, page, now, invited) or full
    return Door(state, taken, most, waiting, competition.registration_opens, competition.registration_closes)


def check_page(page: RegistrationPage, *, invited: bool) -> None:
    """Raises Conflict for a closed page, Forbidden for one that asks for an invitation."""
    if page.access == "closed":
        raise Conflict(CLOSED)
    if page.access == "invited" and not invited:
        raise Forbidden(INVITED)


def roster_asked(competition: Competition) -> int:
    """How many wallets a participant's roster needs; 0 where a name is enough."""
    return rules_of(competition.type, competition.rules).min_roster


def _shut(competition: Competition, page: RegistrationPage, now: datetime, invited: bool) -> str:
    states = {"canceled": "canceled", "completed": "completed", "active": "started"}
    if competition.status in states:
        return states[competition.status]
    if page.access == "closed":
        return "closed"
    if competition.registration_closes is not None and competition.registration_closes <= now:
        return "over"
    if competition.status == "draft":
        return "early"
    return "invited" if page.access == "invited" and not invited else ""
