"""What competitions came to in a period and in the one before it. From SQL aggregates over facts that stand: who held a
place, matches that are over, competitions that started or ended. As many statements for a million matches as for none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, literal, select
from sqlalchemy.orm import Session

from portal.analytics.daily import Daily
from portal.analytics.days import seconds_between, utc_day, utc_hour_of_week
from portal.analytics.figures import REGISTERED
from portal.analytics.scope import Scope
from portal.competitions.credits import identity, records
from portal.competitions.model import Competition, Entry, Match
from portal.players.model import Team

WITHOUT_PLAY = ("walkover", "no_show", "double_no_show")
FINISHED = ("played", *WITHOUT_PLAY)  # byes and matches called off are no results
KINDS = (("team", "Teams"), ("player", "Players by name"), ("wallet", "Players by wallet"))
TOP = 5


@dataclass(frozen=True)
class Made:
    """Competitions of a format that were created in the period, by status (there may be none), and how many in the period
    before."""

    format: str
    by_status: Mapping[str, int]
    before: int

    @property
    def total(self) -> int:
        return sum(self.by_status.values())


@dataclass(frozen=True)
class Length:
    """How long competitions of a format that ended in the period took from their start, in seconds."""

    format: str
    count: int
    shortest: float
    average: float
    longest: float


def registrations(session: Session, scope: Scope) -> Daily:
    """Who registered and held a place, per day of the registration."""
    day = utc_day(Entry.registered_at)
    query = select(day, func.count()).join(Competition, Competition.id == Entry.competition_id)
    query = query.where(Entry.org_id == scope.org_id, Entry.status.in_(REGISTERED), scope.competitions)
    return Daily.of(("Registrations",), session.execute(query.where(scope.within_both(Entry.registered_at)).group_by(day)))


def matches(session: Session, scope: Scope) -> Daily:
    """Matches that ended per day: played, or decided because somebody was not there."""
    day = utc_day(Match.completed_at)
    counts = (func.count(case((Match.outcome == "played", 1))), func.count(case((Match.outcome.in_(WITHOUT_PLAY), 1))))
    query = _over(scope, day, *counts).where(scope.within_both(Match.completed_at))
    return Daily.of(("Played", "Decided without play"), session.execute(query.group_by(day)))


def check_ins(session: Session, scope: Scope) -> Daily:
    """Who held a place when their competition started, per day of the start: checked in or not. A circuit asks nobody."""
    day = utc_day(Competition.started_at)
    there = Entry.checked_in_at.is_not(None)
    counts = (func.count(case((there, 1))), func.count(case((~there, 1))))
    query = select(day, *counts).select_from(Entry).join(Competition, Competition.id == Entry.competition_id)
    asked = (Competition.format != "leaderboard", Entry.status.in_(REGISTERED), scope.competitions)
    query = query.where(*asked, scope.within_both(Competition.started_at))
    return Daily.of(("Checked in", "Not checked in"), session.execute(query.group_by(day)))


def made(session: Session, scope: Scope) -> list[Made]:
    """The format with most competitions first."""
    now = case((scope.within(Competition.created_at), 1))
    query = select(Competition.format, Competition.status, func.count(now), func.count()).where(scope.competitions)
    query = query.where(scope.within_both(Competition.created_at)).group_by(Competition.format, Competition.status)
    found: dict[str, tuple[dict[str, int], list[int]]] = {}
    for format, status, here, all_of_them in session.execute(query):
        by_status, before = found.setdefault(format, ({}, []))
        by_status[status] = here
        before.append(all_of_them - here)
    rows = [Made(format, by_status, sum(before)) for format, (by_status, before) in found.items()]
    return sorted(rows, key=lambda row: (-row.total, row.format))


def lengths(session: Session, scope: Scope) -> list[Length]:
    """The format with most competitions first."""
    took: Any = seconds_between(Competition.started_at, Competition.completed_at)
    sums = (func.count(), func.min(took), func.avg(took), func.max(took))
    query = select(Competition.format, *sums).where(scope.competitions, Competition.started_at.is_not(None))
    query = query.where(Competition.status == "completed", scope.within(Competition.completed_at))
    rows = session.execute(query.group_by(Competition.format).order_by(func.count().desc(), Competition.format))
    return [Length(format, count, *map(float, seconds)) for format, count, *seconds in rows]


def hours(session: Session, scope: Scope) -> dict[tuple[int, int], int]:
    """Matches that ended in the period by day of the week (Monday is 0) and hour, where there were any."""
    hour = utc_hour_of_week(Match.completed_at)
    query = _over(scope, hour, func.count()).where(scope.within(Match.completed_at))
    found = {}
    for text, count in session.execute(query.group_by(hour)):
        weekday, clock = text.split()
        found[int(weekday) - 1, int(clock)] = count
    return found


def top(session: Session, scope: Scope, *kinds: str) -> Sequence[Any]:
    """The best of `kinds` in the period: most wins, then fewest losses, then whoever came first."""
    rows = ranked(scope)
    best = rows.where(_column(rows, "kind").in_(kinds))
    order = [_column(rows, "wins").desc(), _column(rows, "losses"), _column(rows, "id")]
    return session.execute(best.order_by(*order).limit(TOP)).all()


def ranked(scope: Scope) -> Select[Any]:
    """(id, kind, name, team_uid, wallet, competitions, played, wins, draws, losses, rate) of everybody with a match that
    ended in the period. `rate` is of the matches won or lost, in percent, None without any. A wallet is one in any spelling.
    """
    sums = records(scope.competitions & scope.within(Match.completed_at))
    wins, draws, losses = (func.sum(sums.c[name]) for name in ("wins", "draws", "losses"))
    solo = func.max(case((Team.solo.is_(True), 1), else_=0))
    kind = case((func.max(Team.id).is_(None), literal("wallet")), (solo == 1, literal("player")), else_=literal("team"))
    inner = select(
        func.min(Entry.id).label("id"),
        kind.label("kind"),
        func.coalesce(func.max(Team.name), func.min(Entry.wallet)).label("name"),
        func.max(Team.uid).label("team_uid"),
        func.min(Entry.wallet).label("wallet"),
        func.count(func.distinct(Entry.competition_id)).label("competitions"),
        (wins + draws + losses).label("played"),
        wins.label("wins"),
        draws.label("draws"),
        losses.label("losses"),
        (100.0 * wins / func.nullif(wins + losses, 0)).label("rate"),
    )
    inner = inner.join(sums, sums.c.entry_id == Entry.id).outerjoin(Team, Team.id == Entry.team_id)
    found = inner.where(Entry.org_id == scope.org_id).group_by(identity()).having(wins + draws + losses > 0)
    return select(found.subquery("ranked"))


def _column(rows: Select[Any], name: str) -> Any:
    return rows.selected_columns[name]


def _over(scope: Scope, *columns: Any) -> Select[Any]:
    """Of matches that are over with a result."""
    query = select(*columns).select_from(Match).join(Competition, Competition.id == Match.competition_id)
    return query.where(scope.competitions, Match.outcome.in_(FINISHED))
