"""Correcting a result after the bracket moved on."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portal.formats.elimination import advance, correct, withdraw
from portal.formats.plan import NOBODY, Match, Outcome, Plan, Result, plan_of
from portal.kernel.errors import Conflict, Unprocessable
from tests.formats.brackets import FORMATS, UNDECIDED, bracket, by_chance, copy_of, play, won

CASES = {"size": st.integers(2, 34), "format": st.sampled_from(FORMATS), "number": st.integers(0, 2**32)}
ENDINGS = tuple(outcome for outcome in Outcome if outcome is not Outcome.BYE)


def result_of(match: Match) -> Result:
    """What was reported of it."""
    return Result(match.number, match.winner, match.score_a, match.score_b, match.outcome)


def between_two(plan: Plan) -> list[Match]:
    """The matches over that two entrants could have played."""
    return [match for match in plan.matches.values() if match.over and match.a and match.b]


def partly_played(size: int, format: str, rng: Random, *, one_leaves: bool = False) -> Plan:
    """A bracket with some results of every kind. Somebody withdraws half-way when `one_leaves`."""
    plan = bracket(size, format, third_place_match=True, grand_final="reset")
    steps = rng.randint(1, 2 * size)
    for step in range(steps):
        ready = [match for match in plan.matches.values() if match.ready]
        if one_leaves and step == steps // 2:
            plan = taken_out(plan, rng.choice(plan.entrants).id)
        elif ready:
            plan.apply(advance(plan, by_chance(rng, ENDINGS)(rng.choice(ready))))
    return plan


def taken_out(plan: Plan, leaver: int) -> Plan:
    """The plan after somebody withdrew, who is marked so."""
    plan.apply(withdraw(plan, leaver))
    entrants = [replace(entrant, withdrawn=entrant.withdrawn or entrant.id == leaver) for entrant in plan.entrants]
    return plan_of(entrants, plan.rules, plan.matches.values())


def other_result(match: Match, rng: Random) -> Result:
    """Another result of a match than it has."""
    others = [won(match.number, winner) for winner in ("a", "b")] + [won(match.number, None, end) for end in UNDECIDED]
    return rng.choice([result for result in others if result != result_of(match)])


def without_101() -> Plan:
    """Eight, of whom 101 won the first match and withdrew; 104 came through the second, and past 101 without playing."""
    return play(taken_out(play(bracket(8), until=1), 101), until=2)


@settings(deadline=None)
@given(one_leaves=st.booleans(), **CASES)
def test_there_and_back_is_the_first_state(size, format, number, one_leaves):
    rng = Random(number)
    plan = partly_played(size, format, rng, one_leaves=one_leaves)
    assume(played := between_two(plan))
    match = rng.choice(played)
    there, first = copy_of(plan), copy_of(plan)
    changes = correct(plan, other_result(match, rng), cascade=True)
    assume(not changes.cleared)
    there.apply(changes)
    assert there != first
    there.apply(correct(there, result_of(match)))
    assert there == first
    assert plan == first, "correct itself changes nothing"


@settings(deadline=None)
@given(**CASES)
def test_a_corrected_bracket_is_the_one_that_the_remaining_results_make(size, format, number):
    rng = Random(number)
    plan = partly_played(size, format, rng)
    before = copy_of(plan)
    corrected = rng.choice(between_two(plan))
    changes = correct(plan, other_result(corrected, rng), cascade=True)
    plan.apply(changes)

    replayed = bracket(size, format, third_place_match=True, grand_final="reset")
    for number in sorted(plan.matches):
        match = plan.matches[number]
        if replayed.matches[number].ready and match.over:
            replayed.apply(advance(replayed, result_of(match)))
    assert replayed == plan
    kept = {
        match.number
        for match in plan.matches.values()
        if result_of(match) == result_of(before.matches[match.number]) and NOBODY not in (match.a, match.b)
    }
    assert set(changes.cleared) == {m.number for m in between_two(before)} - kept - {corrected.number}


@settings(deadline=None)
@given(**CASES)
def test_without_cascade_a_correction_is_refused_exactly_when_it_would_clear_a_result(size, format, number):
    rng = Random(number)
    plan = partly_played(size, format, rng)
    result = other_result(rng.choice(between_two(plan)), rng)
    changes = correct(plan, result, cascade=True)
    if not changes.cleared:
        assert correct(plan, result) == changes
        return
    with pytest.raises(Conflict) as refused:
        correct(plan, result)
    assert all(f"atch {number} (" in refused.value.message for number in changes.cleared)


@settings(deadline=None)
@given(**CASES)
def test_a_corrected_score_with_the_same_winner_touches_nothing_else(size, format, number):
    rng = Random(number)
    plan = play(bracket(size, format), by_chance(rng))
    match = rng.choice(between_two(plan))
    scores = (7, 0) if match.winner == "a" else (0, 7)
    changes = correct(plan, Result(match.number, match.winner, *scores))
    assert changes.matches == (replace(match, score_a=scores[0], score_b=scores[1]),)
    assert (changes.cleared, changes.advanced, changes.removed) == ((), (), ())


def test_an_open_match_gets_the_right_side_instead():
    plan = play(bracket(8), until=2)
    changes = correct(plan, won(1, "b"))
    assert [(match.number, match.a, match.b) for match in changes.matches] == [(1, 101, 108), (5, 108, 104)]
    assert [(step.entrant, step.number, step.side) for step in changes.advanced] == [(108, 5, "a")]


def test_a_later_match_that_was_played_refuses_the_correction_and_is_named():
    plan = play(bracket(16), until=9)
    with pytest.raises(Conflict) as refused:
        correct(plan, won(1, "b"))
    assert refused.value.message == (
        "Match 9 (Quarterfinals) was decided after this result. Send cascade to clear it and play again."
    )


def test_all_matches_in_the_way_are_named():
    plan = play(bracket(8, third_place_match=True))
    with pytest.raises(Conflict) as refused:
        correct(plan, won(1, "b"))
    assert refused.value.message.startswith("Match 5 (Semifinals), match 7 (Third place) and match 8 (Final) were decided")


def test_with_cascade_later_results_are_cleared_and_their_matches_filled_anew():
    plan = play(bracket(8))
    changes = correct(plan, won(1, "b"), cascade=True)
    plan.apply(changes)
    assert changes.cleared == (5, 7)
    assert (plan.matches[5].a, plan.matches[5].b, plan.matches[5].ready) == (108, 104, True)
    final = plan.matches[7]
    assert (final.a, final.b, final.score_a, final.winner, final.outcome) == (None, 102, None, None, None)


def test_a_walkover_that_followed_from_nobody_coming_is_taken_back():
    plan = bracket(4, third_place_match=True)
    plan.apply(advance(plan, won(1, None, Outcome.DOUBLE_NO_SHOW)))
    plan.apply(advance(plan, won(2)))
    assert plan.over
    changes = correct(plan, won(1, "b"))
    plan.apply(changes)
    assert changes.cleared == ()
    assert (plan.matches[4].a, plan.matches[4].b, plan.matches[4].ready) == (104, 102, True)
    assert (plan.matches[3].a, plan.matches[3].b, plan.matches[3].ready) == (101, 103, True)


def test_the_second_grand_final_opens_and_closes_with_the_first():
    plan = play(bracket(4, "double_elimination", grand_final="reset"))
    first, second = sorted(match.number for match in plan.matches.values() if match.stage == "grand_final")
    plan.apply(correct(plan, won(first, "b")))
    assert plan.matches[second].ready
    plan.apply(correct(plan, won(first, "a")))
    assert (plan.matches[second].outcome, plan.matches[second].a) == (Outcome.NOT_PLAYED, NOBODY)
    plan.apply(correct(plan, won(first, "b")))
    plan.apply(advance(plan, won(second, "a")))
    with pytest.raises(Conflict, match=rf"Match {second} \(Grand final reset\) was decided"):
        correct(plan, won(first, "a"))


def test_one_who_withdrew_and_comes_back_by_a_correction_is_taken_out_again():
    plan = without_101()
    first = copy_of(plan)
    plan.apply(correct(plan, won(1, "b")))
    assert (plan.matches[5].a, plan.matches[5].ready) == (108, True)
    plan.apply(correct(plan, result_of(first.matches[1])))
    assert plan == first


def test_a_walkover_stands_when_the_one_who_came_through_was_the_wrong_one():
    changes = correct(without_101(), won(2, "b"))
    assert changes.cleared == ()
    assert [(step.entrant, step.number, step.side) for step in changes.advanced] == [(105, 5, "b"), (105, 7, "a")]


def test_a_walkover_against_one_who_is_no_longer_in_the_match_is_a_result_in_the_way():
    plan = play(bracket(8), until=2)
    plan.apply(advance(plan, won(5, "b", Outcome.WALKOVER)))
    with pytest.raises(Conflict, match="Match 5 \\(Semifinals\\) was decided"):
        correct(plan, won(1, "b"))


def test_nobody_wins_by_walkover_against_one_who_withdrew():
    plan = without_101()
    first = copy_of(plan)
    plan.apply(correct(plan, won(2, None, Outcome.DOUBLE_NO_SHOW)))
    assert (plan.matches[5].outcome, plan.matches[7].a) == (Outcome.NOT_PLAYED, NOBODY)
    plan.apply(correct(plan, result_of(first.matches[2])))
    assert plan == first


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (won(99), Unprocessable),
        (won(3), Conflict),
        (Result(1, "draw", 1, 1), Unprocessable),
        (Result(1, "a", 0, 1), Unprocessable),
        (Result(1, "a", -1, 1), Unprocessable),
    ],
)
def test_a_correction_that_cannot_be_is_refused(result, error):
    with pytest.raises(error):
        correct(play(bracket(4), until=1), result)
