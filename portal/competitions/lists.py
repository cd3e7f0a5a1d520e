"""Reading many at once: competitions with their counts, registrations with their team's name. One statement each, or two."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, func, select
from sqlalchemy.orm import Session

from portal.competitions.credits import real
from portal.competitions.model import Competition, Entry, Match
from portal.competitions.participants import TAKING_PART
from portal.orgs.model import Organization
from portal.players.model import Team


@dataclass(frozen=True, slots=True)
class Summary:
    """`current_round` is the earliest round with a match to play, the last one when all are over, None before the start."""

    registrations: int
    checked_in: int
    matches_total: int
    matches_completed: int
    matches_pending: int
    current_round: int | None


def page_of(
    session: Session, seen: ColumnElement[bool], wanted: dict[str, str | None], limit: int, offset: int
) -> tuple[Sequence[tuple[Competition, int, int]], int]:
    """One page, the newest first, and how many there are in all. `wanted` narrows by org_id, type, status, category.

    Two statements whatever the number of competitions.
    """
    query = _filtered(select(Competition), seen, wanted)
    total = session.scalar(_filtered(select(func.count(Competition.id)), seen, wanted)) or 0
    counts = (_participants().label("participants"), _matches().label("matches"))
    newest = query.add_columns(*counts).order_by(Competition.created_at.desc(), Competition.id.desc())
    rows = session.execute(newest.limit(limit).offset(offset))
    return [(competition, participants, matches) for competition, participants, matches in rows], total


def summary_of(session: Session, competition: Competition) -> Summary:
    """The figures of one competition, in two statements."""
    here = Entry.status.in_(TAKING_PART)
    people = select(func.count(case((here, 1))), func.count(case((here & Entry.checked_in_at.is_not(None), 1))))
    registrations, checked_in = session.execute(people.where(Entry.competition_id == competition.id)).one()
    pending = Match.status == "pending"
    figures = select(
        func.count(), func.count(case((pending, 1))), func.min(case((pending, Match.round))), func.max(Match.round)
    ).where(Match.competition_id == competition.id, real())
    total, left, earliest, last = session.execute(figures).one()
    return Summary(registrations, checked_in, total, total - left, left, last if earliest is None else earliest)


def registrations_of(session: Session, competition: Competition) -> Sequence[tuple[Entry, str | None, str | None]]:
    """(entry, team's uid, team's name) of everybody who did not leave before the start, in order of registration."""
    query = select(Entry, Team.uid, Team.name).outerjoin(Team, Team.id == Entry.team_id)
    mine = (Entry.competition_id == competition.id, Entry.entrant_key.is_not(None))
    return [(entry, team, name) for entry, team, name in session.execute(query.where(*mine).order_by(Entry.id))]


def _filtered(query: Select[Any], seen: ColumnElement[bool], wanted: dict[str, str | None]) -> Select[Any]:
    query = query.where(seen)
    if wanted.get("org_id") is not None:
        query = query.where(
            Competition.org_id == select(Organization.id).where(Organization.uid == wanted["org_id"]).scalar_subquery()
        )
    for name in ("type", "status", "category"):
        if wanted.get(name) is not None:
            query = query.where(getattr(Competition, name) == wanted[name])
    return query


def _participants() -> ScalarSelect[int]:
    taking = (Entry.competition_id == Competition.id, Entry.status.in_(TAKING_PART))
    return select(func.count()).select_from(Entry).where(*taking).correlate(Competition).scalar_subquery()


def _matches() -> ScalarSelect[int]:
    mine = (Match.competition_id == Competition.id, real())
    return select(func.count()).select_from(Match).where(*mine).correlate(Competition).scalar_subquery()
