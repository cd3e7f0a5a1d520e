"""In which competitions a team still has something to do."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.competitions.model import Competition, Entry
from portal.players.model import Team

NOT_OVER = ("draft", "registration", "active")


def is_entered(session: Session, team: Team) -> bool:
    """Has the team a place, or one on the waiting list, in a competition that is not over?"""
    query = select(Entry.id).join(Competition, Competition.id == Entry.competition_id)
    mine = (Entry.team_id == team.id, Entry.status.in_(("registered", "waiting")), Competition.status.in_(NOT_OVER))
    return session.scalar(query.where(*mine).limit(1)) is not None
