"""Small tables to be ranked: entrants, matches that are over, and how to look at the rows."""

from dataclasses import replace

from portal.formats.plan import Entrant, Match, Outcome
from portal.formats.rules import Rules
from portal.formats.standings import Row


def field(count: int) -> list[Entrant]:
    return [Entrant(number, number) for number in range(1, count + 1)]


def played(*scores: tuple[int, int, int, int]) -> list[Match]:
    """Matches of one round from (home, away, score of home, score of away)."""
    return [over(number, *score) for number, score in enumerate(scores, start=1)]


def over(number: int, a: int, b: int, f: int, g: int, *, round_number: int = 1, group: str = "") -> Match:
    winner = "draw" if f == g else "a" if f > g else "b"
    return Match(number, "rounds", round_number, number, a, b, group, None, None, f, g, winner, Outcome.PLAYED)


def by_rank(rows: tuple[Row, ...]) -> list[list[int]]:
    return [[row.entrant for row in rows if row.rank == rank] for rank in sorted({row.rank for row in rows})]


def row_of(rows: tuple[Row, ...], entrant: int) -> Row:
    return next(row for row in rows if row.entrant == entrant)


def league(*tiebreaks: str, **changes: object) -> Rules:
    return replace(Rules("round_robin"), tiebreaks=tiebreaks or Rules("x").tiebreaks, **changes)
