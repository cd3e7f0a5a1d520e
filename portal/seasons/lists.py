"""Reading seasons with their counts. `seen` says which competitions the reader may see: no other is listed or counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, distinct, func, or_, select, true
from sqlalchemy.orm import Session

from portal.competitions.credits import identity, real
from portal.competitions.model import Competition, Entry, Match, competitions_of
from portal.competitions.participants import TAKING_PART
from portal.orgs.model import Organization, switched_off
from portal.seasons.model import Season, SeasonCompetition

STATUSES = ("active", "completed", "upcoming")


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of one season."""

    competitions: int
    competitions_completed: int
    total_matches: int
    unique_participants: int


def status_of(season: Season, now: datetime) -> str:
    """An active season that has not begun is upcoming."""
    ahead = season.starts_at is not None and season.starts_at > now
    return "upcoming" if season.status == "active" and ahead else season.status


def page_of(
    session: Session,
    seen: ColumnElement[bool],
    own: ColumnElement[bool],
    now: datetime,
    *,
    org: str | None = None,
    status: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Sequence[Any]:
    """(season, its competitions, its participants), the newest first: one statement.

    Seasons that `own` picks are the reader's. Of others it sees none of an organization that is switched off and, unless
    `org` names theirs, none without a competition that it may see: there is no list of what other tenants prepare.
    """
    competitions = select(func.count()).select_from(SeasonCompetition).join(Competition).where(_of_this(), seen)
    query = select(Season, _counted(competitions), _participants(seen))
    query = query.where(visible(own))
    if org is not None:
        query = query.where(Season.org_id == select(Organization.id).where(Organization.uid == org).scalar_subquery())
    else:
        shown = select(SeasonCompetition.id).join(Competition).where(_of_this(), seen).correlate(Season).exists()
        query = query.where(or_(own, shown))
    if status is not None:
        query = query.where(*_in_status(status, now))
    return session.execute(query.order_by(Season.created_at.desc(), Season.id.desc()).limit(limit).offset(offset)).all()


def listed(org_id: int, now: datetime) -> Select[Any]:
    """One row for each season of the organization: id, uid, name, state, starts_at, ends_at, created_at, scoring_config,
    competitions, participants."""
    everything = true()
    competitions = select(func.count()).select_from(SeasonCompetition).where(_of_this())
    ahead = (Season.status == "active") & (Season.starts_at > now)
    named = (Season.id, Season.uid, Season.name, Season.starts_at, Season.ends_at, Season.created_at, Season.scoring_config)
    state = case((ahead, "upcoming"), else_=Season.status).label("state")
    counts = (_counted(competitions).label("competitions"), _participants(everything).label("participants"))
    return select(select(*named, state, *counts).where(Season.org_id == org_id).subquery("listed"))


def competitions_in(season: Season) -> Select[Any]:
    """One row for each competition of the season: id, weight, added_at; uid, title, format, status, started_at, completed_at,
    entrants."""
    entrants = select(func.count()).where(Entry.competition_id == Competition.id, Entry.status.in_(TAKING_PART))
    named = ("uid", "title", "format", "status", "started_at", "completed_at")
    query = select(
        SeasonCompetition.id,
        SeasonCompetition.weight,
        SeasonCompetition.added_at,
        *(getattr(Competition, name) for name in named),
        entrants.correlate(Competition).scalar_subquery().label("entrants"),
    ).join(Competition, Competition.id == SeasonCompetition.competition_id)
    return select(query.where(SeasonCompetition.season_id == season.id).subquery("listed"))


def candidates(session: Session, season: Season, text: str, most: int) -> Sequence[Competition]:
    """Competitions that the season could take, the newest first: those with `text` in the title, or with that id."""
    there = select(SeasonCompetition.competition_id).where(SeasonCompetition.season_id == season.id)
    named = Competition.title.icontains(text, autoescape=True) | (Competition.uid == text.lower())
    query = competitions_of(season.org_id).where(Competition.id.not_in(there), Competition.status != "canceled", named)
    return session.scalars(query.order_by(Competition.created_at.desc(), Competition.id.desc()).limit(most)).all()


def visible(own: ColumnElement[bool]) -> ColumnElement[bool]:
    """Seasons are for everybody to read, but those of an organization that is switched off."""
    return or_(own, Season.org_id.not_in(switched_off()))


def summary_of(session: Session, season: Season, seen: ColumnElement[bool]) -> Summary:
    """The figures of one season: one statement."""
    lines = select(func.count()).select_from(SeasonCompetition).join(Competition).where(_of_this(), seen)
    completed = lines.where(Competition.status == "completed")
    matches = select(func.count(Match.id)).join(Competition, Competition.id == Match.competition_id)
    matches = matches.join(SeasonCompetition, SeasonCompetition.competition_id == Competition.id).where(_of_this(), seen, real())
    figures = (_counted(lines), _counted(completed), _counted(matches), _participants(seen))
    return Summary(*session.execute(select(*figures).select_from(Season).where(Season.id == season.id)).one())


def lines_of(session: Session, season: Season, seen: ColumnElement[bool]) -> Sequence[Any]:
    """(line, competition) of each competition, in the order in which they were added."""
    query = select(SeasonCompetition, Competition).join(Competition, Competition.id == SeasonCompetition.competition_id)
    return session.execute(query.where(SeasonCompetition.season_id == season.id, seen).order_by(SeasonCompetition.id)).all()


def _of_this() -> ColumnElement[bool]:
    return SeasonCompetition.season_id == Season.id


def _counted(query: Any) -> ScalarSelect[int]:
    counted: ScalarSelect[int] = query.correlate(Season).scalar_subquery()
    return counted


def _participants(seen: ColumnElement[bool]) -> ScalarSelect[int]:
    """Each wallet and team once, in however many of the competitions it takes part."""
    query = select(func.count(distinct(identity()))).select_from(Entry)
    query = query.join(Competition, Competition.id == Entry.competition_id)
    query = query.join(SeasonCompetition, SeasonCompetition.competition_id == Competition.id)
    return _counted(query.where(_of_this(), seen, Entry.status.in_(TAKING_PART)))


def _in_status(status: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    if status == "completed":
        return (Season.status == "completed",)
    begun = or_(Season.starts_at.is_(None), Season.starts_at <= now)
    return (Season.status == "active", begun if status == "active" else Season.starts_at > now)
