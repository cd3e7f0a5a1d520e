"""Circuits: a series of competitions, each scored by the place reached in it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from portal.formats.checks import match_to_correct, match_to_report
from portal.formats.plan import Changes, Entrant, Plan, Result
from portal.formats.rules import Rules


@dataclass(frozen=True, slots=True)
class Event:
    """One competition of the circuit: the place that each entrant reached, from 1; shared places have the same number."""

    id: int
    places: Mapping[int, int]
    weight: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Scored:
    """What one event brought: `points` of the place, `weighted` times the weight of the event."""

    event: int
    place: int
    points: int
    weight: Decimal
    weighted: Decimal


@dataclass(frozen=True, slots=True)
class CircuitRow:
    """`rank` is shared where nothing separates. `why` says what separates from the neighbour above when points do not."""

    rank: int
    entrant: int
    total: Decimal
    entered: int
    breakdown: tuple[Scored, ...]
    why: str = ""


@dataclass(slots=True)
class Season:
    """What one entrant has so far."""

    entrant: int
    scored: list[Scored] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum((each.weighted for each in self.scored), Decimal(0))

    @property
    def key(self) -> tuple[Decimal, tuple[int, ...]]:
        """More is better: points, then more first places, more second places and so on (the best places first, negated)."""
        return self.total, tuple(-place for place in sorted(each.place for each in self.scored))


def build(entrants: Sequence[Entrant], rules: Rules, rng: Random) -> Plan:
    """A circuit has no matches of its own: they are played in its competitions."""
    return Plan(tuple(entrants), rules)


def advance(plan: Plan, result: Result) -> Changes:
    """Raises Unprocessable: there is no such match."""
    match_to_report(plan, result)
    return Changes()


def correct(plan: Plan, result: Result, *, cascade: bool = False) -> Changes:
    """Raises Unprocessable: there is no such match."""
    match_to_correct(plan, result)
    return Changes()


def withdraw(plan: Plan, entrant: int) -> Changes:
    """Nothing changes: there are no matches to give away. The caller marks the entrant as withdrawn."""
    return Changes()


def points_for(place: int, rules: Rules) -> int:
    """The points of a place; places beyond the list bring none."""
    return rules.place_points[place - 1] if 1 <= place <= len(rules.place_points) else 0


def score(events: Iterable[Event], entrants: Iterable[Entrant], rules: Rules) -> tuple[CircuitRow, ...]:
    """The standings of the circuit, by rank; those that share one by seed.

    Whoever shares a place gets the full points of that place, and the places after it stay empty. Equal totals are
    separated by the number of first places, then of second places and so on (the countback of motor racing: FIA Formula One
    Sporting Regulations, "dead heat"); still equal, they share the rank. Weights are exact decimals.
    """
    seasons = {entrant.id: Season(entrant.id) for entrant in sorted(entrants, key=lambda entrant: (entrant.seed, entrant.id))}
    for event in events:
        for entrant, place in event.places.items():
            points = points_for(place, rules)
            seasons[entrant].scored.append(Scored(event.id, place, points, event.weight, points * event.weight))
    keys = {entrant: season.key for entrant, season in seasons.items()}
    rows: list[CircuitRow] = []
    for season in sorted(seasons.values(), key=lambda season: keys[season.entrant], reverse=True):
        above = rows[-1] if rows else None
        shared = above is not None and keys[above.entrant] == keys[season.entrant]
        rank = above.rank if above is not None and shared else len(rows) + 1
        why = countback(keys[above.entrant], keys[season.entrant]) if above is not None else ""
        rows.append(CircuitRow(rank, season.entrant, season.total, len(season.scored), tuple(season.scored), why))
    return tuple(rows)


def countback(above: tuple[Decimal, tuple[int, ...]], below: tuple[Decimal, tuple[int, ...]]) -> str:
    """In words, what separates two that are level on points."""
    if above[0] != below[0]:
        return ""
    upper, lower = Counter(-place for place in above[1]), Counter(-place for place in below[1])
    for place in sorted(upper | lower):
        if upper[place] != lower[place]:
            return f"Level on points with the one above; in place {place} {times(lower[place])} against {times(upper[place])}."
    return "Level with the one above in points and in every place."


def times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
