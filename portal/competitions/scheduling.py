"""When matches are to be played: one by one, or spread over the hours and places there are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions.model import Competition, Match, match_by_uid, matches_of
from portal.competitions.service import lock
from portal.kernel.clock import iso
from portal.kernel.errors import Conflict, Invalid
from portal.outbox.emit import emit

MOST_AT_ONCE = 200  # courts or stations
LONGEST = timedelta(days=31)  # between two matches


@dataclass(frozen=True, slots=True)
class Hours:
    """`first`: when play begins; `every`: the time that a match takes with the pause behind it; `courts`: how many are played
    at once."""

    first: datetime
    every: timedelta
    courts: int = 1


def schedule(session: Session, competition: Competition, actor: Actor, uid: str, at: datetime | None) -> datetime | None:
    """Set when a match is to be played; None takes the time away. Raises NotFound, Conflict when it is over."""
    lock(session, competition)
    row = match_by_uid(session, competition, uid)
    if row.status != "pending" or competition.status != "active":
        raise Conflict("Only an open match of an active competition can be given a time.")
    _set(session, competition, actor, row, at)
    return at


def schedule_many(session: Session, competition: Competition, actor: Actor, times: Mapping[int, datetime | None]) -> int:
    """Set the times of open matches, by number; how many have another time than before.

    Raises Conflict when the competition is not active, or naming a match that is over or not there.
    """
    lock(session, competition)
    if competition.status != "active":
        raise Conflict(f"Matches are given times while a competition is active; this one is {competition.status}.")
    open_ones = {row.number: row for row in session.scalars(matches_of(competition).where(Match.status == "pending"))}
    for number in times:
        if number not in open_ones:
            raise Conflict(f"Match {number} is not open any more. Load the page again.")
    changed = [(open_ones[number], at) for number, at in times.items() if open_ones[number].scheduled_at != at]
    for row, at in changed:
        _set(session, competition, actor, row, at)
    return len(changed)


def open_matches(session: Session, competition: Competition, *, only_without_time: bool, group: str = "") -> list[Match]:
    """The matches that can be given a time, in order of play. One statement."""
    query = select(Match).where(Match.competition_id == competition.id, Match.status == "pending")
    if only_without_time:
        query = query.where(Match.scheduled_at.is_(None))
    if group:
        query = query.where(Match.group == group)
    return list(session.scalars(query.order_by(Match.number)))


def spread(matches: Iterable[Match], hours: Hours) -> dict[int, datetime]:
    """A time for each match by number: `hours.courts` at once, in order of play. Every round begins at a time of its own, so
    that nobody is asked to be in two places and nobody plays before it is known against whom.

    Raises Invalid naming the field where the hours make no sense.
    """
    if not 1 <= hours.courts <= MOST_AT_ONCE:
        raise Invalid("courts", f"Courts must be a whole number from 1 to {MOST_AT_ONCE}.")
    if not timedelta(minutes=1) <= hours.every <= LONGEST:
        raise Invalid("every", "The time between two matches must be from 1 minute to 31 days.")
    times: dict[int, datetime] = {}
    at = hours.first
    for _, round in groupby(matches, key=lambda match: (match.stage, match.round)):
        for place, match in enumerate(_in_order(round)):
            if place and place % hours.courts == 0:
                at = _later(at, hours.every)
            times[match.number] = at
        at = _later(at, hours.every)
    return times


def _later(at: datetime, every: timedelta) -> datetime:
    try:
        return at + every
    except OverflowError:
        raise Invalid("first", "These times lie beyond the year 9999. Begin earlier.") from None


def _in_order(round: Iterable[Match]) -> Sequence[Match]:
    """The matches of a round, those of its groups in turn."""
    return sorted(round, key=lambda match: (match.position, match.group, match.number))


def _set(session: Session, competition: Competition, actor: Actor, row: Match, at: datetime | None) -> None:
    before, row.scheduled_at = row.scheduled_at, at
    competition.turn += 1
    session.flush()
    subject = ("match", row.uid, f"{competition.title}, match {row.number}")
    times = ({"scheduled_at": iso(before)}, {"scheduled_at": iso(at)})
    record(session, competition.org_id, actor, "match.scheduled", subject, *times)
    told = {"competition_id": competition.uid, "match_id": row.uid, "scheduled_at": iso(at)}
    emit(session, competition.org_id, "match.scheduled", row.uid, told)
