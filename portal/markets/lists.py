"""Reading for the feed, the API and the pages: the settlement log, tournaments, teams. One or two statements each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, select
from sqlalchemy.orm import Session, aliased

from portal.competitions.credits import records
from portal.competitions.model import Competition, Entry, Match
from portal.kernel.errors import NotFound
from portal.markets.fixtures import of_sport
from portal.markets.model import Offer, Settlement
from portal.players.model import Team

_TRUE = ("true", "1")  # how PostgreSQL and SQLite write a JSON true


def log_of(org_id: int) -> Select[Settlement, str]:
    """The organization's settlement log with the public ids of the offers, in its order."""
    query = select(Settlement, Offer.uid).join(Offer, Offer.id == Settlement.offer_id)
    return query.where(Settlement.org_id == org_id).order_by(Settlement.number)


def settlements_after(
    session: Session, org_id: int, sport: str, since: int, limit: int, match_uid: str | None = None
) -> Sequence[tuple[Settlement, str]]:
    """The next rows of one sport after number `since`, of one match where it is named. Nothing is ever put in before."""
    query = log_of(org_id).join(Competition, Competition.id == Settlement.competition_id)
    query = query.where(of_sport(sport), Settlement.number > since)
    if match_uid is not None:
        query = query.where(Settlement.match_uid == match_uid)
    return [(row, uid) for row, uid in session.execute(query.limit(limit))]


def page_of_offers(
    session: Session, competition: Competition, wanted: dict[str, Any], limit: int, offset: int
) -> tuple[Sequence[Offer], int]:
    """One page of a competition's offers, the oldest first, and how many there are. `wanted` has values for columns, None for
    any."""
    conditions = [Offer.competition_id == competition.id]
    conditions += [getattr(Offer, name) == value for name, value in wanted.items() if value is not None]
    total = session.scalar(select(func.count()).select_from(Offer).where(*conditions)) or 0
    return session.scalars(select(Offer).where(*conditions).order_by(Offer.id).limit(limit).offset(offset)).all(), total


def tournaments(
    session: Session, org_id: int, sport: str, tier: str | None, is_lan: bool | None, limit: int
) -> tuple[Sequence[Competition], int]:
    """Competitions of the sport that are no drafts, the latest start first. Tier and LAN stand in their `metadata`."""
    conditions = [Competition.org_id == org_id, of_sport(sport), Competition.status != "draft"]
    if tier is not None:
        conditions.append(Competition.details["tier"].as_string() == tier)
    if is_lan is not None:
        on_lan: ColumnElement[bool] = func.coalesce(cast(Competition.details["is_lan"].as_string(), String), "").in_(_TRUE)
        conditions.append(on_lan if is_lan else ~on_lan)
    total = session.scalar(select(func.count()).select_from(Competition).where(*conditions)) or 0
    newest = Competition.starts_at.desc().nulls_last(), Competition.id.desc()
    return session.scalars(select(Competition).where(*conditions).order_by(*newest).limit(limit)).all(), total


def flag(value: object) -> bool:
    """Whether a value of `metadata` says yes, as `tournaments` reads it."""
    return str(value).lower() in _TRUE


def teams(session: Session, org_id: int, sport: str, limit: int) -> tuple[Sequence[Team], int]:
    """Teams that registered for a competition of the sport, by name."""
    conditions = (Team.org_id == org_id, Team.deleted_at.is_(None), Team.id.in_(_entered(org_id, sport)))
    total = session.scalar(select(func.count()).select_from(Team).where(*conditions)) or 0
    return session.scalars(select(Team).where(*conditions).order_by(Team.name, Team.id).limit(limit)).all(), total


def team_with_record(session: Session, org_id: int, sport: str, uid: str) -> tuple[Team, dict[str, int]]:
    """One of `teams` with its wins, draws and losses in the sport. Raises NotFound."""
    mine = (Team.org_id == org_id, Team.deleted_at.is_(None), Team.uid == uid, Team.id.in_(_entered(org_id, sport)))
    team = session.scalar(select(Team).where(*mine))
    if team is None:
        raise NotFound("Team not found.")
    counted = records((Competition.org_id == org_id) & of_sport(sport))
    sums = [func.coalesce(func.sum(counted.c[name]), 0).label(name) for name in ("wins", "draws", "losses")]
    found = session.execute(select(*sums).join(Entry, Entry.id == counted.c.entry_id).where(Entry.team_id == team.id)).one()
    return team, {"wins": int(found.wins), "draws": int(found.draws), "losses": int(found.losses)}


def _entered(org_id: int, sport: str) -> Select[int | None]:
    entered = select(Entry.team_id).join(Competition, Competition.id == Entry.competition_id)
    return entered.where(Competition.org_id == org_id, of_sport(sport), Entry.team_id.is_not(None))


def open_matches(session: Session, competition: Competition) -> list[tuple[str, str]]:
    """(public id, name) of every match that bets can be taken on, in order of play; none unless the competition is active."""
    if competition.status != "active":
        return []
    a, b, team_a, team_b = aliased(Entry), aliased(Entry), aliased(Team), aliased(Team)
    names = func.coalesce(team_a.name, a.wallet), func.coalesce(team_b.name, b.wallet)
    query = select(Match.uid, Match.number, *names).join(a, a.id == Match.a_id).join(b, b.id == Match.b_id)
    query = query.outerjoin(team_a, team_a.id == a.team_id).outerjoin(team_b, team_b.id == b.team_id)
    ready = query.where(Match.competition_id == competition.id, Match.status == "pending").order_by(Match.number)
    return [(uid, f"{number}. {first} – {second}") for uid, number, first, second in session.execute(ready)]
