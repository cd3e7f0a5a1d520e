"""What is done with seasons: made, changed, deleted, competitions added and removed; and told when their standings move."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.audit.service import Actor, record
from portal.competitions.model import Competition
from portal.competitions.service import lock
from portal.kernel.clock import iso
from portal.kernel.errors import Conflict, NotFound, Unprocessable
from portal.orgs.model import Organization
from portal.outbox.emit import emit
from portal.seasons.model import Season, SeasonCompetition
from portal.seasons.scoring import checked_weight, scoring_of
from portal.web.texts import one_line, paragraphs

MOST_NAME, MOST_DESCRIPTION = 100, 10_000
FIELDS = ("name", "description", "starts_at", "ends_at", "scoring_config", "status")


def create_season(session: Session, org: Organization, actor: Actor, terms: Mapping[str, Any]) -> Season:
    """An active season; `terms` has the names of FIELDS, what is not there or None has its default.

    Raises Invalid naming a field that breaks a rule, Unprocessable where it would end before it starts.
    """
    season = Season(org_id=org.id, scoring_config=scoring_of(None))
    _set(season, {name: value for name, value in terms.items() if value is not None})
    session.add(season)
    session.flush()
    _note(session, season, actor, "season.created", None, snapshot(season))
    return season


def change_season(session: Session, season: Season, actor: Actor, changes: Mapping[str, Any]) -> None:
    """Change what is named; None clears description and times, and brings the default points back. Raises as `create_season`."""
    _lock(session, season)
    before = snapshot(season)
    _set(season, changes)
    session.flush()
    after = snapshot(season)
    _note(session, season, actor, "season.updated", before, after)
    if before["status"] == "active" and after["status"] == "completed":
        _tell(session, season, "season.completed")
    if before["scoring_config"] != after["scoring_config"]:
        _tell(session, season, "season.standings_updated")


def add_competition(session: Session, season: Season, competition: Competition, actor: Actor, weight: float) -> SeasonCompetition:
    """Let the competition count for the season, times `weight`.

    Raises Invalid for a weight out of bounds, Conflict when it is there already, the season is over or it was canceled,
    and for a circuit that another season holds. Both rows are held: two seasons must not take one circuit at once.
    """
    lock(session, competition)
    _lock(session, season)
    _check_open(season)
    if competition.status == "canceled":
        raise Conflict("This competition was canceled: nothing of it can count.")
    if _line(session, season, competition.uid) is not None:
        raise Conflict("This competition is in the season already.")
    if competition.format == "leaderboard" and _seasons_of(session, competition):
        raise Conflict("This circuit is in another season already, and is scored from that one only.")
    line = SeasonCompetition(season_id=season.id, competition_id=competition.id, weight=checked_weight(weight))
    session.add(line)
    session.flush()
    _note(session, season, actor, "season.competition_added", None, _counted(competition, line))
    _tell(session, season, "season.standings_updated", {"competition_id": competition.uid})
    return line


def change_weight(session: Session, season: Season, competition_uid: str, actor: Actor, weight: float) -> bool:
    """Let the competition count times `weight` from now on. Was it another one before? Raises NotFound when the competition
    is not there, Invalid for a weight out of bounds, Conflict when the season is over."""
    _lock(session, season)
    line, competition = _found(session, season, competition_uid)
    _check_open(season)
    before = _counted(competition, line)
    if line.weight == checked_weight(weight):
        return False
    line.weight = weight
    session.flush()
    after = _counted(competition, line)
    record(session, season.org_id, actor, "season.competition_changed", _subject(season), before, after)
    _tell(session, season, "season.competition_changed", after)
    _tell(session, season, "season.standings_updated", {"competition_id": competition_uid})
    return True


def delete_season(session: Session, season: Season, actor: Actor) -> None:
    """The season is gone; its competitions stay as they are, a circuit among them is scored from nothing then."""
    _lock(session, season)
    record(session, season.org_id, actor, "season.deleted", _subject(season), snapshot(season), None)
    _tell(session, season, "season.deleted")
    session.execute(delete(SeasonCompetition).where(SeasonCompetition.season_id == season.id))
    session.delete(season)
    session.flush()


def remove_competition(session: Session, season: Season, competition_uid: str, actor: Actor) -> None:
    """Take the competition out; itself it stays as it is. Raises NotFound when it is not there, Conflict when the season
    is over."""
    _lock(session, season)
    line, competition = _found(session, season, competition_uid)
    _check_open(season)
    before = _counted(competition, line)
    session.delete(line)
    session.flush()
    _note(session, season, actor, "season.competition_removed", before, None)
    _tell(session, season, "season.standings_updated", {"competition_id": competition_uid})


def note_standings(session: Session, competition: Competition) -> None:
    """The standings of a competition moved, so those of its seasons did: tell it. One statement where it is in none."""
    for season in _seasons_of(session, competition):
        _tell(session, season, "season.standings_updated", {"competition_id": competition.uid})


def snapshot(season: Season) -> dict[str, Any]:
    """The season for the audit log and for events."""
    values = {name: getattr(season, name) for name in FIELDS}
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _set(season: Season, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if name == "scoring_config":
            value = scoring_of(None) if value is None else scoring_of(value, season.scoring_config)
        setattr(season, name, value)
    season.name = one_line("name", season.name or "", 1, MOST_NAME)
    if season.description is not None:
        paragraphs("description", season.description, MOST_DESCRIPTION)
    if season.starts_at and season.ends_at and season.ends_at <= season.starts_at:
        raise Unprocessable("ends_at", "ends_at must be later than starts_at. Change the one or the other.")


def _check_open(season: Season) -> None:
    if season.status == "completed":
        raise Conflict("This season is completed. Set its status to active to change what counts.")


def _line(session: Session, season: Season, competition_uid: str) -> tuple[SeasonCompetition, Competition] | None:
    query = select(SeasonCompetition, Competition).join(Competition, Competition.id == SeasonCompetition.competition_id)
    found = session.execute(query.where(SeasonCompetition.season_id == season.id, Competition.uid == competition_uid)).first()
    return None if found is None else (found[0], found[1])


def _found(session: Session, season: Season, competition_uid: str) -> tuple[SeasonCompetition, Competition]:
    found = _line(session, season, competition_uid)
    if found is None:
        raise NotFound("This competition is not in the season.")
    return found


def _seasons_of(session: Session, competition: Competition) -> Sequence[Season]:
    counted = SeasonCompetition.competition_id == competition.id
    return session.scalars(select(Season).join(SeasonCompetition).where(counted).order_by(Season.id)).all()


def _lock(session: Session, season: Season) -> None:
    """Hold the row until the unit of work ends and read it afresh: one change of a season at a time. Raises NotFound where
    it was deleted meanwhile."""
    held = select(Season).where(Season.id == season.id).with_for_update(key_share=True)
    if session.scalar(held.execution_options(populate_existing=True)) is None:
        raise NotFound("Season not found.")


def _counted(competition: Competition, line: SeasonCompetition) -> dict[str, Any]:
    return {"competition_id": competition.uid, "title": competition.title, "weight": line.weight}


def _note(
    session: Session, season: Season, actor: Actor, action: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    """The audit row and the event."""
    record(session, season.org_id, actor, action, _subject(season), before, after)
    changed = after if before is None else before if after is None else {"changed": sorted(_changed(before, after))}
    _tell(session, season, action, changed or {})


def _subject(season: Season) -> tuple[str, object, str]:
    return ("season", season.uid, season.name)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [name for name in after if before[name] != after[name]]


def _tell(session: Session, season: Season, name: str, more: Mapping[str, Any] | None = None) -> None:
    emit(session, season.org_id, name, season.uid, {"season_id": season.uid, "name": season.name} | dict(more or {}))
