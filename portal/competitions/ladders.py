"""Ladders while they run: challenges, and places lost by whoever does not play."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.service import SYSTEM, Actor, record
from portal.competitions.brackets import Held, Slot, load
from portal.competitions.consequences import Reporting, carry_out, foresee
from portal.competitions.match_lists import Listed
from portal.competitions.model import Competition, LadderDrop
from portal.competitions.participants import Participant
from portal.competitions.rules import rules_of
from portal.competitions.service import lock, subject_of
from portal.formats import ladder
from portal.formats.plan import Changes
from portal.kernel.clock import Clock, utc_now
from portal.kernel.db import reading, unit_of_work
from portal.kernel.errors import Conflict, NotFound, PortalError, Unprocessable
from portal.kernel.log import log


def challenge(
    session: Session, competition: Competition, actor: Actor, challenger: str, opponent: str, clock: Clock = utc_now
) -> Listed:
    """Registration `challenger` challenges `opponent`, who stands higher: the match that comes of it.

    Raises NotFound for an unknown registration, Conflict when the ladder is not active, one of the two has a match to play
    or they met a moment ago, Unprocessable where the opponent cannot be challenged from there.
    """
    lock(session, competition)
    if competition.format != "ladder":
        raise Unprocessable("challenger", "Only a ladder has challenges; here the matches are drawn at the start.")
    if competition.status != "active":
        raise Conflict(f"Challenges are made while a ladder is active; this one is {competition.status}.")
    held, now = load(session, competition), clock()
    ids = [_entry(held, name, uid) for name, uid in (("challenger", challenger), ("opponent", opponent))]
    positions = ladder.positions(held.plan, held.field.drops)
    match = ladder.challenge(held.plan, positions, ids[0], ids[1], now, _history(held))
    reporting = Reporting(actor, now)
    seen = foresee(session, competition, held, Changes(matches=(match,)), reporting)
    carry_out(session, competition, seen, reporting)
    uid = seen.uids[match.number]
    after = {"match": uid, "challenger": challenger, "opponent": opponent}
    record(session, competition.org_id, actor, "match.created", subject_of(competition), None, after)
    return Listed(match, Slot(0, uid), held.people[match.a or 0], held.people[match.b or 0])


@dataclass(frozen=True, slots=True)
class Rung:
    """A place on the ladder. `why_not`: why the challenger may not challenge who stands there; "" where they may, None where
    nobody is asked for."""

    position: int
    person: Participant
    why_not: str | None = None


def rungs_of(session: Session, competition: Competition, challenger: str | None = None, clock: Clock = utc_now) -> list[Rung]:
    """The ladder from the top; with a registration as `challenger`, who can be challenged from there, by the same rules as
    `challenge`. Raises NotFound for an unknown challenger."""
    held, now = load(session, competition), clock()
    positions, history = ladder.positions(held.plan, held.field.drops), _history(held)
    who = _entry(held, "challenger", challenger) if challenger else None
    return [
        Rung(place, held.people[entrant], _why_not(held, positions, (who, entrant), now, history) if who else None)
        for place, entrant in enumerate(positions, 1)
    ]


def _why_not(held: Held, positions: Sequence[int], pair: tuple[int, int], now: datetime, history: Mapping[int, datetime]) -> str:
    try:
        ladder.challenge(held.plan, positions, *pair, now, history)
    except PortalError as error:
        return error.message
    return ""


def _history(held: Held) -> dict[int, datetime]:
    return {number: slot.completed_at for number, slot in held.slots.items() if slot.completed_at is not None}


def drop_the_inactive(clock: Clock = utc_now) -> None:
    """Periodic: move whoever did not play for too long down, each ladder in a unit of work of its own."""
    now = clock()
    running = (Competition.format == "ladder", Competition.status == "active")
    with reading() as connection:
        rows = connection.execute(select(Competition.id, Competition.type, Competition.rules).where(*running)).all()
    for row in rows:
        try:
            if rules_of(row.type, row.rules).inactivity_days:
                _drop_in(row.id, now)
        except Exception as error:  # one that is broken must not keep the others waiting
            log.error("a ladder could not be moved on", competition=row.id, exc_info=error)


def _drop_in(competition_id: int, now: datetime) -> None:
    with unit_of_work() as session:
        competition = session.get_one(Competition, competition_id)
        lock(session, competition)
        if competition.status != "active":
            return
        held = load(session, competition)
        positions = ladder.positions(held.plan, held.field.drops)
        latest = max(held.plan.matches, default=0)
        drops = ladder.drop_inactive(positions, _last_played(competition, held), now, held.plan.rules, after=latest)
        if drops:
            _write(session, competition, drops, now)


def _write(session: Session, competition: Competition, drops: Iterable[ladder.Drop], now: datetime) -> None:
    for drop in drops:
        values = {"places": drop.places, "after": drop.after, "until": drop.until, "why": drop.why}
        session.add(LadderDrop(competition_id=competition.id, entry_id=drop.entrant, **values))
    session.flush()
    told = {"dropped": [drop.why for drop in drops]}
    record(session, competition.org_id, SYSTEM, "standings.dropped", subject_of(competition), None, told)
    held, reporting = load(session, competition), Reporting(SYSTEM, now)
    carry_out(session, competition, foresee(session, competition, held, Changes(), reporting, reranked=True), reporting)


def _last_played(competition: Competition, held: Held) -> dict[int, datetime]:
    """For everybody the latest of: the start, the last match, the moment up to which inactivity is paid for."""
    if competition.started_at is None:
        return {}
    latest = dict.fromkeys(held.people, competition.started_at)
    for number, slot in held.slots.items():
        match = held.plan.matches[number]
        for side in (match.a, match.b):
            if side and slot.completed_at is not None:
                latest[side] = max(latest[side], slot.completed_at)
    for drop in held.field.drops:
        latest[drop.entrant] = max(latest[drop.entrant], drop.until)
    return latest


def _entry(held: Held, name: str, uid: str) -> int:
    for person in held.people.values():
        if person.uid == uid:
            return person.id
    raise NotFound(f"{name} {uid[:60]} not found among those who take part.")
