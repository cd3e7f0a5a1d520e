"""Challenges: each entrant against a task that the organizer verifies (`pass_fail`), or two by two (`head_to_head`)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from portal.formats.checks import as_reported, check_entrants, check_score, find_match, match_to_correct, match_to_report
from portal.formats.placing import Placement
from portal.formats.plan import NOBODY, Changes, Entrant, Match, Outcome, Plan, Result, plan_of
from portal.formats.rules import Rules
from portal.kernel.errors import Conflict, Unprocessable

MOST_ENTRANTS = 4096
BY_RULE = {"pass_fail": 1, "head_to_head": 2}  # the fewest entrants


def build(entrants: Sequence[Entrant], rules: Rules, rng: Random) -> Plan:
    """All matches at once. `pass_fail`: one per entrant, who is side a, with nobody on side b. `head_to_head`: seeds 1 and 2,
    3 and 4, and so on; with an odd number the lowest seed has a bye. `rng` is not used: the seeds are the draw.

    Raises Unprocessable("entrants") for too few or too many.
    """
    check_entrants(entrants, BY_RULE[rules.challenge], MOST_ENTRANTS)
    seeded = sorted(entrants, key=lambda entrant: (entrant.seed, entrant.id))
    matches = alone(seeded) if rules.challenge == "pass_fail" else in_pairs(seeded)
    return plan_of(entrants, rules, list(matches))


def alone(seeded: Sequence[Entrant]) -> Iterator[Match]:
    """One match each, which the organizer decides."""
    for number, entrant in enumerate(seeded, start=1):
        why = "Alone against the task: the organizer verifies whether it was passed."
        yield Match(number, "rounds", 1, number, entrant.id, NOBODY, why=why)


def in_pairs(seeded: Sequence[Entrant]) -> Iterator[Match]:
    """Neighbours by seed."""
    for place in range(0, len(seeded), 2):
        number = place // 2 + 1
        if place + 1 < len(seeded):
            why = f"Seed {place + 1} meets its neighbour, seed {place + 2}."
            yield Match(number, "rounds", 1, number, seeded[place].id, seeded[place + 1].id, why=why)
        else:
            why = f"The number of entrants is odd: seed {place + 1} has no neighbour."
            yield Match(number, "rounds", 1, number, seeded[place].id, NOBODY, winner="a", outcome=Outcome.BYE, why=why)


def advance(plan: Plan, result: Result) -> Changes:
    """The match as verified. In `pass_fail` winner a means passed and b failed, scores may be left out, and nothing but
    played and not_played can be reported: who did not turn up has failed.

    Raises Unprocessable where the result is not possible, Conflict where the match is over already.
    """
    if plan.rules.challenge == "head_to_head":
        return Changes(matches=(as_reported(match_to_report(plan, result), result),))
    match = find_match(plan, result.number)
    if match.over:
        raise Conflict(f"Match {match.number} has a result already. Correct that result instead of reporting a second one.")
    check_verdict(result)
    return Changes(matches=(as_reported(match, result),))


def correct(plan: Plan, result: Result, *, cascade: bool = False) -> Changes:
    """The match with the result replaced. No other match depends on it, so `cascade` makes no difference.

    Raises Unprocessable where the result is not possible, Conflict where the match has no result yet.
    """
    if plan.rules.challenge == "head_to_head":
        return Changes(matches=(as_reported(match_to_correct(plan, result), result),))
    match = find_match(plan, result.number)
    if not match.over:
        raise Conflict(f"Match {match.number} has no result yet. Report one instead of correcting it.")
    check_verdict(result)
    return Changes(matches=(as_reported(match, result),))


def check_verdict(result: Result) -> None:
    """Raises Unprocessable, naming the field, unless the result says passed, failed or not played."""
    given = {"score_a": result.score_a, "score_b": result.score_b}
    if result.outcome is Outcome.NOT_PLAYED:
        if result.winner is not None:
            raise Unprocessable("winner", "A challenge that was not played has no winner. Leave the winner out.")
        if any(score is not None for score in given.values()):
            raise Unprocessable("score_a", "A challenge that was not played has no scores. Leave score_a and score_b out.")
        return
    if result.outcome is not Outcome.PLAYED:
        raise Unprocessable(
            "outcome", f"{result.outcome} needs an opponent. Report a challenge as played, with winner b where it was failed."
        )
    if result.winner not in ("a", "b"):
        raise Unprocessable("winner", "A challenge is passed or failed. Send winner a for passed, b for failed.")
    for field, score in given.items():
        if score is not None:
            check_score(field, score)


def withdraw(plan: Plan, entrant: int) -> Changes:
    """Take an entrant out: an open match becomes a walkover for the opponent, or not played where there is none.

    The caller marks the entrant as withdrawn. Raises Unprocessable when there is no such entrant.
    """
    if all(each.id != entrant for each in plan.entrants):
        raise Unprocessable("entrant", f"There is no entrant {entrant} in this competition.")
    match = next((match for match in plan.matches.values() if not match.over and entrant in (match.a, match.b)), None)
    if match is None:
        return Changes()
    if not match.b:
        return Changes(matches=(replace(match, outcome=Outcome.NOT_PLAYED),))
    return Changes(matches=(replace(match, winner="b" if match.a == entrant else "a", outcome=Outcome.WALKOVER),))


def placements(plan: Plan) -> tuple[Placement, ...]:
    """Whose match is decided: first all who passed or won, then those who drew, then those who failed or lost, by seed.

    Equal places are shared. Who was in a match that was not played, or to which nobody turned up, has no place.
    """
    ranks: dict[int, int] = {}
    for match in plan.matches.values():
        if match.winner is None:
            continue
        for side, entrant in (("a", match.a), ("b", match.b)):
            if entrant:
                ranks[entrant] = 1 if match.winner == "draw" else (0 if match.winner == side else 2)
    seeds = {entrant.id: entrant.seed for entrant in plan.entrants}
    ordered = sorted(ranks, key=lambda entrant: (ranks[entrant], seeds[entrant]))
    above = {rank: sum(other < rank for other in ranks.values()) for rank in set(ranks.values())}
    return tuple(Placement(above[ranks[entrant]] + 1, entrant, int(ranks[entrant] == 0)) for entrant in ordered)
