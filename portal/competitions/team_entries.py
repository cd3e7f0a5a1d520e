"""In which competitions a team still has something to do."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.competitions.model import Competition, Entry
from portal.players.model import Team

NOT_OVER = ("draft", "registration", "active")


def is_entered(session: Session, team: Team) -> bool:
    """Has the team a place, or one on the waiting list, in a competition that is not over?"""
    return session.scalar(_entered(team).with_only_columns(Entry.id).limit(1)) is not None


def entered_in(session: Session, team: Team, most: int = 20) -> Sequence[Competition]:
    """Those competitions, the newest first, at most so many."""
    return session.scalars(_entered(team).order_by(Competition.id.desc()).limit(most)).all()


def _entered(team: Team) -> Select[Competition]:
    query = select(Competition).join(Entry, Competition.id == Entry.competition_id)
    mine = (Entry.team_id == team.id, Entry.status.in_(("registered", "waiting")), Competition.status.in_(NOT_OVER))
    return query.where(*mine)
