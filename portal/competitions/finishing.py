"""Ending by an organizer's word: a participant taken out, a competition finalized."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions.brackets import Held, load
from portal.competitions.consequences import OPEN_ENDED, Reporting, carry_out, foresee
from portal.competitions.match_lists import Listed, listed
from portal.competitions.model import Competition, Entry, entries_of
from portal.competitions.participants import Participant
from portal.competitions.service import lock, subject_of
from portal.formats import FORMATS
from portal.formats.plan import Changes, Outcome
from portal.formats.rules import ELIMINATION
from portal.kernel.clock import Clock, iso, utc_now
from portal.kernel.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Disqualified:
    """Who was taken out, and how many matches that decided."""

    entry: Entry
    at: datetime
    walkovers: int
    completed: bool


def disqualify(
    session: Session, competition: Competition, actor: Actor, uid: str, reason: str, clock: Clock = utc_now
) -> Disqualified:
    """Take a participant out of an active competition: what was played stands, open matches become walkovers.

    Raises NotFound, Conflict when the competition is not active or the participant is out already.
    """
    lock(session, competition)
    entry = session.scalar(entries_of(competition).where(Entry.uid == uid))
    if entry is None:
        raise NotFound("Registration not found.")
    if competition.status != "active":
        raise Conflict(f"Participants are taken out of active competitions; this one is {competition.status}.")
    if entry.status != "registered":
        raise Conflict(f"This participant does not take part: the registration is {entry.status}.")
    held, now = load(session, competition), clock()
    changes = FORMATS[competition.format].withdraw(held.plan, entry.id)
    entry.status, entry.ended_at = "disqualified", now
    session.flush()
    decided = [match.number for match in changes.matches if match.over]
    reporting = Reporting(actor, now, dict.fromkeys([number for number in decided if number in held.slots], "result"))
    told = {"competition_id": competition.uid, "participant": held.people[entry.id].named, "reason": reason}
    also = [("registration.disqualified", entry.uid, told)]
    held = load(session, competition)  # whoever is out gets no prize
    seen = foresee(session, competition, held, changes, reporting, also=also, reranked=True)
    carry_out(session, competition, seen, reporting)
    after = {"registration": uid, "reason": reason, "walkovers": len(decided)}
    record(session, competition.org_id, actor, "registration.disqualified", subject_of(competition), None, after)
    return Disqualified(entry, now, len(decided), seen.status == "completed")


def decided_without(session: Session, competition: Competition, uid: str) -> tuple[Participant, list[Listed]]:
    """The participant with that registration, and the matches that taking them out would decide. Raises NotFound."""
    held = load(session, competition)
    person = next((person for person in held.people.values() if person.uid == uid), None)
    if person is None:
        raise NotFound("Registration not found among those who take part.")
    if competition.status != "active" or person.status != "registered":
        return person, []
    changes = FORMATS[competition.format].withdraw(held.plan, person.id)
    decided = [match for match in changes.matches if match.over and match.number in held.slots]
    return person, [listed(held, match) for match in decided]


def finalize(session: Session, competition: Competition, actor: Actor, clock: Clock = utc_now) -> datetime:
    """End it with the standings as they are, and return the moment. One that ended by itself keeps its own moment.

    A bracket has to be played to its end. Elsewhere open matches are called off: they count for nobody. Raises Conflict
    before the start, when canceled, and while matches of a bracket are open.
    """
    lock(session, competition)
    if competition.status == "completed" and competition.completed_at is not None:
        return competition.completed_at
    if competition.status != "active":
        raise Conflict(f"Only an active competition can be finalized; this one is {competition.status}.")
    held, now = load(session, competition), clock()
    if held.pending and competition.format in ELIMINATION:
        left = "1 match is" if held.pending == 1 else f"{held.pending} matches are"
        raise Conflict(f"{left} still to be played. Report the results first, or cancel the competition.")
    changes = called_off(held)
    reporting = Reporting(actor, now, {match.number: "result" for match in changes.matches})
    seen = foresee(session, competition, held, changes, reporting, ending=competition.format in OPEN_ENDED)
    carry_out(session, competition, seen, reporting)
    after = {"status": "completed", "called_off": len(changes.matches), "completed_at": iso(now)}
    record(session, competition.org_id, actor, "competition.completed", subject_of(competition), {"status": "active"}, after)
    return now


def called_off(held: Held) -> Changes:
    """Every open match as not played."""
    open_ones = [match for match in held.plan.in_order() if not match.over]
    return Changes(matches=tuple(replace(match, outcome=Outcome.NOT_PLAYED) for match in open_ones))
