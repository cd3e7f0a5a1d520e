"""What is going on: competitions in play with their next matches, and those that take registrations."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from portal.competitions.credits import real
from portal.competitions.entries import places
from portal.competitions.model import Competition, Entry, Match
from portal.orgs.model import Organization
from portal.players.model import Team

SHOWN = 5
NEXT = 2  # matches of each


@dataclass(frozen=True)
class Next:
    """A match that can be played: both sides by name, and its hour where it has one."""

    uid: str
    a: str
    b: str
    scheduled_at: datetime | None


@dataclass
class Running:
    """A competition in play: `played` of `total` matches."""

    id: int
    uid: str
    title: str
    played: int
    total: int
    next: list[Next] = field(default_factory=list)


@dataclass(frozen=True)
class Open:
    """A competition that takes registrations; `left` is None where only the format sets a bound."""

    uid: str
    title: str
    registered: int
    waiting: int
    left: int | None
    closes_at: datetime | None
    starts_at: datetime | None


@dataclass(frozen=True)
class Live:
    """At most SHOWN of each, and how many there are."""

    running: list[Running]
    running_total: int
    open: list[Open]
    open_total: int


def live_of(session: Session, org: Organization, now: datetime) -> Live:
    """Three statements: those in play (the latest start first), their next matches, those that are open (the soonest first)."""
    running = session.execute(_in_play(org)).all()
    shown = [Running(row.id, row.uid, row.title, row.played, row.total) for row in running]
    by_id = {each.id: each for each in shown}
    for row in session.execute(_next_matches([each.id for each in shown])):
        by_id[row.competition_id].next.append(Next(row.uid, row.a, row.b, row.scheduled_at))
    open_rows = session.execute(_taking(org, now)).all()
    return Live(shown, _all(running), [_open(*row[:-1]) for row in open_rows], _all(open_rows))


def _in_play(org: Organization) -> Any:
    done = func.count(case((Match.status == "completed", Match.id)))
    query = select(Competition.id, Competition.uid, Competition.title, done.label("played"), func.count(Match.id).label("total"))
    query = query.add_columns(func.count().over().label("all"))
    query = query.outerjoin(Match, and_(Match.competition_id == Competition.id, real()))
    query = query.where(Competition.org_id == org.id, Competition.status == "active")
    query = query.group_by(Competition.id, Competition.uid, Competition.title, Competition.started_at)
    return query.order_by(Competition.started_at.desc(), Competition.id.desc()).limit(SHOWN)


def _next_matches(ids: Sequence[int]) -> Any:
    """The next NEXT of each: scheduled ones by their hour, then the others in the order of play."""
    order = (Match.scheduled_at.asc().nulls_last(), Match.number)
    place = func.row_number().over(partition_by=Match.competition_id, order_by=order).label("place")
    ready = (Match.competition_id.in_(ids), Match.status == "pending", Match.a_id.is_not(None), Match.b_id.is_not(None))
    first = select(Match.id, place).where(*ready).subquery("first")
    a, b, team_a, team_b = aliased(Entry), aliased(Entry), aliased(Team), aliased(Team)
    names = (func.coalesce(team_a.name, a.wallet).label("a"), func.coalesce(team_b.name, b.wallet).label("b"))
    query = select(Match.uid, Match.competition_id, Match.scheduled_at, *names).join(first, first.c.id == Match.id)
    query = query.join(a, a.id == Match.a_id).join(b, b.id == Match.b_id)
    query = query.outerjoin(team_a, team_a.id == a.team_id).outerjoin(team_b, team_b.id == b.team_id)
    return query.where(first.c.place <= NEXT).order_by(Match.competition_id, first.c.place)


def _taking(org: Organization, now: datetime) -> Any:
    """Open ones whose window has not passed."""
    counts = (func.count(case((Entry.status == status, 1))) for status in ("registered", "waiting"))
    query = select(Competition, *counts, func.count().over().label("all"))
    query = query.outerjoin(Entry, Entry.competition_id == Competition.id)
    closes = Competition.registration_closes
    query = query.where(Competition.org_id == org.id, Competition.status == "registration", or_(closes.is_(None), closes > now))
    soonest = func.coalesce(closes, Competition.starts_at)
    return query.group_by(Competition.id).order_by(soonest.asc().nulls_last(), Competition.id.desc()).limit(SHOWN)


def _open(competition: Competition, registered: int, waiting: int) -> Open:
    left = max(0, places(competition) - registered) if competition.max_participants else None
    hours = (competition.registration_closes, competition.starts_at)
    return Open(competition.uid, competition.title, registered, waiting, left, *hours)


def _all(rows: Sequence[Any]) -> int:
    return int(rows[0][-1]) if rows else 0
