"""In which competitions a team stands, and still has something to do."""

from collections.abc import Sequence

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from portal.competitions.model import Competition, Entry
from portal.kernel.clock import utc_now
from portal.players.model import Team

NOT_OVER = ("draft", "registration", "active")


def is_entered(session: Session, team: Team) -> bool:
    """Has the team a place, or one on the waiting list, in a competition that is not over?"""
    return session.scalar(_entered(team).with_only_columns(Entry.id).limit(1)) is not None


def entered_in(session: Session, team: Team, most: int = 20) -> Sequence[Competition]:
    """Those competitions, the newest first, at most so many."""
    return session.scalars(_entered(team).order_by(Competition.id.desc()).limit(most)).all()


def note_new_name(session: Session, team: Team) -> None:
    """The pages of every competition that the team was in show another name from now on."""
    inside = select(Entry.competition_id).where(Entry.team_id == team.id)
    change = update(Competition).where(Competition.id.in_(inside)).values(updated_at=utc_now())
    session.execute(change, execution_options={"synchronize_session": False})


def _entered(team: Team) -> Select[Competition]:
    query = select(Competition).join(Entry, Competition.id == Entry.competition_id)
    mine = (Entry.team_id == team.id, Entry.status.in_(("registered", "waiting")), Competition.status.in_(NOT_OVER))
    return query.where(*mine)
