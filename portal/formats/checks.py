"""May this result be reported? The checks that all formats share, each with the field, the rule and the fix."""

from collections.abc import Sequence
from dataclasses import replace

from portal.formats.plan import Entrant, Match, Outcome, Plan, Result, Winner
from portal.formats.rules import ELIMINATION, Rules
from portal.kernel.errors import Conflict, Unprocessable

MOST_SCORE = 1_000_000
# Which winners an outcome may have. A bye is not here: it follows from the draw and is never reported.
WINNERS: dict[Outcome, tuple[Winner | None, ...]] = {
    Outcome.PLAYED: ("a", "b", "draw"),
    Outcome.WALKOVER: ("a", "b"),
    Outcome.NO_SHOW: ("a", "b"),
    Outcome.DOUBLE_NO_SHOW: (None,),
    Outcome.NOT_PLAYED: (None,),
}

# Outcomes for which a score may be awarded, though nothing was played.
AWARDED = frozenset({Outcome.WALKOVER, Outcome.NO_SHOW})


def match_to_report(plan: Plan, result: Result) -> Match:
    """The match that `result` may be reported of, checked as a whole.

    Raises Unprocessable when there is no such match, when it waits for a side, or when the result is not possible;
    Conflict when it is over already.
    """
    match = find_match(plan, result.number)
    if match.over:
        raise Conflict(f"Match {match.number} has a result already. Correct that result instead of reporting a second one.")
    if not match.ready:
        raise Unprocessable("match", f"Match {match.number} is not ready: its two sides are not known yet.")
    check_result(result, plan.rules)
    return match


def match_to_correct(plan: Plan, result: Result) -> Match:
    """The match whose result `result` may replace, checked as a whole.

    Raises Unprocessable when there is no such match or the result is not possible; Conflict when it has no result yet, or
    one that no two entrants made (a bye).
    """
    match = find_match(plan, result.number)
    if not match.over:
        raise Conflict(f"Match {match.number} has no result yet. Report one instead of correcting it.")
    if not (match.a and match.b):
        raise Conflict(f"Match {match.number} was decided without an opponent: there is no result to correct.")
    check_result(result, plan.rules)
    return match


def find_match(plan: Plan, number: int) -> Match:
    """The match of that number. Raises Unprocessable when the competition has none."""
    match = plan.matches.get(number)
    if match is None:
        raise Unprocessable("match", f"There is no match {number} in this competition.")
    return match


def check_result(result: Result, rules: Rules) -> None:
    """Raises Unprocessable, naming the field, where the parts of a result contradict each other or the rules."""
    allowed = WINNERS.get(result.outcome)
    if allowed is None:
        raise Unprocessable("outcome", "A bye follows from the draw: it cannot be reported.")
    if result.winner not in allowed:
        names = " or ".join("no winner" if name is None else name for name in allowed)
        raise Unprocessable("winner", f"The winner of a match that ended as {result.outcome} must be {names}.")
    if result.outcome is Outcome.PLAYED:
        check_scores(result, rules)
    elif (result.score_a, result.score_b) == (None, None):
        return
    elif result.outcome in AWARDED:
        check_awarded(result)
    else:
        raise Unprocessable("score_a", f"A match that ended as {result.outcome} has no scores. Leave score_a and score_b out.")


def check_scores(result: Result, rules: Rules) -> None:
    """Whole scores from 0 to MOST_SCORE that agree with the winner; a draw only where the format has draws."""
    a, b = check_score("score_a", result.score_a), check_score("score_b", result.score_b)
    if result.winner == "draw":
        check_draw(rules)
    agrees = {"a": a > b, "b": b > a, "draw": a == b}
    settled_otherwise = a == b and rules.format in ELIMINATION  # a shoot-out, a golden goal: the winner says who
    if not settled_otherwise and not agrees[str(result.winner)]:
        fits = next(name for name, fitting in agrees.items() if fitting)
        raise Unprocessable("winner", f"winner is {result.winner}, but {a} to {b} means {fits}. Correct the one or the other.")


def check_awarded(result: Result) -> None:
    """A score may be awarded (3 to 0 for who turned up): whole, and better for the winner."""
    a, b = check_score("score_a", result.score_a), check_score("score_b", result.score_b)
    if a == b or (a > b) != (result.winner == "a"):
        raise Unprocessable("winner", f"winner is {result.winner}, but {a} to {b} was awarded. Correct the one or the other.")


def check_score(field: str, score: object) -> int:
    """The score. Raises Unprocessable for anything but a whole number in bounds; True and 1.0 are none."""
    if type(score) is not int or not 0 <= score <= MOST_SCORE:
        raise Unprocessable(field, f"{field} must be a whole number from 0 to {MOST_SCORE:,}.")
    return score


def check_draw(rules: Rules) -> None:
    """Raises Unprocessable where the rules know no draw."""
    if rules.format in ELIMINATION:
        raise Unprocessable("winner", "A bracket has no draws. Send the side that goes on, a or b, as the winner.")
    if rules.best_of > 1:
        raise Unprocessable("winner", f"A best of {rules.best_of} cannot end in a draw. Send a or b as the winner.")


def check_entrants(entrants: Sequence[Entrant], least: int, most: int) -> None:
    """Raises Unprocessable when there are too few or too many, or one of them twice."""
    if not least <= len(entrants) <= most:
        raise Unprocessable("entrants", f"This format takes {least} to {most:,} entrants, but there are {len(entrants):,}.")
    if len({entrant.id for entrant in entrants}) < len(entrants) or any(entrant.id <= 0 for entrant in entrants):
        raise Unprocessable("entrants", "An entrant is there twice or has no number of its own.")


def as_reported(match: Match, result: Result) -> Match:
    """The match with the result written in, whatever stood there before."""
    return replace(match, score_a=result.score_a, score_b=result.score_b, winner=result.winner, outcome=result.outcome)
