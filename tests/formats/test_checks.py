"""What may be reported of a match, whatever the format; and what its round is called."""

import pytest

from portal.formats.checks import MOST_SCORE, check_result, match_to_correct, match_to_report
from portal.formats.labels import label
from portal.formats.plan import Outcome, Result
from portal.formats.rules import Rules
from portal.kernel.errors import Conflict, Unprocessable
from tests.formats.brackets import bracket, play, won

LEAGUE, BRACKET = Rules("round_robin"), Rules("single_elimination")


@pytest.mark.parametrize("score", [-1, 1.5, 2.0, MOST_SCORE + 1, 10**30, True, "2", None, float("nan"), float("inf")])
@pytest.mark.parametrize("side", ["score_a", "score_b"])
def test_a_score_that_is_no_whole_number_in_bounds_is_refused_by_name(side, score):
    scores = {"score_a": 3, "score_b": 1} | {side: score}
    with pytest.raises(Unprocessable, match="whole number from 0 to 1,000,000") as refused:
        check_result(Result(1, "a", **scores), LEAGUE)
    assert refused.value.field == side


@pytest.mark.parametrize(
    ("result", "rules"),
    [
        (Result(1, "a", 0, 1), LEAGUE),
        (Result(1, "b", 1, 0), LEAGUE),
        (Result(1, "draw", 1, 0), LEAGUE),
        (Result(1, "a", 1, 1), LEAGUE),
        (Result(1, None, 1, 1), LEAGUE),
        (Result(1, "c", 1, 0), LEAGUE),
        (Result(1, "a", 0, 1), BRACKET),
        (Result(1, "draw", 1, 1), BRACKET),
        (Result(1, "draw", 1, 1), Rules("round_robin", best_of=3)),
        (Result(1, "a", 1, 1), Rules("swiss", best_of=3)),
        (Result(1, None, outcome=Outcome.NO_SHOW), LEAGUE),
        (Result(1, "draw", outcome=Outcome.WALKOVER), LEAGUE),
        (Result(1, "a", outcome=Outcome.DOUBLE_NO_SHOW), LEAGUE),
        (Result(1, "b", outcome=Outcome.NOT_PLAYED), LEAGUE),
    ],
)
def test_a_winner_that_contradicts_the_rest_is_refused(result, rules):
    with pytest.raises(Unprocessable) as refused:
        check_result(result, rules)
    assert refused.value.field == "winner"


@pytest.mark.parametrize(
    ("result", "rules"),
    [
        (Result(1, "a", 1, 0), LEAGUE),
        (Result(1, "draw", 0, 0), LEAGUE),
        (Result(1, "b", 0, MOST_SCORE), LEAGUE),
        (Result(1, "a", 1, 1), BRACKET),
        (Result(1, "b", 1, 1), BRACKET),
        (Result(1, "a", 3, 1), Rules("single_elimination", best_of=3)),
        (Result(1, "a", outcome=Outcome.WALKOVER), BRACKET),
        (Result(1, "b", outcome=Outcome.NO_SHOW), LEAGUE),
        (Result(1, None, outcome=Outcome.DOUBLE_NO_SHOW), BRACKET),
        (Result(1, None, outcome=Outcome.NOT_PLAYED), LEAGUE),
    ],
)
def test_a_result_that_agrees_with_itself_is_taken(result, rules):
    check_result(result, rules)


@pytest.mark.parametrize(
    ("result", "field"),
    [
        (Result(1, "a", 0, 3, Outcome.WALKOVER), "winner"),
        (Result(1, "b", 0, 0, Outcome.NO_SHOW), "winner"),
        (Result(1, "a", 3, None, Outcome.WALKOVER), "score_b"),
        (Result(1, None, 0, 0, Outcome.NOT_PLAYED), "score_a"),
        (Result(1, "a", outcome=Outcome.BYE), "outcome"),
    ],
)
def test_awards_that_contradict_the_winner_scores_of_what_nobody_played_and_reported_byes_are_refused(result, field):
    with pytest.raises(Unprocessable) as refused:
        check_result(result, BRACKET)
    assert refused.value.field == field


def test_a_score_may_be_awarded_to_who_turned_up():
    check_result(Result(1, "a", 3, 0, Outcome.WALKOVER), LEAGUE)
    check_result(Result(1, "b", 0, 3, Outcome.NO_SHOW), BRACKET)


def test_a_result_is_taken_once_for_a_match_that_is_there_and_has_two_sides():
    plan = play(bracket(4), until=1)
    with pytest.raises(Unprocessable, match="no match 9"):
        match_to_report(plan, won(9))
    with pytest.raises(Unprocessable, match="not ready"):
        match_to_report(plan, won(3))
    with pytest.raises(Conflict, match="has a result already"):
        match_to_report(plan, won(1))
    assert match_to_report(plan, won(2)) is plan.matches[2]


def test_only_what_two_entrants_made_can_be_corrected():
    plan = play(bracket(3), until=2)
    with pytest.raises(Unprocessable, match="no match 0"):
        match_to_correct(plan, won(0))
    with pytest.raises(Conflict, match="without an opponent"):
        match_to_correct(plan, won(1))
    with pytest.raises(Conflict, match="no result yet"):
        match_to_correct(plan, won(3))
    assert match_to_correct(plan, won(2)) is plan.matches[2]


@pytest.mark.parametrize(
    ("said", "of"),
    [
        ("Round of 4096", ("single_elimination", "winners", 1, 12)),
        ("Round of 16", ("single_elimination", "winners", 1, 4)),
        ("Quarterfinals", ("single_elimination", "winners", 2, 4)),
        ("Semifinals", ("single_elimination", "winners", 3, 4)),
        ("Final", ("single_elimination", "winners", 4, 4)),
        ("Third place", ("single_elimination", "third_place", 4, 4)),
        ("Winners round of 16", ("double_elimination", "winners", 1, 4)),
        ("Winners final", ("double_elimination", "winners", 4, 4)),
        ("Losers round 3", ("double_elimination", "losers", 3, 6)),
        ("Losers final", ("double_elimination", "losers", 6, 6)),
        ("Grand final", ("double_elimination", "grand_final", 1, 2)),
        ("Grand final reset", ("double_elimination", "grand_final", 2, 2)),
        ("Round 4", ("round_robin", "rounds", 4, 38)),
        ("Round 38", ("swiss", "rounds", 38, 38)),
    ],
)
def test_rounds_are_called_as_on_the_page(said, of):
    assert label(*of) == said
