"""An organization in numbers, of all time. From SQL aggregates: as many statements for a million matches as for none."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, distinct, func, or_, select
from sqlalchemy.orm import Session

from portal.analytics.days import utc_day
from portal.competitions.credits import real, records
from portal.competitions.model import STATUSES, Competition, Entry, Match
from portal.competitions.participants import TAKING_PART
from portal.players.model import Team

TOP = 10
# Whoever held a place until the start; those who left, or only waited, did not take part.
REGISTERED = ("registered", "dropped", "disqualified")


@dataclass(frozen=True, slots=True)
class Matches:
    """Averages have one decimal and are 0 while nothing was scored."""

    total: int
    completed: int
    pending: int
    avg_score_a: float
    avg_score_b: float


@dataclass(frozen=True, slots=True)
class Top:
    """`winrate` is of the matches that were won or lost, in percent with one decimal."""

    name: str
    team_uid: str | None
    wins: int
    losses: int
    winrate: float
    competitions_entered: int


@dataclass(frozen=True, slots=True)
class Figures:
    """`by_status` has every status; `by_type` those types that there are, the most frequent first; `trend` is (day, count)
    of each UTC day on which somebody registered."""

    by_status: dict[str, int]
    by_type: dict[str, int]
    registrations: int
    unique_wallets: int
    trend: list[tuple[str, int]]
    matches: Matches
    top_wallets: list[Top]
    top_teams: list[Top]

    @property
    def competitions(self) -> int:
        return sum(self.by_status.values())


def figures(session: Session, org_id: int) -> Figures:
    """Every figure of the organization, in six statements."""
    by_status, by_type = _competitions(session, org_id)
    trend = _trend(session, org_id)
    return Figures(
        by_status,
        by_type,
        sum(count for _day, count in trend),
        _unique_wallets(session, org_id),
        trend,
        _matches(session, org_id),
        _top_wallets(session, org_id),
        _top_teams(session, org_id),
    )


def _competitions(session: Session, org_id: int) -> tuple[dict[str, int], dict[str, int]]:
    query = select(Competition.status, Competition.type, func.count()).where(Competition.org_id == org_id)
    by_status, by_type = dict.fromkeys(STATUSES, 0), dict[str, int]()
    for status, kind, count in session.execute(query.group_by(Competition.status, Competition.type)):
        by_status[status] += count
        by_type[kind] = by_type.get(kind, 0) + count
    return by_status, dict(sorted(by_type.items(), key=lambda item: (-item[1], item[0])))


def _trend(session: Session, org_id: int) -> list[tuple[str, int]]:
    day = utc_day(Entry.registered_at)
    query = select(day, func.count()).where(Entry.org_id == org_id, Entry.status.in_(REGISTERED))
    return [(found, count) for found, count in session.execute(query.group_by(day).order_by(day))]


def _unique_wallets(session: Session, org_id: int) -> int:
    query = select(func.count(distinct(func.lower(Entry.wallet))))
    return session.scalar(query.where(Entry.org_id == org_id, Entry.status.in_(REGISTERED))) or 0


def _matches(session: Session, org_id: int) -> Matches:
    """Byes are no matches, and what is left of a canceled competition is no longer pending."""
    pending = Match.status == "pending"
    scored = case((Match.score_a.is_not(None), 1))
    sums = (func.sum(Match.score_a), func.sum(Match.score_b), func.count(scored))
    query = select(func.count(), func.count(case((pending, 1))), *sums).select_from(Match)
    query = query.join(Competition, Competition.id == Match.competition_id).where(Competition.org_id == org_id, real())
    total, left, sum_a, sum_b, count = session.execute(query.where(or_(~pending, Competition.status != "canceled"))).one()
    return Matches(total, total - left, left, _tenths(sum_a or 0, count), _tenths(sum_b or 0, count))


def _top_wallets(session: Session, org_id: int) -> list[Top]:
    """By wallet in lower case, spelt as it was when it first registered."""
    key = func.lower(Entry.wallet)
    best = _best(org_id, key, Entry.wallet.is_not(None)).subquery("best")
    query = select(Entry.wallet, *(best.c[name] for name in _COUNTED)).join(best, best.c.first == Entry.id)
    return [_top(row, None) for row in session.execute(query.order_by(best.c.wins.desc(), best.c.losses, best.c.first))]


def _top_teams(session: Session, org_id: int) -> list[Top]:
    best = _best(org_id, Entry.team_id, Entry.team_id.is_not(None)).subquery("best")
    query = select(Team.name, *(best.c[name] for name in _COUNTED), Team.uid).join(best, best.c.key == Team.id)
    rows = session.execute(query.order_by(best.c.wins.desc(), best.c.losses, best.c.first))
    return [_top(row, row.uid) for row in rows]


_COUNTED = ("wins", "losses", "entered")


def _best(org_id: int, key: Any, kind: ColumnElement[bool]) -> Select[Any]:
    """The ten with most wins; with equal wins, whoever lost less has the better rate."""
    sums = records(Competition.org_id == org_id)
    wins, losses = (func.coalesce(func.sum(sums.c[name]), 0).label(name) for name in ("wins", "losses"))
    entered = func.count(distinct(Entry.competition_id)).label("entered")
    query = select(key.label("key"), func.min(Entry.id).label("first"), wins, losses, entered)
    query = query.outerjoin(sums, sums.c.entry_id == Entry.id).where(Entry.org_id == org_id, kind)
    played = func.coalesce(func.sum(sums.c.wins + sums.c.draws + sums.c.losses), 0) > 0
    query = query.where(Entry.status.in_(TAKING_PART)).group_by(key).having(played)
    return query.order_by(wins.desc(), losses, func.min(Entry.id)).limit(TOP)


def _top(row: Row[Any], team_uid: str | None) -> Top:
    wins, losses = int(row.wins), int(row.losses)
    return Top(row[0], team_uid, wins, losses, _tenths(100 * wins, wins + losses), row.entered)


def _tenths(total: int, count: int) -> float:
    """The average with one decimal, halves upwards; 0 where there is nothing to divide by."""
    if not count:
        return 0.0
    return float((Decimal(int(total)) / count).quantize(Decimal("0.1"), ROUND_HALF_UP))
