"""Single elimination: one defeat and you are out. 2 to 4,096 entrants, byes to the best seeds."""

from collections.abc import Sequence
from random import Random

from portal.formats.elimination import advance, correct, withdraw
from portal.formats.placing import placements
from portal.formats.plan import Entrant, Plan, plan_of
from portal.formats.rules import Rules
from portal.formats.tree import Exit, in_seed_order, meet, numbered, winners_rounds

__all__ = ["advance", "build", "correct", "placements", "withdraw"]

FEWEST_FOR_THIRD = 4  # with fewer there are no two beaten semi-finalists


def build(entrants: Sequence[Entrant], rules: Rules, rng: Random) -> Plan:
    """The whole bracket, round by round, with byes gone through; a match for third place stands before the final.

    Seeds decide everything, so `rng` is not used: draw the seeds first (`seeding.drawn`). Byes are matches with the outcome
    BYE. Raises Unprocessable for fewer than 2 or more than 4,096 entrants and for a seed given twice.
    """
    field = in_seed_order(entrants)
    rounds = winners_rounds(field)
    order = [node for nodes in rounds for node in nodes]
    if rules.third_place_match and len(field) >= FEWEST_FOR_THIRD:
        beaten = [Exit(semifinal, "loser") for semifinal in rounds[-2]]
        order.insert(-1, meet("third_place", len(rounds), 1, *beaten))
    return plan_of(field, rules, numbered(order))
