"""What matches bring to those who play them, added up in SQL: for sums over many competitions, where loading the matches
would be too much. One competition by itself is counted by `formats.tally`, whose rules these are."""

from typing import Any

from sqlalchemy import ColumnElement, Select, String, Subquery, and_, case, cast, func, null, or_, select, union_all

from portal.competitions.model import Competition, Entry, Match
from portal.formats.rules import ELIMINATION


def records(of: ColumnElement[bool], name: str = "records") -> Subquery:
    """(entry_id, wins, draws, losses, last_at) of everybody with a match that is over, in the competitions that `of` picks.
    `last_at` is the end of the latest match that counted."""
    halves = union_all(_half(of, Match.a_id, Match.b_id, "a"), _half(of, Match.b_id, Match.a_id, "b")).subquery("sides")
    sums = [func.count(case((halves.c.credit == credit, 1))).label(into) for credit, into in _SUMS.items()]
    last = func.max(case((halves.c.credit.is_not(None), halves.c.at))).label("last_at")
    return select(halves.c.entry_id, *sums, last).group_by(halves.c.entry_id).subquery(name)


def credit_of(other: Any, side: str) -> ColumnElement[str | None]:
    """What a match that is over counts for to one side: win, draw, loss or nothing. See `formats.tally.credit_of`."""
    alone = case((Competition.format.in_(ELIMINATION), null()), else_="win")
    return case(
        (Match.outcome == "not_played", null()),
        (Match.outcome == "double_no_show", "loss"),
        (other.is_(None) & (Match.outcome != "played"), alone),
        (Match.winner == "draw", "draw"),
        (Match.winner == side, "win"),
        else_="loss",
    )


def identity() -> ColumnElement[str]:
    """What makes an entry the same participant in every competition: the wallet in lower case, or the team's number."""
    return func.coalesce(func.lower(Entry.wallet), cast(Entry.team_id, String))


def real() -> ColumnElement[bool]:
    """A bye is no match that anybody plays: it stands in the bracket and is not counted. Neither is one to which nobody comes:
    a second grand final that was not needed."""
    return and_(func.coalesce(Match.outcome, "") != "bye", or_(Match.outcome.is_(None), ~and_(Match.a_empty, Match.b_empty)))


_SUMS = {"win": "wins", "draw": "draws", "loss": "losses"}


def _half(of: ColumnElement[bool], own: Any, other: Any, side: str) -> Select[Any]:
    """One side of each match that is over."""
    columns = (own.label("entry_id"), credit_of(other, side).label("credit"), Match.completed_at.label("at"))
    over = select(*columns).join(Competition, Competition.id == Match.competition_id)
    return over.where(of, own.is_not(None), Match.outcome.is_not(None))
