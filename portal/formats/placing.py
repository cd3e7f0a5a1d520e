"""Final places in a bracket: how far everybody came."""

from collections import Counter
from dataclasses import dataclass

from portal.formats.plan import Match, Outcome, Plan

BEATEN_IN = {"third_place": 4, "grand_final": 2}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an entrant ended. Those who went out in the same round share a place. `rounds_won` counts no byes."""

    place: int
    entrant: int
    rounds_won: int


def placements(plan: Plan) -> tuple[Placement, ...]:
    """Everybody whose place is certain, best first, equal places by seed; whoever is still in is not there yet.

    Semi-finalists share place 3 unless a match decides it. Whoever is taken out has the place of one who lost the match they
    would have gone on to. Where neither side turned up for a final, nobody is first. Needs the whole plan.
    """
    last: dict[int, Match] = {}
    won: Counter[int] = Counter()
    for match in plan.in_order():
        for side in ("a", "b"):
            if entrant := match.on(side):
                last[entrant] = match
                won[entrant] += match.winner == side and match.outcome is not Outcome.BYE
    ways_out = _ways_out(plan)
    places = [
        Placement(place, entrant.id, won[entrant.id])
        for entrant in sorted(plan.entrants, key=lambda entrant: entrant.seed)
        if (place := _place(plan, ways_out, entrant.id, last[entrant.id]))
    ]
    return tuple(sorted(places, key=lambda placement: placement.place))


def _place(plan: Plan, ways_out: dict[int, int], entrant: int, last: Match) -> int | None:
    """The place of an entrant by the last match they stand in; None while it goes on."""
    if not last.over:
        return None
    if last.winner in ("a", "b") and last.on(last.winner) == entrant:
        return 3 if last.stage == "third_place" else 1
    if last.loser_to and last.stage != "grand_final":
        last = plan.matches[last.loser_to.number]
    return BEATEN_IN.get(last.stage) or ways_out[last.round]


def _ways_out(plan: Plan) -> dict[int, int]:
    """The place of whoever is beaten for good in a round: one behind all who go out later, and the champion."""
    double = plan.rules.format == "double_elimination"
    beaten = Counter(match.round for match in plan.matches.values() if match.stage == ("losers" if double else "winners"))
    places, behind = {}, 3 if double else 2
    for round in sorted(beaten, reverse=True):
        places[round] = behind
        behind += beaten[round]
    return places
