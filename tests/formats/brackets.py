"""Brackets for the tests of elimination: made, played out and looked at, without a database."""

from collections.abc import Callable, Iterable
from random import Random

from portal.formats import double_elimination, single_elimination
from portal.formats.elimination import advance
from portal.formats.plan import Entrant, Match, Outcome, Plan, Result, Winner
from portal.formats.rules import Rules

MODULES = {"single_elimination": single_elimination, "double_elimination": double_elimination}
FORMATS = tuple(MODULES)
UNDECIDED = (Outcome.DOUBLE_NO_SHOW, Outcome.NOT_PLAYED)


def field(size: int) -> list[Entrant]:
    """Entrants 101, 102, … with the seeds 1, 2, …: an id is never a seed by chance."""
    return [Entrant(100 + seed, seed) for seed in range(1, size + 1)]


def bracket(size: int, format: str = "single_elimination", **rules: object) -> Plan:
    """A bracket of that many entrants, just drawn."""
    return MODULES[format].build(field(size), Rules(format, **rules), Random(1))


def won(number: int, winner: Winner | None = "a", outcome: Outcome = Outcome.PLAYED) -> Result:
    """A result with scores that fit the winner."""
    if outcome is not Outcome.PLAYED:
        return Result(number, winner, outcome=outcome)
    return Result(number, winner, *((2, 1) if winner == "a" else (1, 2)))


def better_seed(match: Match) -> Result:
    """The better seed wins."""
    return won(match.number, "a" if match.a < match.b else "b")


def by_chance(rng: Random, outcomes: Iterable[Outcome] = (Outcome.PLAYED,)) -> Callable[[Match], Result]:
    """Any result, drawn by `rng`."""
    drawn = tuple(outcomes)

    def result(match: Match) -> Result:
        outcome = rng.choice(drawn)
        return won(match.number, None if outcome in UNDECIDED else rng.choice("ab"), outcome)

    return result


def play(plan: Plan, decide: Callable[[Match], Result] = better_seed, until: int | None = None) -> Plan:
    """Report open matches in their order up to the number `until`; all of them without it. The same plan."""
    for number in sorted(plan.matches):
        if until is not None and number > until:
            break
        if plan.matches[number].ready:
            plan.apply(advance(plan, decide(plan.matches[number])))
    return plan


def copy_of(plan: Plan) -> Plan:
    """Another plan in the same state."""
    return Plan(plan.entrants, plan.rules, dict(plan.matches))


def defeats(plan: Plan) -> dict[int, int]:
    """How many matches each entrant lost."""
    lost = {entrant.id: 0 for entrant in plan.entrants}
    for match in plan.matches.values():
        if match.winner and (loser := match.on("b" if match.winner == "a" else "a")):
            lost[loser] += 1
    return lost
