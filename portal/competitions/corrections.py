"""Replacing a result after the competition moved on: foreseen in full, refused where it would undo later play, or done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions.brackets import load
from portal.competitions.consequences import Consequences, Reporting, carry_out, foresee, match_data
from portal.competitions.model import Competition
from portal.competitions.results import Report, check_complete, subject_of, words
from portal.competitions.service import lock
from portal.competitions.tables import lines_of, places_of
from portal.formats import FORMATS
from portal.formats.plan import Match
from portal.kernel.clock import Clock, utc_now
from portal.kernel.errors import Conflict


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a correction is meant: `cascade` clears later matches that were played, `dry_run` only foresees."""

    reason: str | None = None
    cascade: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction changes, as plain values for people and programs; `applied` is False for a preview."""

    uid: str
    match: Match
    completed_at: datetime | None
    applied: bool
    matches: list[dict[str, Any]]
    cleared: list[str]
    removed: list[str]
    standings: list[dict[str, Any]]
    prizes: list[dict[str, Any]]
    events: list[str]
    status: str


def correct_result(
    session: Session,
    competition: Competition,
    actor: Actor,
    uid: str,
    report: Report,
    wanted: Wanted,
    clock: Clock = utc_now,
) -> Correction:
    """Replace the result of a match, with everything that followed from it, in this one transaction.

    Allowed in a completed competition too: its places and prizes are worked out anew, and it is open again where matches
    have to be played again. The same result once more changes nothing. Raises NotFound; Conflict when the match has no
    result yet, when the competition is not being played, and, unless `wanted.cascade`, when later matches were played on the
    result (naming them); Unprocessable or Invalid when the new result is not possible.
    """
    lock(session, competition)
    held = load(session, competition)
    match = held.match(uid)
    if competition.status not in ("active", "completed"):
        raise Conflict(f"Results are corrected in active and completed competitions; this one is {competition.status}.")
    check_complete(held, report)
    changes = FORMATS[competition.format].correct(held.plan, report.of(match.number), cascade=wanted.cascade)
    kinds = dict.fromkeys(changes.cleared, "cleared") | {match.number: "correction"}
    reporting = Reporting(actor, clock(), kinds, {match.number: report.notes})
    seen = foresee(session, competition, held, changes, reporting)
    after = seen.after.matches[match.number]
    found = _correction(competition, seen, uid, applied=not wanted.dry_run)
    if not wanted.dry_run and after != match:
        carry_out(session, competition, seen, reporting)
        told = {"result": words(after), "reason": wanted.reason, "cleared": found.cleared}
        before: dict[str, Any] = {"result": words(match), "reason": None, "cleared": []}
        record(session, competition.org_id, actor, "match.corrected", subject_of(competition, uid, match), before, told)
    return found


def _correction(competition: Competition, seen: Consequences, uid: str, *, applied: bool) -> Correction:
    number = seen.held.match(uid).number
    changed = seen.after.matches[number] != seen.held.plan.matches[number]
    return Correction(
        uid=uid,
        match=seen.after.matches[number],
        completed_at=seen.held.slots[number].completed_at,
        applied=applied,
        matches=[_change(seen, match, applied) for match in seen.changes.matches if _differs(seen, match)],
        cleared=[seen.uids[each] for each in seen.changes.cleared],
        removed=[seen.uids[each] for each in seen.changes.removed],
        standings=_moved(competition, seen),
        prizes=_paid(competition, seen),
        events=[name for name, _, _ in seen.events] if changed else [],
        status=seen.status,
    )


def _differs(seen: Consequences, match: Match) -> bool:
    return seen.held.plan.matches.get(match.number) != match


def _change(seen: Consequences, match: Match, applied: bool) -> dict[str, Any]:
    """A match before and after; a new one has no past, and no id before it is written."""
    known = seen.held.plan.matches.get(match.number)
    after = match_data(seen, match)
    place = {name: after.pop(name) for name in ("id", "number", "stage", "group", "round", "position")}
    if known is None and not applied:
        place["id"] = None
    before = match_data(seen, known) if known else None
    return place | {"before": before and {name: before[name] for name in after}, "after": after}


def _moved(competition: Competition, seen: Consequences) -> list[dict[str, Any]]:
    """Whose rank or points are other ones than before."""
    before = {line.person.id: line for line in lines_of(competition, seen.held.plan, seen.held.field)}
    moved = []
    for line in lines_of(competition, seen.after, seen.held.field):
        old = before[line.person.id]
        if (old.rank, old.row.points) != (line.rank, line.row.points):
            ranks = {"rank_before": old.rank, "rank_after": line.rank}
            points = {"points_before": old.row.points, "points_after": line.row.points}
            moved.append(line.person.named | {"group": line.row.group or None} | ranks | points)
    return moved


def _paid(competition: Competition, seen: Consequences) -> list[dict[str, Any]]:
    """Whose final place or prize is another one than before: only where the competition was, or is then, completed."""
    was = places_of(competition, seen.held.plan, seen.held.field) if competition.status == "completed" else []
    before: dict[int, tuple[int | None, str | None]] = {each.person.id: (each.place, each.prize_wei) for each in was}
    after: dict[int, tuple[int | None, str | None]]
    after = {each.person.id: (each.place, each.prize_wei) for each in seen.places}
    nothing = (None, None)
    return [
        person.named
        | {"place_before": before.get(person.id, nothing)[0], "place_after": after.get(person.id, nothing)[0]}
        | {"prize_wei_before": before.get(person.id, nothing)[1], "prize_wei_after": after.get(person.id, nothing)[1]}
        for person in seen.held.people.values()
        if before.get(person.id, nothing) != after.get(person.id, nothing)
    ]
