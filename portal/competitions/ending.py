"""What finalizing or cancelling would bring, in numbers, before it is done."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from portal.competitions.credits import real
from portal.competitions.model import Competition, Entry, Match
from portal.competitions.shown import MATCH_ROWS, Shown, shown
from portal.formats.rules import ELIMINATION

NAMED = 20  # open matches that are named one by one


@dataclass(frozen=True)
class Ending:
    """`open_matches` are the first NAMED of the `pending` ones. `blocked`: a bracket has to be played out first."""

    entrants: int
    waiting: int
    played: int
    pending: int
    open_matches: Sequence[Shown]
    blocked: bool
    ranks: bool
    prize_pool_wei: str | None

    @property
    def unnamed(self) -> int:
        return self.pending - len(self.open_matches)


def ending_of(session: Session, competition: Competition) -> Ending:
    """Three statements whatever the size."""
    counts = select(func.count(case((Entry.status == "registered", 1))), func.count(case((Entry.status == "waiting", 1)))).where(
        Entry.competition_id == competition.id
    )
    entrants, waiting = session.execute(counts).one()
    open_ones = Match.status == "pending"
    figures = select(func.count(case((~open_ones, 1))), func.count(case((open_ones, 1))))
    played, pending = session.execute(figures.where(Match.competition_id == competition.id, real())).one()
    table = Match.__table__.c
    named = MATCH_ROWS.where(table.competition_id == competition.id, table.status == "pending")
    rows = session.execute(named.order_by(table.number).limit(NAMED)).all()
    return Ending(
        entrants=entrants,
        waiting=waiting,
        played=played,
        pending=pending,
        open_matches=[shown(row) for row in rows],
        blocked=bool(pending) and competition.format in ELIMINATION,
        ranks=competition.status == "active",
        prize_pool_wei=competition.prize_pool_wei,
    )
