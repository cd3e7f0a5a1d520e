"""Swiss tournaments for the tests: made, played and looked at, without a database."""

import re
from collections import Counter
from random import Random

from portal.formats import swiss
from portal.formats.plan import Entrant, Match, Outcome, Plan, Result
from portal.formats.rules import Points, Rules

CHESS = Points(win=2, draw=1, loss=0)
GAME = re.compile(r"(\d+)(>>|<<|>|<|=)(\d+)")
RESULTS = {
    ">": ("a", 1, 0, Outcome.PLAYED),
    "<": ("b", 0, 1, Outcome.PLAYED),
    "=": ("draw", 0, 0, Outcome.PLAYED),
    ">>": ("a", None, None, Outcome.NO_SHOW),
    "<<": ("b", None, None, Outcome.NO_SHOW),
}


def tournament(size: int, rounds: int | None = None, seed: int = 1, **rules: object) -> Plan:
    """Entrants with their seeds as ids."""
    entrants = [Entrant(number, number) for number in range(1, size + 1)]
    return swiss.build(entrants, Rules("swiss", rounds=rounds, **rules), Random(seed))


def beginning_with(home: int, size: int, **rules: object) -> Plan:
    """A tournament in which entrant `home`, of the first match, begins at home."""
    return next(plan for seed in range(50) if (plan := tournament(size, seed=seed, **rules)).matches[1].a == home)


def report(plan: Plan, number: int, sign: str) -> None:
    winner, score_a, score_b, outcome = RESULTS[sign]
    plan.apply(swiss.advance(plan, Result(number, winner, score_a, score_b, outcome)))


def of_round(plan: Plan, number: int) -> list[Match]:
    return [match for match in plan.in_order() if match.round == number]


def ready(plan: Plan) -> list[Match]:
    return [match for match in plan.in_order() if match.ready]


def play_round(plan: Plan, signs: str = ">") -> None:
    """Report all open matches, with the signs over and over."""
    for place, match in enumerate(ready(plan)):
        report(plan, match.number, signs[place % len(signs)])


def play_out(plan: Plan, rng: Random, signs: str = "><=") -> None:
    while matches := ready(plan):
        rng.shuffle(matches)
        for match in matches:
            report(plan, match.number, rng.choice(signs))


def games(table_row: str) -> dict[tuple[int, int], str]:
    return {(int(home), int(away)): sign for home, sign, away in GAME.findall(table_row)}


def check_fair(plan: Plan) -> None:
    """Nobody meets twice or is twice in a round, one bye each, and sides are out of balance only where the match says why."""
    met: Counter[frozenset[int]] = Counter()
    byes: Counter[int] = Counter()
    sides: dict[int, list[str]] = {entrant.id: [] for entrant in plan.entrants}
    for number in range(1, max(match.round for match in plan.matches.values()) + 1):
        drawn: Counter[int] = Counter()
        for match in of_round(plan, number):
            drawn.update(side for side in (match.a, match.b) if side)
            if not match.b:
                byes[match.a] += 1
                continue
            met[frozenset((match.a, match.b))] += 1
            for entrant, side in ((match.a, "a"), (match.b, "b")):
                if match.outcome is Outcome.PLAYED:
                    sides[entrant].append(side)
                history = sides[entrant]
                balanced = abs(history.count("a") - history.count("b")) <= 2 and history[-3:] not in (["a"] * 3, ["b"] * 3)
                assert balanced or "due to be" in match.why
        assert set(drawn.values()) == {1}
    assert set(met.values()) == {1}
    assert not byes or set(byes.values()) == {1}
