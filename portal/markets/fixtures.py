"""Matches as the feed knows them: those of an organization's own competitions, by sport, once both sides are known.

A sport is the category of competitions in lower case, with a hyphen for spaces, dots and underscores. A match is live from
its hour on until it has a result, so one without an hour goes from upcoming to finished. What nobody played and nobody won
(a match called off, neither side came, the competition canceled) is cancelled.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session, aliased

from portal.competitions.model import Competition, Entry, Match
from portal.kernel.errors import NotFound
from portal.markets.fields import STATUSES, Fixture, Side
from portal.markets.model import Offer
from portal.players.model import Team

_CALLED_OFF = ("not_played", "double_no_show")
_A, _B, _TEAM_A, _TEAM_B = aliased(Entry), aliased(Entry), aliased(Team), aliased(Team)


def sport_of(category: str | None) -> str:
    """The sport of a competition with that category; "" without one."""
    return (category or "").lower().replace(" ", "-").replace(".", "-").replace("_", "-")


def of_sport(sport: str) -> ColumnElement[bool]:
    """Competitions of that sport."""
    plain: ColumnElement[str] = func.lower(Competition.category)
    for sign in (" ", ".", "_"):
        plain = func.replace(plain, sign, "-")
    return plain == sport


def page_of_fixtures(
    session: Session, org_id: int, sport: str, statuses: Collection[str], limit: int, now: datetime
) -> tuple[list[Fixture], int]:
    """The first `limit` with one of these statuses, and how many there are: live, upcoming and cancelled by their hour, the
    latest result first. Two statements."""
    rank = _rank(now)
    wanted = rank.in_([STATUSES.index(status) for status in statuses])
    query = _fixtures(org_id, sport, rank).where(wanted)
    total = session.scalar(select(func.count()).select_from(query.with_only_columns(Match.id).subquery())) or 0
    hour = case((Match.completed_at.is_(None), Match.scheduled_at))
    ordered = query.order_by(rank, hour.asc().nulls_last(), Match.completed_at.desc().nulls_last(), Match.id)
    return [_fixture(row, sport, org_id) for row in session.execute(ordered.limit(limit))], total


def fixture_by_uid(session: Session, org_id: int, sport: str, uid: str, now: datetime) -> Fixture:
    """With its offers. Two statements. Raises NotFound."""
    found = fixtures_by_uid(session, org_id, sport, [uid], now)
    if not found:
        raise NotFound("Match not found.")
    return found[0]


def fixtures_by_uid(session: Session, org_id: int, sport: str, uids: Collection[str], now: datetime) -> list[Fixture]:
    """Those of these matches that are the organization's and of that sport, with their offers. Two statements."""
    rows = session.execute(_fixtures(org_id, sport, _rank(now)).where(Match.uid.in_(uids)).order_by(Match.id)).all()
    return with_offers(session, [_fixture(row, sport, org_id) for row in rows])


def with_offers(session: Session, fixtures: Sequence[Fixture]) -> list[Fixture]:
    """The same with what is offered on them. One statement."""
    if not fixtures:
        return []
    offers: dict[str, list[Offer]] = defaultdict(list)
    on_them = Offer.match_uid.in_([fixture.id for fixture in fixtures])
    for offer in session.scalars(select(Offer).where(on_them).order_by(Offer.id)):
        offers[offer.match_uid].append(offer)
    return [replace(fixture, offers=tuple(offers[fixture.id])) for fixture in fixtures]


def booked(session: Session, org_id: int, sport: str, since: datetime, now: datetime) -> list[Fixture]:
    """Matches with something that takes bets or waits, or that was decided since. Two statements."""
    moving = Offer.status.in_(("open", "suspended")) | (Offer.updated_at >= since)
    query = _fixtures(org_id, sport, _rank(now)).where(
        Match.uid.in_(select(Offer.match_uid).where(Offer.org_id == org_id, moving))
    )
    return with_offers(session, [_fixture(row, sport, org_id) for row in session.execute(query.order_by(Match.id))])


def _rank(now: datetime) -> ColumnElement[int]:
    """The place in STATUSES."""
    over, live = Match.status == "completed", (Competition.status == "active") & (Match.scheduled_at <= now)
    return case(
        (over & Match.outcome.in_(_CALLED_OFF), STATUSES.index("cancelled")),
        (over, STATUSES.index("finished")),
        (Competition.status == "canceled", STATUSES.index("cancelled")),
        (live, STATUSES.index("live")),
        else_=STATUSES.index("upcoming"),
    )


def _fixtures(org_id: int, sport: str, rank: ColumnElement[int]) -> Select[Any]:
    return (
        select(
            Match,
            Competition.uid.label("competition"),
            Competition.title,
            Competition.rules,
            rank.label("rank"),
            *_side_columns(_A, _TEAM_A, "a"),
            *_side_columns(_B, _TEAM_B, "b"),
        )
        .join(Competition, Competition.id == Match.competition_id)
        .join(_A, _A.id == Match.a_id)
        .join(_B, _B.id == Match.b_id)
        .outerjoin(_TEAM_A, _TEAM_A.id == _A.team_id)
        .outerjoin(_TEAM_B, _TEAM_B.id == _B.team_id)
        .where(Competition.org_id == org_id, of_sport(sport))
    )


def _side_columns(entry: Any, team: Any, side: str) -> Iterable[Any]:
    yield team.uid.label(f"{side}_uid")
    yield func.coalesce(team.name, entry.wallet).label(f"{side}_name")
    yield team.logo_url.label(f"{side}_logo")


def _fixture(row: Any, sport: str, org_id: int) -> Fixture:
    match: Match = row.Match
    return Fixture(
        id=match.uid,
        number=match.id,
        sport=sport,
        org_id=org_id,
        competition=row.competition,
        event=row.title,
        best_of=(row.rules or {}).get("best_of") or 1,
        a=Side(row.a_uid, row.a_name, row.a_logo),
        b=Side(row.b_uid, row.b_name, row.b_logo),
        status=STATUSES[row.rank],
        scheduled_at=match.scheduled_at,
        completed_at=match.completed_at,
        score_a=match.score_a,
        score_b=match.score_b,
        winner=match.winner,
        outcome=match.outcome,
    )
