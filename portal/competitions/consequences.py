"""What follows from a change of the matches: events, the state of the competition, places and prizes.

Foreseen first, without touching a row, and then carried out: so a preview shows exactly what would be done.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from flask import current_app
from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.orm import Session

from portal.audit.service import Actor
from portal.competitions.brackets import Held, load, save
from portal.competitions.model import Competition, Entry, Report
from portal.competitions.participants import Participant
from portal.competitions.tables import Place, places_of
from portal.formats.plan import Changes, Match, Plan
from portal.kernel.clock import iso
from portal.kernel.ids import new_uid
from portal.outbox.emit import Happening, emit_all

# These have no last match: they end when the organizer says so.
OPEN_ENDED = frozenset({"ladder", "leaderboard"})
_ENTRIES = cast(Table, Entry.__table__)
_PLACE = (
    update(_ENTRIES)
    .where(_ENTRIES.c.id == bindparam("entry"))
    .values(place=bindparam("new_place"), prize_wei=bindparam("new_prize"))
)
_REPORT = insert(cast(Table, Report.__table__))


@dataclass(frozen=True, slots=True)
class Consequences:
    """`status` is the competition's afterwards; `places` are final ones where it is completed then, else none."""

    held: Held
    changes: Changes
    after: Plan
    status: str
    places: tuple[Place, ...]
    uids: dict[int, str]
    events: tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class Reporting:
    """Who reports, when, and which matches: `notes` by number, `kinds` (result, correction, cleared) by number."""

    actor: Actor
    now: datetime
    kinds: Mapping[int, str] = field(default_factory=dict)
    notes: Mapping[int, str | None] = field(default_factory=dict)


def foresee(
    session: Session,
    competition: Competition,
    held: Held,
    changes: Changes,
    reporting: Reporting,
    *,
    also: Sequence[Happening] = (),
    reranked: bool = False,
    ending: bool = False,
) -> Consequences:
    """What the changes would bring. Reads the rest of the competition where it turns out to be over.

    `also` is told first; `reranked` says that the standings move though no match changes, `ending` that an
    open-ended format ends here.
    """
    pending = held.pending + sum(_opened(held, match) for match in changes.matches)
    pending -= sum(not held.plan.matches[number].over for number in changes.removed)
    if competition.format in OPEN_ENDED:
        status = "completed" if ending else competition.status
    else:
        status = "active" if pending else "completed"
    if status == "completed" and not held.whole:
        held = load(session, competition)
    after = held.after(changes)
    places = tuple(places_of(competition, after, held.field)) if status == "completed" else ()
    uids = {match.number: new_uid() for match in changes.matches if match.number not in held.slots}
    uids = {number: slot.uid for number, slot in held.slots.items()} | uids
    seen = Consequences(held, changes, after, status, places, uids, ())
    told = [*also, *_match_events(competition, seen, reporting)]
    if reranked or any(match.over or _was_over(seen, match) for match in changes.matches):
        told.append(("standings.updated", competition.uid, competition_data(competition, status)))
    return replace(seen, events=(*told, *_competition_events(competition, seen, reporting.now)))


def carry_out(session: Session, competition: Competition, seen: Consequences, reporting: Reporting) -> None:
    """Write what was foreseen: matches, reports, state, places, events."""
    save(session, competition, seen.held, seen.changes, reporting.now, uids=seen.uids, notes=reporting.notes)
    _write_reports(session, seen, reporting)
    _write_places(session, competition, seen)
    competition.turn += 1
    if competition.status != seen.status:
        competition.status = seen.status
        competition.completed_at = reporting.now if seen.status == "completed" else None
    session.flush()
    emit_all(session, competition.org_id, seen.events)
    if any(name == "standings.updated" for name, _subject, _data in seen.events):
        for tell in current_app.extensions.get("on_standings_updated", ()):
            tell(session, competition)
    for follow in current_app.extensions.get("on_matches_changed", ()):
        follow(session, competition, seen, reporting)


def _opened(held: Held, match: Match) -> int:
    """How this match changes the number of open ones: 1, 0 or -1."""
    before = held.plan.matches.get(match.number)
    return int(not match.over) - int(before is not None and not before.over)


def _write_reports(session: Session, seen: Consequences, reporting: Reporting) -> None:
    rows = [
        {
            "uid": new_uid(),
            "match_id": seen.held.slots[number].id,
            "kind": kind,
            "score_a": (match := seen.after.matches[number]).score_a,
            "score_b": match.score_b,
            "winner": match.winner,
            "outcome": match.outcome.value if match.outcome else None,
            "notes": reporting.notes.get(number),
            "reported_by": reporting.actor.label[:200],
            "reported_at": reporting.now,
        }
        for number, kind in reporting.kinds.items()
        if number in seen.after.matches
    ]
    if rows:
        session.connection().execute(_REPORT, rows)


def _write_places(session: Session, competition: Competition, seen: Consequences) -> None:
    """Final places where it is over, none where it is open again."""
    if seen.status != "completed" and competition.status != "completed":
        return
    placed = {place.person.id: place for place in seen.places}
    rows = [
        {"entry": person.id, "new_place": place.place if place else None, "new_prize": place.prize_wei if place else None}
        for person in seen.held.people.values()
        for place in [placed.get(person.id)]
        if (person.place, person.prize_wei) != (place and place.place, place and place.prize_wei)
    ]
    if rows:
        session.connection().execute(_PLACE, rows)


def _match_events(competition: Competition, seen: Consequences, reporting: Reporting) -> Iterator[Happening]:
    """What is told of the matches, in their order; then who went on."""
    for match in seen.changes.matches:
        for name in _names(seen, match, reporting):
            yield name, seen.uids[match.number], _told(competition, seen, match, reporting)
    for number in seen.changes.removed:
        gone = seen.held.plan.matches[number]
        yield "match.removed", seen.uids[number], _told(competition, seen, gone, reporting)
    for step in seen.changes.advanced:
        match = seen.after.matches[step.number]
        place = {"match_id": seen.uids[step.number], "round": match.round, "position": match.position, "slot": step.side}
        who = {"participant": name_of(seen.held.people, step.entrant)}
        yield "match.advanced", seen.uids[step.number], {"competition_id": competition.uid} | who | place


def _names(seen: Consequences, match: Match, reporting: Reporting) -> Iterator[str]:
    before = seen.held.plan.matches.get(match.number)
    cleared = match.number in seen.changes.cleared
    if before is None:
        if not match.over:
            yield "match.created"
        return
    lost_a_side = any(before.on(side) and not match.on(side) for side in ("a", "b"))
    if cleared or (before.over and not match.over) or (lost_a_side and not match.over):
        yield "match.cleared"
    if match.over:
        yield "match.corrected" if before.over and not cleared else "match.completed"


def _was_over(seen: Consequences, match: Match) -> bool:
    before = seen.held.plan.matches.get(match.number)
    return before is not None and before.over


def _competition_events(competition: Competition, seen: Consequences, now: datetime) -> Iterator[Happening]:
    """What is told of the competition as a whole."""
    data = competition_data(competition, seen.status)
    if seen.status != competition.status:
        if seen.status == "completed":
            yield "competition.completed", competition.uid, data | {"completed_at": iso(now), "placements": placed(seen.places)}
        else:
            yield "competition.reopened", competition.uid, data
    elif seen.status == "completed" and moved(seen):
        yield "competition.corrected", competition.uid, data | {"placements": placed(seen.places)}


def moved(seen: Consequences) -> bool:
    """Places or prizes are other ones than those that are stored."""
    stored = {person.id: (person.place, person.prize_wei) for person in seen.held.people.values() if person.place}
    return stored != {place.person.id: (place.place, place.prize_wei) for place in seen.places}


def placed(places: Sequence[Place]) -> list[dict[str, Any]]:
    """The places as events tell them."""
    return [{"place": each.place} | each.person.named | {"prize_wei": each.prize_wei} for each in places]


def name_of(people: Mapping[int, Participant], entrant: int | None) -> dict[str, Any] | None:
    """A side of a match as events name it; None where nobody stands there."""
    return people[entrant].named if entrant else None


def competition_data(competition: Competition, status: str) -> dict[str, Any]:
    """What every event about a competition carries."""
    plain = {name: getattr(competition, name) for name in ("title", "type", "format", "category")}
    return {"competition_id": competition.uid} | plain | {"status": status}


def match_data(seen: Consequences, match: Match) -> dict[str, Any]:
    """A match as events and previews show it."""
    people = seen.held.people
    plain = {name: getattr(match, name) for name in ("number", "stage", "group", "round", "position")}
    sides = {f"participant_{side}": name_of(people, match.on(side)) for side in ("a", "b")}
    result = {"score_a": match.score_a, "score_b": match.score_b, "winner": match.winner}
    return {"id": seen.uids[match.number]} | plain | sides | result | {"outcome": match.outcome and match.outcome.value}


def _told(competition: Competition, seen: Consequences, match: Match, reporting: Reporting) -> dict[str, Any]:
    by = {"reported_by": reporting.actor.label} if match.number in reporting.kinds else {}
    return {"competition_id": competition.uid, "match": match_data(seen, match)} | by
