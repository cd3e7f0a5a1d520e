"""The verbs of `entries` for many at once, by the same rules, in a number of statements that does not grow with them.

Whoever the verb does not fit is left as they are and named with the reason. What was done carries one moment, by which it
can be taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions.entries import By, Participant, note_all, place_of, places, taken
from portal.competitions.model import Competition, Entry
from portal.competitions.rules import most_entrants, rules_of
from portal.competitions.service import lock, subject_of, tell
from portal.competitions.windows import check_before_start
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict, Invalid
from portal.players.model import Team

Pair = tuple[Entry, Participant]


@dataclass(frozen=True, slots=True)
class Done:
    """`changed` entries with whose they are, `left` (name, why) of those it did not fit, `promoted` from the waiting list.
    `at` is the moment that the change carries."""

    changed: Sequence[Pair]
    left: Sequence[tuple[str, str]]
    at: datetime
    promoted: Sequence[Pair] = ()


def check_in_many(session: Session, competition: Competition, by: By, uids: Sequence[str], clock: Clock = utc_now) -> Done:
    """Note that they are there. Raises Conflict outside registration."""
    lock(session, competition)
    check_before_start(competition)
    now, changed, left = clock(), [], []
    for entry, who in _chosen(session, competition, uids):
        if entry.status != "registered":
            left.append((who.name, "is on the waiting list"))
        elif entry.checked_in_at is not None:
            left.append((who.name, "was checked in already"))
        else:
            entry.checked_in_at = now
            changed.append((entry, who))
    return _told(session, competition, by, "registration.checked_in", Done(changed, left, now))


def undo_many(session: Session, competition: Competition, by: By, uids: Sequence[str], clock: Clock = utc_now) -> Done:
    """Take their check-ins back. Raises Conflict outside registration."""
    lock(session, competition)
    return _undone(session, competition, by, _chosen(session, competition, uids), clock())


def undo_check_ins(session: Session, competition: Competition, by: By, at: datetime, clock: Clock = utc_now) -> Done:
    """Take back the check-ins that carry the moment `at`. Raises Conflict outside registration."""
    lock(session, competition)
    here = (Entry.competition_id == competition.id, Entry.checked_in_at == at, Entry.entrant_key.is_not(None))
    return _undone(session, competition, by, _pairs(session, *here), clock())


def leave_many(session: Session, competition: Competition, by: By, uids: Sequence[str], clock: Clock = utc_now) -> Done:
    """End their registrations; those who wait longest get the places. Raises Conflict once it has started."""
    lock(session, competition)
    check_before_start(competition)
    now, changed = clock(), _chosen(session, competition, uids)
    freed = sum(entry.status == "registered" for entry, _ in changed)
    for entry, _ in changed:
        entry.status, entry.entrant_key, entry.ended_at, entry.seed = "withdrawn", None, now, None
    session.flush()
    note_all(session, competition, by.actor, "registration.canceled", changed)
    return Done(changed, (), now, _promoted(session, competition, by.actor, freed))


def restore_many(session: Session, competition: Competition, by: By, at: datetime, clock: Clock = utc_now) -> Done:
    """Take back that those who carry the moment `at` were taken out, as `entries.restore` does one by one."""
    lock(session, competition)
    check_before_start(competition)
    ended = (Entry.competition_id == competition.id, Entry.ended_at == at, Entry.status == "withdrawn")
    here = set(session.scalars(select(Entry.entrant_key).where(Entry.competition_id == competition.id)))
    held, changed, left = taken(session, competition), [], []
    for entry, who in _pairs(session, *ended):
        if who.key in here or (who.team is not None and who.team.deleted_at is not None):
            left.append((who.name, "is registered anew" if who.key in here else "was deleted"))
            continue
        try:
            status = place_of(competition, held)
        except Conflict as error:
            left.append((who.name, error.message))
            continue
        entry.status, entry.entrant_key, entry.ended_at = status, who.key, None
        held += status == "registered"
        changed.append((entry, who))
    return _told(session, competition, by, "registration.created", Done(changed, left, clock()))


def raise_places(session: Session, competition: Competition, actor: Actor, most: int) -> Sequence[Pair]:
    """More places while registration runs; those who wait longest get them and are returned.

    Raises Conflict outside registration, Invalid for fewer places or more than the format can hold.
    """
    lock(session, competition)
    check_before_start(competition)
    before, limit = places(competition), most_entrants(rules_of(competition.type, competition.rules))
    if not before < most <= limit:
        raise Invalid("places", f"There are {before:,} places. Write a larger number, up to {limit:,}.")
    was, competition.max_participants = competition.max_participants, most
    session.flush()
    told = ({"max_participants": was}, {"max_participants": most})
    record(session, competition.org_id, actor, "competition.updated", subject_of(competition), *told)
    tell(session, competition, "competition.updated", {"changed": ["max_participants"]})
    return _promoted(session, competition, actor, most - taken(session, competition))


def _undone(session: Session, competition: Competition, by: By, pairs: Sequence[Pair], now: datetime) -> Done:
    check_before_start(competition)
    changed = [(entry, who) for entry, who in pairs if entry.checked_in_at is not None]
    left = [(who.name, "was not checked in") for entry, who in pairs if entry.checked_in_at is None]
    for entry, _ in changed:
        entry.checked_in_at = None
    return _told(session, competition, by, "registration.check_in_undone", Done(changed, left, now))


def _told(session: Session, competition: Competition, by: By, action: str, done: Done) -> Done:
    session.flush()
    note_all(session, competition, by.actor, action, done.changed)
    return done


def _promoted(session: Session, competition: Competition, actor: Actor, free: int) -> list[Pair]:
    """Those who wait longest, so many as places are free."""
    waiting = (Entry.competition_id == competition.id, Entry.status == "waiting")
    promoted = _pairs(session, *waiting)[: max(0, free)]
    for entry, _ in promoted:
        entry.status = "registered"
    session.flush()
    note_all(session, competition, actor, "registration.promoted", promoted)
    return promoted


def _chosen(session: Session, competition: Competition, uids: Sequence[str]) -> list[Pair]:
    """Those of the registrations that did not end; strange ids are passed over."""
    mine = (Entry.competition_id == competition.id, Entry.uid.in_(set(uids)), Entry.entrant_key.is_not(None))
    return _pairs(session, *mine, Entry.status.in_(("registered", "waiting")))


def _pairs(session: Session, *where: object) -> list[Pair]:
    """Read afresh: the competition's row is held, so what stands now stays."""
    query = select(Entry, Team).outerjoin(Team, Team.id == Entry.team_id).where(*where).order_by(Entry.id)  # type: ignore[arg-type]
    rows = session.execute(query.execution_options(populate_existing=True))
    return [(entry, _whose(entry, team)) for entry, team in rows]


def _whose(entry: Entry, team: Team | None) -> Participant:
    if team is not None:
        return Participant(team.uid, team.name, None, team)
    return Participant(str(entry.wallet).lower(), str(entry.wallet), entry.wallet)
