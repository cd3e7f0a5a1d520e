"""Standings, final places and prizes, worked out from the matches each time: nothing that could grow stale is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from portal.competitions.brackets import load
from portal.competitions.model import Competition
from portal.competitions.participants import Earned, Field, Participant
from portal.formats import FORMATS, ladder
from portal.formats.placing import Placement
from portal.formats.plan import Plan
from portal.formats.rules import ELIMINATION
from portal.formats.standings import DecidedBy, Row, standings

# Per cent of the prize pool for the first, second and third place (as the page's sample shows them).
SHARES = (60, 30, 10)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the standings. `rank` counts in each group; where a format has an order of its own it is the place."""

    rank: int
    person: Participant
    row: Row
    decided_by: DecidedBy | None = None  # by which tie-break, where the rank follows from the standings and points did not


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody ended, and what it pays in wei (None: no prize)."""

    place: int
    person: Participant
    rounds_won: int
    prize: int | None = None

    @property
    def prize_wei(self) -> str | None:
        return None if self.prize is None else str(self.prize)


def standings_of(session: Session, competition: Competition) -> list[Line]:
    """The standings as they are now; none before the start. Two statements."""
    if competition.started_at is None:
        return []
    held = load(session, competition)
    return lines_of(competition, held.plan, held.field)


def lines_of(competition: Competition, plan: Plan, field: Field) -> list[Line]:
    """The standings as they are now, by group and rank; `plan` holds every match.

    In a bracket those still in come first, in order of their points, then whoever is out by the round reached. A ladder is
    in order of its positions.
    """
    rows = standings(plan.matches.values(), plan.entrants, plan.rules, decisions=field.decisions, rng_seed=competition.draw_seed)
    if field.earned:
        rows = tuple(_with_earned(row, field.earned[row.entrant]) for row in rows)
    own = _own_ranks(competition.format, plan, field, rows)
    lines = [
        Line(own[row.entrant], field.people[row.entrant], row)
        if own
        else Line(row.rank, field.people[row.entrant], row, row.decided_by)
        for row in rows
    ]
    return sorted(lines, key=lambda line: (len(line.row.group), line.row.group, line.rank))


def _with_earned(row: Row, earned: Earned) -> Row:
    """A circuit's row: it has no matches of its own. Points are whole unless a weight makes them fractions."""
    points: Any = int(earned.points) if earned.points == int(earned.points) else float(earned.points)
    played = earned.wins + earned.draws + earned.losses
    return replace(row, points=points, played=played, wins=earned.wins, draws=earned.draws, losses=earned.losses)


def _own_ranks(format: str, plan: Plan, field: Field, rows: Sequence[Row]) -> dict[int, int]:
    """The ranks in a format that has an order of its own, else nothing."""
    placements = _placements(format, plan, field)
    if placements is None:
        return {}
    places = {placement.entrant: placement.place for placement in placements}
    others = [row.entrant for row in rows if row.entrant not in places]
    if format in ELIMINATION:
        return places | {entrant: rank for rank, entrant in enumerate(others, 1)}
    return places | dict.fromkeys(others, len(places) + 1)


def _placements(format: str, plan: Plan, field: Field) -> Sequence[Placement] | None:
    """The format's own order; None where the standings decide."""
    if format == "ladder":
        return ladder.placements(plan, field.drops)
    if format == "leaderboard":
        return [Placement(earned.rank, entrant, earned.wins) for entrant, earned in field.earned.items()]
    own = getattr(FORMATS[format], "placements", None)
    return None if own is None else own(plan)


def places_of(competition: Competition, plan: Plan, field: Field) -> list[Place]:
    """The places that are certain, best first, with the prizes that they would bring if these were all."""
    placements = _placements(competition.format, plan, field)
    if placements is None:
        lines = sorted(lines_of(competition, plan, field), key=lambda line: line.rank)
        places = [Place(line.rank, line.person, line.row.wins) for line in lines]
    else:
        places = [Place(found.place, field.people[found.entrant], found.rounds_won) for found in placements]
    prizes = split(competition.prize_pool_wei, places)
    return [Place(each.place, each.person, each.rounds_won, prizes.get(each.person.id)) for each in places]


def split(pool_wei: str | None, places: Sequence[Place]) -> dict[int, int]:
    """What each entry gets of the pool, by entry id; the parts add up to the pool exactly.

    SHARES go to the best places; those that share a place share its sums. With fewer participants than shares, the shares
    there are make up the whole. What a division leaves over goes to the first. Whoever was disqualified gets nothing, and
    those behind move up.
    """
    winners = [each for each in places if each.person.status != "disqualified"]
    if pool_wei is None or not winners:
        return {}
    pool, taken = int(pool_wei), sum(SHARES[: len(winners)])
    prizes: dict[int, int] = {}
    first = 0
    for _, group in groupby(winners, key=lambda each: each.place):
        sharing = [each.person.id for each in group]
        shares = sum(SHARES[first : first + len(sharing)])
        if shares:
            prizes |= dict.fromkeys(sharing, pool * shares // (taken * len(sharing)))
        first += len(sharing)
    prizes[winners[0].person.id] += pool - sum(prizes.values())
    return prizes
