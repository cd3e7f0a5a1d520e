"""What somebody played in every competition. `entries` picks the ids of their entries (`people.entries_of_…`); everything
is worked out in SQL, so that it can be searched, sorted and cut into pages there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, ScalarSelect, Select, Subquery, case, cast, distinct, func, null, select, union_all
from sqlalchemy.orm import Session, aliased

from portal.competitions.credits import credit_of, real, records
from portal.competitions.model import Competition, Entry, Match
from portal.competitions.participants import TAKING_PART
from portal.players.model import Team

SHOWN_PLACES = 20


@dataclass(frozen=True, slots=True)
class Record:
    """Sums over everything. `best` is the best final place."""

    competitions: int
    completed: int
    wins: int
    draws: int
    losses: int
    best: int | None

    @property
    def played(self) -> int:
        return self.wins + self.draws + self.losses

    @property
    def rate(self) -> int | None:
        """Of the matches that were won or lost, in percent."""
        decided = self.wins + self.losses
        return round(100 * self.wins / decided) if decided else None


@dataclass(frozen=True, slots=True)
class Place:
    """A final place among so many."""

    uid: str
    title: str
    place: int
    entrants: int
    at: datetime | None

    @property
    def share(self) -> float:
        """From 0 to 1: how much of the field stands at this place or behind it. The first place is 1."""
        return (self.entrants - self.place + 1) / self.entrants if self.entrants else 0.0


def record_of(session: Session, entries: Select[int]) -> Record:
    """One statement."""
    sums = _sums(entries)
    here = Entry.status.in_(TAKING_PART)
    over = case((here & (Competition.status == "completed"), Competition.id))
    counted = (cast(func.coalesce(func.sum(sums.c[name]), 0), Integer) for name in ("wins", "draws", "losses"))
    entered = func.count(distinct(case((here, Competition.id))))
    query = select(entered, func.count(distinct(over)), *counted, func.min(Entry.place)).select_from(Entry)
    query = query.join(Competition, Competition.id == Entry.competition_id).outerjoin(sums, sums.c.entry_id == Entry.id)
    row: Any = session.execute(query.where(Entry.id.in_(entries))).one()
    return Record(*row)


def competitions(entries: Select[int]) -> Select[Any]:
    """One row for each entry: uid, entry_status, place, seed, prize_wei, registered_at, as_name, as_uid, as_solo; the
    competition's competition_uid, title, status, format, started_at, completed_at, entrants; wins, draws, losses, last_at."""
    sums = _sums(entries)
    query = (
        select(
            Entry.id,
            Entry.uid,
            Entry.status.label("entry_status"),
            Entry.place,
            Entry.seed,
            Entry.prize_wei,
            Entry.registered_at,
            Entry.wallet,
            Team.name.label("as_name"),
            Team.uid.label("as_uid"),
            Team.solo.label("as_solo"),
            Competition.uid.label("competition_uid"),
            Competition.title,
            Competition.status,
            Competition.format,
            Competition.started_at,
            Competition.completed_at,
            _entrants().label("entrants"),
            *(func.coalesce(sums.c[name], 0).label(name) for name in ("wins", "draws", "losses")),
            sums.c.last_at,
        )
        .join(Competition, Competition.id == Entry.competition_id)
        .outerjoin(Team, Team.id == Entry.team_id)
        .outerjoin(sums, sums.c.entry_id == Entry.id)
        .where(Entry.id.in_(entries))
    )
    return select(query.subquery("listed"))


def matches(entries: Select[int]) -> Select[Any]:
    """One row for each match, byes left out: id, uid, number, round, stage, status, outcome, scheduled_at, completed_at,
    scored, against, credit (win, draw, loss; None while it is not over or where it counts for nobody); the opponent's
    foe_uid, foe_key, foe_name; competition_uid, title, format."""
    return select(_sides(entries))


def opponents(entries: Select[int]) -> Select[Any]:
    """One row for each opponent met in a match that counted: foe_key, foe_name, met, wins, draws, losses, last_at."""
    sides = _sides(entries)
    counts = (func.count(case((sides.c.credit == credit, 1))).label(name) for credit, name in _CREDITS)
    query = select(
        sides.c.foe_key,
        func.max(sides.c.foe_name).label("foe_name"),
        func.count().label("met"),
        *counts,
        func.max(sides.c.completed_at).label("last_at"),
    ).where(sides.c.foe_key.is_not(None), sides.c.credit.is_not(None))
    return select(query.group_by(sides.c.foe_key).subquery("listed"))


def places(session: Session, entries: Select[int]) -> list[Place]:
    """The final places of the latest competitions that are over, the oldest first. One statement."""
    query = (
        select(Competition.uid, Competition.title, Entry.place, _entrants(), Competition.completed_at)
        .join(Entry, Entry.competition_id == Competition.id)
        .where(Entry.id.in_(entries), Entry.place.is_not(None), Competition.status == "completed")
        .order_by(Competition.completed_at.desc(), Entry.id.desc())
    )
    rows: Any = session.execute(query.limit(SHOWN_PLACES))
    return [Place(*row) for row in rows][::-1]


_CREDITS = (("win", "wins"), ("draw", "draws"), ("loss", "losses"))


def _sums(entries: Select[int]) -> Subquery:
    return records(Competition.id.in_(select(Entry.competition_id).where(Entry.id.in_(entries))))


def _entrants() -> ScalarSelect[int]:
    other = aliased(Entry)
    taking = (other.competition_id == Competition.id, other.status.in_(TAKING_PART))
    counted: ScalarSelect[int] = select(func.count()).select_from(other).where(*taking).correlate(Competition).scalar_subquery()
    return counted


def _sides(entries: Select[int]) -> Subquery:
    first = _half(entries, Match.a_id, Match.b_id, "a", (Match.score_a, Match.score_b))
    second = _half(entries, Match.b_id, Match.a_id, "b", (Match.score_b, Match.score_a))
    return union_all(first, second).subquery("listed")


def _half(entries: Select[int], own: Any, other: Any, side: str, scores: tuple[Any, Any]) -> Select[Any]:
    foe, team = aliased(Entry), aliased(Team)
    named = ("id", "uid", "number", "round", "stage", "status", "outcome", "scheduled_at", "completed_at")
    return (
        select(
            *(getattr(Match, name) for name in named),
            scores[0].label("scored"),
            scores[1].label("against"),
            case((Match.outcome.is_(None), null()), else_=credit_of(other, side)).label("credit"),
            foe.uid.label("foe_uid"),
            func.coalesce(func.lower(foe.wallet), team.uid).label("foe_key"),
            func.coalesce(team.name, foe.wallet).label("foe_name"),
            Competition.uid.label("competition_uid"),
            Competition.title,
            Competition.format,
        )
        .join(Competition, Competition.id == Match.competition_id)
        .outerjoin(foe, foe.id == other)
        .outerjoin(team, team.id == foe.team_id)
        .where(own.in_(entries), real())
    )
