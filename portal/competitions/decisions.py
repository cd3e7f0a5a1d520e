"""An organizer's rulings on who stands above whom where all other tie-breaks are level (RULINGS 24)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, aliased

from portal.audit.service import Actor, record
from portal.competitions.brackets import Held, load
from portal.competitions.consequences import Reporting, carry_out, foresee
from portal.competitions.model import Competition, Decision, Entry
from portal.competitions.participants import Participant
from portal.competitions.service import lock, subject_of
from portal.formats.plan import Changes
from portal.formats.tiebreaks import everybody_below
from portal.kernel.clock import Clock, iso, utc_now
from portal.kernel.errors import Conflict, NotFound, Unprocessable
from portal.outbox.emit import Happening

REASON = (1, 2_000)


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision as it is shown: `over` and `under` are public ids of registrations."""

    uid: str
    over: str
    under: str
    reason: str
    decided_by: str
    created_at: datetime


def decide(
    session: Session, competition: Competition, actor: Actor, over: str, under: str, reason: str, clock: Clock = utc_now
) -> Ruling:
    """Rule that registration `over` stands above `under`. Places and prizes of a completed competition follow.

    Raises NotFound for an unknown registration, Conflict when this was ruled already or nothing is being played,
    Unprocessable for one and the same, for two of different groups, and where it contradicts earlier rulings.
    """
    held = _held(session, competition)
    better, worse = (_person(held, uid) for uid in (over, under))
    if better.id == worse.id:
        raise Unprocessable("under", "A decision is between two participants, but over and under are the same.")
    if better.group != worse.group:
        raise Unprocessable("under", f"These two stand in different groups, {better.group} and {worse.group}.")
    if any((each.over, each.under) == (better.id, worse.id) for each in held.decisions):
        raise Conflict("This is decided already. Delete the earlier decision to give another reason.")
    now = clock()
    made = Decision(
        competition_id=competition.id, over_id=better.id, under_id=worse.id, reason=reason, decided_by=actor.label[:200]
    )
    made.created_at = now
    session.add(made)
    session.flush()
    told = {"id": made.uid, "over": better.named, "under": worse.named, "reason": reason}
    record(session, competition.org_id, actor, "decision.recorded", subject_of(competition), None, told)
    _settle(session, competition, actor, now, ("decision.recorded", made.uid, told))
    return Ruling(made.uid, over, under, reason, made.decided_by, now)


def take_back(session: Session, competition: Competition, actor: Actor, uid: str, clock: Clock = utc_now) -> None:
    """Forget a ruling. Raises NotFound, Conflict when nothing is being played."""
    _held(session, competition)
    made = session.scalar(select(Decision).where(Decision.competition_id == competition.id, Decision.uid == uid))
    if made is None:
        raise NotFound("Decision not found.")
    session.execute(delete(Decision).where(Decision.id == made.id))
    told = {"id": uid, "reason": made.reason, "decided_by": made.decided_by, "created_at": iso(made.created_at)}
    record(session, competition.org_id, actor, "decision.removed", subject_of(competition), told, None)
    _settle(session, competition, actor, clock(), ("decision.removed", uid, told))


def decisions_of(session: Session, competition: Competition) -> list[Ruling]:
    """The rulings in the order they were made."""
    over, under = aliased(Entry), aliased(Entry)
    query = (
        select(Decision.uid, over.uid, under.uid, Decision.reason, Decision.decided_by, Decision.created_at)
        .join(over, over.id == Decision.over_id)
        .join(under, under.id == Decision.under_id)
        .where(Decision.competition_id == competition.id)
        .order_by(Decision.id)
    )
    return [Ruling(*row) for row in session.execute(query)]


def _held(session: Session, competition: Competition) -> Held:
    lock(session, competition)
    if competition.status not in ("active", "completed"):
        raise Conflict(f"Decisions are for active and completed competitions; this one is {competition.status}.")
    return load(session, competition)


def _settle(session: Session, competition: Competition, actor: Actor, now: datetime, told: Happening) -> None:
    """Rank everybody anew with the rulings as they are now, and tell it. Raises Unprocessable where they go in a circle."""
    held, reporting = load(session, competition), Reporting(actor, now)
    everybody_below(held.decisions)
    name, subject, data = told
    also = [(name, subject, {"competition_id": competition.uid} | data)]
    seen = foresee(session, competition, held, Changes(), reporting, also=also, reranked=True)
    carry_out(session, competition, seen, reporting)


def _person(held: Held, uid: str) -> Participant:
    for person in held.people.values():
        if person.uid == uid:
            return person
    raise NotFound(f"Registration {uid[:60]} not found among those who take part.")
